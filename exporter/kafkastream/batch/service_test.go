//go:build services

package batch_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// TestServiceKafka holds against Apache Kafka what kfake cannot show: what its own compressors write, its log cleaner
// and its transaction coordinator, and that it takes what Encode writes.
func TestServiceKafka(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{Settings: []string{"log.cleaner.backoff.ms=100", "log.retention.check.interval.ms=100", "log.initial.task.delay.ms=100"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	addr, rt := kafka.TCP(s.Address()), transport(t)
	rt.MetadataTTL = 100 * time.Millisecond
	create := func(t *testing.T, name string, configs map[string]string) {
		t.Helper()
		if err := brokertest.CreateTopics(t.Context(), s.Address(), brokertest.Topic{Name: name, Partitions: 1, Config: configs}); err != nil {
			t.Fatal(err)
		}
	}
	produce := func(t *testing.T, topic string, set []byte) {
		t.Helper()
		var err error
		for range 50 {
			if _, err = batch.Produce(t.Context(), rt, addr, topic, 0, set, time.Second, kafka.RequireAll); !errors.Is(err, kafka.UnknownTopicOrPartition) {
				break
			}
			time.Sleep(100 * time.Millisecond) // the metadata are those from before the topic
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read := func(t *testing.T, topic string, from int64) (recs []batch.Record) {
		t.Helper()
		for range 1000 {
			f, err := batch.Fetch(t.Context(), rt, addr, batch.Query{Topic: topic, Offset: from, MinBytes: 1, MaxBytes: 20_000, MaxWait: time.Second})
			if errors.Is(err, kafka.UnknownTopicOrPartition) {
				time.Sleep(50 * time.Millisecond)
				continue
			}
			if err := errors.Join(err, f.Err); err != nil {
				t.Fatal(err)
			}
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
	franzRead := func(t *testing.T, topic string) (recs []batch.Record) {
		t.Helper()
		ks, err := brokertest.Consume(t.Context(), s.Address(), topic)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range ks {
			r := batch.Record{Offset: k.Offset, Timestamp: k.Timestamp.UnixMilli(), Append: k.Attrs.TimestampType() == 1, Key: k.Key, Value: k.Value}
			for _, h := range k.Headers {
				r.Headers = append(r.Headers, batch.Header{Key: h.Key, Value: h.Value})
			}
			recs = append(recs, r)
		}
		return recs
	}
	for _, codec := range codecs {
		for _, by := range []string{"us", "the broker"} {
			t.Run(codec.String()+" by "+by, func(t *testing.T) {
				topic, configs, ours := "c-"+codec.String(), map[string]string{}, codec
				if by == "the broker" {
					topic += "-broker"
					configs["compression.type"] = map[bool]string{true: "uncompressed", false: codec.String()}[codec == batch.None]
					ours = (codec + 1) % 5
				}
				create(t, topic, configs)
				want := samples(2000)
				want[17].Timestamp = -1
				for i := range want {
					for j := range want[i].Headers {
						if h := &want[i].Headers[j]; by == "the broker" {
							h.Key = strings.ToValidUTF8(h.Key, "\ufffd") // as Java does with what it takes apart
						}
					}
				}
				produce(t, topic, batch.Encode(nil, want[:1500], ours))
				produce(t, topic, batch.Encode(nil, want[1500:], ours))
				if err := differ(read(t, topic, 0), want); err != nil {
					t.Error(err)
				}
				if err := differ(read(t, topic, 777), want[777:]); err != nil {
					t.Errorf("from the middle: %v", err)
				}
				if err := differ(franzRead(t, topic), want); err != nil {
					t.Errorf("franz-go: %v", err)
				}
			})
		}
	}
	t.Run("log append time", func(t *testing.T) {
		create(t, "appended", map[string]string{"message.timestamp.type": "LogAppendTime"})
		produce(t, "appended", batch.Encode(nil, samples(100), batch.LZ4))
		got := read(t, "appended", 0)
		if len(got) != 100 || !got[99].Append || time.Since(time.UnixMilli(got[99].Timestamp)).Abs() > time.Minute {
			t.Errorf("%d records", len(got))
		}
		if err := differ(got, franzRead(t, "appended")); err != nil {
			t.Error(err)
		}
	})
	t.Run("transactions", func(t *testing.T) {
		create(t, "tx", nil)
		for i := range 6 {
			var rs []*kgo.Record
			for j := range 5 {
				rs = append(rs, &kgo.Record{Topic: "tx", Value: fmt.Appendf(nil, "%d.%d", i, j)})
			}
			if err := brokertest.Transact(t.Context(), s.Address(), "id", i%3 != 1, rs); err != nil {
				t.Fatal(err)
			}
		}
		got := read(t, "tx", 0)
		if err := differ(got, franzRead(t, "tx")); err != nil {
			t.Error(err)
		}
		for _, r := range got {
			if r.Value[0] == '1' || r.Value[0] == '4' {
				t.Fatal("a record that was rolled back")
			}
		}
		if len(got) != 20 {
			t.Errorf("%d records", len(got))
		}
		for from := range int64(37) {
			if err := differ(read(t, "tx", from), slices.DeleteFunc(slices.Clone(got), func(r batch.Record) bool { return r.Offset < from })); err != nil {
				t.Errorf("from %d: %v", from, err)
			}
		}
	})
	t.Run("compacted", func(t *testing.T) {
		create(t, "compacted", map[string]string{"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01", "delete.retention.ms": "60000"})
		deadline := time.Now().Add(30 * time.Second)
		sent := 0
		for {
			var recs []batch.Record
			for i := range 100 {
				recs = append(recs, batch.Record{Timestamp: time.Now().UnixMilli(), Key: fmt.Appendf(nil, "%d", i%30), Value: bytes.Repeat([]byte{1}, 20+i%4)})
			}
			recs[5].Value = nil
			produce(t, "compacted", batch.Encode(nil, recs, batch.Zstd))
			sent += len(recs)
			got := read(t, "compacted", 0)
			if got[len(got)-1].Offset != int64(sent-1) {
				t.Fatalf("the last is at %d of %d", got[len(got)-1].Offset, sent)
			}
			if len(got) < sent {
				want := franzRead(t, "compacted")
				for len(read(t, "compacted", 0)) != len(got) { // the cleaner came in between
					got, want = read(t, "compacted", 0), franzRead(t, "compacted")
				}
				if err := differ(got, want); err != nil {
					t.Error(err)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("nothing was compacted")
			}
			time.Sleep(300 * time.Millisecond)
		}
	})
}
