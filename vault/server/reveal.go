package server

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"connectrpc.com/connect"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Reveal turns tokens into values and values into tokens.
type Reveal struct {
	core *Core
}

var (
	_ vaultpbconnect.RevealServiceHandler = (*Reveal)(nil)
	_ vaultpbconnect.RevealServiceClient  = (*Reveal)(nil)
)

// NewReveal returns the reveal service over c.
func NewReveal(c *Core) *Reveal { return &Reveal{c.withDefaults()} }

// Reveal implements the service. When the audit log cannot be written nothing is revealed.
func (s *Reveal) Reveal(ctx context.Context, r *connect.Request[vaultpb.RevealRequest]) (*connect.Response[vaultpb.RevealResponse], error) {
	ev := audit.Event{Action: audit.ActionReveal, Count: len(r.Msg.Tokens)}
	may, err := s.core.revealer(ctx)
	if err != nil {
		s.core.refuse(ctx, "reveal", "", refusedAs(err), len(r.Msg.Tokens))
		return nil, err
	}
	if err := checkPurpose(r.Msg.Purpose); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose = r.Msg.Purpose
	if n := len(r.Msg.Tokens); n > maxBatch {
		return nil, s.core.deny(ctx, ev, fmt.Errorf("%d tokens at once, at most %d", n, maxBatch))
	}
	o := opening{core: s.core, may: may, minter: s.core.newMinter(), openers: map[sessionKey]*escrow.Opener{}}
	o.fetch(ctx, r.Msg.Tokens)
	results := make([]*vaultpb.RevealResult, len(r.Msg.Tokens))
	events := make([]audit.Event, len(r.Msg.Tokens))
	request := requestID()
	for n, tok := range r.Msg.Tokens {
		res, why, err := o.open(ctx, tok)
		if err != nil {
			return nil, s.core.fail(ctx, ev, err)
		}
		results[n], events[n] = res, revealEvent(ctx, r.Msg.Purpose, request, res, why)
		if res.Outcome == vaultpb.Outcome_OUTCOME_MISMATCH {
			events[n].Session = hex.EncodeToString(o.poisoned[len(o.poisoned)-1].session[:])
		}
	}
	entries, err := s.core.Audit.AppendAll(ctx, events)
	if err != nil {
		for _, res := range results {
			clear(res.Value)
		}
		return nil, fault(fmt.Errorf("nothing is revealed: %w", err))
	}
	counts := map[vaultpb.Outcome]int{}
	for n, e := range entries {
		results[n].AuditSequence = e.Sequence
		counts[results[n].Outcome]++
	}
	for outcome, n := range counts {
		s.core.Hooks.Revealed(ctx, OutcomeName(outcome), n)
	}
	s.discard(ctx, o.poisoned)
	return connect.NewResponse(&vaultpb.RevealResponse{Results: results}), nil
}

// fail records that a call failed by no fault of the caller's.
func (c *Core) fail(ctx context.Context, ev audit.Event, err error) error {
	ev.Outcome, ev.Reason = audit.OutcomeFailed, "the vault could not read what it holds"
	ev = by(ctx, ev)
	if _, auditErr := c.Audit.Append(ctx, ev); auditErr != nil {
		err = errors.Join(err, auditErr)
	}
	return fault(err)
}

func requestID() string {
	id := keyring.RandomID()
	return hex.EncodeToString(id[:8])
}

func revealEvent(ctx context.Context, purpose, request string, r *vaultpb.RevealResult, why string) audit.Event {
	ev := audit.Event{
		Action: audit.ActionReveal, Outcome: audit.OutcomeDenied, Purpose: purpose, Request: request,
		Token: r.Token, Class: r.TokenClass, Scope: r.Scope, Reason: cmp.Or(why, OutcomeName(r.Outcome)),
	}
	if t, err := token.Parse(r.Token); err == nil {
		ev.Kid = t.Kid.String()
	}
	switch r.Outcome {
	case vaultpb.Outcome_OUTCOME_REVEALED:
		ev.Outcome, ev.Reason = audit.OutcomeOK, ""
	case vaultpb.Outcome_OUTCOME_FAILED:
		ev.Outcome = audit.OutcomeFailed
	}
	return by(ctx, ev)
}

var outcomeNames = map[vaultpb.Outcome]string{
	vaultpb.Outcome_OUTCOME_REVEALED:     "revealed",
	vaultpb.Outcome_OUTCOME_NOT_A_TOKEN:  "not_a_token",
	vaultpb.Outcome_OUTCOME_NOT_ESCROWED: "not_escrowed",
	vaultpb.Outcome_OUTCOME_EXPIRED:      "expired",
	vaultpb.Outcome_OUTCOME_DENIED:       "denied",
	vaultpb.Outcome_OUTCOME_MISMATCH:     "mismatch",
	vaultpb.Outcome_OUTCOME_ERASED:       "erased",
	vaultpb.Outcome_OUTCOME_FAILED:       "failed",
}

// OutcomeName is how metrics, the audit log and people spell an outcome.
func OutcomeName(o vaultpb.Outcome) string { return cmp.Or(outcomeNames[o], "unknown") }

// opening opens the tokens of one call.
type opening struct {
	core     *Core
	may      rights
	minter   *minter
	openers  map[sessionKey]*escrow.Opener
	fetched  map[string]fetched
	poisoned []poison
}

// fetched is what the store said of a token.
type fetched struct {
	record  store.Record
	session store.Session
	err     error
}

// fetchAtOnce is how many records of one call are fetched side by side: a store may be a network away.
const fetchAtOnce = 16

// fetch gets the records of the tokens that are the caller's to reveal.
func (o *opening) fetch(ctx context.Context, tokens []string) {
	var mu sync.Mutex
	o.fetched = make(map[string]fetched, len(tokens))
	var g errgroup.Group
	g.SetLimit(fetchAtOnce)
	for _, tok := range tokens {
		t, err := token.Parse(tok)
		if err != nil || !o.minter.recognizer.Verify(t) {
			continue
		}
		e, err := o.core.Keys.Lookup(t.Kid)
		if err != nil {
			continue
		}
		if _, allowed := o.may.allowing(e.Scope, t.Class); !allowed {
			continue
		}
		g.Go(func() error {
			var f fetched
			f.record, f.session, f.err = o.core.Store.Get(ctx, tok)
			mu.Lock()
			defer mu.Unlock()
			o.fetched[tok] = f
			return nil
		})
	}
	_ = g.Wait()
}

// get is what the store says of a token.
func (o *opening) get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	if f, ok := o.fetched[tok]; ok {
		return f.record, f.session, f.err
	}
	return o.core.Store.Get(ctx, tok)
}

// sessionKey is what names a session. Who writes chooses the ids: the same one may be there under several kids.
type sessionKey struct {
	kid token.Kid
	id  [16]byte
}

// poison is a record that does not hold what its token was minted from.
type poison struct {
	token   token.Token
	text    string
	session [16]byte
	epoch   *keyring.Epoch
}

// discard throws away records that were found to be poisoned, so that the next honest escrow of their tokens is stored,
// and asks agents for it. It is on record first; what cannot be thrown away now is found again at the next reveal.
func (s *Reveal) discard(ctx context.Context, found []poison) {
	ctx = context.WithoutCancel(ctx)
	for _, p := range found {
		s.core.Hooks.Poisoned(ctx, p.token.Class)
		_, err := s.core.Audit.Append(ctx, audit.Event{
			Actor: "vault", Action: audit.ActionDiscard, Outcome: audit.OutcomeOK, Token: p.text, Class: p.token.Class, Scope: p.epoch.Scope,
			Kid: p.token.Kid.String(), Session: hex.EncodeToString(p.session[:]), Reason: "it does not hold what its token was minted from",
		})
		if err != nil {
			return
		}
		if gone, err := s.core.Store.Discard(ctx, p.text, p.session); err != nil || !gone {
			continue
		}
		s.core.tellAgain(p.epoch)
	}
}

// open answers for one token. why says more than the outcome, for the audit log. An error is the vault's own.
func (o *opening) open(ctx context.Context, tok string) (res *vaultpb.RevealResult, why string, err error) {
	res = &vaultpb.RevealResult{}
	t, err := token.Parse(tok)
	if err != nil || !o.minter.recognizer.Verify(t) {
		// Whatever it is, it may be personal: it is not repeated.
		res.Outcome = vaultpb.Outcome_OUTCOME_NOT_A_TOKEN
		return res, "", nil
	}
	res.Token, res.TokenClass = tok, t.Class
	e, err := o.core.Keys.Lookup(t.Kid)
	switch {
	case errors.Is(err, keyring.ErrExpired):
		res.Outcome = vaultpb.Outcome_OUTCOME_EXPIRED
		return res, "", nil
	case errors.Is(err, keyring.ErrUnknownKid):
		res.Outcome = vaultpb.Outcome_OUTCOME_NOT_ESCROWED
		return res, "unknown key id", nil
	case err != nil:
		return nil, "", err
	}
	if _, allowed := o.may.allowing(e.Scope, t.Class); !allowed {
		res.Outcome = vaultpb.Outcome_OUTCOME_DENIED
		return res, "no rule lets it reveal this class in this scope", nil
	}
	res.Scope, res.Expires = e.Scope, timestamppb.New(e.Expires)
	r, n, err := o.get(ctx, tok)
	switch {
	case errors.Is(err, store.ErrErased):
		res.Outcome = vaultpb.Outcome_OUTCOME_ERASED
		return res, "", nil
	case errors.Is(err, store.ErrNotFound):
		res.Outcome = vaultpb.Outcome_OUTCOME_NOT_ESCROWED
		return res, "", nil
	case errors.Is(err, store.ErrDamaged):
		res.Outcome = vaultpb.Outcome_OUTCOME_FAILED
		return res, "its record does not read: the store is damaged", nil
	case err != nil:
		return nil, "", err
	case !o.core.Now().Before(r.Expires):
		res.Outcome = vaultpb.Outcome_OUTCOME_EXPIRED
		return res, "", nil
	}
	value, why, err := o.unseal(e, t, r, n)
	if err != nil {
		return nil, "", err
	}
	if why != "" {
		res.Outcome = vaultpb.Outcome_OUTCOME_MISMATCH
		o.poisoned = append(o.poisoned, poison{t, tok, r.Session, e})
		return res, why, nil
	}
	res.Outcome, res.Value = vaultpb.Outcome_OUTCOME_REVEALED, value
	return res, "", nil
}

// unseal opens a record and mints the token again. why is not empty when the record is not what it claims to be.
func (o *opening) unseal(e *keyring.Epoch, t token.Token, r store.Record, n store.Session) (value []byte, why string, err error) {
	key := sessionKey{n.Kid, n.ID}
	opener := o.openers[key]
	if opener == nil {
		header := escrow.Header{ID: n.ID, Kid: n.Kid, Suite: keyring.Suite(n.Suite), Enc: n.Enc}
		opener, err = escrow.OpenSession(e, header)
		switch {
		case errors.Is(err, keyring.ErrExpired), errors.Is(err, keyring.ErrSuite):
			return nil, "", err // a suite of a newer vault is no reason to throw a record away
		case err != nil:
			return nil, "its session does not open", nil
		}
		o.openers[key] = opener
	}
	value, err = opener.Open(nil, r.Sealed, r.Token, r.Scope, r.Expires.Unix())
	if err != nil {
		return nil, "its record does not open", nil
	}
	var made bool
	if escrow.Unlinked(r.Sealed) {
		salt := keyring.Salt(value)
		value = value[len(salt):]
		made = keyring.MadeUnlinked(t.Identity, salt, value)
	} else if made, err = o.minter.made(e, t, value); err != nil {
		return nil, "", err
	}
	if !made {
		clear(value)
		return nil, "its value is of another token", nil
	}
	return value, "", nil
}

// made reports whether t was minted from value: as a deterministic or as a random token.
func (m *minter) made(e *keyring.Epoch, t token.Token, value []byte) (bool, error) {
	mac, err := m.mac(e, t.Class, token.Deterministic)
	if err != nil {
		return false, err
	}
	if mac.Identity(value) == t.Identity {
		return true, nil
	}
	if mac, err = m.mac(e, t.Class, token.Random); err != nil {
		return false, err
	}
	return mac.MadeRandom(t.Identity, value), nil
}
