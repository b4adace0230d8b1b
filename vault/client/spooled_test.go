package client_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// killEnv names the directory of the re-executed test binary and the point at which it is to die.
const killEnv = "CLOAKROOM_CLIENT_KILL_TEST"

func TestMain(m *testing.M) {
	if dir, point, ok := strings.Cut(os.Getenv(killEnv), "|"); ok {
		issueUntilKilled(dir, point)
	}
	os.Exit(m.Run())
}

func openVault(dir string) (*server.Embedded, error) {
	return server.Open(server.Settings{Directory: filepath.Join(dir, "vault"), Store: pebble.Options{MinFree: 1, MemTableSize: 256 << 10}})
}

// issueUntilKilled mints and commits through a spool into a vault in this process, prints what was committed, and dies.
func issueUntilKilled(dir, point string) {
	die := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	passes := 0
	sp, err := spool.Open(spool.Settings{Directory: filepath.Join(dir, "spool"), MaxBytes: 128 << 10, Hooks: spool.Hooks{At: func(at string) {
		if passes++; at == point && passes > 12 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}}})
	die(err)
	v, err := openVault(dir)
	die(err)
	i := client.New(v.Issuer(), client.Settings{Spool: sp})
	var b token.Batch
	for n := 0; ; n++ {
		b.Reset()
		lines := ""
		for k := range 10 {
			value := fmt.Sprintf("user%d.%d.%d@example.com", os.Getpid(), n, k)
			tok, err := i.Mint(nil, token.Class{Name: "email", Scope: "default", Kind: token.Kind(k % 2)}, []byte(value), &b)
			die(err)
			lines += string(tok) + " " + value + "\n"
		}
		if i.Commit(context.Background(), &b) == nil {
			fmt.Print(lines)
		}
	}
}

// TestKillAgent kills an agent and its vault at every point of the spool. Every token that left reveals to its value
// once the next process has shipped what was left.
func TestKillAgent(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	values := map[string]string{}
	for _, point := range []string{
		"before append", "after append", "before sync", "after sync", "before ship", "after ship", "before remove", "after remove",
	} {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), killEnv+"="+dir+"|"+point)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(out); lines.Scan(); {
			tok, value, _ := strings.Cut(lines.Text(), " ")
			if tok == "error:" {
				t.Fatalf("%s: %s", point, value)
			}
			if strings.HasSuffix(value, ".com") { // the last line may be torn
				values[tok] = value
			}
		}
		if cmd.Wait() == nil {
			t.Fatalf("%s: ended without being killed", point)
		}
	}
	v, err := openVault(dir)
	if err != nil {
		t.Fatal(err)
	}
	sp, err := spool.Open(spool.Settings{Directory: filepath.Join(dir, "spool")})
	if err != nil {
		t.Fatal(err)
	}
	i := client.New(v.Issuer(), client.Settings{Spool: sp})
	for end := time.Now().Add(20 * time.Second); sp.Stats().Depth > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", sp.Stats())
		}
	}
	if st := sp.Stats(); st.Denied != 0 || st.Invalid != 0 || st.Quarantined != 0 {
		t.Errorf("%+v", st)
	}
	reveal(t, v, values)
	t.Logf("%d tokens", len(values))
	if err := errors.Join(i.Close(), sp.Close(context.Background()), v.Close(context.Background())); err != nil {
		t.Error(err)
	}
}

func reveal(t *testing.T, v *server.Embedded, values map[string]string) {
	t.Helper()
	var tokens []string
	for tok := range values {
		tokens = append(tokens, tok)
	}
	for len(tokens) > 0 {
		n := min(len(tokens), 1000)
		answer, err := v.Reveal().Reveal(context.Background(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "test", Tokens: tokens[:n]}))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range answer.Msg.Results {
			if r.Outcome != vaultpb.Outcome_OUTCOME_REVEALED || string(r.Value) != values[r.Token] {
				t.Fatalf("%s: %v", r.Token, r.Outcome)
			}
		}
		tokens = tokens[n:]
	}
}

// TestSpoolOfAnotherVault: the agent's configuration was changed to another vault while its spool was not empty.
func TestSpoolOfAnotherVault(t *testing.T) {
	first, second := embedded(t), embedded(t)
	dir := filepath.Join(t.TempDir(), "spool")
	sp, err := spool.Open(spool.Settings{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	i := client.New(deaf{first.Issuer()}, client.Settings{Spool: sp})
	var b token.Batch
	tok, err := i.Mint(nil, token.Class{Name: "email", Scope: "default"}, []byte("bob@example.com"), &b)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(i.Commit(context.Background(), &b), i.Close(), sp.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	if sp, err = spool.Open(spool.Settings{Directory: dir}); err != nil {
		t.Fatal(err)
	}
	i = client.New(second.Issuer(), client.Settings{Spool: sp})
	if err := i.Start(context.Background()); !errors.Is(err, spool.ErrForeign) {
		t.Errorf("Start: %v, want ErrForeign", err)
	}
	if err := errors.Join(i.Close(), sp.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	if st, err := second.Stats(context.Background()); err != nil || st.Records != 0 {
		t.Errorf("%+v, %v: shipped to another vault", st, err)
	}
	if sp, err = spool.Open(spool.Settings{Directory: dir}); err != nil {
		t.Fatal(err)
	}
	i = client.New(first.Issuer(), client.Settings{Spool: sp})
	if err := errors.Join(i.Start(context.Background()), i.Close(), sp.Close(context.Background())); err != nil {
		t.Fatal(err)
	}
	reveal(t, first, map[string]string{string(tok): "bob@example.com"})
}

// deaf is a vault that grants and takes nothing.
type deaf struct{ client.Vault }

func (deaf) Escrow(context.Context, *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	return nil, connect.NewError(connect.CodeUnavailable, errors.New("deaf"))
}
