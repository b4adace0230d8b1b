package deadletter_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const canary = "jane.doe@example.org"

func rig(t *testing.T, sealTo ...string) (*kfake.Cluster, *deadletter.Writer) {
	t.Helper()
	cfg := deadletter.DefaultConfig()
	cfg.SealTo, cfg.MaxMessageBytes = sealTo, 500_000
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, cfg.Topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := broker.DefaultConfig()
	b.Brokers = c.ListenAddrs()
	conn, err := b.Open(t.Context(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	p := produce.DefaultConfig()
	p.Retry.MaxElapsedTime = 5 * time.Second
	w, err := deadletter.New(cfg, produce.New(p, conn, produce.Hooks{}), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, w
}

// read returns all letters, by partition and offset, as the package batch has them.
func read(t *testing.T, c *kfake.Cluster, want int) []batch.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(deadletter.DefaultConfig().Topic))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out []batch.Record
	for len(out) < want {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("%d of %d letters: %v", len(out), want, err)
		}
		f.EachRecord(func(r *kgo.Record) {
			rec := batch.Record{Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
			for _, h := range r.Headers {
				rec.Headers = append(rec.Headers, batch.Header{Key: h.Key, Value: h.Value})
			}
			out = append(out, rec)
		})
	}
	return out
}

func headers(r batch.Record) string {
	var out []string
	for _, h := range r.Headers {
		if h.Key == deadletter.HeaderTime {
			if when, err := time.Parse(time.RFC3339, string(h.Value)); err != nil || time.Since(when) > time.Minute {
				out = append(out, "another time")
			}
			continue
		}
		out = append(out, strings.TrimPrefix(h.Key, "cloakroom-")+"="+string(h.Value))
	}
	return strings.Join(out, " ")
}

// holds tells whether a record shows the canary anywhere.
func holds(r batch.Record) bool {
	all := slices.Concat(r.Key, r.Value)
	for _, h := range r.Headers {
		all = slices.Concat(all, []byte(h.Key), h.Value)
	}
	return bytes.Contains(all, []byte(canary))
}

// whole is a record that has everything.
func whole() batch.Record {
	return batch.Record{
		Offset: 42, Timestamp: 1_700_000_000_123, Append: true, Key: []byte{}, Value: []byte("to " + canary + strings.Repeat(" and so on", 100)),
		Headers: []batch.Header{{Key: "b", Value: []byte(canary)}, {Key: "a", Value: nil}, {Key: "b", Value: []byte{}}, {Key: record.SourceTopic, Value: []byte("an earlier hop")}},
	}
}

func TestLetters(t *testing.T) {
	id := identity(t)
	rec := whole()
	tombstone := batch.Record{Offset: 43, Timestamp: -1, Key: []byte(canary)}
	at := record.Source{Topic: "orders", Partition: 3, Offset: 42}
	for _, tt := range []struct {
		name    string
		sealed  bool
		letter  deadletter.Letter
		headers string
		opens   *batch.Record
	}{
		{
			"sealed", true,
			deadletter.Letter{Source: at, Reason: record.ReasonJSON, Record: &rec},
			"source-topic=orders source-partition=3 source-offset=42 reason=invalid_json sealed=age", &rec,
		},
		{
			"sealed, a tombstone", true,
			deadletter.Letter{Source: record.Source{Topic: "orders", Offset: 43}, Reason: deadletter.ReasonRefused, Record: &tombstone},
			"source-topic=orders source-partition=0 source-offset=43 reason=refused sealed=age", &tombstone,
		},
		{
			"nobody to seal to", false,
			deadletter.Letter{Source: at, Reason: record.ReasonAvro, SchemaID: 7, Record: &rec},
			"source-topic=orders source-partition=3 source-offset=42 reason=invalid_avro schema-id=7 sealed=no", nil,
		},
		{
			"nothing to seal", true,
			deadletter.Letter{Source: at, NextOffset: 50, Reason: deadletter.Corrupt(batch.ReasonChecksum)},
			"source-topic=orders source-partition=3 source-offset=42 source-next-offset=50 reason=corrupt_checksum sealed=no", nil,
		},
		{
			"telemetry that is not from Kafka", true,
			deadletter.Letter{Source: record.Source{Partition: -1, Offset: -1}, Reason: deadletter.ReasonTooLarge, Record: &batch.Record{Offset: -1, Timestamp: -1, Value: []byte(canary)}},
			"reason=too_large sealed=age", &batch.Record{Offset: -1, Timestamp: -1, Value: []byte(canary)},
		},
		{"a reason nobody knows", false, deadletter.Letter{Source: at, Reason: canary}, "source-topic=orders source-partition=3 source-offset=42 reason=other sealed=no", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var to []string
			if tt.sealed {
				to = []string{identity(t).Recipient().String(), id.Recipient().String()}
			}
			c, w := rig(t, to...)
			if err := w.Write(t.Context(), []deadletter.Letter{tt.letter}); err != nil {
				t.Fatal(err)
			}
			got := read(t, c, 1)[0]
			if h := headers(got); h != tt.headers {
				t.Errorf("headers %s\n   want %s", h, tt.headers)
			}
			if holds(got) || got.Key != nil {
				t.Error("it shows what the record holds")
			}
			rec, source, err := deadletter.Open(t.Context(), got, id)
			if tt.opens == nil {
				if !errors.Is(err, deadletter.ErrNotSealed) || got.Value != nil {
					t.Errorf("opening what is not sealed: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if source != tt.letter.Source || !reflect.DeepEqual(rec, *tt.opens) {
				t.Errorf("another record came out, of %v; the same: %v", source, reflect.DeepEqual(rec, *tt.opens))
			}
			if _, _, err := deadletter.Open(t.Context(), got, identity(t)); !errors.As(err, new(*age.NoIdentityMatchError)) {
				t.Errorf("somebody else opens it: %v", err)
			}
		})
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestOpenRefuses changes letters in every way that matters.
func TestOpenRefuses(t *testing.T) {
	id := identity(t)
	c, w := rig(t, id.Recipient().String())
	rec := whole()
	if err := w.Write(t.Context(), []deadletter.Letter{{Source: record.Source{Topic: "orders", Partition: 3, Offset: 42}, Reason: record.ReasonJSON, Record: &rec}}); err != nil {
		t.Fatal(err)
	}
	good := read(t, c, 1)[0]
	sealed := func(plain string) []byte {
		var out bytes.Buffer
		enc, err := age.Encrypt(&out, id.Recipient())
		if err == nil {
			_, err = enc.Write([]byte(plain))
		}
		if err = errors.Join(err, enc.Close()); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	for _, tt := range []struct {
		name   string
		change func(r *batch.Record)
	}{
		{"other coordinates", func(r *batch.Record) {
			r.Headers = record.AppendSource(r.Headers, record.Source{Topic: "orders", Partition: 3, Offset: 41})
		}},
		{"no coordinates", func(r *batch.Record) { r.Headers = nil }},
		{"cut off", func(r *batch.Record) { r.Value = r.Value[:len(r.Value)-1] }},
		{"a bit", func(r *batch.Record) { r.Value = slices.Clone(r.Value); r.Value[len(r.Value)-1] ^= 1 }},
		{"empty", func(r *batch.Record) { r.Value = []byte{} }},
		{"something else", func(r *batch.Record) { r.Value = sealed("something else") }},
		{"nothing after the magic", func(r *batch.Record) { r.Value = sealed("cloakroom dead letter 1\n") }},
		{"a topic longer than all of it", func(r *batch.Record) { r.Value = sealed("cloakroom dead letter 1\n\xff\xff\xff\xff\x0fo") }},
		{"no batch", func(r *batch.Record) { r.Value = sealed("cloakroom dead letter 1\n\x06orders\x06\x54\x00") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := good
			tt.change(&r)
			got, _, err := deadletter.Open(t.Context(), r, id)
			if err == nil || got.Value != nil {
				t.Errorf("opened: %v", err)
			}
		})
	}
}

// TestLarge writes letters that the topic is too small for: they go without the record.
func TestLarge(t *testing.T) {
	id := identity(t)
	for _, tt := range []struct {
		name   string
		broker bool // says no, not our own limit
		size   int
	}{{"beyond max_message_bytes", false, 600_000}, {"beyond what the topic takes", true, 10_000}} {
		t.Run(tt.name, func(t *testing.T) {
			c, w := rig(t, id.Recipient().String())
			if tt.broker {
				c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: w.Topic(), Err: kerr.MessageTooLarge, Count: -1, When: func(r kmsg.Request) bool {
					return len(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records) > 5000
				}})
			}
			noise := make([]byte, tt.size)
			for i, x := 0, uint32(1); i < len(noise); i++ {
				x = x*1664525 + 1013904223
				noise[i] = byte(x >> 24)
			}
			small := whole()
			letters := []deadletter.Letter{
				{Source: record.Source{Topic: "orders", Offset: 1}, Reason: deadletter.ReasonTooLarge, Record: &batch.Record{Offset: 1, Value: noise}},
				{Source: record.Source{Topic: "orders", Offset: 42}, Reason: deadletter.ReasonRefused, Record: &small},
			}
			if err := w.Write(t.Context(), letters); err != nil {
				t.Fatal(err)
			}
			var large, opened int
			for _, r := range read(t, c, 2) {
				if strings.HasSuffix(headers(r), "source-offset=1 reason=too_large sealed=too_large") && r.Value == nil {
					large++
				} else if _, _, err := deadletter.Open(t.Context(), r, id); err == nil {
					opened++
				}
			}
			if large != 1 || opened != 1 {
				t.Errorf("%d letters without a record and %d with one, want 1 and 1", large, opened)
			}
		})
	}
}

// TestRefusedForGood wants an error where a topic takes no letters at all.
func TestRefusedForGood(t *testing.T) {
	c, w := rig(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: w.Topic(), Err: kerr.InvalidRecord, Count: -1})
	err := w.Write(t.Context(), []deadletter.Letter{{Source: record.Source{Topic: "orders"}, Reason: record.ReasonJSON}})
	if err == nil || !strings.Contains(err.Error(), "must not be compacted") {
		t.Errorf("want an error that says what to do: %v", err)
	}
}

func TestValidate(t *testing.T) {
	secret := identity(t).String()
	for _, tt := range []struct {
		name string
		cfg  deadletter.Config
		want []string
	}{
		{"defaults", deadletter.DefaultConfig(), nil},
		{"nothing", deadletter.Config{}, []string{"topic: \"\"", "max_message_bytes: 0"}},
		{"every fault", deadletter.Config{Topic: "a b", SealTo: []string{"age1nonsense", secret, ""}}, []string{"topic: ", "seal_to[0]", "seal_to[1]", "seal_to[2]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.cfg.Validate()
			if len(tt.want) == 0 && err != nil {
				t.Error(err)
			}
			for _, w := range tt.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("nothing says %q: %v", w, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Error("the error shows a secret key")
			}
		})
	}
}

func TestReasons(t *testing.T) {
	for _, r := range deadletter.Reasons() {
		if deadletter.Label(r) != r || r != strings.ToLower(r) || strings.ContainsAny(r, " -") {
			t.Errorf("%q is no label", r)
		}
	}
}

// FuzzOpen takes any record there, and back as it was.
func FuzzOpen(f *testing.F) {
	f.Add("orders", int32(3), int64(42), int64(1_700_000_000_123), true, []byte("key"), []byte("value"), "h", []byte("v"))
	f.Add("", int32(-1), int64(-1), int64(-1), false, []byte{}, []byte{}, "", []byte{})
	f.Add("\xff", int32(1<<31-1), int64(1<<63-1), int64(-1<<63), false, []byte("cloakroom dead letter 1\n"), bytes.Repeat([]byte{0}, 5000), "cloakroom-source-topic", []byte("x"))
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, topic string, partition int32, offset, timestamp int64, append bool, key, value []byte, header string, content []byte) {
		rec := batch.Record{Offset: offset, Timestamp: timestamp, Append: append, Key: key, Value: value, Headers: []batch.Header{{Key: header, Value: content}}}
		l := deadletter.Letter{Source: record.Source{Topic: topic, Partition: partition, Offset: offset}, Reason: record.ReasonJSON, Record: &rec}
		sealed, err := deadletter.Seal(l, time.Now(), id.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		got, s, err := deadletter.Open(t.Context(), sealed, id)
		if err != nil || s != l.Source || !reflect.DeepEqual(got, rec) {
			t.Errorf("the record does not come back, or not from its place: %v", err)
		}
	})
}
