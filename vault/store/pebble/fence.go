package pebble

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fence is the file system of one engine. It keeps Pebble from hearing what would make it end the process, and a
// retired engine from changing the directory.
//
// Pebble cannot go on when its log or manifest cannot be written: it panics with locks in states that no recover
// survives. So, for all files but tables, of which it knows to write another:
//
//   - a full disk is a slow disk: the write is repeated until there is room. Callers of the Store do not wait for
//     that, they are told by full.
//   - any other failure ends the engine: fail is told, and the goroutine never returns to Pebble.
//
// Once shut, whoever wants to change the directory never returns either. Such goroutines, and the memory of their
// engine, are lost until the process ends: the price of surviving a broken disk, paid once for each time the directory
// could be reopened.
//
// Lock is a no-op: the Store itself holds the directory's lock across engines.
type fence struct {
	vfs.FS
	fail   func(error)
	full   func()
	ledger *ledger
	// log is the newest write-ahead log.
	log atomic.Pointer[fencedFile]
	// open is set when Pebble has opened the directory; until then it gets errors as they are.
	open atomic.Bool
	gone atomic.Bool
	// busy is held shared while the directory is being changed; drain waits for it.
	busy sync.RWMutex
}

// Between two attempts to write to a full disk.
const fullRetry = 100 * time.Millisecond

func (f *fence) shut() { f.gone.Store(true) }

// drain waits until no change begun before shut is under way.
func (f *fence) drain() {
	f.busy.Lock()
	defer f.busy.Unlock()
}

// table reports whether Pebble survives that the file cannot be written.
func table(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}

// change does what changes the named file. A repeated do must go on where the last one stopped.
func (f *fence) change(name string, repeat bool, do func() error) error {
	for {
		err, gone := f.try(do)
		switch {
		case gone:
			select {}
		case err == nil || !f.open.Load():
			return err
		case table(name):
			if errors.Is(err, syscall.ENOSPC) {
				f.full()
			}
			time.Sleep(fullRetry) // Pebble repeats a failed flush at once
			return err
		case repeat && errors.Is(err, syscall.ENOSPC):
			f.full()
			time.Sleep(fullRetry)
		default:
			f.fail(err)
			select {}
		}
	}
}

func (f *fence) try(do func() error) (err error, gone bool) {
	f.busy.RLock()
	defer f.busy.RUnlock()
	if f.gone.Load() {
		return nil, true
	}
	return do(), false
}

func (f *fence) file(name string, do func() (vfs.File, error)) (file vfs.File, err error) {
	err = f.change(name, true, func() error {
		file, err = do()
		return err
	})
	if err != nil {
		return nil, err
	}
	ff := &fencedFile{File: file, fence: f, name: name, base: f.PathBase(name)}
	log, manifest := strings.HasSuffix(name, ".log"), strings.HasPrefix(ff.base, manifestPrefix)
	if (log || manifest) && file.Fd() != vfs.InvalidFd {
		if ff.identity, err = os.Stat(name); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	if log {
		f.log.Store(ff)
	}
	return ff, nil
}

// present fails when the newest write-ahead log is no longer in the directory.
func (f *fence) present() error {
	if log := f.log.Load(); log != nil {
		return log.present()
	}
	return nil
}

func (f *fence) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

func (f *fence) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.file(name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, o...) })
}

func (f *fence) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.file(newname, func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, c) })
}

func (f *fence) OpenDir(name string) (vfs.File, error) {
	return f.file(name, func() (vfs.File, error) { return f.FS.OpenDir(name) })
}

func (f *fence) Link(oldname, newname string) error {
	return f.change(newname, true, func() error { return f.FS.Link(oldname, newname) })
}

func (f *fence) Rename(oldname, newname string) error {
	return f.change(newname, true, func() error { return f.FS.Rename(oldname, newname) })
}

func (f *fence) MkdirAll(dir string, perm os.FileMode) error {
	return f.change(dir, true, func() error { return f.FS.MkdirAll(dir, perm) })
}

// Remove and RemoveAll return their errors: Pebble tries again later.
func (f *fence) Remove(name string) error {
	err, gone := f.try(func() error { return f.FS.Remove(name) })
	if gone {
		select {}
	}
	return err
}

func (f *fence) RemoveAll(name string) error {
	err, gone := f.try(func() error { return f.FS.RemoveAll(name) })
	if gone {
		select {}
	}
	return err
}

func (f *fence) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (f *fence) Unwrap() vfs.FS { return f.FS }

type fencedFile struct {
	vfs.File
	fence *fence
	name  string
	base  string
	// identity is that of the file of a log or manifest when it was opened; nil where files have none.
	identity os.FileInfo
	written  atomic.Int64
}

func (f *fencedFile) Write(p []byte) (n int, err error) {
	err = f.fence.change(f.name, true, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	f.written.Add(int64(n))
	return n, err
}

// present fails when the file's name is no longer that of the open file: what is synced to it is on no disk that anybody
// will read.
func (f *fencedFile) present() error {
	if f.identity == nil {
		return nil
	}
	now, err := os.Stat(f.name)
	if err == nil && !os.SameFile(now, f.identity) {
		err = fmt.Errorf("%s is another file", f.name)
	}
	if err != nil {
		return fmt.Errorf("the store's files were removed or replaced while it was in use: %w", err)
	}
	return nil
}

func (f *fencedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.fence.change(f.name, true, func() error {
		m, err := f.File.WriteAt(p[n:], off+int64(n))
		n += m
		return err
	})
	return n, err
}

// Preallocate is a hint: a disk too full for it is met by the writes.
func (f *fencedFile) Preallocate(offset, length int64) error {
	return f.fence.change(f.name, false, func() error {
		if err := f.File.Preallocate(offset, length); !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		return nil
	})
}

// After a failed sync nobody knows what is on disk, and a second one may lie: syncs are never repeated.
func (f *fencedFile) Sync() error { return f.sync(f.File.Sync) }

func (f *fencedFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *fencedFile) sync(do func() error) error {
	return f.fence.change(f.name, false, func() error {
		if err := do(); err != nil {
			return err
		}
		if err := f.present(); err != nil {
			return err
		}
		if strings.HasPrefix(f.base, manifestPrefix) {
			return f.fence.ledger.synced(f.base, f.written.Load())
		}
		return nil
	})
}

func (f *fencedFile) SyncTo(length int64) (full bool, err error) {
	err = f.fence.change(f.name, false, func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
