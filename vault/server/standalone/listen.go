package standalone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/zap"
	"golang.org/x/net/netutil"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/server"
)

// Bounds of what a caller may take before it is known what it wants.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10
	maxStreams    = 100
	maxRequest    = 16 << 20
)

// listener serves one service on one address.
type listener struct {
	name   string
	server *http.Server
	addr   net.Addr
	ended  chan struct{}
}

// listen begins to serve. config nil: without TLS. connState is told about connections.
func (v *Vault) listen(name string, l Listener, config *tls.Config, h http.Handler) (*listener, error) {
	inner, err := net.Listen("tcp", l.Listen)
	if err != nil {
		return nil, fmt.Errorf("%s.listen: %w", name, err)
	}
	addr := inner.Addr()
	inner = netutil.LimitListener(inner, l.MaxConnections)
	out := &listener{name: name, addr: addr, ended: make(chan struct{}), server: &http.Server{
		Handler: h, TLSConfig: config, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		ErrorLog: log.New(serverLog{v, name}, "", 0),
	}}
	go func() {
		defer close(out.ended)
		serve := func() error { return out.server.Serve(inner) }
		if config != nil {
			serve = func() error { return out.server.ServeTLS(inner, "", "") }
		}
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			v.log.Error("vault: a listener is closed", zap.String("listener", name), zap.Error(err))
		}
	}()
	v.log.Info("vault: listening", zap.String("listener", name), zap.Stringer("address", addr))
	return out, nil
}

// stop lets calls under way finish as long as ctx allows.
func (l *listener) stop(ctx context.Context) error {
	if l == nil {
		return nil
	}
	err := l.server.Shutdown(ctx)
	if err != nil {
		err = l.server.Close() // time is up: calls under way are cut off
	}
	<-l.ended
	return err
}

// known wraps a service's handler: callers have a certificate that is still good, and services are told whose.
func (v *Vault) known(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := identity.PeerOf(r.TLS)
		if err == nil && time.Now().After(peer.NotAfter) {
			err = errors.New("the certificate of this connection has expired: connect again with a new one")
		}
		if err != nil {
			w.Header().Set("Connection", "close") // over HTTP/2: GOAWAY, and the client comes back
			v.writeError(w, r, connect.NewError(connect.CodeUnauthenticated, err))
			return
		}
		v.meet(peer)
		// A stream lives no longer than the certificate it was opened with.
		ctx, cancel := context.WithDeadline(r.Context(), peer.NotAfter)
		defer cancel()
		ctx = server.WithController(ctx, http.NewResponseController(w))
		h.ServeHTTP(w, r.WithContext(server.WithCaller(ctx, server.Caller{ID: peer.ID, Fingerprint: peer.Fingerprint})))
	})
}

// maxMet callers are remembered; then all are forgotten.
const maxMet = 1 << 14

// meet says in the log who speaks with which certificate, once for each.
func (v *Vault) meet(p identity.Peer) {
	v.metMu.Lock()
	defer v.metMu.Unlock()
	if v.met[p.Fingerprint] {
		return
	}
	if v.met == nil || len(v.met) >= maxMet {
		v.met = map[string]bool{}
	}
	v.met[p.Fingerprint] = true
	v.log.Info("vault: a caller with a new certificate", zap.String("id", p.ID), zap.String("fingerprint", p.Fingerprint), zap.Time("expires", p.NotAfter))
}

func (v *Vault) writeError(w http.ResponseWriter, r *http.Request, err error) {
	if err := connect.NewErrorWriter().Write(w, r, err); err != nil {
		v.log.Debug("vault: an error could not be answered", zap.Error(err))
	}
}

// handlerOptions hold for every service.
func handlerOptions() []connect.HandlerOption {
	return []connect.HandlerOption{
		connect.WithReadMaxBytes(maxRequest),
		// Tokens and ciphertext do not compress, and how well a value compresses beside another says something about it.
		connect.WithCompression("gzip", nil, nil),
		connect.WithRecover(func(context.Context, connect.Spec, http.Header, any) error {
			// What a panic carries may be anything.
			return connect.NewError(connect.CodeInternal, errors.New("internal error"))
		}),
	}
}

// serverLog takes what net/http says. Only handshakes that failed are of interest, and nothing else may be quoted:
// it could hold parts of requests.
type serverLog struct {
	vault *Vault
	name  string
}

// Write implements io.Writer.
func (l serverLog) Write(line []byte) (int, error) {
	const handshake = "http: TLS handshake error from "
	if rest, ok := strings.CutPrefix(strings.TrimSpace(string(line)), handshake); ok {
		from, why, _ := strings.Cut(rest, ": ")
		l.vault.metrics.handshakes.WithLabelValues(l.name).Inc()
		fields := []zap.Field{zap.String("listener", l.name), zap.String("from", from), zap.String("error", why)}
		if words := explainHandshake(why); words != "" {
			fields = append(fields, zap.String("reason", words))
		}
		l.vault.sampled.Warn("vault: a caller was turned away before it could speak", fields...)
	}
	return len(line), nil
}

// explainHandshake puts into words what is only text by now.
func explainHandshake(text string) string {
	for _, e := range []struct{ part, words string }{
		{"certificate has expired", "its certificate has expired or is not valid yet"},
		{"signed by unknown authority", "nobody this vault trusts has signed its certificate"},
		{"didn't provide a certificate", "it shows no certificate"},
		{"incompatible key usage", "its certificate is not made for clients"},
		{"foreign trust domain", "it is of a trust domain that may not connect: see spiffe.trust_domains"},
		{"no X.509 bundle", "it is of a trust domain whose bundle is not known here: federate it"},
		{"unsupported versions", "it does not speak TLS 1.3"},
		{"first record does not look like a TLS handshake", "it does not speak TLS"},
	} {
		if strings.Contains(text, e.part) {
			return e.words
		}
	}
	return ""
}
