package server

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Revoke implements the service. That it was asked is on record before anything is revoked.
func (s *Admin) Revoke(ctx context.Context, r *connect.Request[vaultpb.RevokeRequest]) (*connect.Response[vaultpb.RevokeResponse], error) {
	ev := audit.Event{Action: audit.ActionRevoke}
	if err := s.admit(ctx, ev, r.Msg.Purpose); err != nil {
		return nil, err
	}
	ev = by(ctx, ev)
	ev.Purpose, ev.Outcome = r.Msg.Purpose, audit.OutcomeOK
	var revoke func() ([]token.Kid, error)
	switch what := r.Msg.What.(type) {
	case *vaultpb.RevokeRequest_Kid:
		kid, err := token.ParseKid(what.Kid)
		if err != nil {
			return nil, s.core.deny(ctx, audit.Event{Action: audit.ActionRevoke}, errors.New("kid: want five letters, as in tokens"))
		}
		ev.Kid, revoke = what.Kid, func() ([]token.Kid, error) { return s.revokeKid(kid) }
	case *vaultpb.RevokeRequest_Scope:
		if !keyring.ValidScope(what.Scope) {
			return nil, s.core.deny(ctx, audit.Event{Action: audit.ActionRevoke}, keyring.ErrScope)
		}
		if !s.core.Keys.Begun(what.Scope) {
			ev.Scope = what.Scope
			return nil, s.missing(ctx, ev, fmt.Errorf("there is no scope %q: it has no key ids", what.Scope))
		}
		ev.Scope, revoke = what.Scope, func() ([]token.Kid, error) { return s.revokeScope(what.Scope) }
	case *vaultpb.RevokeRequest_Agent:
		if !keyring.ValidAgent(what.Agent) {
			return nil, s.core.deny(ctx, audit.Event{Action: audit.ActionRevoke}, keyring.ErrAgent)
		}
		ev.Agent, revoke = what.Agent, func() ([]token.Kid, error) { return nil, s.revokeAgent(what.Agent) }
	default:
		return nil, invalid("want one of kid, scope and agent")
	}
	if _, err := s.core.Audit.Append(ctx, ev); err != nil {
		return nil, fault(err)
	}
	kids, err := revoke()
	if err != nil {
		ev.Outcome, ev.Reason = audit.OutcomeFailed, "it could not be revoked; ask again"
		_, auditErr := s.core.Audit.Append(ctx, ev)
		return nil, fault(errors.Join(err, auditErr))
	}
	out := &vaultpb.RevokeResponse{UnknownAgent: ev.Agent != "" && !s.core.knows(ev.Agent)}
	for _, k := range kids {
		out.Kids = append(out.Kids, k.String())
	}
	fields := changed(ev)
	if len(out.Kids) > 0 {
		fields = append(fields, zap.Strings("ended_kids", out.Kids))
	}
	s.core.Log.Info("vault: revoked", fields...)
	return connect.NewResponse(out), nil
}

func (s *Admin) revokeKid(kid token.Kid) ([]token.Kid, error) {
	e, err := s.core.Keys.Lookup(kid)
	if err != nil {
		return nil, err
	}
	ended, err := s.core.Keys.Revoke(kid)
	if err != nil || !ended {
		return nil, err
	}
	s.core.tellEnded(e.Scope, []token.Kid{kid})
	return []token.Kid{kid}, nil
}

func (s *Admin) revokeScope(scope string) ([]token.Kid, error) {
	kids, err := s.core.Keys.RevokeScope(scope)
	if len(kids) > 0 {
		s.core.tellEnded(scope, kids)
	}
	return kids, err
}

func (s *Admin) revokeAgent(agent string) error {
	if err := s.core.Keys.RevokeAgent(agent); err != nil {
		return err
	}
	s.core.tellRevoked(agent)
	return nil
}

// Restore implements the service.
func (s *Admin) Restore(ctx context.Context, r *connect.Request[vaultpb.RestoreRequest]) (*connect.Response[vaultpb.RestoreResponse], error) {
	ev := audit.Event{Action: audit.ActionRestore}
	if err := s.admit(ctx, ev, r.Msg.Purpose); err != nil {
		return nil, err
	}
	if !keyring.ValidAgent(r.Msg.Agent) {
		return nil, s.core.deny(ctx, ev, keyring.ErrAgent)
	}
	ev = by(ctx, ev)
	ev.Purpose, ev.Outcome, ev.Agent = r.Msg.Purpose, audit.OutcomeOK, r.Msg.Agent
	if !s.core.Keys.AgentRevoked(r.Msg.Agent) {
		return nil, s.missing(ctx, ev, fmt.Errorf("agent %q is not revoked", r.Msg.Agent))
	}
	if _, err := s.core.Audit.Append(ctx, ev); err != nil {
		return nil, fault(err)
	}
	if err := s.core.Keys.RestoreAgent(r.Msg.Agent); err != nil {
		return nil, fault(err)
	}
	s.core.Log.Info("vault: restored", changed(ev)...)
	return connect.NewResponse(&vaultpb.RestoreResponse{}), nil
}

// missing notes that what was named is not there, and says so to the caller.
func (s *Admin) missing(ctx context.Context, ev audit.Event, err error) error {
	ev.Outcome, ev.Reason = audit.OutcomeFailed, "there is no such thing"
	if _, auditErr := s.core.Audit.Append(ctx, ev); auditErr != nil {
		return fault(auditErr)
	}
	return connect.NewError(connect.CodeNotFound, err)
}

// changed says in the vault's own log what an administrator did, as the audit log does.
func changed(ev audit.Event) (fields []zap.Field) {
	for _, f := range []struct{ key, value string }{
		{"agent", ev.Agent}, {"scope", ev.Scope}, {"kid", ev.Kid}, {"purpose", ev.Purpose}, {"by", ev.Actor},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.key, f.value))
		}
	}
	return fields
}

// knows reports whether a rule names an identity, or it has called since this start.
func (c *Core) knows(id string) bool {
	r := c.Rules()
	return len(r.agentsOf(id)) > 0 || len(r.revealersOf(id)) > 0 || r.administers(id) || c.callers.has(id)
}

// admit lets in administrators with a purpose, and puts who is neither on record.
func (s *Admin) admit(ctx context.Context, ev audit.Event, purpose string) error {
	if err := s.core.administrator(ctx); err != nil {
		s.core.refuse(ctx, "admin", "", refusedAs(err), 1)
		return err
	}
	if err := checkPurpose(purpose); err != nil {
		return s.core.deny(ctx, ev, err)
	}
	return nil
}
