package kafkastream_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// logLines are records of 512 bytes of JSON, as a log shipper writes them.
func logLines(n int) []batch.Record {
	recs := make([]batch.Record, n)
	for i := range recs {
		line := fmt.Sprintf(`{"time":"2026-01-01T00:00:00.%03dZ","level":"info","msg":"request served","user":"u-%06d","path":"/cart/%d","ms":%d,"agent":"`, i%1000, i, i%97, i%311)
		recs[i] = batch.Record{Offset: int64(i), Timestamp: 1_700_000_000_000 + int64(i), Value: []byte(line + strings.Repeat("x", 510-len(line)) + `"}`)}
	}
	return recs
}

// BenchmarkExport writes batches of 1,000 records to kfake in the same process: one operation is one record.
func BenchmarkExport(b *testing.B) {
	for _, codec := range []string{"none", "lz4", "zstd"} {
		b.Run(codec, func(b *testing.B) {
			c := cluster(b, kfake.SeedTopics(1, "orders", "orders.clean"))
			e := logsExporter(b, c, "compression: "+codec)
			const n = 1000
			ld := told(b, "orders", 0, logLines(n))
			b.ReportAllocs()
			b.SetBytes(512)
			for b.Loop() {
				// b.N counts batches here; the records are told below.
				if err := e.ConsumeLogs(b.Context(), ld); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "records/s")
		})
	}
}
