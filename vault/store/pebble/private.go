package pebble

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// private is a file system whose files are their owner's alone. The directory keeps others out already; a file that is
// copied or moved out of it takes its mode along.
type private struct{ vfs.FS }

const privateMode = 0o600

// own makes a file its owner's. Files that are not the operating system's have no mode.
func own(name string, file vfs.File, err error) (vfs.File, error) {
	if err != nil || file.Fd() == vfs.InvalidFd {
		return file, err
	}
	if err := os.Chmod(name, privateMode); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func (p private) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := p.FS.Create(name, c)
	return own(name, file, err)
}

func (p private) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	file, err := p.FS.OpenReadWrite(name, c, o...)
	return own(name, file, err)
}

func (p private) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := p.FS.ReuseForWrite(oldname, newname, c)
	return own(newname, file, err)
}

// Lock locks the directory of the file, which it creates.
func (p private) Lock(name string) (io.Closer, error) {
	lock, err := p.FS.Lock(name)
	if err != nil {
		return nil, err
	}
	if err := p.ownAll(p.PathDir(name)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// ownAll makes the files that are in dir their owner's: the lock file, and what was written while modes were wider.
func (p private) ownAll(dir string) error {
	names, err := p.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := p.PathJoin(dir, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // in memory
		}
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm() != privateMode {
			err = os.Chmod(path, privateMode)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p private) Unwrap() vfs.FS { return p.FS }
