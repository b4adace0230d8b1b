package tokenization

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/xconsumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.opentelemetry.io/collector/processor/processorhelper/xprocessorhelper"
	"go.opentelemetry.io/collector/processor/xprocessor"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadata"
)

// NewFactory returns the factory of the processor `tokenization`.
func NewFactory() processor.Factory {
	return xprocessor.NewFactory(
		metadata.Type,
		defaultConfig,
		xprocessor.WithTraces(createTraces, metadata.TracesStability),
		xprocessor.WithLogs(createLogs, metadata.LogsStability),
		xprocessor.WithMetrics(createMetrics, metadata.MetricsStability),
		xprocessor.WithProfiles(createProfiles, metadata.ProfilesStability),
	)
}

func createTraces(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Traces) (processor.Traces, error) {
	t, err := newTokenizer(set, cfg.(*Config), policy.Traces)
	if err != nil {
		return nil, err
	}
	handle := func(ctx context.Context, td ptrace.Traces) (ptrace.Traces, error) {
		return td, t.process(ctx, func(w *walk) { w.traces(ctx, td) })
	}
	return processorhelper.NewTraces(ctx, set, cfg, next, handle,
		processorhelper.WithStart(t.start), processorhelper.WithShutdown(t.shutdown))
}

func createLogs(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Logs) (processor.Logs, error) {
	t, err := newTokenizer(set, cfg.(*Config), policy.Logs)
	if err != nil {
		return nil, err
	}
	handle := func(ctx context.Context, ld plog.Logs) (plog.Logs, error) {
		return ld, t.process(ctx, func(w *walk) { w.logs(ctx, ld) })
	}
	return processorhelper.NewLogs(ctx, set, cfg, next, handle,
		processorhelper.WithStart(t.start), processorhelper.WithShutdown(t.shutdown))
}

func createMetrics(ctx context.Context, set processor.Settings, cfg component.Config, next consumer.Metrics) (processor.Metrics, error) {
	t, err := newTokenizer(set, cfg.(*Config), policy.Metrics)
	if err != nil {
		return nil, err
	}
	handle := func(ctx context.Context, md pmetric.Metrics) (pmetric.Metrics, error) {
		return md, t.process(ctx, func(w *walk) { w.metrics(ctx, md) })
	}
	return processorhelper.NewMetrics(ctx, set, cfg, next, handle,
		processorhelper.WithStart(t.start), processorhelper.WithShutdown(t.shutdown))
}

func createProfiles(ctx context.Context, set processor.Settings, cfg component.Config, next xconsumer.Profiles) (xprocessor.Profiles, error) {
	t, err := newTokenizer(set, cfg.(*Config), policy.Profiles)
	if err != nil {
		return nil, err
	}
	handle := func(ctx context.Context, pd pprofile.Profiles) (pprofile.Profiles, error) {
		return pd, t.process(ctx, func(w *walk) { w.profiles(ctx, pd) })
	}
	return xprocessorhelper.NewProfiles(ctx, set, cfg, next, handle,
		xprocessorhelper.WithStart(t.start), xprocessorhelper.WithShutdown(t.shutdown))
}
