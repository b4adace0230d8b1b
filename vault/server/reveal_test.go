package server_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func TestReveal(t *testing.T) {
	r := newRig(t)
	const alice, bob = "alice@example.com", "bob@example.com"
	oneWay := token.Class{Name: "email", Scope: "default", Kind: token.OneWay}
	random := token.Class{Name: "email", Scope: "default", Kind: token.Random}
	other := token.Class{Name: "email", Scope: "payments"}

	plain, elsewhere := r.mint(email, alice), r.mint(other, alice)
	first, second := r.mint(random, alice), r.mint(random, alice)
	require.NotEqual(t, first, second)
	planted := r.mintOnly(email, bob, func(*token.Batch) {})
	r.plant(planted, alice)
	plantedOneWay := r.mintOnly(oneWay, bob, func(*token.Batch) {})
	r.plant(plantedOneWay, alice)
	erased := r.mint(email, "carol@example.com")
	_, err := r.store.Delete(t.Context(), []store.Tombstone{{Token: erased, Expires: r.clock.Now().Add(time.Hour)}})
	require.NoError(t, err)
	moved := r.mintOnly(email, "dave@example.com", func(*token.Batch) {})
	r.move(plain, moved)
	parsed, err := token.Parse(plain)
	require.NoError(t, err)
	foreign := token.Token{Class: "email", Kid: (parsed.Kid + 1) % token.Kids, Identity: parsed.Identity}
	foreign.Tag = token.NewRecognizer(r.keys.RecognitionKey()).Tag(foreign.Class, foreign.Kid, foreign.Identity)

	for _, c := range []struct {
		name, token, value string
		want               vaultpb.Outcome
	}{
		{"deterministic", plain, alice, vaultpb.Outcome_OUTCOME_REVEALED},
		{"another scope", elsewhere, alice, vaultpb.Outcome_OUTCOME_REVEALED},
		{"random", first, alice, vaultpb.Outcome_OUTCOME_REVEALED},
		{"random again", second, alice, vaultpb.Outcome_OUTCOME_REVEALED},
		{"one way", r.mint(oneWay, alice), "", vaultpb.Outcome_OUTCOME_NOT_ESCROWED},
		{"never committed", r.mintOnly(email, "erin@example.com", func(*token.Batch) {}), "", vaultpb.Outcome_OUTCOME_NOT_ESCROWED},
		{"erased", erased, "", vaultpb.Outcome_OUTCOME_ERASED},
		{"a value planted under another's token", planted, "", vaultpb.Outcome_OUTCOME_MISMATCH},
		{"a value planted under a one-way token", plantedOneWay, "", vaultpb.Outcome_OUTCOME_MISMATCH},
		{"a record moved to another token", moved, "", vaultpb.Outcome_OUTCOME_MISMATCH},
		{"another vault's", "tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds", "", vaultpb.Outcome_OUTCOME_NOT_A_TOKEN},
		{"a key id never issued", foreign.String(), "", vaultpb.Outcome_OUTCOME_NOT_ESCROWED},
		{"a value in place of a token", "frank@example.com", "", vaultpb.Outcome_OUTCOME_NOT_A_TOKEN},
		{"nothing", "", "", vaultpb.Outcome_OUTCOME_NOT_A_TOKEN},
		{"a token with a kept part", plain + "@example.com", "", vaultpb.Outcome_OUTCOME_NOT_A_TOKEN},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := r.audit.Head().Sequence
			got := r.ask(c.token)[0]
			require.Equal(t, c.want.String(), got.Outcome.String())
			require.Equal(t, c.value, string(got.Value))
			require.Equal(t, before+1, got.AuditSequence)
			entries := r.entries(audit.ActionReveal)
			last := entries[len(entries)-1]
			require.Equal(t, got.AuditSequence, last.Sequence)
			require.Equal(t, "INC-42", last.Purpose)
			require.Regexp(t, `^uid:\d+$`, last.Actor)
			if c.want == vaultpb.Outcome_OUTCOME_REVEALED {
				require.Equal(t, audit.OutcomeOK, last.Outcome)
				require.Equal(t, c.token, last.Token)
			} else {
				require.Equal(t, audit.OutcomeDenied, last.Outcome)
				require.NotEmpty(t, last.Reason)
			}
		})
	}
	r.requireAuditWhole()
	r.requireAuditWithout("alice", "bob@", "carol", "dave", "erin", "frank", "example.com")
}

// move stores the record of one token under another, as somebody who can write to the store may.
func (r *rig) move(from, to string) {
	r.t.Helper()
	rec, session, err := r.store.Get(r.t.Context(), from)
	require.NoError(r.t, err)
	rec.Token = to
	require.NoError(r.t, r.store.Put(r.t.Context(), []store.Session{session}, []store.Record{rec}))
}

func TestRevealMany(t *testing.T) {
	r := newRig(t)
	tokens := []string{r.mint(email, "a@example.com"), "nonsense", r.mint(email, "b@example.com")}
	got := r.ask(tokens...)
	require.Equal(t, "a@example.com", string(got[0].Value))
	require.Equal(t, vaultpb.Outcome_OUTCOME_NOT_A_TOKEN, got[1].Outcome)
	require.Equal(t, "b@example.com", string(got[2].Value))
	entries := r.entries(audit.ActionReveal)
	require.Len(t, entries, 3)
	require.Equal(t, entries[0].Request, entries[2].Request, "entries of one call belong together")
	require.Empty(t, r.ask())
}

func TestPurpose(t *testing.T) {
	for _, c := range []struct {
		name, purpose string
		ok            bool
	}{
		{"an incident", "INC-42: customer asks, Zürich", true},
		{"the longest", strings.Repeat("ü", 512), true},
		{"none", "", false},
		{"blank", " \u00a0 ", false},
		{"two lines", "INC-42\nforged", false},
		{"a line separator", "INC-42\u2028forged", false},
		{"an escape", "INC-42\x1b[2J", false},
		{"too long", strings.Repeat("x", 513), false},
		{"not UTF-8", "INC\xff", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			tok := r.mint(email, "alice@example.com")
			for action, ask := range map[string]func() error{
				audit.ActionReveal: func() error {
					_, err := r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: c.purpose, Tokens: []string{tok}}))
					return err
				},
				audit.ActionLookup: func() error {
					_, err := r.reveal.Lookup(t.Context(), connect.NewRequest(&vaultpb.LookupRequest{
						Purpose: c.purpose, TokenClass: "email", Values: [][]byte{[]byte("alice@example.com")},
					}))
					return err
				},
				audit.ActionForget: func() error {
					_, err := r.admin.Forget(t.Context(), connect.NewRequest(&vaultpb.ForgetRequest{Purpose: c.purpose}))
					return err
				},
			} {
				err := ask()
				entries := r.entries(action)
				require.NotEmpty(t, entries, "%s: the refusal is recorded too", action)
				last := entries[len(entries)-1]
				if c.ok {
					require.NoError(t, err, action)
					require.Equal(t, c.purpose, last.Purpose)
					continue
				}
				require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), action)
				require.Equal(t, audit.OutcomeDenied, last.Outcome, action)
				require.Empty(t, last.Purpose)
			}
		})
	}
}

// TestNoAuditNoAnswer: what cannot be recorded is not answered, and not done.
func TestNoAuditNoAnswer(t *testing.T) {
	r := newRig(t)
	tok := r.mint(email, "alice@example.com")
	require.NoError(t, r.audit.Close())
	for name, ask := range map[string]func() (any, error){
		"reveal": func() (any, error) {
			return r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-1", Tokens: []string{tok}}))
		},
		"lookup": func() (any, error) {
			return r.reveal.Lookup(t.Context(), connect.NewRequest(&vaultpb.LookupRequest{Purpose: "INC-1", TokenClass: "email", Values: [][]byte{[]byte("alice@example.com")}}))
		},
		"forget": func() (any, error) {
			return r.admin.Forget(t.Context(), connect.NewRequest(&vaultpb.ForgetRequest{Purpose: "INC-1", Tokens: []string{tok}}))
		},
		"denial": func() (any, error) {
			return r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{}))
		},
	} {
		got, err := ask()
		require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err), name)
		require.Nil(t, got, name)
		require.NotContains(t, err.Error(), "alice")
	}
	_, _, err := r.store.Get(t.Context(), tok)
	require.NoError(t, err, "nothing was erased")
}

func TestStoreAway(t *testing.T) {
	r := newRig(t)
	tok := r.mint(email, "alice@example.com")
	require.NoError(t, r.store.Close())
	_, err := r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-1", Tokens: []string{tok}}))
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
	entries := r.entries(audit.ActionReveal)
	require.Equal(t, audit.OutcomeFailed, entries[len(entries)-1].Outcome)

	var b token.Batch
	_, err = r.issuer.Mint(nil, email, []byte("new@example.com"), &b)
	require.NoError(t, err)
	err = r.issuer.Commit(t.Context(), &b)
	require.ErrorIs(t, err, token.ErrUnavailable)
	require.NotContains(t, err.Error(), "new@")
}

func TestTooManyTokens(t *testing.T) {
	r := newRig(t)
	_, err := r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-1", Tokens: make([]string, 1001)}))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
}

// TestExpiry: the vault decides by its own clock, before anything is deleted and after.
func TestExpiry(t *testing.T) {
	r := newRig(t)
	tok := r.mint(email, "alice@example.com")
	r.clock.Add(epochLength + retention - time.Second)
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.ask(tok)[0].Outcome)
	r.clock.Add(time.Second)
	got := r.ask(tok)[0]
	require.Equal(t, vaultpb.Outcome_OUTCOME_EXPIRED, got.Outcome)
	require.Empty(t, got.Value)
	_, err := r.keys.Expire(r.clock.Now())
	require.NoError(t, err)
	require.Equal(t, vaultpb.Outcome_OUTCOME_EXPIRED, r.ask(tok)[0].Outcome)
}

func TestLookup(t *testing.T) {
	r := newRig(t)
	const alice = "alice@example.com"
	old := r.mint(email, alice)
	payments := r.mint(token.Class{Name: "email", Scope: "payments"}, alice)
	r.clock.Add(epochLength + time.Minute)
	current := r.mint(email, alice)
	require.NotEqual(t, old, current)
	oneWay := r.mint(token.Class{Name: "email", Scope: "default", Kind: token.OneWay}, alice)

	ask := func(scope, class string, values ...string) []*vaultpb.LookupResult {
		req := &vaultpb.LookupRequest{Purpose: "INC-7", Scope: scope, TokenClass: class}
		for _, v := range values {
			req.Values = append(req.Values, []byte(v))
		}
		res, err := r.reveal.Lookup(t.Context(), connect.NewRequest(req))
		require.NoError(t, err)
		return res.Msg.Results
	}
	escrowed := func(rs []*vaultpb.LookupResult) (out []string) {
		for _, res := range rs {
			if res.Escrowed {
				out = append(out, res.Token)
			}
		}
		return out
	}
	require.Equal(t, []string{current, old, payments}, escrowed(ask("", "email", alice)))
	require.Equal(t, []string{current, old}, escrowed(ask("default", "email", alice)))
	require.Empty(t, escrowed(ask("default", "email", "bob@example.com")))
	require.Empty(t, ask("nowhere", "email", alice))
	require.Empty(t, escrowed(ask("", "phone", alice)))
	all := ask("default", "email", "bob@example.com", alice)
	require.Len(t, all, 8, "two values, two epochs, two kinds")
	require.EqualValues(t, 0, all[0].Value)
	require.EqualValues(t, 1, all[4].Value)
	require.Equal(t, oneWay, all[5].Token)
	require.Equal(t, vaultpb.TokenKind_TOKEN_KIND_ONE_WAY, all[5].Kind)

	entries := r.entries(audit.ActionLookup)
	require.Equal(t, current, entries[0].Token, "the record names the token, not the value")
	require.Equal(t, "INC-7", entries[0].Purpose)
	r.requireAuditWithout("alice", "bob")
	_, err := r.reveal.Lookup(t.Context(), connect.NewRequest(&vaultpb.LookupRequest{Purpose: "INC-7", TokenClass: "Alice@example.com"}))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	require.NotContains(t, err.Error(), "Alice")
}

// TestLookupErased: an erased token is told from one that was never seen.
func TestLookupErased(t *testing.T) {
	r := newRig(t)
	gone, stays := r.mint(email, "alice@example.com"), r.mint(email, "bob@example.com")
	r.forget(&vaultpb.ForgetRequest{Tokens: []string{gone}})
	res, err := r.reveal.Lookup(t.Context(), connect.NewRequest(&vaultpb.LookupRequest{
		Purpose: "INC-7", TokenClass: "email", Values: [][]byte{[]byte("alice@example.com"), []byte("bob@example.com"), []byte("carol@example.com")},
	}))
	require.NoError(t, err)
	type state struct{ escrowed, erased bool }
	got := map[string]state{}
	for _, f := range res.Msg.Results {
		if f.Kind == vaultpb.TokenKind_TOKEN_KIND_ONE_WAY {
			require.False(t, f.Erased || f.Escrowed)
			continue
		}
		got[f.Token] = state{f.Escrowed, f.Erased}
	}
	require.Len(t, got, 3)
	require.Equal(t, state{erased: true}, got[gone])
	require.Equal(t, state{escrowed: true}, got[stays])
}
