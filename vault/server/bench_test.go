package server_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// BenchmarkCommit mints and commits batches of new values on disk: what telemetry waits for.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("tokens=%d", size), func(b *testing.B) {
			v, err := server.Open(server.Settings{Directory: filepath.Join(b.TempDir(), "vault")})
			if err != nil {
				b.Fatal(err)
			}
			defer v.Close(context.Background())
			issuer := client.New(v.Issuer(), client.Settings{})
			defer issuer.Close()
			var next atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				var batch token.Batch
				var value, tok []byte
				var err error
				for pb.Next() {
					batch.Reset()
					for range size {
						value = fmt.Appendf(value[:0], "user%d@example.com", next.Add(1))
						if tok, err = issuer.Mint(tok[:0], email, value, &batch); err != nil {
							b.Error(err)
						}
					}
					if err := issuer.Commit(context.Background(), &batch); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(next.Load())/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}

// BenchmarkReveal opens tokens of one session, with their audit records on disk.
func BenchmarkReveal(b *testing.B) {
	v, err := server.Open(server.Settings{Directory: filepath.Join(b.TempDir(), "vault")})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close(context.Background())
	issuer := client.New(v.Issuer(), client.Settings{})
	defer issuer.Close()
	var batch token.Batch
	tokens := make([]string, 1000)
	for i := range tokens {
		tok, err := issuer.Mint(nil, email, fmt.Appendf(nil, "user%d@example.com", i), &batch)
		if err != nil {
			b.Fatal(err)
		}
		tokens[i] = string(tok)
	}
	if err := issuer.Commit(context.Background(), &batch); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprintf("tokens=%d", n), func(b *testing.B) {
			for b.Loop() {
				_, err := v.Reveal().Reveal(context.Background(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "benchmark", Tokens: tokens[:n]}))
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
