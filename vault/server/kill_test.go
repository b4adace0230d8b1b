package server_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// killEnv names the vault the re-executed test binary is to issue from until it is killed.
const killEnv = "CLOAKROOM_SERVER_KILL_TEST"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(killEnv) != "":
		issueForEver(os.Getenv(killEnv))
	case os.Getenv(dialEnv) != "":
		os.Exit(askAs())
	}
	os.Exit(m.Run())
}

// issueForEver mints, commits, reveals some, and prints every token with its value once it is committed.
func issueForEver(dir string) {
	die := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	v, err := server.Open(server.Settings{Directory: dir, Listen: true, Store: pebble.Options{MinFree: 1, MemTableSize: 256 << 10}})
	die(err)
	issuer := client.New(v.Issuer(), client.Settings{})
	var wg sync.WaitGroup
	var out sync.Mutex
	for g := range 4 {
		wg.Go(func() {
			var b token.Batch
			for i := 0; ; i++ {
				b.Reset()
				lines := ""
				var last string
				for j := range 5 {
					kind := token.Deterministic
					if j == 4 {
						kind = token.Random
					}
					value := fmt.Sprintf("user%d.%d.%d.%d@example.com", os.Getpid(), g, i, j)
					tok, err := issuer.Mint(nil, token.Class{Name: "email", Scope: "default", Kind: kind}, []byte(value), &b)
					die(err)
					last = string(tok)
					lines += last + " " + value + "\n"
				}
				die(issuer.Commit(context.Background(), &b))
				out.Lock()
				fmt.Print(lines)
				out.Unlock()
				if i%16 == 0 {
					_, err := reveal.New(v.Reveal(), v.Letter(), v.Admin()).Reveal(context.Background(), "while writing", []string{last})
					die(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestKill kills an issuing process over and over on the same vault. Every token it said was committed is revealed to
// its value afterwards, and the audit log is whole.
func TestKill(t *testing.T) {
	dir := vaultDir(t)
	self, err := os.Executable()
	require.NoError(t, err)
	values := map[string]string{}
	for round := range 6 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(200+53*round)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			require.NotContains(t, lines.Text(), "error:")
			tok, value, ok := strings.Cut(lines.Text(), " ")
			if ok && strings.HasSuffix(value, ".com") { // the last line may be torn
				values[tok] = value
			}
		}
		require.Error(t, cmd.Wait(), "it ends by being killed only")
		requireAll(t, dir, values)
	}
	t.Logf("%d tokens in 6 lives", len(values))
	require.NotEmpty(t, values)
}

func requireAll(t *testing.T, dir string, values map[string]string) {
	t.Helper()
	v, err := server.Open(server.Settings{Directory: dir, Listen: true, Store: pebble.Options{MinFree: 1}})
	require.NoError(t, err, "the killed process leaves nothing in the way")
	defer func() { require.NoError(t, v.Close(t.Context())) }()
	tokens := make([]string, 0, len(values))
	for tok := range values {
		tokens = append(tokens, tok)
	}
	c := dial(t, dir)
	got, err := c.Reveal(t.Context(), "after the crash", tokens)
	require.NoError(t, err)
	for _, r := range got {
		require.Equal(t, vaultpb.Outcome_OUTCOME_REVEALED, r.Outcome, r.Token)
		require.Equal(t, values[r.Token], string(r.Value))
	}
	st, err := c.Admin().VerifyAudit(t.Context(), connect.NewRequest(&vaultpb.VerifyAuditRequest{}))
	require.NoError(t, err)
	require.True(t, st.Msg.Intact, st.Msg.Faults)
}
