package kafkasuite

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	kafkaexporter "github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/processor/tokenization"
	kafkareceiver "github.com/cloakroom/cloakroom/receiver/kafkastream"
	vault "github.com/cloakroom/cloakroom/vault/extension"
)

var vaultID = component.MustNewID("token_vault")

type host struct {
	component.Host
	vault      string // its directory
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

// house is an embedded vault that pipelines share.
func house(t *testing.T) host {
	t.Helper()
	dir, err := os.MkdirTemp("", "ck") // a unix socket path holds about 100 bytes
	require.NoError(t, err)
	factory := vault.NewFactory()
	cfg := factory.CreateDefaultConfig()
	configure(t, cfg, map[string]any{"embedded": map[string]any{"path": dir}})
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		require.NoError(t, ext.Shutdown(context.Background()))
		require.NoError(t, os.RemoveAll(dir))
	})
	return host{componenttest.NewNopHost(), dir, map[component.ID]component.Component{vaultID: ext}}
}

func configure(t *testing.T, cfg component.Config, values map[string]any) {
	t.Helper()
	require.NoError(t, confmap.NewFromStringMap(values).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
}

// settings are what a test changes of a pipeline's configuration.
type settings struct {
	topic              string
	group              string
	receiver, exporter map[string]any
	processor          map[string]any
}

// pipeline is receiver, processor and exporter in one process.
type pipeline struct {
	t        *testing.T
	settings settings
	parts    []component.Component // in the order in which they are stopped
	logs     *observer.ObservedLogs
}

// start runs a pipeline from a topic to its clean one.
func (c *cluster) start(t *testing.T, h component.Host, s settings) *pipeline {
	t.Helper()
	if s.group == "" {
		s.group = "group-" + s.topic
	}
	core, logs := observer.New(zapcore.DebugLevel)
	p := &pipeline{t: t, settings: s, logs: logs}
	telemetry := func(set *component.TelemetrySettings) { set.Logger = zap.New(core) }
	seeds := make([]any, len(c.seeds))
	for i, seed := range c.seeds {
		seeds[i] = seed
	}

	ef := kafkaexporter.NewFactory()
	ec := ef.CreateDefaultConfig()
	configure(t, ec, merge(map[string]any{
		"brokers": seeds, "topic": "{topic}" + cleanSuffix, "dead_letter": map[string]any{"topic": s.topic + deadSuffix},
	}, s.exporter))
	es := exportertest.NewNopSettings(ef.Type())
	telemetry(&es.TelemetrySettings)
	exporter, err := ef.CreateLogs(t.Context(), es, ec)
	require.NoError(t, err)

	pf := tokenization.NewFactory()
	pc := pf.CreateDefaultConfig()
	configure(t, pc, merge(map[string]any{"vault": vaultID.String(), "presets": []any{"default"}}, s.processor))
	ps := processortest.NewNopSettings(pf.Type())
	telemetry(&ps.TelemetrySettings)
	processor, err := pf.CreateLogs(t.Context(), ps, pc, exporter)
	require.NoError(t, err)

	rf := kafkareceiver.NewFactory()
	rc := rf.CreateDefaultConfig()
	configure(t, rc, merge(map[string]any{
		"brokers": seeds, "topics": []any{s.topic}, "group": s.group, "dead_letter": map[string]any{"topic": s.topic + deadSuffix},
		"commit_interval": "50ms", "fetch": map[string]any{"max_wait": "100ms"},
		"retry": map[string]any{"initial_interval": "20ms", "max_interval": "500ms"},
	}, s.receiver))
	rs := receivertest.NewNopSettings(rf.Type())
	telemetry(&rs.TelemetrySettings)
	receiver, err := rf.CreateLogs(t.Context(), rs, rc, processor)
	require.NoError(t, err)

	for _, part := range []component.Component{exporter, processor, receiver} {
		require.NoError(t, part.Start(t.Context(), h))
		p.parts = append([]component.Component{part}, p.parts...)
	}
	t.Cleanup(p.stop)
	return p
}

func merge(base, over map[string]any) map[string]any {
	for k, v := range over {
		base[k] = v
	}
	return base
}

// stop shuts the pipeline down, once.
func (p *pipeline) stop() {
	for _, part := range p.parts {
		require.NoError(p.t, part.Shutdown(context.Background()))
	}
	p.parts = nil
}

// patience is how long a pipeline may take for what a test gives it.
const patience = 60 * time.Second

// drain runs a pipeline until its group has committed the topic to its end, and stops it.
func (c *cluster) drain(t *testing.T, h component.Host, s settings) *pipeline {
	t.Helper()
	p := c.start(t, h, s)
	c.wait(t, p)
	p.stop()
	return p
}

// wait waits until the pipeline's group has committed the topic to its end.
func (c *cluster) wait(t *testing.T, p *pipeline) {
	t.Helper()
	want := c.offsets(t, p.settings.topic, true)
	for partition, end := range want {
		if end == 0 {
			delete(want, partition) // nothing to commit
		}
	}
	cl := c.client(t)
	defer cl.Close()
	deadline := time.Now().Add(patience)
	for {
		got, err := c.committed(t.Context(), cl, p.settings.group, p.settings.topic)
		if errors.Is(err, kerr.CoordinatorNotAvailable) || errors.Is(err, kerr.CoordinatorLoadInProgress) {
			got, err = nil, nil // the first group of a broker
		}
		require.NoError(t, err)
		done := true
		for partition, end := range want {
			done = done && got[partition] >= end // the marker of a transaction may come later than its end was asked for
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			for _, entry := range p.logs.FilterLevelExact(zapcore.WarnLevel).All() {
				t.Logf("%s %v", entry.Message, entry.ContextMap())
			}
			require.FailNow(t, "the group does not get to the end", "committed %v, the end is %v", got, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
