package pebble_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

// killEnv names the directory the re-executed test binary is to fill until it is killed.
const killEnv = "CLOAKROOM_STORE_KILL_TEST"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killEnv); dir != "" {
		fillForEver(dir)
	}
	os.Exit(m.Run())
}

// fillForEver prints the number of every batch that was acknowledged.
func fillForEver(dir string) {
	s, err := pebble.Open(dir, pebble.Options{MemTableSize: 256 << 10})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	st, err := s.Stats(ctx)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	first := int(st.Records) // each life begins with fresh tokens
	var wg sync.WaitGroup
	var out sync.Mutex
	for g := range 4 {
		wg.Go(func() {
			n := storetest.Session(1, g)
			for i := g; ; i += 4 {
				batch := first + i
				if err := s.Put(ctx, []store.Session{n}, storetest.Records(n, batch*10, 10)); err != nil {
					fmt.Println("error:", err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Printf("%d %d\n", g, batch)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// TestKill kills a writing process over and over in the same directory. What it said was stored, is stored.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	acked := map[int]int{} // batch -> session
	for round := range 8 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		time.AfterFunc(time.Duration(100+37*round)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			session, batch, ok := strings.Cut(lines.Text(), " ")
			n, err := strconv.Atoi(batch)
			if !ok || err != nil {
				break // the last line may be torn
			}
			g, err := strconv.Atoi(session)
			require.NoError(t, err, lines.Text())
			acked[n] = g
		}
		require.Error(t, cmd.Wait(), "it ends by being killed only")

		s := open(t, dir, pebble.Options{})
		for batch, g := range acked {
			n := storetest.Session(1, g)
			for _, want := range storetest.Records(n, batch*10, 10) {
				got, session, err := s.Get(t.Context(), want.Token)
				require.NoError(t, err, "round %d: batch %d was acknowledged and is lost", round, batch)
				require.Equal(t, want.Sealed, got.Sealed)
				require.Equal(t, n.Enc, session.Enc)
			}
		}
		require.NoError(t, s.Close())
	}
	t.Logf("%d batches acknowledged in 8 lives", len(acked))
	require.NotEmpty(t, acked)
}
