package server

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Issue implements the service. Whoever calls has to have every value it asks for, and its rate bounds how many: that is
// what makes a dictionary of card numbers or social security numbers useless to a thief of an agent's certificate.
func (i *Issuer) Issue(ctx context.Context, r *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error) {
	if err := checkIssue(r.Msg); err != nil {
		return nil, err
	}
	may, err := i.core.agent(ctx)
	if err == nil && !may.scope(r.Msg.Scope) {
		err = denied(may.caller, "%s: %q", whyScope, r.Msg.Scope)
	}
	if err != nil {
		i.core.refuse(ctx, "issue", r.Msg.Scope, refusedAs(err), len(r.Msg.Values))
		return nil, err
	}
	out := &vaultpb.IssueResponse{Tokens: make([]*vaultpb.IssuedToken, len(r.Msg.Values))}
	issued := make([]vaultpb.IssuedToken, len(r.Msg.Values))
	classes := make([]token.Class, len(r.Msg.Values))
	asked := map[*AgentRule]int{}
	refused := 0
	for n, v := range r.Msg.Values {
		out.Tokens[n] = &issued[n]
		class, err := mintClass(n, v.GetClass())
		if err != nil {
			out.Tokens[n].Refusal = vaultpb.Refusal_REFUSAL_INVALID
			continue
		}
		rule, allowed := may.allowing(r.Msg.Scope, class.Name)
		if !allowed {
			out.Tokens[n].Refusal = vaultpb.Refusal_REFUSAL_DENIED
			refused++
			continue
		}
		classes[n] = class
		asked[rule]++
	}
	if refused > 0 {
		i.core.refuse(ctx, "issue", r.Msg.Scope, whyScope, refused)
	}
	if err := i.limit(ctx, may, r.Msg.Scope, asked); err != nil {
		return nil, err
	}
	if err := i.mint(ctx, may, r.Msg, classes, out); err != nil {
		return nil, err
	}
	for rule, n := range asked {
		i.core.Hooks.Issued(ctx, rule.name(), n)
	}
	return connect.NewResponse(out), nil
}

func checkIssue(r *vaultpb.IssueRequest) error {
	if !keyring.ValidScope(r.Scope) {
		return fault(keyring.ErrScope)
	}
	if n := len(r.Values); n > maxIssueValues {
		return invalid("%d values, at most %d", n, maxIssueValues)
	}
	size := 0
	for _, v := range r.Values {
		size += len(v.GetValue())
	}
	// One value alone may be longer: it has to go somewhere.
	if size > maxIssueBytes && len(r.Values) > 1 {
		return invalid("%d bytes of values, at most %d", size, maxIssueBytes)
	}
	return nil
}

// mint fills in the tokens of the values that have a class, and makes their records durable.
func (i *Issuer) mint(ctx context.Context, may rights, r *vaultpb.IssueRequest, classes []token.Class, out *vaultpb.IssueResponse) error {
	e, err := i.current(ctx, "issue", may, r.Scope)
	if err != nil {
		return err
	}
	m := i.core.newMinter()
	var sessions []store.Session
	records := make([]store.Record, 0, len(r.Values))
	size := 0
	for _, v := range r.Values {
		size += escrow.Overhead + len(v.GetValue())
	}
	arena := make([]byte, 0, size) // of what is sealed
	for n, v := range r.Values {
		if classes[n].Name == "" {
			continue
		}
		tok, err := m.issue(e, classes[n], v.Value)
		if err != nil {
			return fault(err)
		}
		out.Tokens[n].Token = tok
		if classes[n].Kind == token.OneWay {
			continue
		}
		start := len(arena)
		var session store.Session
		if session, arena, err = i.own.seal(i.core.Now(), e, arena, tok, v.Value); err != nil {
			return connect.NewError(connect.CodeInternal, errors.New("a value could not be sealed"))
		}
		if len(sessions) == 0 || sessions[len(sessions)-1].ID != session.ID {
			sessions = append(sessions, session)
		}
		records = append(records, store.Record{
			Token: tok, Scope: e.Scope, Kid: e.Kid, Session: session.ID, Expires: e.Expires, Sealed: arena[start:len(arena):len(arena)],
		})
	}
	out.Reuse = durationpb.New(max(0, e.End.Sub(i.core.Now())))
	start := time.Now()
	err = i.core.Store.Put(ctx, sessions, records)
	i.core.Hooks.Escrowed(ctx, len(records), time.Since(start), err)
	return fault(err)
}

// issue is the token of a value, of any kind.
func (m *minter) issue(e *keyring.Epoch, c token.Class, value []byte) (string, error) {
	if c.Kind != token.Random {
		return m.mint(e, c.Name, c.Kind, value)
	}
	mac, err := m.mac(e, c.Name, c.Kind)
	if err != nil {
		return "", err
	}
	id := mac.RandomIdentity(value)
	return token.Token{Class: c.Name, Kid: e.Kid, Identity: id, Tag: m.recognizer.Tag(c.Name, e.Kid, id)}.String(), nil
}

// ownSessions are those the vault itself seals what it issues in, one for each kid.
type ownSessions struct {
	mu    sync.Mutex
	byKid map[token.Kid]*escrow.Session
}

// seal appends the sealed value of a token to dst and returns the session it was sealed in.
func (o *ownSessions) seal(now time.Time, e *keyring.Epoch, dst []byte, tok string, value []byte) (store.Session, []byte, error) {
	for {
		s, err := o.current(now, e)
		if err != nil {
			return store.Session{}, dst, err
		}
		sealed, err := s.Seal(dst, []byte(tok), e.Scope, e.Expires.Unix(), value)
		if errors.Is(err, escrow.ErrSpent) {
			continue // others used it up since
		}
		h := s.Header()
		return store.Session{ID: h.ID, Kid: h.Kid, Suite: uint32(h.Suite), Enc: h.Enc, Expires: e.Expires}, sealed, err
	}
}

func (o *ownSessions) current(now time.Time, e *keyring.Epoch) (*escrow.Session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.byKid[e.Kid]; s != nil && s.Left(now) > 0 {
		return s, nil
	}
	public, err := e.EscrowPublic()
	if err != nil {
		return nil, err
	}
	s, err := escrow.NewSession(public, e.Kid, keyring.XWing, now, escrow.Limits{})
	if err != nil {
		return nil, err
	}
	if o.byKid == nil {
		o.byKid = map[token.Kid]*escrow.Session{}
	}
	for kid, old := range o.byKid { // of epochs that ended, too
		if old.Left(now) == 0 {
			delete(o.byKid, kid)
		}
	}
	o.byKid[e.Kid] = s
	return s, nil
}

// limiters are the token buckets of identities, one for each rule they are issued under.
type limiters struct {
	mu  sync.Mutex
	all map[limiterKey]*rate.Limiter
}

type limiterKey struct{ id, rule string }

// maxLimiters bounds the identities at once. Beyond it, those that are at rest are forgotten, which costs them nothing.
const maxLimiters = 65_536

// limit takes what a call asks for from its caller's buckets, or fails and says when to come back.
func (i *Issuer) limit(ctx context.Context, may rights, scope string, asked map[*AgentRule]int) error {
	if may.caller.Local {
		return nil
	}
	short, wait := i.limits.take(i.core.Now(), may.caller.ID, asked)
	if short == nil {
		return nil
	}
	i.core.Hooks.Limited(ctx, short.name(), asked[short])
	i.core.refuse(ctx, "issue", scope, whyRate, asked[short])
	return exhausted(whyRate, wait)
}

func exhausted(why string, wait time.Duration) error {
	err := connect.NewError(connect.CodeResourceExhausted, errors.New(why))
	err.Meta().Set("Retry-After", strconv.FormatFloat(max(wait.Seconds(), 0.001), 'f', 3, 64))
	return err
}

// take takes what is asked for from an identity's buckets. When one of them holds less it takes nothing from any, and
// says which, and when it will hold enough.
func (l *limiters) take(now time.Time, id string, asked map[*AgentRule]int) (short *AgentRule, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var taken []*rate.Reservation
	for rule, n := range asked {
		one := l.of(now, id, rule)
		if one == nil {
			short, wait = rule, time.Minute
			break
		}
		r := one.ReserveN(now, n)
		if r.OK() && r.DelayFrom(now) == 0 {
			taken = append(taken, r)
			continue
		}
		r.CancelAt(now)
		missing := float64(min(n, one.Burst())) - one.TokensAt(now)
		short, wait = rule, time.Duration(missing/float64(one.Limit())*float64(time.Second))
		break
	}
	if short != nil {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	return short, wait
}

// of is an identity's bucket under a rule; nil when there are too many. l.mu is held.
func (l *limiters) of(now time.Time, id string, rule *AgentRule) *rate.Limiter {
	r := rule.rate()
	key := limiterKey{id, rule.name()}
	one := l.all[key]
	if one == nil {
		if len(l.all) >= maxLimiters && !l.sweep(now) {
			return nil
		}
		if l.all == nil {
			l.all = map[limiterKey]*rate.Limiter{}
		}
		one = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
		l.all[key] = one
	}
	if one.Limit() != rate.Limit(r.PerSecond) || one.Burst() != r.Burst { // after a reload
		one.SetLimitAt(now, rate.Limit(r.PerSecond))
		one.SetBurstAt(now, r.Burst)
	}
	return one
}

// sweep forgets buckets that are full: a new one would be, too.
func (l *limiters) sweep(now time.Time) bool {
	before := len(l.all)
	for key, one := range l.all {
		if one.TokensAt(now) >= float64(one.Burst()) {
			delete(l.all, key)
		}
	}
	return len(l.all) < before
}
