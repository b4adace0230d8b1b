package identity

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"go.uber.org/zap"
)

// SPIFFEConfig says where the Workload API is.
type SPIFFEConfig struct {
	// Socket is the Workload API's address, such as unix:///run/spire/sockets/agent.sock. Empty: what the environment
	// variable SPIFFE_ENDPOINT_SOCKET says.
	Socket string
	// TrustDomains are those whose members may connect, federated ones included. Empty: one's own alone.
	TrustDomains []string
	// Wait is how long the first identity may take. Default 30 s.
	Wait time.Duration
	// Logger is told about the Workload API's troubles. Default: nobody.
	Logger *zap.Logger
}

const defaultWait = 30 * time.Second

// SPIFFE returns the identity the Workload API gives this process; it follows every rotation. It waits for the first
// one. Peers are verified by the bundle of their own trust domain, one's own or a federated one.
func SPIFFE(ctx context.Context, c SPIFFEConfig) (*Source, error) {
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	domains := make([]spiffeid.TrustDomain, len(c.TrustDomains))
	for n, name := range c.TrustDomains {
		var err error
		if domains[n], err = spiffeid.TrustDomainFromString(name); err != nil {
			return nil, fmt.Errorf("trust domain %q: %w", name, err)
		}
	}
	options := []workloadapi.ClientOption{workloadapi.WithLogger(spiffeLogger{c.Logger.Sugar()})}
	if c.Socket != "" {
		options = append(options, workloadapi.WithAddr(c.Socket))
	}
	wait, cancel := context.WithTimeout(ctx, cmp.Or(c.Wait, defaultWait))
	defer cancel()
	source, err := workloadapi.NewX509Source(wait, workloadapi.WithClientOptions(options...))
	if err != nil {
		if wait.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("no identity within %s: is this workload registered? %w", cmp.Or(c.Wait, defaultWait), err)
		}
		return nil, fmt.Errorf("SPIFFE Workload API %s: %w", cmp.Or(c.Socket, "of SPIFFE_ENDPOINT_SOCKET"), err)
	}
	w := &workload{source: source, domains: domains}
	return &Source{server: w.server, client: w.client, self: w.self, close: source.Close}, nil
}

type workload struct {
	source  *workloadapi.X509Source
	domains []spiffeid.TrustDomain // empty: one's own
}

func (w *workload) self() (Peer, error) {
	svid, err := w.source.GetX509SVID()
	if err != nil {
		return Peer{}, err
	}
	return peerOf(svid.Certificates[0])
}

// member authorizes whoever is of a trust domain that may connect.
func (w *workload) member(id spiffeid.ID, _ [][]*x509.Certificate) error {
	if len(w.domains) == 0 {
		svid, err := w.source.GetX509SVID()
		if err != nil {
			return err
		}
		if id.MemberOf(svid.ID.TrustDomain()) {
			return nil
		}
	}
	for _, d := range w.domains {
		if id.MemberOf(d) {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errForeign, id.TrustDomain().Name())
}

var errForeign = errors.New("foreign trust domain")

func (w *workload) server() *tls.Config {
	config := base()
	tlsconfig.HookMTLSServerConfig(config, w.source, w.source, w.member)
	return config
}

func (w *workload) client(id ServerID) (*tls.Config, error) {
	authorize := tlsconfig.Authorizer(w.member)
	if id.SPIFFEID != "" {
		want, err := spiffeid.FromString(id.SPIFFEID)
		if err != nil {
			return nil, fmt.Errorf("SPIFFE ID %q: %w", id.SPIFFEID, err)
		}
		authorize = tlsconfig.AuthorizeID(want)
	}
	config := base()
	tlsconfig.HookMTLSClientConfig(config, w.source, w.source, authorize)
	if id.Name != "" {
		// Also by name: the SVID then has it as a DNS name.
		config.VerifyConnection = func(cs tls.ConnectionState) error { return cs.PeerCertificates[0].VerifyHostname(id.Name) }
	}
	return config, nil
}

// spiffeLogger passes on what the Workload API's client says, none of it secret.
type spiffeLogger struct{ *zap.SugaredLogger }

func (l spiffeLogger) Debugf(format string, args ...any) {
	l.SugaredLogger.Debugf("identity: "+format, args...)
}

func (l spiffeLogger) Infof(format string, args ...any) {
	l.SugaredLogger.Infof("identity: "+format, args...)
}

func (l spiffeLogger) Warnf(format string, args ...any) {
	l.SugaredLogger.Warnf("identity: "+format, args...)
}

func (l spiffeLogger) Errorf(format string, args ...any) {
	l.SugaredLogger.Errorf("identity: "+format, args...)
}
