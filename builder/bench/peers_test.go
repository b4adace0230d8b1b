//go:build unix

package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/cloakroom/cloakroom/processor/tokenization"
	tokenvault "github.com/cloakroom/cloakroom/vault/extension"
)

// patterns are ten ordinary rules, as people write them for the peers.
var patterns = []string{
	`[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}`,
	`\b(?:4[0-9]{3}|5[1-5][0-9]{2})[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b`,
	`\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b`,
	`\+[1-9][0-9]{7,14}\b`,
	`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`,
	`\b[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\b`,
	`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\b`,
	`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
	`\b(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b`,
	`(?i)bearer [a-z0-9._~+/-]{16,}`,
}

// batches are how many of the records have personal data.
var batches = []struct {
	name       string
	dirtyEvery int
}{{"clean", 0}, {"one_in_ten", 10}, {"every_record", 1}}

// BenchmarkPeers runs every contender on the same batches of 1,000 records. Each gets a fresh copy, made off the clock.
func BenchmarkPeers(b *testing.B) {
	b.Run(logs.name, func(b *testing.B) { peers(b, logs) })
	b.Run(traces.name, func(b *testing.B) { peers(b, traces) })
}

func peers[T any](b *testing.B, s signal[T]) {
	for _, kind := range batches {
		b.Run(kind.name, func(b *testing.B) {
			batch := s.make(kind.dirtyEvery)
			b.Run("byte_scan", func(b *testing.B) { run(b, s, batch, s.byteScan) })
			b.Run("otlp_decode_encode", func(b *testing.B) { otlpRoundTrip(b, s, batch) })
			b.Run("cloakroom", func(b *testing.B) { run(b, s, batch, cloakroom(b, s)) })
			b.Run("redaction_10_patterns", func(b *testing.B) { run(b, s, batch, redaction(b, s)) })
			b.Run("transform_10_patterns", func(b *testing.B) { run(b, s, batch, transform(b, s)) })
		})
	}
}

func run[T any](b *testing.B, s signal[T], batch T, consume func(T)) {
	consume(s.copy(batch)) // everything is set up, and the values are known
	b.ReportAllocs()
	var w watch
	for b.Loop() {
		b.StopTimer()
		fresh := s.copy(batch)
		b.StartTimer()
		w.run(b, func() { consume(fresh) })
	}
	w.report(b)
}

var sink int

// byteScan is the floor: it looks once at every byte of every string.
func (s signal[T]) byteScan(batch T) {
	n := 0
	s.strings(batch, func(s string) {
		for i := range len(s) {
			if s[i] == '@' {
				n++
			}
		}
	})
	sink += n
}

// otlpRoundTrip is what any collector pays anyway: one protobuf decode and one encode of the batch.
func otlpRoundTrip[T any](b *testing.B, s signal[T], batch T) {
	wire, err := s.encode(batch)
	require.NoError(b, err)
	b.ReportAllocs()
	var w watch
	for b.Loop() {
		w.run(b, func() { s.hop(b, wire, func(T) {}) })
	}
	w.report(b)
}

// hop takes a batch from the wire to the wire.
func (s signal[T]) hop(b *testing.B, wire []byte, consume func(T)) {
	batch, err := s.decode(wire)
	if err != nil {
		b.Fatal(err)
	}
	consume(batch)
	out, err := s.encode(batch)
	if err != nil {
		b.Fatal(err)
	}
	sink += len(out)
}

func cloakroom[T any](b *testing.B, s signal[T]) func(T) {
	vaultFactory := tokenvault.NewFactory()
	vaultID := component.NewID(vaultFactory.Type())
	vaultConfig := vaultFactory.CreateDefaultConfig()
	load(b, vaultConfig, map[string]any{"embedded": map[string]any{"path": filepath.Join(b.TempDir(), "vault")}})
	ext, err := vaultFactory.Create(context.Background(), extension.Settings{ID: vaultID, TelemetrySettings: extensiontest.NewNopSettings(vaultFactory.Type()).TelemetrySettings}, vaultConfig)
	require.NoError(b, err)
	require.NoError(b, ext.Start(context.Background(), componenttest.NewNopHost()))
	b.Cleanup(func() { _ = ext.Shutdown(context.Background()) })
	host := hostWith{componenttest.NewNopHost(), map[component.ID]component.Component{vaultID: ext}}
	return s.start(b, tokenization.NewFactory(), host, map[string]any{"vault": vaultID.String(), "presets": []any{"default"}})
}

func redaction[T any](b *testing.B, s signal[T]) func(T) {
	return s.start(b, redactionprocessor.NewFactory(), componenttest.NewNopHost(), map[string]any{"allow_all_keys": true, "blocked_values": anys(patterns)})
}

func transform[T any](b *testing.B, s signal[T]) func(T) {
	text, of, list := "log.body", "log.attributes", "log_statements"
	if s.name == traces.name {
		text, of, list = "span.name", "span.attributes", "trace_statements"
	}
	var statements []any
	for i, p := range patterns {
		statements = append(statements,
			fmt.Sprintf("replace_pattern(%s, %q, \"[pattern %d]\")", text, p, i),
			fmt.Sprintf("replace_all_patterns(%s, \"value\", %q, \"[pattern %d]\")", of, p, i))
	}
	return s.start(b, transformprocessor.NewFactory(), componenttest.NewNopHost(), map[string]any{list: statements})
}

func load(b *testing.B, cfg component.Config, conf map[string]any) {
	require.NoError(b, confmap.NewFromStringMap(conf).Unmarshal(cfg))
	if v, ok := cfg.(interface{ Validate() error }); ok {
		require.NoError(b, v.Validate())
	}
}

func anys(in []string) []any {
	out := make([]any, len(in))
	for i, s := range in {
		out[i] = s
	}
	return out
}

// hostWith is a host that knows the vault extension.
type hostWith struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h.extensions }
