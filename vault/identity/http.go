package identity

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// How long a connection may take to come about, and to show that it still lives.
const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	pingAfter        = 15 * time.Second
	pingTimeout      = 10 * time.Second
	idleTimeout      = 2 * time.Minute
)

// HTTP returns a client for one server, over HTTP/2 on connections that are watched: one that is cut without a word is
// found dead within half a minute. Errors say in words why the two sides do not come together. It sets no timeout for
// a call: contexts do.
func (s *Source) HTTP(id ServerID) (*http.Client, error) {
	config, err := s.Client(id)
	if err != nil {
		return nil, err
	}
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	return &http.Client{
		Transport: &explaining{config: config, Transport: &http.Transport{
			TLSClientConfig:     config,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: handshakeTimeout,
			IdleConnTimeout:     idleTimeout,
			Protocols:           &protocols,
			HTTP2:               &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		}},
		// The protocol knows no redirects, and a certificate is shown to one server.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

type explaining struct {
	*http.Transport
	config *tls.Config

	mu     sync.Mutex
	probed time.Time
	why    string
}

// RoundTrip implements http.RoundTripper.
func (t *explaining) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.Transport.RoundTrip(r)
	if err == nil {
		return res, nil
	}
	why := Explain(err)
	if why == "" && r.Context().Err() == nil {
		why = t.probe(r.Context(), r.URL.Host)
	}
	if why != "" {
		err = fmt.Errorf("%s (%w)", why, err)
	}
	return res, err
}

// probeEvery is how long what a probe found is taken for true: agents ask again and again.
const probeEvery = 5 * time.Second

// probe finds out why the server hangs up. A client of TLS 1.3 speaks before the server has looked at its certificate, and
// the alert that says why is lost with the connection. The probe says nothing after its handshake, and listens.
func (t *explaining) probe(ctx context.Context, addr string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.probed) < probeEvery {
		return t.why
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	d := tls.Dialer{Config: t.config}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err == nil {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		_, err = c.Read(make([]byte, 1)) // a server that is content sends its settings at once
		_ = c.Close()
	}
	t.why = Explain(err)
	t.probed = time.Now()
	return t.why
}
