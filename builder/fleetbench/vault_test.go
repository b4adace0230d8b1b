//go:build unix

package fleetbench

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// BenchmarkEscrowPebble is what a vault with its store in files takes in, batches of 1,000 records that are new, durable
// before they are acknowledged.
func BenchmarkEscrowPebble(b *testing.B) {
	escrowWays(b, func(b *testing.B) string { return onPebble }, func(b *testing.B) store.Store {
		s, err := pebble.Open(filepath.Join(b.TempDir(), "store"), pebble.Options{})
		require.NoError(b, err)
		return s
	})
}

// escrowWays measures three ways into a store: the service, called in this process; the service behind mutual TLS, called
// with records that were sealed before; and the whole way, from an agent that mints and seals.
func escrowWays(b *testing.B, config func(*testing.B) string, open func(*testing.B) store.Store) {
	for _, writers := range []int{1, 4} {
		b.Run(fmt.Sprintf("service/writers=%d", writers), func(b *testing.B) { escrowService(b, writers, open(b)) })
	}
	b.Run("mtls/writers=4", func(b *testing.B) { escrowTLS(b, 4, config(b)) })
	b.Run("agents/writers=4", func(b *testing.B) { escrowAgents(b, 4, config(b)) })
}

// of is a service as a caller of the network meets it behind the listener.
type of struct {
	*server.Issuer
	caller server.Caller
}

func (s of) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	return s.Issuer.Grant(server.WithCaller(ctx, s.caller), r)
}

func (s of) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	return s.Issuer.Escrow(server.WithCaller(ctx, s.caller), r)
}

func escrowService(b *testing.B, writers int, st store.Store) {
	v, err := server.Open(server.Settings{
		Directory: filepath.Join(b.TempDir(), "vault"), OpenStore: func(bool) (store.Store, error) { return st, nil },
		Rules: &server.Rules{Agents: []server.AgentRule{{Name: "agents", ID: agentName, Classes: []string{"*"}, Scopes: []string{"*"}}}},
	})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, v.Close(context.Background())) })
	issuer := of{v.Issuer(), server.Caller{ID: agentName, Fingerprint: "of a certificate"}}
	rs := requests(b, issuer, b.N)
	b.ReportAllocs()
	together(b, writers, func(n, _ int) error {
		_, err := issuer.Escrow(b.Context(), connect.NewRequest(rs[n]))
		return err
	})
	stats, err := v.Stats(b.Context())
	require.NoError(b, err)
	require.EqualValues(b, b.N*batchSize, stats.Records)
}

func escrowTLS(b *testing.B, writers int, config string) {
	h := newHome(b, config)
	agent := h.agent(b, h.serve(b))
	rs := requests(b, client.Remote(agent), b.N)
	b.ReportAllocs()
	together(b, writers, func(n, _ int) error {
		_, err := agent.Escrow(b.Context(), connect.NewRequest(rs[n]))
		return err
	})
}

func escrowAgents(b *testing.B, agents int, config string) {
	h := newHome(b, config)
	address := h.serve(b)
	type agent struct {
		*client.Issuer
		batch      token.Batch
		value, tok []byte
	}
	var vs values
	all := make([]*agent, agents)
	for n := range all {
		all[n] = &agent{Issuer: client.New(client.Remote(h.agent(b, address)), client.Settings{})}
		defer all[n].Close()
		_, err := all[n].Mint(nil, email, []byte("first@example.com"), &all[n].batch)
		require.NoError(b, err)
	}
	b.ReportAllocs()
	together(b, agents, func(_, w int) (err error) {
		a := all[w]
		a.batch.Reset()
		for range batchSize {
			a.value = vs.append(a.value[:0])
			if a.tok, err = a.Mint(a.tok[:0], email, a.value, &a.batch); err != nil {
				return err
			}
		}
		return a.Commit(b.Context(), &a.batch)
	})
}

// BenchmarkGrant asks for grants of one class over mutual TLS, the connection open.
func BenchmarkGrant(b *testing.B) {
	for _, agents := range []int{1, 16} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			h := newHome(b, onPebble)
			address := h.serve(b)
			ask := func(c vaultpbconnect.IssuerServiceClient) error {
				_, err := c.Grant(b.Context(), connect.NewRequest(&vaultpb.GrantRequest{
					Scope: "default", Classes: []*vaultpb.MintClass{{Name: "email", Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC}},
				}))
				return err
			}
			took := make([][]time.Duration, agents)
			var wg sync.WaitGroup
			var start sync.WaitGroup
			start.Add(1)
			faults := make(chan error, agents)
			for n := range agents {
				c := h.agent(b, address)
				require.NoError(b, ask(c))
				wg.Go(func() {
					start.Wait()
					for range (b.N + agents - 1) / agents {
						begun := time.Now()
						if err := ask(c); err != nil {
							faults <- err
							return
						}
						took[n] = append(took[n], time.Since(begun))
					}
				})
			}
			b.ResetTimer()
			start.Done()
			wg.Wait()
			b.StopTimer()
			select {
			case err := <-faults:
				b.Fatal(err)
			default:
			}
			var all []time.Duration
			for _, t := range took {
				all = append(all, t...)
			}
			b.ReportMetric(percentile(all, 0.5).Seconds()*1e3, "p50-ms")
			b.ReportMetric(percentile(all, 0.99).Seconds()*1e3, "p99-ms")
			b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "grants/s")
		})
	}
}

// BenchmarkIssue has the vault mint card numbers over mutual TLS, 1,000 new ones a call.
func BenchmarkIssue(b *testing.B) {
	for _, agents := range []int{1, 4} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			h := newHome(b, onPebble)
			address := h.serve(b)
			agent := h.agent(b, address)
			calls := make([]*vaultpb.IssueRequest, b.N)
			next := 4_000_000_000_000_000
			for n := range calls {
				r := &vaultpb.IssueRequest{Scope: "default"}
				class := &vaultpb.MintClass{Name: "card", Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC}
				for range batchSize {
					next++
					r.Values = append(r.Values, &vaultpb.IssueValue{Class: class, Value: fmt.Append(nil, next)})
				}
				calls[n] = r
			}
			b.ReportAllocs()
			together(b, agents, func(n, _ int) error {
				answer, err := agent.Issue(b.Context(), connect.NewRequest(calls[n]))
				if err == nil && answer.Msg.Tokens[batchSize-1].Token == "" {
					err = fmt.Errorf("refused: %v", answer.Msg.Tokens[batchSize-1].Refusal)
				}
				return err
			})
		})
	}
}
