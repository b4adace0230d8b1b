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

// cutOff reports whether the vault did not answer lately and is to be left alone. Once the pause is over, one batch in
// a while asks again.
func (i *Issuer) cutOff() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.settings.Now().Before(i.outage.until)
}

// answers takes note of whether the vault does.
func (i *Issuer) answers(yes bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := i.settings.Now()
	switch {
	case yes:
		i.outage = outage{}
	case !now.Before(i.outage.until):
		i.outage.pause = min(max(2*i.outage.pause, minPause), maxPause)
		i.outage.until = now.Add(jitter(i.outage.pause))
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

// standIn is how to go on with a class of which the vault does not answer whether it grants it: a minter whose tokens
// come at Commit; nil when there is no way.
func (i *Issuer) standIn(class token.Class) *mac {
	e := i.unlinkable(class, i.settings.Now())
	if e == nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	m := &minter{epoch: e, key: i.remoteKey(class), remote: true}
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
	var all []made
	for n := range b.Len() {
		r := b.At(n)
		if !r.Pending {
			continue
		}
		e := i.unlinkable(r.Class, c.now)
		if e == nil {
			return cause
		}
		if t, ok := i.unlinked().get(r.Identity, c.now.UnixNano()); ok && t.kid == e.kid && r.Class.Kind != token.Random {
			all = append(all, made{record: n, token: t, name: r.Class.Name})
			continue
		}
		id, salt := keyring.NewUnlinked(r.Canonical)
		tag := i.recognizer.Load().Tag(r.Class.Name, e.kid, id)
		t := issuedToken{key: r.Identity, identity: id, kid: e.kid, tag: tag, until: e.until.Load()}
		all = append(all, made{n, t, r.Class.Name, r.Class.Kind != token.Random})
		if r.Class.Kind == token.OneWay {
			continue // nobody will ask for it
		}
		sealed := token.Record{
			Class: token.Class{Name: r.Class.Name, Scope: r.Class.Scope, Kind: token.Random}, Kid: e.kid, Identity: id,
			Token: token.Append(nil, r.Class.Name, e.kid, id, tag), Canonical: r.Canonical,
		}
		if c.full(e, len(r.Canonical)+len(salt)) {
			if err := c.send(ctx); err != nil {
				return err
			}
		}
		if err := c.seal(e, sealed, &salt); err != nil {
			return err
		}
	}
	if err := c.send(ctx); err != nil {
		return err
	}
	var text []byte
	for _, m := range all {
		text = token.Append(text[:0], m.name, m.token.kid, m.token.identity, m.token.tag)
		b.Settle(m.record, text)
		if m.keep {
			i.unlinked().put(m.token)
		}
	}
	i.stats.unlinked.Add(uint64(len(all)))
	return nil
}

// unlinked remembers the tokens made, so that one agent gives a value one token in an outage.
func (i *Issuer) unlinked() *issued {
	i.unlinkedOnce.Do(func() { i.unlinkedTokens.Store(newIssued(unlinkedKept)) })
	return i.unlinkedTokens.Load()
}

// await waits for calls to Issue. Where there is another way, it waits no longer than patience.
func (i *Issuer) await(ctx context.Context, waiting []wanted) error {
	var enough <-chan time.Time
	if i.unlinks() {
		timer := time.NewTimer(min(patience, i.settings.Timeout))
		defer timer.Stop()
		enough = timer.C
	}
	for _, w := range waiting {
		select {
		case <-w.call.done:
		case <-enough:
			return errNoAnswer
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
		}
	}
	return nil
}

// errNoAnswer says that the vault is there to be connected to and does not answer.
var errNoAnswer = fmt.Errorf("%w: the vault did not answer in time", token.ErrUnavailable)
