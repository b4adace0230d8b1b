package record

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// ToTraces is [Mapping.ToLogs] for topics of traces, whose values are OTLP.
func (m *Mapping) ToTraces(_ context.Context, td ptrace.Traces, topic string, partition int32, recs []batch.Record, bad func(i int, u Undecodable)) error {
	toOTLP(m, Traces, tracesCodec, topic, partition, recs, td.ResourceSpans(), bad)
	return nil
}

// ToMetrics is [Mapping.ToLogs] for topics of metrics, whose values are OTLP.
func (m *Mapping) ToMetrics(_ context.Context, md pmetric.Metrics, topic string, partition int32, recs []batch.Record, bad func(i int, u Undecodable)) error {
	toOTLP(m, Metrics, metricsCodec, topic, partition, recs, md.ResourceMetrics(), bad)
	return nil
}

func toOTLP[R resource[R], S resources[R]](m *Mapping, signal Signal, c codec[R, S], topic string, partition int32, recs []batch.Record, dst S, bad func(i int, u Undecodable)) {
	r := m.rule(topic)
	w := origin{rule: r, topic: topic, partition: partition}
	for i := range recs {
		u := Undecodable{Reason: ReasonSignal}
		if r.signal == signal {
			u = otlpInto(c, &w, m.reading(r, &recs[i]).format, &recs[i], dst)
		}
		if u.Reason != "" {
			bad(i, u)
		}
	}
}

// FromTraces is [FromLogs] for traces.
func FromTraces(td ptrace.Traces, enc Encoding, emit func(Out) error) error {
	return fromAll(tracesCodec, td.ResourceSpans(), enc, emit)
}

// FromMetrics is [FromLogs] for metrics.
func FromMetrics(md pmetric.Metrics, enc Encoding, emit func(Out) error) error {
	return fromAll(metricsCodec, md.ResourceMetrics(), enc, emit)
}

func fromAll[R resource[R], S resources[R]](c codec[R, S], s S, enc Encoding, emit func(Out) error) error {
	var headers headerReader
	for i := 0; i < s.Len(); {
		n, err := fromOTLP(c, s, i, enc, &headers, emit)
		if err != nil {
			return err
		}
		i += n
	}
	return nil
}

var logsCodec = codec[plog.ResourceLogs, plog.ResourceLogsSlice]{
	create: func() request[plog.ResourceLogsSlice] { return logsRequest() },
	decode: func(value []byte, f Format) (plog.ResourceLogsSlice, error) {
		req := plogotlp.NewExportRequest()
		if f == OTLPJSON {
			err := req.UnmarshalJSON(value)
			return req.Logs().ResourceLogs(), err
		}
		err := req.UnmarshalProto(value)
		return req.Logs().ResourceLogs(), err
	},
	count: func(s plog.ResourceLogsSlice) (n int) {
		for _, r := range s.All() {
			for _, scope := range r.ScopeLogs().All() {
				n += scope.LogRecords().Len()
			}
		}
		return n
	},
	cut: func(s plog.ResourceLogsSlice, from, to int) {
		n := 0
		s.RemoveIf(func(r plog.ResourceLogs) bool {
			r.ScopeLogs().RemoveIf(func(scope plog.ScopeLogs) bool {
				scope.LogRecords().RemoveIf(func(plog.LogRecord) bool {
					n++
					return n <= from || n > to
				})
				return scope.LogRecords().Len() == 0
			})
			return r.ScopeLogs().Len() == 0
		})
	},
	move:    func(from, to plog.ResourceLogsSlice) { from.MoveAndAppendTo(to) },
	byTrace: logsByTrace, repeated: logsRepeated,
}

func logsRequest() request[plog.ResourceLogsSlice] {
	t := plog.NewLogs()
	return request[plog.ResourceLogsSlice]{resources: t.ResourceLogs(), encode: func(f Format) ([]byte, error) {
		req := plogotlp.NewExportRequestFromLogs(t)
		if f == OTLPJSON {
			return req.MarshalJSON()
		}
		return req.MarshalProto()
	}}
}

// logsByTrace sorts by trace, in the order in which the traces begin. What is sorted is moved.
func logsByTrace(s plog.ResourceLogsSlice) []keyed[plog.ResourceLogsSlice] {
	type group struct {
		at              int
		LogRecords      plog.LogRecordSlice
		resource, scope int
	}
	groups := map[pcommon.TraceID]*group{}
	var out []keyed[plog.ResourceLogsSlice]
	for i, r := range s.All() {
		for j, scope := range r.ScopeLogs().All() {
			for _, item := range scope.LogRecords().All() {
				g := groups[item.TraceID()]
				if g == nil {
					g = &group{at: len(out), resource: -1}
					groups[item.TraceID()] = g
					out = append(out, keyed[plog.ResourceLogsSlice]{key: traceKey(item.TraceID()), request: logsRequest()})
				}
				to := out[g.at].resources
				if g.resource != i {
					dst := to.AppendEmpty()
					r.Resource().CopyTo(dst.Resource())
					dst.SetSchemaUrl(r.SchemaUrl())
				}
				if g.resource != i || g.scope != j {
					dst := to.At(to.Len() - 1).ScopeLogs().AppendEmpty()
					scope.Scope().CopyTo(dst.Scope())
					dst.SetSchemaUrl(scope.SchemaUrl())
					g.LogRecords, g.resource, g.scope = dst.LogRecords(), i, j
				}
				item.MoveTo(g.LogRecords.AppendEmpty())
			}
		}
	}
	return out
}

var tracesCodec = codec[ptrace.ResourceSpans, ptrace.ResourceSpansSlice]{
	create: func() request[ptrace.ResourceSpansSlice] { return tracesRequest() },
	decode: func(value []byte, f Format) (ptrace.ResourceSpansSlice, error) {
		req := ptraceotlp.NewExportRequest()
		if f == OTLPJSON {
			err := req.UnmarshalJSON(value)
			return req.Traces().ResourceSpans(), err
		}
		err := req.UnmarshalProto(value)
		return req.Traces().ResourceSpans(), err
	},
	count: func(s ptrace.ResourceSpansSlice) (n int) {
		for _, r := range s.All() {
			for _, scope := range r.ScopeSpans().All() {
				n += scope.Spans().Len()
			}
		}
		return n
	},
	cut: func(s ptrace.ResourceSpansSlice, from, to int) {
		n := 0
		s.RemoveIf(func(r ptrace.ResourceSpans) bool {
			r.ScopeSpans().RemoveIf(func(scope ptrace.ScopeSpans) bool {
				scope.Spans().RemoveIf(func(ptrace.Span) bool {
					n++
					return n <= from || n > to
				})
				return scope.Spans().Len() == 0
			})
			return r.ScopeSpans().Len() == 0
		})
	},
	move:    func(from, to ptrace.ResourceSpansSlice) { from.MoveAndAppendTo(to) },
	byTrace: tracesByTrace, repeated: tracesRepeated,
}

func tracesRequest() request[ptrace.ResourceSpansSlice] {
	t := ptrace.NewTraces()
	return request[ptrace.ResourceSpansSlice]{resources: t.ResourceSpans(), encode: func(f Format) ([]byte, error) {
		req := ptraceotlp.NewExportRequestFromTraces(t)
		if f == OTLPJSON {
			return req.MarshalJSON()
		}
		return req.MarshalProto()
	}}
}

// tracesByTrace sorts by trace, in the order in which the traces begin. What is sorted is moved.
func tracesByTrace(s ptrace.ResourceSpansSlice) []keyed[ptrace.ResourceSpansSlice] {
	type group struct {
		at              int
		Spans           ptrace.SpanSlice
		resource, scope int
	}
	groups := map[pcommon.TraceID]*group{}
	var out []keyed[ptrace.ResourceSpansSlice]
	for i, r := range s.All() {
		for j, scope := range r.ScopeSpans().All() {
			for _, item := range scope.Spans().All() {
				g := groups[item.TraceID()]
				if g == nil {
					g = &group{at: len(out), resource: -1}
					groups[item.TraceID()] = g
					out = append(out, keyed[ptrace.ResourceSpansSlice]{key: traceKey(item.TraceID()), request: tracesRequest()})
				}
				to := out[g.at].resources
				if g.resource != i {
					dst := to.AppendEmpty()
					r.Resource().CopyTo(dst.Resource())
					dst.SetSchemaUrl(r.SchemaUrl())
				}
				if g.resource != i || g.scope != j {
					dst := to.At(to.Len() - 1).ScopeSpans().AppendEmpty()
					scope.Scope().CopyTo(dst.Scope())
					dst.SetSchemaUrl(scope.SchemaUrl())
					g.Spans, g.resource, g.scope = dst.Spans(), i, j
				}
				item.MoveTo(g.Spans.AppendEmpty())
			}
		}
	}
	return out
}

var metricsCodec = codec[pmetric.ResourceMetrics, pmetric.ResourceMetricsSlice]{
	create: func() request[pmetric.ResourceMetricsSlice] { return metricsRequest() },
	decode: func(value []byte, f Format) (pmetric.ResourceMetricsSlice, error) {
		req := pmetricotlp.NewExportRequest()
		if f == OTLPJSON {
			err := req.UnmarshalJSON(value)
			return req.Metrics().ResourceMetrics(), err
		}
		err := req.UnmarshalProto(value)
		return req.Metrics().ResourceMetrics(), err
	},
	count: func(s pmetric.ResourceMetricsSlice) (n int) {
		for _, r := range s.All() {
			for _, scope := range r.ScopeMetrics().All() {
				n += scope.Metrics().Len()
			}
		}
		return n
	},
	cut: func(s pmetric.ResourceMetricsSlice, from, to int) {
		n := 0
		s.RemoveIf(func(r pmetric.ResourceMetrics) bool {
			r.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
				scope.Metrics().RemoveIf(func(pmetric.Metric) bool {
					n++
					return n <= from || n > to
				})
				return scope.Metrics().Len() == 0
			})
			return r.ScopeMetrics().Len() == 0
		})
	},
	move: func(from, to pmetric.ResourceMetricsSlice) { from.MoveAndAppendTo(to) },
}

func metricsRequest() request[pmetric.ResourceMetricsSlice] {
	t := pmetric.NewMetrics()
	return request[pmetric.ResourceMetricsSlice]{resources: t.ResourceMetrics(), encode: func(f Format) ([]byte, error) {
		req := pmetricotlp.NewExportRequestFromMetrics(t)
		if f == OTLPJSON {
			return req.MarshalJSON()
		}
		return req.MarshalProto()
	}}
}
