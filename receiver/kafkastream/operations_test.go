package kafkastream

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

// observed are settings whose log is kept, with stacks where the Collector would have them.
func observed(t *testing.T, tel ...*componenttest.Telemetry) (receiver.Settings, *observer.ObservedLogs) {
	t.Helper()
	set := settings(t, tel...)
	core, logs := observer.New(zapcore.InfoLevel)
	set.Logger = zap.New(core, zap.AddStacktrace(zapcore.ErrorLevel))
	return set, logs
}

// series are the values of a metric by all of its attributes.
func series(t *testing.T, tel *componenttest.Telemetry, name string) map[attribute.Set]int64 {
	t.Helper()
	out := map[attribute.Set]int64{}
	m, err := tel.GetMetric("otelcol_receiver_kafka_stream_" + name)
	if err != nil {
		return out
	}
	var points []metricdata.DataPoint[int64]
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = data.DataPoints
	case metricdata.Gauge[int64]:
		points = data.DataPoints
	}
	for _, p := range points {
		out[p.Attributes] = p.Value
	}
	return out
}

func labels(id component.ID, more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more, attribute.String("receiver", id.String()))...)
}

// TestConnected: a metric, the health and the log tell whether there is a Kafka.
func TestConnected(t *testing.T) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	set, _ := observed(t, tel)
	c := newCluster(t, 1)
	_, stop := start(t, set, c.config(), new(pipeline))
	connected := func() int64 {
		n, there := series(t, tel, "connected")[labels(set.ID)]
		if !there {
			return -1
		}
		return n
	}
	wait(t, "nothing says that Kafka is there", func() bool { return connected() == 1 })
	stop()

	tel = componenttest.NewTelemetry()
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	set, logs := observed(t, tel)
	host := new(statusHost)
	startOn(t, host, set, c.config(func(cfg *Config) { cfg.Brokers = []string{"127.0.0.1:1"} }), new(pipeline))
	wait(t, "nothing says that Kafka is away", func() bool { return connected() == 0 })
	failed := series(t, tel, "connections_failed")
	if got := failed[labels(set.ID, attribute.String("reason", "unreachable"))]; got != 1 {
		t.Errorf("failed: %v", failed)
	}
	wait(t, "the health is good", func() bool {
		e := host.last()
		return e.Status() == componentstatus.StatusRecoverableError && strings.Contains(e.Err().Error(), "no connection to Kafka: ")
	})
	if logs.FilterMessage("kafka_stream: Kafka cannot be reached").Len() != 1 {
		t.Error("the log does not say so")
	}
}

// TestTwoReceivers: components that consume the same partitions have series of their own, which end with their assignment.
func TestTwoReceivers(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 7)
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	var stops []func()
	var ids []component.ID
	for _, name := range []string{"a", "b"} {
		set := settings(t, tel)
		set.ID = component.NewIDWithName(metadata.Type, name)
		_, stop := start(t, set, c.config(func(cfg *Config) { cfg.Group = name }), new(pipeline))
		ids, stops = append(ids, set.ID), append(stops, stop)
	}
	of := func(i int) attribute.Set {
		return labels(ids[i], attribute.String("topic", topic), attribute.Int("partition", 0))
	}
	wait(t, "records are not told of each", func() bool {
		got := series(t, tel, "records")
		return got[of(0)] == 7 && got[of(1)] == 7
	})
	for _, name := range []string{"partitions", "connected", "rebalances"} {
		wait(t, name+" are not told of each", func() bool {
			got := series(t, tel, name)
			return got[labels(ids[0])] == 1 && got[labels(ids[1])] == 1
		})
	}
	stops[0]()
	if got := series(t, tel, "lag"); len(got) != 1 {
		t.Errorf("lag after one has stopped: %v", got)
	}
}

// TestDeadLetterLog: of a dead letter the log says where the record stood and why, and not what it was.
func TestDeadLetterLog(t *testing.T) {
	const secret = "jane.doe@example.org"
	c := newCluster(t, 1)
	for _, v := range []string{`{"ok": true}`, "{" + secret, `{"refused": "` + secret + `"}`} {
		if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	set, logs := observed(t)
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		if slices.ContainsFunc(batch, func(s seen) bool { return s.offset == 2 }) {
			return consumererror.NewPermanent(errors.New("no such tenant"))
		}
		return nil
	}}
	_, stop := start(t, set, c.config(func(cfg *Config) { cfg.Formats = []record.TopicRule{{Topic: topic, Format: record.JSON}} }), p)
	wait(t, "it does not go on", func() bool { return c.committed(topic)[0] == 3 })
	stop()
	var got []string
	for _, e := range logs.FilterMessage("kafka_stream: a record became a dead letter").All() {
		m := e.ContextMap()
		if m["topic"] != topic || m["partition"] != int32(0) {
			t.Errorf("of %v/%v", m["topic"], m["partition"])
		}
		got = append(got, m["reason"].(string)+"@"+string(rune('0'+m["offset"].(int64))))
	}
	if !slices.Equal(got, []string{"invalid_json@1", "refused@2"}) {
		t.Errorf("told of %v", got)
	}
	for _, e := range logs.All() {
		line, err := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()).EncodeEntry(e.Entry, e.Context)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line.String(), secret) {
			t.Error("a line of the log has the record")
		}
	}
}

// TestShutdownWhileFrozen: a coordinator that does not answer, to a commit that is under way or to the leave, does not hold a stop up
// for longer than supervisors wait either.
func TestShutdownWhileFrozen(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2)
	frozen, thaw := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(thaw) })
	p := &pipeline{before: func(ctx context.Context, got []seen) error {
		if got[0].partition == 0 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}}
	for partition := range int32(2) {
		c.produce(topic, partition, 0, 5)
	}
	c.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		close(frozen)
		<-thaw // and so nothing else is answered
		return nil, nil, false
	})
	_, stop := start(t, settings(t), c.config(func(cfg *Config) {
		d := defaultConfig().(*Config)
		cfg.SessionTimeout, cfg.HeartbeatInterval, cfg.RebalanceTimeout = d.SessionTimeout, d.HeartbeatInterval, d.RebalanceTimeout
	}), p)
	<-frozen
	began := time.Now()
	stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// TestShutdownInOutage: with the defaults, a batch that cannot be written does not hold a stop up for longer than supervisors wait,
// and the log of it has no stacks.
func TestShutdownInOutage(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3)
	var inside atomic.Int32
	p := &pipeline{before: func(ctx context.Context, _ []seen) error {
		inside.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}}
	for partition := range int32(3) {
		c.produce(topic, partition, 0, 5)
	}
	set, logs := observed(t)
	_, stop := start(t, set, c.config(func(cfg *Config) {
		d := defaultConfig().(*Config)
		cfg.SessionTimeout, cfg.HeartbeatInterval, cfg.RebalanceTimeout = d.SessionTimeout, d.HeartbeatInterval, d.RebalanceTimeout
	}), p)
	wait(t, "nothing is handed on", func() bool { return inside.Load() == 3 })
	began := time.Now()
	stop()
	if took := time.Since(began); took > stopping+aborting {
		t.Errorf("took %s", took)
	}
	given := logs.FilterMessageSnippet("batches that the pipeline has not taken").All()
	if len(given) != 1 || given[0].ContextMap()["partitions"] != int64(3) {
		t.Errorf("told %v", given)
	}
	for _, e := range logs.All() {
		if e.Stack != "" || e.Level > zapcore.WarnLevel {
			t.Errorf("%s, %s, with a stack of %d bytes", e.Level, e.Message, len(e.Stack))
		}
	}
}
