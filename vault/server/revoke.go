package server

import (
	"context"
	"errors"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Revoke implements the service. That it was asked is on record before anything ends; streams are told before it answers.
func (s *Admin) Revoke(ctx context.Context, r *connect.Request[vaultpb.RevokeRequest]) (*connect.Response[vaultpb.RevokeResponse], error) {
	ev := audit.Event{Action: audit.ActionRevoke}
	if err := s.core.administrator(ctx); err != nil {
		return nil, s.core.turnAway(ctx, ev, err)
	}
	what, err := parseRevoke(r.Msg, &ev)
	if err == nil {
		err = checkPurpose(r.Msg.Purpose)
	}
	if err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose = r.Msg.Purpose
	out := &vaultpb.RevokeResponse{}
	err = s.audited(ctx, &ev, func() error {
		kids, err := what(s.core)
		for _, k := range kids {
			out.Kids = append(out.Kids, k.String())
		}
		ev.Count = len(kids)
		return err
	})
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(out), nil
}

// parseRevoke returns what to do, and writes into ev what it is about.
func parseRevoke(r *vaultpb.RevokeRequest, ev *audit.Event) (func(*Core) ([]token.Kid, error), error) {
	switch w := r.What.(type) {
	case *vaultpb.RevokeRequest_Kid:
		kid, err := token.ParseKid(w.Kid)
		if err != nil {
			return nil, errors.New("kid: want the five letters of a token's key id")
		}
		ev.Kid = kid.String()
		return func(c *Core) ([]token.Kid, error) { return c.revokeKid(kid) }, nil
	case *vaultpb.RevokeRequest_Scope:
		if !keyring.ValidScope(w.Scope) {
			return nil, keyring.ErrScope
		}
		ev.Scope = w.Scope
		return func(c *Core) ([]token.Kid, error) {
			kids, err := c.Keys.RevokeScope(w.Scope)
			c.hub.ended(w.Scope, kids...)
			return kids, err
		}, nil
	case *vaultpb.RevokeRequest_Agent:
		if !keyring.ValidAgent(w.Agent) {
			return nil, keyring.ErrAgent
		}
		ev.Agent = w.Agent
		return func(c *Core) ([]token.Kid, error) {
			err := c.Keys.RevokeAgent(w.Agent)
			if err == nil {
				c.hub.revoked(w.Agent)
			}
			return nil, err
		}, nil
	}
	return nil, errors.New("nothing to revoke: want a kid, a scope or an agent")
}

func (c *Core) revokeKid(kid token.Kid) ([]token.Kid, error) {
	e, err := c.Keys.Lookup(kid)
	if err != nil {
		return nil, err
	}
	ended, err := c.Keys.Revoke(kid)
	if !ended {
		return nil, err
	}
	c.hub.ended(e.Scope, kid)
	return []token.Kid{kid}, err
}

// Restore implements the service.
func (s *Admin) Restore(ctx context.Context, r *connect.Request[vaultpb.RestoreRequest]) (*connect.Response[vaultpb.RestoreResponse], error) {
	ev := audit.Event{Action: audit.ActionRestore}
	if err := s.core.administrator(ctx); err != nil {
		return nil, s.core.turnAway(ctx, ev, err)
	}
	err := checkPurpose(r.Msg.Purpose)
	if err == nil && !keyring.ValidAgent(r.Msg.Agent) {
		err = keyring.ErrAgent
	}
	if err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose, ev.Agent = r.Msg.Purpose, r.Msg.Agent
	if err := s.audited(ctx, &ev, func() error { return s.core.Keys.RestoreAgent(r.Msg.Agent) }); err != nil {
		return nil, err
	}
	return connect.NewResponse(&vaultpb.RestoreResponse{}), nil
}

// audited does something between two entries: that it was asked, and how it ended.
func (s *Admin) audited(ctx context.Context, ev *audit.Event, do func() error) error {
	ev.Request, ev.Outcome = requestID(), audit.OutcomeRequested
	if _, err := s.core.Audit.Append(ctx, by(ctx, *ev)); err != nil {
		return fault(err)
	}
	err := do()
	ev.Outcome = audit.OutcomeOK
	if err != nil {
		ev.Outcome, ev.Reason = audit.OutcomeFailed, "the vault could not do it"
	}
	if _, auditErr := s.core.Audit.Append(context.WithoutCancel(ctx), by(ctx, *ev)); auditErr != nil {
		err = errors.Join(err, auditErr)
	}
	return fault(err)
}
