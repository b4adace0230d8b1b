package pebble_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
)

// TestFilesArePrivate: every file of a store is its owner's alone, also one that was left open to others.
func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	for round := range 2 {
		s := open(t, dir, pebble.Options{MinFree: 1, MemTableSize: 64 << 10})
		fill(t, s, round)
		requirePrivate(t, dir)
		require.NoError(t, s.Close())
		requirePrivate(t, dir)
		for _, path := range files(t, dir) {
			require.NoError(t, os.Chmod(path, 0o644))
		}
	}
	s := open(t, dir, pebble.Options{MinFree: 1})
	requirePrivate(t, dir)
	require.NoError(t, s.Close())
}

// fill puts records enough for logs to be cut and tables to be written.
func fill(t *testing.T, s store.Store, round int) {
	t.Helper()
	at := time.Now().Add(time.Hour)
	session := store.Session{ID: [16]byte{byte(round)}, Suite: 1, Enc: []byte("enc"), Expires: at}
	for n := range 8 {
		var records []store.Record
		for m := range 100 {
			id := token.Identity([]byte(fmt.Sprintf("%04d%04d%06d", round, n, m)))
			records = append(records, store.Record{
				Token: token.Token{Class: "email", Identity: id}.String(), Scope: "default", Session: session.ID, Expires: at, Sealed: make([]byte, 200),
			})
		}
		require.NoError(t, s.Put(t.Context(), []store.Session{session}, records))
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	}))
	require.Greater(t, len(paths), 4)
	return paths
}

func requirePrivate(t *testing.T, dir string) {
	t.Helper()
	for _, path := range files(t, dir) {
		info, err := os.Stat(path)
		if os.IsNotExist(err) {
			continue // compacted away meanwhile
		}
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), path)
	}
}
