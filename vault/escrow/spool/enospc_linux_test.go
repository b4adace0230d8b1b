package spool

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// TestDiskFull runs on a disk that is smaller than the spool may be: full is full, and room comes back by itself.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=0700"); err != nil {
		t.Skip("needs the right to mount a small disk: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s, err := Open(Settings{Directory: filepath.Join(dir, "spool"), MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	k := &sink{refused: func(tok string) vaultpb.Refusal {
		if tok == "1-7" {
			return vaultpb.Refusal_REFUSAL_DENIED // which there is no room to set aside
		}
		return 0
	}}
	var want []string
	for n := 0; ; n++ {
		if err = s.Append(context.Background(), batch(fmt.Sprint(n), 20)); err != nil {
			break
		}
		want = append(want, names(fmt.Sprint(n), 20)...)
	}
	if !errors.Is(err, ErrFull) || !errors.Is(err, syscall.ENOSPC) || len(want) < 100 {
		t.Fatalf("after %d records: %v", len(want), err)
	}
	s.serve(t, k)
	eventually(t, "room again", func() bool { return s.Append(context.Background(), batch("after", 20)) == nil })
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(append(want, names("after", 20)...), func(tok string) bool { return tok == "1-7" })
	same(t, k.tokens(), want)

	k.refused, k.taken = nil, nil
	if s, err = Open(s.settings); err != nil {
		t.Fatal(err)
	}
	s.serve(t, k)
	eventually(t, "the denied one is taken", func() bool { return slices.Contains(k.tokens(), "1-7") })
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}
