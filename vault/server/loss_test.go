package server_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// TestNoRevealWithoutItsLog moves the audit log away under a running vault: a record written into the moved file is in
// no log that anybody reads, so nothing may be revealed.
func TestNoRevealWithoutItsLog(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"deleted":  os.Remove,
		"moved":    func(path string) error { return os.Rename(path, path+".1") },
		"replaced": func(path string) error { return os.Rename(path+".head", path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := vaultDir(t)
			v, err := server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
			require.NoError(t, err)
			defer func() { require.Error(t, v.Close(context.Background()), "closing must report it too") }()
			tokens := commit(t, v, "alice@example.com")
			ask := connect.NewRequest(&vaultpb.RevealRequest{Purpose: "a test", Tokens: tokens})
			_, err = v.Reveal().Reveal(t.Context(), ask)
			require.NoError(t, err)
			require.NoError(t, take(server.AuditPath(dir)))
			_, err = v.Reveal().Reveal(t.Context(), ask)
			require.Error(t, err)
		})
	}
}

// TestHistoryThatLostAnEpochIsRefused empties the key history of a vault that has records.
func TestHistoryThatLostAnEpochIsRefused(t *testing.T) {
	dir := vaultDir(t)
	v, err := server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
	require.NoError(t, err)
	commit(t, v, "alice@example.com")
	require.NoError(t, v.Close(context.Background()))
	require.NoError(t, os.Truncate(filepath.Join(dir, "keys", "history"), 0))
	_, err = server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
	require.ErrorIs(t, err, keyring.ErrDamaged)
	require.ErrorContains(t, err, "history")
}

// TestLostStoreIsRefused: an empty store in the place of the one whose keys are there.
func TestLostStoreIsRefused(t *testing.T) {
	dir := vaultDir(t)
	v, err := server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
	require.NoError(t, err)
	commit(t, v, "alice@example.com")
	require.NoError(t, v.Close(context.Background()))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "store")))
	_, err = server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
	require.ErrorIs(t, err, pebble.ErrMissing)
}

// damagedStore does not read one of its records.
type damagedStore struct {
	store.Store
	token string
}

func (s damagedStore) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	if tok == s.token {
		return store.Record{}, store.Session{}, store.ErrDamaged
	}
	return s.Store.Get(ctx, tok)
}

// TestDamagedRecordFailsAlone: the tokens beside it are revealed.
func TestDamagedRecordFailsAlone(t *testing.T) {
	r := newRig(t)
	first, second := r.mint(email, "alice@example.com"), r.mint(email, "bob@example.com")
	r.core.Store = damagedStore{r.store, first}
	answer, err := r.reveal.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "a test", Tokens: []string{first, second}}))
	require.NoError(t, err)
	require.Equal(t, vaultpb.Outcome_OUTCOME_FAILED, answer.Msg.Results[0].Outcome)
	require.Empty(t, answer.Msg.Results[0].Value)
	require.Equal(t, "bob@example.com", string(answer.Msg.Results[1].Value))
}

// TestEmptiedAuditLogIsNoticed empties log and head together, which leaves nothing to compare.
func TestEmptiedAuditLogIsNoticed(t *testing.T) {
	dir := vaultDir(t)
	v, err := server.Open(server.Settings{Directory: dir, Store: pebble.Options{MinFree: 1}})
	require.NoError(t, err)
	require.NoError(t, v.Close(context.Background()))
	path := server.AuditPath(dir)
	require.NoError(t, os.Truncate(path, 0))
	require.NoError(t, os.Truncate(audit.HeadPath(path), 0))
	v = openVault(t, server.Settings{Directory: dir})
	answer, err := v.Admin().VerifyAudit(t.Context(), connect.NewRequest(&vaultpb.VerifyAuditRequest{}))
	require.NoError(t, err)
	require.False(t, answer.Msg.GetIntact())
}

// TestLogWithoutItsStartIsNoticed: a log that is whole and yet not from the beginning.
func TestLogWithoutItsStartIsNoticed(t *testing.T) {
	r := newRig(t)
	r.mint(email, "alice@example.com")
	_, err := r.audit.Append(t.Context(), audit.Event{Actor: "vault", Action: audit.ActionStarted, Outcome: audit.OutcomeOK})
	require.NoError(t, err)
	report, err := server.VerifyAudit(t.Context(), filepath.Dir(r.auditPath), r.audit.PublicKey())
	require.NoError(t, err)
	require.False(t, report.Intact())
}

// TestPurposesSaySomething refuses purposes that an auditor could not read.
func TestPurposesSaySomething(t *testing.T) {
	v := openVault(t, server.Settings{Directory: vaultDir(t)})
	tokens := commit(t, v, "alice@example.com")
	for name, purpose := range map[string]string{
		"zero width":        "\u200b",
		"turned around":     "INC-1 \u202edetcefni",
		"isolated":          "\u2066INC-1",
		"punctuation alone": "--",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := v.Reveal().Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: purpose, Tokens: tokens}))
			require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
		})
	}
	_, err := v.Reveal().Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "Störung Nr.\u00a042", Tokens: tokens}))
	require.NoError(t, err)
}
