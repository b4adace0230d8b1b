package identity

import (
	"fmt"
	"net"
	"net/http"
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
		Transport: explaining{&http.Transport{
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

type explaining struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t explaining) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.Transport.RoundTrip(r)
	if why := Explain(err); why != "" {
		err = fmt.Errorf("%s (%w)", why, err)
	}
	return res, err
}
