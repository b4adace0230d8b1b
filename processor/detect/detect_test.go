package detect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const cleanLine = "2023-01-15T12:34:56.789Z INFO  [main] org.apache.zookeeper.server.NIOServerCnxn: Closed socket connection for client 4711 after 12 ms (queue=default)"

func benchmarkFind(b *testing.B, key, text string, found int) {
	d, err := New(Settings{})
	require.NoError(b, err)
	s, k := NewScratch(), d.Key(key)
	require.Len(b, d.Find(s, k, text), found)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		d.Find(s, k, text)
	}
}

func BenchmarkCleanLine(b *testing.B) { benchmarkFind(b, "", cleanLine[:140], 0) }

func BenchmarkEnvoyLine(b *testing.B) {
	benchmarkFind(b, "", `[2023-01-15T12:34:56.789Z] "GET /api/v1/orders/4711?page=2 HTTP/1.1" 200 - via_upstream - "-" 0 1234 12 11 "-" "curl/8.5.0" "4bf92f35-77b3-4da6-a3ce-929d0e0e4736" "orders:8080" outbound|8080||orders.shop.svc.cluster.local`, 0)
}

func BenchmarkOneEmail(b *testing.B) {
	benchmarkFind(b, "", strings.Replace(cleanLine, "client 4711", "jane@example.com", 1), 1)
}

func BenchmarkNameLine(b *testing.B) {
	benchmarkFind(b, "", "2026-03-01T12:34:56.789Z INFO  [main] crm: ticket 4711 assigned to Maria Sander after 12 ms (queue=default)", 1)
}

func BenchmarkJSONLine(b *testing.B) {
	benchmarkFind(b, "", `{"time":"2023-01-15T12:34:56Z","level":"info","msg":"order placed","order_id":4711,"service":"shop","email":"jane@example.com","took_ms":12}`, 1)
}

func BenchmarkAttributes(b *testing.B) {
	for _, a := range [][2]string{
		{"http.request.method", "GET"},
		{"http.route", "/api/v1/orders/{id}"},
		{"url.path", "/api/v1/orders/4711"},
		{"messaging.destination", "orders-created"},
		{"app.release", "2023.01.15-abcdef"},
	} {
		b.Run(a[0], func(b *testing.B) { benchmarkFind(b, a[0], a[1], 0) })
	}
}

// apiBody is a body of 1 KB, as an API answers, with three values.
const apiBody = `{"id":"ord-93841","created_at":"2023-01-15T12:34:56Z","status":"confirmed","currency":"EUR","total":129.9,"items":[{"sku":"A-1001","title":"Desk lamp, black","quantity":1,"unit_price":49.9,"tax_rate":0.19,"warehouse":"fra-2"},` +
	`{"sku":"B-2044","title":"Office chair","quantity":1,"unit_price":80.0,"tax_rate":0.19,"warehouse":"fra-2"}],"customer":{"segment":"retail","locale":"de-DE","first_name":"Jane","email":"jane@example.com","newsletter":false,"tier":"gold"},` +
	`"shipping":{"carrier":"dhl","method":"standard","tracking":null,"packages":1,"weight_kg":12.4,"estimated_days":3,"insured":true},"payment":{"method":"card","provider":"acme-pay","card_number":"4111111111111111","captured":true,"attempts":1,"latency_ms":184},` +
	`"flags":{"express":false,"gift":false,"beta_checkout":true},"meta":{"source":"web","version":"2023.01.15","region":"eu-central-1","request_path":"/api/v1/orders","retries":0,"queue":"orders-created","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","took_ms":212,"node":"checkout-7d9f8b6c5-x2x4v","build":"a1b2c3d"}}`

func BenchmarkAPIBody(b *testing.B) { benchmarkFind(b, "", apiBody, 3) }

func BenchmarkKeyValueBody(b *testing.B) {
	benchmarkFind(b, "", `level=info ts=2023-01-15T12:34:56Z caller=server.go:412 method=POST path=/api/v1/orders status=200 duration_ms=12 bytes_in=512 bytes_out=2048 user_agent_family=curl region=eu-central-1 zone=eu-central-1a pod_name=checkout-7d9f8b6c5-x2x4v retries=0 cache_hit=true queue=default worker=7`, 0)
}
