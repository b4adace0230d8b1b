package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// standInKid marks the stand-ins of tokens that the vault is yet to mint. It is the last one a vault would give out.
const standInKid = token.Kids - 1

const (
	maxIssueValues = 1000
	maxIssueBytes  = 1 << 20
	minRateWait    = 250 * time.Millisecond
)

// issuing is the way of one scope to the vault's Issue. Commits that come while a call is under way share the next one,
// so that many goroutines make few calls.
type issuing struct {
	turn     chan struct{} // holds one thing: the call under way
	mu       sync.Mutex
	open     *issueCall
	most     int       // values of one call, as the grant says
	heldOff  time.Time // the caller's rate is used up until then
	answered time.Time // when the vault answered a call last
}

// issueCall is one call to Issue.
type issueCall struct {
	values []*vaultpb.IssueValue
	index  map[issueKey]int
	bytes  int
	done   chan struct{}
	tokens []issuedAnswer
	err    error
	lost   bool // the vault did not answer

	// Guarded by the mutex of its issuing:
	waiting int           // values of batches that wait for it
	flying  bool          // it is under way
	gone    chan struct{} // closed when nobody waits for it and it is not under way
}

// issueKey tells values apart without holding them: the identity of a stand-in is a keyed hash of the value.
type issueKey struct {
	class token.Class
	id    token.Identity
}

type issuedAnswer struct {
	token  string
	parsed token.Token
	err    error
}

// wanted is a value of a batch and the call that will bring its token.
type wanted struct {
	record int
	at     int
	call   *issueCall
}

// issue has the vault mint what is pending in b. While the vault does not answer, unlinked tokens take the place of
// those that link.
func (i *Issuer) issue(ctx context.Context, b *token.Batch) error {
	waiting, lost, err := i.joinCalls(b)
	if err != nil {
		return err
	}
	late, err := i.await(ctx, b, waiting)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		switch {
		case late[w.call]:
			lost = errNoAnswer
			continue
		case w.call.lost:
			lost = w.call.err
			continue
		case w.call.err != nil:
			return w.call.err
		}
		a := w.call.tokens[w.at]
		if a.err != nil {
			return a.err
		}
		b.Settle(w.record, []byte(a.token))
	}
	if lost != nil {
		return i.unlink(ctx, b, lost)
	}
	return nil
}

// joinCalls adds what is pending in b to calls. Those it begins leave when it returns: one that left with its first value
// would have the others of the batch wait for the next. What is of a scope that is cut off it leaves out, and says so: lost.
func (i *Issuer) joinCalls(b *token.Batch) (waiting []wanted, lost, err error) {
	type begun struct {
		scope string
		call  *issueCall
	}
	var leave []begun
	defer func() { // also after an error: other batches may have joined
		for _, c := range leave {
			go i.fly(c.scope, c.call)
		}
	}()
	for n := range b.Len() {
		r := b.At(n)
		if !r.Pending {
			continue
		}
		if i.unlinks() && i.cutOff(r.Class.Scope) {
			lost = errNoAnswer
			continue
		}
		if err := i.heldOff(r.Class.Scope); err != nil {
			for _, w := range waiting {
				i.issuingOf(b.At(w.record).Class.Scope).leave(w.call)
			}
			return nil, nil, err
		}
		call, at, created := i.issuingOf(r.Class.Scope).join(r)
		if created {
			leave = append(leave, begun{r.Class.Scope, call})
		}
		waiting = append(waiting, wanted{n, at, call})
	}
	return waiting, lost, nil
}

// heldOff fails while the vault's rate limit is in force.
func (i *Issuer) heldOff(scope string) error {
	q := i.issuingOf(scope)
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.limited(i.settings.Now())
}

func (i *Issuer) issuingOf(scope string) *issuing {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.issuingIn(scope)
}

// issuingIn is issuingOf where i.mu is held.
func (i *Issuer) issuingIn(scope string) *issuing {
	q := i.issuing[scope]
	if q == nil {
		q = &issuing{turn: make(chan struct{}, 1), most: maxIssueValues}
		i.issuing[scope] = q
	}
	return q
}

// join adds a value to the call that is open.
func (q *issuing) join(r token.Record) (call *issueCall, at int, created bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := issueKey{r.Class, r.Identity}
	if c := q.open; c != nil {
		if at, known := c.index[key]; known {
			c.waiting++
			return c, at, false
		}
		if len(c.values) >= q.most || c.bytes+len(r.Canonical) > maxIssueBytes {
			q.open = nil
		}
	}
	if q.open == nil {
		q.open = &issueCall{index: map[issueKey]int{}, done: make(chan struct{}), gone: make(chan struct{})}
		created = true
	}
	c := q.open
	c.waiting++
	at = len(c.values)
	c.index[key] = at
	c.bytes += len(r.Canonical)
	c.values = append(c.values, &vaultpb.IssueValue{
		Class: &vaultpb.MintClass{Name: r.Class.Name, Kind: kinds[r.Class.Kind]},
		Value: append([]byte(nil), r.Canonical...), // the call outlives the batch of a caller that gave up
	})
	return c, at, created
}

// leave says that a value of a batch no longer waits for a call. One that nobody waits for any more, and that has not left
// yet, is not made: it would ask for what nobody wants, and hold plain values until then.
func (q *issuing) leave(c *issueCall) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.waiting--; c.waiting > 0 || c.flying {
		return
	}
	if q.open == c {
		q.open = nil
	}
	c.forget()
	close(c.gone)
}

// forget overwrites the values of a call.
func (c *issueCall) forget() {
	for _, v := range c.values {
		clear(v.Value)
	}
}

// fly makes the call once the one before it is back. It belongs to nobody's context: others wait for it, too.
func (i *Issuer) fly(scope string, c *issueCall) {
	q := i.issuingOf(scope)
	defer close(c.done)
	select {
	case q.turn <- struct{}{}: // calls end within their timeout
		defer func() { <-q.turn }()
	case <-c.gone:
		c.err = errNoAnswer // nobody is there to read it
		return
	}
	defer c.forget()
	if c.err = q.leaving(c, i.settings.Now()); c.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(i.ctx, i.settings.Timeout)
	defer cancel()
	now := i.settings.Now()
	response, err := i.vault.Issue(ctx, connect.NewRequest(&vaultpb.IssueRequest{Scope: scope, Values: c.values}))
	if err == nil {
		err = i.takeIssued(scope, c, response.Msg, now)
	} else {
		c.lost = unanswered(err)
		i.issueFailed(scope, q, err, now)
	}
	i.answers(scope, !c.lost)
	if !c.lost {
		q.mu.Lock()
		q.answered = time.Now()
		q.mu.Unlock()
	}
	if err != nil {
		c.err = fmt.Errorf("have the vault issue %d tokens: %w", len(c.values), i.unavailable(err))
	}
	i.report(c.err)
}

// leaving takes a call off the queue. It fails where there is no use in making it.
func (q *issuing) leaving(c *issueCall, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open == c {
		q.open = nil
	}
	if c.flying = true; c.waiting == 0 {
		return errNoAnswer
	}
	return q.limited(now)
}

// limited fails while the vault's rate limit is in force for this agent: asking before would only lengthen it. q.mu is held.
func (q *issuing) limited(now time.Time) error {
	if wait := q.heldOff.Sub(now); wait > 0 {
		return fmt.Errorf("%w: the vault's rate limit for this agent is used up, next try in %v", token.ErrUnavailable, wait.Round(time.Millisecond))
	}
	return nil
}

// issueFailed draws conclusions from a call that the vault did not answer.
func (i *Issuer) issueFailed(scope string, q *issuing, err error, now time.Time) {
	switch connect.CodeOf(err) {
	case connect.CodeResourceExhausted:
		q.mu.Lock()
		q.heldOff = now.Add(jitter(2 * retryAfter(err))) // at least what was asked for
		q.mu.Unlock()
	case connect.CodeFailedPrecondition, connect.CodePermissionDenied:
		i.endScope(scope)
	}
}

// retryAfter is how long the vault asks to wait: the header Retry-After, in seconds or as a duration.
func retryAfter(err error) time.Duration {
	wait := time.Second
	if said := new(connect.Error); errors.As(err, &said) {
		after := said.Meta().Get("Retry-After")
		if seconds, err := strconv.ParseFloat(after, 64); err == nil && seconds >= 0 && seconds < 86400 {
			wait = time.Duration(seconds * float64(time.Second))
		} else if d, err := time.ParseDuration(after); err == nil {
			wait = d
		}
	}
	return min(max(wait, minRateWait), time.Hour)
}

// takeIssued checks an answer and remembers its tokens.
func (i *Issuer) takeIssued(scope string, c *issueCall, r *vaultpb.IssueResponse, now time.Time) error {
	if len(r.Tokens) != len(c.values) {
		return fmt.Errorf("the vault issued %d tokens for %d values", len(r.Tokens), len(c.values))
	}
	c.tokens = make([]issuedAnswer, len(c.values))
	for n, t := range r.Tokens {
		a, name := &c.tokens[n], c.values[n].Class.Name
		if t.GetToken() == "" {
			a.err = fmt.Errorf("mint %s: %w", name, ErrRefused)
			continue
		}
		parsed, err := token.Parse(t.Token)
		if err != nil || parsed.Class != name || !i.recognizer.Load().Verify(parsed) {
			return errors.New("the vault issued what is no token of its own, or one of another class")
		}
		if i.hasEnded(parsed.Kid) {
			return errors.New("the vault issued a token of a key that it has revoked meanwhile")
		}
		a.token, a.parsed = t.Token, parsed
	}
	until := now.Add(r.GetReuse().AsDuration()).UnixNano()
	for key, n := range c.index {
		if a := &c.tokens[n]; a.err == nil && r.GetReuse().AsDuration() > 0 && key.class.Kind != token.Random {
			i.issued().put(issuedToken{key.id, a.parsed.Identity, a.parsed.Kid, a.parsed.Tag, until})
		}
	}
	i.stats.issued.Add(uint64(len(c.values)))
	i.stats.issueCalls.Add(1)
	return nil
}

// issued is made when first needed: a vault that lets its agents mint every class costs nothing.
func (i *Issuer) issued() *issued {
	i.issuedOnce.Do(func() { i.issuedTokens.Store(newIssued(cmp.Or(i.settings.Issued, defaultIssued))) })
	return i.issuedTokens.Load()
}

// remembered are the tables of tokens that were not minted here.
func (i *Issuer) remembered() (all []*issued) {
	for _, p := range []*atomic.Pointer[issued]{&i.issuedTokens, &i.unlinkedTokens} {
		if l := p.Load(); l != nil {
			all = append(all, l)
		}
	}
	return all
}
