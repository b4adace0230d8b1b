//go:build services

package broker_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
)

// start starts a broker, whose log is shown when the test fails.
func start(t *testing.T, o broker.Options) *broker.Server {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "kafka.log"))
	require.NoError(t, err)
	o.Log = log
	t.Cleanup(func() {
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s", text[max(0, len(text)-4000):])
		}
		log.Close()
	})
	began := time.Now()
	s, err := broker.Start(t.Context(), o)
	require.NoError(t, err)
	t.Logf("ready after %s", time.Since(began).Round(10*time.Millisecond))
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	return s
}

// TestServiceLives takes a broker through all a test can do to one.
func TestServiceLives(t *testing.T) {
	s := start(t, broker.Options{})
	ctx, at := t.Context(), s.Address()
	require.NoError(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: "kept", Partitions: 2}))
	kept := func(want int) {
		t.Helper()
		got, err := brokertest.Consume(ctx, at, "kept")
		require.NoError(t, err)
		require.Len(t, got, want)
	}
	one := func() error {
		short, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return brokertest.Produce(short, at, []*kgo.Record{{Topic: "kept", Partition: 1, Value: []byte("x")}})
	}
	require.NoError(t, one())
	kept(1)

	require.NoError(t, s.Pause())
	require.Error(t, one(), "frozen")
	require.NoError(t, s.Resume())
	require.NoError(t, s.Kill())
	require.Zero(t, s.PID())
	require.Error(t, one(), "killed")
	began := time.Now()
	require.NoError(t, s.Restart(ctx))
	t.Logf("back after a crash after %s", time.Since(began).Round(10*time.Millisecond))
	require.Equal(t, at, s.Address())
	got, err := brokertest.Consume(ctx, at, "kept")
	require.NoError(t, err)
	require.NotEmpty(t, got, "what was acknowledged before the crash")
	before := len(got)
	began = time.Now()
	require.NoError(t, s.Shutdown())
	t.Logf("shut down after %s", time.Since(began).Round(10*time.Millisecond))
	began = time.Now()
	require.NoError(t, s.Restart(ctx))
	t.Logf("back after a shutdown after %s", time.Since(began).Round(10*time.Millisecond))
	require.NoError(t, one())
	kept(before + 1)
}

// TestServiceKeepsData: with a directory of the caller's the data outlives the server, and old records are not deleted.
func TestServiceKeepsData(t *testing.T) {
	o := broker.Options{Dir: t.TempDir()}
	s := start(t, o)
	require.NoError(t, brokertest.CreateTopics(t.Context(), s.Address(), brokertest.Topic{Name: "old"}))
	require.NoError(t, brokertest.Produce(t.Context(), s.Address(), []*kgo.Record{{Topic: "old", Timestamp: time.UnixMilli(1)}}))
	require.NoError(t, s.Stop())
	s = start(t, o)
	got, err := brokertest.Consume(t.Context(), s.Address(), "old")
	require.NoError(t, err)
	require.Len(t, got, 1)
}

// TestServiceSecurity: every listener lets in those it should, and nobody else.
func TestServiceSecurity(t *testing.T) {
	s := start(t, broker.Options{TLS: true, Users: []broker.User{{Name: "mia", Password: "correct-horse"}, {Name: "noa", Password: "battery"}}})
	pem, err := os.ReadFile(s.CA())
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	trusted, stranger := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	auth256 := func(user, pass string) sasl.Mechanism { return scram.Auth{User: user, Pass: pass}.AsSha256Mechanism() }
	for _, c := range []struct {
		name string
		l    broker.Listener
		tls  *tls.Config
		sasl sasl.Mechanism
		ok   bool
	}{
		{"plain", broker.Plaintext, nil, nil, true},
		{"TLS", broker.SSL, trusted, nil, true},
		{"TLS of a stranger", broker.SSL, stranger, nil, false},
		{"PLAIN", broker.SASLPlaintext, nil, plain.Auth{User: "mia", Pass: "correct-horse"}.AsMechanism(), true},
		{"PLAIN, wrong", broker.SASLPlaintext, nil, plain.Auth{User: "mia", Pass: "battery"}.AsMechanism(), false},
		{"SCRAM-SHA-256", broker.SASLPlaintext, nil, auth256("noa", "battery"), true},
		{"SCRAM-SHA-256, wrong", broker.SASLPlaintext, nil, auth256("noa", "staple"), false},
		{"no SASL", broker.SASLPlaintext, nil, nil, false},
		{"SCRAM-SHA-512 over TLS", broker.SASLSSL, trusted, scram.Auth{User: "mia", Pass: "correct-horse"}.AsSha512Mechanism(), true},
		{"PLAIN over TLS", broker.SASLSSL, trusted, plain.Auth{User: "noa", Pass: "battery"}.AsMechanism(), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := []kgo.Opt{kgo.SeedBrokers(s.Listener(c.l))}
			if c.tls != nil {
				opts = append(opts, kgo.DialTLSConfig(c.tls))
			}
			if c.sasl != nil {
				opts = append(opts, kgo.SASL(c.sasl))
			}
			client, err := kgo.NewClient(opts...)
			require.NoError(t, err)
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if !c.ok {
				cancel()
				ctx, cancel = context.WithTimeout(t.Context(), 1500*time.Millisecond)
			}
			defer cancel()
			err = client.Ping(ctx)
			require.Equal(t, c.ok, err == nil, "%v", err)
		})
	}
	_, err = broker.Start(t.Context(), broker.Options{Users: []broker.User{{Name: `a"b`, Password: "x"}}})
	require.ErrorContains(t, err, "without quotes")
}
