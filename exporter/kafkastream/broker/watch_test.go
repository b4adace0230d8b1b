package broker_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// watch returns what comes of asking again and again.
func watch(t *testing.T, cfg broker.Config) <-chan error {
	t.Helper()
	out := make(chan error)
	done := make(chan struct{})
	c := open(t, cfg)
	t.Cleanup(func() { close(done) }) // before the connection is closed
	c.Watch(50*time.Millisecond, func(err error) {
		select {
		case out <- err:
		case <-done:
		}
	})
	return out
}

// TestWatch: a cluster is seen to go away, although nothing else is asked of it.
func TestWatch(t *testing.T) {
	c := cluster(t)
	told := watch(t, config(c))
	for range 3 {
		if err := <-told; err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
	for range 2 {
		<-told // it may have been on its way
	}
	err := <-told
	if err == nil || !strings.HasPrefix(err.Error(), "no connection to Kafka: ") || broker.Reason(err) != broker.ReasonUnreachable {
		t.Errorf("%v, for %s", err, broker.Reason(err))
	}
}

func TestReason(t *testing.T) {
	listen := func(t *testing.T, serve func(net.Conn)) broker.Config {
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
				serve(conn)
				t.Cleanup(func() { conn.Close() })
			}
		}()
		cfg := broker.DefaultConfig()
		cfg.Brokers = []string{l.Addr().String()}
		return cfg
	}
	for _, tt := range []struct {
		name, want string
		cfg        func(t *testing.T) broker.Config
	}{
		{"an answer", "", func(t *testing.T) broker.Config { return config(cluster(t)) }},
		{"a port that nobody listens at", broker.ReasonUnreachable, func(*testing.T) broker.Config {
			cfg := broker.DefaultConfig()
			cfg.Brokers = []string{"127.0.0.1:1"}
			return cfg
		}},
		{"a name that nobody has", broker.ReasonName, func(*testing.T) broker.Config {
			cfg := broker.DefaultConfig()
			cfg.Brokers = []string{"kafka.invalid:9092"}
			return cfg
		}},
		{"a broker that hangs", broker.ReasonTimeout, func(t *testing.T) broker.Config { return listen(t, func(net.Conn) {}) }},
		{"a broker that hangs up", broker.ReasonClosed, func(t *testing.T) broker.Config {
			return listen(t, func(c net.Conn) { c.Close() })
		}},
		{"an HTTP server", broker.ReasonOther, func(t *testing.T) broker.Config {
			return listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")) })
		}},
		{"a certificate of another authority", broker.ReasonTLS, func(t *testing.T) broker.Config {
			cfg := config(cluster(t, kfake.TLS(newPKI(t).serverTLS())))
			cfg.TLS = configoptional.Some(configtls.NewDefaultClientConfig())
			return cfg
		}},
		{"another password", broker.ReasonCredentials, func(t *testing.T) broker.Config {
			c := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", user, password))
			c.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl() // kfake hangs up instead, as old brokers do
				res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				res.ErrorCode = kerr.SaslAuthenticationFailed.Code
				return res, nil, true
			})
			cfg := config(c)
			cfg.SASL = passwordOf(broker.Plain, "another")
			return cfg
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := tt.cfg(t)
			told := watch(t, cfg)
			<-told
			err := <-told
			switch {
			case (err == nil) != (tt.want == ""):
				t.Fatalf("%v", err)
			case err == nil:
			case broker.Reason(err) != tt.want:
				t.Errorf("%q is %s, want %s", err, broker.Reason(err), tt.want)
			case strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "another"):
				t.Errorf("%q holds a secret", err)
			}
		})
	}
}
