package batch_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

const topic = "in"

// broker starts a kfake cluster with one topic of one partition.
func broker(t testing.TB) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func transport(t testing.TB) *kafka.Transport {
	rt := &kafka.Transport{ClientID: "batch test"}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

func franz(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic(topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func fetch(t testing.TB, c *kfake.Cluster, q batch.Query) batch.Fetched {
	t.Helper()
	q.Topic, q.MinBytes = topic, 1
	if q.MaxBytes == 0 {
		q.MaxBytes = 1 << 20
	}
	if q.MaxWait == 0 {
		q.MaxWait = 5 * time.Second
	}
	f, err := batch.Fetch(t.Context(), transport(t), kafka.TCP(c.ListenAddrs()...), q)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// readAll fetches and decodes from the offset to the last stable one.
func readAll(t testing.TB, c *kfake.Cluster, from int64) []batch.Record {
	t.Helper()
	var recs []batch.Record
	for range 100 {
		f := fetch(t, c, batch.Query{Offset: from})
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		var err error
		if recs, from, err = batch.Decode(recs, f.Set, from, f.Aborted, batch.Limits{}); err != nil {
			t.Fatal(err)
		}
		if from >= f.LastStable {
			return recs
		}
	}
	t.Fatal("no end in sight")
	return nil
}

// samples are records of every kind of key, value and header.
func samples(n int) []batch.Record {
	start := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC).UnixMilli()
	var recs []batch.Record
	for i := range n {
		r := batch.Record{
			Offset: int64(i), Timestamp: start + int64(i%7)*1000 - int64(i%3)*90_000,
			Key: fmt.Appendf(nil, "key %d", i), Value: bytes.Repeat(fmt.Appendf(nil, "value %d ", i), i%50),
			Headers: []batch.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "\xff", Value: nil}, {Key: "", Value: []byte{}}},
		}
		switch i % 5 {
		case 1:
			r.Key, r.Value, r.Headers = nil, nil, nil
		case 2:
			r.Key, r.Value, r.Headers = []byte{}, []byte{}, []batch.Header{{Key: "only", Value: []byte{0, 0xff}}}
		}
		recs = append(recs, r)
	}
	return recs
}

// differ tells where two lists of records differ, nil and empty being different, without their bytes.
func differ(got, want []batch.Record) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d records, want %d", len(got), len(want))
	}
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	for i, g := range got {
		w := want[i]
		switch {
		case g.Offset != w.Offset, g.Timestamp != w.Timestamp, g.Append != w.Append:
			return fmt.Errorf("record %d: offset %d, timestamp %d, append %t, want %d, %d, %t", i, g.Offset, g.Timestamp, g.Append, w.Offset, w.Timestamp, w.Append)
		case !same(g.Key, w.Key):
			return fmt.Errorf("record %d: another key", i)
		case !same(g.Value, w.Value):
			return fmt.Errorf("record %d: another value", i)
		case !slices.EqualFunc(g.Headers, w.Headers, func(a, b batch.Header) bool { return a.Key == b.Key && same(a.Value, b.Value) }):
			return fmt.Errorf("record %d: other headers", i)
		}
	}
	return nil
}

var codecs = []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}

func TestFetchWhatFranzProduced(t *testing.T) {
	compression := map[batch.Codec]kgo.CompressionCodec{
		batch.None: kgo.NoCompression(), batch.Gzip: kgo.GzipCompression(), batch.Snappy: kgo.SnappyCompression(),
		batch.LZ4: kgo.Lz4Compression(), batch.Zstd: kgo.ZstdCompression(),
	}
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			c := broker(t)
			want := samples(300)
			var rs []*kgo.Record
			for _, r := range want {
				k := &kgo.Record{Timestamp: time.UnixMilli(r.Timestamp), Key: r.Key, Value: r.Value}
				for _, h := range r.Headers {
					k.Headers = append(k.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
				}
				rs = append(rs, k)
			}
			if err := franz(t, c, kgo.ProducerBatchCompression(compression[codec])).ProduceSync(t.Context(), rs...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := differ(readAll(t, c, 0), want); err != nil {
				t.Error(err)
			}
			if err := differ(readAll(t, c, 123), want[123:]); err != nil {
				t.Errorf("from the middle of a batch: %v", err)
			}
		})
	}
}

func TestProduce(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			c := broker(t)
			want := samples(300)
			want[10].Timestamp = -1
			addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
			for i, part := range [][]batch.Record{want[:100], want[100:]} {
				base, err := batch.Produce(t.Context(), rt, addr, topic, 0, batch.Encode(nil, part, codec), time.Second, kafka.RequireAll)
				if err != nil || base != int64(100*i) {
					t.Fatalf("base offset %d, %v", base, err)
				}
			}
			if err := differ(readAll(t, c, 0), want); err != nil {
				t.Error(err)
			}
			// What franz-go reads: the batches are not only to our own liking.
			cl := franz(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(0)}}))
			var got []batch.Record
			for len(got) < len(want) {
				fs := cl.PollFetches(t.Context())
				if err := errors.Join(fs.Err()); err != nil {
					t.Fatal(err)
				}
				fs.EachRecord(func(k *kgo.Record) {
					r := batch.Record{Offset: k.Offset, Timestamp: k.Timestamp.UnixMilli(), Key: k.Key, Value: k.Value}
					for _, h := range k.Headers {
						r.Headers = append(r.Headers, batch.Header{Key: h.Key, Value: h.Value})
					}
					got = append(got, r)
				})
			}
			if err := differ(got, want); err != nil {
				t.Errorf("read by franz-go: %v", err)
			}
		})
	}
}
