// Package broker opens connections to a Kafka cluster: addresses, TLS and SASL by one configuration, for kafka-go's
// Transport, Client and Dialer.
//
//	c, err := cfg.Open(ctx, log)
//	defer c.Close()
//	meta, err := c.Client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{"orders"}})
//	return c.Explain(err)
//
// Files of certificates are read again at reload_interval, files of secrets at each authentication, so that nothing has to
// restart when they are replaced. No error holds a secret.
//
// Sources: RFC 4616 (PLAIN), RFC 5802 (SCRAM), RFC 7628 (OAUTHBEARER), RFC 6749 section 4.4 (client credentials).
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/collector/config/configtls"
	"go.uber.org/zap"
)

// Connection is a way to the cluster. Its fields are safe for concurrent use and are not to be changed.
type Connection struct {
	// Addr are the brokers to ask first.
	Addr net.Addr
	// Transport keeps connections and the cluster's metadata, and routes requests to leaders and coordinators.
	Transport *kafka.Transport
	// Client speaks over Transport, to Addr.
	Client *kafka.Client
	// Dialer opens single connections, as kafka-go's ConsumerGroup wants them.
	Dialer *kafka.Dialer

	life     context.Context
	cancel   context.CancelFunc
	watching sync.WaitGroup
	sasl     *SASL
	tls      bool

	mu        sync.Mutex
	refreshed time.Time
}

// metadataTTL is how long leaders are believed to be the same when nothing has failed.
const metadataTTL = 6 * time.Second

// Open gets ready to speak to the cluster a valid configuration names. It connects to nothing yet. Close ends it, not ctx.
func (c *Config) Open(ctx context.Context, log *zap.Logger) (*Connection, error) {
	d := &dialer{log: log, tcp: net.Dialer{Timeout: c.DialTimeout}}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	out := &Connection{Addr: kafka.TCP(c.Brokers...), life: life, cancel: cancel}
	if c.TLS.HasValue() {
		d.tls = &reloading{cfg: *c.TLS.Get()}
		t, err := d.tls.load(ctx)
		if err != nil {
			cancel()
			return nil, fmt.Errorf("tls: %w", err)
		}
		if out.tls = t != nil; !out.tls {
			d.tls = nil
		}
	}
	out.Transport = &kafka.Transport{Dial: d.dial, DialTimeout: c.DialTimeout, ClientID: c.ClientID, Context: life, MetadataTTL: metadataTTL}
	out.Dialer = &kafka.Dialer{DialFunc: d.dial, Timeout: c.DialTimeout, ClientID: c.ClientID}
	if c.SASL.HasValue() {
		out.sasl = c.SASL.Get()
		d.loopbackOnly = !out.tls && !out.sasl.AllowPlaintext && out.sasl.Mechanism.showsSecret()
		m, err := out.sasl.open(life, c.DialTimeout)
		if err != nil {
			cancel()
			return nil, err
		}
		out.Transport.SASL, out.Dialer.SASLMechanism = m, m
	}
	out.Client = &kafka.Client{Addr: out.Addr, Transport: out.Transport}
	return out, nil
}

// Close closes idle connections, and those in use once they are idle.
func (c *Connection) Close() {
	c.cancel()
	c.watching.Wait()
	c.Transport.CloseIdleConnections()
}

// refreshEvery is how often metadata is read again at most, be there ever so many who find it old.
const refreshEvery = 250 * time.Millisecond

// Refresh has the cluster's metadata read again before the next request: to be called when the leader of a partition is not
// who it was, or cannot be reached. Requests that are on their way end undisturbed.
func (c *Connection) Refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.refreshed) >= refreshEvery {
		c.refreshed = now
		// The transport reads metadata when it begins to speak to a cluster, and otherwise when it pleases.
		c.Transport.CloseIdleConnections()
	}
}

// Explain says what an error of the cluster means for the configuration, by its YAML keys. The error stays wrapped, but for
// a broker's own words about credentials, which may quote them.
func (c *Connection) Explain(err error) error {
	var refused *refusedToken
	switch {
	case err == nil:
		return nil
	case c.sasl != nil && errors.Is(err, kafka.SASLAuthenticationFailed):
		return fmt.Errorf("the broker refused the credentials of sasl (%s): %w", c.sasl.who(), kafka.SASLAuthenticationFailed)
	case c.sasl != nil && errors.As(err, &refused):
		return fmt.Errorf("sasl (%s): %w: %w", c.sasl.who(), refused, kafka.SASLAuthenticationFailed)
	case c.sasl != nil && errors.Is(err, kafka.UnsupportedSASLMechanism):
		return fmt.Errorf("the broker does not offer sasl.mechanism %s: %w", c.sasl.Mechanism, kafka.UnsupportedSASLMechanism)
	case !hungUp(err):
		return err
	}
	return fmt.Errorf("the broker closed the connection; if it always does, perhaps it %s: %w", c.suspicion(), err)
}

// suspicion says why a broker may close connections without a word.
func (c *Connection) suspicion() string {
	switch {
	case c.sasl != nil && c.tls:
		return "refuses the credentials of sasl (" + c.sasl.who() + ")"
	case c.sasl != nil:
		return "wants tls, or refuses the credentials of sasl (" + c.sasl.who() + ")"
	case c.tls:
		return "wants sasl, or a client certificate (tls.cert_file)"
	}
	return "wants tls, or sasl"
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func (s *SASL) who() string {
	if s.Mechanism == OAuthBearer {
		if s.TokenFile != "" {
			return "OAUTHBEARER, token_file " + s.TokenFile
		}
		return "OAUTHBEARER, client_id " + s.ClientID
	}
	return fmt.Sprintf("%s, username %s", s.Mechanism, s.Username)
}

// dialer opens connections, encrypted where TLS is configured.
type dialer struct {
	log *zap.Logger
	tcp net.Dialer
	tls *reloading // nil: plain text
	// loopbackOnly: a secret would be shown to whatever address the cluster's metadata names.
	loopbackOnly bool
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.tcp.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if d.loopbackOnly && !loopback(host(conn.RemoteAddr().String())) {
		conn.Close()
		return nil, fmt.Errorf("broker %s: it is not on the loopback interface, and sasl would show it the secret without tls", address)
	}
	if d.tls == nil {
		return &answering{Conn: conn, address: address}, nil
	}
	secure, err := d.handshake(ctx, conn, address)
	if err != nil {
		conn.Close()
		return nil, &tlsError{address, err}
	}
	return &answering{Conn: secure, address: address}, nil
}

func (d *dialer) handshake(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	t, err := d.tls.load(ctx)
	if err != nil {
		// What was loaded before may still be good; else the handshake says so.
		d.log.Error("kafka_stream: tls: files cannot be read again, those read before stay in use", zap.Error(err))
	}
	if t.ServerName == "" {
		t = t.Clone()
		t.ServerName = host(address)
	}
	secure := tls.Client(conn, t)
	return secure, secure.HandshakeContext(ctx)
}

func host(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return h
}

// reloading is a TLS configuration read again from its files at an interval.
type reloading struct {
	cfg configtls.ClientConfig

	mu      sync.Mutex
	current *tls.Config
	read    time.Time
}

// load returns the configuration, nil where it asks for none. With an error it is the one loaded before.
func (r *reloading) load(ctx context.Context) (*tls.Config, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := r.cfg.ReloadInterval <= 0 || time.Since(r.read) < r.cfg.ReloadInterval
	if !r.read.IsZero() && fresh {
		return r.current, nil
	}
	t, err := r.cfg.LoadTLSConfig(ctx)
	r.read = time.Now()
	if err != nil {
		return r.current, err
	}
	r.current = t
	return t, nil
}
