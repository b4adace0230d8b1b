package kafkastream_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// variety is every combination of null, empty and something for key, value and header, and what else is easily lost.
func variety() []batch.Record {
	kinds := [][]byte{nil, {}, []byte("text"), {0xff, 0x00, 0xfe}}
	var recs []batch.Record
	add := func(r batch.Record) {
		r.Offset = int64(len(recs)) * 3 // compacted: there are gaps
		recs = append(recs, r)
	}
	for _, key := range kinds {
		for _, value := range kinds {
			add(batch.Record{Timestamp: 1_700_000_000_123, Key: key, Value: value})
			for _, header := range kinds {
				add(batch.Record{Timestamp: 0, Key: key, Value: value, Headers: []batch.Header{{Key: "h", Value: header}}})
			}
		}
	}
	add(batch.Record{Timestamp: -1, Value: []byte("no timestamp")})
	add(batch.Record{Timestamp: 1, Value: []byte("before 1970 is no more"), Headers: []batch.Header{
		{Key: "b", Value: []byte("2")},
		{Key: "a", Value: []byte("1")},
		{Key: "b", Value: []byte("2")},
		{Key: "b", Value: nil},
		{Key: "", Value: []byte{}},
		{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
		{Key: "a", Value: []byte("3")},
	}})
	add(batch.Record{Timestamp: 2, Append: true, Value: bytes.Repeat([]byte("long "), 10_000)})
	return recs
}

func TestFidelity(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			c := cluster(t, kfake.SeedTopics(4, "orders", "orders.clean"))
			recs := variety()
			e := logsExporter(t, c, "compression: "+codec)
			if err := e.ConsumeLogs(t.Context(), told(t, "orders", 2, recs)); err != nil {
				t.Fatal(err)
			}
			got := readAll(t, c, "orders.clean")
			if len(got) != 1 || len(got[2]) != len(recs) {
				t.Fatalf("partition 2 has %d of %d records, and %d partitions have some", len(got[2]), len(recs), len(got))
			}
			for i, r := range got[2] {
				if diff := different(r, &recs[i]); diff != "" {
					t.Errorf("record %d: %s", i, diff)
				}
			}
		})
	}
}

// different says what is not the same, coordinates aside, without showing it.
func different(got *kgo.Record, want *batch.Record) string {
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	n := len(want.Headers)
	switch {
	case !same(got.Key, want.Key):
		return "the key"
	case !same(got.Value, want.Value):
		return "the value"
	case got.Timestamp.UnixMilli() != want.Timestamp:
		return "the timestamp"
	case len(got.Headers) != n+3:
		return fmt.Sprintf("%d headers, want %d and the coordinates", len(got.Headers), n)
	}
	for i, h := range want.Headers {
		if got.Headers[i].Key != h.Key || !same(got.Headers[i].Value, h.Value) {
			return fmt.Sprintf("header %d", i)
		}
	}
	for i, h := range []string{"cloakroom-source-topic=orders", "cloakroom-source-partition=2", fmt.Sprint("cloakroom-source-offset=", want.Offset)} {
		if g := got.Headers[n+i]; g.Key+"="+string(g.Value) != h {
			return "the coordinates: want " + h
		}
	}
	return ""
}

// TestSecondHop sends a record on that was republished before: it has one set of coordinates.
func TestSecondHop(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders.clean", "orders.clean.clean"))
	before := batch.Record{Offset: 7, Value: []byte("v"), Headers: record.AppendSource([]batch.Header{{Key: "a", Value: []byte("b")}}, record.Source{Topic: "orders", Partition: 9, Offset: 99})}
	if err := logsExporter(t, c, "").ConsumeLogs(t.Context(), told(t, "orders.clean", 0, []batch.Record{before})); err != nil {
		t.Fatal(err)
	}
	r := readAll(t, c, "orders.clean.clean")[0][0]
	if topic, _ := header(r, record.SourceTopic); len(r.Headers) != 4 || topic != "orders.clean" {
		t.Errorf("%d headers, source topic %q; want 4, orders.clean", len(r.Headers), topic)
	}
}

func TestPartition(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	key := []byte("customer-17")
	hash := func(b string, n int32) int32 { return record.PartitionOf(record.Murmur2([]byte(b)), n) }
	parent := []batch.Header{{Key: "traceparent", Value: []byte("00-" + trace + "-b7ad6b7169203331-01")}}
	token := []byte("a token")
	for _, tt := range []struct {
		name             string
		sources, targets int32 // 0: the source topic is in another cluster
		partition        string
		rec              batch.Record
		tokenized        bool // the key is replaced on the way
		want             int32
	}{
		{"source", 6, 6, "source", batch.Record{Key: key}, false, 5},
		{"source, no key", 6, 6, "source", batch.Record{}, false, 5},
		{"source, another count", 6, 7, "source", batch.Record{Key: key}, false, hash("customer-17", 7)},
		{"source, another count, key tokenized", 6, 7, "source", batch.Record{Key: key}, true, hash("customer-17", 7)},
		{"source, another count, no key", 6, 4, "source", batch.Record{}, false, 1},
		{"source in another cluster", 0, 8, "source", batch.Record{Key: key}, false, 5},
		{"source in another cluster, fewer partitions", 0, 5, "source", batch.Record{Key: key}, false, hash("customer-17", 5)},
		{"key_hash", 6, 6, "key_hash", batch.Record{Key: key}, false, hash("customer-17", 6)},
		{"key_hash, key tokenized", 6, 6, "key_hash", batch.Record{Key: key}, true, hash("customer-17", 6)},
		{"key_hash, empty key", 6, 6, "key_hash", batch.Record{Key: []byte{}}, false, hash("", 6)},
		{"key_hash, no key", 6, 6, "key_hash", batch.Record{}, false, 5},
		{"key", 6, 6, "key", batch.Record{Key: key}, false, hash("customer-17", 6)},
		{"key, tokenized", 6, 6, "key", batch.Record{Key: key}, true, hash("a token", 6)},
		{"key, none", 6, 6, "key", batch.Record{}, false, 5},
		{"trace_id", 6, 6, "trace_id", batch.Record{Key: key, Headers: parent}, false, hash(trace, 6)},
		{"trace_id, none", 6, 6, "trace_id", batch.Record{Key: key}, false, hash("customer-17", 6)},
		{"trace_id, invalid", 6, 6, "trace_id", batch.Record{Key: key, Headers: []batch.Header{{Key: "traceparent", Value: []byte("00-" + "00000000000000000000000000000000" + "-b7ad6b7169203331-01")}}}, false, hash("customer-17", 6)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := []kfake.Opt{kfake.SeedTopics(tt.targets, "orders.clean")}
			if tt.sources > 0 {
				opts = append(opts, kfake.SeedTopics(tt.sources, "orders"))
			}
			c := cluster(t, opts...)
			ld := told(t, "orders", 5, []batch.Record{tt.rec}, record.TopicRule{Topic: "orders", TokenizeKey: tt.tokenized})
			want := tt.rec.Key
			if tt.tokenized {
				want = token
				v, _ := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("kafka.key")
				v.SetStr(string(token))
			}
			if err := logsExporter(t, c, "partition: "+tt.partition).ConsumeLogs(t.Context(), ld); err != nil {
				t.Fatal(err)
			}
			got := readAll(t, c, "orders.clean")
			if len(got[tt.want]) != 1 {
				t.Fatalf("want it in partition %d: %d partitions have some", tt.want, len(got))
			}
			if !bytes.Equal(got[tt.want][0].Key, want) {
				t.Error("the key is another one")
			}
		})
	}
}
