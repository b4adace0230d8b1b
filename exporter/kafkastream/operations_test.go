package kafkastream_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// observed are settings whose metrics and log are kept, with stacks where the Collector would have them.
func observed(t *testing.T, name string) (exporter.Settings, *componenttest.Telemetry, *observer.ObservedLogs) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	set := exportertest.NewNopSettings(kafkastream.NewFactory().Type())
	set.ID = component.NewIDWithName(set.ID.Type(), name)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	core, logs := observer.New(zapcore.InfoLevel)
	set.Logger = zap.New(core, zap.AddStacktrace(zapcore.ErrorLevel))
	return set, tel, logs
}

// unwritable has requests to the clean topic fail.
func unwritable(c *kfake.Cluster, when func(*kmsg.ProduceRequest) bool) *kfake.FaultHandle {
	return c.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.NotEnoughReplicas, Count: -1,
		When: func(r kmsg.Request) bool { return when(r.(*kmsg.ProduceRequest)) },
	})
}

func eventually(t *testing.T, what string, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !until(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

// value is that of a series, -1 where it is not exported.
func value(tel *componenttest.Telemetry, name string, labels attribute.Set) int64 {
	m, err := tel.GetMetric("otelcol_exporter_kafka_stream_" + name)
	if err != nil {
		return -1
	}
	var points []metricdata.DataPoint[int64]
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		points = d.DataPoints
	case metricdata.Gauge[int64]:
		points = d.DataPoints
	}
	for _, p := range points {
		if p.Attributes == labels {
			return p.Value
		}
	}
	return -1
}

// TestConnected: a metric, the health and the log tell whether there is a Kafka, although nothing is to be written.
func TestConnected(t *testing.T) {
	set, tel, _ := observed(t, "")
	logsExporterOf(t, cluster(t), set, "")
	eventually(t, "nothing says that Kafka is there", func() bool { return value(tel, "connected", of(set)) == 1 })

	set, tel, logs := observed(t, "")
	e, err := kafkastream.NewFactory().CreateLogs(t.Context(), set, configure(t, nil, `brokers: ["127.0.0.1:1"]`))
	if err != nil {
		t.Fatal(err)
	}
	host := &statusHost{componenttest.NewNopHost(), make(chan componentstatus.Status, 10)}
	if err := e.Start(t.Context(), host); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nothing says that Kafka is away", func() bool { return value(tel, "connected", of(set)) == 0 })
	eventually(t, "no failure is counted", func() bool {
		return value(tel, "connections_failed", of(set, attribute.String("reason", "unreachable"))) == 1
	})
	if status := <-host.events; status != componentstatus.StatusRecoverableError {
		t.Errorf("status %v", status)
	}
	if err := e.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if logs.FilterMessage("kafka_stream: Kafka cannot be reached").Len() != 1 {
		t.Error("the log does not say so")
	}
}

// TestRefusalLog: what is refused because the exporter ends, or because retrying is over, is no error with a stack in the log, and
// no partition that fails for ever in the metrics.
func TestRefusalLog(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(2, "orders", "orders.clean"))
	unwritable(c, func(*kmsg.ProduceRequest) bool { return true })
	set, tel, logs := observed(t, "")
	e := logsExporterOf(t, c, set, "retry: {initial_interval: 1ms}")
	ctx, revoke := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ld := told(t, "orders", 0, numbered(3))
	go func() { done <- e.ConsumeLogs(ctx, ld) }()
	eventually(t, "nothing fails", func() bool { return value(tel, "partitions_failing", of(set)) == 1 })
	revoke()
	if err := <-done; err == nil {
		t.Error("accepted what is not written")
	}
	if got := value(tel, "partitions_failing", of(set)); got != 0 {
		t.Errorf("%d partitions fail that nobody writes here any more", got)
	}
	failing := logs.FilterMessage("kafka_stream: records cannot be written now, and wait").All()
	if len(failing) != 1 || !strings.Contains(failing[0].ContextMap()["error"].(string), "min.insync.replicas") {
		t.Errorf("told %v", failing)
	}
	for _, e := range logs.All() {
		if e.Stack != "" || e.Level > zapcore.WarnLevel || strings.Contains(e.Message, "sending_queue") {
			t.Errorf("%s, %s, with a stack of %d bytes", e.Level, e.Message, len(e.Stack))
		}
	}
}

// TestPartlyWritten: an error says which records are acknowledged although one partition fails: not those behind what failed, and not
// those whose dead letters are not written.
func TestPartlyWritten(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders"), kfake.SeedTopics(3, "orders.clean"))
	failing := unwritable(c, func(r *kmsg.ProduceRequest) bool { return r.Topics[0].Partitions[0].Partition == 1 })
	e := logsExporter(t, c, "partition: key_hash\nmax_message_bytes: 2000\nretry: {enabled: false}")
	recs := numbered(50)
	const large = 7
	recs[large].Value = noise(3000)
	err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, recs))
	if err == nil {
		t.Fatal("accepted what is not written")
	}
	partly := record.Partly(err)
	for i := range recs {
		_, got := partly.Written[record.Source{Topic: "orders", Offset: int64(i)}]
		_, not := partly.Unwritten[record.Source{Topic: "orders", Offset: int64(i)}]
		if want := record.PartitionOf(record.Murmur2(recs[i].Key), 3) != 1 && i != large; got != want || not == got {
			t.Errorf("record %d: written %v, want %v, not written %v", i, got, want, not)
		}
	}
	if record.Partly(errors.Join(err, errors.New("of another exporter"))) != nil {
		t.Error("what one of two exporters has written is told of both")
	}
	failing.Remove()
	if err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, recs)); err != nil {
		t.Fatal(err)
	}
}

// TestPartlyWrittenInOrder: of a partition, those records are told of that stand before what failed.
func TestPartlyWrittenInOrder(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	var seen atomic.Int32
	unwritable(c, func(*kmsg.ProduceRequest) bool { return seen.Add(1) > 3 })
	e := logsExporter(t, c, "max_batch_bytes: 1024\nretry: {enabled: false}")
	err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, numbered(100)))
	written := record.Partly(err).Written
	n := len(readAll(t, c, "orders.clean")[0])
	if n == 0 || n == 100 || len(written) != n {
		t.Errorf("told of %d, and %d are there", len(written), n)
	}
	for i := range n {
		if _, is := written[record.Source{Topic: "orders", Offset: int64(i)}]; !is {
			t.Errorf("record %d is not told of", i)
		}
	}
}

// TestTwoExporters: exporters that write the same partitions have series of their own.
func TestTwoExporters(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "clean"))
	one, tel, _ := observed(t, "a")
	other, _, _ := observed(t, "b")
	other.TelemetrySettings = one.TelemetrySettings
	for i, set := range []exporter.Settings{one, other} {
		if err := logsExporterOf(t, c, set, "topic: clean").ConsumeLogs(t.Context(), told(t, "orders", 0, numbered(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	for i, set := range []exporter.Settings{one, other} {
		if got := value(tel, "records", labels(set, "clean", 0)); got != int64(i+1) {
			t.Errorf("%s: %d records, want %d", set.ID, got, i+1)
		}
	}
}

// TestDeadLetterLog: of a dead letter the log says where the record stood and why, and not what it was.
func TestDeadLetterLog(t *testing.T) {
	const secret = "jane.doe@example.org"
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	set, _, logs := observed(t, "")
	rec := batch.Record{Offset: 7, Value: append([]byte(secret), noise(3000)...)}
	e := logsExporterOf(t, c, set, "max_message_bytes: 2000")
	if err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, []batch.Record{rec})); err != nil {
		t.Fatal(err)
	}
	got := logs.FilterMessage("kafka_stream: a record became a dead letter").All()
	if len(got) != 1 {
		t.Fatalf("%d lines, want 1", len(got))
	}
	m := got[0].ContextMap()
	if m["topic"] != "orders" || m["partition"] != int32(0) || m["offset"] != int64(7) || m["reason"] != "too_large" || len(m) != 5 {
		t.Errorf("told %v", m)
	}
}
