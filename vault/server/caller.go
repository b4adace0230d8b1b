package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/audit"
)

// Caller is who calls, as the listener proved it.
type Caller struct {
	// ID is a SPIFFE ID or the name of a certificate, or "uid:1000" of somebody on the unix socket.
	ID string
	// Fingerprint is the SHA-256 of the certificate, lower hex; empty without one.
	Fingerprint string
	// Local callers came by this machine, by ways that only the vault's own user can go: they may do everything.
	Local bool
}

type callerKey struct{}

// WithCaller says who calls. Listeners call it once per connection.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf is who calls. Without a listener in between it is this process.
func callerOf(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	return Caller{ID: fmt.Sprintf("uid:%d", os.Getuid()), Local: true}
}

// by writes who calls into an event.
func by(ctx context.Context, ev audit.Event) audit.Event {
	c := callerOf(ctx)
	ev.Actor, ev.Certificate = c.ID, c.Fingerprint
	return ev
}

// Why a caller was refused, in the audit log and, with the caller's name, in the answer. They are few and fixed, because
// refusals are counted by them.
const (
	whyNoRule  = "no rule names this caller"
	whyRevoked = "it is revoked"
	whyScope   = "no rule allows it this scope"
	whyRate    = "its rate of issued values is used up"
	whyScopes  = "it begins new scopes too quickly"
	whyGrant   = "records under a grant of somebody else, or of a class or scope that no rule allows it"
	whyService = "no rule lets it reveal or look up"
	whyLetters = "no rule lets it open dead letters"
)

func denied(c Caller, format string, args ...any) error {
	return connect.NewError(connect.CodePermissionDenied, fmt.Errorf("%s: %w", c.ID, fmt.Errorf(format, args...)))
}

// agent is what the caller may mint, or a refusal.
func (c *Core) agent(ctx context.Context) (rights, error) {
	caller := callerOf(ctx)
	if caller.Local {
		return rights{caller: caller}, nil
	}
	c.callers.first(caller.ID)
	if c.Keys.AgentRevoked(caller.ID) {
		return rights{}, denied(caller, whyRevoked)
	}
	r := c.Rules()
	matched := r.agentsOf(caller.ID)
	if len(matched) == 0 {
		return rights{}, denied(caller, whyNoRule+": add it to agents in the vault's vault.yaml")
	}
	return rights{caller: caller, rules: r, agent: matched}, nil
}

// revealer is what the caller may reveal, or a refusal.
func (c *Core) revealer(ctx context.Context) (rights, error) {
	caller := callerOf(ctx)
	if caller.Local {
		return rights{caller: caller}, nil
	}
	c.callers.first(caller.ID)
	if c.Keys.AgentRevoked(caller.ID) {
		return rights{}, denied(caller, whyRevoked)
	}
	r := c.Rules()
	matched := r.revealersOf(caller.ID)
	if len(matched) == 0 {
		return rights{}, denied(caller, whyService+": add it to revealers in the vault's vault.yaml")
	}
	return rights{caller: caller, rules: r, agent: matched}, nil
}

// replayer are the rules by which the caller may open dead letters, or a refusal. A local caller needs none.
func (c *Core) replayer(ctx context.Context) ([]ReplayerRule, error) {
	caller := callerOf(ctx)
	if caller.Local {
		return []ReplayerRule{{Topics: []string{"**"}, Scopes: []string{"**"}}}, nil
	}
	c.callers.first(caller.ID)
	if c.Keys.AgentRevoked(caller.ID) {
		return nil, denied(caller, whyRevoked)
	}
	matched := c.Rules().replayersOf(caller.ID)
	if len(matched) == 0 {
		return nil, denied(caller, whyLetters+": add it to replayers in the vault's vault.yaml")
	}
	return matched, nil
}

// administrator refuses callers that may not run the vault.
func (c *Core) administrator(ctx context.Context) error {
	caller := callerOf(ctx)
	if caller.Local || !c.Keys.AgentRevoked(caller.ID) && c.Rules().administers(caller.ID) {
		return nil
	}
	return denied(caller, whyNoRule+": add it to admins in the vault's vault.yaml")
}

// refusedAs is the reason of a refusal for the audit log, one of the fixed ones.
func refusedAs(err error) string {
	var e *connect.Error
	if errors.As(err, &e) {
		if inner := errors.Unwrap(e.Unwrap()); inner != nil {
			for _, why := range []string{whyNoRule, whyRevoked, whyService, whyLetters} {
				if strings.HasPrefix(inner.Error(), why) {
					return why
				}
			}
		}
	}
	return whyScope
}
