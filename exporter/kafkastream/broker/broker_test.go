package broker_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic    = "orders"
	user     = "pipeline"
	password = "correct-horse-battery-staple"
)

// pki is an authority with a pair for the broker and one for the client, in a directory.
type pki struct {
	*authority.Authority
	dir    string
	server tls.Certificate
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	a, err := authority.New("kafka")
	if err != nil {
		t.Fatal(err)
	}
	p := &pki{Authority: a, dir: t.TempDir()}
	pair := p.sign(t, "broker")
	if p.server, err = tls.X509KeyPair(pair.Cert, pair.Key); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.WriteCA(p.dir), p.sign(t, "client").Write(p.dir, "client")); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pki) sign(t *testing.T, name string) authority.Pair {
	t.Helper()
	pair, err := p.Sign(authority.Request{Name: name, Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// serverTLS wants client certificates of the authority.
func (p *pki) serverTLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(p.Certificate())
	return &tls.Config{Certificates: []tls.Certificate{p.server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func (p *pki) file(name string) string { return filepath.Join(p.dir, name) }

func (p *pki) client() configoptional.Optional[configtls.ClientConfig] {
	c := configtls.NewDefaultClientConfig()
	c.CAFile, c.CertFile, c.KeyFile = p.file("ca.crt"), p.file("client.crt"), p.file("client.key")
	return configoptional.Some(c)
}

func cluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(opts, kfake.NumBrokers(2), kfake.SeedTopics(3, topic))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func config(c *kfake.Cluster) broker.Config {
	cfg := broker.DefaultConfig()
	cfg.Brokers = c.ListenAddrs()
	return cfg
}

func open(t *testing.T, cfg broker.Config) *broker.Connection {
	t.Helper()
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	c, err := cfg.Open(t.Context(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// partitions asks over Transport, and dials over Dialer, as a consumer group does.
func partitions(t *testing.T, c *broker.Connection, address string) (int, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	m, err := c.Client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	conn, dialed := c.Dialer.DialContext(ctx, "tcp", address)
	if dialed == nil {
		_, dialed = conn.Brokers()
		conn.Close()
	}
	if (err == nil) != (dialed == nil) {
		t.Errorf("the transport says %v, the dialer %v", err, dialed)
	}
	if err != nil {
		return 0, c.Explain(err)
	}
	return len(m.Topics[0].Partitions), nil
}

func passwordOf(m broker.Mechanism, secret string) configoptional.Optional[broker.SASL] {
	s := broker.SASL{Mechanism: m, Username: user}
	s.Password = configopaque.String(secret)
	return configoptional.Some(s)
}

func TestOpen(t *testing.T) {
	p := newPKI(t)
	secured := kfake.TLS(p.serverTLS())
	as := func(m broker.Mechanism) []kfake.Opt {
		return []kfake.Opt{kfake.EnableSASL(), kfake.Superuser(string(m), user, password)}
	}
	for _, tt := range []struct {
		name    string
		cluster []kfake.Opt
		change  func(*broker.Config)
		fails   string // what the error says; empty: it works
	}{
		{name: "plain text"},
		{name: "TLS", cluster: []kfake.Opt{secured}, change: func(c *broker.Config) { c.TLS = p.client() }},
		{
			name: "TLS without the client's certificate", cluster: []kfake.Opt{secured}, fails: "certificate",
			change: func(c *broker.Config) { c.TLS = p.client(); c.TLS.Get().CertFile, c.TLS.Get().KeyFile = "", "" },
		},
		{
			name: "TLS of an unknown authority", cluster: []kfake.Opt{secured}, fails: "certificate signed by unknown authority",
			change: func(c *broker.Config) { c.TLS = p.client(); c.TLS.Get().CAFile = "" },
		},
		{name: "plain text to a broker with TLS", cluster: []kfake.Opt{secured}, fails: "perhaps it wants tls"},
		{name: "PLAIN over loopback", cluster: as(broker.Plain), change: func(c *broker.Config) { c.SASL = passwordOf(broker.Plain, password) }},
		{
			name: "PLAIN over TLS", cluster: append(as(broker.Plain), secured),
			change: func(c *broker.Config) { c.SASL = passwordOf(broker.Plain, password); c.TLS = p.client() },
		},
		{name: "SCRAM-SHA-256", cluster: as(broker.ScramSHA256), change: func(c *broker.Config) { c.SASL = passwordOf(broker.ScramSHA256, password) }},
		{
			name: "SCRAM-SHA-512 over TLS", cluster: append(as(broker.ScramSHA512), secured),
			change: func(c *broker.Config) { c.SASL = passwordOf(broker.ScramSHA512, password); c.TLS = p.client() },
		},
		{
			name: "PLAIN, wrong password", cluster: as(broker.Plain), fails: "refuses the credentials of sasl (PLAIN, username pipeline)",
			change: func(c *broker.Config) { c.SASL = passwordOf(broker.Plain, "wrong "+password) },
		},
		{
			name: "SCRAM-SHA-256, wrong password", cluster: as(broker.ScramSHA256), fails: "refuses the credentials of sasl (SCRAM-SHA-256, username pipeline)",
			change: func(c *broker.Config) { c.SASL = passwordOf(broker.ScramSHA256, "wrong "+password) },
		},
		{
			name: "SCRAM-SHA-512, wrong password", cluster: as(broker.ScramSHA512), fails: "refuses the credentials of sasl (SCRAM-SHA-512, username pipeline)",
			change: func(c *broker.Config) { c.SASL = passwordOf(broker.ScramSHA512, "wrong "+password) },
		},
		{
			name: "a mechanism the broker does not offer", cluster: as(broker.Plain), fails: "does not offer sasl.mechanism OAUTHBEARER",
			change: func(c *broker.Config) {
				c.SASL = configoptional.Some(broker.SASL{Mechanism: broker.OAuthBearer, TokenFile: write(t, "token", "abc.def")})
			},
		},
		{name: "no SASL to a broker that wants it", cluster: as(broker.Plain), fails: "perhaps it wants"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := cluster(t, tt.cluster...)
			cfg := config(c)
			if tt.change != nil {
				tt.change(&cfg)
			}
			n, err := partitions(t, open(t, cfg), cfg.Brokers[0])
			if tt.fails == "" {
				if err != nil || n != 3 {
					t.Errorf("%d partitions, %v; want 3", n, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Fatalf("error %v, want one that says %q", err, tt.fails)
			}
			if strings.Contains(err.Error(), password) {
				t.Error("the error shows the password")
			}
		})
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRefusal has the broker say no in words that quote what it was sent, as no broker should.
func TestRefusal(t *testing.T) {
	for _, m := range []broker.Mechanism{broker.Plain, broker.ScramSHA512} {
		t.Run(string(m), func(t *testing.T) {
			c := cluster(t, kfake.EnableSASL(), kfake.Superuser(string(m), user, password))
			c.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				res.ErrorCode, res.ErrorMessage = kerr.SaslAuthenticationFailed.Code, kmsg.StringPtr("no such password: "+password)
				return res, nil, true
			})
			cfg := config(c)
			cfg.SASL = passwordOf(m, password)
			_, err := partitions(t, open(t, cfg), cfg.Brokers[0])
			want := "the broker refused the credentials of sasl (" + string(m) + ", username pipeline)"
			if !errors.Is(err, kafka.SASLAuthenticationFailed) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), password) {
				t.Errorf("want an error that says %q and no password: %v", want, err)
			}
		})
	}
}

// TestReload replaces certificates and a password under an open connection.
func TestReload(t *testing.T) {
	old, fresh := newPKI(t), newPKI(t)
	cfg := config(cluster(t, kfake.TLS(fresh.serverTLS()), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", user, password)))
	cfg.TLS = old.client()
	cfg.TLS.Get().ReloadInterval = time.Millisecond
	secret := write(t, "password", "the one before\n")
	cfg.SASL = configoptional.Some(broker.SASL{Mechanism: broker.ScramSHA512, Username: user, PasswordFile: secret})
	c := open(t, cfg)
	if _, err := partitions(t, c, cfg.Brokers[0]); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Fatalf("with the authority before: %v", err)
	}
	for _, name := range []string{"ca.crt", "client.crt", "client.key"} {
		if err := os.Rename(fresh.file(name), old.file(name)); err != nil {
			t.Fatal(err)
		}
	}
	c.Transport.CloseIdleConnections()
	if _, err := partitions(t, c, cfg.Brokers[0]); err == nil || !strings.Contains(err.Error(), "refuses the credentials") {
		t.Fatalf("with the password before: %v", err)
	}
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Transport.CloseIdleConnections()
	if n, err := partitions(t, c, cfg.Brokers[0]); err != nil || n != 3 {
		t.Fatalf("with all that is new: %d partitions, %v", n, err)
	}
	if err := os.WriteFile(old.file("ca.crt"), []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Transport.CloseIdleConnections()
	if _, err := partitions(t, c, cfg.Brokers[0]); err != nil {
		t.Fatalf("what was read before is to stay in use: %v", err)
	}
}

// bearerBroker makes the cluster speak OAUTHBEARER, which kfake does not: it answers what client sends by accept.
func bearerBroker(t *testing.T, accept func(first string) (challenge []byte)) *kfake.Cluster {
	c := cluster(t)
	c.ControlKey(int16(kmsg.SASLHandshake), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := r.ResponseKind().(*kmsg.SASLHandshakeResponse)
		if r.(*kmsg.SASLHandshakeRequest).Mechanism != "OAUTHBEARER" {
			res.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		}
		return res, nil, true
	})
	c.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		res.SASLAuthBytes = accept(string(r.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes))
		return res, nil, true
	})
	return c
}

func TestBearerFromFile(t *testing.T) {
	var valid atomic.Value
	valid.Store("first.token")
	var got atomic.Value
	c := bearerBroker(t, func(first string) []byte {
		got.Store(first)
		if !strings.HasPrefix(first, "n,,\x01auth=Bearer "+valid.Load().(string)+"\x01") {
			return []byte(`{"status":"invalid_token","scope":"first.token"}`)
		}
		return nil
	})
	cfg := config(c)
	file := write(t, "token", "first.token\n")
	cfg.SASL = configoptional.Some(broker.SASL{
		Mechanism: broker.OAuthBearer, TokenFile: file, Extensions: map[string]string{"logicalCluster": "lkc-1", "identityPoolId": "pool"},
	})
	conn := open(t, cfg)
	if _, err := partitions(t, conn, cfg.Brokers[0]); err != nil {
		t.Fatal(err)
	}
	if want := "n,,\x01auth=Bearer first.token\x01identityPoolId=pool\x01logicalCluster=lkc-1\x01\x01"; got.Load() != want {
		t.Errorf("sent %q, want %q", got.Load(), want)
	}
	valid.Store("second.token")
	conn.Transport.CloseIdleConnections()
	_, err := partitions(t, conn, cfg.Brokers[0])
	if !errors.Is(err, kafka.SASLAuthenticationFailed) || !strings.Contains(err.Error(), "refused the token invalid_token") || strings.Contains(err.Error(), "first.token") {
		t.Errorf("a token that is no longer valid: %v", err)
	}
	if err := os.WriteFile(file, []byte("second.token"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn.Transport.CloseIdleConnections()
	if _, err := partitions(t, conn, cfg.Brokers[0]); err != nil {
		t.Errorf("the new token: %v", err)
	}
}

func TestBearerFromCredentials(t *testing.T) {
	const secret = "s3cr3t-of-the-client"
	var asked atomic.Int32
	idp := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		id, got, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		if id != "pipeline" || got != secret || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "kafka" {
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": "no such secret: " + got})
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"access_token": "of.the.idp", "token_type": "bearer", "expires_in": 3600})
	}))
	t.Cleanup(idp.Close)
	var ca configtls.ClientConfig
	ca.CAPem = configopaque.String(pemOf(idp.Certificate()))
	c := bearerBroker(t, func(first string) []byte {
		if first != "n,,\x01auth=Bearer of.the.idp\x01\x01" {
			return []byte(`{"status":"invalid_token"}`)
		}
		return nil
	})
	credentials := func(s string) broker.Config {
		cfg := config(c)
		sasl := broker.SASL{Mechanism: broker.OAuthBearer, TokenURL: idp.URL, ClientID: "pipeline", Scopes: []string{"kafka"}, TokenTLS: configoptional.Some(ca)}
		sasl.ClientSecret = configopaque.String(s)
		cfg.SASL = configoptional.Some(sasl)
		return cfg
	}
	cfg := credentials(secret)
	if _, err := partitions(t, open(t, cfg), cfg.Brokers[0]); err != nil {
		t.Fatal(err)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("%d tokens were asked for by several connections, want 1", n)
	}
	cfg = credentials("wrong-" + secret)
	_, err := partitions(t, open(t, cfg), cfg.Brokers[0])
	if err == nil || !strings.Contains(err.Error(), "sasl.token_url: no token was given: 401 Unauthorized invalid_client") || strings.Contains(err.Error(), secret) {
		t.Errorf("a wrong secret: %v", err)
	}
}

func TestAdvertisedElsewhere(t *testing.T) {
	c := cluster(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", user, password))
	cfg := config(c)
	cfg.SASL = passwordOf(broker.Plain, password)
	conn := open(t, cfg)
	// 192.0.2.0/24 is documentation only: what matters is that the refusal comes before the secret goes out.
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := conn.Transport.Dial(ctx, "tcp", "192.0.2.1:9092"); err == nil {
		t.Error("a broker beyond the loopback interface was dialed")
	}
}
