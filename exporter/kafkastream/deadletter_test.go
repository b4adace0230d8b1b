package kafkastream_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
)

// noise does not compress.
func noise(n int) []byte {
	b := make([]byte, n)
	for i, x := 0, uint32(1); i < n; i++ {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// TestDeadLetters has single records among good ones that no topic will take: the good ones go on, in order.
func TestDeadLetters(t *testing.T) {
	const canary = "jane.doe@example.org"
	for _, tt := range []struct {
		name   string
		yaml   string
		spoil  func(r *batch.Record)
		broker func(c *kfake.Cluster)
		reason string
	}{
		{"larger than max_message_bytes", "max_message_bytes: 20_000", func(r *batch.Record) { r.Value = append(noise(30_000), canary...) }, nil, "too_large"},
		{
			"larger than the topic takes", "", func(r *batch.Record) { r.Value = append(noise(30_000), canary...) },
			func(c *kfake.Cluster) {
				c.CreateTopic("orders.clean", 1, map[string]string{"max.message.bytes": "20000"})
			}, "too_large",
		},
		{"invalid to the broker", "", func(r *batch.Record) { r.Value = []byte("refuse " + canary) }, func(c *kfake.Cluster) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.InvalidRecord, Count: -1, When: func(r kmsg.Request) bool {
				return bytes.Contains(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records, []byte("refuse "+canary))
			}})
		}, "refused"},
		{"a timestamp the broker does not take", "", func(r *batch.Record) { r.Value = []byte("refuse " + canary) }, func(c *kfake.Cluster) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.InvalidTimestamp, Count: -1, When: func(r kmsg.Request) bool {
				return bytes.Contains(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records, []byte("refuse "+canary))
			}})
		}, "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			id, err := age.GenerateX25519Identity()
			if err != nil {
				t.Fatal(err)
			}
			c := cluster(t, kfake.SeedTopics(1, "orders"))
			c.CreateTopic("orders.clean", 1, nil)
			if strings.Contains(tt.name, "the topic takes") {
				c.DeleteTopic("orders.clean")
			}
			if tt.broker != nil {
				tt.broker(c)
			}
			e := logsExporter(t, c, tt.yaml+fmt.Sprintf("\ndead_letter: {seal_to: [%s]}", id.Recipient()))
			const n = 100
			recs := numbered(n)
			spoiled := map[int]bool{0: true, 17: true, 18: true, n - 1: true}
			for i := range spoiled {
				tt.spoil(&recs[i])
			}
			if err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, recs)); err != nil {
				t.Fatal(err)
			}
			next := 0
			for _, r := range readAll(t, c, "orders.clean")[0] {
				for spoiled[next] {
					next++
				}
				if !bytes.Equal(r.Value, recs[next].Value) {
					t.Fatalf("another record where %d is due", next)
				}
				next++
			}
			if next != n-1 {
				t.Errorf("the last record is %d, want %d", next-1, n-2)
			}
			letters := readAll(t, c, letters)[0]
			if len(letters) != len(spoiled) {
				t.Fatalf("%d dead letters, want %d", len(letters), len(spoiled))
			}
			for _, r := range letters {
				checkLetter(t, r, id, tt.reason, canary, recs)
			}
		})
	}
}

func checkLetter(t *testing.T, r *kgo.Record, id age.Identity, reason, canary string, recs []batch.Record) {
	t.Helper()
	if got, _ := header(r, deadletter.HeaderReason); got != reason {
		t.Errorf("reason %q, want %q", got, reason)
	}
	if bytes.Contains(r.Value, []byte(canary)) || r.Key != nil {
		t.Error("the letter shows what the record holds")
	}
	l := batch.Record{Value: r.Value}
	for _, h := range r.Headers {
		l.Headers = append(l.Headers, batch.Header{Key: h.Key, Value: h.Value})
	}
	rec, s, err := deadletter.Open(t.Context(), l, id)
	if err != nil {
		t.Error(err)
		return
	}
	if s.Topic != "orders" || !bytes.Equal(rec.Value, recs[s.Offset].Value) || !bytes.Equal(rec.Key, recs[s.Offset].Key) {
		t.Errorf("the record of offset %d is another one", s.Offset)
	}
}

// TestFrameThatDoesNotFit has a record whose frame and body do not belong together: it is not put together wrongly.
func TestFrameThatDoesNotFit(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	ld := told(t, "orders", 0, numbered(3))
	lr := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1)
	lr.Attributes().PutEmptySlice("kafka.frame").AppendEmpty().SetEmptyBytes().FromRaw([]byte{0, 0, 0, 0, 1})
	lr.Body().SetEmptyMap().PutInt("a", 1)
	if err := logsExporter(t, c, "").ConsumeLogs(t.Context(), ld); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, c, "orders.clean")[0]; len(got) != 2 {
		t.Errorf("%d records, want 2", len(got))
	}
	got := readAll(t, c, letters)[0]
	if len(got) != 1 || got[0].Value != nil {
		t.Fatalf("%d dead letters, want 1 without a value", len(got))
	}
	reason, _ := header(got[0], deadletter.HeaderReason)
	if offset, _ := header(got[0], "cloakroom-source-offset"); reason != "invalid_frame" || offset != "1" {
		t.Errorf("%s at %s, want invalid_frame at 1", reason, offset)
	}
}

func TestNothing(t *testing.T) {
	c := cluster(t)
	if err := logsExporter(t, c, "").ConsumeLogs(t.Context(), plog.NewLogs()); err != nil {
		t.Error(err)
	}
}
