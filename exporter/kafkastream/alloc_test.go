//go:build !race

package kafkastream_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestAllocations counts those of a broker in the same process too: what is allocated for a record are its coordinates.
func TestAllocations(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	e := logsExporter(t, c, "compression: lz4")
	const n = 1000
	ld := told(t, "orders", 0, logLines(n))
	per := testing.AllocsPerRun(10, func() {
		if err := e.ConsumeLogs(t.Context(), ld); err != nil {
			t.Fatal(err)
		}
	})
	if per/n > 3.5 {
		t.Errorf("%.2f allocations per record, want at most 3 and those of the batch", per/n)
	}
}
