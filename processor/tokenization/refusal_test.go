package tokenization

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadatatest"
)

// A batch whose tokens cannot be made durable is refused whole, stays what it was, and goes through when it comes
// again with the vault back.
func TestRefusedBatch(t *testing.T) {
	r := newRig(t, nil)
	r.host.statuses = make(chan componentstatus.Status, 10)
	g := generator{r: rand.New(rand.NewPCG(1, 1))}
	td, ld, md := g.traces(), g.logs(), g.metrics()
	signals := []struct {
		name    string
		consume func() error
		wire    func() []byte
		passed  func() int
	}{
		{"traces", func() error { return r.toTraces.ConsumeTraces(context.Background(), td) }, func() []byte { return wire(t, td) }, r.traceSink.SpanCount},
		{"logs", func() error { return r.toLogs.ConsumeLogs(context.Background(), ld) }, func() []byte { return wire(t, ld) }, r.logSink.LogRecordCount},
		{"metrics", func() error { return r.toMetrics.ConsumeMetrics(context.Background(), md) }, func() []byte { return wire(t, md) }, r.metricSink.DataPointCount},
	}
	for _, s := range signals {
		t.Run(s.name, func(t *testing.T) {
			before := s.wire()
			r.vault.down.Store(true)
			for range 3 {
				err := s.consume()
				require.Error(t, err)
				require.ErrorIs(t, err, rewrite.ErrUnavailable)
				require.False(t, consumererror.IsPermanent(err))
				var kind *consumererror.Error
				require.True(t, errors.As(err, &kind) && kind.IsRetryable(), "%v", err)
				require.Empty(t, survivors([]byte(err.Error())))
				require.Equal(t, "tokenize a batch of "+s.name+": commit tokens: token vault unavailable: disk full", err.Error())
				require.Zero(t, s.passed(), "something of a refused batch went on")
				require.Equal(t, before, s.wire(), "the refused batch was changed")
			}
			require.Equal(t, componentstatus.StatusRecoverableError, r.host.reported(t))

			r.vault.down.Store(false)
			require.NoError(t, s.consume())
			require.Equal(t, componentstatus.StatusOK, r.host.reported(t))
			require.Empty(t, r.host.statuses, "a status is reported when it changes")
			require.NotZero(t, s.passed())
			tokens := tokenPattern.FindAllString(string(s.wire()), -1)
			require.NotEmpty(t, tokens)
			for _, tok := range tokens {
				require.True(t, r.vault.holds(tok), "a token that cannot be revealed was passed on")
			}
		})
	}
	metadatatest.AssertEqualProcessorTokenizationBatchesRefused(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 3, Attributes: attribute.NewSet(attribute.String("signal", "traces"))},
		{Value: 3, Attributes: attribute.NewSet(attribute.String("signal", "logs"))},
		{Value: 3, Attributes: attribute.NewSet(attribute.String("signal", "metrics"))},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// Only tokens that were made durable tell that the vault is back: a batch that needs none does not.
func TestRecoveryIsReportedByTokensAlone(t *testing.T) {
	const again = "tokens can be issued again"
	for _, choice := range []string{"wait", "one_way", "redact"} {
		t.Run(choice, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.OnUnavailable = choice })
			r.host.statuses = make(chan componentstatus.Status, 10)
			r.vault.down.Store(true)
			err := r.toLogs.ConsumeLogs(context.Background(), logsWith(canaries[0].text))
			require.Equal(t, choice == "wait", err != nil)
			require.Equal(t, componentstatus.StatusRecoverableError, r.host.reported(t))

			r.logs(t, logsWith("nothing to hide"))
			require.Empty(t, r.host.statuses)
			require.Zero(t, r.logged.FilterMessage(again).Len())

			r.vault.down.Store(false)
			r.logs(t, logsWith(canaries[0].text))
			require.Equal(t, componentstatus.StatusOK, r.host.reported(t))
			require.Equal(t, 1, r.logged.FilterMessage(again).Len())
		})
	}
}

// A vault that can mint nothing is as far away as one that cannot escrow.
func TestDegradedValuesReportTheVaultAway(t *testing.T) {
	r := newRig(t, func(c *Config) { c.OnUnavailable = "redact" })
	r.host.statuses = make(chan componentstatus.Status, 10)
	r.vault.mintless.Store(true)
	r.logs(t, logsWith(canaries[0].text))
	require.Equal(t, componentstatus.StatusRecoverableError, r.host.reported(t))
}

// A vault that fails now and then never lets a token out that is not escrowed.
func TestFlakyVault(t *testing.T) {
	r := newRig(t, nil)
	for seed := range uint64(40) {
		g := generator{r: rand.New(rand.NewPCG(seed, 9))}
		ld := g.logs()
		r.vault.mu.Lock()
		r.vault.refuses = int(seed % 4)
		r.vault.mu.Unlock()
		for r.toLogs.ConsumeLogs(context.Background(), ld) != nil {
		}
	}
	for _, ld := range r.logSink.AllLogs() {
		for _, tok := range tokenPattern.FindAllString(string(wire(t, ld)), -1) {
			require.True(t, r.vault.holds(tok))
		}
	}
	require.Len(t, r.logSink.AllLogs(), 40)
}

// With on_unavailable: one_way or redact the batch goes on without the raw values.
func TestUnavailableLadder(t *testing.T) {
	for _, choice := range []string{"one_way", "redact"} {
		t.Run(choice, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.OnUnavailable = choice })
			r.vault.down.Store(true)
			ld := logsWith(canaries[0].text)
			r.logs(t, ld)
			body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()
			assert.Empty(t, survivors([]byte(body)))
			if choice == "redact" {
				assert.Equal(t, "welcome [email] to the shop", body)
			} else {
				require.Len(t, tokenPattern.FindAllString(body, -1), 1)
				assert.Zero(t, r.vault.reveals())
			}
			r.vault.down.Store(false)
			again := logsWith(canaries[0].text)
			r.logs(t, again)
			assert.Equal(t, 1, r.vault.reveals())
		})
	}
}

// noVault is an extension that issues no tokens.
type noVault struct {
	component.StartFunc
	component.ShutdownFunc
}

func TestStartNamesTheMissingVault(t *testing.T) {
	for name, test := range map[string]struct {
		host *host
		want []string
	}{
		"no extension": {&host{}, []string{`vault:`, `"token_vault"`, "service: extensions"}},
		"not a vault":  {&host{extensions: map[component.ID]component.Component{vaultID: &noVault{}}}, []string{"vault:", "does not issue tokens"}},
	} {
		t.Run(name, func(t *testing.T) {
			tok, err := newTokenizer(nopSettings(), testConfig(nil), policy.Logs)
			require.NoError(t, err)
			err = tok.start(context.Background(), test.host)
			require.Error(t, err)
			for _, want := range test.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"with a vault":    func(c *Config) { c.DryRun = true },
		"without a vault": func(c *Config) { c.DryRun = true; c.Vault = component.ID{} },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, edit)
			ld := logsWith(canaries[0].text)
			before := wire(t, ld)
			r.logs(t, ld)
			require.Equal(t, before, wire(t, ld))
			require.Zero(t, r.vault.commits.Load())
			require.Equal(t, 4, r.logged.FilterMessage("dry run: telemetry passes unchanged, personal data included").FilterLevelExact(zap.WarnLevel).Len(),
				"each of the four pipelines warns once")
			_, err := r.telemetry.GetMetric("otelcol_processor_tokenization_tokens_minted")
			require.Error(t, err, "a dry run mints nothing")
			metadatatest.AssertEqualProcessorTokenizationValuesFound(t, r.telemetry, []metricdata.DataPoint[int64]{
				{Value: 1, Attributes: foundAttributes("email", "tokenize", "logs")},
			}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
		})
	}
}

func foundAttributes(entity, action, signal string) attribute.Set {
	return attribute.NewSet(attribute.String("entity", entity), attribute.String("action", action), attribute.String("signal", signal))
}

func logsWith(body string) plog.Logs {
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
	return ld
}

// TestKnownTokensAreCommitted: a batch without a record is not forwarded when the vault has lost what it relies on.
func TestKnownTokensAreCommitted(t *testing.T) {
	r := newRig(t, nil)
	p, err := newTokenizer(nopSettings(), testConfig(nil), policy.Logs)
	require.NoError(t, err)
	require.NoError(t, p.start(context.Background(), r.host))
	r.vault.down.Store(true)
	err = p.process(context.Background(), func(*walk) {})
	require.NoError(t, err, "there is nothing to commit")
	err = p.process(context.Background(), func(w *walk) { w.scratch.Batch.AddKnown() })
	require.ErrorIs(t, err, rewrite.ErrUnavailable)
}
