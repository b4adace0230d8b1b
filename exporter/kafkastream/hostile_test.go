package kafkastream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func forged(topic string, partition int64) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	a := rl.Resource().Attributes()
	a.PutStr("kafka.topic", topic)
	a.PutInt("kafka.partition", partition)
	a.PutStr("kafka.format", "text")
	lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Body().SetStr("body")
	lr.Attributes().PutStr("kafka.key.kept", "alice@example.com")
	return ld
}

// Telemetry with coordinates that cannot be must be refused for good or set aside, not hold its sender up.
func TestHostileForgedCoordinates(t *testing.T) {
	for _, tt := range []struct {
		name, topic, conf string
		partition         int64
	}{
		{"negative partition", "orders", "partition: source", -1},
		{"negative partition, by key", "orders", "partition: key", -3},
		{"partition beyond int32", "orders", "partition: source", 1<<32 + 5},
		{"partition int32 min", "orders", "partition: source", 1 << 31},
		{"no topic name", "or ders/../x", "partition: source", 0},
		{"too long", strings.Repeat("a", 300), "partition: source", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := cluster(t, kfake.SeedTopics(2, "orders", "orders.clean"))
			e := logsExporter(t, c, tt.conf)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			began := time.Now()
			err := e.ConsumeLogs(ctx, forged(tt.topic, tt.partition))
			if took := time.Since(began); took > 5*time.Second || err != nil && !consumererror.IsPermanent(err) {
				t.Errorf("held up for %v and then: %v", took, err)
			}
		})
	}
}

// Telemetry that claims to be a record, with a topic that is none, is refused for good also where no record can be made of it: what it
// says its topic is stands in no letter and no log.
func TestHostileForgedTopicOfABadRecord(t *testing.T) {
	const secret = "jane.doe@example.org"
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	set, _, logs := observed(t, "")
	e := logsExporterOf(t, c, set, "")
	ld := forged(secret, 0)
	ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("kafka.frame", "of nothing")
	if err := e.ConsumeLogs(t.Context(), ld); !consumererror.IsPermanent(err) || contains(err, secret) {
		t.Errorf("not refused for good: %v", err)
	}
	if got := readAll(t, c, letters)[0]; len(got) > 0 {
		t.Errorf("%d dead letters", len(got))
	}
	for _, l := range logs.All() {
		if strings.Contains(fmt.Sprint(l.Message, l.ContextMap()), secret) {
			t.Errorf("logged: %v", l)
		}
	}
}

func wild(r *rand.Rand, v pcommon.Value, depth int) {
	switch n := r.IntN(9); {
	case n == 0:
	case n == 1:
		v.SetInt(int64(r.Uint64()))
	case n == 2:
		v.SetStr([]string{"", "orders", "null", "empty", "nothing", "append", "utf-16le", "text", "otlp_proto", "otlp_json", "raw", "a\xff"}[r.IntN(12)])
	case n == 3:
		v.SetEmptyBytes().FromRaw([]byte{0, 0, 0, 1}[:r.IntN(5)])
	case n == 4:
		v.SetBool(true)
	case n == 5:
		v.SetDouble(1e300)
	case n == 6 || depth > 3:
		v.SetInt(int64(r.IntN(6)) - 2)
	case n == 7:
		s := v.SetEmptySlice()
		for range r.IntN(7) {
			wild(r, s.AppendEmpty(), depth+1)
		}
	default:
		m := v.SetEmptyMap()
		for range r.IntN(4) {
			wild(r, m.PutEmpty([]string{"a", "b", "b3", "", "kafka.frame"}[r.IntN(5)]), depth+1)
		}
	}
}

var ours = []string{
	"kafka.topic", "kafka.partition", "kafka.format", "kafka.charset", "kafka.offset", "kafka.timestamp_type", "kafka.timestamp", "kafka.key.kept", "kafka.key",
	"kafka.key.hash", "kafka.headers", "kafka.headers.kept", "kafka.frame", "kafka.value",
}

// No telemetry makes the way back panic.
func TestHostileWildAttributes(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for began := time.Now(); time.Since(began) < 8*time.Second; {
		ld := plog.NewLogs()
		for range 1 + r.IntN(3) {
			rl := ld.ResourceLogs().AppendEmpty()
			a := rl.Resource().Attributes()
			if r.IntN(4) > 0 {
				a.PutStr("kafka.topic", "orders")
				a.PutInt("kafka.partition", int64(r.IntN(3))-1)
				a.PutStr("kafka.format", []string{"text", "raw", "auto", "otlp_proto", "otlp_json", "json", "?"}[r.IntN(7)])
			}
			for range r.IntN(5) {
				wild(r, a.PutEmpty(ours[r.IntN(len(ours))]), 0)
			}
			lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			for range r.IntN(8) {
				wild(r, lr.Attributes().PutEmpty(ours[r.IntN(len(ours))]), 0)
			}
			wild(r, lr.Body(), 0)
		}
		_ = record.FromLogs(ld, record.Encoding{MaxBytes: 100, KeyByTrace: true}, func(o record.Out) error {
			if o.Bad == nil {
				o.Record.Headers = record.AppendSource(o.Record.Headers, o.Source)
				batch.Encode(nil, []batch.Record{o.Record}, batch.None)
			}
			o.Hash()
			return nil
		})
	}
}

// A broker whose metadata names no topics.
func TestHostileMetadataWithoutTopics(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		res.ControllerID = 0
		return res, nil, true
	})
	for _, conf := range []string{"timeout: 1s\nretry: {initial_interval: 50ms, max_interval: 100ms, max_elapsed_time: 500ms}", "timeout: 1s\nretry: {initial_interval: 50ms, max_interval: 100ms, max_elapsed_time: 500ms}\ncreate_topics: true"} {
		e := logsExporter(t, c, conf)
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		t.Log(e.ConsumeLogs(ctx, told(t, "orders", 0, numbered(1))))
		cancel()
	}
}

// Exports at once, of everything, for the race detector.
func TestHostileConcurrent(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(3, "orders", "orders.clean", "otlp_logs"))
	e := logsExporter(t, c, "compression: zstd\npartition: key_hash\nmax_message_bytes: 1024\nmax_batch_bytes: 1024")
	var wg sync.WaitGroup
	for p := range int32(3) {
		for range 3 {
			wg.Go(func() {
				for range 5 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(2000))*time.Millisecond)
					recs := numbered(50)
					recs[7].Value = []byte(strings.Repeat("x", 5000))
					_ = e.ConsumeLogs(ctx, told(t, "orders", p, recs))
					cancel()
				}
			})
		}
	}
	wg.Wait()
}
