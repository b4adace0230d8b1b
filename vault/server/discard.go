package server

import (
	"context"
	"encoding/hex"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
)

// discarder is a store that can throw a poisoned record away: it removes the record of a token if it still is the one
// sealed in that session, and leaves no tombstone.
type discarder interface {
	Discard(ctx context.Context, tok string, session [16]byte) (bool, error)
}

// discard throws away a record that does not hold what its token was minted from, so that the next honest escrow can take
// its place, and asks those who hold the epoch to escrow again. The audit entry names the session: who began it is in the
// log too. It is no fault of whoever asked for the token when something of this fails; the next reveal tries again.
func (c *Core) discard(ctx context.Context, e *keyring.Epoch, r store.Record) {
	c.Hooks.Poisoned(ctx)
	ev := audit.Event{
		Actor: "vault", Action: audit.ActionDiscard, Outcome: audit.OutcomeOK,
		Token: r.Token, Scope: r.Scope, Kid: e.Kid.String(), Session: hex.EncodeToString(r.Session[:]),
	}
	ctx = context.WithoutCancel(ctx)
	s, able := c.Store.(discarder)
	if !able {
		return
	}
	gone, err := s.Discard(ctx, r.Token, r.Session)
	if err != nil {
		ev.Outcome, ev.Reason = audit.OutcomeFailed, "the store could not discard it"
	}
	if gone || err != nil {
		_, _ = c.Audit.Append(ctx, ev) // the reveal's own entry, which must be written, names the mismatch
	}
	if gone {
		c.hub.escrowAgain(e.Scope, e.Kid)
	}
}

// turnAway records that a caller may not use a service at all.
func (c *Core) turnAway(ctx context.Context, ev audit.Event, err error) error {
	ev.Outcome, ev.Reason = audit.OutcomeDenied, refusedAs(err)
	c.Hooks.Refused(ctx, ev.Action, 1)
	if _, auditErr := c.Audit.Append(ctx, by(ctx, ev)); auditErr != nil {
		return fault(auditErr)
	}
	return err
}
