package standalone

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/server"
)

const (
	// maxConnections of one listener; more wait in the kernel.
	maxConnections = 4096
	maxStreams     = 250 // calls at once on one connection
	maxHeader      = 64 << 10
)

// listen serves a handler. Over TLS, every request is its certificate's: one that expired since the handshake is refused.
func (v *Vault) listen(name string, c Listener, h http.Handler, mutual bool) error {
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%s.listen: %w", name, err)
	}
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(explaining{v.log, name}, "", 0),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second, WriteByteTimeout: 30 * time.Second},
	}
	serve := s.Serve
	if mutual {
		s.Handler, s.TLSConfig = named(h), v.source.Server()
		serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	v.servers[name], v.addrs[name] = s, l.Addr()
	v.done.Go(func() {
		if err := serve(&limited{l, make(chan struct{}, maxConnections)}); !errors.Is(err, http.ErrServerClosed) {
			v.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
	return nil
}

// named tells a handler who calls.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := identity.PeerOf(r.TLS)
		if err != nil || time.Now().After(p.NotAfter) {
			w.Header().Set("Connection", "close")
			http.Error(w, "the certificate has expired, or names nobody", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(server.WithCaller(r.Context(), server.Caller{ID: p.ID, Fingerprint: p.Fingerprint})))
	})
}

// explaining logs why handshakes failed, in words. Nothing else comes here that could quote a request.
type explaining struct {
	log  *zap.Logger
	name string
}

// Write implements io.Writer.
func (e explaining) Write(p []byte) (int, error) {
	e.log.Warn("vault: a connection failed", zap.String("listener", e.name), zap.String("why", identity.Explain(errors.New(string(p)))))
	return len(p), nil
}

// limited is a listener with at most so many connections.
type limited struct {
	net.Listener
	slots chan struct{}
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	l.slots <- struct{}{}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	ctx, done := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { <-l.slots })
	return &slotted{c, done}, nil
}

type slotted struct {
	net.Conn
	done context.CancelFunc // gives the place back, once
}

// Close implements net.Conn.
func (c *slotted) Close() error {
	defer c.done()
	return c.Conn.Close()
}
