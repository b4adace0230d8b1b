package extension_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/vault/extension"
	"github.com/cloakroom/cloakroom/vault/extension/internal/metadata"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

func TestRemoteConfig(t *testing.T) {
	dir := certificates(t)
	tls := map[string]any{"cert_file": dir + "/agent.crt", "key_file": dir + "/agent.key", "ca_file": dir + "/ca.crt"}
	const endpoint = "vault.example.org:7443"
	for _, c := range []struct {
		name string
		conf map[string]any
		want []string // empty: valid
	}{
		{"certificates in files", map[string]any{"endpoint": endpoint, "tls": tls}, nil},
		{"SPIFFE", map[string]any{"endpoint": endpoint, "spiffe": map[string]any{"server_id": "spiffe://example.org/vault"}}, nil},
		{"a spool", map[string]any{"endpoint": endpoint, "tls": tls, "spool": map[string]any{"directory": "./spool", "max_size": "512MiB"}}, nil},
		{"both vaults", map[string]any{"endpoint": endpoint, "tls": tls, "embedded": map[string]any{"path": "v"}}, []string{"embedded, endpoint: one vault or the other"}},
		{"a spool for an embedded vault", map[string]any{"embedded": map[string]any{"path": "v"}, "spool": map[string]any{"directory": "s"}}, []string{"go with endpoint"}},
		{"no identity", map[string]any{"endpoint": endpoint}, []string{"tls, spiffe: this Collector needs an identity"}},
		{"two identities", map[string]any{"endpoint": endpoint, "tls": tls, "spiffe": map[string]any{"server_id": "spiffe://a/b"}}, []string{"tls, spiffe"}},
		{"an endpoint that a variable left empty", map[string]any{"endpoint": "", "tls": tls}, []string{"endpoint: is empty", "CLOAKROOM_VAULT_ENDPOINT"}},
		{"an endpoint of nothing", map[string]any{"endpoint": nil}, []string{"endpoint: is empty"}},
		{"SPIFFE without a server", map[string]any{"endpoint": endpoint, "spiffe": map[string]any{"socket": "unix:///x"}}, []string{"spiffe.server_id: must be set"}},
		{"an odd server", map[string]any{"endpoint": endpoint, "spiffe": map[string]any{"server_id": "vault"}}, []string{"spiffe.server_id: \"vault\""}},
		{"every fault at once", map[string]any{
			"endpoint": "https://vault", "timeout": "-1s", "tls": map[string]any{"key_file": dir + "/gone.key"},
			"spool": map[string]any{"max_size": "12KiB"},
		}, []string{
			`endpoint: "https://vault": want host:port`, "tls.cert_file: must be set", "tls.key_file: stat ", "tls.ca_file: must be set",
			"spool.directory: must be set", "spool.max_size: 12KiB: must be at least 1MiB", "timeout: -1s",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := confmap.Validate(load(t, c.conf))
			if len(c.want) == 0 {
				require.NoError(t, err)
			}
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	cfg := load(t, map[string]any{"spool": map[string]any{"directory": "s"}})
	require.EqualValues(t, 1<<30, cfg.Spool.Get().MaxSize)
	err := confmap.NewFromStringMap(map[string]any{"spool": map[string]any{"max_size": "much"}}).Unmarshal(extension.NewFactory().CreateDefaultConfig())
	require.ErrorContains(t, err, `"much" is no size`)
}

// certificates makes an authority, and certificates for a vault and an agent.
func certificates(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	a, err := authority.New("test")
	require.NoError(t, err)
	require.NoError(t, a.WriteCA(dir))
	for _, name := range []string{"vault", "agent"} {
		pair, err := a.Sign(authority.Request{Name: name, Hosts: []string{name + ".example.org", "127.0.0.1"}})
		require.NoError(t, err)
		require.NoError(t, pair.Write(dir, name))
	}
	return dir
}

// serveIssuer serves the issuer of v on addr until the test or stop ends it.
func serveIssuer(t *testing.T, v *server.Embedded, certs, addr string) (stop func()) {
	t.Helper()
	source, err := identity.Files(identity.FilesConfig{CertFile: certs + "/vault.crt", KeyFile: certs + "/vault.key", CAFile: certs + "/ca.crt"})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(vaultpbconnect.NewIssuerServiceHandler(v.Issuer()))
	s := &http.Server{Handler: mux, TLSConfig: source.Server(), ErrorLog: zap.NewStdLog(zap.NewNop()), ReadHeaderTimeout: time.Second}
	l, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
	return func() { _ = s.Close() }
}

// TestRemote: a Collector starts while the vault is away, holds telemetry back, and goes on by itself.
func TestRemote(t *testing.T) {
	certs := certificates(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	cfg := load(t, map[string]any{"endpoint": addr, "tls": map[string]any{
		"cert_file": certs + "/agent.crt", "key_file": certs + "/agent.key", "ca_file": certs + "/ca.crt",
	}})
	require.NoError(t, confmap.Validate(cfg))
	e, err := extension.NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	v := e.(*extension.Vault)
	h := &host{Host: componenttest.NewNopHost()}
	require.NoError(t, v.Start(t.Context(), h))
	defer func() { require.NoError(t, v.Shutdown(context.Background())) }()

	class := token.Class{Name: "email", Scope: "default"}
	var b token.Batch
	_, err = v.Mint(nil, class, []byte("alice@example.com"), &b)
	require.ErrorIs(t, err, token.ErrUnavailable)
	require.Equal(t, componentstatus.StatusRecoverableError, h.events[0].Status())

	vault, err := server.Open(server.Settings{Directory: filepath.Join(t.TempDir(), "vault")})
	require.NoError(t, err)
	defer func() { require.NoError(t, vault.Close(context.Background())) }()
	stop := serveIssuer(t, vault, certs, addr)
	var tok []byte
	require.Eventually(t, func() bool {
		tok, err = v.Mint(nil, class, []byte("alice@example.com"), &b)
		return err == nil
	}, 30*time.Second, 20*time.Millisecond)
	require.NoError(t, v.Commit(t.Context(), &b))
	require.Equal(t, len(tok), v.Recognize(string(tok)))
	answer, err := vault.Reveal().Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "test", Tokens: []string{string(tok)}}))
	require.NoError(t, err)
	require.Equal(t, "alice@example.com", string(answer.Msg.Results[0].Value))

	stop()
	_, err = v.Mint(nil, class, []byte("bob@example.com"), &b)
	require.NoError(t, err, "the grant is still good")
	require.ErrorIs(t, v.Commit(t.Context(), &b), token.ErrUnavailable)
	serveIssuer(t, vault, certs, addr)
	require.Eventually(t, func() bool { return v.Commit(t.Context(), &b) == nil }, 30*time.Second, 20*time.Millisecond)
}

// TestRemoteWithExpiredCertificate: it is as if the vault were away, and new files mend it.
func TestRemoteWithExpiredCertificate(t *testing.T) {
	certs := certificates(t)
	a, err := authority.New("another")
	require.NoError(t, err)
	pair, err := a.Sign(authority.Request{Name: "agent", NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	require.NoError(t, err)
	require.NoError(t, pair.Write(certs, "agent"))
	cfg := load(t, map[string]any{"endpoint": "127.0.0.1:1", "tls": map[string]any{
		"cert_file": certs + "/agent.crt", "key_file": certs + "/agent.key", "ca_file": certs + "/ca.crt",
	}})
	core, logs := observer.New(zap.WarnLevel)
	set := extensiontest.NewNopSettings(metadata.Type)
	set.Logger = zap.New(core)
	e, err := extension.NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	h := &host{Host: componenttest.NewNopHost()}
	require.NoError(t, e.Start(t.Context(), h))
	require.NoError(t, e.Shutdown(t.Context()))
	require.Equal(t, componentstatus.StatusRecoverableError, h.events[0].Status())
	said := logs.All()
	require.Len(t, said, 2)
	require.Contains(t, said[0].Message, "until its files are replaced")
	require.Contains(t, said[1].Message, "the vault cannot be reached")
}

func TestRemoteWithUnusableIdentity(t *testing.T) {
	certs := certificates(t)
	require.NoError(t, os.WriteFile(certs+"/agent.key", []byte("no key"), 0o600))
	cfg := load(t, map[string]any{"endpoint": "127.0.0.1:1", "tls": map[string]any{
		"cert_file": certs + "/agent.crt", "key_file": certs + "/agent.key", "ca_file": certs + "/ca.crt",
	}})
	e, err := extension.NewFactory().Create(t.Context(), extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	err = e.Start(t.Context(), componenttest.NewNopHost())
	require.ErrorContains(t, err, "agent.key")
	require.NotContains(t, err.Error(), "no key")
}
