package tokenization

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/processor/xprocessor"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadata"
)

var vaultID = component.MustNewID("token_vault")

// rig is a running processor of every signal, made by the factory, beside a vault.
type rig struct {
	vault     *memoryVault
	host      *host
	telemetry *componenttest.Telemetry
	logged    *observer.ObservedLogs

	traceSink   *consumertest.TracesSink
	logSink     *consumertest.LogsSink
	metricSink  *consumertest.MetricsSink
	profileSink *consumertest.ProfilesSink

	toTraces   processor.Traces
	toLogs     processor.Logs
	toMetrics  processor.Metrics
	toProfiles xprocessor.Profiles
}

// testConfig is the default preset with the memory vault.
func testConfig(edit func(*Config)) *Config {
	cfg := defaultConfig().(*Config)
	cfg.Vault = vaultID
	cfg.Policy.Presets = []string{"default"}
	if edit != nil {
		edit(cfg)
	}
	return cfg
}

func nopSettings() processor.Settings {
	return processortest.NewNopSettings(metadata.Type)
}

func newRig(t testing.TB, edit func(*Config)) *rig {
	t.Helper()
	cfg := testConfig(edit)
	require.NoError(t, confmap.Validate(cfg))
	r := &rig{
		vault:       newMemoryVault(),
		telemetry:   componenttest.NewTelemetry(),
		traceSink:   new(consumertest.TracesSink),
		logSink:     new(consumertest.LogsSink),
		metricSink:  new(consumertest.MetricsSink),
		profileSink: new(consumertest.ProfilesSink),
	}
	t.Cleanup(func() { require.NoError(t, r.telemetry.Shutdown(context.Background())) })
	r.host = &host{extensions: map[component.ID]component.Component{vaultID: r.vault}}
	set := nopSettings()
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	core, logged := observer.New(zap.DebugLevel)
	set.Logger, r.logged = zap.New(core), logged

	ctx := context.Background()
	factory := NewFactory().(xprocessor.Factory)
	var err error
	r.toTraces, err = factory.CreateTraces(ctx, set, cfg, r.traceSink)
	require.NoError(t, err)
	r.toLogs, err = factory.CreateLogs(ctx, set, cfg, r.logSink)
	require.NoError(t, err)
	r.toMetrics, err = factory.CreateMetrics(ctx, set, cfg, r.metricSink)
	require.NoError(t, err)
	r.toProfiles, err = factory.CreateProfiles(ctx, set, cfg, r.profileSink)
	require.NoError(t, err)
	for _, c := range []component.Component{r.toTraces, r.toLogs, r.toMetrics, r.toProfiles} {
		require.NoError(t, c.Start(ctx, r.host))
		t.Cleanup(func() { require.NoError(t, c.Shutdown(ctx)) })
	}
	return r
}

func (r *rig) traces(t testing.TB, td ptrace.Traces) {
	require.NoError(t, r.toTraces.ConsumeTraces(context.Background(), td))
}

func (r *rig) logs(t testing.TB, ld plog.Logs) {
	require.NoError(t, r.toLogs.ConsumeLogs(context.Background(), ld))
}

func (r *rig) metrics(t testing.TB, md pmetric.Metrics) {
	require.NoError(t, r.toMetrics.ConsumeMetrics(context.Background(), md))
}

func (r *rig) profiles(t testing.TB, pd pprofile.Profiles) {
	require.NoError(t, r.toProfiles.ConsumeProfiles(context.Background(), pd))
}

// host is a collector that has extensions and keeps the statuses its components report.
type host struct {
	extensions map[component.ID]component.Component
	statuses   chan componentstatus.Status
}

func (h *host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *host) Report(e *componentstatus.Event) {
	if h.statuses != nil {
		h.statuses <- e.Status()
	}
}

// reported returns the next status, which was reported before the batch was answered.
func (h *host) reported(t testing.TB) componentstatus.Status {
	t.Helper()
	select {
	case s := <-h.statuses:
		return s
	default:
		require.FailNow(t, "no status was reported")
		return componentstatus.StatusNone
	}
}
