package tokenization

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadatatest"
)

func TestMetricsCountByEntityActionAndSignal(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{
			{Entities: []string{"payment_card"}, Action: "mask", Keep: "last4"},
			{Keys: []string{"internal.*"}, Action: "drop"},
		}
	})
	ld := logsWith("ann@birds.example.org paid with card 4111111111111111 from 10.0.0.7, copy to bob@birds.example.org")
	firstRecord(ld).Attributes().PutStr("internal.note", "x")
	r.logs(t, ld)
	r.logs(t, ld) // its tokens are recognized now
	ignore := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualProcessorTokenizationValuesFound(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: foundAttributes("email", "tokenize", "logs")},
		{Value: 1, Attributes: foundAttributes("payment_card", "mask", "logs")},
		{Value: 2, Attributes: foundAttributes("ip_address", "keep", "logs")},
		{Value: 1, Attributes: foundAttributes("attribute", "drop", "logs")},
	}, ignore, metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualProcessorTokenizationTokensMinted(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: attribute.NewSet(attribute.String("entity", "email"), attribute.String("signal", "logs"))},
	}, ignore, metricdatatest.IgnoreExemplars())
	metadatatest.AssertEqualProcessorTokenizationTokensLeft(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 2, Attributes: attribute.NewSet(attribute.String("signal", "logs"))},
	}, ignore, metricdatatest.IgnoreExemplars())
	for _, name := range []string{"detection", "minting", "commit"} {
		_, err := r.telemetry.GetMetric("otelcol_processor_tokenization_" + name + "_duration")
		assert.NoError(t, err)
	}
}

// Kept values are counted every time, though a value that holds nothing is not looked at again.
func TestRepeatedValuesAreCounted(t *testing.T) {
	r := newRig(t, nil)
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 10 {
		m := records.AppendEmpty().Attributes()
		m.PutStr("peer", "10.0.0.7:443")
		m.PutStr("lane", "left")
	}
	r.logs(t, ld)
	metadatatest.AssertEqualProcessorTokenizationValuesFound(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 10, Attributes: foundAttributes("ip_address", "keep", "logs")},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// What is remembered of a key and its values for one resource does not decide for another.
func TestConditionsAreJudgedPerResource(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{
			{When: `resource.attributes["service.name"] == "edge"`, Entities: []string{"email"}, Action: "keep"},
			{When: `resource.attributes["service.name"] == "edge"`, Keys: []string{"gone"}, Action: "drop"},
		}
	})
	const mail = "ann@birds.example.org"
	ld := plog.NewLogs()
	for i := range 12 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", []string{"shop", "edge"}[i/2%2])
		m := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
		m.PutStr("who", mail)
		m.PutBool("gone", true) // which only a rule about the whole attribute can hide
	}
	r.logs(t, ld)
	for i, rl := range ld.ResourceLogs().All() {
		m := rl.ScopeLogs().At(0).LogRecords().At(0).Attributes()
		who, _ := m.Get("who")
		edge := i/2%2 == 1
		assert.Equal(t, edge, who.Str() == mail, "resource %d", i)
		_, there := m.Get("gone")
		assert.Equal(t, edge, !there, "resource %d", i)
	}
}

func TestUntouchablePlacesAreCountedAndNeverAltered(t *testing.T) {
	r := newRig(t, nil)
	const mail = "ann@birds.example.org"
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.TraceState().FromRaw("shop=" + mail)
	span.Links().AppendEmpty().TraceState().FromRaw("shop=" + mail)
	for _, key := range []string{"guid:x-request-id", "X-Request-Id", "tracestate"} {
		span.Attributes().PutStr(key, mail)
	}
	header := span.Attributes().PutEmptySlice("http.request.header.x-request-id") // string[] in the conventions
	header.AppendEmpty().SetStr(mail)
	header.AppendEmpty().SetEmptyBytes().FromRaw([]byte(mail))
	header.AppendEmpty().SetEmptyMap().PutStr("x", mail)
	header.AppendEmpty().SetInt(4111111111111111)
	before := wire(t, td)
	r.traces(t, td)
	require.Equal(t, before, wire(t, td))
	set := func(place string) attribute.Set {
		return attribute.NewSet(attribute.String("entity", "email"), attribute.String("place", place), attribute.String("signal", "traces"))
	}
	metadatatest.AssertEqualProcessorTokenizationUntouchableValues(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 3, Attributes: set("trace_state")},
		{Value: 5, Attributes: set("request_id")},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

func TestRemovedPayloadsAreCounted(t *testing.T) {
	r := newRig(t, nil)
	pd := pprofile.NewProfiles()
	p := pd.ResourceProfiles().AppendEmpty().ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
	p.OriginalPayload().FromRaw([]byte{0x1f, 0x8b, 0xff})
	p.SetOriginalPayloadFormat("pprof")
	r.profiles(t, pd)
	assert.Zero(t, p.OriginalPayload().Len())
	assert.Empty(t, p.OriginalPayloadFormat())
	metadatatest.AssertEqualProcessorTokenizationPayloadsRemoved(t, r.telemetry, []metricdata.DataPoint[int64]{
		{Value: 1, Attributes: attribute.NewSet(attribute.String("signal", "profiles"))},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

// The processor's own logs, metrics, spans and errors hold no value, whatever happens.
func TestOwnTelemetryHoldsNoValue(t *testing.T) {
	r := newRig(t, nil)
	var said strings.Builder
	for _, down := range []bool{false, true, false} {
		r.vault.down.Store(down)
		for _, c := range canaries {
			ld := logsWith(c.text)
			m := firstRecord(ld).Attributes()
			m.PutStr(c.key, c.secret)
			m.PutStr(c.text, c.text)
			if err := r.toLogs.ConsumeLogs(context.Background(), ld); err != nil {
				said.WriteString(err.Error())
			}
			td := ptrace.NewTraces()
			s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			s.SetName(c.text)
			s.TraceState().FromRaw(c.text)
			if err := r.toTraces.ConsumeTraces(context.Background(), td); err != nil {
				said.WriteString(err.Error())
			}
		}
	}
	require.NotEmpty(t, said.String())
	for _, entry := range r.logged.All() {
		fmt.Fprint(&said, entry.Message, entry.ContextMap())
	}
	var metrics metricdata.ResourceMetrics
	require.NoError(t, r.telemetry.Reader.Collect(context.Background(), &metrics))
	require.NotEmpty(t, metrics.ScopeMetrics)
	fmt.Fprintf(&said, "%+v", metrics)
	spans := r.telemetry.SpanRecorder.Ended()
	require.NotEmpty(t, spans)
	for _, s := range spans {
		fmt.Fprint(&said, s.Name(), s.Attributes(), s.Status(), s.Events())
	}
	assert.Empty(t, survivors([]byte(said.String())))
	assert.NotContains(t, said.String(), "canary")
}
