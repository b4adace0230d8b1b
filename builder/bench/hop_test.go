//go:build unix

package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkHop puts batches through a hop of OTLP without and with Cloakroom in turn and reports what it adds, in parts of
// the hop: in wall-clock time, and in processor time of the whole process, where garbage collection is charged to what
// brought it about and other programs are charged to nobody.
func BenchmarkHop(b *testing.B) {
	b.Run(logs.name, func(b *testing.B) { hops(b, logs) })
	b.Run(traces.name, func(b *testing.B) { hops(b, traces) })
}

func hops[T any](b *testing.B, s signal[T]) {
	for _, kind := range batches {
		b.Run(kind.name, func(b *testing.B) {
			wire, err := s.encode(s.make(kind.dirtyEvery))
			require.NoError(b, err)
			consume := cloakroom(b, s)
			s.hop(b, wire, consume)
			const turn = 4 // batches
			var with, without watch
			for b.Loop() {
				without.run(b, func() {
					for range turn {
						s.hop(b, wire, func(T) {})
					}
				})
				with.run(b, func() {
					for range turn {
						s.hop(b, wire, consume)
					}
				})
			}
			n := b.N * turn
			perRecord(b, without.median(), turn, "otlp-ns/record")
			perRecord(b, with.median()-without.median(), turn, "adds-ns/record")
			perRecord(b, without.cpu, n, "otlp-cpu-ns/record")
			perRecord(b, with.cpu-without.cpu, n, "adds-cpu-ns/record")
			b.ReportMetric(float64(with.median())/float64(without.median())-1, "wall-share")
			b.ReportMetric(float64(with.cpu)/float64(without.cpu)-1, "cpu-share")
		})
	}
}
