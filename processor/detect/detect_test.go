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

// BenchmarkByteScan is the floor: one table look-up a byte.
func BenchmarkByteScan(b *testing.B) {
	b.SetBytes(int64(len(cleanLine)))
	n := 0
	for b.Loop() {
		for i := range len(cleanLine) {
			if classes[cleanLine[i]]&clsEvent != 0 {
				n++
			}
		}
	}
	_ = n
}
