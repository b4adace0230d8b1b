package audit

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// faultyFile writes half and fails while full; its syncs fail while broken.
type faultyFile struct {
	file
	full, broken bool
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if f.full {
		n, _ := f.file.WriteAt(p[:len(p)/2], off)
		return n, syscall.ENOSPC
	}
	return f.file.WriteAt(p, off)
}

func (f *faultyFile) Sync() error {
	if f.broken {
		return syscall.EIO
	}
	return f.file.Sync()
}

// TestRemovedUnderneath: what is recorded in a file that nobody can find is not recorded.
func TestRemovedUnderneath(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"removed": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".away") },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".away"), os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.log")
			l, err := Open(path, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
			require.NoError(t, err)
			ev := Event{Actor: "uid:1", Action: ActionReveal, Outcome: OutcomeOK}
			_, err = l.Append(t.Context(), ev)
			require.NoError(t, err)
			require.NoError(t, damage(path))
			_, err = l.Append(t.Context(), ev)
			require.ErrorIs(t, err, ErrUnavailable)
			require.NoError(t, l.Close())
		})
	}
}

func TestDiskFaults(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	path := filepath.Join(t.TempDir(), "audit.log")
	l, err := Open(path, key)
	require.NoError(t, err)
	f := &faultyFile{file: l.file}
	l.file = f
	ev := Event{Actor: "uid:1", Action: ActionReveal, Outcome: OutcomeOK}
	add := func() error { _, err := l.Append(context.Background(), ev); return err }
	require.NoError(t, add())

	f.full = true
	err = add()
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorIs(t, err, syscall.ENOSPC)
	f.full = false
	require.NoError(t, add(), "with room again it goes on")
	r, err := l.Verify(t.Context())
	require.NoError(t, err)
	require.True(t, r.Intact(), r.Faults)
	require.EqualValues(t, 2, r.Entries)

	f.broken = true
	require.ErrorIs(t, add(), ErrUnavailable)
	f.broken = false
	require.ErrorIs(t, add(), ErrUnavailable, "after a failed fsync nobody knows what is on disk")
	require.NoError(t, l.Close())
	l, err = Open(path, key)
	require.NoError(t, err)
	require.NoError(t, add())
	require.NoError(t, l.Close())
	r, err = Verify(t.Context(), path, key.Public().(ed25519.PublicKey))
	require.NoError(t, err)
	require.True(t, r.Intact(), r.Faults)
}
