package pebble

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

const (
	numStripes = 64
	// Writers under way at once; more wait. Bounds the goroutines and memory a stalled disk can pile up.
	maxWriters = 256
	// A disk found full stays full in our eyes for so long after the last attempt to write to it.
	fullFor = time.Second
	// Between two warnings of background jobs that fail.
	warnEvery = 10 * time.Second
	// How long Close waits for Pebble before it leaves it behind its fence.
	retireWait = 5 * time.Second
)

// engine is one opening of the directory by Pebble. Where Pebble would end the process, because its log or manifest
// cannot be written, an engine fails: it is fenced off from the directory for good, every call on it is answered with
// ErrUnavailable, and the Store recovers the directory with a new one.
type engine struct {
	db    *pebble.DB
	fence *fence
	log   *zap.Logger

	// use is held shared by whoever uses db, and exclusively to close it.
	use    sync.RWMutex
	slots  chan struct{}
	failed chan struct{}
	once   sync.Once
	cause  error // set before failed is closed

	// stripes serialize the look-then-write of tokens. They are held until the batch is visible, not until it is
	// durable: waiting for the disk is shared by all writers.
	stripes [numStripes]sync.Mutex
	// unsynced counts batches that are visible and not yet durable.
	unsynced atomic.Int64
	// erasures is set before the first tombstone is written: while there is none, nobody looks for one.
	erasures  atomic.Bool
	fullUntil atomic.Int64 // Unix nanoseconds
	warned    atomic.Int64 // Unix nanoseconds
}

func openEngine(dir string, o Options) (_ *engine, err error) {
	e := &engine{
		log:    o.Logger,
		slots:  make(chan struct{}, maxWriters),
		failed: make(chan struct{}),
	}
	e.fence = &fence{FS: o.FS, fail: e.fail, full: e.full}
	if e.fence.ledger, err = openLedger(o.FS, dir, o.MustExist); err != nil {
		return nil, unavailable("token store "+dir, err)
	}
	defer func() {
		if err != nil {
			_ = e.fence.ledger.close()
		}
	}()
	// Pebble counts its tables in memory, two while one is flushed, against the cache. Without their share there would be
	// no room left for blocks just when most is written, and every look-up would read its filter from disk.
	cache := pebble.NewCache(o.CacheSize + 2*int64(o.MemTableSize))
	defer cache.Unref()
	po := &pebble.Options{
		FS:                 e.fence,
		Logger:             engineLog{e},
		Cache:              cache,
		Merger:             tallyMerger,
		MemTableSize:       o.MemTableSize,
		FormatMajorVersion: pebble.FormatNewest,
		EventListener: &pebble.EventListener{
			BackgroundError: e.background,
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				e.log.Error("token store: damaged file", zap.String("path", info.Path), zap.String("error", info.Details.Error()))
			},
		},
	}
	for i := range po.Levels {
		// Most look-ups are for tokens that are new.
		po.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	if e.fence.ledger.creating {
		// Pebble writes the first log of a new store in its oldest format, which cannot tell damage from its end.
		if err := e.create(dir, po); err != nil {
			return nil, unavailable("creating the token store", err)
		}
	}
	db, err := e.openDB(dir, po)
	if err != nil {
		return nil, unavailable("opening the token store", err)
	}
	e.db = db
	if err := e.eachTally(func(_ token.Kid, t tally) {
		if t.tombstones > 0 {
			e.erasures.Store(true)
		}
	}); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	e.fence.open.Store(true)
	return e, nil
}

func (e *engine) openDB(dir string, o *pebble.Options) (*pebble.DB, error) {
	db, err := pebble.Open(dir, o)
	if err == nil && e.broken() {
		_ = db.Close()
		err = e.cause
	}
	if err != nil {
		e.fence.shut()
		return nil, err
	}
	return db, nil
}

func (e *engine) create(dir string, o *pebble.Options) error {
	db, err := e.openDB(dir, o)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		return err
	}
	return e.fence.ledger.createdWhole()
}

// unavailable wraps what Pebble or the file system said. Such errors hold paths and row keys at most.
func unavailable(doing string, err error) error {
	kind := store.ErrUnavailable
	switch {
	case errors.Is(err, syscall.ENOSPC):
		kind = store.ErrFull
	case pebble.IsCorruptionError(err), errors.Is(err, errRow), errors.Is(err, errTally):
		kind = store.ErrDamaged
	}
	return fmt.Errorf("%s: %w: %w", doing, kind, oneLine{err})
}

// oneLine is an error whose text is on one line: Pebble's may be on several.
type oneLine struct{ err error }

func (o oneLine) Error() string { return strings.Join(strings.Fields(o.err.Error()), " ") }
func (o oneLine) Unwrap() error { return o.err }

func (e *engine) broken() bool {
	select {
	case <-e.failed:
		return true
	default:
		return false
	}
}

// fail retires the engine. It does not wait, so Pebble may call it from anywhere, any locks held.
func (e *engine) fail(err error) {
	e.once.Do(func() {
		e.fence.shut()
		e.cause = unavailable("token store failed and will be reopened", err)
		e.log.Error("token store failed and will be reopened", zap.String("error", err.Error()))
		close(e.failed)
	})
}

// background hears of flushes and compactions that failed. Pebble repeats them; until one succeeds nothing is lost,
// but room for new writes does not come back either.
func (e *engine) background(err error) {
	if now, was := time.Now().UnixNano(), e.warned.Load(); now-was > int64(warnEvery) && e.warned.CompareAndSwap(was, now) {
		e.log.Warn("token store: background job failed, repeating", zap.String("error", err.Error()))
	}
}

// full is told, again and again, as long as the disk has no room for what Pebble wants to write.
func (e *engine) full() {
	now := time.Now()
	if was := e.fullUntil.Swap(now.Add(fullFor).UnixNano()); was < now.UnixNano() {
		e.log.Error("token store: the disk is full; nothing is escrowed until there is room")
	}
}

func (e *engine) isFull() bool { return time.Now().UnixNano() < e.fullUntil.Load() }

// acquire marks the engine as used; false when it is being retired.
func (e *engine) acquire() bool {
	if !e.use.TryRLock() {
		return false
	}
	if e.broken() {
		e.use.RUnlock()
		return false
	}
	return true
}

func (e *engine) release() { e.use.RUnlock() }

func (e *engine) lock(stripes uint64) {
	for s := stripes; s != 0; s &= s - 1 { // ascending: no two writers wait for each other in a circle
		e.stripes[bits.TrailingZeros64(s)].Lock()
	}
}

func (e *engine) unlock(stripes uint64) {
	for s := stripes; s != 0; s &= s - 1 {
		e.stripes[bits.TrailingZeros64(s)].Unlock()
	}
}

// write runs fill under the stripes, applies the batch it filled and waits until that and all it saw is durable.
func (e *engine) write(stripes uint64, fill func(*pebble.Batch) error) error {
	b := e.db.NewBatch()
	queued := false
	err := func() error {
		e.lock(stripes)
		defer e.unlock(stripes)
		if err := fill(b); err != nil {
			return err
		}
		if b.Empty() {
			if e.unsynced.Load() == 0 {
				if err := e.fence.present(); err != nil {
					e.fail(err)
					return e.cause
				}
				return nil
			}
			// Everything was there already, but maybe not yet on disk. An empty log record is a place in the queue for
			// the disk behind it.
			if err := b.LogData(nil, nil); err != nil {
				return err
			}
		}
		e.unsynced.Add(1)
		queued = true
		return e.apply(b)
	}()
	if err != nil || !queued {
		if !e.broken() { // a batch Pebble may still hold must not be reused
			_ = b.Close()
		}
		return err
	}
	err = b.SyncWait()
	e.unsynced.Add(-1)
	if err != nil {
		e.fail(err)
		return e.cause
	}
	if e.broken() {
		return e.cause
	}
	_ = b.Close()
	return nil
}

// apply makes the batch visible and queues it for the disk. Pebble panics or calls Fatalf when it cannot; it then
// holds its locks for ever, which is why the engine is given up.
func (e *engine) apply(b *pebble.Batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			e.fail(cause)
			err = e.cause
		}
	}()
	if err := e.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		e.fail(err)
	}
	if e.broken() {
		return e.cause
	}
	return nil
}

// retire fences the engine when it failed, and closes it. It reports what Pebble says of closing; an engine that does
// not close in time stays behind its fence.
func (e *engine) retire() error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("closing the token store: %v", p)
			}
		}()
		e.use.Lock() // for ever: acquire fails from here on
		done <- e.db.Close()
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(retireWait):
		err = errors.New("closing the token store: Pebble does not come to rest")
	}
	e.fence.shut()
	e.fence.drain()
	_ = e.fence.ledger.close()
	if e.broken() {
		return nil // it has been reported
	}
	return err
}

// engineLog receives Pebble's messages. Fatalf returns: the process, and the telemetry in it, must survive.
type engineLog struct{ e *engine }

func (l engineLog) Infof(string, ...any) {}

func (l engineLog) Errorf(format string, args ...any) {
	l.e.log.Sugar().Errorf("token store: "+format, args...)
}

func (l engineLog) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, a := range args {
		if cause, ok := a.(error); ok {
			err = fmt.Errorf("%w (%s)", cause, format)
			break
		}
	}
	l.e.fail(err)
}

var _ vfs.FS = (*fence)(nil)
