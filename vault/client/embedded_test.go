package client_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

func embedded(t testing.TB) *server.Embedded {
	t.Helper()
	v, err := server.Open(server.Settings{Directory: filepath.Join(t.TempDir(), "vault")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return v
}

// TestEmbeddedAndRemote runs the same code over the service in this process and over HTTP.
func TestEmbeddedAndRemote(t *testing.T) {
	for name, dial := range map[string]func(t *testing.T, v *server.Embedded) client.Vault{
		"embedded": func(_ *testing.T, v *server.Embedded) client.Vault { return v.Issuer() },
		"remote": func(t *testing.T, v *server.Embedded) client.Vault {
			mux := http.NewServeMux()
			mux.Handle(vaultpbconnect.NewIssuerServiceHandler(v.Issuer()))
			s := httptest.NewServer(mux)
			t.Cleanup(s.Close)
			return client.Remote(vaultpbconnect.NewIssuerServiceClient(s.Client(), s.URL))
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := embedded(t)
			i := client.New(dial(t, v), client.Settings{})
			defer i.Close()
			if err := i.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			var b token.Batch
			var tokens, values []string
			for n := range 50 {
				for _, c := range []token.Class{
					{Name: "email", Scope: "default"},
					{Name: "card", Scope: "payments"},
					{Name: "user", Scope: "default", Kind: token.Random},
				} {
					value := fmt.Sprintf("%s value %d", c.Name, n)
					tok, err := i.Mint(nil, c, []byte(value), &b)
					if err != nil {
						t.Fatal(err)
					}
					tokens, values = append(tokens, string(tok)), append(values, value)
				}
			}
			if err := i.Commit(context.Background(), &b); err != nil {
				t.Fatal(err)
			}
			answer, err := v.Reveal().Reveal(context.Background(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "test", Tokens: tokens}))
			if err != nil {
				t.Fatal(err)
			}
			for n, r := range answer.Msg.Results {
				if r.Outcome != vaultpb.Outcome_OUTCOME_REVEALED || string(r.Value) != values[n] {
					t.Fatalf("%s: %v %q, want %q", r.Token, r.Outcome, r.Value, values[n])
				}
			}
		})
	}
}

// BenchmarkCommitEmbedded commits batches of 1,000 new records to an embedded vault, synced to disk.
func BenchmarkCommitEmbedded(b *testing.B) {
	i := client.New(embedded(b).Issuer(), client.Settings{})
	defer i.Close()
	var batch token.Batch
	dst, value, n := make([]byte, 0, token.MaxSize), []byte("00000000@example.com"), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		batch.Reset()
		for range 1000 {
			binary.LittleEndian.PutUint64(value, n)
			var err error
			if dst, err = i.Mint(dst[:0], token.Class{Name: "email", Scope: "default"}, value, &batch); err != nil {
				b.Fatal(err)
			}
			n++
		}
		b.StartTimer()
		if err := i.Commit(context.Background(), &batch); err != nil {
			b.Fatal(err)
		}
	}
}
