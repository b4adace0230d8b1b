package standalone

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// fleet is a running vault and the certificates of those who call it.
type fleet struct {
	t     *testing.T
	dir   string
	path  string
	ca    *authority.Authority
	vault *Vault
	logs  *observer.ObservedLogs
}

const fleetConfig = `
directory: ./vault
tls: {cert_file: ./vault.crt, key_file: ./vault.key, ca_file: ./ca.crt}
issuer: {listen: "127.0.0.1:0"}
reveal: {listen: "127.0.0.1:0"}
telemetry: {listen: "127.0.0.1:0"}
store: {pebble: {path: ./store, min_free_mib: 1}}
regions: {eu: {pebble: {path: ./eu, min_free_mib: 1}}}
scopes: {payments: {region: eu}}
agents: [{name: nodes, id: agent-7.example.org, classes: ["*"], scopes: [default, payments]}]
revealers: [{name: support, id: support.example.org, classes: [email], scopes: [default]}]
replayers: [{id: support.example.org, topics: [orders], scopes: [default]}]
`

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{t: t, dir: t.TempDir()}
	var err error
	f.ca, err = authority.New("test")
	require.NoError(t, err)
	require.NoError(t, f.ca.WriteCA(f.dir))
	for _, name := range []string{"vault", "agent-7", "support", "stranger"} {
		f.sign(f.ca, authority.Request{Name: name})
	}
	f.path = filepath.Join(f.dir, ConfigFile)
	c, err := f.read(fleetConfig)
	require.NoError(t, err)
	_, err = Open(t.Context(), c, zap.NewNop())
	require.ErrorContains(t, err, "cloakroom vault init")
	require.NoDirExists(t, filepath.Join(f.dir, "vault"), "keys are made by init alone")
	_, err = Init(InitOptions{Directory: filepath.Join(f.dir, "vault")})
	require.NoError(t, err)
	core, logs := observer.New(zap.DebugLevel)
	f.logs = logs
	f.vault, err = Open(t.Context(), c, zap.New(core))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.vault.Close(context.Background()) })
	return f
}

func (f *fleet) read(config string) (*Config, error) {
	require.NoError(f.t, os.WriteFile(f.path, []byte(config), 0o600))
	return Read(f.path)
}

func (f *fleet) sign(by *authority.Authority, r authority.Request) {
	f.t.Helper()
	r.Hosts = []string{r.Name + ".example.org", "127.0.0.1"}
	pair, err := by.Sign(r)
	require.NoError(f.t, err)
	require.NoError(f.t, pair.Write(f.dir, r.Name))
}

// as is an HTTP client that shows a certificate.
func (f *fleet) as(name string) *http.Client {
	f.t.Helper()
	return connectAs(f.t, f.dir, name)
}

func connectAs(t *testing.T, dir, name string) *http.Client {
	s, err := identity.Files(identity.FilesConfig{
		CertFile: filepath.Join(dir, name+".crt"), KeyFile: filepath.Join(dir, name+".key"), CAFile: filepath.Join(dir, "ca.crt"),
	})
	require.NoError(t, err)
	h, err := s.HTTP(identity.ServerID{Name: "127.0.0.1"})
	require.NoError(t, err)
	t.Cleanup(func() { h.CloseIdleConnections(); _ = s.Close() })
	return h
}

func (f *fleet) issuerFor(name string) vaultpbconnect.IssuerServiceClient {
	issuer, _, _ := f.vault.Addresses()
	return vaultpbconnect.NewIssuerServiceClient(f.as(name), "https://"+issuer.String())
}

func (f *fleet) grant(name, scope string) error {
	_, err := f.issuerFor(name).Grant(f.t.Context(), connect.NewRequest(&vaultpb.GrantRequest{Scope: scope}))
	return err
}

func (f *fleet) telemetry(path string) (code int, body string) {
	w := httptest.NewRecorder()
	f.vault.telemetry().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	b, err := io.ReadAll(w.Body)
	require.NoError(f.t, err)
	return w.Code, string(b)
}

// TestAgentEscrowsAndRevealerReveals, each by its rule, and metrics name neither.
func TestAgentEscrowsAndRevealerReveals(t *testing.T) {
	f := newFleet(t)
	agent := client.New(client.Remote(f.issuerFor("agent-7")), client.Settings{})
	defer agent.Close()
	mint := func(class, scope, value string) string {
		var b token.Batch
		tok, err := agent.Mint(nil, token.Class{Name: class, Scope: scope}, []byte(value), &b)
		require.NoError(t, err)
		require.NoError(t, agent.Commit(t.Context(), &b))
		return string(tok)
	}
	mine, theirs := mint("email", "default", "alice@example.com"), mint("email", "payments", "alice@example.com")
	_, reveal, _ := f.vault.Addresses()
	support := vaultpbconnect.NewRevealServiceClient(f.as("support"), "https://"+reveal.String())
	res, err := support.Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-42", Tokens: []string{mine, theirs}}))
	require.NoError(t, err)
	require.Equal(t, "alice@example.com", string(res.Msg.Results[0].Value))
	require.Equal(t, vaultpb.Outcome_OUTCOME_DENIED, res.Msg.Results[1].Outcome)
	_, err = vaultpbconnect.NewRevealServiceClient(f.as("agent-7"), "https://"+reveal.String()).Reveal(t.Context(),
		connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-42", Tokens: []string{mine}}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "who mints cannot read")
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(f.grant("stranger", "default")), "whom no rule names")

	code, metrics := f.telemetry("/metrics")
	require.Equal(t, http.StatusOK, code)
	for _, want := range []string{
		"cloakroom_vault_grants_total{result=\"ok\"}", "cloakroom_vault_records_escrowed_total 2", "cloakroom_vault_records 2",
		"cloakroom_vault_reveals_total{outcome=\"revealed\"} 1", "cloakroom_vault_denied_total{service=\"grant\"} 1",
		"cloakroom_vault_denied_total{service=\"reveal\"} 1", "cloakroom_vault_agents_listening", "cloakroom_vault_audit_entries", "cloakroom_vault_store_bytes",
	} {
		require.Contains(t, metrics, want)
	}
	for _, never := range []string{"alice", "example.org", "agent-7", "stranger", mine, theirs} {
		require.NotContains(t, metrics, never)
	}
	labels := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^cloakroom_[^{\n]*\{([^}]*)\}`).FindAllStringSubmatch(metrics, -1) {
		for _, l := range strings.Split(m[1], ",") {
			labels[strings.SplitN(l, "=", 2)[0]] = true
		}
	}
	delete(labels, "le")
	require.Subset(t, []string{"result", "outcome", "service", "rule", "listener"}, keysOf(labels))
}

// TestAgentSealsAndReplayerOpens dead letters, until a reload takes the rule away.
func TestAgentSealsAndReplayerOpens(t *testing.T) {
	f := newFleet(t)
	agent := client.New(client.Remote(f.issuerFor("agent-7")), client.Settings{})
	defer agent.Close()
	_, addr, _ := f.vault.Addresses()
	open := func(name, topic string) ([]byte, vaultpb.LetterOutcome, error) {
		key := []byte("a key of letters")
		sealed, err := agent.SealLetter("default", escrow.Place{Topic: topic, Partition: 1, Offset: 2}, key)
		require.NoError(t, err)
		return reveal.Over(f.as(name), "https://"+addr.String()).OpenLetter(t.Context(), "INC-42", reveal.Letter{Sealed: sealed, Topic: topic, Partition: 1, Offset: 2})
	}
	key, outcome, err := open("support", "orders")
	require.NoError(t, err)
	require.Equal(t, vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED, outcome)
	require.Equal(t, "a key of letters", string(key))
	key, outcome, err = open("support", "payroll")
	require.NoError(t, err)
	require.Equal(t, vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED, outcome)
	require.Nil(t, key)
	_, _, err = open("agent-7", "orders")
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), "who seals cannot open")
	_, metrics := f.telemetry("/metrics")
	require.Contains(t, metrics, `cloakroom_vault_denied_total{service="letter"} 1`)
	_, err = agent.SealLetter("elsewhere", escrow.Place{Topic: "orders"}, []byte("a key of letters"))
	require.ErrorIs(t, err, token.ErrUnavailable, "a scope that is not the agent's")

	c, err := f.read(strings.Replace(fleetConfig, "replayers: [{id: support.", "replayers: [{id: another.", 1))
	require.NoError(t, err)
	require.Empty(t, f.vault.Reload(c))
	_, _, err = open("support", "orders")
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
}

func keysOf(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// TestTurnedAway: who shows no good certificate does not get to speak, and the log says why.
func TestTurnedAway(t *testing.T) {
	f := newFleet(t)
	foreign, err := authority.New("foreign")
	require.NoError(t, err)
	f.sign(foreign, authority.Request{Name: "foreign"})
	f.sign(f.ca, authority.Request{Name: "late", NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(-time.Hour)})
	for name, reason := range map[string]string{
		"foreign": "nobody this vault trusts has signed its certificate",
		"late":    "its certificate has expired or is not valid yet",
	} {
		t.Run(name, func(t *testing.T) {
			pair, err := tls.LoadX509KeyPair(filepath.Join(f.dir, name+".crt"), filepath.Join(f.dir, name+".key"))
			require.NoError(t, err)
			issuer, _, _ := f.vault.Addresses()
			c, err := tls.Dial("tcp", issuer.String(), &tls.Config{
				InsecureSkipVerify: true, NextProtos: []string{"h2"},
				// Shown although it is of no use: our own client would not.
				GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
			})
			if err == nil {
				_, err = c.Read(make([]byte, 1)) // TLS 1.3: the refusal comes after the handshake
				c.Close()
			}
			require.Error(t, err)
			require.Eventually(t, func() bool { return f.logs.FilterField(zap.String("reason", reason)).Len() > 0 }, 20*time.Second, 10*time.Millisecond)
		})
	}
	_, metrics := f.telemetry("/metrics")
	require.Contains(t, metrics, `cloakroom_vault_handshakes_failed_total{listener="issuer"}`)
}

// TestReload takes rules, classes and grants, tells what needs a restart, and moves no scope's region.
func TestReload(t *testing.T) {
	f := newFleet(t)
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(f.grant("stranger", "default")))
	next := strings.NewReplacer("agent-7.example.org", "stranger.example.org", "region: eu", `region: ""`,
		"./store", "./elsewhere").Replace(fleetConfig) + "grants: {life: 7m}\nclasses: {issue: [email]}\nadmins: [support.example.org]\n"
	c, err := f.read(next)
	require.NoError(t, err)
	for range 2 { // told for as long as it differs
		restart := f.vault.Reload(c)
		require.Len(t, restart, 2, restart)
		require.Equal(t, "store", restart[0])
		require.Contains(t, restart[1], "scopes.payments.region")
	}
	require.Equal(t, "eu", f.vault.regionOf("payments"))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(f.grant("agent-7", "default")))
	res, err := f.issuerFor("stranger").Grant(t.Context(), connect.NewRequest(&vaultpb.GrantRequest{
		Scope: "default", Issue: true, Classes: []*vaultpb.MintClass{{Name: "email", Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC}},
	}))
	require.NoError(t, err)
	require.Empty(t, res.Msg.MintKeys)
	require.Len(t, res.Msg.Issue, 1)
	require.Equal(t, 7*time.Minute, res.Msg.GrantExpires.AsTime().Sub(res.Msg.GrantedAt.AsTime()))
	_, reveal, _ := f.vault.Addresses()
	_, err = vaultpbconnect.NewAdminServiceClient(f.as("support"), "https://"+reveal.String()).Status(t.Context(), connect.NewRequest(&vaultpb.StatusRequest{}))
	require.NoError(t, err, "admins may come by a reload")

	_, err = f.read("agents: [{color: x}]")
	require.Error(t, err, "a broken file is never given to Reload")
	require.NoError(t, f.grant("stranger", "default"))
}

// TestHealth: ready while the store works.
func TestHealth(t *testing.T) {
	f := newFleet(t)
	for _, path := range []string{"/livez", "/readyz"} {
		code, _ := f.telemetry(path)
		require.Equal(t, http.StatusOK, code)
	}
	require.NoError(t, f.vault.vault.Core().Store.Close())
	code, _ := f.telemetry("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, _ = f.telemetry("/livez")
	require.Equal(t, http.StatusOK, code)
	code, metrics := f.telemetry("/metrics")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, metrics, "cloakroom_vault_records ")
}

// TestClose ends streams and lets a call under way finish.
func TestClose(t *testing.T) {
	f := newFleet(t)
	stream, err := f.issuerFor("agent-7").Revocations(t.Context(), connect.NewRequest(&vaultpb.RevocationsRequest{Scopes: []string{"default"}}))
	require.NoError(t, err)
	require.True(t, stream.Receive(), stream.Err())

	ask := f.slowCall("agent-7")
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		closed <- f.vault.Close(ctx)
	}()
	require.False(t, stream.Receive(), "while the call goes on")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(stream.Err()))
	require.NoError(t, ask.body.Close())
	require.Equal(t, "200 OK", <-ask.status)
	require.NoError(t, <-closed)
}

// TestCloseInTime: a call that does not end is cut off.
func TestCloseInTime(t *testing.T) {
	f := newFleet(t)
	ask := f.slowCall("agent-7")
	defer ask.body.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- f.vault.Close(ctx) }()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		require.FailNow(t, "it waits for ever")
	}
	require.NotEqual(t, "200 OK", <-ask.status)
}

type slowCall struct {
	body   *io.PipeWriter
	status chan string
}

// slowCall begins a Grant call whose body ends when the test closes it, and returns once the vault has the call.
func (f *fleet) slowCall(name string) slowCall {
	f.t.Helper()
	issuer, _, _ := f.vault.Addresses()
	r, w := io.Pipe()
	q, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, "https://"+issuer.String()+vaultpbconnect.IssuerServiceGrantProcedure, r)
	require.NoError(f.t, err)
	q.Header.Set("Content-Type", "application/json")
	f.vault.metMu.Lock()
	clear(f.vault.met)
	f.vault.metMu.Unlock()
	c := slowCall{w, make(chan string, 1)}
	h := f.as(name)
	go func() {
		res, err := h.Do(q)
		if err != nil {
			c.status <- err.Error()
			return
		}
		res.Body.Close()
		c.status <- res.Status
	}()
	_, err = fmt.Fprint(w, `{"scope": "default"}`)
	require.NoError(f.t, err)
	require.Eventually(f.t, func() bool {
		f.vault.metMu.Lock()
		defer f.vault.metMu.Unlock()
		return len(f.vault.met) > 0
	}, 20*time.Second, time.Millisecond)
	return c
}

// TestWrongListener: who comes to the wrong port is told so.
func TestWrongListener(t *testing.T) {
	f := newFleet(t)
	issuer, reveal, _ := f.vault.Addresses()
	grant := func(addr net.Addr) error {
		_, err := vaultpbconnect.NewIssuerServiceClient(f.as("agent-7"), "https://"+addr.String()).
			Grant(t.Context(), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
		return err
	}
	ask := func(addr net.Addr) error {
		_, err := vaultpbconnect.NewRevealServiceClient(f.as("support"), "https://"+addr.String()).
			Reveal(t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "test"}))
		return err
	}
	open := func(addr net.Addr) error {
		_, err := vaultpbconnect.NewLetterServiceClient(f.as("support"), "https://"+addr.String()).
			OpenLetters(t.Context(), connect.NewRequest(&vaultpb.OpenLettersRequest{Purpose: "test"}))
		return err
	}
	status := func(addr net.Addr) error {
		_, err := vaultpbconnect.NewAdminServiceClient(f.as("support"), "https://"+addr.String()).
			Status(t.Context(), connect.NewRequest(&vaultpb.StatusRequest{}))
		return err
	}
	for _, c := range []struct {
		name string
		call func(net.Addr) error
		at   net.Addr
		want string
	}{
		{"an agent at the reveal listener", grant, reveal, "agents need its issuer listener"},
		{"a revealer at the issuer listener", ask, issuer, "who reveals needs its reveal listener"},
		{"a replayer at the issuer listener", open, issuer, "who reveals needs its reveal listener"},
		{"an administrator at the issuer listener", status, issuer, "who reveals needs its reveal listener"},
		{"an administrator where there are none", status, reveal, "names no admins"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.call(c.at)
			require.Equal(t, connect.CodeUnimplemented, connect.CodeOf(err))
			require.True(t, connect.IsWireError(err))
			require.ErrorContains(t, err, c.want)
		})
	}
	require.ErrorContains(t, f.grant("stranger", "default"), "no rule names this caller: add it to agents in the vault's vault.yaml")
}

// TestInit: made once, for its owner only, and what it makes works.
func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "v")
	o := InitOptions{Directory: dir, Issuer: "127.0.0.1:0", Reveal: "127.0.0.1:0", Telemetry: "127.0.0.1:0", DevCA: true}
	made, err := Init(o)
	require.NoError(t, err)
	require.Len(t, made, 3)
	before := map[string]string{}
	require.NoError(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		require.NoError(t, err)
		if info.IsDir() {
			require.Equal(t, os.FileMode(0o700), info.Mode().Perm(), path)
			return nil
		}
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), path)
		b, err := os.ReadFile(path)
		before[path] = string(b)
		return err
	}))
	_, err = Init(o)
	require.ErrorContains(t, err, "there already")
	for path, was := range before {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, was, string(b), path)
	}

	c, err := Read(filepath.Join(dir, ConfigFile))
	require.NoError(t, err)
	v, err := Open(t.Context(), c, zap.NewNop())
	require.NoError(t, err)
	issuer, _, _ := v.Addresses()
	for _, name := range []string{"agent", "gateway"} {
		_, err = vaultpbconnect.NewIssuerServiceClient(connectAs(t, filepath.Join(dir, certsDir), name), "https://"+issuer.String()).
			Grant(t.Context(), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
		require.NoError(t, err, name)
	}
	require.NoError(t, v.Close(t.Context()))
	rep, err := server.VerifyAudit(t.Context(), dir, nil)
	require.NoError(t, err)
	require.True(t, rep.Intact(), rep.Faults)

	require.NoError(t, os.RemoveAll(filepath.Join(dir, keysDir)))
	_, err = Init(o)
	require.ErrorContains(t, err, "audit.log is there already", "what is left of a vault is no place for another")

	written := t.TempDir()
	require.NoError(t, os.Chmod(written, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(written, ConfigFile), []byte("# mine\n"), 0o600))
	made, err = Init(InitOptions{Directory: written})
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(written, keysDir)}, made)
	kept, err := os.ReadFile(filepath.Join(written, ConfigFile))
	require.NoError(t, err)
	require.Equal(t, "# mine\n", string(kept))

	open := filepath.Join(t.TempDir(), "open")
	require.NoError(t, os.Mkdir(open, 0o755))
	_, err = Init(InitOptions{Directory: open})
	require.ErrorContains(t, err, "0700")
}
