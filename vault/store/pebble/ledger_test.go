package pebble_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

// TestRemovedUnderneath: once the files are gone nothing is acknowledged, not even what is known already.
func TestRemovedUnderneath(t *testing.T) {
	for name, remove := range map[string]func(t *testing.T, dir string){
		"removed":     func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(dir)) },
		"moved":       func(t *testing.T, dir string) { require.NoError(t, os.Rename(dir, dir+".away")) },
		"log removed": func(t *testing.T, dir string) { require.NoError(t, os.Remove(newest(t, dir, "*.log"))) },
		"exchanged": func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(dir, dir+".away"))
			require.NoError(t, os.CopyFS(dir, os.DirFS(dir+".away")))
		},
	} {
		for _, known := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/known=%t", name, known), func(t *testing.T) {
				t.Parallel()
				dir := filepath.Join(t.TempDir(), "store")
				s := open(t, dir, pebble.Options{MinFree: 1})
				n := storetest.Session(1, 1)
				require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 5)))
				remove(t, dir)
				first := 5
				if known {
					first = 0
				}
				err := s.Put(t.Context(), []store.Session{n}, storetest.Records(n, first, 5))
				require.ErrorIs(t, err, store.ErrUnavailable)
				if name == "removed" || name == "moved" {
					time.Sleep(1200 * time.Millisecond) // a second attempt to reopen
					require.ErrorIs(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 5, 5)), store.ErrUnavailable)
					require.NoDirExists(t, dir, "no new store in its place")
				}
				require.NoError(t, s.Close())
			})
		}
	}
}

func newest(t *testing.T, dir, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names[len(names)-1]
}

// TestDamage: a store that is not whole is refused and left as it is.
func TestDamage(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"manifest cut":            func(t *testing.T, dir string) { require.NoError(t, os.Truncate(newest(t, dir, "MANIFEST-*"), 60)) },
		"manifest empty":          func(t *testing.T, dir string) { require.NoError(t, os.Truncate(newest(t, dir, "MANIFEST-*"), 0)) },
		"manifest flipped early":  func(t *testing.T, dir string) { flip(t, newest(t, dir, "MANIFEST-*"), 20) },
		"manifest flipped late":   func(t *testing.T, dir string) { flip(t, newest(t, dir, "MANIFEST-*"), -5) },
		"manifest missing":        func(t *testing.T, dir string) { require.NoError(t, os.Remove(newest(t, dir, "MANIFEST-*"))) },
		"manifest marker missing": func(t *testing.T, dir string) { require.NoError(t, os.Remove(newest(t, dir, "marker.manifest.*"))) },
		"table missing":           func(t *testing.T, dir string) { require.NoError(t, os.Remove(newest(t, dir, "*.sst"))) },
		"ledger missing":          func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "STORE"))) },
		"ledger empty":            func(t *testing.T, dir string) { require.NoError(t, os.Truncate(filepath.Join(dir, "STORE"), 0)) },
		"ledger flipped":          func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "STORE"), 50) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := pebble.Options{MinFree: 1, MemTableSize: 64 << 10}
			s := open(t, dir, o)
			fill(t, s, 0)
			fill(t, s, 1)
			require.NoError(t, s.Close())
			s = open(t, dir, o) // writes tables
			require.NoError(t, s.Close())
			damage(t, dir)
			before := tables(t, dir)
			require.NotEmpty(t, before)
			_, err := pebble.Open(dir, o)
			require.ErrorIs(t, err, store.ErrUnavailable)
			if name != "table missing" { // Pebble finds that by itself
				require.ErrorIs(t, err, pebble.ErrDamaged)
			}
			require.NotContains(t, err.Error(), "\n")
			require.Equal(t, before, tables(t, dir), "something was deleted")
		})
	}
}

// TestMustExist: where a store was, none is made.
func TestMustExist(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	_, err := pebble.Open(dir, pebble.Options{MustExist: true})
	require.ErrorIs(t, err, pebble.ErrMissing)
	require.NoError(t, open(t, dir, pebble.Options{}).Close())
	require.NoError(t, open(t, dir, pebble.Options{MustExist: true}).Close())
}

// TestDamagedFirstLog: a byte flipped in the middle of the log of a process that was killed is noticed, in the first
// life of a store as in any other.
func TestDamagedFirstLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, pebble.Options{MinFree: 1})
	n := storetest.Session(1, 1)
	for i := range 50 { // all in the first log
		rs := storetest.Records(n, 10*i, 10)
		for j := range rs {
			rs[j].Sealed = fmt.Appendf(rs[j].Sealed, "%0200d", i)
		}
		require.NoError(t, s.Put(t.Context(), []store.Session{n}, rs))
	}
	killed := filepath.Join(t.TempDir(), "store")
	require.NoError(t, os.CopyFS(killed, os.DirFS(dir)))
	require.NoError(t, s.Close())
	raw, err := os.ReadFile(newest(t, killed, "*.log"))
	require.NoError(t, err)
	written := len(bytes.TrimRight(raw, "\x00")) // it is longer: room is taken ahead
	require.Greater(t, written, 100_000)
	flip(t, newest(t, killed, "*.log"), int64(written/2))
	_, err = pebble.Open(killed, pebble.Options{MinFree: 1})
	require.ErrorIs(t, err, store.ErrDamaged)
}

// flip flips a bit of a file at an offset, from its end when negative.
func flip(t *testing.T, path string, at int64) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	if at < 0 {
		at += int64(len(raw))
	}
	raw[at] ^= 1
	require.NoError(t, os.WriteFile(path, raw, 0o600))
}

func tables(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, path := range files(t, dir) {
		if strings.HasSuffix(path, ".sst") || strings.HasSuffix(path, ".log") {
			names = append(names, path)
		}
	}
	return names
}

// TestDamagedTable: what a damaged block does not hold still reads, and what it holds says in a line that it is damaged.
func TestDamagedTable(t *testing.T) {
	dir := t.TempDir()
	o := pebble.Options{MinFree: 1, MemTableSize: 64 << 10}
	s := open(t, dir, o)
	n := storetest.Session(1, 1)
	for i := range 40 {
		rs := storetest.Records(n, 10*i, 10)
		for j := range rs {
			rs[j].Sealed = fmt.Appendf(rs[j].Sealed, "%0200d", i)
		}
		require.NoError(t, s.Put(t.Context(), []store.Session{n}, rs))
	}
	require.NoError(t, s.Close())
	require.NoError(t, open(t, dir, o).Close())
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	require.NoError(t, err)
	big := ""
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Size() > 8<<10 {
			big = name
		}
	}
	require.NotEmpty(t, big)
	flip(t, big, 3000)
	s = open(t, dir, o)
	read, damaged := 0, 0
	for i := range 400 {
		_, _, err := s.Get(t.Context(), storetest.Record(n, i).Token)
		if err == nil {
			read++
			continue
		}
		require.ErrorIs(t, err, store.ErrDamaged)
		require.NotContains(t, err.Error(), "\n")
		damaged++
	}
	require.NotZero(t, read)
	require.NotZero(t, damaged)
	require.NoError(t, s.Close())
}
