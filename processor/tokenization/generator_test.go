package tokenization

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// generator makes telemetry of every shape. Personal values in it are canonical and revealable, and stand where
// revealing them gives the same telemetry back: numbers and bytes are left out, because a token makes them strings.
type generator struct{ r *rand.Rand }

func pick[T any](g generator, of []T) T { return of[g.r.IntN(len(of))] }

var (
	plainTexts = []string{
		"", "GET /checkout", "cache miss for sku 4418-22", "took 12.5ms", "version v1.29.3-gke.1439000", "ключ не найден",
		"trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7", "at com.shop.Cart.add(Cart.java:118)", "\xff\xfe broken",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "d41d8cd98f00b204e9800998ecf8427e", "1117955392 2005",
		"2f1b1fc2-54a6-4be5-8a8e-1a7a3c9a7f00", "10.0.3.17:8080", "select id from carts where n > 3",
	}
	personalTexts = []string{
		"mail to mary.canary@birds.example.org failed", "bob.finch@birds.example.org", "from=carl.wren@birds.example.net to=bob.finch@birds.example.org",
		`{"email":"dora.rail@birds.example.com"}`, "card 4111111111111111 declined", "iban DE89370400440532013000",
	}
	plainKeys = []string{"http.route", "retry", "cart.items", "lane", "ключ", "", "shop.sku", "x-request-id", "guid:x-request-id"}
)

func (g generator) text() string {
	if g.r.IntN(4) == 0 {
		return pick(g, personalTexts)
	}
	return pick(g, plainTexts)
}

func (g generator) key() string {
	if g.r.IntN(12) == 0 {
		return pick(g, personalTexts)
	}
	return fmt.Sprint(pick(g, plainKeys), ".", g.r.IntN(1000))
}

func (g generator) attributes(m pcommon.Map, depth int) {
	for range g.r.IntN(6) {
		g.value(m.PutEmpty(g.key()), depth)
	}
}

func (g generator) value(v pcommon.Value, depth int) {
	switch n := g.r.IntN(12); {
	case n == 0:
	case n == 1:
		v.SetInt(g.r.Int64N(500_000))
	case n == 2:
		v.SetDouble(g.r.Float64())
	case n == 3:
		v.SetBool(true)
	case n == 4:
		v.SetEmptyBytes().FromRaw([]byte{0, 1, 2, 0xff})
	case n == 5 && depth > 0:
		g.attributes(v.SetEmptyMap(), depth-1)
	case n == 6 && depth > 0:
		s := v.SetEmptySlice()
		for range g.r.IntN(4) {
			g.value(s.AppendEmpty(), depth-1)
		}
	default:
		v.SetStr(g.text())
	}
}

func (g generator) traceID() (id pcommon.TraceID) {
	for i := range id {
		id[i] = byte(g.r.Uint32())
	}
	return id
}

func (g generator) spanID() (id pcommon.SpanID) {
	for i := range id {
		id[i] = byte(g.r.Uint32())
	}
	return id
}

func (g generator) scope(s pcommon.InstrumentationScope) {
	s.SetName(g.text())
	s.SetVersion("1.2.3")
	s.SetDroppedAttributesCount(g.r.Uint32())
	g.attributes(s.Attributes(), 1)
}

func (g generator) traces() ptrace.Traces {
	td := ptrace.NewTraces()
	for range 1 + g.r.IntN(3) {
		rs := td.ResourceSpans().AppendEmpty()
		g.attributes(rs.Resource().Attributes(), 2)
		for range 1 + g.r.IntN(2) {
			ss := rs.ScopeSpans().AppendEmpty()
			g.scope(ss.Scope())
			for range 1 + g.r.IntN(6) {
				g.span(ss.Spans().AppendEmpty())
			}
		}
	}
	td.ResourceSpans().At(0).Resource().Attributes().PutStr("note", personalTexts[0])
	return td
}

func (g generator) span(s ptrace.Span) {
	s.SetTraceID(g.traceID())
	s.SetSpanID(g.spanID())
	s.SetParentSpanID(g.spanID())
	s.TraceState().FromRaw("shop=bob.finch@birds.example.org")
	s.SetFlags(g.r.Uint32())
	s.SetName(g.text())
	s.SetKind(ptrace.SpanKind(g.r.IntN(6)))
	s.SetStartTimestamp(pcommon.Timestamp(g.r.Uint64()))
	s.SetEndTimestamp(pcommon.Timestamp(g.r.Uint64()))
	s.SetDroppedEventsCount(g.r.Uint32())
	s.Status().SetCode(ptrace.StatusCode(g.r.IntN(3)))
	s.Status().SetMessage(g.text())
	g.attributes(s.Attributes(), 3)
	s.Attributes().PutStr("http.request.header.x-request-id", "bob.finch@birds.example.org")
	for range g.r.IntN(3) {
		e := s.Events().AppendEmpty()
		e.SetName(g.text())
		e.SetTimestamp(pcommon.Timestamp(g.r.Uint64()))
		g.attributes(e.Attributes(), 1)
	}
	for range g.r.IntN(3) {
		l := s.Links().AppendEmpty()
		l.SetTraceID(g.traceID())
		l.SetSpanID(g.spanID())
		l.SetFlags(g.r.Uint32())
		l.TraceState().FromRaw("a=b")
		g.attributes(l.Attributes(), 1)
	}
}

func (g generator) logs() plog.Logs {
	ld := plog.NewLogs()
	for range 1 + g.r.IntN(3) {
		rl := ld.ResourceLogs().AppendEmpty()
		g.attributes(rl.Resource().Attributes(), 2)
		sl := rl.ScopeLogs().AppendEmpty()
		g.scope(sl.Scope())
		for range 1 + g.r.IntN(8) {
			r := sl.LogRecords().AppendEmpty()
			r.SetTimestamp(pcommon.Timestamp(g.r.Uint64()))
			r.SetObservedTimestamp(pcommon.Timestamp(g.r.Uint64()))
			r.SetTraceID(g.traceID())
			r.SetSpanID(g.spanID())
			r.SetFlags(plog.LogRecordFlags(g.r.Uint32()))
			r.SetSeverityNumber(plog.SeverityNumber(g.r.IntN(25)))
			r.SetSeverityText(pick(g, []string{"INFO", "WARN", ""}))
			r.SetEventName(g.text())
			g.attributes(r.Attributes(), 3)
			g.value(r.Body(), 4)
		}
	}
	ld.ResourceLogs().At(0).Resource().Attributes().PutStr("note", personalTexts[0])
	return ld
}

func (g generator) metrics() pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	g.attributes(rm.Resource().Attributes(), 2)
	rm.Resource().Attributes().PutStr("note", personalTexts[0])
	sm := rm.ScopeMetrics().AppendEmpty()
	g.scope(sm.Scope())
	for range 1 + g.r.IntN(5) {
		m := sm.Metrics().AppendEmpty()
		m.SetName(pick(g, []string{"http.server.duration", "cart.size"}))
		m.SetDescription(g.text())
		m.SetUnit("ms")
		g.attributes(m.Metadata(), 1)
		switch g.r.IntN(4) {
		case 0:
			g.numbers(m.SetEmptyGauge().DataPoints())
		case 1:
			s := m.SetEmptySum()
			s.SetIsMonotonic(true)
			g.numbers(s.DataPoints())
		case 2:
			p := m.SetEmptyHistogram().DataPoints().AppendEmpty()
			p.BucketCounts().FromRaw([]uint64{1, 2, 3})
			p.SetCount(6)
			g.attributes(p.Attributes(), 1)
			g.exemplar(p.Exemplars().AppendEmpty())
		case 3:
			g.attributes(m.SetEmptySummary().DataPoints().AppendEmpty().Attributes(), 1)
		}
	}
	return md
}

func (g generator) numbers(points pmetric.NumberDataPointSlice) {
	for range g.r.IntN(4) {
		p := points.AppendEmpty()
		p.SetTimestamp(pcommon.Timestamp(g.r.Uint64()))
		p.SetIntValue(g.r.Int64())
		g.attributes(p.Attributes(), 1)
		g.exemplar(p.Exemplars().AppendEmpty())
	}
}

func (g generator) exemplar(e pmetric.Exemplar) {
	e.SetTraceID(g.traceID())
	e.SetSpanID(g.spanID())
	e.SetIntValue(g.r.Int64())
	g.attributes(e.FilteredAttributes(), 1)
}
