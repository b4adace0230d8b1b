package server_test

import (
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func (r *rig) forget(req *vaultpb.ForgetRequest) *vaultpb.ForgetResponse {
	r.t.Helper()
	req.Purpose = "erasure request 7"
	res, err := r.admin.Forget(r.t.Context(), connect.NewRequest(req))
	require.NoError(r.t, err)
	return res.Msg
}

func TestForgetToken(t *testing.T) {
	r := newRig(t)
	gone, stays := r.mint(email, "alice@example.com"), r.mint(email, "bob@example.com")
	res := r.forget(&vaultpb.ForgetRequest{Tokens: []string{gone}})
	require.EqualValues(t, 1, res.Erased)
	require.Equal(t, vaultpb.Outcome_OUTCOME_ERASED, r.ask(gone)[0].Outcome)
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.ask(stays)[0].Outcome)

	_, err := r.admin.Forget(t.Context(), connect.NewRequest(&vaultpb.ForgetRequest{Purpose: "x", Tokens: []string{stays, "carol@example.com"}}))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	require.NotContains(t, err.Error(), "carol")
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.ask(stays)[0].Outcome, "all or nothing")
	entries := r.entries(audit.ActionForget)
	require.Equal(t, []string{audit.OutcomeRequested, audit.OutcomeOK, audit.OutcomeDenied},
		[]string{entries[0].Outcome, entries[1].Outcome, entries[2].Outcome})
	r.requireAuditWithout("alice", "carol")
}

// TestForgetValue erases a value everywhere; a writer that comes late, or again, does not bring it back.
func TestForgetValue(t *testing.T) {
	r := newRig(t)
	const alice = "alice@example.com"
	old := r.mint(email, alice)
	elsewhere := r.mint(token.Class{Name: "email", Scope: "payments"}, alice)
	r.clock.Add(epochLength + time.Minute)
	late := client.New(r.issuing, client.Settings{Now: r.clock.Now})
	defer late.Close()
	var b token.Batch
	current, err := late.Mint(nil, email, []byte(alice), &b)
	require.NoError(t, err)
	bob := r.mint(email, "bob@example.com")

	res := r.forget(&vaultpb.ForgetRequest{Values: []*vaultpb.ForgetValue{{TokenClass: "email", Value: []byte(alice)}}})
	require.EqualValues(t, 2, res.Erased, "the current one had not come yet")
	require.GreaterOrEqual(t, res.Tombstones, uint64(3), "and one more where the other scope has begun its next epoch")
	require.NoError(t, late.Commit(t.Context(), &b), "a late commit is taken, and passed over")
	for _, tok := range []string{old, elsewhere, string(current), r.mint(email, alice)} {
		require.Equal(t, vaultpb.Outcome_OUTCOME_ERASED, r.ask(tok)[0].Outcome)
	}
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.ask(bob)[0].Outcome)
	r.requireAuditWithout("alice")
	r.requireAuditWhole()
}

func TestForgetInOneScope(t *testing.T) {
	r := newRig(t)
	here, there := r.mint(email, "alice@example.com"), r.mint(token.Class{Name: "email", Scope: "payments"}, "alice@example.com")
	r.forget(&vaultpb.ForgetRequest{Values: []*vaultpb.ForgetValue{{TokenClass: "email", Scope: "payments", Value: []byte("alice@example.com")}}})
	require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.ask(here)[0].Outcome)
	require.Equal(t, vaultpb.Outcome_OUTCOME_ERASED, r.ask(there)[0].Outcome)
}

func TestStatusAndVerify(t *testing.T) {
	r := newRig(t)
	tok := r.mint(email, "alice@example.com")
	r.ask(tok)
	r.forget(&vaultpb.ForgetRequest{Tokens: []string{tok}})
	res, err := r.admin.Status(t.Context(), connect.NewRequest(&vaultpb.StatusRequest{}))
	require.NoError(t, err)
	require.Zero(t, res.Msg.Records)
	require.EqualValues(t, 1, res.Msg.Tombstones)
	require.Len(t, res.Msg.Epochs, 1)
	require.Equal(t, tok[len("tkt_email_"):][:5], res.Msg.Epochs[0].Kid)
	require.Equal(t, r.audit.Head().Sequence, res.Msg.Audit.Sequence)

	v, err := r.admin.VerifyAudit(t.Context(), connect.NewRequest(&vaultpb.VerifyAuditRequest{}))
	require.NoError(t, err)
	require.True(t, v.Msg.Intact, v.Msg.Faults)
	require.EqualValues(t, r.audit.Head().Sequence, v.Msg.Entries)
}
