package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	lockFile  = "lock"
	temporary = ".tmp"
	pending   = ".new" // of a secret that the history does not know yet

	// Nothing in a keyring is bigger: a history line is below 512 bytes (3 KiB when it names an agent), and there are
	// at most 3.2 million epochs.
	maxFile = 1 << 32
)

// makePrivateDir makes dir with mode 0700, durably, or checks that it is one that only its owner may enter.
func makePrivateDir(dir string) error {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return makeDir(dir)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o: %w: only its owner may enter it, run: chmod 700 %s", dir, mode, ErrPermissions, dir)
	}
	return nil
}

// makeDir makes dir and the parents it lacks, each of them durable: a key is no safer than the path to it.
func makeDir(dir string) error {
	parent := filepath.Dir(dir)
	if _, err := os.Stat(parent); errors.Is(err, fs.ErrNotExist) {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	return syncDir(parent)
}

// readPrivate reads a file that only its owner may read or write.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s: not a file of a keyring: %w", path, ErrDamaged)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s has mode %04o: %w: only its owner may read it, run: chmod 600 %s", path, mode, ErrPermissions, path)
	}
	return io.ReadAll(f)
}

// writePrivate makes a new file whole or not at all, and durable: file and directory are synced.
func writePrivate(path string, data []byte) error {
	f, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		return errors.Join(err, destroyFile(path+temporary))
	}
	return syncDir(filepath.Dir(path))
}

// destroyFile overwrites and removes a file; one that is not there is fine. On disks that write elsewhere instead of
// over, the old blocks survive until reused: they are wrapped by the root key, which is the reason to keep that one on
// a device that can be trusted to forget.
func destroyFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("overwrite %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
