package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	exporter "github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// TestUnwritten: what one exporter says is written is not handed on again, and what one of several says is. Records that cannot be
// decoded become dead letters all the same.
func TestUnwritten(t *testing.T) {
	places := func(at ...record.Source) map[record.Source]struct{} {
		set := map[record.Source]struct{}{}
		for _, s := range at {
			set[s] = struct{}{}
		}
		return set
	}
	here := func(offset int64) record.Source { return record.Source{Topic: topic, Offset: offset} }
	written := &record.PartlyWritten{
		Err:       errors.New("a partition fails"),
		Written:   places(here(0), here(3), record.Source{Topic: "another", Offset: 2}, record.Source{Topic: topic, Partition: 1, Offset: 2}),
		Unwritten: places(here(2), here(4)),
	}
	but := func(w, not record.Source) error {
		return &record.PartlyWritten{Err: written.Err, Written: places(here(0), here(3), w), Unwritten: places(here(2), here(4), not)}
	}
	for _, tt := range []struct {
		name  string
		err   error
		again []int64
	}{
		{"of the only exporter", written, []int64{2, 4}},
		{"a record that nobody was handed", but(here(1), here(2)), []int64{2, 4}},
		{"a record that nobody was handed is not", but(here(0), here(1)), []int64{0, 2, 3, 4}},
		{"what has no offset is not", but(here(0), here(-1)), []int64{0, 2, 3, 4}},
		{"what has no place is not", but(here(0), record.Source{Partition: -1, Offset: -1}), []int64{0, 2, 3, 4}},
		{"what is of another partition is not", but(here(0), record.Source{Topic: topic, Partition: 1, Offset: 2}), []int64{0, 2, 3, 4}},
		{"wrapped on the way", fmt.Errorf("pipeline: %w", written), []int64{2, 4}},
		{"of one of two exporters", errors.Join(written, errors.New("the other fails")), []int64{0, 2, 3, 4}},
		{"of nobody", errors.New("a partition fails"), []int64{0, 2, 3, 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1)
			var recs []*kgo.Record
			for _, v := range []string{"0", "no JSON", "2", "3", "4"} {
				recs = append(recs, &kgo.Record{Topic: topic, Value: []byte(v)})
			}
			if err := c.client.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var attempts [][]int64
			p := &pipeline{before: func(_ context.Context, batch []seen) error {
				mu.Lock()
				defer mu.Unlock()
				var offsets []int64
				for _, s := range batch {
					offsets = append(offsets, s.offset)
				}
				if attempts = append(attempts, offsets); len(attempts) == 1 {
					return tt.err
				}
				return nil
			}}
			asJSON := func(cfg *Config) { cfg.Formats = []record.TopicRule{{Topic: topic, Format: record.JSON}} }
			_, stop := start(t, settings(t), c.config(asJSON), p)
			wait(t, "it does not go on", func() bool { return c.committed(topic)[0] == 5 })
			stop()
			if len(attempts) != 2 || !slices.Equal(attempts[0], []int64{0, 2, 3, 4}) || !slices.Equal(attempts[1], tt.again) {
				t.Errorf("handed on %v, want %v the second time", attempts, tt.again)
			}
			if got := c.deadLetters(1); !slices.Equal(got, []string{"orders/0@1 invalid_json"}) {
				t.Errorf("dead letters: %v", got)
			}
		})
	}
}

// TestOnePartitionFails: while one partition of the clean topic fails, the others do not get their records again and again.
func TestOnePartitionFails(t *testing.T) {
	c := newCluster(t, 1, kfake.SeedTopics(3, "orders.clean"))
	const n = 30
	var recs []*kgo.Record
	for i := range n {
		recs = append(recs, &kgo.Record{Topic: topic, Key: []byte{byte(i)}, Value: []byte("v")})
	}
	if err := c.client.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	failing := c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.NotEnoughReplicas, Count: -1,
		When: func(r kmsg.Request) bool { return r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Partition == 1 },
	})
	m, stop := start(t, settings(t), c.config(), newExporter(t, c))
	wait(t, "nothing is tried again", func() bool { return m.metrics.of(place{topic, 0}).retries.Load() > 5 })
	failing.Remove()
	wait(t, "it does not go on", func() bool { return c.committed(topic)[0] == n })
	stop()
	client := c.franz(kgo.ConsumeTopics("orders.clean"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	times := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for len(times) < n && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { times[string(r.Key)]++ })
	}
	for key, got := range times {
		if got != 1 {
			t.Errorf("record %d is there %d times", key[0], got)
		}
	}
	if len(times) != n {
		t.Errorf("%d records, want %d", len(times), n)
	}
}

// splitter makes two log records of each, the second under another key and without what does not matter to it.
type splitter struct {
	consumer.Logs
	spare func(second plog.LogRecord) // changes the second
}

func (s splitter) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			whole := plog.NewLogRecordSlice()
			sl.LogRecords().MoveAndAppendTo(whole)
			for _, lr := range whole.All() {
				second := sl.LogRecords().AppendEmpty()
				lr.CopyTo(second)
				second.Attributes().PutStr("kafka.key.kept", "second")
				s.spare(second)
				lr.MoveTo(sl.LogRecords().AppendEmpty())
			}
		}
	}
	return s.Logs.ConsumeLogs(ctx, ld)
}

// TestPartOfARecordFails: a record of which a processor made two is handed on again while one of both is not written, also where nobody
// can see whose part it is.
func TestPartOfARecordFails(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spare func(plog.LogRecord)
	}{
		{"with the coordinates of the record", func(plog.LogRecord) {}},
		{"without an offset", func(lr plog.LogRecord) { lr.Attributes().Remove("kafka.offset") }},
		{"with the offset of none", func(lr plog.LogRecord) { lr.Attributes().PutInt("kafka.offset", 1000) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1, kfake.SeedTopics(3, "orders.clean"))
			const n = 4
			var recs []*kgo.Record
			for i := range n {
				recs = append(recs, &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "%d", i), Value: []byte("v")})
			}
			if err := c.client.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			of := record.PartitionOf(record.Murmur2([]byte("second")), 3)
			failing := c.Fault(kfake.Fault{
				Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.NotEnoughReplicas, Count: -1,
				When: func(r kmsg.Request) bool { return r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Partition == of },
			})
			m, stop := start(t, settings(t), c.config(), splitter{newExporter(t, c), tt.spare})
			wait(t, "nothing is tried again", func() bool { return m.metrics.of(place{topic, 0}).retries.Load() > 2 || c.committed(topic)[0] == n })
			failing.Remove()
			wait(t, "it does not go on", func() bool { return c.committed(topic)[0] == n })
			stop()
			var seconds int64
			for _, p := range c.PartitionInfos("orders.clean") {
				if p.Partition == of {
					seconds = p.HighWatermark
				}
			}
			if seconds < n {
				t.Errorf("%d records in the partition of the second parts, want at least %d", seconds, n)
			}
		})
	}
}

// newExporter writes to orders.clean, by the original keys. Each attempt is the receiver's.
func newExporter(t *testing.T, c *cluster) consumer.Logs {
	t.Helper()
	cfg := exporter.NewFactory().CreateDefaultConfig().(*exporter.Config)
	cfg.Broker.Brokers, cfg.Partition = c.addrs, exporter.ByOriginalKey
	cfg.Produce.Retry.Enabled = false
	e, err := exporter.NewFactory().CreateLogs(t.Context(), exportertest.NewNopSettings(exporter.NewFactory().Type()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), nopHost{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}
