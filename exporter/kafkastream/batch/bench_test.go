package batch_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// logLines are records as a log shipper makes them: 512 bytes of text, a key, and headers where asked for.
func logLines(n, headers int) []batch.Record {
	var recs []batch.Record
	for i := range n {
		line := fmt.Appendf(nil, "2026-01-02T03:04:05.%06dZ INFO [worker-%d] request %d from 10.0.%d.%d took %d ms status=200 path=/v1/orders/%d ",
			i, i%16, i*7919, i%256, i*31%256, i%977, i*104729)
		for len(line) < 512 {
			line = fmt.Appendf(line, "k%d=%x ", len(line), i*len(line))
		}
		r := batch.Record{Offset: int64(i), Timestamp: 1767323045000 + int64(i), Key: fmt.Appendf(nil, "host-%d", i%100), Value: line[:512]}
		for h := range headers {
			r.Headers = append(r.Headers, batch.Header{Key: fmt.Sprintf("header-%d", h), Value: []byte("some value")})
		}
		recs = append(recs, r)
	}
	return recs
}

func BenchmarkDecode(b *testing.B) {
	for _, headers := range []int{0, 3} {
		for _, codec := range codecs {
			b.Run(fmt.Sprintf("headers=%d/%s", headers, codec), func(b *testing.B) {
				set := batch.Encode(nil, logLines(1000, headers), codec)
				var recs []batch.Record
				b.ReportAllocs()
				b.SetBytes(1000 * 512)
				for b.Loop() {
					var err error
					if recs, _, err = batch.Decode(recs[:0], set, 0, nil, batch.Limits{}); err != nil || len(recs) != 1000 {
						b.Fatal(len(recs), err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			})
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, codec := range codecs {
		b.Run(codec.String(), func(b *testing.B) {
			recs := logLines(1000, 3)
			var set []byte
			b.ReportAllocs()
			b.SetBytes(1000 * 512)
			for b.Loop() {
				set = batch.Encode(set[:0], recs, codec)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
			b.ReportMetric(float64(1000*512)/float64(len(set)), "ratio")
		})
	}
}

// TestAllocations: what Decode allocates does not grow with the records, headers being one slice a batch and its names shared.
func TestAllocations(t *testing.T) {
	for _, tc := range []struct {
		name    string
		headers int
		codec   batch.Codec
		want    float64
	}{
		{"plain", 0, batch.None, 0},
		{"headers", 3, batch.None, 1 + 3},
		{"snappy", 0, batch.Snappy, 1},
		{"lz4", 0, batch.LZ4, 1},
		{"zstd", 0, batch.Zstd, 1 + 4}, // its tables are in pools that a garbage collection empties
		{"gzip", 0, batch.Gzip, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := batch.Encode(nil, logLines(1000, tc.headers), tc.codec)
			recs := make([]batch.Record, 0, 1000)
			got := testing.AllocsPerRun(50, func() {
				var err error
				if recs, _, err = batch.Decode(recs[:0], set, 0, nil, batch.Limits{}); err != nil || len(recs) != 1000 {
					t.Fatal(len(recs), err)
				}
			})
			if got > tc.want && !underRace {
				t.Errorf("%.0f allocations for 1,000 records, want at most %.0f", got, tc.want)
			}
		})
	}
	t.Run("encode", func(t *testing.T) {
		recs := logLines(1000, 3)
		set := bytes.Clone(batch.Encode(nil, recs, batch.None))
		if got := testing.AllocsPerRun(50, func() { set = batch.Encode(set[:0], recs, batch.None) }); got > 0 {
			t.Errorf("%.0f allocations", got)
		}
	})
}
