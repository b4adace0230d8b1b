package tokenization

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// tokenPattern matches a token of any vault, with its kept part.
var tokenPattern = regexp.MustCompile(`tkt_[a-z]{2,16}_[bcdfghjklmnpqrstvwxz]{5}_[bcdfghjklmnpqrstvwxz]{33}`)

// plainly replaces every token in a JSON document by the value it stands for, so that what remains different is what
// tokenizing must not have touched.
func plainly(v *memoryVault, doc []byte) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return tokenPattern.ReplaceAllStringFunc(string(doc), func(tok string) string {
		if plain, ok := v.escrow[tok]; ok {
			return plain
		}
		return tok
	})
}

// The generated telemetry holds only canonical values, so revealing every token must give the input, byte for byte:
// ids, times, links, flags, kinds, counts, order and every other attribute. And running the output through the
// processor again changes nothing.
func TestCorrelationTraces(t *testing.T) {
	r := newRig(t, nil)
	for seed := range uint64(50) {
		g := generator{r: rand.New(rand.NewPCG(seed, 1))}
		td := g.traces()
		before := traceJSON(t, td)
		r.traces(t, td)
		after := traceJSON(t, td)
		require.NotEqual(t, string(before), string(after), "nothing was found")
		require.Equal(t, string(before), plainly(r.vault, after), "seed %d", seed)
		r.traces(t, td)
		require.Equal(t, string(after), string(traceJSON(t, td)), "the second run changed something, seed %d", seed)
	}
}

func TestCorrelationLogs(t *testing.T) {
	r := newRig(t, nil)
	for seed := range uint64(50) {
		g := generator{r: rand.New(rand.NewPCG(seed, 2))}
		ld := g.logs()
		before := logJSON(t, ld)
		r.logs(t, ld)
		after := logJSON(t, ld)
		require.NotEqual(t, string(before), string(after), "nothing was found")
		require.Equal(t, string(before), plainly(r.vault, after), "seed %d", seed)
		r.logs(t, ld)
		require.Equal(t, string(after), string(logJSON(t, ld)), "the second run changed something, seed %d", seed)
	}
}

func TestCorrelationMetrics(t *testing.T) {
	r := newRig(t, nil)
	for seed := range uint64(50) {
		g := generator{r: rand.New(rand.NewPCG(seed, 3))}
		md := g.metrics()
		before := metricJSON(t, md)
		r.metrics(t, md)
		after := metricJSON(t, md)
		require.NotEqual(t, string(before), string(after), "nothing was found")
		require.Equal(t, string(before), plainly(r.vault, after), "seed %d", seed)
		r.metrics(t, md)
		require.Equal(t, string(after), string(metricJSON(t, md)), "the second run changed something, seed %d", seed)
	}
}

// One customer in a span, a log and an exemplar, in several spellings, is one token.
func TestSameValueSameToken(t *testing.T) {
	r := newRig(t, nil)
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("GET /customers/mary.canary@birds.example.org")
	span.Attributes().PutStr("customer.email", "Mary.Canary@birds.example.org")
	ld := plog.NewLogs()
	record := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.Body().SetStr(`{"mail":"MARY.CANARY@birds.example.org"}`)
	md := pmetric.NewMetrics()
	point := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty()
	point.Exemplars().AppendEmpty().FilteredAttributes().PutStr("who", "mary.canary@birds.example.org")
	r.traces(t, td)
	r.logs(t, ld)
	r.metrics(t, md)
	all := string(traceJSON(t, td)) + string(logJSON(t, ld)) + string(metricJSON(t, md))
	found := tokenPattern.FindAllString(all, -1)
	require.Len(t, found, 4)
	for _, tok := range found {
		require.Equal(t, found[0], tok)
	}
}

func traceJSON(t testing.TB, td ptrace.Traces) []byte {
	b, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	require.NoError(t, err)
	return b
}

func logJSON(t testing.TB, ld plog.Logs) []byte {
	b, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	return b
}

func metricJSON(t testing.TB, md pmetric.Metrics) []byte {
	b, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(md)
	require.NoError(t, err)
	return b
}
