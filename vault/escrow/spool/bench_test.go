package spool

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// BenchmarkAppendTogether puts batches of 1,000 records on disk: what telemetry waits for on an agent with a spool.
func BenchmarkAppendTogether(b *testing.B) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("writers=%d/records=1000", writers), func(b *testing.B) {
			var syncs atomic.Int64
			s, err := Open(Settings{Directory: filepath.Join(b.TempDir(), "spool"), MaxBytes: 64 << 30, Hooks: Hooks{At: func(point string) {
				if point == "after sync" {
					syncs.Add(1)
				}
			}}})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(b.Context())
			r := &vaultpb.EscrowRequest{Sessions: []*vaultpb.EscrowSession{{Id: make([]byte, 16), Kid: 7, Suite: 1, Enc: make([]byte, 1120)}}}
			for n := range 1000 {
				r.Records = append(r.Records, &vaultpb.EscrowRecord{Token: fmt.Sprintf("email_AAAA_%032d", n), ExpiresUnix: 1, Sealed: make([]byte, 64)})
			}
			b.ReportAllocs()
			b.ResetTimer()
			var next atomic.Int64
			done := make(chan error, writers)
			for range writers {
				go func() {
					for next.Add(1) <= int64(b.N) {
						if err := s.Append(b.Context(), r); err != nil {
							done <- err
							return
						}
					}
					done <- nil
				}()
			}
			for range writers {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)/float64(syncs.Load()), "appends/sync")
		})
	}
}
