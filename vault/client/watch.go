package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"connectrpc.com/connect"
	"github.com/cenkalti/backoff/v5"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// errRevoked is returned while the vault's operator keeps this agent out.
var errRevoked = fmt.Errorf("%w: the vault has revoked this agent's grants", token.ErrUnavailable)

const (
	watchFirstPause = 500 * time.Millisecond
	watchMaxPause   = 30 * time.Second
	// A stream that is silent for longer may be dead without anybody noticing: a message comes now and then.
	watchSilence = 3 * time.Minute
	// How often a vault that does not know the stream is asked whether it has learned to.
	watchUnknown = time.Hour
)

// watchRevocations listens to the vault for as long as the issuer lives. What is missed while the stream is down comes
// with its first message, or shows when a grant is renewed.
func (i *Issuer) watchRevocations() {
	pause := &backoff.ExponentialBackOff{
		InitialInterval: watchFirstPause, Multiplier: 2, RandomizationFactor: 0.5, MaxInterval: watchMaxPause,
	}
	pause.Reset()
	var scopes []string
	lost := false // whether the stream before ended by itself
	for i.ctx.Err() == nil {
		if scopes = i.grantedScopes(); len(scopes) == 0 {
			i.sleep(time.Hour, i.watch)
			continue
		}
		heard, err := i.listen(scopes, lost)
		lost = lost && !heard
		switch {
		case len(i.grantedScopes()) != len(scopes):
			continue // it ended to begin anew with the scope that came
		case connect.CodeOf(err) == connect.CodeUnimplemented:
			i.sleep(watchUnknown, nil)
			continue
		case heard:
			pause.Reset()
		}
		lost = true
		i.sleep(pause.NextBackOff(), nil)
	}
}

// sleep waits for d, the issuer's end, or c.
func (i *Issuer) sleep(d time.Duration, c <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c:
	case <-i.ctx.Done():
	}
}

// listen opens the stream and reads it to its end: that of the connection, or the coming of another scope. Again says that the
// stream before was lost: only then does a message tell that the vault is back, as one that answers may refuse what calls ask for.
func (i *Issuer) listen(scopes []string, again bool) (heard bool, err error) {
	ctx, cancel := context.WithCancel(i.ctx)
	defer cancel()
	silence := time.AfterFunc(watchSilence, cancel)
	defer silence.Stop()
	i.done.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-i.watch:
				if len(i.grantedScopes()) != len(scopes) {
					cancel()
				}
			}
		}
	})
	err = i.vault.Watch(ctx, &vaultpb.RevocationsRequest{Scopes: scopes}, func(r *vaultpb.RevocationsResponse) error {
		if again && !heard && !r.CallerRevoked && i.askAgain.Load() == 0 {
			i.report(nil) // it is back, though nothing may be asked of it for an hour
		}
		heard = true
		silence.Reset(watchSilence)
		i.told(r)
		return nil
	})
	return heard, err
}

// grantedScopes are those with a grant, sorted.
func (i *Issuer) grantedScopes() (scopes []string) {
	for _, e := range *i.epochs.Load() {
		if !slices.Contains(scopes, e.scope) {
			scopes = append(scopes, e.scope)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// told draws the conclusions of one message.
func (i *Issuer) told(r *vaultpb.RevocationsResponse) {
	epochs := *i.epochs.Load()
	for _, n := range r.EndedKids {
		kid := token.Kid(n)
		if _, known := i.endedKids.LoadOrStore(kid, true); known {
			continue
		}
		for _, l := range i.remembered() {
			l.forget(kid, false)
		}
		if e := epochs[kid]; e != nil {
			e.end()
		}
	}
	for _, n := range r.EscrowAgainKids {
		if e := epochs[token.Kid(n)]; e != nil {
			e.escrowAgain()
			i.losses.Add(1)
			if l := i.unlinkedTokens.Load(); l != nil {
				l.forget(token.Kid(n), false) // their salts are gone: the values get other tokens
			}
		}
	}
	if r.CallerRevoked {
		i.revoked(epochs)
	}
	signal(i.wake)
}

// revoked ends all minting. The vault is asked again, slowly: an operator may restore the agent.
func (i *Issuer) revoked(epochs map[token.Kid]*epoch) {
	i.revocations.Add(1)
	i.askAgain.Store(i.settings.Now().Add(deniedPause/2 + jitter(deniedPause)).UnixNano())
	for _, e := range epochs {
		e.end()
	}
	for _, l := range i.remembered() {
		l.forget(0, true)
	}
	i.report(errRevoked)
}

// hasEnded reports whether the vault revoked a kid.
func (i *Issuer) hasEnded(kid token.Kid) bool {
	_, ended := i.endedKids.Load(kid)
	return ended
}

// ship takes what lies in the spool to the vault. It outlives the issuer: a spool that closes ships what it can.
func (i *Issuer) ship(ctx context.Context, r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
	response, err := i.vault.Escrow(ctx, connect.NewRequest(r))
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}
