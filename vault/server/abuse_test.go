package server_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func TestRefusalsNameNoScopeThatIsNone(t *testing.T) {
	r := newRig(t)
	_, err := r.reveal.Lookup(r.as("stranger"), connect.NewRequest(&vaultpb.LookupRequest{
		Purpose: "INC-42", TokenClass: "email", Scope: "jane@example.com", Values: [][]byte{[]byte("x")},
	}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	require.Len(t, r.entries(audit.ActionRefused), 1)
	r.requireAuditWithout("jane")
}

func TestOneCallerDoesNotFloodTheLog(t *testing.T) {
	r := newRig(t)
	grant := func(id, scope string) {
		_, err := r.issuing.Grant(r.as(id), connect.NewRequest(&vaultpb.GrantRequest{Scope: scope}))
		require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	}
	for n := range 4200 {
		grant("noisy", fmt.Sprintf("scope-%d", n))
	}
	require.Less(t, len(r.entries(audit.ActionRefused)), 100)
	grant("quiet", "default")
	entries := r.entries(audit.ActionRefused)
	require.Equal(t, "quiet", entries[len(entries)-1].Actor, "a flood hides nobody else's refusals")
}

func TestRatesAreNumbers(t *testing.T) {
	for name, rate := range map[string]float64{"not a number": math.NaN(), "infinite": math.Inf(1)} {
		t.Run(name, func(t *testing.T) {
			rules := server.Rules{Agents: []server.AgentRule{{
				Name: "a", ID: "a", Classes: []string{"*"}, Scopes: []string{"*"}, Issue: server.Rate{PerSecond: rate},
			}}}
			require.ErrorContains(t, rules.Validate(), "agents[0].issue.per_second")
		})
	}
}

func TestNewScopesAreLimited(t *testing.T) {
	r := newRig(t)
	r.core.SetRules(&server.Rules{Agents: []server.AgentRule{{Name: "a", ID: "agent*", Classes: []string{"*"}, Scopes: []string{"*"}}}})
	grant := func(id, scope string) error {
		_, err := r.issuing.Grant(r.as(id), connect.NewRequest(&vaultpb.GrantRequest{Scope: scope}))
		return err
	}
	require.NoError(t, grant("agent-1", "default"))
	var err error
	for n := 0; err == nil && n < 1100; n++ {
		err = grant("agent-1", fmt.Sprintf("scope-%d", n))
	}
	require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err))
	require.NoError(t, grant("agent-1", "default"), "a scope that is there")
	require.NoError(t, grant("agent-2", "another"), "somebody else")
	_, err = r.issuing.Issue(r.as("agent-1"), connect.NewRequest(&vaultpb.IssueRequest{Scope: "one-more"}))
	require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err), "Issue begins scopes, too")
	r.clock.Add(2 * time.Minute)
	require.NoError(t, grant("agent-1", "one-more"))
}

func TestStreamEndsWithRevocation(t *testing.T) {
	r := newRig(t)
	r.core.SetRules(&server.Rules{Agents: []server.AgentRule{{Name: "a", ID: "agent", Classes: []string{"*"}, Scopes: []string{"*"}}}})
	ctx, cancel := context.WithTimeout(r.as("agent"), 20*time.Second)
	defer cancel()
	told, first := false, true
	err := r.issuing.Watch(ctx, &vaultpb.RevocationsRequest{Scopes: []string{"default"}}, func(m *vaultpb.RevocationsResponse) error {
		if first {
			_, err := r.admin.Revoke(t.Context(), connect.NewRequest(&vaultpb.RevokeRequest{
				Purpose: "INC-42", What: &vaultpb.RevokeRequest_Agent{Agent: "agent"},
			}))
			require.NoError(t, err)
		}
		first, told = false, told || m.CallerRevoked
		return nil
	})
	require.True(t, told)
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "the stream ends at once")
}
