package kafkastream

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

// counter takes everything.
type counter struct{ records atomic.Int64 }

func (*counter) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (c *counter) ConsumeLogs(_ context.Context, ld plog.Logs) error {
	c.records.Add(int64(ld.LogRecordCount()))
	return nil
}

// BenchmarkReceive consumes 512-byte records from a broker in the same process, which takes part of the two cores.
func BenchmarkReceive(b *testing.B) {
	const partitions, each = 4, 50_000
	c := newCluster(b, partitions)
	value := append([]byte(`{"message":"`), bytes.Repeat([]byte("x"), 497)...)
	value = append(value, `"}`...)
	client := c.franz(kgo.ProducerBatchMaxBytes(1 << 20))
	for partition := range int32(partitions) {
		var recs []*kgo.Record
		for range each {
			recs = append(recs, &kgo.Record{Topic: topic, Partition: partition, Value: value})
		}
		if err := client.ProduceSync(b.Context(), recs...).FirstErr(); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(partitions * each * int64(len(value)))
	n := 0
	for b.Loop() {
		var sink counter
		n++
		_, stop := start(b, receivertest.NewNopSettings(metadata.Type), c.config(func(cfg *Config) { cfg.Group = fmt.Sprint("bench", n) }), &sink)
		wait(b, "records do not arrive", func() bool { return sink.records.Load() >= partitions*each })
		stop()
	}
	b.ReportMetric(float64(partitions*each*n)/b.Elapsed().Seconds(), "records/s")
}
