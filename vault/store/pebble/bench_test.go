package pebble_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

var ctx = context.Background()

// BenchmarkPut shows the group commit: with more writers, more Puts share one sync of the log.
func BenchmarkPut(b *testing.B) {
	for _, c := range []struct{ writers, records int }{{1, 1}, {8, 1}, {64, 1}, {1, 1000}, {8, 1000}} {
		b.Run(fmt.Sprintf("writers=%d/records=%d", c.writers, c.records), func(b *testing.B) {
			var syncs atomic.Int64
			fs := newFaultyFS(vfs.Default, nil, func(op errorfs.Op) bool {
				if syncing(op) && filepath.Ext(op.Path) == ".log" {
					syncs.Add(1)
				}
				return false
			})
			fs.on.Store(true)
			s := open(b, b.TempDir(), pebble.Options{FS: fs})
			var next, puts atomic.Int64
			b.SetParallelism(c.writers) // times GOMAXPROCS
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				n := storetest.Session(1, int(next.Add(1)))
				for pb.Next() {
					first := int(puts.Add(1)) * c.records
					if err := s.Put(ctx, []store.Session{n}, storetest.Records(n, first, c.records)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(puts.Load())/float64(max(syncs.Load(), 1)), "puts/sync")
			b.ReportMetric(float64(puts.Load())*float64(c.records)/b.Elapsed().Seconds(), "records/s")
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
