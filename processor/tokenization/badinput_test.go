package tokenization

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/processor/policy"
)

func firstRecord(ld plog.Logs) plog.LogRecord {
	return ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}

func TestEmptyEverything(t *testing.T) {
	r := newRig(t, nil)
	r.traces(t, ptrace.NewTraces())
	r.logs(t, plog.NewLogs())
	r.metrics(t, pmetric.NewMetrics())
	r.profiles(t, pprofile.NewProfiles())

	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().Attributes().PutEmpty("")
	r.traces(t, td)
	ld := logsWith("")
	firstRecord(ld).Attributes().PutEmptyMap("").PutEmptySlice("").AppendEmpty()
	firstRecord(ld).Attributes().PutEmptyBytes("b")
	r.logs(t, ld)
	md := pmetric.NewMetrics()
	ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	ms.AppendEmpty()
	ms.AppendEmpty().SetEmptySum()
	r.metrics(t, md)
	pd := pprofile.NewProfiles() // not even the empty string at index 0
	a := pd.Dictionary().AttributeTable().AppendEmpty()
	a.SetKeyStrindex(7)
	pd.ResourceProfiles().AppendEmpty().ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
	r.profiles(t, pd)
}

func TestHugeBody(t *testing.T) {
	r := newRig(t, nil)
	line := "2026-11-22T02:14:32Z INFO request done user=mary.canary@birds.example.org took 12ms trace 4bf92f3577b34da6a3ce929d0e0e4736\n"
	ld := logsWith(strings.Repeat(line, 10<<20/len(line)))
	r.logs(t, ld)
	body := firstRecord(ld).Body().Str()
	assert.NotContains(t, body, "mary.canary@")
	assert.Len(t, tokenPattern.FindAllString(body, -1), 10<<20/len(line))
	assert.Equal(t, 1, r.vault.reveals())
}

func TestDeepNesting(t *testing.T) {
	r := newRig(t, nil)
	for _, depth := range []int{100, 3000} {
		ld := logsWith("")
		m := firstRecord(ld).Body().SetEmptyMap()
		for range depth {
			m = m.PutEmptySlice("deeper").AppendEmpty().SetEmptyMap()
		}
		m.PutStr("note", canaries[0].text)
		r.logs(t, ld)
		v, _ := m.Get("note")
		assert.Empty(t, survivors([]byte(v.Str())))
	}
}

func TestManyAttributes(t *testing.T) {
	const n = 100_000
	for name, key := range map[string]func(int) string{
		"clean keys":    func(i int) string { return fmt.Sprintf("key.%d", i) },
		"personal keys": func(i int) string { return fmt.Sprintf("bird%d@birds.example.org", i) },
	} {
		for _, action := range []string{"tokenize", "redact"} { // redacted keys all collide
			t.Run(name+", "+action, func(t *testing.T) {
				r := newRig(t, func(c *Config) {
					c.Policy.Rules = []policy.Rule{{Entities: []string{"email"}, Action: action}}
				})
				ld := logsWith("")
				raw := make(map[string]any, n)
				for i := range n {
					raw[key(i)] = int64(i)
				}
				attributes := firstRecord(ld).Attributes()
				require.NoError(t, attributes.FromRaw(raw))
				var order []int64
				for _, v := range attributes.All() {
					order = append(order, v.Int())
				}
				r.logs(t, ld)
				require.Equal(t, n, attributes.Len())
				seen := make(map[string]bool, n)
				i := 0
				for k, v := range attributes.All() {
					require.False(t, seen[k] || strings.Contains(k, "@"))
					seen[k] = true
					require.Equal(t, order[i], v.Int())
					i++
				}
			})
		}
	}
}

func TestCollidingKeys(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{{Entities: []string{"email"}, Action: "redact"}}
	})
	ld := logsWith("")
	m := firstRecord(ld).Attributes()
	m.PutStr("ann@birds.example.org", "ann")
	m.PutStr("[email].2", "was here before")
	m.PutInt("n", 1)
	m.PutEmptyMap("bob@birds.example.org").PutStr("note", "ask ann@birds.example.org")
	m.PutStr("[email]", "was here, too")
	m.PutStr("cid@birds.example.org", "cid@birds.example.org")
	r.logs(t, ld)
	var keys, values []string
	for k, v := range m.All() {
		keys, values = append(keys, k), append(values, v.AsString())
	}
	assert.Equal(t, []string{"[email].3", "[email].2", "n", "[email].4", "[email]", "[email].5"}, keys)
	assert.Equal(t, []string{"ann", "was here before", "1", `{"note":"ask [email]"}`, "was here, too", "[email]"}, values)
}

func TestKeysRepeatedOnTheWire(t *testing.T) {
	r := newRig(t, nil)
	// Two attributes with the same key, which pdata itself does not make: LogsData > ResourceLogs > Resource > KeyValue.
	kv := "\x0a\x04note\x12\x1f\x0a\x1d" + "mary.canary@birds.example.org"
	resource := "\x0a" + string(rune(len(kv))) + kv + "\x0a" + string(rune(len(kv))) + kv
	rl := "\x0a" + string(rune(len(resource))) + resource
	ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs([]byte("\x0a" + string(rune(len(rl))) + rl))
	require.NoError(t, err)
	require.Equal(t, 2, ld.ResourceLogs().At(0).Resource().Attributes().Len())
	r.logs(t, ld)
	require.Equal(t, 2, ld.ResourceLogs().At(0).Resource().Attributes().Len())
	require.Empty(t, survivors(wire(t, ld)))
}

// Dropping removes exactly what it should, wherever it stands, and leaves its neighbors in their order.
func TestDrop(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{
			{Entities: []string{"email"}, Action: "drop"},
			{Keys: []string{"http.request.header.*"}, Action: "drop"},
			{Keys: []string{"raw"}, Action: "redact"},
		}
	})
	const mail = "ann@birds.example.org"
	ld := logsWith("first")
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.AppendEmpty().Body().SetStr("from " + mail)
	third := records.AppendEmpty()
	third.Body().SetStr("third")
	third.SetEventName("mail " + mail)
	m := third.Attributes()
	m.PutStr("a", mail)
	m.PutStr("b", "stays")
	m.PutInt("http.request.header.age", 3)
	m.PutEmptyMap("http.request.header.x").PutStr("y", "z")
	m.PutEmptySlice("raw").AppendEmpty().SetInt(3)
	m.PutStr(mail, "by key")
	nested := m.PutEmptyMap("c")
	nested.PutStr("d", mail)
	nested.PutStr("e", "stays")
	list := m.PutEmptySlice("f")
	for _, s := range []string{"1", mail, "2", mail} {
		list.AppendEmpty().SetStr(s)
	}
	m.PutStr("g", "with card 4111111111111111")
	m.PutStr("h", mail)
	r.logs(t, ld)

	require.Equal(t, 2, records.Len())
	assert.Equal(t, "first", records.At(0).Body().Str())
	assert.Equal(t, "third", records.At(1).Body().Str())
	third = records.At(1)
	assert.Equal(t, "mail [email]", third.EventName(), "what cannot be removed is redacted")
	g, _ := third.Attributes().Get("g")
	assert.Regexp(t, "^with card "+tokenPattern.String()+"$", g.Str())
	third.Attributes().Remove("g")
	assert.Equal(t, map[string]any{
		"b": "stays", "c": map[string]any{"e": "stays"}, "f": []any{"1", "2"}, "raw": "[redacted]",
	}, third.Attributes().AsRaw())
}

func TestDropMetric(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = []policy.Rule{{Entities: []string{"email"}, Action: "drop"}}
	})
	md := pmetric.NewMetrics()
	ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
	ms.AppendEmpty().SetName("mails.ann@birds.example.org")
	ms.AppendEmpty().SetName("stays")
	ms.At(1).SetDescription("of ann@birds.example.org")
	r.metrics(t, md)
	require.Equal(t, 1, ms.Len())
	assert.Equal(t, "stays", ms.At(0).Name())
	assert.Equal(t, "of [email]", ms.At(0).Description())
}

func TestNumbers(t *testing.T) {
	r := newRig(t, nil)
	ld := logsWith("")
	m := firstRecord(ld).Attributes()
	m.PutInt("card", canaryCard)
	m.PutInt("http.response.status_code", 200)
	m.PutInt("started_at", 1763777672123)
	m.PutInt("small", -12)
	m.PutInt("user.id", 42)
	m.PutDouble("geo.location.lat", 47.3769)
	m.PutDouble("took", 12.5)
	m.PutDouble("credit_card", canaryCard) // as a JSON parser reads numbers
	m.PutDouble("huge", 1e300)
	r.logs(t, ld)
	for key, tokenized := range map[string]bool{
		"card": true, "http.response.status_code": false, "started_at": false, "small": false, "user.id": true,
		"geo.location.lat": true, "took": false, "credit_card": true, "huge": false,
	} {
		v, _ := m.Get(key)
		assert.Equal(t, tokenized, v.Type() == pcommon.ValueTypeStr, key)
	}
}
