package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

const web, batch = "spiffe://example.org/agent/web", "spiffe://example.org/agent/batch"

var fleetRules = &server.Rules{
	Agents: []server.AgentRule{
		{Name: "agents", ID: "spiffe://example.org/agent/*", Classes: []string{"email", "ssn"}, Scopes: []string{"default"}, Issue: server.Rate{PerSecond: 10, Burst: 100}},
		{Name: "batch", ID: batch, Classes: []string{"*"}, Scopes: []string{"payments"}, Regions: []string{"eu"}},
	},
	Revealers: []server.RevealerRule{{Name: "support", ID: "support", Classes: []string{"email"}, Scopes: []string{"default"}}},
	Region:    func(scope string) string { return map[string]string{"payments": "eu"}[scope] },
}

func newFleet(t *testing.T) *rig {
	r := newRig(t)
	require.NoError(t, fleetRules.Validate())
	r.core.SetRules(fleetRules)
	return r
}

func (r *rig) as(id string) context.Context {
	return server.WithCaller(r.t.Context(), server.Caller{ID: id, Fingerprint: "f0" + strings.Repeat("0", 62)})
}

var kind = vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC

func classes(names ...string) (out []*vaultpb.MintClass) {
	for _, n := range names {
		out = append(out, &vaultpb.MintClass{Name: n, Kind: kind})
	}
	return out
}

func TestGrantsByRule(t *testing.T) {
	r := newFleet(t)
	for _, c := range []struct {
		name, id, scope string
		issue           bool
		keys, issued    []string
		code            connect.Code
	}{
		{"a guessable class is issued", web, "default", true, []string{"email"}, []string{"ssn"}, 0},
		{"and not granted to who does not know Issue", web, "default", false, []string{"email"}, nil, 0},
		{"another scope", web, "payments", true, nil, nil, connect.CodePermissionDenied},
		{"rights of two rules", batch, "payments", true, []string{"email", "github"}, []string{"ssn"}, 0},
		{"each rule in its own scopes", batch, "default", true, []string{"email"}, []string{"ssn"}, 0},
		{"nobody", "spiffe://example.org/agents", "default", true, nil, nil, connect.CodePermissionDenied},
		{"a star is no slash", "spiffe://example.org/agent/web/1", "default", true, nil, nil, connect.CodePermissionDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := r.issuing.Grant(r.as(c.id), connect.NewRequest(&vaultpb.GrantRequest{Scope: c.scope, Classes: classes("email", "ssn", "github"), Issue: c.issue}))
			if c.code != 0 {
				require.Equal(t, c.code, connect.CodeOf(err))
				require.ErrorContains(t, err, c.id)
				return
			}
			require.NoError(t, err)
			var keys, issued []string
			for _, k := range res.Msg.MintKeys {
				keys = append(keys, k.Class.Name)
			}
			for _, k := range res.Msg.Issue {
				issued = append(issued, k.Name)
			}
			require.Equal(t, c.keys, keys)
			require.Equal(t, c.issued, issued)
			require.NotNil(t, res.Msg.GrantedAt)
			require.Equal(t, server.DefaultGrantLife, res.Msg.GrantExpires.AsTime().Sub(res.Msg.GrantedAt.AsTime()))
		})
	}
	require.NotContains(t, strings.Join(r.keys.Scopes(), " "), "web", "a refusal begins no epoch")
}

func values(class string, n int, from int) (out []*vaultpb.IssueValue) {
	for i := range n {
		out = append(out, &vaultpb.IssueValue{Class: classes(class)[0], Value: fmt.Appendf(nil, "%09d", from+i)})
	}
	return out
}

// TestIssue: the vault mints what an agent in the same epoch would, and it is revealable at once.
func TestIssue(t *testing.T) {
	r := newFleet(t)
	asked := append(values("ssn", 2, 536220101), values("github", 1, 0)...)
	res, err := r.issuing.Issue(r.as(web), connect.NewRequest(&vaultpb.IssueRequest{Scope: "default", Values: asked}))
	require.NoError(t, err)
	require.Equal(t, vaultpb.Refusal_REFUSAL_DENIED, res.Msg.Tokens[2].Refusal)
	require.Empty(t, res.Msg.Tokens[2].Token)
	require.Equal(t, r.mintOnly(token.Class{Name: "ssn", Scope: "default"}, "536220101", func(*token.Batch) {}), res.Msg.Tokens[0].Token)
	got := r.ask(res.Msg.Tokens[0].Token, res.Msg.Tokens[1].Token)
	require.Equal(t, "536220101", string(got[0].Value))
	require.Equal(t, "536220102", string(got[1].Value))
	require.LessOrEqual(t, res.Msg.Reuse.AsDuration(), epochLength)
}

// TestBruteForce tries a hundred thousand values within a second.
func TestBruteForce(t *testing.T) {
	r := newFleet(t)
	limited := 0
	r.core.Hooks.Limited = func(_ context.Context, rule string, n int) {
		require.Equal(t, "agents", rule)
		limited += n
	}
	minted := 0
	for n := 0; n < 100_000; n += 100 {
		res, err := r.issuing.Issue(r.as(web), connect.NewRequest(&vaultpb.IssueRequest{Scope: "default", Values: values("ssn", 100, n)}))
		if err != nil {
			require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err))
			require.NotContains(t, err.Error(), fmt.Sprintf("%09d", n))
			continue
		}
		minted += len(res.Msg.Tokens)
	}
	require.Equal(t, 100, minted, "the burst and no more")
	require.Equal(t, 99_900, limited)
	entries := r.entries(audit.ActionRefused)
	require.Len(t, entries, 1, "one entry, not one per call")
	require.Equal(t, web, entries[0].Actor)
	require.NotEmpty(t, entries[0].Certificate)
	_, err := r.issuing.Issue(r.as(batch), connect.NewRequest(&vaultpb.IssueRequest{Scope: "default", Values: values("ssn", 100, 0)}))
	require.NoError(t, err, "another identity has a bucket of its own")
	r.clock.Add(10 * time.Second)
	_, err = r.issuing.Issue(r.as(web), connect.NewRequest(&vaultpb.IssueRequest{Scope: "default", Values: values("ssn", 100, 0)}))
	require.NoError(t, err, "and it fills again")
}

// TestEscrowUnderAnothersGrant: a record is taken from the caller its grant was given to.
func TestEscrowUnderAnothersGrant(t *testing.T) {
	r := newFleet(t)
	var sent *vaultpb.EscrowRequest
	one := client.New(identified{r, web, &sent}, client.Settings{Now: r.clock.Now})
	defer one.Close()
	var b token.Batch
	tok, err := one.Mint(nil, email, []byte("alice@example.com"), &b)
	require.NoError(t, err)
	require.NoError(t, one.Commit(t.Context(), &b))
	require.Equal(t, "alice@example.com", string(r.ask(string(tok))[0].Value))
	require.Len(t, r.entries(audit.ActionSession), 1)
	require.Equal(t, web, r.entries(audit.ActionSession)[0].Actor)

	sent.Partial = true
	res, err := r.issuing.Escrow(r.as(batch), connect.NewRequest(sent))
	require.NoError(t, err)
	require.Len(t, res.Msg.Refused, 1)
	require.Equal(t, vaultpb.Refusal_REFUSAL_DENIED, res.Msg.Refused[0].Refusal)
	sent.Partial = false
	_, err = r.issuing.Escrow(r.as(batch), connect.NewRequest(sent))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
}

// identified is the issuer as one caller reaches it.
type identified struct {
	r    *rig
	id   string
	sent **vaultpb.EscrowRequest
}

func (v identified) Grant(_ context.Context, q *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	return v.r.issuing.Grant(v.r.as(v.id), q)
}

func (v identified) Escrow(_ context.Context, q *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	*v.sent = q.Msg
	return v.r.issuing.Escrow(v.r.as(v.id), q)
}

func (v identified) Issue(_ context.Context, q *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error) {
	return v.r.issuing.Issue(v.r.as(v.id), q)
}

func (v identified) Watch(ctx context.Context, q *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	return v.r.issuing.Watch(server.WithCaller(ctx, server.Caller{ID: v.id}), q, told)
}

// within receives what must come at once, however loaded the machine: well before a heartbeat.
func within[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// TestRevocationsReachStreams: what an operator revokes is told within a second, to those it concerns.
func TestRevocationsReachStreams(t *testing.T) {
	r := newFleet(t)
	first, err := r.keys.Current("default")
	require.NoError(t, err)
	_, err = r.keys.Current("payments")
	require.NoError(t, err)
	told, ended := make(chan *vaultpb.RevocationsResponse, 8), make(chan error, 1)
	go func() {
		ended <- r.issuing.Watch(r.as(web), &vaultpb.RevocationsRequest{Scopes: []string{"default", "payments"}}, func(m *vaultpb.RevocationsResponse) error {
			told <- m
			return nil
		})
	}()
	require.Empty(t, within(t, told).EndedKids)
	revoke := func(q *vaultpb.RevokeRequest) {
		q.Purpose = "INC-42"
		_, err := r.admin.Revoke(t.Context(), connect.NewRequest(q))
		require.NoError(t, err)
	}
	revoke(&vaultpb.RevokeRequest{What: &vaultpb.RevokeRequest_Scope{Scope: "payments"}}) // not web's: it hears nothing of it
	asked := time.Now()
	revoke(&vaultpb.RevokeRequest{What: &vaultpb.RevokeRequest_Kid{Kid: first.Kid.String()}})
	require.Equal(t, []uint32{uint32(first.Kid)}, within(t, told).EndedKids)
	require.Less(t, time.Since(asked), 10*time.Second, "at once: no heartbeat carried it")
	revoke(&vaultpb.RevokeRequest{What: &vaultpb.RevokeRequest_Agent{Agent: web}})
	require.True(t, within(t, told).CallerRevoked)
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(within(t, ended)))

	_, err = r.issuing.Grant(r.as(web), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	_, err = r.admin.Restore(t.Context(), connect.NewRequest(&vaultpb.RestoreRequest{Purpose: "over", Agent: web}))
	require.NoError(t, err)
	res, err := r.issuing.Grant(r.as(web), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
	require.NoError(t, err)
	require.NotEqual(t, uint32(first.Kid), res.Msg.Kid, "a new key id")
}

// TestRevokeAnswers: what an administrator names and the vault does not know is said, and what was done is in the log.
func TestRevokeAnswers(t *testing.T) {
	r := newFleet(t)
	core, logs := observer.New(zap.InfoLevel)
	r.core.Log = zap.New(core)
	_, err := r.issuing.Grant(r.as(web), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
	require.NoError(t, err)
	agent := func(id string) *vaultpb.RevokeRequest {
		return &vaultpb.RevokeRequest{Purpose: "INC-42", What: &vaultpb.RevokeRequest_Agent{Agent: id}}
	}
	scope := func(name string) *vaultpb.RevokeRequest {
		return &vaultpb.RevokeRequest{Purpose: "INC-42", What: &vaultpb.RevokeRequest_Scope{Scope: name}}
	}
	_, _ = r.issuing.Grant(r.as("stranger"), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"})) // has called, in vain
	for _, c := range []struct {
		name    string
		request *vaultpb.RevokeRequest
		code    connect.Code // 0: it is done
		unknown bool
	}{
		{"an agent that a rule names", agent(web), 0, false},
		{"an agent that has called", agent("stranger"), 0, false},
		{"an agent that nobody knows", agent("sranger"), 0, true},
		{"a scope", scope("default"), 0, false},
		{"a scope that is not there", scope("nowhere"), connect.CodeNotFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_ = logs.TakeAll()
			res, err := r.admin.Revoke(t.Context(), connect.NewRequest(c.request))
			said := logs.TakeAll()
			if c.code != 0 {
				require.Equal(t, c.code, connect.CodeOf(err))
				require.Empty(t, said)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.unknown, res.Msg.UnknownAgent)
			require.Len(t, said, 1)
			require.Equal(t, "vault: revoked", said[0].Message)
			require.Equal(t, "INC-42", said[0].ContextMap()["purpose"])
		})
	}
	restore := func(id string) error {
		_, err := r.admin.Restore(t.Context(), connect.NewRequest(&vaultpb.RestoreRequest{Purpose: "over", Agent: id}))
		return err
	}
	require.NoError(t, restore(web))
	require.Equal(t, "vault: restored", logs.TakeAll()[0].Message)
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(restore(web)), "it is not revoked any more")
	require.Empty(t, logs.TakeAll())
}

// TestPoisonedRecordIsReplaced: a record with another's value is found at reveal, and the next honest escrow repairs it.
func TestPoisonedRecordIsReplaced(t *testing.T) {
	r := newFleet(t)
	tok := r.mintOnly(email, "bob@example.com", func(*token.Batch) {})
	r.plant(tok, "mallory@example.com")
	require.Equal(t, vaultpb.Outcome_OUTCOME_MISMATCH, r.ask(tok)[0].Outcome)
	require.Equal(t, vaultpb.Outcome_OUTCOME_NOT_ESCROWED, r.ask(tok)[0].Outcome, "it is thrown away")
	require.Len(t, r.entries(audit.ActionDiscard), 1)
	require.Equal(t, tok, r.mint(email, "bob@example.com"))
	require.Equal(t, "bob@example.com", string(r.ask(tok)[0].Value))
}

func TestRevealersByRule(t *testing.T) {
	r := newFleet(t)
	mine, theirs := r.mint(email, "a@example.com"), r.mint(token.Class{Name: "email", Scope: "payments"}, "a@example.com")
	ask := connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-42", Tokens: []string{mine, theirs}})
	res, err := r.reveal.Reveal(r.as("support"), ask)
	require.NoError(t, err)
	require.Equal(t, "a@example.com", string(res.Msg.Results[0].Value))
	require.Equal(t, vaultpb.Outcome_OUTCOME_DENIED, res.Msg.Results[1].Outcome)
	require.Empty(t, res.Msg.Results[1].Value)
	_, err = r.reveal.Reveal(r.as(web), ask)
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "who mints cannot read")
	_, err = r.admin.Status(r.as("support"), connect.NewRequest(&vaultpb.StatusRequest{}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	last := r.entries(audit.ActionReveal)
	require.Equal(t, "support", last[0].Actor)
	require.NotEmpty(t, last[0].Certificate)
}

// TestUnlinkedTokens: what an agent escrows while the vault does not answer reveals, and stands for no other value than
// the one it was made for.
func TestUnlinkedTokens(t *testing.T) {
	r := newFleet(t)
	e, err := r.keys.Current("default")
	require.NoError(t, err)
	recognizer := token.NewRecognizer(r.keys.RecognitionKey())
	text := func(id token.Identity) string {
		return token.Token{Class: "ssn", Kid: e.Kid, Identity: id, Tag: recognizer.Tag("ssn", e.Kid, id)}.String()
	}
	plant := func(tok string, salt keyring.Salt, value string) {
		public, err := e.EscrowPublic()
		require.NoError(t, err)
		s, err := escrow.NewSession(public, e.Kid, keyring.XWing, r.clock.Now(), escrow.Limits{})
		require.NoError(t, err)
		sealed, err := s.SealUnlinked(nil, []byte(tok), e.Scope, e.Expires.Unix(), salt, []byte(value))
		require.NoError(t, err)
		require.NoError(t, r.escrow(s.Header(), &vaultpb.EscrowRecord{Token: tok, ExpiresUnix: e.Expires.Unix(), Sealed: sealed}))
	}
	id, salt := keyring.NewUnlinked([]byte("219-09-9999"))
	mine := text(id)
	plant(mine, salt, "219-09-9999")
	plant(mine, salt, "078-05-1120") // the first is kept
	got := r.ask(mine)[0]
	require.Equal(t, "219-09-9999", string(got.Value))

	id, salt = keyring.NewUnlinked([]byte("219-09-9998"))
	stolen := text(id)
	linked := r.mintOnly(token.Class{Name: "ssn", Scope: "default"}, "219-09-9997", func(*token.Batch) {})
	r.plant(stolen, "078-05-1120")     // another's token, before its record came, in the ordinary form
	plant(linked, salt, "078-05-1120") // a token that links, in the form of one that does not
	for n, tok := range []string{stolen, linked} {
		require.Equal(t, vaultpb.Outcome_OUTCOME_MISMATCH, r.ask(tok)[0].Outcome)
		require.Equal(t, vaultpb.Outcome_OUTCOME_NOT_ESCROWED, r.ask(tok)[0].Outcome, "it is thrown away")
		require.Len(t, r.entries(audit.ActionDiscard), n+1)
	}
	plant(stolen, salt, "219-09-9998")
	require.Equal(t, "219-09-9998", string(r.ask(stolen)[0].Value))

	res, err := r.issuing.Grant(r.as(web), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default", Issue: true}))
	require.NoError(t, err)
	require.NotEmpty(t, res.Msg.Unlinked)
	local, err := r.issuing.Grant(t.Context(), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default", Issue: true}))
	require.NoError(t, err)
	require.Empty(t, local.Msg.Unlinked, "an embedded vault is always there")
}
