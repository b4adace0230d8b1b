package pebble_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

// faultyFS fails the operations that fault chooses, while it is on.
type faultyFS struct {
	vfs.FS
	on   atomic.Bool
	hits atomic.Int64
	free atomic.Uint64
}

func newFaultyFS(base vfs.FS, err error, chosen func(errorfs.Op) bool) *faultyFS {
	f := &faultyFS{}
	f.free.Store(1 << 40)
	f.FS = errorfs.Wrap(base, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !f.on.Load() || !chosen(op) {
			return nil
		}
		f.hits.Add(1)
		return err
	}))
	return f
}

// ReuseForWrite makes a new file: errorfs would hand out one without faults.
func (f *faultyFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.Remove(oldname); err != nil {
		return nil, err
	}
	return f.Create(newname, c)
}

func (f *faultyFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: f.free.Load(), TotalBytes: 1 << 40}, nil
}

func writing(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpCreate, errorfs.OpFilePreallocate:
		return true
	}
	return false
}

func syncing(op errorfs.Op) bool {
	return op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpFileSyncTo
}

func named(part string, kind func(errorfs.Op) bool) func(errorfs.Op) bool {
	return func(op errorfs.Op) bool {
		return kind(op) && strings.Contains(filepath.Base(op.Path), part)
	}
}

// TestFaults has writers at work while the disk fails in one way and heals again. What was acknowledged is there,
// whatever was refused said ErrUnavailable, and the store works again by itself.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		err    error
		chosen func(errorfs.Op) bool
	}{
		{"disk full", syscall.ENOSPC, writing},
		{"disk broken", syscall.EIO, func(op errorfs.Op) bool { return writing(op) || syncing(op) }},
		{"log cannot be written", syscall.ENOSPC, named(".log", writing)},
		{"log cannot be synced", syscall.EIO, named(".log", syncing)},
		{"manifest cannot be written", syscall.ENOSPC, named("MANIFEST", writing)},
		{"manifest cannot be synced", syscall.EIO, named("MANIFEST", syncing)},
		{"tables cannot be written", syscall.ENOSPC, named(".sst", writing)},
		{"tables cannot be synced", syscall.EIO, named(".sst", syncing)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fs := newFaultyFS(vfs.Default, c.err, c.chosen)
			o := pebble.Options{FS: fs, MemTableSize: 128 << 10, Logger: zaptest.NewLogger(t)}
			s := open(t, dir, o)
			w := startWriters(t, s)
			w.requireProgress(t, "before the fault")
			fs.on.Store(true)
			time.Sleep(800 * time.Millisecond)
			fs.on.Store(false)
			require.Positive(t, fs.hits.Load(), "the fault was never hit")
			w.requireProgress(t, "after the fault")
			w.stop()
			w.requireAll(t, s)
			require.NoError(t, s.Close())
			s = open(t, dir, pebble.Options{})
			w.requireAll(t, s)
			require.NoError(t, s.Close())
		})
	}
}

// writers put records and note which were acknowledged.
type writers struct {
	quit   chan struct{}
	once   sync.Once
	wg     sync.WaitGroup
	acked  sync.Map // token -> store.Record
	nacked atomic.Int64
	n      atomic.Int64
}

func startWriters(t *testing.T, s store.Store) *writers {
	w := &writers{quit: make(chan struct{})}
	t.Cleanup(w.stop)
	for g := range 4 {
		w.wg.Go(func() {
			n := storetest.Session(1, g)
			for i := 0; ; i++ {
				select {
				case <-w.quit:
					return
				default:
				}
				rs := storetest.Records(n, g*10_000_000+i*20, 20)
				for j := range rs { // bulky enough to fill tables
					rs[j].Sealed = fmt.Appendf(rs[j].Sealed, "%0400d", rand.Int64())
				}
				err := s.Put(t.Context(), []store.Session{n}, rs)
				switch {
				case err == nil:
					for _, r := range rs {
						w.acked.Store(r.Token, r)
					}
					w.n.Add(1)
				case errors.Is(err, store.ErrUnavailable):
					w.nacked.Add(1)
					time.Sleep(5 * time.Millisecond)
				case t.Context().Err() != nil:
					return
				default:
					t.Errorf("put: %v", err)
					return
				}
			}
		})
	}
	return w
}

func (w *writers) requireProgress(t *testing.T, when string) {
	t.Helper()
	from := w.n.Load()
	require.Eventually(t, func() bool { return w.n.Load() > from+40 }, 40*time.Second, 5*time.Millisecond, when)
}

func (w *writers) stop() {
	w.once.Do(func() { close(w.quit) })
	w.wg.Wait()
}

func (w *writers) requireAll(t *testing.T, s store.Store) {
	t.Helper()
	n := 0
	w.acked.Range(func(k, v any) bool {
		n++
		got, _, err := s.Get(t.Context(), k.(string))
		return assertRecord(t, v.(store.Record), got, err)
	})
	t.Logf("%d records acknowledged, %d puts refused", n, w.nacked.Load())
	require.NotZero(t, n)
}

func assertRecord(t *testing.T, want, got store.Record, err error) bool {
	t.Helper()
	if err != nil || string(got.Sealed) != string(want.Sealed) {
		t.Errorf("an acknowledged record is lost: %v", err)
		return false
	}
	return true
}

func TestNearlyFull(t *testing.T) {
	fs := newFaultyFS(vfs.NewMem(), nil, func(errorfs.Op) bool { return false })
	s := open(t, "store", pebble.Options{FS: fs, MinFree: 1 << 20})
	defer func() { require.NoError(t, s.Close()) }()
	n := storetest.Session(1, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 5)))

	fs.free.Store(1<<20 - 1)
	require.Eventually(t, func() bool {
		err := s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 5, 5))
		return errors.Is(err, store.ErrFull) && errors.Is(err, store.ErrUnavailable)
	}, 5*time.Second, 10*time.Millisecond)
	_, _, err := s.Get(t.Context(), storetest.Record(n, 0).Token)
	require.NoError(t, err, "reading goes on")
	gone, err := s.Delete(t.Context(), []store.Tombstone{{Token: storetest.Record(n, 1).Token, Expires: n.Expires}})
	require.NoError(t, err, "erasing goes on")
	require.Equal(t, 1, gone)

	fs.free.Store(1 << 30)
	require.Eventually(t, func() bool {
		return s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 5, 5)) == nil
	}, 5*time.Second, 10*time.Millisecond)
}

// TestPowerLoss cuts the power while writers are at work: of the file system only what was synced is left.
func TestPowerLoss(t *testing.T) {
	mem := vfs.NewCrashableMem()
	s := open(t, "store", pebble.Options{FS: mem, MemTableSize: 128 << 10})
	w := startWriters(t, s)
	for range 3 {
		w.requireProgress(t, "between power losses")
		before := map[string]store.Record{}
		w.acked.Range(func(k, v any) bool {
			before[k.(string)] = v.(store.Record)
			return true
		})
		after := open(t, "store", pebble.Options{FS: mem.CrashClone(vfs.CrashCloneCfg{})})
		for k, v := range before {
			got, _, err := after.Get(t.Context(), k)
			if !assertRecord(t, v, got, err) {
				break
			}
		}
		require.NoError(t, after.Close())
	}
	w.stop()
	require.NoError(t, s.Close())
}
