package keyring

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestAuditPublic: the key that checks the audit log can be had beside the process that has the keyring open, from a
// directory that cannot be written, and without leaving a trace.
func TestAuditPublic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "k")
	k := open(t, dir, newClock())
	want := k.AuditKey().Public()
	before := names(t, dir)
	if got, err := AuditPublic(dir); err != nil || !got.Equal(want) {
		t.Fatalf("AuditPublic of an open keyring: %v, %v", got, err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := os.CopyFS(backup, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	chmod(t, filepath.Join(backup, rootFile), 0o444)
	chmod(t, backup, 0o555)
	t.Cleanup(func() { chmod(t, backup, 0o700) })
	if got, err := AuditPublic(backup); err != nil || !got.Equal(want) {
		t.Fatalf("AuditPublic of a backup: %v, %v", got, err)
	}
	if after := names(t, dir); !bytes.Equal(after, before) {
		t.Errorf("files before\n%s\nand after\n%s", before, after)
	}
}

func names(t *testing.T, dir string) []byte {
	t.Helper()
	var b []byte
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		b = append(append(b, path...), '\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAuditPublicWithoutRoot(t *testing.T) {
	dir := t.TempDir()
	if _, err := AuditPublic(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no root key: %v", err)
	}
	if left := names(t, dir); string(left) != ".\n" {
		t.Errorf("it left %s", left)
	}
	if err := os.WriteFile(filepath.Join(dir, rootFile), []byte(rootHeader+"AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := AuditPublic(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("half a root key: %v", err)
	}
}
