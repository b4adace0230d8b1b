package keyring

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

// Revoke ends the epoch of a kid early: nothing more is minted in it, and the next [Keyring.Current] of its scope begins
// another. What it minted can be escrowed and opened until it expires. It is durable before Revoke returns, and nothing
// when the epoch mints no more anyway: the answer tells whether this call ended it. Errors as of [Keyring.Lookup] and of
// the file system.
func (k *Keyring) Revoke(kid token.Kid) (bool, error) {
	e, err := k.Lookup(kid)
	if err != nil {
		return false, err
	}
	ended, err := k.end([]*Epoch{e})
	return len(ended) > 0, err
}

// RevokeScope is [Keyring.Revoke] for whatever mints in a scope now. It returns the kids that it ended.
func (k *Keyring) RevokeScope(scope string) ([]token.Kid, error) {
	if !ValidScope(scope) {
		return nil, ErrScope
	}
	return k.end(k.Live(scope))
}

func (k *Keyring) end(epochs []*Epoch) ([]token.Kid, error) {
	now := k.options.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil, ErrClosed
	}
	var kids []token.Kid
	for _, e := range epochs {
		if !e.mints(now) {
			continue
		}
		if err := k.history.append(event{Event: eventEnded, Kid: e.Kid.String(), At: now.Unix()}); err != nil {
			return kids, fmt.Errorf("end epoch %s: %w", e.Kid, err)
		}
		e.ended.Store(true)
		kids = append(kids, e.Kid)
	}
	return kids, nil
}

// RevokedKids are the live epochs of scope that were ended early, oldest first.
func (k *Keyring) RevokedKids(scope string) []token.Kid {
	var kids []token.Kid
	for _, e := range k.Live(scope) {
		if e.Revoked() {
			kids = append(kids, e.Kid)
		}
	}
	return kids
}

// MaxAgent is the length of the longest identity of an agent in bytes: that of a SPIFFE ID.
const MaxAgent = 2048

// ValidAgent reports whether id can name an agent: 1 to [MaxAgent] bytes of printable UTF-8.
func ValidAgent(id string) bool { return printable(id, MaxAgent) }

// RevokeAgent remembers that an agent may do nothing more. It is durable before RevokeAgent returns; revoking again
// changes nothing. It fails with [ErrAgent] or an error of the file system.
func (k *Keyring) RevokeAgent(id string) error {
	return k.markAgent(id, func(now time.Time, revoked bool) (event, bool) {
		return event{Event: eventRevoked, Agent: id, At: now.Unix()}, !revoked
	})
}

// RestoreAgent takes [Keyring.RevokeAgent] back. An agent that is not revoked is fine. Errors as there.
func (k *Keyring) RestoreAgent(id string) error {
	return k.markAgent(id, func(now time.Time, revoked bool) (event, bool) {
		return event{Event: eventRestored, Agent: id, At: now.Unix()}, revoked
	})
}

func (k *Keyring) markAgent(id string, what func(now time.Time, revoked bool) (ev event, changes bool)) error {
	if !ValidAgent(id) {
		return ErrAgent
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return ErrClosed
	}
	_, revoked := k.revoked[id]
	ev, changes := what(k.options.Now(), revoked)
	if !changes {
		return nil
	}
	return cmp.Or(k.history.append(ev), k.replayEvent(ev))
}

// AgentRevoked reports whether an agent is revoked.
func (k *Keyring) AgentRevoked(id string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, revoked := k.revoked[id]
	return revoked
}

// RevokedAgents are the agents that are revoked, sorted.
func (k *Keyring) RevokedAgents() []string {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return slices.Sorted(maps.Keys(k.revoked))
}
