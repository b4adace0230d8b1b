package tokenization

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pprofile"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"
)

// leakPlace is a place where a value can hide in one kind of telemetry.
type leakPlace[T any] struct {
	name  string
	plant func(T, canary)
}

// attributePlaces are the places inside one attribute map.
var attributePlaces = []leakPlace[pcommon.Map]{
	{"value in text", func(m pcommon.Map, c canary) { m.PutStr("note", c.text) }},
	{"value under its key", func(m pcommon.Map, c canary) { m.PutStr(c.key, c.secret) }},
	{"key", func(m pcommon.Map, c canary) { m.PutStr(c.text, "seen") }},
	{"key of a number", func(m pcommon.Map, c canary) { m.PutInt(c.text, 1) }},
	{"key beside its twin", func(m pcommon.Map, c canary) { m.PutStr(c.text, "1"); m.PutStr(c.text+" ", c.text) }},
	{"nested value", func(m pcommon.Map, c canary) { m.PutEmptyMap("a").PutEmptyMap("b").PutStr("note", c.text) }},
	{"nested value under its key", func(m pcommon.Map, c canary) { m.PutEmptyMap("a").PutStr(c.key, c.secret) }},
	{"nested key", func(m pcommon.Map, c canary) { m.PutEmptyMap("a").PutStr(c.text, "seen") }},
	{"element", func(m pcommon.Map, c canary) {
		s := m.PutEmptySlice("list")
		s.AppendEmpty()
		s.AppendEmpty().SetStr(c.text)
	}},
	{"element under its key", func(m pcommon.Map, c canary) { m.PutEmptySlice(c.key).AppendEmpty().SetStr(c.secret) }},
	{"map in a slice in a map", func(m pcommon.Map, c canary) {
		m.PutEmptyMap("a").PutEmptySlice("b").AppendEmpty().SetEmptyMap().PutStr(c.key, c.secret)
	}},
	{"bytes", func(m pcommon.Map, c canary) { m.PutEmptyBytes("raw").FromRaw([]byte(c.text)) }},
	{"bytes under its key", func(m pcommon.Map, c canary) { m.PutEmptyBytes(c.key).FromRaw([]byte(c.secret)) }},
	{"bytes that are not UTF-8", func(m pcommon.Map, c canary) { m.PutEmptyBytes("raw").FromRaw([]byte("\xe9t\xe9 " + c.text + " \xff")) }},
	{"text that is not UTF-8", func(m pcommon.Map, c canary) { m.PutStr("note", "\xe9t\xe9 "+c.text+" \xff") }},
	{"JSON in text", func(m pcommon.Map, c canary) { m.PutStr("note", `{"a":{"`+c.key+`":"`+c.secret+`"}}`) }},
	{"number", func(m pcommon.Map, c canary) { plantNumber(c, func(n int64) { m.PutInt("card", n) }) }},
	{"number under its key", func(m pcommon.Map, c canary) { plantNumber(c, func(n int64) { m.PutInt(c.key, n) }) }},
	{"double", func(m pcommon.Map, c canary) { plantNumber(c, func(n int64) { m.PutDouble("card", float64(n)) }) }},
	{"double under its key", func(m pcommon.Map, c canary) { plantNumber(c, func(n int64) { m.PutDouble(c.key, float64(n)) }) }},
}

func plantNumber(c canary, put func(int64)) {
	if c.entity == "payment_card" {
		put(canaryCard)
	}
}

// inAttributes lists the attribute places of the map that at finds in the telemetry.
func inAttributes[T any](name string, at func(T) pcommon.Map) []leakPlace[T] {
	places := make([]leakPlace[T], 0, len(attributePlaces))
	for _, p := range attributePlaces {
		places = append(places, leakPlace[T]{name + ": " + p.name, func(d T, c canary) { p.plant(at(d), c) }})
	}
	return places
}

func join[T any](lists ...[]leakPlace[T]) []leakPlace[T] {
	var all []leakPlace[T]
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// testLeaks plants every canary in every place, one at a time, then all together.
func testLeaks[T any](t *testing.T, build func() T, run func(testing.TB, T), places []leakPlace[T]) {
	t.Helper()
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			for _, c := range canaries {
				d := build()
				p.plant(d, c)
				run(t, d)
				assert.Empty(t, survivors(wire(t, d)), "planted: %s", c.entity)
			}
		})
	}
	t.Run("all places at once", func(t *testing.T) {
		for _, c := range canaries {
			d := build()
			for _, p := range places {
				p.plant(d, c)
			}
			run(t, d)
			require.Empty(t, survivors(wire(t, d)), "planted: %s", c.entity)
		}
	})
}

func TestLeaksTraces(t *testing.T) {
	type T = ptrace.Traces
	rig := newRig(t, nil)
	build := func() T {
		td := ptrace.NewTraces()
		s := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		s.Events().AppendEmpty()
		s.Links().AppendEmpty()
		return td
	}
	rs := func(d T) ptrace.ResourceSpans { return d.ResourceSpans().At(0) }
	ss := func(d T) ptrace.ScopeSpans { return rs(d).ScopeSpans().At(0) }
	span := func(d T) ptrace.Span { return ss(d).Spans().At(0) }
	testLeaks(t, build, rig.traces, join(
		inAttributes("resource attribute", func(d T) pcommon.Map { return rs(d).Resource().Attributes() }),
		inAttributes("scope attribute", func(d T) pcommon.Map { return ss(d).Scope().Attributes() }),
		inAttributes("span attribute", func(d T) pcommon.Map { return span(d).Attributes() }),
		inAttributes("event attribute", func(d T) pcommon.Map { return span(d).Events().At(0).Attributes() }),
		inAttributes("link attribute", func(d T) pcommon.Map { return span(d).Links().At(0).Attributes() }),
		[]leakPlace[T]{
			{"resource schema URL", func(d T, c canary) { rs(d).SetSchemaUrl(c.text) }},
			{"entity reference", func(d T, c canary) { plantEntityRef(rs(d).Resource(), c) }},
			{"scope schema URL", func(d T, c canary) { ss(d).SetSchemaUrl(c.text) }},
			{"scope name", func(d T, c canary) { ss(d).Scope().SetName(c.text) }},
			{"scope version", func(d T, c canary) { ss(d).Scope().SetVersion(c.text) }},
			{"span name", func(d T, c canary) { span(d).SetName(c.text) }},
			{"status message", func(d T, c canary) { span(d).Status().SetMessage(c.text) }},
			{"event name", func(d T, c canary) { span(d).Events().At(0).SetName(c.text) }},
		}))
}

func plantEntityRef(r pcommon.Resource, c canary) {
	ref := entity.ResourceEntityRefs(r).AppendEmpty()
	ref.SetType(c.text)
	ref.SetSchemaUrl(c.text)
	ref.IdKeys().Append(c.text)
	ref.DescriptionKeys().Append(c.text)
}

func TestLeaksLogs(t *testing.T) {
	type T = plog.Logs
	rig := newRig(t, nil)
	build := func() T {
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		return ld
	}
	rl := func(d T) plog.ResourceLogs { return d.ResourceLogs().At(0) }
	sl := func(d T) plog.ScopeLogs { return rl(d).ScopeLogs().At(0) }
	record := func(d T) plog.LogRecord { return sl(d).LogRecords().At(0) }
	body := func(d T) pcommon.Value { return sl(d).LogRecords().AppendEmpty().Body() }
	testLeaks(t, build, rig.logs, join(
		inAttributes("resource attribute", func(d T) pcommon.Map { return rl(d).Resource().Attributes() }),
		inAttributes("scope attribute", func(d T) pcommon.Map { return sl(d).Scope().Attributes() }),
		inAttributes("log attribute", func(d T) pcommon.Map { return record(d).Attributes() }),
		inAttributes("map body", func(d T) pcommon.Map { return body(d).SetEmptyMap() }),
		inAttributes("slice body", func(d T) pcommon.Map { return body(d).SetEmptySlice().AppendEmpty().SetEmptyMap() }),
		[]leakPlace[T]{
			{"resource schema URL", func(d T, c canary) { rl(d).SetSchemaUrl(c.text) }},
			{"entity reference", func(d T, c canary) { plantEntityRef(rl(d).Resource(), c) }},
			{"scope schema URL", func(d T, c canary) { sl(d).SetSchemaUrl(c.text) }},
			{"scope name", func(d T, c canary) { sl(d).Scope().SetName(c.text) }},
			{"scope version", func(d T, c canary) { sl(d).Scope().SetVersion(c.text) }},
			{"string body", func(d T, c canary) { body(d).SetStr(c.text) }},
			{"string in a slice body", func(d T, c canary) { body(d).SetEmptySlice().AppendEmpty().SetStr(c.text) }},
			{"bytes body", func(d T, c canary) { body(d).SetEmptyBytes().FromRaw([]byte(c.text)) }},
			{"severity text", func(d T, c canary) { record(d).SetSeverityText(c.text) }},
			{"event name", func(d T, c canary) { record(d).SetEventName(c.text) }},
		}))
}

func TestLeaksMetrics(t *testing.T) {
	type T = pmetric.Metrics
	rig := newRig(t, nil)
	build := func() T {
		md := pmetric.NewMetrics()
		ms := md.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics()
		ms.AppendEmpty().SetEmptyGauge().DataPoints().AppendEmpty().Exemplars().AppendEmpty()
		ms.AppendEmpty().SetEmptySum().DataPoints().AppendEmpty().Exemplars().AppendEmpty()
		ms.AppendEmpty().SetEmptyHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty()
		ms.AppendEmpty().SetEmptyExponentialHistogram().DataPoints().AppendEmpty().Exemplars().AppendEmpty()
		ms.AppendEmpty().SetEmptySummary().DataPoints().AppendEmpty()
		return md
	}
	rm := func(d T) pmetric.ResourceMetrics { return d.ResourceMetrics().At(0) }
	sm := func(d T) pmetric.ScopeMetrics { return rm(d).ScopeMetrics().At(0) }
	metric := func(d T, i int) pmetric.Metric { return sm(d).Metrics().At(i) }
	testLeaks(t, build, rig.metrics, join(
		inAttributes("resource attribute", func(d T) pcommon.Map { return rm(d).Resource().Attributes() }),
		inAttributes("scope attribute", func(d T) pcommon.Map { return sm(d).Scope().Attributes() }),
		inAttributes("metric metadata", func(d T) pcommon.Map { return metric(d, 0).Metadata() }),
		inAttributes("gauge point", func(d T) pcommon.Map { return metric(d, 0).Gauge().DataPoints().At(0).Attributes() }),
		inAttributes("sum point", func(d T) pcommon.Map { return metric(d, 1).Sum().DataPoints().At(0).Attributes() }),
		inAttributes("histogram point", func(d T) pcommon.Map { return metric(d, 2).Histogram().DataPoints().At(0).Attributes() }),
		inAttributes("exponential histogram point", func(d T) pcommon.Map {
			return metric(d, 3).ExponentialHistogram().DataPoints().At(0).Attributes()
		}),
		inAttributes("summary point", func(d T) pcommon.Map { return metric(d, 4).Summary().DataPoints().At(0).Attributes() }),
		inAttributes("gauge exemplar", func(d T) pcommon.Map {
			return metric(d, 0).Gauge().DataPoints().At(0).Exemplars().At(0).FilteredAttributes()
		}),
		inAttributes("sum exemplar", func(d T) pcommon.Map {
			return metric(d, 1).Sum().DataPoints().At(0).Exemplars().At(0).FilteredAttributes()
		}),
		inAttributes("histogram exemplar", func(d T) pcommon.Map {
			return metric(d, 2).Histogram().DataPoints().At(0).Exemplars().At(0).FilteredAttributes()
		}),
		inAttributes("exponential histogram exemplar", func(d T) pcommon.Map {
			return metric(d, 3).ExponentialHistogram().DataPoints().At(0).Exemplars().At(0).FilteredAttributes()
		}),
		[]leakPlace[T]{
			{"resource schema URL", func(d T, c canary) { rm(d).SetSchemaUrl(c.text) }},
			{"entity reference", func(d T, c canary) { plantEntityRef(rm(d).Resource(), c) }},
			{"scope schema URL", func(d T, c canary) { sm(d).SetSchemaUrl(c.text) }},
			{"scope name", func(d T, c canary) { sm(d).Scope().SetName(c.text) }},
			{"scope version", func(d T, c canary) { sm(d).Scope().SetVersion(c.text) }},
			{"metric name", func(d T, c canary) { metric(d, 0).SetName(c.text) }},
			{"metric description", func(d T, c canary) { metric(d, 0).SetDescription(c.text) }},
			{"metric unit", func(d T, c canary) { metric(d, 0).SetUnit(c.text) }},
		}))
}

func TestLeaksProfiles(t *testing.T) {
	type T = pprofile.Profiles
	rig := newRig(t, nil)
	build := func() T {
		pd := pprofile.NewProfiles()
		pd.Dictionary().StringTable().Append("")
		pd.ResourceProfiles().AppendEmpty().ScopeProfiles().AppendEmpty().Profiles().AppendEmpty()
		return pd
	}
	rp := func(d T) pprofile.ResourceProfiles { return d.ResourceProfiles().At(0) }
	sp := func(d T) pprofile.ScopeProfiles { return rp(d).ScopeProfiles().At(0) }
	profile := func(d T) pprofile.Profile { return sp(d).Profiles().At(0) }
	testLeaks(t, build, rig.profiles, join(
		inAttributes("resource attribute", func(d T) pcommon.Map { return rp(d).Resource().Attributes() }),
		inAttributes("scope attribute", func(d T) pcommon.Map { return sp(d).Scope().Attributes() }),
		[]leakPlace[T]{
			{"resource schema URL", func(d T, c canary) { rp(d).SetSchemaUrl(c.text) }},
			{"scope schema URL", func(d T, c canary) { sp(d).SetSchemaUrl(c.text) }},
			{"scope name", func(d T, c canary) { sp(d).Scope().SetName(c.text) }},
			{"string table", func(d T, c canary) { d.Dictionary().StringTable().Append(c.text) }},
			{"function name", func(d T, c canary) {
				d.Dictionary().FunctionTable().AppendEmpty().SetNameStrindex(addString(d, c.text))
			}},
			{"file name", func(d T, c canary) {
				d.Dictionary().MappingTable().AppendEmpty().SetFilenameStrindex(addString(d, c.text))
			}},
			{"attribute table value", func(d T, c canary) { addAttribute(d, "note").SetStr(c.text) }},
			{"attribute table value under its key", func(d T, c canary) { addAttribute(d, c.key).SetStr(c.secret) }},
			{"attribute table key", func(d T, c canary) { addAttribute(d, c.text).SetStr("seen") }},
			{"attribute table map", func(d T, c canary) { addAttribute(d, "a").SetEmptyMap().PutStr(c.key, c.secret) }},
			{"value read from the string table", func(d T, c canary) {
				addString(d, c.secret)
				rp(d).Resource().Attributes().PutStr(c.key, c.secret)
			}},
			{"value of which a part is found in the string table", func(d T, c canary) {
				password := c.secret + " bob.finch@birds.example.org"
				addString(d, password)
				rp(d).Resource().Attributes().PutStr("db.password", password)
			}},
			{"reference in the attribute table", func(d T, c canary) { reference(d, c.secret).CopyTo(addAttribute(d, c.key)) }},
			{"original payload", func(d T, c canary) { profile(d).OriginalPayload().FromRaw([]byte(c.text)) }},
			{"original payload that is no text", func(d T, c canary) {
				profile(d).OriginalPayload().FromRaw([]byte("\x1f\x8b\xff" + c.secret))
			}},
			{"original payload format", func(d T, c canary) { profile(d).SetOriginalPayloadFormat(c.text) }},
		}))
}

func addString(d pprofile.Profiles, s string) int32 {
	table := d.Dictionary().StringTable()
	table.Append(s)
	return int32(table.Len() - 1)
}

func addAttribute(d pprofile.Profiles, key string) pcommon.Value {
	a := d.Dictionary().AttributeTable().AppendEmpty()
	a.SetKeyStrindex(addString(d, key))
	return a.Value()
}

// reference returns a value that refers to s in the string table of d, the way it comes from the wire. pdata makes
// such values only when it marshals a resource's attributes.
func reference(d pprofile.Profiles, s string) pcommon.Value {
	addString(d, s)
	c := pprofile.NewProfiles()
	d.Dictionary().StringTable().CopyTo(c.Dictionary().StringTable())
	attributes := c.ResourceProfiles().AppendEmpty().Resource().Attributes()
	attributes.PutStr("", s)
	if _, err := (&pprofile.ProtoMarshaler{}).MarshalProfiles(c); err != nil {
		panic(err)
	}
	v, _ := attributes.Get("")
	return v
}
