package client

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// epoch is one kid's side of a grant: how its records are sealed and which are known to be durable.
type epoch struct {
	kid      token.Kid
	scope    string
	public   []byte
	suite    keyring.Suite
	ends     time.Time // on this agent's clock
	expires  int64     // of its records, Unix seconds
	limits   limits
	remember int          // tokens
	until    atomic.Int64 // Unix nanoseconds: no mint from then on, unless the grant is renewed
	known    *known
	minted   atomic.Pointer[minted] // nil while it is not to be minted in
	// unlinked are patterns of the classes that may have unlinked tokens, as the latest grant says.
	unlinked atomic.Pointer[[]string]

	grant   atomic.Pointer[[]byte] // its latest id
	session atomic.Pointer[session]
	mu      sync.Mutex // one session is begun at a time
	closed  bool       // none is begun any more
}

// session is an escrow session and the id of the grant it was begun under.
type session struct {
	*escrow.Session
	grant []byte
}

// limits of one Escrow call and one session.
type limits struct {
	records, bytes int
	session        escrow.Limits
}

// Bounds of one Escrow call, whatever the vault allows beyond: a call's memory is held on both sides.
const (
	maxCallRecords = 4096
	maxCallBytes   = 2 << 20
)

func newEpoch(scope string, g *vaultpb.GrantResponse, remember int) (*epoch, error) {
	if len(g.EscrowPublicKey) == 0 {
		return nil, errors.New("the vault's grant lacks its escrow key")
	}
	e := &epoch{
		kid: token.Kid(g.Kid), scope: scope, public: g.EscrowPublicKey, suite: keyring.Suite(g.Suite),
		expires: g.RecordsExpire.AsTime().Unix(), known: newKnown(remember), remember: remember,
		limits: limits{records: maxCallRecords, bytes: maxCallBytes},
	}
	e.renew(g)
	if l := g.Limits; l != nil {
		e.limits.records = bounded(l.EscrowRecords, maxCallRecords)
		e.limits.bytes = bounded(l.EscrowBytes, maxCallBytes)
		e.limits.session = escrow.Limits{Lifetime: l.SessionLifetime.AsDuration(), Records: l.SessionRecords}
	}
	return e, nil
}

// renew takes over what each grant of the epoch says anew.
func (e *epoch) renew(g *vaultpb.GrantResponse) {
	e.grant.Store(&g.GrantId)
	e.unlinked.Store(&g.Unlinked)
}

// begin lets tokens be minted until then.
func (e *epoch) begin(until time.Time) {
	if e.minted.Load() == nil {
		e.minted.Store(newMinted(e.remember))
	}
	e.until.Store(until.UnixNano())
}

// end has no more tokens minted until there is another grant. Whoever has this memory could try values against what it
// remembers of the minted ones.
func (e *epoch) end() {
	e.until.Store(0)
	e.minted.Store(nil)
}

// escrowAgain forgets what is durable: the vault has lost it.
func (e *epoch) escrowAgain() {
	e.known.clear() // first: nothing is known any more that could go into the new memory
	e.minted.Store(newMinted(e.remember))
}

func bounded(n uint32, most int) int {
	if n == 0 || int64(n) > int64(most) {
		return most
	}
	return int(n)
}

// current returns a session that can seal, beginning one when there is none.
func (e *epoch) current(now time.Time, begun *atomic.Uint64) (*session, error) {
	if s := e.session.Load(); s != nil && s.Left(now) > 0 {
		return s, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s := e.session.Load(); s != nil && s.Left(now) > 0 {
		return s, nil
	}
	if e.closed {
		return nil, ErrClosed
	}
	s, err := escrow.NewSession(e.public, e.kid, e.suite, now, e.limits.session)
	if err != nil {
		return nil, err
	}
	begun.Add(1)
	live := &session{Session: s, grant: *e.grant.Load()}
	if before := e.session.Swap(live); before != nil {
		before.Retire()
	}
	time.AfterFunc(live.Ends().Sub(now), live.Retire) // also when nothing is sealed any more
	return live, nil
}

// rest ends the session under way, if there is one, and has none follow.
func (e *epoch) rest() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if s := e.session.Load(); s != nil {
		s.Retire()
	}
}
