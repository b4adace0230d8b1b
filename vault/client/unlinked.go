package client

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
)

// While the vault does not answer, an issuer with a spool gives unlinked tokens to values that only the vault may mint:
// telemetry goes on, every token can be revealed when its record has shipped, and nobody can try values against it, this
// agent included. What they lack is the link: each agent's tokens of such values are its own until the vault is back.

// patience bounds how long a batch waits for a vault that does not answer, when there is another way.
const patience = time.Second

const unlinkedKept = 1 << 14

// outage says until when the vault is not asked to issue, after it did not answer.
type outage struct {
	until time.Time
	pause time.Duration
}

// unanswered reports whether a call failed because the vault was not there, rather than because it said no.
func unanswered(err error) bool {
	if said := new(connect.Error); !errors.As(err, &said) {
		return false
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeInternal, connect.CodeUnknown, connect.CodeAborted, connect.CodeCanceled:
		return true
	}
	return false
}

// cutOff reports whether the vault did not answer lately about a scope, whose region may be away alone, and is to be left
// alone. Once the pause is over, a batch asks again.
func (i *Issuer) cutOff(scope string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.settings.Now().Before(i.outages[scope].until)
}

// answers takes note of whether the vault does.
func (i *Issuer) answers(scope string, yes bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.settings.Now()
	o := i.outages[scope]
	switch {
	case yes:
		if _, was := i.outages[scope]; was {
			delete(i.outages, scope)
			if l := i.unlinkedTokens.Load(); l != nil {
				l.forget(0, true) // whoever has this memory could try values against them
			}
		}
	case !now.Before(o.until):
		o.pause = min(max(2*o.pause, minPause), maxPause)
		o.until = now.Add(jitter(o.pause))
		i.outages[scope] = o
	}
}

// unlinks reports whether this issuer has another way than to wait for the vault.
func (i *Issuer) unlinks() bool { return i.settings.Spool != nil && i.settings.Unlinked }

// unlinkable is the epoch in which values of a class can have unlinked tokens, or nil. It waits for nobody who is asking
// the vault.
func (i *Issuer) unlinkable(class token.Class, now time.Time) (live *epoch) {
	if !i.unlinks() {
		return nil
	}
	for _, e := range *i.epochs.Load() {
		if e.scope == class.Scope && now.UnixNano() < e.until.Load() && (live == nil || e.kid > live.kid) {
			live = e
		}
	}
	if live == nil || !slices.ContainsFunc(*live.unlinked.Load(), func(pattern string) bool {
		matched, err := path.Match(pattern, class.Name)
		return matched && err == nil
	}) {
		return nil
	}
	return live
}

// obtainInTime is obtain, but waits for the vault no longer than patience where there is another way.
func (i *Issuer) obtainInTime(class token.Class) error {
	if i.unlinkable(class, i.settings.Now()) == nil {
		return i.obtain(class)
	}
	answer := make(chan error, 1)
	go func() { answer <- i.obtain(class) }() // which ends within its timeout
	timer := time.NewTimer(min(patience, i.settings.Timeout))
	defer timer.Stop()
	select {
	case err := <-answer:
		return err
	case <-timer.C:
		i.answers(class.Scope, false)
		return errNoAnswer
	}
}

// standIn is how to go on with a class of which the vault does not answer whether it grants it: a minter whose tokens
// come at Commit; nil when there is no way.
func (i *Issuer) standIn(class token.Class) *mac {
	e := i.unlinkable(class, i.settings.Now())
	if e == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	m := newMinter(e, class, i.remoteKey(class), true)
	return &mac{minter: m, hash: keyring.NewMAC(m.key)}
}

// unlink gives what is pending in b unlinked tokens and spools their records. It fails with cause where it may not.
func (i *Issuer) unlink(ctx context.Context, b *token.Batch, cause error) error {
	c := call{issuer: i, now: i.settings.Now()}
	type made struct {
		record int
		token  issuedToken
		name   string
		keep   bool
	}
	select { // one batch at a time, or two would give one value two tokens
	case i.unlinking <- struct{}{}:
		defer func() { <-i.unlinking }()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
	}
	epochs := map[token.Class]*epoch{}
	for n := range b.Len() { // before anything is spooled: a batch that has to wait is tried again and again
		r := b.At(n)
		if !r.Pending || epochs[r.Class] != nil {
			continue
		}
		if epochs[r.Class] = i.unlinkable(r.Class, c.now); epochs[r.Class] == nil {
			return cause
		}
	}
	var all []made
	kept := 0
	send := func() error {
		if err := c.send(ctx); err != nil {
			return err
		}
		for ; kept < len(all); kept++ { // also where a later part fails: the next try goes on from here
			if all[kept].keep {
				i.unlinked().put(all[kept].token)
			}
		}
		return nil
	}
	for n := range b.Len() {
		r := b.At(n)
		if !r.Pending {
			continue
		}
		e := epochs[r.Class]
		if t, ok := i.unlinked().get(r.Identity, c.now.UnixNano()); ok && t.kid == e.kid && r.Class.Kind != token.Random {
			all = append(all, made{record: n, token: t, name: r.Class.Name})
			continue
		}
		id, salt := keyring.NewUnlinked(r.Canonical)
		tag := i.recognizer.Load().Tag(r.Class.Name, e.kid, id)
		t := issuedToken{key: r.Identity, identity: id, kid: e.kid, tag: tag, until: e.until.Load()}
		one := made{n, t, r.Class.Name, r.Class.Kind != token.Random}
		if r.Class.Kind == token.OneWay {
			all = append(all, one)
			continue // nobody will ask for it
		}
		sealed := token.Record{
			Class: token.Class{Name: r.Class.Name, Scope: r.Class.Scope, Kind: token.Random}, Kid: e.kid, Identity: id,
			Token: token.Append(nil, r.Class.Name, e.kid, id, tag), Canonical: r.Canonical,
		}
		if c.full(e, len(r.Canonical)+len(salt)) {
			if err := send(); err != nil {
				return err
			}
		}
		err := c.seal(e, sealed, &salt)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	if err := send(); err != nil {
		return err
	}
	var text []byte
	for _, m := range all {
		text = token.Append(text[:0], m.name, m.token.kid, m.token.identity, m.token.tag)
		b.Settle(m.record, text)
	}
	i.stats.unlinked.Add(uint64(len(all)))
	return nil
}

// unlinked remembers the tokens made, so that one agent gives a value one token in an outage.
func (i *Issuer) unlinked() *issued {
	i.unlinkedOnce.Do(func() { i.unlinkedTokens.Store(newIssued(unlinkedKept)) })
	return i.unlinkedTokens.Load()
}

// await waits for calls to Issue. Where there is another way, it gives up those to a vault that answers nothing about their
// scope: they are late.
func (i *Issuer) await(ctx context.Context, b *token.Batch, waiting []wanted) (late map[*issueCall]bool, err error) {
	defer func() {
		for _, w := range waiting {
			if err != nil || late[w.call] {
				i.issuingOf(b.At(w.record).Class.Scope).leave(w.call)
			}
		}
	}()
	for _, w := range waiting {
		if late[w.call] {
			continue
		}
		scope := b.At(w.record).Class.Scope
		answered, err := i.issuingOf(scope).await(ctx, w.call, i.patience(ctx))
		if err != nil {
			return late, err
		}
		if !answered {
			if late == nil {
				late = map[*issueCall]bool{}
			}
			late[w.call] = true
			i.answers(scope, false)
		}
	}
	return late, nil
}

// patience is how long to wait for the vault: for ever, where there is nothing else to do.
func (i *Issuer) patience(ctx context.Context) time.Duration {
	if !i.unlinks() {
		return i.settings.Timeout + time.Hour // calls end within their timeout
	}
	wait := min(patience, i.settings.Timeout)
	if deadline, ok := ctx.Deadline(); ok { // and then there is a spool to write to
		wait = min(wait, time.Until(deadline)/2)
	}
	return wait
}

// await waits for a call until the vault has answered none for as long as patience.
func (q *issuing) await(ctx context.Context, c *issueCall, patience time.Duration) (answered bool, err error) {
	begun := time.Now()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case <-c.done:
			return true, nil
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
		case <-timer.C:
		}
		q.mu.Lock()
		last := q.answered
		q.mu.Unlock()
		if last.Before(begun) {
			last = begun
		}
		left := patience - time.Since(last)
		if left <= 0 {
			return false, nil
		}
		timer.Reset(left)
	}
}

// errNoAnswer says that the vault is there to be connected to and does not answer.
var errNoAnswer = fmt.Errorf("%w: the vault did not answer in time", token.ErrUnavailable)
