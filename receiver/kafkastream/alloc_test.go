package kafkastream

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

// TestAllocations: handing records on costs little beside telling them as telemetry, and nothing for each of them.
func TestAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates")
	}
	const most = 40 // spans and metrics of the Collector's own telemetry among them
	for _, n := range []int{1, 1000} {
		t.Run(fmt.Sprint(n, " records"), func(t *testing.T) {
			recs := make([]batch.Record, n)
			for i := range recs {
				recs[i] = batch.Record{Offset: int64(i), Value: []byte("value")}
			}
			cfg := defaultConfig().(*Config)
			m, err := newMember(receivertest.NewNopSettings(metadata.Type), cfg, func() {})
			if err != nil {
				t.Fatal(err)
			}
			m.sinks.logs = new(counter)
			p := newPartition(m, place{topic, 0}, 0)
			taking := testing.AllocsPerRun(20, func() {
				if err := p.take(t.Context(), t.Context(), chunk{recs: recs, next: int64(n)}); err != nil {
					t.Fatal(err)
				}
			})
			telling := testing.AllocsPerRun(20, func() {
				if err := m.mapping.ToLogs(t.Context(), plog.NewLogs(), topic, 0, recs, func(int, record.Undecodable) {}); err != nil {
					t.Fatal(err)
				}
			})
			t.Logf("%v allocations, %v of them to tell records as telemetry", taking, telling)
			if taking-telling > most {
				t.Errorf("%v allocations beside the %v to tell records as telemetry, want at most %d", taking-telling, telling, most)
			}
		})
	}
}
