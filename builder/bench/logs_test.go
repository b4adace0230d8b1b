package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/cloakroom/cloakroom/processor/tokenization"
	tokenvault "github.com/cloakroom/cloakroom/vault/extension"
)

const records = 1000

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

// BenchmarkLogs runs every contender on one batch of 1,000 records: a 140-byte body and six attributes each, one
// record in ten with personal data. Each sub-benchmark gets a fresh copy of the batch, made off the clock.
func BenchmarkLogs(b *testing.B) {
	batch := shopLogs()
	b.Run("byte_scan", func(b *testing.B) { run(b, batch, byteScan) })
	b.Run("otlp_decode_encode", func(b *testing.B) { otlpRoundTrip(b, batch) })
	b.Run("cloakroom", func(b *testing.B) { run(b, batch, cloakroom(b)) })
	b.Run("redaction_10_patterns", func(b *testing.B) { run(b, batch, redaction(b)) })
	b.Run("transform_10_replace_pattern", func(b *testing.B) { run(b, batch, transform(b)) })
}

// shopLogs makes the batch: deterministic, and shaped as a service mesh logs.
func shopLogs() plog.Logs {
	random := rand.New(rand.NewPCG(1, 2))
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	rl.Resource().Attributes().PutStr("k8s.pod.name", "checkout-6c9d7f5b8d-x2k4p")
	scope := rl.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("shop/checkout")
	for i := range records {
		r := scope.LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1_766_000_000_000_000_000 + int64(i)))
		r.SetSeverityText("INFO")
		var id [16]byte
		for j := range id {
			id[j] = byte(random.Uint32())
		}
		r.SetTraceID(id)
		order := 100000 + random.IntN(900000)
		body := fmt.Sprintf("order %d accepted by worker-%d in %d ms, %d items reserved in warehouse north, stage=allocation attempt=%d cache=hit",
			order, random.IntN(16), random.IntN(900), 1+random.IntN(9), 1+random.IntN(3))
		if i%10 == 0 {
			body = fmt.Sprintf("order %d confirmed to customer%d@example.com, card 4111 1111 1111 1111, shipped from warehouse north, stage=done", order, i)
		}
		for len(body) < 140 {
			body += " ok"
		}
		r.Body().SetStr(body[:140])
		a := r.Attributes()
		a.PutStr("logger", "com.example.shop.checkout.OrderService")
		a.PutStr("thread", fmt.Sprintf("http-nio-8080-exec-%d", random.IntN(32)))
		a.PutStr("http.route", "/api/orders/{id}")
		a.PutStr("request.id", fmt.Sprintf("req-%08x", random.Uint32()))
		a.PutInt("attempt", int64(random.IntN(3)))
		a.PutStr("region", "eu-central-1")
	}
	return logs
}

func run(b *testing.B, batch plog.Logs, consume func(plog.Logs)) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		fresh := plog.NewLogs()
		batch.CopyTo(fresh)
		b.StartTimer()
		consume(fresh)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}

var sink int

// byteScan is the floor: it looks once at every byte of every string.
func byteScan(logs plog.Logs) {
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	n := 0
	scan := func(s string) {
		for i := range len(s) {
			if s[i] == '@' {
				n++
			}
		}
	}
	for i := range records.Len() {
		scan(records.At(i).Body().Str())
		records.At(i).Attributes().Range(func(k string, v pcommon.Value) bool {
			scan(k)
			if v.Type() == pcommon.ValueTypeStr {
				scan(v.Str())
			}
			return true
		})
	}
	sink += n
}

// otlpRoundTrip is what any collector pays anyway: one protobuf decode and one encode of the batch.
func otlpRoundTrip(b *testing.B, batch plog.Logs) {
	wire, err := plogotlp.NewExportRequestFromLogs(batch).MarshalProto()
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(wire); err != nil {
			b.Fatal(err)
		}
		out, err := req.MarshalProto()
		if err != nil {
			b.Fatal(err)
		}
		sink += len(out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}

func cloakroom(b *testing.B) func(plog.Logs) {
	vaultFactory := tokenvault.NewFactory()
	vaultID := component.NewID(vaultFactory.Type())
	vaultConfig := vaultFactory.CreateDefaultConfig()
	load(b, vaultConfig, map[string]any{"embedded": map[string]any{"path": filepath.Join(b.TempDir(), "vault")}})
	ext, err := vaultFactory.Create(context.Background(), extension.Settings{ID: vaultID, TelemetrySettings: extensiontest.NewNopSettings(vaultFactory.Type()).TelemetrySettings}, vaultConfig)
	require.NoError(b, err)
	require.NoError(b, ext.Start(context.Background(), componenttest.NewNopHost()))
	b.Cleanup(func() { _ = ext.Shutdown(context.Background()) })
	host := hostWith{componenttest.NewNopHost(), map[component.ID]component.Component{vaultID: ext}}
	return logsProcessor(b, tokenization.NewFactory(), host, map[string]any{"vault": vaultID.String(), "presets": []any{"default"}})
}

func redaction(b *testing.B) func(plog.Logs) {
	return logsProcessor(b, redactionprocessor.NewFactory(), componenttest.NewNopHost(), map[string]any{"allow_all_keys": true, "blocked_values": anys(patterns)})
}

func transform(b *testing.B) func(plog.Logs) {
	var statements []any
	for i, p := range patterns {
		statements = append(statements,
			fmt.Sprintf("replace_pattern(log.body, %q, \"[pattern %d]\")", p, i),
			fmt.Sprintf("replace_all_patterns(log.attributes, \"value\", %q, \"[pattern %d]\")", p, i))
	}
	return logsProcessor(b, transformprocessor.NewFactory(), componenttest.NewNopHost(), map[string]any{"log_statements": statements})
}

func logsProcessor(b *testing.B, f processor.Factory, host component.Host, conf map[string]any) func(plog.Logs) {
	cfg := f.CreateDefaultConfig()
	load(b, cfg, conf)
	p, err := f.CreateLogs(context.Background(), processortest.NewNopSettings(f.Type()), cfg, consumer.Logs(consumertest.NewNop()))
	require.NoError(b, err)
	require.NoError(b, p.Start(context.Background(), host))
	b.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return func(l plog.Logs) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := p.ConsumeLogs(ctx, l); err != nil {
			b.Fatal(err)
		}
	}
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
