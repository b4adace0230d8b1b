package tokenization

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/processor/policy"
)

const benchRecords = 1000

// benchLogs is a batch as a shop's services send it: 140-byte bodies and 6 attributes; every tenth record holds
// personal data when dirty.
func benchLogs(dirty bool) plog.Logs {
	r := rand.New(rand.NewPCG(7, 7))
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "checkout")
	rl.Resource().Attributes().PutStr("k8s.pod.name", "checkout-7d9c5b6f4-x2x9k")
	rl.Resource().Attributes().PutStr("deployment.environment", "production")
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("com.shop.checkout")
	records := sl.LogRecords()
	records.EnsureCapacity(benchRecords)
	for i := range benchRecords {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(1763777672123456789 + uint64(i)))
		lr.SetSeverityNumber(plog.SeverityNumberInfo)
		lr.SetSeverityText("INFO")
		var id pcommon.TraceID
		for j := range id {
			id[j] = byte(r.Uint32())
		}
		lr.SetTraceID(id)
		lr.SetSpanID(pcommon.SpanID(id[:8]))
		personal := dirty && i%10 == 3
		lr.Body().SetStr(benchBody(r, personal))
		m := lr.Attributes()
		m.PutStr("http.request.method", []string{"GET", "POST", "PUT"}[r.IntN(3)])
		m.PutStr("http.route", []string{"/cart/{id}", "/checkout", "/products/{sku}"}[r.IntN(3)])
		m.PutInt("http.response.status_code", 200)
		m.PutStr("code.function", "com.shop.checkout.OrderService.place")
		m.PutStr("thread.name", fmt.Sprintf("http-nio-8080-exec-%d", r.IntN(20)))
		if personal && i%20 == 3 {
			m.PutStr("customer.email", fmt.Sprintf("bird%d@birds.example.org", r.IntN(200)))
		} else {
			m.PutStr("cart.state", []string{"open", "paid", "sent"}[r.IntN(3)])
		}
	}
	return ld
}

func benchBody(r *rand.Rand, personal bool) string {
	who := fmt.Sprintf("cart %06d", r.IntN(1e6))
	if personal {
		who = fmt.Sprintf("bird%d@birds.example.org", r.IntN(200))
	}
	s := fmt.Sprintf("2026-11-22 02:14:%02d.%03d INFO [http-nio-8080-exec-%d] c.s.checkout.OrderService - placed order for %s, %d items, took %d ms",
		r.IntN(60), r.IntN(1000), r.IntN(20), who, r.IntN(9), r.IntN(900))
	for len(s) < 140 {
		s += " ok"
	}
	return s[:140]
}

func benchWire(b testing.TB, dirty bool) []byte {
	wire, err := plogotlp.NewExportRequestFromLogs(benchLogs(dirty)).MarshalProto()
	require.NoError(b, err)
	return wire
}

func decode(b testing.TB, wire []byte) plogotlp.ExportRequest {
	req := plogotlp.NewExportRequest()
	if err := req.UnmarshalProto(wire); err != nil {
		b.Fatal(err)
	}
	return req
}

func roundTrip(b testing.TB, wire []byte) {
	if _, err := decode(b, wire).MarshalProto(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkOTLPRoundTrip is what any hop of the batch costs: one protobuf decode and encode.
func BenchmarkOTLPRoundTrip(b *testing.B) {
	wire := benchWire(b, true)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		roundTrip(b, wire)
	}
}

// BenchmarkProcessorLogs is the processor alone on 1,000 log records, of which every tenth holds personal data.
func BenchmarkProcessorLogs(b *testing.B) { benchProcessor(b, true) }

// BenchmarkProcessorCleanLogs is the same without personal data.
func BenchmarkProcessorCleanLogs(b *testing.B) { benchProcessor(b, false) }

func benchProcessor(b *testing.B, dirty bool) {
	t := benchTokenizer(b)
	wire := benchWire(b, dirty)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	ctx := context.Background()
	for b.Loop() {
		b.StopTimer()
		ld := decode(b, wire).Logs()
		b.StartTimer()
		if err := t.process(ctx, func(w *walk) { w.logs(ctx, ld) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRecords, "ns/record")
}

// benchTokenizer is a processor of logs without the Collector around it.
func benchTokenizer(b testing.TB) *tokenizer {
	r := newRig(b, nil)
	t, err := newTokenizer(nopSettings(), testConfig(nil), policy.Logs)
	require.NoError(b, err)
	require.NoError(b, t.start(context.Background(), r.host))
	return t
}

// benchTraces is a batch of server spans with eleven attributes. Of these, a URL and a statement are new in every span.
func benchTraces() ptrace.Traces {
	r := rand.New(rand.NewPCG(9, 9))
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "checkout")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("com.shop.checkout")
	spans := ss.Spans()
	spans.EnsureCapacity(benchRecords)
	for range benchRecords {
		s := spans.AppendEmpty()
		s.SetName("GET /orders/{id}")
		order := 100_000 + r.IntN(900_000)
		m := s.Attributes()
		m.PutStr("http.request.method", "GET")
		m.PutStr("http.route", "/orders/{id}")
		m.PutInt("http.response.status_code", 200)
		m.PutStr("url.full", fmt.Sprintf("https://shop.example/orders/%d?page=%d&sort=price", order, r.IntN(9)))
		m.PutStr("db.system.name", "postgresql")
		m.PutStr("db.query.text", fmt.Sprintf("SELECT total FROM orders WHERE number = %d AND stage = 'allocation'", order))
		m.PutStr("server.address", "shop.example")
		m.PutInt("server.port", 443)
		m.PutStr("network.protocol.version", "1.1")
		m.PutStr("thread.name", fmt.Sprintf("http-nio-8080-exec-%d", r.IntN(32)))
		m.PutStr("shop.stage", "allocation")
	}
	return td
}

// BenchmarkSearch is the first step alone, over and over the same batch.
func BenchmarkSearch(b *testing.B) {
	w := benchTokenizer(b).newWalk()
	ctx := context.Background()
	clean, dirty, spans := benchLogs(false), benchLogs(true), benchTraces()
	for _, batch := range []struct {
		name string
		find func(*walk)
	}{
		{"clean_logs", func(w *walk) { w.logs(ctx, clean) }},
		{"logs", func(w *walk) { w.logs(ctx, dirty) }},
		{"clean_spans", func(w *walk) { w.traces(ctx, spans) }},
	} {
		b.Run(batch.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.search(batch.find)
				w.reset()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRecords, "ns/record")
		})
	}
}
