package kafkastream

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/internal/metadata"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// NewFactory returns the factory of the exporter `kafka_stream`.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		defaultConfig,
		exporter.WithTraces(createTraces, metadata.TracesStability),
		exporter.WithLogs(createLogs, metadata.LogsStability),
		exporter.WithMetrics(createMetrics, metadata.MetricsStability),
	)
}

// quiet are settings for exporterhelper, which logs each batch that is refused as an error, with a stack, and advises a queue that
// this exporter refuses. What is refused and why is said by the exporter itself.
func quiet(set exporter.Settings) exporter.Settings {
	set.Logger = zap.NewNop()
	return set
}

// options leave retrying to package produce, which keeps the order, and time limits to whoever sends.
func (s *stream) options() []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithStart(s.start), exporterhelper.WithShutdown(s.shutdown),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
	}
}

func createLogs(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
	s, err := newStream(set, cfg.(*Config), record.Logs)
	if err != nil {
		return nil, err
	}
	push := func(ctx context.Context, ld plog.Logs) error {
		return s.export(ctx, func(emit func(record.Out) error) error { return record.FromLogs(ld, s.encoding, emit) })
	}
	return exporterhelper.NewLogs(ctx, quiet(set), cfg, push, s.options()...)
}

func createTraces(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Traces, error) {
	s, err := newStream(set, cfg.(*Config), record.Traces)
	if err != nil {
		return nil, err
	}
	push := func(ctx context.Context, td ptrace.Traces) error {
		return s.export(ctx, func(emit func(record.Out) error) error { return record.FromTraces(td, s.encoding, emit) })
	}
	return exporterhelper.NewTraces(ctx, quiet(set), cfg, push, s.options()...)
}

func createMetrics(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Metrics, error) {
	s, err := newStream(set, cfg.(*Config), record.Metrics)
	if err != nil {
		return nil, err
	}
	push := func(ctx context.Context, md pmetric.Metrics) error {
		return s.export(ctx, func(emit func(record.Out) error) error { return record.FromMetrics(md, s.encoding, emit) })
	}
	return exporterhelper.NewMetrics(ctx, quiet(set), cfg, push, s.options()...)
}
