package identity_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

// workloadAPI serves the X.509 part of the SPIFFE Workload API as its specification says, over a real socket: SPIRE's
// agent in its place would need a server, a node attestor and root.
type workloadAPI struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	socket string

	mu      sync.Mutex
	answer  *workload.X509SVIDResponse // nil: not registered
	changed chan struct{}
}

func newWorkloadAPI(t *testing.T) *workloadAPI {
	t.Helper()
	w := &workloadAPI{socket: filepath.Join(t.TempDir(), "agent.sock"), changed: make(chan struct{})}
	l, err := net.Listen("unix", w.socket)
	require.NoError(t, err)
	s := grpc.NewServer()
	workload.RegisterSpiffeWorkloadAPIServer(s, w)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return w
}

// FetchX509SVID implements the Workload API: the identity now, and again whenever it changes.
func (w *workloadAPI) FetchX509SVID(_ *workload.X509SVIDRequest, out grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	for {
		w.mu.Lock()
		answer, changed := w.answer, w.changed
		w.mu.Unlock()
		if answer == nil {
			return status.Error(codes.PermissionDenied, "no identity issued")
		}
		if err := out.Send(answer); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-out.Context().Done():
			return nil
		}
	}
}

// give issues an identity, with the bundles of federated trust domains.
func (w *workloadAPI) give(t *testing.T, a *authority.Authority, id string, federated map[string]*authority.Authority) {
	t.Helper()
	pair, err := a.Sign(authority.Request{SPIFFEID: id, NotAfter: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	require.NoError(t, err)
	answer := &workload.X509SVIDResponse{
		Svids:            []*workload.X509SVID{{SpiffeId: id, X509Svid: cert.Certificate[0], X509SvidKey: pkcs8(t, pair), Bundle: a.Certificate().Raw}},
		FederatedBundles: map[string][]byte{},
	}
	for domain, f := range federated {
		answer.FederatedBundles[domain] = f.Certificate().Raw
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *workloadAPI) source(t *testing.T, domains ...string) *identity.Source {
	t.Helper()
	s, err := identity.SPIFFE(t.Context(), identity.SPIFFEConfig{Socket: "unix://" + w.socket, TrustDomains: domains})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSPIFFE(t *testing.T) {
	ours, theirs := newAuthority(t, "example.org"), newAuthority(t, "partner.org")
	vaultAPI, agentAPI, foreignAPI := newWorkloadAPI(t), newWorkloadAPI(t), newWorkloadAPI(t)
	vaultAPI.give(t, ours, "spiffe://example.org/vault", map[string]*authority.Authority{"partner.org": theirs})
	agentAPI.give(t, ours, "spiffe://example.org/agent", nil)
	foreignAPI.give(t, theirs, "spiffe://partner.org/agent", map[string]*authority.Authority{"example.org": ours})
	vault := identity.ServerID{SPIFFEID: "spiffe://example.org/vault"}

	closed := serve(t, vaultAPI.source(t))
	agent, foreign := agentAPI.source(t), foreignAPI.source(t, "example.org")
	answer, err := call(t, closed, agent, vault)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(answer, "spiffe://example.org/agent "), answer)

	_, err = call(t, closed, agent, identity.ServerID{SPIFFEID: "spiffe://example.org/other"})
	require.Contains(t, identity.Explain(err), "another SPIFFE ID", "%v", err)
	// A federated domain may connect only when it is listed.
	refused(t, "refuses this certificate", func() (string, error) { return call(t, closed, foreign, vault) })

	open := serve(t, vaultAPI.source(t, "example.org", "partner.org"))
	answer, err = call(t, open, foreign, vault)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(answer, "spiffe://partner.org/agent "), answer)

	// A rotation of both sides' certificates, and of the authority, reaches running sources.
	next := newAuthority(t, "example.org, next")
	agentAPI.give(t, next, "spiffe://example.org/agent", nil)
	vaultAPI.give(t, next, "spiffe://example.org/vault", nil)
	require.Eventually(t, func() bool {
		a, err := call(t, closed, agent, vault)
		return err == nil && a != answer
	}, 10*time.Second, 20*time.Millisecond)
	_, err = call(t, open, foreign, vault)
	require.Error(t, err, "the federation ended")
}

func TestSPIFFEUnregistered(t *testing.T) {
	w := newWorkloadAPI(t)
	_, err := identity.SPIFFE(t.Context(), identity.SPIFFEConfig{Socket: "unix://" + w.socket, Wait: 200 * time.Millisecond})
	require.ErrorContains(t, err, "no identity within 200ms: is this workload registered?")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = identity.SPIFFE(ctx, identity.SPIFFEConfig{Socket: "unix://" + w.socket})
	require.Error(t, err)
	_, err = identity.SPIFFE(t.Context(), identity.SPIFFEConfig{TrustDomains: []string{"not a domain"}})
	require.ErrorContains(t, err, "not a domain")
}

func pkcs8(t *testing.T, p authority.Pair) []byte {
	t.Helper()
	block, _ := pem.Decode(p.Key)
	require.NotNil(t, block)
	return block.Bytes
}
