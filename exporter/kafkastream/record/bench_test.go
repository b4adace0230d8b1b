package record_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// jsonRecords are log records of 512 bytes with a key and two headers, one of which carries a trace.
func jsonRecords(n int) []batch.Record {
	recs := make([]batch.Record, n)
	for i := range recs {
		value := fmt.Appendf(nil, `{"time":"2026-11-27T01:02:03.%06dZ","level":"info","logger":"checkout","thread":"worker-7","order":"%08d","message":"order accepted, `, i, i)
		value = append(value, bytes.Repeat([]byte("padding "), 64)[:512-len(value)-2]...)
		recs[i] = batch.Record{
			Offset: int64(1_000_000 + i), Timestamp: 1796000000000 + int64(i), Key: fmt.Appendf(nil, "order-%08d", i), Value: append(value, `"}`...),
			Headers: []batch.Header{
				{Key: "traceparent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
				{Key: "service", Value: []byte("checkout")},
			},
		}
	}
	return recs
}

func BenchmarkThereAndBack(b *testing.B) {
	for _, format := range []record.Format{record.Auto, record.JSON, record.Raw} {
		b.Run(string(format), func(b *testing.B) {
			m := mapping(b, record.TopicRule{Topic: "orders", Format: format})
			recs := jsonRecords(500)
			b.ReportAllocs()
			b.SetBytes(int64(len(recs[0].Value)))
			for n := 0; n < b.N; n += len(recs) {
				thereAndBack(b, m, recs)
			}
		})
	}
}

func thereAndBack(t testing.TB, m *record.Mapping, recs []batch.Record) {
	ld := plog.NewLogs()
	err := m.ToLogs(context.Background(), ld, "orders", 3, recs, func(int, record.Undecodable) { t.Fatal("undecodable") })
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := record.FromLogs(ld, record.Encoding{}, func(o record.Out) error { n += len(o.Record.Headers); return nil }); err != nil || n != 2*len(recs) {
		t.Fatal(err, n)
	}
}

// What telemetry needs for a record: itself, its attributes, a wrapper for each string and number, three for a list or map.
// The value is not copied.
func TestAllocationsPerRecord(t *testing.T) {
	recs := jsonRecords(1000)
	for name, c := range map[string]struct {
		rule record.TopicRule
		most float64
	}{
		"text":         {record.TopicRule{Topic: "orders"}, 16.1},
		"kept headers": {record.TopicRule{Topic: "orders", KeepHeaders: true}, 15.1},
		"raw":          {record.TopicRule{Topic: "orders", Format: record.Raw}, 18.1},
	} {
		t.Run(name, func(t *testing.T) {
			m := mapping(t, c.rule)
			if got := testing.AllocsPerRun(5, func() { thereAndBack(t, m, recs) }) / float64(len(recs)); got > c.most {
				t.Errorf("%.2f allocations for each record, want at most %.1f", got, c.most)
			}
		})
	}
}
