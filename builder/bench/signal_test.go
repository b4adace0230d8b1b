//go:build unix

package bench

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
)

// signal is what the benchmarks need to know about logs or traces; T is a batch of them.
type signal[T any] struct {
	name    string
	make    func(dirtyEvery int) T // one record in so many has personal data; 0: none
	copy    func(T) T
	encode  func(T) ([]byte, error)
	decode  func([]byte) (T, error)
	strings func(T, func(string))
	create  func(processor.Factory, processor.Settings, component.Config) (component.Component, func(context.Context, T) error, error)
}

var logs = signal[plog.Logs]{
	name: "logs",
	make: shopLogs,
	copy: func(l plog.Logs) plog.Logs {
		fresh := plog.NewLogs()
		l.CopyTo(fresh)
		return fresh
	},
	encode: func(l plog.Logs) ([]byte, error) { return plogotlp.NewExportRequestFromLogs(l).MarshalProto() },
	decode: func(wire []byte) (plog.Logs, error) {
		req := plogotlp.NewExportRequest()
		err := req.UnmarshalProto(wire)
		return req.Logs(), err
	},
	strings: func(l plog.Logs, each func(string)) {
		records := l.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
		for i := range records.Len() {
			each(records.At(i).Body().Str())
			eachString(records.At(i).Attributes(), each)
		}
	},
	create: func(f processor.Factory, s processor.Settings, cfg component.Config) (component.Component, func(context.Context, plog.Logs) error, error) {
		p, err := f.CreateLogs(context.Background(), s, cfg, consumer.Logs(consumertest.NewNop()))
		if err != nil {
			return nil, nil, err
		}
		return p, p.ConsumeLogs, nil
	},
}

var traces = signal[ptrace.Traces]{
	name: "traces",
	make: shopTraces,
	copy: func(t ptrace.Traces) ptrace.Traces {
		fresh := ptrace.NewTraces()
		t.CopyTo(fresh)
		return fresh
	},
	encode: func(t ptrace.Traces) ([]byte, error) {
		return ptraceotlp.NewExportRequestFromTraces(t).MarshalProto()
	},
	decode: func(wire []byte) (ptrace.Traces, error) {
		req := ptraceotlp.NewExportRequest()
		err := req.UnmarshalProto(wire)
		return req.Traces(), err
	},
	strings: func(t ptrace.Traces, each func(string)) {
		spans := t.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range spans.Len() {
			each(spans.At(i).Name())
			eachString(spans.At(i).Attributes(), each)
		}
	},
	create: func(f processor.Factory, s processor.Settings, cfg component.Config) (component.Component, func(context.Context, ptrace.Traces) error, error) {
		p, err := f.CreateTraces(context.Background(), s, cfg, consumer.Traces(consumertest.NewNop()))
		if err != nil {
			return nil, nil, err
		}
		return p, p.ConsumeTraces, nil
	},
}

func eachString(m pcommon.Map, each func(string)) {
	m.Range(func(k string, v pcommon.Value) bool {
		each(k)
		if v.Type() == pcommon.ValueTypeStr {
			each(v.Str())
		}
		return true
	})
}

// start makes a processor from its YAML and starts it.
func (s signal[T]) start(b *testing.B, f processor.Factory, host component.Host, conf map[string]any) func(T) {
	cfg := f.CreateDefaultConfig()
	load(b, cfg, conf)
	p, consume, err := s.create(f, processortest.NewNopSettings(f.Type()), cfg)
	require.NoError(b, err)
	require.NoError(b, p.Start(context.Background(), host))
	b.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return func(batch T) {
		if err := consume(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
