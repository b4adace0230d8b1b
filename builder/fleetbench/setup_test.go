//go:build unix

package fleetbench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

const (
	agentName = "agent.example.org"
	batchSize = 1000
)

var email = token.Class{Name: "email", Scope: "default"}

// home is a directory with certificates and the configuration of a vault.
type home struct{ dir string }

// newHome writes both. store is the YAML of the vault's store.
func newHome(b *testing.B, store string) home {
	b.Helper()
	h := home{b.TempDir()}
	a, err := authority.New("bench")
	require.NoError(b, err)
	require.NoError(b, a.WriteCA(h.dir))
	for _, name := range []string{"vault", "agent"} {
		pair, err := a.Sign(authority.Request{Name: name, Hosts: []string{name + ".example.org", "127.0.0.1"}})
		require.NoError(b, err)
		require.NoError(b, pair.Write(h.dir, name))
	}
	conf := fmt.Sprintf(`
directory: ./vault
store: {%s}
tls: {cert_file: ./vault.crt, key_file: ./vault.key, ca_file: ./ca.crt}
issuer: {listen: "127.0.0.1:0"}
telemetry: {listen: "127.0.0.1:0"}
agents:
  - {name: agents, id: %q, classes: ["*"], scopes: ["*"], issue: {per_second: 1000000, burst: 1000000000}}
`, store, agentName)
	require.NoError(b, os.WriteFile(h.config(), []byte(conf), 0o600))
	_, err = standalone.Init(standalone.InitOptions{Directory: filepath.Join(h.dir, "vault")})
	require.NoError(b, err)
	return h
}

func (h home) config() string { return filepath.Join(h.dir, "vault.yaml") }

const onPebble = "pebble: {path: ./store}"

// serve opens the vault of a home in this process and returns where agents find it.
func (h home) serve(b *testing.B) (address string) {
	b.Helper()
	c, err := standalone.Read(h.config())
	require.NoError(b, err)
	v, err := standalone.Open(b.Context(), c, zap.NewNop())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, v.Close(context.Background())) })
	issuer, _, _ := v.Addresses()
	return issuer.String()
}

// connect is an agent's HTTP client, with connections of its own.
func (h home) connect(b *testing.B) *http.Client {
	b.Helper()
	source, err := identity.Files(identity.FilesConfig{
		CertFile: h.dir + "/agent.crt", KeyFile: h.dir + "/agent.key", CAFile: h.dir + "/ca.crt",
	})
	require.NoError(b, err)
	b.Cleanup(func() { _ = source.Close() })
	c, err := source.HTTP(identity.ServerID{Name: "127.0.0.1"})
	require.NoError(b, err)
	b.Cleanup(c.CloseIdleConnections)
	return c
}

// agent is a client of the vault's protocol over connections of its own.
func (h home) agent(b *testing.B, address string) vaultpbconnect.IssuerServiceClient {
	return vaultpbconnect.NewIssuerServiceClient(h.connect(b), "https://"+address)
}

// values are e-mail addresses that nobody used before.
type values struct{ next atomic.Int64 }

func (v *values) append(dst []byte) []byte {
	return fmt.Appendf(dst, "customer%d@example.com", v.next.Add(1))
}

// requests are Escrow calls of 1,000 new records each, under a grant of the vault.
func requests(b *testing.B, vault client.Vault, n int) []*vaultpb.EscrowRequest {
	b.Helper()
	var out []*vaultpb.EscrowRequest
	i := client.New(keep{vault, &out}, client.Settings{Known: 4})
	defer func() { require.NoError(b, i.Close()) }()
	var vs values
	var batch token.Batch
	var value, tok []byte
	for range n {
		batch.Reset()
		for range batchSize {
			var err error
			value = vs.append(value[:0])
			tok, err = i.Mint(tok[:0], email, value, &batch)
			require.NoError(b, err)
		}
		require.NoError(b, i.Commit(b.Context(), &batch))
	}
	require.Len(b, out, n)
	return out
}

// keep is a vault whose Escrow calls do not arrive yet.
type keep struct {
	client.Vault
	calls *[]*vaultpb.EscrowRequest
}

func (k keep) Escrow(_ context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	*k.calls = append(*k.calls, r.Msg)
	return connect.NewResponse(&vaultpb.EscrowResponse{}), nil
}

// together has writers share b.N turns. Each gets the number of its turn and of itself.
func together(b *testing.B, writers int, turn func(n, writer int) error) {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	faults := make([]error, writers)
	before := cpuTime(b)
	b.ResetTimer()
	for w := range writers {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= b.N || faults[w] != nil {
					return
				}
				faults[w] = turn(n, w)
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	used := cpuTime(b) - before
	require.NoError(b, errors.Join(faults...))
	b.ReportMetric(float64(b.N*batchSize)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*batchSize), "cpu-ns/record")
}

// cpuTime is of this process: other programs do not count.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// percentile is of durations, which it sorts.
func percentile(ds []time.Duration, p float64) time.Duration {
	slices.Sort(ds)
	return ds[min(int(float64(len(ds))*p), len(ds)-1)]
}

func median(vs []float64) float64 {
	slices.Sort(vs)
	return vs[len(vs)/2]
}
