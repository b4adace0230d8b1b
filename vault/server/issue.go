package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/time/rate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

const (
	maxIssueValues = 1000
	maxIssueBytes  = 4 << 20
	// maxBuckets is how many identities' rates are remembered for sure. Whoever could show more identities than that to
	// refill its own needs as many certificates.
	maxBuckets = 10_000
)

// Issue implements the service. A value that may not be issued does not fail the others.
func (i *Issuer) Issue(ctx context.Context, r *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error) {
	may, classes, err := i.mayIssue(ctx, r.Msg)
	if err != nil {
		return nil, err
	}
	e, err := i.core.Keys.Current(r.Msg.Scope)
	if err != nil {
		return nil, grantFault(err)
	}
	i.recordEpoch(ctx, e)
	out := &vaultpb.IssueResponse{Tokens: make([]*vaultpb.IssuedToken, len(classes)), Reuse: durationpb.New(e.End.Sub(i.core.Now()))}
	b := issuing{issuer: i, epoch: e, minter: &minter{i.recognizer, map[macKey]*keyring.MAC{}}}
	refused := 0
	for n, c := range classes {
		out.Tokens[n] = &vaultpb.IssuedToken{}
		_, allowed := may.allowing(r.Msg.Scope, c.Name)
		if c.Name == "" || !allowed {
			refused++
			out.Tokens[n].Refusal = vaultpb.Refusal_REFUSAL_DENIED
			if c.Name == "" {
				out.Tokens[n].Refusal = vaultpb.Refusal_REFUSAL_INVALID
			}
			continue
		}
		if out.Tokens[n].Token, err = b.issue(c, r.Msg.Values[n].Value); err != nil {
			return nil, fault(err)
		}
	}
	err = b.store(ctx)
	i.core.Hooks.Issued(ctx, len(classes)-refused, err)
	if err != nil {
		return nil, fault(err)
	}
	if refused > 0 {
		i.refuse(ctx, "issue", whyScope, refused)
	}
	return connect.NewResponse(out), nil
}

// mayIssue checks a request against rules, limits and the caller's rate. A class of the result without a name is
// malformed.
func (i *Issuer) mayIssue(ctx context.Context, r *vaultpb.IssueRequest) (rights, []token.Class, error) {
	if len(r.Values) > maxIssueValues {
		return rights{}, nil, invalid("%d values, at most %d", len(r.Values), maxIssueValues)
	}
	size, classes := 0, make([]token.Class, len(r.Values))
	for n, v := range r.Values {
		size += len(v.GetValue())
		if c, err := mintClasses([]*vaultpb.MintClass{v.GetClass()}); err == nil {
			classes[n] = c[0]
		}
	}
	if size > maxIssueBytes {
		return rights{}, nil, invalid("%d bytes of values, at most %d", size, maxIssueBytes)
	}
	may, err := i.mayMint(ctx, "issue", r.Scope)
	if err != nil {
		return rights{}, nil, err
	}
	if may.caller.Local {
		return may, classes, nil
	}
	asked := map[*AgentRule]int{}
	for _, c := range classes {
		if rule, ok := may.allowing(r.Scope, c.Name); ok && c.Name != "" {
			asked[rule]++
		}
	}
	for rule, n := range asked {
		if err := i.throttle(ctx, may.caller, rule, n); err != nil {
			return rights{}, nil, err
		}
	}
	return may, classes, nil
}

// mayMint is what the caller may mint, or a refusal when that is nothing at all in the scope.
func (i *Issuer) mayMint(ctx context.Context, what, scope string) (rights, error) {
	if !keyring.ValidScope(scope) {
		return rights{}, fault(keyring.ErrScope)
	}
	may, err := i.core.agent(ctx)
	if err == nil && !may.scope(scope) {
		err = denied(may.caller, "no rule allows it scope %q", scope)
	}
	if err != nil {
		i.refuse(ctx, what, refusedAs(err), 1)
		return rights{}, err
	}
	return may, nil
}

// refuse counts n refusals of the caller's.
func (i *Issuer) refuse(ctx context.Context, what, why string, n int) {
	i.core.Hooks.Refused(ctx, what, n)
	i.tally.refuse(ctx, what, why, n)
}

// buckets are the rates of identities. Safe for concurrent use.
type buckets struct {
	mu sync.Mutex
	of *recent[bucketKey, *rate.Limiter]
}

type bucketKey struct{ rule, caller string }

// take takes n values out of a caller's bucket, or says when they could be had. Nothing is taken then.
func (b *buckets) take(now time.Time, rule *AgentRule, caller string, n int) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k, want := bucketKey{rule.Name, caller}, rule.rate()
	l, known := b.of.get(k)
	if !known {
		l = rate.NewLimiter(rate.Limit(want.PerSecond), want.Burst)
		b.of.put(k, l)
	}
	if l.Limit() != rate.Limit(want.PerSecond) || l.Burst() != want.Burst { // the rule was changed
		l.SetLimitAt(now, rate.Limit(want.PerSecond))
		l.SetBurstAt(now, want.Burst)
	}
	if n > want.Burst {
		return 0, false
	}
	r := l.ReserveN(now, n)
	if wait = r.DelayFrom(now); wait == 0 {
		return 0, true
	}
	r.CancelAt(now)
	return wait, false
}

func (i *Issuer) throttle(ctx context.Context, caller Caller, rule *AgentRule, n int) error {
	wait, ok := i.buckets.take(i.core.Now(), rule, caller.ID, n)
	if ok {
		return nil
	}
	i.core.Hooks.Throttled(ctx, rule.Name, n)
	i.tally.refuse(ctx, "issue", whyRate, n)
	if wait == 0 {
		return connect.NewError(connect.CodeResourceExhausted, fmt.Errorf("%d values at once, at most %d by this rate", n, rule.rate().Burst))
	}
	err := connect.NewError(connect.CodeResourceExhausted, fmt.Errorf("%s: %s: try again in %s", caller.ID, whyRate, wait.Round(time.Millisecond)))
	if detail, fault := connect.NewErrorDetail(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)}); fault == nil {
		err.AddDetail(detail)
	}
	return err
}

// issuing collects what one Issue call mints.
type issuing struct {
	issuer   *Issuer
	epoch    *keyring.Epoch
	minter   *minter
	sessions []store.Session
	records  []store.Record
}

// issue mints a value and seals it.
func (b *issuing) issue(c token.Class, value []byte) (string, error) {
	e := b.epoch
	if c.Kind != token.Random {
		tok, err := b.minter.mint(e, c.Name, c.Kind, value)
		if err != nil || c.Kind == token.OneWay {
			return tok, err
		}
		return tok, b.seal(tok, value)
	}
	mac, err := b.minter.mac(e, c.Name, c.Kind)
	if err != nil {
		return "", err
	}
	id := mac.RandomIdentity(value)
	tok := token.Token{Class: c.Name, Kid: e.Kid, Identity: id, Tag: b.minter.recognizer.Tag(c.Name, e.Kid, id)}.String()
	return tok, b.seal(tok, value)
}

func (b *issuing) seal(tok string, value []byte) error {
	e := b.epoch
	for {
		s, err := b.issuer.session(e)
		if err != nil {
			return err
		}
		sealed, err := s.Seal(make([]byte, 0, len(value)+escrow.Overhead), []byte(tok), e.Scope, e.Expires.Unix(), value)
		if errors.Is(err, escrow.ErrSpent) {
			continue // others used it up since
		}
		if err != nil {
			return err
		}
		h := s.Header()
		if n := len(b.sessions); n == 0 || b.sessions[n-1].ID != h.ID {
			b.sessions = append(b.sessions, store.Session{ID: h.ID, Kid: h.Kid, Suite: uint32(h.Suite), Enc: h.Enc, Expires: e.Expires})
		}
		b.records = append(b.records, store.Record{
			Token: tok, Scope: e.Scope, Kid: e.Kid, Session: h.ID, Expires: e.Expires, Sealed: sealed,
		})
		return nil
	}
}

// store makes the records durable.
func (b *issuing) store(ctx context.Context) error {
	if len(b.records) == 0 {
		return nil
	}
	start := time.Now()
	err := b.issuer.core.Store.Put(ctx, b.sessions, b.records)
	b.issuer.core.Hooks.Escrowed(ctx, len(b.records), time.Since(start), err)
	return err
}

// session is the vault's own escrow session of an epoch. The vault could open what it seals either way: a session keeps
// one form for all records.
func (i *Issuer) session(e *keyring.Epoch) (*escrow.Session, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.core.Now()
	if s := i.own[e.Kid]; s != nil && s.Left(now) > 0 {
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
	for kid, old := range i.own {
		if old.Left(now) == 0 {
			delete(i.own, kid)
		}
	}
	i.own[e.Kid] = s
	return s, nil
}
