package server_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/server"
)

// contents are the files of a directory with what they hold.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	}))
	return all
}

// TestVerifyAuditChangesNothing: of a stopped vault, and of a running one.
func TestVerifyAuditChangesNothing(t *testing.T) {
	dir := vaultDir(t)
	v := openVault(t, server.Settings{Directory: dir})
	commit(t, v, "alice@example.com")
	r, err := server.VerifyAudit(t.Context(), dir, nil)
	require.NoError(t, err, "no lock is needed")
	require.True(t, r.Intact(), r.Faults)
	require.NoError(t, v.Close(t.Context()))

	before := contents(t, dir)
	r, err = server.VerifyAudit(t.Context(), dir, nil)
	require.NoError(t, err)
	require.True(t, r.Intact(), r.Faults)
	require.EqualValues(t, 3, r.Entries, "keys created, epoch begun, stopped")
	require.Equal(t, before, contents(t, dir))
}

func TestVerifyAuditFinds(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(log, head string) error
		want string
	}{
		"truncated":         {func(log, _ string) error { return os.Truncate(log, 0) }, "truncated: it ends at entry 0"},
		"missing":           {func(log, _ string) error { return os.Remove(log) }, "it is missing"},
		"emptied with head": {func(log, head string) error { _ = os.Remove(head); return os.Truncate(log, 0) }, "it is empty"},
		"half a line added": {func(log, _ string) error {
			f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString(`{"seq":`)
			return err
		}, "not an audit entry"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := vaultDir(t)
			require.NoError(t, openVault(t, server.Settings{Directory: dir}).Close(t.Context()))
			require.NoError(t, c.harm(server.AuditPath(dir), audit.HeadPath(server.AuditPath(dir))))
			before := contents(t, dir)
			r, err := server.VerifyAudit(t.Context(), dir, nil)
			require.NoError(t, err)
			require.Contains(t, fmt.Sprint(r.Faults), c.want)
			require.Equal(t, before, contents(t, dir), "what is wrong stays as it is")
		})
	}
}

// TestVerifyAuditKey: the key is the one given, or the root key's; never one that came with the log.
func TestVerifyAuditKey(t *testing.T) {
	dir := vaultDir(t)
	require.NoError(t, openVault(t, server.Settings{Directory: dir}).Close(t.Context()))
	other, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	r, err := server.VerifyAudit(t.Context(), dir, other)
	require.NoError(t, err)
	require.False(t, r.Intact())

	require.True(t, server.IsVault(dir))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "keys")))
	require.False(t, server.IsVault(dir))
	_, err = server.VerifyAudit(t.Context(), dir, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
}
