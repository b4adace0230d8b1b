package keyring

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// TestCloseUnlocksWhateverIsLeftOpen: between fork and exec a child has the lock file open, too. Close gives the lock back
// nevertheless.
func TestCloseUnlocksWhateverIsLeftOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "k")
	k := open(t, dir, newClock())
	left := dupOf(t, filepath.Join(dir, lockFile))
	defer syscall.Close(left)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, newClock())
}

// dupOf duplicates this process's descriptor of the file.
func dupOf(t *testing.T, path string) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, e := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || to != path {
			continue
		}
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		left, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		return left
	}
	t.Fatalf("nothing has %s open", path)
	return -1
}
