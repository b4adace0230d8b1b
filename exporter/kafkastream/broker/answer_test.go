package broker_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// TestForeign: what is no broker is told at its first word, and nothing is made room for that it seems to announce.
func TestForeign(t *testing.T) {
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	for _, tt := range []struct{ name, address, want string }{
		{
			"an HTTP server", banner(t, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
			"it answers as an HTTP server: brokers has to name a port at which Kafka listens",
		},
		{"SSH", banner(t, "SSH-2.0-OpenSSH_9.6\r\n"), "it does not answer as Kafka does"},
		{"a greeting in small pieces", banner(t, "2", "20 ", "mail.example.org ESMTP\r\n"), "it does not answer as Kafka does"},
		{"less than nothing", banner(t, "\xff\xff\xff\xff\x00\x00\x00\x00"), "it does not answer as Kafka does"},
		{"a port for TLS", tls.Listener.Addr().String(), "wants tls"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := broker.DefaultConfig()
			cfg.Brokers = []string{tt.address}
			c := open(t, cfg)
			began := time.Now()
			_, err := c.Client.ApiVersions(t.Context(), &kafka.ApiVersionsRequest{})
			if err = c.Explain(err); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if took := time.Since(began); took >= cfg.DialTimeout {
				t.Errorf("told only when the time for it was over, after %s", took)
			}
		})
	}
}

// banner is the address of what says something to everybody who connects, and keeps the connection.
func banner(t *testing.T, pieces ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			for _, p := range pieces {
				_, _ = conn.Write([]byte(p))
				time.Sleep(10 * time.Millisecond)
			}
		}
	}()
	return l.Addr().String()
}
