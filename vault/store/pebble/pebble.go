// Package pebble is the embedded token store: one directory on local disk, written by one process at a time.
//
// Writes are synchronous. Concurrent Puts share one fsync, because Pebble's commit pipeline gathers all batches that
// wait for the write-ahead log. A disk that is nearly full refuses Puts while there is still room to work; a disk that
// fails under Pebble's feet retires that opening of the directory, and the next calls recover it.
package pebble

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/store"
)

// Options are settings of a store. The zero value is ready.
type Options struct {
	// Logger hears of failures and recoveries. Default: nobody.
	Logger *zap.Logger
	// MinFree is the room on the disk, in bytes, below which Put is refused with store.ErrFull, so that flushes,
	// compactions and erasure can go on. Default 128 MiB.
	MinFree uint64
	// CacheSize is the block cache in bytes, beside the tables in memory. Default 32 MiB.
	CacheSize int64
	// MemTableSize is the size in bytes of a table in memory. Default 16 MiB.
	MemTableSize uint64
	// MustExist has Open fail with ErrMissing instead of creating a store.
	MustExist bool
	// FS is the file system. Default: the operating system's.
	FS vfs.FS
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.MinFree == 0 {
		o.MinFree = 128 << 20
	}
	if o.CacheSize == 0 {
		o.CacheSize = 32 << 20
	}
	if o.MemTableSize == 0 {
		o.MemTableSize = 16 << 20
	}
	if o.FS == nil {
		o.FS = vfs.Default
	}
	o.FS = private{o.FS}
	return o
}

const (
	// Between two attempts to recover the directory: doubled from the first to the second after each that led to
	// nothing.
	reopenFirst, reopenLast = time.Second, 30 * time.Second
	// Between two looks at the room on the disk.
	roomEvery = 100 * time.Millisecond
)

// Store is a store.Store in a directory. Safe for concurrent use.
type Store struct {
	dir  string
	o    Options
	lock io.Closer
	// identity is that of the lock's file; nil where files have none.
	identity os.FileInfo

	engine atomic.Pointer[engine]

	mu       sync.Mutex
	closed   bool
	reopened sync.WaitGroup // an attempt under way
	opening  bool
	nextTry  time.Time
	backoff  time.Duration
	lastErr  error

	roomAt atomic.Int64 // when the room was looked at, Unix nanoseconds
	noRoom atomic.Bool
}

var _ store.Store = (*Store)(nil)

const lockName = "LOCK"

// ErrInUse says that another process, or another Store of this one, has the directory open.
var ErrInUse = fmt.Errorf("is in use by another process: %w", store.ErrUnavailable)

// Open opens the store in dir and creates both if need be. Another process, or another Store of this one, that has it
// open is ErrInUse. So is a directory whose files are not all there: ErrDamaged, as far as that can be told before
// Pebble changes anything.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{dir: dir, o: o.withDefaults()}
	fs := s.o.FS
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, unavailable("creating the token store's directory", err)
	}
	lock, err := fs.Lock(fs.PathJoin(dir, lockName))
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("token store %s: %w", dir, err)
		}
		return nil, fmt.Errorf("token store %s %w: %w", dir, ErrInUse, err)
	}
	e, err := openEngine(dir, s.o)
	if err != nil {
		_ = lock.Close()
		return nil, err
	}
	s.lock = lock
	s.o.MustExist = true // from now on
	s.identity, _ = os.Stat(fs.PathJoin(dir, lockName))
	s.engine.Store(e)
	return s, nil
}

// recover opens the directory anew, if it still is the one that is locked.
func (s *Store) recover() (*engine, error) {
	if s.identity != nil {
		now, err := os.Stat(s.o.FS.PathJoin(s.dir, lockName))
		if err == nil && !os.SameFile(now, s.identity) {
			err = errors.New("it was replaced while it was in use")
		}
		if err != nil {
			return nil, unavailable("token store "+s.dir+" is not the one that was opened; restore it and restart", err)
		}
	}
	return openEngine(s.dir, s.o)
}

// acquire returns the engine, marked as used: release it. When the engine has failed it has the directory recovered
// in the background and returns why there is none now.
func (s *Store) acquire() (*engine, error) {
	e := s.engine.Load()
	if e != nil && e.acquire() {
		return e, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	if e = s.engine.Load(); e != nil && e.acquire() {
		return e, nil
	}
	if e != nil && e.broken() {
		s.lastErr = e.cause
	}
	if now := time.Now(); !s.opening && !now.Before(s.nextTry) {
		if now.Sub(s.nextTry) > reopenLast {
			s.backoff = 0 // the last failure is long ago
		}
		s.backoff = min(max(2*s.backoff, reopenFirst), reopenLast)
		s.opening, s.nextTry = true, now.Add(s.backoff)
		s.reopened.Add(1)
		go s.reopen(e)
	}
	return nil, s.lastErr
}

// reopen retires the failed engine, if it still is there, and opens the directory anew.
func (s *Store) reopen(old *engine) {
	defer s.reopened.Done()
	if old != nil {
		_ = old.retire()
	}
	fresh, err := s.recover()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opening = false
	s.engine.Store(fresh) // nil on error: the old one is retired
	if err != nil {
		s.lastErr = err
		s.o.Logger.Error("token store could not be reopened yet", zap.String("error", err.Error()))
		return
	}
	s.o.Logger.Info("token store is open again")
}

// room reports whether the disk has room for new records.
func (s *Store) room(e *engine) error {
	if e.isFull() {
		return store.ErrFull
	}
	now := time.Now().UnixNano()
	if at := s.roomAt.Load(); now-at > int64(roomEvery) && s.roomAt.CompareAndSwap(at, now) {
		use, err := s.o.FS.GetDiskUsage(s.dir)
		if err != nil && !errors.Is(err, vfs.ErrUnsupported) {
			s.roomAt.Store(0) // the next one looks again
			return unavailable("looking at the room on the disk", err)
		}
		s.noRoom.Store(err == nil && use.AvailBytes < s.o.MinFree) // not every file system can tell
	}
	if s.noRoom.Load() {
		return fmt.Errorf("%w: less than %d MiB free", store.ErrFull, s.o.MinFree>>20)
	}
	return nil
}

// write runs do in a goroutine of its own, so that a stalled disk keeps no caller longer than its context.
func (s *Store) write(ctx context.Context, checkRoom bool, do func(*engine) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e, err := s.acquire()
	if err != nil {
		return err
	}
	if checkRoom {
		if err := s.room(e); err != nil {
			e.release()
			return err
		}
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		e.release()
		return ctx.Err()
	case <-e.failed:
		e.release()
		return e.cause
	}
	done := make(chan error, 1)
	go func() {
		defer e.release()
		defer func() { <-e.slots }()
		done <- do(e)
	}()
	slow := time.NewTicker(fullRetry)
	defer slow.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-e.failed:
			return e.cause
		case <-slow.C:
			if e.isFull() {
				return store.ErrFull
			}
		}
	}
}

// Close implements store.Store. It waits for writes under way.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.reopened.Wait()
	var err error
	if e := s.engine.Swap(nil); e != nil {
		err = e.retire()
	}
	return errors.Join(err, s.lock.Close())
}
