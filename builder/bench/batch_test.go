//go:build unix

package bench

import (
	"fmt"
	"math/rand/v2"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const records = 1000

// shopLogs makes a batch of log records with a body of 140 bytes and six attributes, shaped as a service mesh logs.
func shopLogs(dirtyEvery int) plog.Logs {
	random := rand.New(rand.NewPCG(1, 2))
	logs := plog.NewLogs()
	rl := logs.ResourceLogs().AppendEmpty()
	shopResource(rl.Resource())
	scope := rl.ScopeLogs().AppendEmpty()
	scope.Scope().SetName("shop/checkout")
	for i := range records {
		r := scope.LogRecords().AppendEmpty()
		r.SetTimestamp(pcommon.Timestamp(1_766_000_000_000_000_000 + int64(i)))
		r.SetSeverityText("INFO")
		r.SetTraceID(traceID(random))
		order := 100000 + random.IntN(900000)
		body := fmt.Sprintf("order %d accepted by worker-%d in %d ms, %d items reserved in warehouse north, stage=allocation attempt=%d cache=hit",
			order, random.IntN(16), random.IntN(900), 1+random.IntN(9), 1+random.IntN(3))
		if isDirty(i, dirtyEvery) {
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

// shopTraces makes a batch of server spans with eleven attributes, two of which may hold anything.
func shopTraces(dirtyEvery int) ptrace.Traces {
	random := rand.New(rand.NewPCG(3, 4))
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	shopResource(rs.Resource())
	scope := rs.ScopeSpans().AppendEmpty()
	scope.Scope().SetName("shop/checkout")
	for i := range records {
		s := scope.Spans().AppendEmpty()
		id := traceID(random)
		s.SetTraceID(id)
		s.SetSpanID(pcommon.SpanID(id[:8]))
		s.SetKind(ptrace.SpanKindServer)
		s.SetName("GET /api/orders/{id}")
		s.SetStartTimestamp(pcommon.Timestamp(1_766_000_000_000_000_000 + int64(i)))
		s.SetEndTimestamp(s.StartTimestamp() + 1_000_000)
		order := 100000 + random.IntN(900000)
		url := fmt.Sprintf("https://shop.example/api/orders/%d?page=%d&sort=price", order, random.IntN(9))
		query := fmt.Sprintf("SELECT total FROM orders WHERE number = %d AND stage = 'allocation'", order)
		if isDirty(i, dirtyEvery) {
			url = fmt.Sprintf("https://shop.example/api/orders/%d?email=customer%d%%40example.com", order, i)
			query = fmt.Sprintf("SELECT total FROM orders WHERE card = '4111 1111 1111 1111' AND number = %d", order)
		}
		a := s.Attributes()
		a.PutStr("http.request.method", "GET")
		a.PutStr("http.route", "/api/orders/{id}")
		a.PutInt("http.response.status_code", 200)
		a.PutStr("url.full", url)
		a.PutStr("db.system.name", "postgresql")
		a.PutStr("db.query.text", query)
		a.PutStr("server.address", "shop.example")
		a.PutInt("server.port", 443)
		a.PutStr("network.protocol.version", "1.1")
		a.PutStr("thread.name", fmt.Sprintf("http-nio-8080-exec-%d", random.IntN(32)))
		a.PutStr("shop.stage", "allocation")
	}
	return traces
}

func shopResource(r pcommon.Resource) {
	r.Attributes().PutStr("service.name", "checkout")
	r.Attributes().PutStr("k8s.pod.name", "checkout-6c9d7f5b8d-x2k4p")
}

func isDirty(i, every int) bool { return every > 0 && i%every == 0 }

func traceID(r *rand.Rand) (id pcommon.TraceID) {
	for j := range id {
		id[j] = byte(r.Uint32())
	}
	return id
}
