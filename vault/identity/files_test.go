package identity_test

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

func newAuthority(t *testing.T, name string) *authority.Authority {
	t.Helper()
	a, err := authority.New(name)
	require.NoError(t, err)
	return a
}

// party is somebody with files of its own.
type party struct {
	dir    string
	config identity.FilesConfig
}

func newParty(t *testing.T, a *authority.Authority, r authority.Request, trust ...*authority.Authority) *party {
	t.Helper()
	p := &party{dir: t.TempDir()}
	p.replace(t, a, r)
	if len(trust) == 0 {
		trust = []*authority.Authority{a}
	}
	p.trust(t, trust...)
	p.config = identity.FilesConfig{
		CertFile: filepath.Join(p.dir, "me.crt"), KeyFile: filepath.Join(p.dir, "me.key"), CAFile: filepath.Join(p.dir, "ca.crt"),
		ReloadInterval: time.Nanosecond,
	}
	return p
}

func (p *party) replace(t *testing.T, a *authority.Authority, r authority.Request) {
	t.Helper()
	pair, err := a.Sign(r)
	require.NoError(t, err)
	require.NoError(t, pair.Write(p.dir, "me"))
}

func (p *party) trust(t *testing.T, as ...*authority.Authority) {
	t.Helper()
	var pem []byte
	for _, a := range as {
		pem = append(pem, a.CA()...)
	}
	require.NoError(t, os.WriteFile(filepath.Join(p.dir, "ca.crt"), pem, 0o600))
}

func (p *party) source(t *testing.T) *identity.Source {
	t.Helper()
	s, err := identity.Files(p.config)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// serve answers every caller with its identity.
func serve(t *testing.T, s *identity.Source) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := identity.PeerOf(r.TLS)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w, p.ID+" "+p.Fingerprint)
	}))
	srv.Config.ErrorLog = zap.NewStdLog(zap.NewNop())
	srv.Config.TLSConfig = s.Server()
	go func() { _ = srv.Config.ServeTLS(srv.Listener, "", "") }()
	t.Cleanup(func() { _ = srv.Config.Close() })
	return srv
}

// call returns the answer of the server to a new connection.
func call(t *testing.T, srv *httptest.Server, s *identity.Source, id identity.ServerID) (string, error) {
	t.Helper()
	config, err := s.Client(id)
	require.NoError(t, err)
	return callWith(srv, config)
}

func callWith(srv *httptest.Server, config *tls.Config) (string, error) {
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	c := http.Client{Transport: transport, Timeout: 10 * time.Second}
	resp, err := c.Get("https://" + srv.Listener.Addr().String())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(string(body)))
	}
	return string(body), err
}

// refused requires that connecting fails with a reason. A client of TLS 1.3 may be writing already when the server hangs
// up, and then the alert is lost: it tries again, as agents do.
func refused(t *testing.T, why string, connect func() (string, error)) {
	t.Helper()
	var err error
	for range 50 {
		if _, err = connect(); err == nil {
			t.Fatal("was let in")
		}
		if identity.Explain(err) != "" {
			break
		}
	}
	require.Contains(t, identity.Explain(err), why, "%v", err)
}

var local = identity.ServerID{Name: "127.0.0.1"}

func TestWhoMayConnect(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	vault := authority.Request{Name: "vault", SPIFFEID: "spiffe://example.org/vault", Hosts: []string{"127.0.0.1"}}
	agent := authority.Request{Name: "agent"}
	past := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name           string
		server, client *party
		expect         identity.ServerID
		answer, why    string // what the server calls the client; or what the client is told
	}{
		{
			name:   "by common name",
			server: newParty(t, ours, vault), client: newParty(t, ours, agent), expect: local, answer: "agent ",
		},
		{
			name:   "by DNS name before common name",
			server: newParty(t, ours, vault), client: newParty(t, ours, authority.Request{Name: "cn", Hosts: []string{"agent-1.example.org"}}),
			expect: local, answer: "agent-1.example.org ",
		},
		{
			name:   "by SPIFFE ID before every name",
			server: newParty(t, ours, vault), client: newParty(t, ours, authority.Request{Name: "cn", Hosts: []string{"a.b"}, SPIFFEID: "spiffe://example.org/agent"}),
			expect: identity.ServerID{SPIFFEID: "spiffe://example.org/vault"}, answer: "spiffe://example.org/agent ",
		},
		{
			name:   "the server trusts two authorities",
			server: newParty(t, ours, vault, ours, theirs), client: newParty(t, theirs, agent, ours), expect: local, answer: "agent ",
		},
		{
			name:   "a client of a foreign authority",
			server: newParty(t, ours, vault), client: newParty(t, theirs, agent, ours), expect: local,
			why: "does not trust who signed this certificate",
		},
		{
			name:   "a server of a foreign authority",
			server: newParty(t, theirs, vault, ours), client: newParty(t, ours, agent), expect: local,
			why: "signed by nobody trusted here",
		},
		{
			name:   "a server of another name",
			server: newParty(t, ours, vault), client: newParty(t, ours, agent), expect: identity.ServerID{Name: "vault.example.org"},
			why: "certificate is for another name",
		},
		{
			name:   "a server of another SPIFFE ID",
			server: newParty(t, ours, vault), client: newParty(t, ours, agent), expect: identity.ServerID{SPIFFEID: "spiffe://example.org/other"},
			why: "another SPIFFE ID than expected",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := serve(t, c.server.source(t))
			client := c.client.source(t)
			if c.why != "" {
				refused(t, c.why, func() (string, error) { return call(t, srv, client, c.expect) })
				return
			}
			answer, err := call(t, srv, client, c.expect)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(answer, c.answer), "the server calls the client %q", answer)
			require.Len(t, answer, len(c.answer)+64, "and a SHA-256 in hex")
		})
	}

	t.Run("an expired client", func(t *testing.T) {
		client := newParty(t, ours, agent)
		s := client.source(t)
		srv := serve(t, newParty(t, ours, vault).source(t))
		client.replace(t, ours, authority.Request{Name: "agent", NotBefore: past.Add(-time.Hour), NotAfter: past})
		// The source keeps the old one; who insists is refused.
		_, err := call(t, srv, s, local)
		require.NoError(t, err)
		pair, err := tls.LoadX509KeyPair(client.config.CertFile, client.config.KeyFile)
		require.NoError(t, err)
		refused(t, "it has expired", func() (string, error) {
			return callWith(srv, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}})
		})
	})
	t.Run("a client that starts expired, and is renewed", func(t *testing.T) {
		client := newParty(t, ours, authority.Request{Name: "agent", NotBefore: past.Add(-time.Hour), NotAfter: past})
		client.config.AllowExpired = true
		s := client.source(t)
		srv := serve(t, newParty(t, ours, vault).source(t))
		refused(t, "it has expired", func() (string, error) { return call(t, srv, s, local) })
		client.replace(t, ours, agent)
		_, err := call(t, srv, s, local)
		require.NoError(t, err)
	})
	t.Run("no certificate", func(t *testing.T) {
		srv := serve(t, newParty(t, ours, vault).source(t))
		refused(t, "none was shown", func() (string, error) { return callWith(srv, &tls.Config{InsecureSkipVerify: true}) })
	})
	t.Run("TLS 1.2", func(t *testing.T) {
		_, err := callWith(serve(t, newParty(t, ours, vault).source(t)), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		require.Contains(t, identity.Explain(err), "does not speak TLS 1.3", "%v", err)
	})
	t.Run("no TLS", func(t *testing.T) {
		plain := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(plain.Close)
		_, err := call(t, plain, newParty(t, ours, agent).source(t), local)
		require.Contains(t, identity.Explain(err), "does not speak TLS", "%v", err)
	})
}

// TestHTTP: the client of a server says why it is turned away, at every try.
func TestHTTP(t *testing.T) {
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	srv := serve(t, newParty(t, ours, authority.Request{Name: "vault", Hosts: []string{"127.0.0.1"}}).source(t))
	get := func(s *identity.Source) (*http.Response, error) {
		c, err := s.HTTP(local)
		require.NoError(t, err)
		t.Cleanup(c.CloseIdleConnections)
		return c.Get("https://" + srv.Listener.Addr().String())
	}
	stranger := newParty(t, theirs, authority.Request{Name: "agent"}, ours).source(t)
	for range 20 {
		_, err := get(stranger)
		require.ErrorContains(t, err, "does not trust who signed this certificate")
	}
	res, err := get(newParty(t, ours, authority.Request{Name: "agent"}).source(t))
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, 2, res.ProtoMajor)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(body), "agent "), string(body))
}

func TestReplacedFiles(t *testing.T) {
	old, new := newAuthority(t, "old"), newAuthority(t, "new")
	vault := authority.Request{Name: "vault", Hosts: []string{"127.0.0.1"}}
	core, logs := observer.New(zap.InfoLevel)
	server, client := newParty(t, old, vault, old), newParty(t, old, authority.Request{Name: "first"}, old)
	server.config.Logger = zap.New(core)
	vaultSource, agent := server.source(t), client.source(t)
	srv := serve(t, vaultSource)
	is := func(want string) {
		t.Helper()
		answer, err := call(t, srv, agent, local)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(answer, want+" "), answer)
	}
	is("first")
	client.replace(t, old, authority.Request{Name: "second"})
	is("second")

	// A move to another authority, without restart: trust both, replace, trust the new one alone.
	server.trust(t, old, new)
	client.trust(t, old, new)
	client.replace(t, new, authority.Request{Name: "third"})
	is("third")
	server.replace(t, new, vault)
	is("third")
	server.trust(t, new)
	client.trust(t, new)
	is("third")
	left := newParty(t, old, authority.Request{Name: "left behind"}, new).source(t)
	refused(t, "does not trust who signed", func() (string, error) { return call(t, srv, left, local) })

	// Half a replacement: the key is there before its certificate.
	pair, err := new.Sign(vault)
	require.NoError(t, err)
	before, err := vaultSource.Self()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(server.config.KeyFile, pair.Key, 0o600))
	is("third")
	is("third")
	require.Len(t, logs.FilterMessageSnippet("cannot be used").All(), 1, "one message for one fault")
	require.NoError(t, os.WriteFile(server.config.CertFile, pair.Cert, 0o600))
	is("third")
	after, err := vaultSource.Self()
	require.NoError(t, err)
	require.NotEqual(t, before.Fingerprint, after.Fingerprint)
	require.NoError(t, os.Remove(server.config.CAFile))
	is("third")
	for _, l := range logs.All() {
		require.NotContains(t, l.Message, "PRIVATE")
	}
}

func TestUnusableFiles(t *testing.T) {
	a := newAuthority(t, "a")
	past := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name, want string
		harm       func(*party)
	}{
		{"no certificate", "no such file", func(p *party) { require.NoError(t, os.Remove(p.config.CertFile)) }},
		{"another's key", "private key does not match", func(p *party) {
			pair, err := a.Sign(authority.Request{Name: "x"})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(p.config.KeyFile, pair.Key, 0o600))
		}},
		{"empty CA file", "holds no certificate", func(p *party) { require.NoError(t, os.WriteFile(p.config.CAFile, nil, 0o600)) }},
		{"expired", "expired on", func(p *party) {
			p.replace(t, a, authority.Request{Name: "x", NotBefore: past.Add(-time.Hour), NotAfter: past})
		}},
		{"not yet valid", "not valid before", func(p *party) {
			p.replace(t, a, authority.Request{Name: "x", NotBefore: time.Now().Add(time.Hour)})
		}},
		{"nameless", "neither a SPIFFE ID nor", func(p *party) { p.replace(t, a, authority.Request{}) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newParty(t, a, authority.Request{Name: "me"})
			c.harm(p)
			_, err := identity.Files(p.config)
			require.ErrorContains(t, err, c.want)
		})
	}
	t.Run("nobody expected", func(t *testing.T) {
		s := newParty(t, a, authority.Request{Name: "me"}).source(t)
		_, err := s.Client(identity.ServerID{})
		require.Error(t, err)
		_, err = s.Client(identity.ServerID{Name: "a", SPIFFEID: "spiffe://b/c"})
		require.Error(t, err)
	})
}

// TestCheckServer: a certificate that only clients may show is found before clients are turned away.
func TestCheckServer(t *testing.T) {
	a := newAuthority(t, "a")
	for _, c := range []struct {
		name  string
		usage []x509.ExtKeyUsage
		want  string
	}{
		{"for both", []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, ""},
		{"for anything", []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, ""},
		{"for what it does not say", nil, ""},
		{"for clients", []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, "serverAuth"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newParty(t, a, authority.Request{Name: "me"})
			public, private, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			template := &x509.Certificate{
				SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "me"}, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: c.usage,
			}
			der, err := x509.CreateCertificate(nil, template, template, public, private)
			require.NoError(t, err)
			key, err := x509.MarshalPKCS8PrivateKey(private)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(p.config.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
			require.NoError(t, os.WriteFile(p.config.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
			err = identity.CheckServer(p.config)
			if c.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.want)
			}
		})
	}
}

func TestPeerOfNobody(t *testing.T) {
	for name, cs := range map[string]*tls.ConnectionState{
		"no connection": nil, "no certificate": {HandshakeComplete: true}, "unfinished": {},
	} {
		_, err := identity.PeerOf(cs)
		require.Error(t, err, name)
	}
	require.Empty(t, identity.Explain(nil))
	require.Empty(t, identity.Explain(&net.OpError{Op: "dial", Err: errors.New("refused")}))
}
