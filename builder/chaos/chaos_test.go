//go:build services

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// The environment has CHAOS_TIME for how long faults come and go, and CHAOS_SEED to repeat their order and times, and
// the records: what the machine makes of them is its own.
func TestServiceNothingLost(t *testing.T) {
	duration := 2 * time.Minute
	if s := os.Getenv("CHAOS_TIME"); s != "" {
		var err error
		duration, err = time.ParseDuration(s)
		require.NoError(t, err, "CHAOS_TIME")
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "CHAOS_SEED")
	}
	fmt.Printf("chaos: CHAOS_SEED=%d CHAOS_TIME=%s\n", seed, duration)

	r := newRig(t)
	m := &model{sent: map[string]sent{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var senders sync.WaitGroup
	var acknowledged, refused atomic.Int64
	for n, a := range r.agents {
		senders.Go(func() { sendAll(ctx, m, a, n, seed, &acknowledged, &refused) })
	}
	require.NoError(t, r.storm(seed, duration))
	cancel()
	senders.Wait()
	t.Logf("%d batches acknowledged, %d attempts refused and tried again", acknowledged.Load(), refused.Load())
	require.NotZero(t, acknowledged.Load())

	r.settle()
	came := r.collect(m)
	r.judge(m, came)
}

// sendAll sends batches to one agent until ctx ends; one that was not acknowledged is sent again.
func sendAll(ctx context.Context, m *model, a *agent, n int, seed uint64, acknowledged, refused *atomic.Int64) {
	random := rand.New(rand.NewPCG(seed, uint64(n)+1))
	conn, err := grpc.NewClient(a.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	client := plogotlp.NewGRPCClient(conn)
	for batch := 0; ctx.Err() == nil; batch++ {
		ld := m.next(random, n, batch, 20+random.IntN(60))
		for ctx.Err() == nil {
			call, cancel := context.WithTimeout(ctx, 10*time.Second)
			_, err := client.Export(call, plogotlp.NewExportRequestFromLogs(ld))
			cancel()
			if err == nil {
				acknowledged.Add(1)
				break
			}
			refused.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
	}
}

// storm injects faults, one or two at a time, until the time is over, and heals the last ones.
func (r *rig) storm(seed uint64, duration time.Duration) error {
	random := rand.New(rand.NewPCG(seed, 0))
	for end := time.Now().Add(duration); time.Now().Before(end); {
		time.Sleep(time.Duration(300+random.IntN(1500)) * time.Millisecond)
		var heals []func() error
		used := map[int]bool{}
		for range 1 + random.IntN(2) {
			n := random.IntN(len(faults))
			if used[n] || clash(used, n) {
				continue
			}
			used[n] = true
			fmt.Printf("chaos: %s: %s\n", time.Now().Format("15:04:05.000"), faults[n].name)
			heal, err := faults[n].inject(r, random)
			if err != nil {
				return fmt.Errorf("%s: %w", faults[n].name, err)
			}
			heals = append(heals, heal)
		}
		time.Sleep(time.Duration(500+random.IntN(4000)) * time.Millisecond)
		for n := len(heals) - 1; n >= 0; n-- { // a database before the vault on it
			if err := heals[n](); err != nil {
				return err
			}
		}
	}
	return nil
}

// clash reports faults of one and the same process: what freezes cannot be killed and healed in any order. The first
// three are of the vault, the next two of PostgreSQL, then two of agents; a full disk is an agent's too.
func clash(used map[int]bool, n int) bool {
	group := func(n int) int {
		switch {
		case n < 3:
			return 0
		case n < 5:
			return 1
		case n < 7 || n == len(faults)-1:
			return 2
		}
		return 3
	}
	for o := range used {
		// A vault is not restarted while its database is away: that is healed first.
		if group(o) == group(n) || group(o)+group(n) == 1 {
			return true
		}
	}
	return false
}

// settle waits until every agent has shipped its spool, and stops the agents.
func (r *rig) settle() {
	r.t.Helper()
	require.NoError(r.t, r.vault.healthy(60*time.Second))
	for _, a := range r.agents {
		require.NoError(r.t, a.healthy(60*time.Second))
		require.Eventually(r.t, func() bool { return len(segments(a.dir)) == 0 }, 2*time.Minute, 100*time.Millisecond,
			"%s still has a spool: %v", a.name, segments(a.dir))
		require.NoError(r.t, a.stop())
	}
}

// segments are the files of a spool that hold records, with their sizes. One without is but a few bytes long.
func segments(dir string) (out []string) {
	found, _ := filepath.Glob(filepath.Join(dir, "spool", "*.seg"))
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && info.Size() > 64 {
			out = append(out, fmt.Sprintf("%s: %d bytes", filepath.Base(path), info.Size()))
		}
	}
	return out
}

// collect reads what came out of all agents.
func (r *rig) collect(m *model) []came {
	r.t.Helper()
	var all []came
	records := 0
	for _, a := range r.agents {
		files, err := filepath.Glob(filepath.Join(a.dir, "out-*.jsonl"))
		require.NoError(r.t, err)
		for _, f := range files {
			o, err := m.read(f)
			require.NoError(r.t, err)
			require.Empty(r.t, o.plain, f)
			all = append(all, o.came...)
			records += len(o.records)
		}
	}
	r.t.Logf("%d records came out with %d revealable tokens", records, len(all))
	require.NotEmpty(r.t, all)
	return all
}

// judge reveals every token and holds the answers against what was sent.
func (r *rig) judge(m *model, all []came) {
	r.t.Helper()
	value, unlinked := map[string]string{}, r.unlinked()
	tokens := map[string]map[string]bool{} // by kid and value
	var text strings.Builder
	for _, c := range all {
		if old, seen := value[c.token]; seen {
			require.Equal(r.t, old, c.value, "one token for two values")
			continue
		}
		value[c.token] = c.value
		fmt.Fprintln(&text, c.token)
		if !unlinked[c.token] && !c.random {
			key := strings.Split(c.token, "_")[1] + strings.Split(c.token, "_")[2] + c.value
			if tokens[key] == nil {
				tokens[key] = map[string]bool{}
			}
			tokens[key][c.token] = true
		}
	}
	for _, set := range tokens {
		require.Len(r.t, set, 1, "one value, one scope and epoch: one token that links, whichever agent minted it")
	}
	out, code, err := r.run(r.t.Context(), text.String(), "reveal", "--purpose", "chaos", "--format", "json", "-")
	require.NoError(r.t, err)
	revealed, wrong := 0, map[string]int{}
	for line := range strings.Lines(out) {
		var answer struct{ Token, Value, Reason string }
		if json.Unmarshal([]byte(line), &answer) != nil {
			continue
		}
		if answer.Value == value[answer.Token] {
			revealed++
		} else {
			wrong[answer.Token+": "+answer.Reason]++
		}
	}
	r.t.Logf("%d tokens revealed of %d, %d of them unlinked", revealed, len(value), len(unlinked))
	require.Empty(r.t, wrong)
	require.Equal(r.t, len(value), revealed, "exit code %d; the end of the answer: %s", code, out[max(0, len(out)-500):])
	r.noPlain()
	out, code, err = r.run(r.t.Context(), "", "vault", "audit", "verify")
	require.NoError(r.t, err)
	require.Zero(r.t, code, out)
}

// unlinked are the tokens that agents made in the vault's place: those of the second form of records.
func (r *rig) unlinked() map[string]bool {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.database.URL())
	require.NoError(r.t, err)
	defer conn.Close(r.t.Context())
	var schema string
	require.NoError(r.t, conn.QueryRow(r.t.Context(), `select schemaname from pg_tables where tablename = 'vault_records'`).Scan(&schema))
	rows, err := conn.Query(r.t.Context(), "select token from "+schema+".vault_records where get_byte(sealed, 0) = 2")
	require.NoError(r.t, err)
	tokens, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(r.t, err)
	set := make(map[string]bool, len(tokens))
	for _, tok := range tokens {
		set[tok] = true
	}
	return set
}

// noPlain looks for the driver's addresses in everything that was written.
func (r *rig) noPlain() {
	r.t.Helper()
	places, size := 0, 0
	look := func(where string, content []byte) {
		places++
		size += len(content)
		lower := bytes.ToLower(content)
		require.NotContains(r.t, string(lower), domain, where)
		require.NotContains(r.t, string(lower), fmt.Sprintf("%x", domain), where)
	}
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			look(path, content)
		}
		return err
	}))
	conn, err := pgx.Connect(r.t.Context(), r.database.URL())
	require.NoError(r.t, err)
	defer conn.Close(r.t.Context())
	rows, err := conn.Query(r.t.Context(), `select schemaname || '.' || tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
	require.NoError(r.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(r.t, err)
	require.NotEmpty(r.t, tables)
	for _, table := range tables {
		rows, err := conn.Query(r.t.Context(), "select t::text from "+table+" t")
		require.NoError(r.t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(r.t, err)
		look("table "+table, []byte(strings.Join(texts, "\n")))
	}
	r.t.Logf("no address in plain in %d places, %d KiB", places, size/1024)
}
