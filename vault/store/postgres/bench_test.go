//go:build services

package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
	"github.com/cloakroom/cloakroom/vault/token"
)

// BenchmarkServicePut has writers put batches of records that are new, client and server on the same machine. Commits
// are synchronous. Run it with
//
//	go test -tags services -run '^$' -bench ServicePut ./vault/store/postgres
func BenchmarkServicePut(b *testing.B) {
	s, err := startServer("shared_buffers=512MB", "max_wal_size=4GB")
	require.NoError(b, err)
	b.Cleanup(func() { _ = s.Stop() })
	for _, c := range []struct {
		parts            postgres.Partitions
		writers, records int
	}{{postgres.On, 1, 1}, {postgres.On, 16, 1}, {postgres.On, 1, 1000}, {postgres.On, 4, 1000}, {postgres.Off, 4, 1000}} {
		b.Run(fmt.Sprintf("partitions=%s/writers=%d/records=%d", c.parts, c.writers, c.records), func(b *testing.B) {
			st := open(b, postgres.Options{URL: database(b, s), Partitions: c.parts, MaxConns: c.writers})
			// Made before: what is measured is the store.
			var prepared [][]store.Record
			n := storetest.Session(1, 1)
			for i := range b.N {
				rs := storetest.Records(n, i*c.records, c.records)
				for k := range rs { // as real ones are: tokens in no order, values of an address's length
					id := sha256.Sum256([]byte(rs[k].Token))
					rs[k].Token = token.Token{Class: "email", Kid: n.Kid, Identity: token.Identity(id[:token.IdentitySize])}.String()
					rs[k].Sealed = append(rs[k].Sealed, make([]byte, 64)...)
				}
				prepared = append(prepared, rs)
			}
			var next atomic.Int64
			var slowest atomic.Int64
			b.ResetTimer()
			done := make(chan error, c.writers)
			for range c.writers {
				go func() {
					for {
						i := int(next.Add(1)) - 1
						if i >= b.N {
							done <- nil
							return
						}
						start := time.Now()
						if err := st.Put(b.Context(), []store.Session{n}, prepared[i]); err != nil {
							done <- err
							return
						}
						for took := int64(time.Since(start)); ; {
							was := slowest.Load()
							if took <= was || slowest.CompareAndSwap(was, took) {
								break
							}
						}
					}
				}()
			}
			for range c.writers {
				require.NoError(b, <-done)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N*c.records)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
			stats, err := st.Stats(b.Context())
			require.NoError(b, err)
			require.EqualValues(b, b.N*c.records, stats.Records)
			b.ReportMetric(float64(stats.Bytes)/float64(stats.Records), "B/record")
		})
	}
}
