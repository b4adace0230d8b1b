package record_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// fill makes resources with attributes that are named like the mapping's, and items of three traces.
func fill(m pcommon.Map, i int) {
	m.PutStr("service.name", fmt.Sprint("shop-", i))
	m.PutStr("kafka.topic", "mine")
	m.PutStr("kafka.original.kafka.topic", "older")
	m.PutStr("kafka.other", "x")
}

func trace(i int) pcommon.TraceID { return pcommon.TraceID{1, byte(i % 3)} }

func logsOf(resources, items int) plog.Logs {
	ld := plog.NewLogs()
	for i := range resources {
		rl := ld.ResourceLogs().AppendEmpty()
		fill(rl.Resource().Attributes(), i)
		rl.SetSchemaUrl("https://schema")
		for j := range 2 {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.Scope().SetName(fmt.Sprint("scope-", j))
			for k := range items {
				lr := sl.LogRecords().AppendEmpty()
				lr.Body().SetStr(fmt.Sprint(i, j, k))
				lr.SetTraceID(trace(k))
			}
		}
	}
	return ld
}

func tracesOf(resources, items int) ptrace.Traces {
	td := ptrace.NewTraces()
	for i := range resources {
		rs := td.ResourceSpans().AppendEmpty()
		fill(rs.Resource().Attributes(), i)
		for j := range 2 {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(fmt.Sprint("scope-", j))
			for k := range items {
				s := ss.Spans().AppendEmpty()
				s.SetName(fmt.Sprint(i, j, k))
				s.SetTraceID(trace(k))
			}
		}
	}
	return td
}

func metricsOf(resources, items int) pmetric.Metrics {
	md := pmetric.NewMetrics()
	for i := range resources {
		rm := md.ResourceMetrics().AppendEmpty()
		fill(rm.Resource().Attributes(), i)
		sm := rm.ScopeMetrics().AppendEmpty()
		for k := range items {
			m := sm.Metrics().AppendEmpty()
			m.SetName(fmt.Sprint(i, k))
			m.SetEmptyGauge().DataPoints().AppendEmpty().SetIntValue(int64(k))
		}
	}
	return md
}

// A telling is one signal's way there, back, and of making values.
type telling struct {
	// thereAndBack maps records and returns what comes back, and how many resources were between.
	thereAndBack func(*record.Mapping, []batch.Record) ([]record.Out, int, []string)
	value        func(t *testing.T, f record.Format, resources, items int) []byte
	ordinary     func(resources, items int, enc record.Encoding, emit func(record.Out) error) error
}

func collect(outs *[]record.Out) func(record.Out) error {
	return func(o record.Out) error { *outs = append(*outs, o); return nil }
}

func reasons(into *[]string) func(int, record.Undecodable) {
	return func(_ int, u record.Undecodable) { *into = append(*into, u.Reason) }
}

type marshaler interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

func encoded(t *testing.T, m marshaler, f record.Format) []byte {
	t.Helper()
	encode := m.MarshalProto
	if f == record.OTLPJSON {
		encode = m.MarshalJSON
	}
	b, err := encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

var tellings = map[record.Signal]telling{
	record.Logs: {
		thereAndBack: func(m *record.Mapping, recs []batch.Record) (outs []record.Out, n int, bad []string) {
			ld := plog.NewLogs()
			must(m.ToLogs(context.Background(), ld, "orders", 3, recs, reasons(&bad)))
			must(record.FromLogs(ld, record.Encoding{}, collect(&outs)))
			return outs, ld.ResourceLogs().Len(), bad
		},
		value: func(t *testing.T, f record.Format, resources, items int) []byte {
			return encoded(t, plogotlp.NewExportRequestFromLogs(logsOf(resources, items)), f)
		},
		ordinary: func(resources, items int, enc record.Encoding, emit func(record.Out) error) error {
			return record.FromLogs(logsOf(resources, items), enc, emit)
		},
	},
	record.Traces: {
		thereAndBack: func(m *record.Mapping, recs []batch.Record) (outs []record.Out, n int, bad []string) {
			td := ptrace.NewTraces()
			must(m.ToTraces(context.Background(), td, "orders", 3, recs, reasons(&bad)))
			must(record.FromTraces(td, record.Encoding{}, collect(&outs)))
			return outs, td.ResourceSpans().Len(), bad
		},
		value: func(t *testing.T, f record.Format, resources, items int) []byte {
			return encoded(t, ptraceotlp.NewExportRequestFromTraces(tracesOf(resources, items)), f)
		},
		ordinary: func(resources, items int, enc record.Encoding, emit func(record.Out) error) error {
			return record.FromTraces(tracesOf(resources, items), enc, emit)
		},
	},
	record.Metrics: {
		thereAndBack: func(m *record.Mapping, recs []batch.Record) (outs []record.Out, n int, bad []string) {
			md := pmetric.NewMetrics()
			must(m.ToMetrics(context.Background(), md, "orders", 3, recs, reasons(&bad)))
			must(record.FromMetrics(md, record.Encoding{}, collect(&outs)))
			return outs, md.ResourceMetrics().Len(), bad
		},
		value: func(t *testing.T, f record.Format, resources, items int) []byte {
			return encoded(t, pmetricotlp.NewExportRequestFromMetrics(metricsOf(resources, items)), f)
		},
		ordinary: func(resources, items int, enc record.Encoding, emit func(record.Out) error) error {
			return record.FromMetrics(metricsOf(resources, items), enc, emit)
		},
	},
}

// Our own encoder wrote the values, so that they come back byte for byte, and everything beside them, too.
func TestOTLPComesBack(t *testing.T) {
	for signal, s := range tellings {
		for _, f := range []record.Format{record.OTLPProto, record.OTLPJSON, record.Auto} {
			t.Run(string(signal)+"/"+string(f), func(t *testing.T) {
				value := f
				if f == record.Auto {
					value = record.OTLPJSON
				}
				recs := []batch.Record{
					{Offset: 1, Timestamp: 5, Key: []byte("k"), Value: s.value(t, value, 3, 2), Headers: []batch.Header{{Key: "a", Value: []byte("1")}, {Key: "b3"}, {Key: "a", Value: []byte{}}}},
					{Offset: 2, Timestamp: -1, Value: nil},
					{Offset: 3, Timestamp: -9, Append: true, Key: []byte{}, Value: []byte{}},
					{Offset: 4, Timestamp: 1796000000123, Append: true, Key: []byte("\xff"), Value: s.value(t, value, 1, 1)},
					{Offset: 5, Timestamp: 1796000000123, Value: s.value(t, value, 1, 0)},
				}
				if f == record.Auto {
					recs = append(recs, batch.Record{Offset: 6, Timestamp: 1, Value: s.value(t, record.OTLPProto, 2, 1)})
				}
				outs, n, bad := s.thereAndBack(mapping(t, record.TopicRule{Topic: "orders", Signal: signal, Format: f, TokenizeKey: true}), recs)
				same(t, outs, recs)
				if n < 3+1+1+1+1 || bad != nil {
					t.Errorf("%d resources, undecodable %v", n, bad)
				}
			})
		}
	}
}

func TestARequestForNothingIsARecord(t *testing.T) {
	for signal, s := range tellings {
		for value, want := range map[string]string{`{"resourceX":[]}`: "{}", "{}": "{}", "\x12\x00": ""} {
			rec := []batch.Record{{Offset: 9, Timestamp: 1, Value: []byte(value)}}
			outs, n, bad := s.thereAndBack(mapping(t, record.TopicRule{Topic: "orders", Signal: signal}), rec)
			if len(bad) != 0 || n != 1 || len(outs) != 1 || string(outs[0].Record.Value) != want || outs[0].Record.Value == nil {
				t.Errorf("%s of %q: %d resources, %d records, undecodable %v", signal, value, n, len(outs), bad)
			}
		}
	}
}

func TestWhatIsNoOTLPIsUndecodable(t *testing.T) {
	for signal, s := range tellings {
		whole := s.value(t, record.OTLPProto, 1, 1)
		recs := []batch.Record{{Value: whole[:len(whole)-1]}, {Value: []byte("{")}, {Value: []byte("plain text")}, {Value: whole}}
		outs, _, bad := s.thereAndBack(mapping(t, record.TopicRule{Topic: "orders", Signal: signal}), recs)
		if len(outs) != 1 || len(bad) != 3 {
			t.Errorf("%s: %d records, undecodable %v", signal, len(outs), bad)
		}
		for other := range tellings {
			if _, _, bad := s.thereAndBack(mapping(t, record.TopicRule{Topic: "orders", Signal: other}), recs[3:]); other != signal && (len(bad) != 1 || bad[0] != record.ReasonSignal) {
				t.Errorf("%s of a topic of %s: %v", signal, other, bad)
			}
		}
	}
}

func TestOrdinaryTelemetry(t *testing.T) {
	for signal, s := range tellings {
		for name, c := range map[string]struct {
			enc  record.Encoding
			outs int
		}{
			"one record":     {record.Encoding{}, 1},
			"JSON":           {record.Encoding{Format: record.OTLPJSON}, 1},
			"a small limit":  {record.Encoding{MaxBytes: 1}, 0}, // of one item each
			"a large limit":  {record.Encoding{MaxBytes: 1 << 20}, 1},
			"a record each":  {record.Encoding{KeyByTrace: true}, 3},
			"both, in JSON":  {record.Encoding{KeyByTrace: true, MaxBytes: 1, Format: record.OTLPJSON}, 0},
			"a middle limit": {record.Encoding{MaxBytes: 900}, -1},
		} {
			t.Run(string(signal)+"/"+name, func(t *testing.T) {
				var outs []record.Out
				if err := s.ordinary(2, 7, c.enc, collect(&outs)); err != nil {
					t.Fatal(err)
				}
				want := c.outs
				switch {
				case signal == record.Metrics && want == 3:
					want = 1 // metrics have no trace
				case want == 0 && signal == record.Metrics:
					want = 14
				case want == 0:
					want = 28
				}
				if want >= 0 && len(outs) != want {
					t.Fatalf("%d records, want %d", len(outs), want)
				}
				for _, o := range outs {
					keyed := c.enc.KeyByTrace && signal != record.Metrics
					if o.FromKafka || o.Topic != "" || o.Record.Timestamp != -1 || keyed != (o.Record.Key != nil) || keyed && len(o.Record.Key) != 32 {
						t.Error("not an ordinary record")
					}
					if want < 0 && len(o.Record.Value) > c.enc.MaxBytes {
						t.Errorf("%d bytes", len(o.Record.Value))
					}
				}
				if got := items(t, signal, outs); got != len(tellingItems(signal)) {
					t.Errorf("%d items, want %d", got, len(tellingItems(signal)))
				}
			})
		}
	}
}

// items counts those that the values hold, each of which is there once.
func items(t *testing.T, signal record.Signal, outs []record.Out) int {
	t.Helper()
	n := 0
	for _, name := range tellingItems(signal) {
		for _, o := range outs {
			n += bytes.Count(o.Record.Value, []byte(name))
		}
	}
	return n
}

// tellingItems are texts that two resources with seven items in each scope hold once.
func tellingItems(signal record.Signal) (names []string) {
	scopes := 2
	if signal == record.Metrics {
		scopes = 1
	}
	for i := range 2 {
		for j := range scopes {
			for k := range 7 {
				if signal == record.Metrics {
					names = append(names, fmt.Sprint(i, k))
				} else {
					names = append(names, fmt.Sprint(i, j, k))
				}
			}
		}
	}
	return names
}

func TestFromStopsAtTheFirstError(t *testing.T) {
	stop := errors.New("stop")
	for signal, s := range tellings {
		n := 0
		err := s.ordinary(2, 2, record.Encoding{MaxBytes: 1}, func(record.Out) error { n++; return stop })
		if !errors.Is(err, stop) || n != 1 {
			t.Errorf("%s: %v after %d", signal, err, n)
		}
	}
	ld := there(t, mapping(t), jsonRecords(3))
	n := 0
	if err := record.FromLogs(ld, record.Encoding{}, func(record.Out) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("logs: %v after %d", err, n)
	}
}

// Reading back changes nothing, so that a failed delivery can be tried again.
func TestFromChangesNothing(t *testing.T) {
	ld := logsOf(1, 2)
	rec := []batch.Record{{Offset: 1, Timestamp: 5, Value: tellings[record.Logs].value(t, record.OTLPProto, 2, 2)}}
	must(mapping(t, record.TopicRule{Topic: "orders", Signal: record.Logs}).ToLogs(context.Background(), ld, "orders", 3, rec, nil))
	logsOf(1, 1).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	before := plog.NewLogs()
	ld.CopyTo(before)
	first, second := back(t, ld), back(t, ld)
	m := &plog.ProtoMarshaler{}
	a, _ := m.MarshalLogs(before)
	b, _ := m.MarshalLogs(ld)
	if !bytes.Equal(a, b) || len(first) != 3 || len(second) != 3 || first[0].FromKafka || !first[1].FromKafka || first[2].FromKafka {
		t.Errorf("changed: %v; %d and %d records", !bytes.Equal(a, b), len(first), len(second))
	}
}
