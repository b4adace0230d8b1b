package kafkastream_test

import (
	"context"
	"encoding/hex"
	"fmt"
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
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// started starts what a factory made.
func started[E component.Component](t *testing.T, create func(context.Context, exporter.Settings, component.Config) (E, error), cfg component.Config) E {
	t.Helper()
	e, err := create(t.Context(), exportertest.NewNopSettings(kafkastream.NewFactory().Type()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Shutdown(context.Background()) })
	return e
}

func traceID(n byte) pcommon.TraceID { return pcommon.TraceID{15: n} }

// spans has n spans of three traces, by turns.
func spans(n int) ptrace.Traces {
	td := ptrace.NewTraces()
	ss := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		s := ss.AppendEmpty()
		s.SetName(fmt.Sprintf("span %04d", i))
		s.SetTraceID(traceID(byte(i%3 + 1)))
	}
	return td
}

func TestOrdinaryTraces(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		keyed      bool
		json       bool
		most       int // bytes of a value; 0: no matter
	}{
		{"by trace", "", true, false, 0},
		{"one record of a batch", "key_by_trace: false", false, false, 0},
		{"JSON", "encoding: otlp_json", true, true, 0},
		{"split", "max_message_bytes: 2000", true, false, 2000},
		{"split, without keys", "max_message_bytes: 2000\nkey_by_trace: false", false, false, 2000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := cluster(t, kfake.SeedTopics(5, "otlp_traces"))
			e := started(t, kafkastream.NewFactory().CreateTraces, configure(t, c, tt.yaml))
			const n = 300
			if err := e.ConsumeTraces(t.Context(), spans(n)); err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			records := 0
			for p, recs := range readAll(t, c, "otlp_traces") {
				for _, r := range recs {
					records++
					if tt.most > 0 && len(r.Value) > tt.most {
						t.Errorf("a record of %d bytes", len(r.Value))
					}
					if want := record.PartitionOf(record.Murmur2(r.Key), 5); tt.keyed && p != want {
						t.Errorf("a trace in partition %d, want %d", p, want)
					}
					req := ptraceotlp.NewExportRequest()
					read := req.UnmarshalProto
					if tt.json {
						read = req.UnmarshalJSON
					}
					if err := read(r.Value); err != nil {
						t.Fatal(err)
					}
					for _, s := range req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().All() {
						id := s.TraceID()
						if tt.keyed != (string(r.Key) == hex.EncodeToString(id[:])) {
							t.Errorf("key %q for trace %s", r.Key, id)
						}
						seen[s.Name()] = true
					}
				}
			}
			if len(seen) != n {
				t.Errorf("%d spans of %d", len(seen), n)
			}
			if want := map[bool]int{true: 3, false: 1}[tt.keyed]; tt.most == 0 && records != want {
				t.Errorf("%d records, want %d", records, want)
			}
		})
	}
}

// TestOrdinaryLargest has one span too large for any record, among others.
func TestOrdinaryLargest(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "otlp_traces"))
	e := started(t, kafkastream.NewFactory().CreateTraces, configure(t, c, "max_message_bytes: 2000"))
	td := spans(30)
	td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(7).Attributes().PutEmptyBytes("large").FromRaw(noise(3000))
	if err := e.ConsumeTraces(t.Context(), td); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range readAll(t, c, "otlp_traces")[0] {
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(r.Value); err != nil {
			t.Fatal(err)
		}
		n += req.Traces().SpanCount()
	}
	if got := readAll(t, c, letters)[0]; n != 29 || len(got) != 1 {
		t.Errorf("%d spans and %d dead letters, want 29 and 1", n, len(got))
	}
}

func TestOrdinaryMetrics(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(3, "plain"))
	e := started(t, kafkastream.NewFactory().CreateMetrics, configure(t, c, "topic: plain"))
	for range 6 {
		md := pmetric.NewMetrics()
		md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetName("m")
		if err := e.ConsumeMetrics(t.Context(), md); err != nil {
			t.Fatal(err)
		}
	}
	got := readAll(t, c, "plain")
	for p := range int32(3) {
		if len(got[p]) != 2 {
			t.Errorf("%d records in partition %d, want them by turns", len(got[p]), p)
			continue
		}
		req := pmetricotlp.NewExportRequest()
		if err := req.UnmarshalProto(got[p][0].Value); err != nil || req.Metrics().MetricCount() != 1 || got[p][0].Key != nil {
			t.Errorf("not a metric without a key: %v", err)
		}
	}
}

// TestMixed has logs of Kafka and others in one batch.
func TestMixed(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean", "otlp_logs"))
	ld := told(t, "orders", 0, numbered(2))
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Body().SetStr("of no topic")
	lr.SetTraceID(traceID(1))
	if err := logsExporter(t, c, "").ConsumeLogs(t.Context(), ld); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, c, "orders.clean")[0]; len(got) != 2 {
		t.Errorf("%d records of Kafka, want 2", len(got))
	}
	got := readAll(t, c, "otlp_logs")[0]
	if len(got) != 1 {
		t.Fatalf("%d other records, want 1", len(got))
	}
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(got[0].Value); err != nil || req.Logs().LogRecordCount() != 1 || len(got[0].Headers) != 0 || string(got[0].Key) != "00000000000000000000000000000001" {
		t.Errorf("not one log record with its trace as key and no coordinates: %v", err)
	}
}

// statusHost remembers what it was told.
type statusHost struct {
	component.Host
	events chan componentstatus.Status
}

func (h *statusHost) Report(e *componentstatus.Event) { h.events <- e.Status() }

func TestInternalTelemetry(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(2, "orders", "orders.clean"))
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { tel.Shutdown(context.Background()) })
	set := exportertest.NewNopSettings(kafkastream.NewFactory().Type())
	set.TelemetrySettings = tel.NewTelemetrySettings()
	e, err := kafkastream.NewFactory().CreateLogs(t.Context(), set, configure(t, c, "max_message_bytes: 2000\nretry: {initial_interval: 1ms}"))
	if err != nil {
		t.Fatal(err)
	}
	host := &statusHost{componenttest.NewNopHost(), make(chan componentstatus.Status, 10)}
	if err := e.Start(t.Context(), host); err != nil {
		t.Fatal(err)
	}
	defer e.Shutdown(context.Background())
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.NotEnoughReplicas, Count: 2})
	recs := append(numbered(10), batch.Record{Offset: 10, Value: noise(3000)})
	if err := e.ConsumeLogs(t.Context(), told(t, "orders", 1, recs)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]map[attribute.Set]int64{
		"records":            {labels(set, "orders.clean", 1): 10, labels(set, letters, 0): 1},
		"retries":            {labels(set, "orders.clean", 1): 2},
		"dead_letters":       {of(set, attribute.String("topic", "orders"), attribute.Int("partition", 1), attribute.String("reason", "too_large")): 1},
		"partitions_failing": {of(set): 0},
	} {
		got := points(t, tel, "otelcol_exporter_kafka_stream_"+name)
		if len(got) != len(want) {
			t.Errorf("%s: %v", name, got)
		}
		for labels, n := range want {
			if got[labels] != n {
				t.Errorf("%s: %d of %v, want %d", name, got[labels], labels.ToSlice(), n)
			}
		}
	}
	if got := points(t, tel, "otelcol_exporter_kafka_stream_bytes")[labels(set, "orders.clean", 1)]; got < 300 || got > 2000 {
		t.Errorf("%d bytes of 10 records", got)
	}
	for _, want := range []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK} {
		select {
		case got := <-host.events:
			if got != want {
				t.Errorf("status %v, want %v", got, want)
			}
		case <-time.After(time.Second):
			t.Fatalf("no status %v", want)
		}
	}
}

// of are the labels of an exporter's series of logs.
func of(set exporter.Settings, more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(more, attribute.String("exporter", set.ID.String()), attribute.String("signal", "logs"))...)
}

func labels(set exporter.Settings, topic string, partition int) attribute.Set {
	return of(set, attribute.String("topic", topic), attribute.Int("partition", partition))
}

func points(t *testing.T, tel *componenttest.Telemetry, name string) map[attribute.Set]int64 {
	t.Helper()
	m, err := tel.GetMetric(name)
	if err != nil {
		t.Fatal(err)
	}
	out := map[attribute.Set]int64{}
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			out[p.Attributes] = p.Value
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			out[p.Attributes] = p.Value
		}
	}
	return out
}
