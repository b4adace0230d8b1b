//go:build unix

package kafkabench

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What a pipeline holds depends on its configuration and not on the topic: a topic of twelve times the size, all of it
// there before it starts, goes through in about the same memory.
func TestMemoryBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 380 MiB through a pipeline")
	}
	host := startVault(t)
	held := func(records int) uint64 {
		w := newBench(t, records, "none")
		w.create(t, "to")
		m := newMeter(records)
		runtime.GC()
		before := live()
		stop := w.start(t, m, host, true, "group", "to")
		defer stop()
		var samples []uint64
		for {
			select {
			case <-m.done:
				slices.Sort(samples)
				return samples[len(samples)/2] - min(before, samples[len(samples)/2])
			case <-time.After(10 * time.Millisecond):
				samples = append(samples, live())
			}
		}
	}
	held(60_000) // the vault gets to know everybody
	small, large := held(60_000), held(720_000)
	t.Logf("%d KiB in use for a topic of 30 MiB, %d KiB for one of 352 MiB", small>>10, large>>10)
	require.Less(t, large, small*3/2+16<<20)
	// 8 partitions, each with one fetch of 1 MiB in the pipeline and one ahead, as bytes, as records and as telemetry.
	require.Less(t, large, uint64(8*2*8<<20))
}

// live is what the last collection found in use, in bytes.
func live() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
