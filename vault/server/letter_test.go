package server_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

var letterKey = []byte("a key of letters")

// newLetters is a vault whose rules name a replayer for topics orders.* in the scope default.
func newLetters(t testing.TB) (*rig, *server.Letter) {
	r := newRig(t)
	rules := *fleetRules
	rules.Replayers = []server.ReplayerRule{{ID: "replayer", Topics: []string{"orders.*"}, Scopes: []string{"default"}}}
	require.NoError(t, rules.Validate())
	r.core.SetRules(&rules)
	return r, server.NewLetter(r.core)
}

// letter is a letter about a record, sealed as an agent seals it.
func (r *rig) letter(scope, topic string, offset int64) *vaultpb.SealedLetter {
	r.t.Helper()
	sealed, err := r.issuer.SealLetter(scope, escrow.Place{Topic: topic, Offset: offset}, letterKey)
	require.NoError(r.t, err)
	return &vaultpb.SealedLetter{Sealed: sealed, Topic: topic, Offset: offset}
}

func openLetters(ctx context.Context, s *server.Letter, purpose string, letters ...*vaultpb.SealedLetter) ([]*vaultpb.OpenedLetter, error) {
	res, err := s.OpenLetters(ctx, connect.NewRequest(&vaultpb.OpenLettersRequest{Purpose: purpose, Letters: letters}))
	if err != nil {
		return nil, err
	}
	return res.Msg.Letters, nil
}

// TestLettersByRule: each letter has its outcome, and its entry in the log.
func TestLettersByRule(t *testing.T) {
	r, s := newLetters(t)
	moved := r.letter("default", "orders.eu", 7)
	moved.Offset = 8
	changed := r.letter("default", "orders.eu", 9)
	changed.Sealed[len(changed.Sealed)-1] ^= 1
	foreign := r.letter("default", "orders.eu", 10)
	foreign.Sealed[5] ^= 0xff // the last byte of the key id: what comes of it is one, too
	claimed := r.letter("default", "payroll", 11)
	claimed.Topic = "orders.eu"
	for _, tt := range []struct {
		name    string
		caller  string
		letter  *vaultpb.SealedLetter
		outcome vaultpb.LetterOutcome
		reason  string
		place   string
	}{
		{"allowed", "replayer", r.letter("default", "orders.eu", 1), vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED, "", "orders.eu/0/1"},
		{"another topic", "replayer", r.letter("default", "payroll", 2), vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED, "no rule lets it", "payroll/0/2"},
		{"no topic", "replayer", r.letter("default", "", -1), vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED, "no rule lets it", "/0/-1"},
		{"another scope", "replayer", r.letter("payments", "orders.eu", 3), vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED, "no rule lets it", "orders.eu/0/3"},
		{"moved to another offset", "replayer", moved, vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "does not open", ""},
		{"changed", "replayer", changed, vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "does not open", ""},
		{"said to be of a topic that is allowed", "replayer", claimed, vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "does not open", ""},
		{"of another vault", "replayer", foreign, vaultpb.LetterOutcome_LETTER_OUTCOME_FOREIGN, "unknown key id", ""},
		{"empty", "replayer", &vaultpb.SealedLetter{Topic: "orders.eu"}, vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "form", ""},
		{"a topic that is none", "replayer", &vaultpb.SealedLetter{Sealed: changed.Sealed, Topic: "zoe@example.com"}, vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "form", ""},
		{"the vault's own user", "", r.letter("payments", "payroll", 4), vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED, "", "payroll/0/4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := t.Context()
			if tt.caller != "" {
				ctx = r.as(tt.caller)
			}
			got, err := openLetters(ctx, s, "INC-42", tt.letter)
			require.NoError(t, err)
			require.Equal(t, tt.outcome, got[0].Outcome)
			last := r.entries(audit.ActionLetter)
			e := last[len(last)-1]
			require.Equal(t, got[0].AuditSequence, e.Sequence)
			require.Equal(t, "INC-42", e.Purpose)
			require.Equal(t, tt.place, e.Letter, "what is not verified is not on record")
			if tt.outcome == vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED {
				require.Equal(t, letterKey, got[0].Key)
				require.Equal(t, audit.OutcomeOK, e.Outcome)
				return
			}
			require.Empty(t, got[0].Key)
			require.Equal(t, audit.OutcomeDenied, e.Outcome)
			require.Contains(t, e.Reason, tt.reason)
			require.Equal(t, tt.caller, e.Actor)
			require.NotEmpty(t, e.Certificate)
		})
	}
	r.requireAuditWhole()
	r.requireAuditWithout(string(letterKey), "zoe@")
}

// TestLettersRefused as whole calls: nothing is opened, and it is on record.
func TestLettersRefused(t *testing.T) {
	r, s := newLetters(t)
	good := r.letter("default", "orders.eu", 1)
	many := make([]*vaultpb.SealedLetter, 101)
	for n := range many {
		many[n] = good
	}
	large := &vaultpb.SealedLetter{Sealed: make([]byte, escrow.MaxLetterKey+1), Topic: "orders.eu"}
	for _, tt := range []struct {
		name, caller, purpose string
		letters               []*vaultpb.SealedLetter
		code                  connect.Code
		action, reason        string
	}{
		{"who reveals all classes", "support", "INC-42", many[:1], connect.CodePermissionDenied, audit.ActionRefused, "open dead letters"},
		{"who sealed it", web, "INC-42", many[:1], connect.CodePermissionDenied, audit.ActionRefused, "open dead letters"},
		{"nobody", "stranger", "INC-42", many[:1], connect.CodePermissionDenied, audit.ActionRefused, "open dead letters"},
		{"without a purpose", "replayer", " ", many[:1], connect.CodeInvalidArgument, audit.ActionLetter, "a purpose is mandatory"},
		{"more than may be", "replayer", "INC-42", many, connect.CodeInvalidArgument, audit.ActionLetter, "101 letters at once, at most 100"},
		{"more than a key", "replayer", "INC-42", []*vaultpb.SealedLetter{good, large}, connect.CodeInvalidArgument, audit.ActionLetter, "letters[1].sealed: 4097 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := openLetters(r.as(tt.caller), s, tt.purpose, tt.letters...)
			require.Equal(t, tt.code, connect.CodeOf(err), err)
			last := r.entries(tt.action)
			require.NotEmpty(t, last)
			e := last[len(last)-1]
			require.Equal(t, tt.caller, e.Actor)
			require.Equal(t, audit.OutcomeDenied, e.Outcome)
			require.Contains(t, e.Reason, tt.reason)
		})
	}
	require.NoError(t, r.keys.RevokeAgent("replayer"))
	_, err := openLetters(r.as("replayer"), s, "INC-42", good)
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "who is revoked")
	for _, e := range r.entries(audit.ActionLetter) {
		require.NotEqual(t, audit.OutcomeOK, e.Outcome)
	}
}

// TestLettersAcrossEpochs: letters of earlier epochs open until their retention ends, also where their key was revoked.
func TestLettersAcrossEpochs(t *testing.T) {
	r, s := newLetters(t)
	kidOf := func(l *vaultpb.SealedLetter) token.Kid {
		kid, err := escrow.LetterKid(l.Sealed)
		require.NoError(t, err)
		return kid
	}
	first := r.letter("default", "orders.eu", 1)
	require.Equal(t, kidOf(first), kidOf(r.letter("default", "orders.eu", 2)))
	r.clock.Add(epochLength)
	second := r.letter("default", "orders.eu", 3)
	require.NotEqual(t, kidOf(first), kidOf(second))
	_, err := r.admin.Revoke(t.Context(), connect.NewRequest(&vaultpb.RevokeRequest{Purpose: "stolen", What: &vaultpb.RevokeRequest_Kid{Kid: kidOf(second).String()}}))
	require.NoError(t, err)
	outcomes := func() (out []vaultpb.LetterOutcome) {
		got, err := openLetters(r.as("replayer"), s, "INC-42", first, second)
		require.NoError(t, err)
		for _, l := range got {
			out = append(out, l.Outcome)
		}
		return out
	}
	const opened, expired = vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED, vaultpb.LetterOutcome_LETTER_OUTCOME_EXPIRED
	require.Equal(t, []vaultpb.LetterOutcome{opened, opened}, outcomes())
	require.Eventually(t, func() bool { return kidOf(r.letter("default", "orders.eu", 4)) != kidOf(second) }, 10*time.Second, 10*time.Millisecond, "a revoked key seals no more")
	r.clock.Add(retention)
	require.Equal(t, []vaultpb.LetterOutcome{expired, opened}, outcomes())
	_, err = r.keys.Expire(r.clock.Now())
	require.NoError(t, err)
	require.Equal(t, []vaultpb.LetterOutcome{expired, opened}, outcomes(), "and when the key is destroyed")
}

// TestLettersWithoutAuditLog: what cannot be recorded is not opened.
func TestLettersWithoutAuditLog(t *testing.T) {
	r, s := newLetters(t)
	good := r.letter("default", "orders.eu", 1)
	require.NoError(t, r.audit.Close())
	got, err := openLetters(r.as("replayer"), s, "INC-42", good)
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
	require.Empty(t, got)
}

// FuzzOpenLetters asks as a replayer, and as an agent.
func FuzzOpenLetters(f *testing.F) {
	r, s := newLetters(f)
	mine, theirs := r.letter("default", "orders.eu", 1), r.letter("payments", "orders.eu", 2)
	valid := &vaultpb.OpenLettersRequest{Purpose: "INC-42", Letters: []*vaultpb.SealedLetter{mine, theirs}}
	seeds(f, valid, &vaultpb.OpenLettersRequest{Letters: valid.Letters}, &vaultpb.OpenLettersRequest{Purpose: "x", Letters: []*vaultpb.SealedLetter{{}, {Topic: secret}}},
		&vaultpb.OpenLettersRequest{Purpose: "x", Letters: []*vaultpb.SealedLetter{{Sealed: mine.Sealed, Topic: "orders.eu", Offset: 2}, {Sealed: mine.Sealed[:60]}}})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			got, err := openLetters(caller("replayer"), s, m.Purpose, m.Letters...)
			requireTyped(t, err)
			require.LessOrEqual(t, len(got), 100)
			for n, l := range got {
				if len(l.Key) > 0 || l.Outcome == vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED {
					require.True(t, bytes.Equal(mine.Sealed, m.Letters[n].Sealed) && m.Letters[n].Topic == mine.Topic && m.Letters[n].Offset == mine.Offset,
						"one letter is the caller's to open")
					require.Equal(t, letterKey, l.Key)
				}
			}
			_, err = openLetters(caller(web), s, m.Purpose, m.Letters...)
			require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
			requireTyped(t, err)
		}
	})
}
