package server_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func openVault(t *testing.T, s server.Settings) *server.Embedded {
	t.Helper()
	s.Store = pebble.Options{MinFree: 1}
	v, err := server.Open(s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close(context.Background())) })
	return v
}

func vaultDir(t *testing.T) string { return filepath.Join(t.TempDir(), "vault") }

// commit mints and commits values and returns their tokens.
func commit(t *testing.T, v *server.Embedded, values ...string) []string {
	t.Helper()
	i := client.New(v.Issuer(), client.Settings{})
	defer i.Close()
	var b token.Batch
	var tokens []string
	for _, value := range values {
		tok, err := i.Mint(nil, email, []byte(value), &b)
		require.NoError(t, err)
		tokens = append(tokens, string(tok))
	}
	require.NoError(t, i.Commit(t.Context(), &b))
	return tokens
}

func dial(t *testing.T, path string) *reveal.Client {
	t.Helper()
	c, err := reveal.Dial(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestEmbedded(t *testing.T) {
	dir := vaultDir(t)
	v := openVault(t, server.Settings{Directory: dir, Listen: true})
	require.True(t, v.Created())
	values := []string{"alice@example.com", "bob@example.com"}
	tokens := commit(t, v, values...)

	for _, path := range []string{dir, v.Socket()} {
		got, err := dial(t, path).Reveal(t.Context(), "INC-42", append(tokens, "nonsense"))
		require.NoError(t, err)
		require.Equal(t, values[0], string(got[0].Value))
		require.Equal(t, values[1], string(got[1].Value))
		require.Equal(t, vaultpb.Outcome_OUTCOME_NOT_A_TOKEN, got[2].Outcome)
	}
	found, err := dial(t, dir).Lookup(t.Context(), "INC-42", reveal.Query{Class: "email", Values: [][]byte{[]byte(values[1])}})
	require.NoError(t, err)
	require.Equal(t, tokens[1], found[0].Token)
	require.True(t, found[0].Escrowed)

	require.NoError(t, v.Close(t.Context()))
	requireNoPlaintext(t, dir, "alice", "bob@")
	requireModes(t, dir)

	v = openVault(t, server.Settings{Directory: dir})
	require.False(t, v.Created())
	got, err := reveal.New(v.Reveal(), v.Letter(), v.Admin()).Reveal(t.Context(), "without a socket", tokens)
	require.NoError(t, err)
	require.Equal(t, values[0], string(got[0].Value))
	_, err = reveal.Dial(t.Context(), dir)
	require.ErrorIs(t, err, reveal.ErrNotRunning)
}

func requireNoPlaintext(t *testing.T, dir string, values ...string) {
	t.Helper()
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for _, value := range values {
			if bytes.Contains(b, []byte(value)) {
				t.Errorf("%s holds a value in plain", path)
			}
		}
		return err
	}))
	require.Greater(t, files, 5)
}

// requireModes: nobody but the owner comes into the directory, and what matters most is closed by itself too.
func requireModes(t *testing.T, dir string) {
	t.Helper()
	for path, want := range map[string]os.FileMode{"": 0o700, "keys": 0o700, "store": 0o700, "audit.log": 0o600, "keys/root.key": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		require.NoError(t, err)
		require.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestSocketMode(t *testing.T) {
	dir := vaultDir(t)
	v := openVault(t, server.Settings{Directory: dir, Listen: true})
	info, err := os.Stat(v.Socket())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Equal(t, filepath.Join(dir, "reveal.sock"), v.Socket())
	require.NoError(t, v.Close(t.Context()))
	_, err = os.Stat(v.Socket())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestSocketInTheWay(t *testing.T) {
	for _, c := range []struct {
		name string
		put  func(t *testing.T, path string)
		want string // of the error; empty: it is replaced
	}{
		{"of a killed process", func(t *testing.T, path string) {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			require.NoError(t, err)
			l.SetUnlinkOnClose(false)
			require.NoError(t, l.Close())
		}, ""},
		{"of a live process", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			require.NoError(t, err)
			t.Cleanup(func() { _ = l.Close() })
		}, "somebody listens"},
		{"a file", func(t *testing.T, path string) { require.NoError(t, os.WriteFile(path, []byte("x"), 0o600)) }, "not a socket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := vaultDir(t)
			require.NoError(t, os.Mkdir(dir, 0o700))
			c.put(t, filepath.Join(dir, "reveal.sock"))
			v, err := server.Open(server.Settings{Directory: dir, Listen: true})
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			dial(t, dir)
			require.NoError(t, v.Close(t.Context()))
		})
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30), "vault")
	v := openVault(t, server.Settings{Directory: dir, Listen: true})
	require.LessOrEqual(t, len(v.Socket()), vaultpb.MaxSocketPath)
	tok := commit(t, v, "alice@example.com")
	got, err := dial(t, dir).Reveal(t.Context(), "INC-1", tok)
	require.NoError(t, err)
	require.Equal(t, "alice@example.com", string(got[0].Value))
	info, err := os.Stat(filepath.Dir(v.Socket()))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	require.NoError(t, v.Close(t.Context()))
	_, err = os.Stat(filepath.Dir(v.Socket()))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestInUse(t *testing.T) {
	dir := vaultDir(t)
	v := openVault(t, server.Settings{Directory: dir, Listen: true})
	_, err := server.Open(server.Settings{Directory: dir, Listen: true})
	require.ErrorIs(t, err, server.ErrInUse)
	dial(t, v.Socket())
}

func TestOpenDirectoryIsRefused(t *testing.T) {
	dir := vaultDir(t)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.Chmod(dir, 0o755))
	_, err := server.Open(server.Settings{Directory: dir})
	require.ErrorContains(t, err, "0700")
}

// dialEnv has the re-executed test binary ask the socket it names, as whoever it runs as.
const dialEnv = "CLOAKROOM_SERVER_DIAL_TEST"

func askAs() int {
	c, err := reveal.Dial(context.Background(), os.Getenv(dialEnv))
	if err == nil {
		_, err = c.Reveal(context.Background(), "curiosity", []string{"nonsense"})
	}
	if err != nil {
		return 7
	}
	return 0
}

// TestStranger: another user is turned away by the kernel's word, even when file modes have been opened.
func TestStranger(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become somebody else")
	}
	dir, err := os.MkdirTemp("/tmp", "cloakroom-stranger-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	vault := filepath.Join(dir, "vault")
	v := openVault(t, server.Settings{Directory: vault, Listen: true})
	self := filepath.Join(dir, "self")
	b, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(self, b, 0o755))
	for _, path := range []string{dir, vault} {
		require.NoError(t, os.Chmod(path, 0o755))
	}
	require.NoError(t, os.Chmod(v.Socket(), 0o777))
	ask := func(uid uint32) int {
		cmd := exec.Command(self)
		cmd.Env = []string{dialEnv + "=" + v.Socket()}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode()
	}
	require.Equal(t, 0, ask(0))
	require.Equal(t, 7, ask(65534))
	require.NoError(t, os.Chmod(vault, 0o700))
}

// TestJanitor destroys what has expired: key, records, tombstones.
func TestJanitor(t *testing.T) {
	c := &clock{now: time.Now().UTC()}
	dir := vaultDir(t)
	var expired int
	v := openVault(t, server.Settings{
		Directory: dir, Epoch: time.Hour, Retention: time.Hour, Now: c.Now,
		Hooks: server.Hooks{Expired: func(_ context.Context, n int) { expired += n }},
	})
	tokens := commit(t, v, "alice@example.com", "bob@example.com")
	c.Add(2*time.Hour - 2*time.Second)
	require.NoError(t, v.Expire(t.Context()))
	require.Zero(t, expired)
	c.Add(3 * time.Second)
	require.NoError(t, v.Expire(t.Context()))
	require.Equal(t, 2, expired)
	st, err := v.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, st.Records)
	got, err := reveal.New(v.Reveal(), v.Letter(), v.Admin()).Reveal(t.Context(), "too late", tokens)
	require.NoError(t, err)
	require.Equal(t, vaultpb.Outcome_OUTCOME_EXPIRED, got[0].Outcome)
	keys, err := filepath.Glob(filepath.Join(dir, "keys", "epochs", "*.key"))
	require.NoError(t, err)
	require.Empty(t, keys)
	var seen []string
	_, err = audit.Read(t.Context(), server.AuditPath(dir), func(e audit.Entry) error {
		seen = append(seen, e.Action)
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, seen, audit.ActionExpire)
}

// TestIssuerIsNotServed: the socket reveals and administrates; nobody mints over it.
func TestIssuerIsNotServed(t *testing.T) {
	v := openVault(t, server.Settings{Directory: vaultDir(t), Listen: true})
	h := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", v.Socket())
	}}}
	for path, want := range map[string]int{
		"/cloakroom.vault.v1.IssuerService/Grant": http.StatusNotFound,
		"/cloakroom.vault.v1.AdminService/Status": http.StatusOK,
		"/": http.StatusNotFound,
	} {
		res, err := h.Post("http://vault"+path, "application/json", strings.NewReader("{}"))
		require.NoError(t, err)
		require.Equal(t, want, res.StatusCode, path)
		require.NoError(t, res.Body.Close())
	}
}

func TestNothingThere(t *testing.T) {
	_, err := reveal.Dial(t.Context(), filepath.Join(t.TempDir(), "nowhere"))
	require.True(t, errors.Is(err, reveal.ErrNotRunning))
	_, err = reveal.Dial(t.Context(), t.TempDir())
	require.True(t, errors.Is(err, reveal.ErrNotRunning))
}
