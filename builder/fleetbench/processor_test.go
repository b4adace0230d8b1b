//go:build unix

package fleetbench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/processor/tokenization"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

// serveEnv names the configuration of a vault that this program serves in place of running benchmarks: agents and vault are
// different processes, as in a fleet, and processor time is of the agent alone.
const serveEnv = "CLOAKROOM_FLEETBENCH_VAULT"

func TestMain(m *testing.M) {
	if path := os.Getenv(serveEnv); path != "" {
		if err := serveUntilEOF(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveUntilEOF(path string) error {
	c, err := standalone.Read(path)
	if err != nil {
		return err
	}
	v, err := standalone.Open(context.Background(), c, zap.NewNop())
	if err != nil {
		return err
	}
	issuer, _, _ := v.Addresses()
	fmt.Println(issuer)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return v.Close(context.Background())
}

// process runs the vault of a home in a process of its own and returns where agents find it.
func (h home) process(b *testing.B) (address string) {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), serveEnv+"="+h.config()), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

// contender is a processor over an issuer of one kind.
type contender struct {
	name    string
	consume func(context.Context, plog.Logs) error
	issuer  *client.Issuer
	spool   *spool.Spool
	syncs   atomic.Int64

	took   []time.Duration // by turn: until the batch is through
	cpu    time.Duration   // until what was spooled is shipped, too
	ratios []float64       // of took, to the first contender's
}

// issuerComponent is an extension that has nothing but its issuer.
type issuerComponent struct {
	component.StartFunc
	component.ShutdownFunc
	rewrite.Issuer
}

func (c *contender) start(b *testing.B) {
	factory := tokenization.NewFactory()
	id := component.MustNewID("token_vault")
	cfg := factory.CreateDefaultConfig()
	require.NoError(b, confmap.NewFromStringMap(map[string]any{
		"vault": id.String(), "presets": []any{"default"},
		"rules": []any{map[string]any{"entities": []any{"payment_card"}, "action": "tokenize"}}, // the preset masks them
	}).Unmarshal(cfg))
	require.NoError(b, confmap.Validate(cfg))
	p, err := factory.CreateLogs(context.Background(), processortest.NewNopSettings(factory.Type()), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(context.Background(), host{componenttest.NewNopHost(), map[component.ID]component.Component{id: issuerComponent{Issuer: c.issuer}}}))
	b.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	c.consume = p.ConsumeLogs
}

type host struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

// drained waits until the vault has all that the spool held.
func (c *contender) drained() {
	for c.spool != nil && c.spool.Stats().Depth > 0 {
		time.Sleep(50 * time.Microsecond)
	}
}

// contenders are an embedded vault and three agents of one vault in another process.
func contenders(b *testing.B) []*contender {
	v, err := server.Open(server.Settings{Directory: filepath.Join(b.TempDir(), "embedded")})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, v.Close(context.Background())) })
	h := newHome(b, onPebble)
	address := h.process(b)
	spooled := &contender{name: "remote_spool"}
	spooled.spool, err = spool.Open(spool.Settings{Directory: filepath.Join(b.TempDir(), "spool"), Hooks: spool.Hooks{At: func(point string) {
		if point == "after sync" {
			spooled.syncs.Add(1)
		}
	}}})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, spooled.spool.Close(context.Background())) })
	all := []*contender{{name: "embedded"}, spooled, {name: "remote"}}
	for n, c := range all {
		if n == 0 {
			c.issuer = client.New(v.Issuer(), client.Settings{})
		} else {
			c.issuer = client.New(client.Remote(h.agent(b, address)), client.Settings{Spool: c.spool})
		}
		b.Cleanup(func() { _ = c.issuer.Close() })
		require.NoError(b, c.issuer.Start(b.Context()))
		c.start(b)
	}
	return all
}

// BenchmarkProcessor puts the same batches of 1,000 log records through processors with an embedded vault and with one
// in another process, in turn. Every record has one value. repeated=95 says that one value in twenty is new, and new to
// the vault: contenders share those that are known only. E-mail addresses are minted by the agent; card numbers by the
// vault, where it is elsewhere.
func BenchmarkProcessor(b *testing.B) {
	for _, kind := range []struct {
		name  string
		value func(n int) string
	}{
		{"emails", func(n int) string { return fmt.Sprintf("customer%09d@example.com", n) }},
		{"cards", cardNumber},
	} {
		for _, repeated := range []int{100, 95} {
			b.Run(fmt.Sprintf("%s/repeated=%d", kind.name, repeated), func(b *testing.B) {
				compare(b, contenders(b), kind.value, repeated)
			})
			b.Run(fmt.Sprintf("%s/repeated=%d/in_flight=%d", kind.name, repeated, inFlight), func(b *testing.B) {
				compareFlow(b, contenders(b), kind.value, repeated)
			})
		}
	}
}

// batches make batches that are of equal shape for every contender.
type batches struct {
	value func(n int) string
	fresh int
}

const pool = 2 * batchSize // values known to all

func (p *batches) next(turn, repeated int) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for n := range batchSize {
		v := (turn*batchSize + n) * 7919 % pool
		if n%100 >= repeated {
			v = pool + p.fresh
			p.fresh++
		}
		r := records.AppendEmpty()
		r.Body().SetStr(fmt.Sprintf("order %d confirmed to customer, card or mail %s, shipped from warehouse north, stage=done attempt=1 cache=hit", 100000+n, p.value(v)))
		r.Attributes().PutStr("logger", "com.example.shop.checkout.OrderService")
		r.Attributes().PutStr("http.route", "/api/orders/{id}")
		r.Attributes().PutStr("region", "eu-central-1")
	}
	return logs
}

const inFlight = 4

// compareFlow compares what goes through in steady state: several batches are in flight, as senders have them, and the
// agent has one core. The vault's process has the other, as it has another machine in a fleet.
func compareFlow(b *testing.B, all []*contender, value func(n int) string, repeated int) {
	p := batches{value: value}
	for n := range pool/batchSize + 2 { // all have seen the pool
		for _, c := range all {
			require.NoError(b, c.consume(b.Context(), p.next(n, 100)))
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const round = 2 * inFlight
	flow := func(c *contender, in []plog.Logs) time.Duration {
		begun := time.Now()
		var senders sync.WaitGroup
		for s := range inFlight {
			senders.Go(func() {
				for n := s; n < len(in); n += inFlight {
					if err := c.consume(b.Context(), in[n]); err != nil {
						b.Error(err)
					}
				}
			})
		}
		senders.Wait()
		c.drained() // what went to the spool is part of the work
		return time.Since(begun)
	}
	b.ResetTimer()
	for n := range b.N {
		for k := range all {
			c := all[(k+n)%len(all)]
			in := make([]plog.Logs, round)
			for i := range in {
				in[i] = p.next(n*round+i, repeated)
			}
			runtime.GC()
			c.took = append(c.took, flow(c, in))
		}
		for _, c := range all {
			c.ratios = append(c.ratios, float64(c.took[n])/float64(all[0].took[n]))
		}
	}
	b.StopTimer()
	for _, c := range all {
		b.ReportMetric(float64(percentile(c.took, 0.5).Nanoseconds())/(round*batchSize), c.name+"-ns/record")
		if c != all[0] {
			b.ReportMetric(median(c.ratios), c.name+"-ratio")
		}
	}
}

func compare(b *testing.B, all []*contender, value func(n int) string, repeated int) {
	p := batches{value: value}
	turn := func(c *contender, logs plog.Logs) (took, cpu time.Duration) {
		before, begun := cpuTime(b), time.Now()
		require.NoError(b, c.consume(b.Context(), logs))
		took = time.Since(begun)
		c.drained()
		return took, cpuTime(b) - before
	}
	for n := range pool/batchSize + 2 { // all have seen the pool
		for _, c := range all {
			turn(c, p.next(n, 100))
		}
	}
	begun := make([]client.Stats, len(all))
	for n, c := range all {
		c.syncs.Store(0)
		minted := c.issuer.Stats()
		begun[n] = minted
		require.GreaterOrEqual(b, minted.Escrowed+minted.Spooled+minted.Issued, uint64(pool), "values were not found")
	}
	b.ResetTimer()
	for n := range b.N {
		for k := range all { // each is first equally often
			c := all[(k+n)%len(all)]
			took, cpu := turn(c, p.next(n, repeated))
			c.took = append(c.took, took)
			c.cpu += cpu
		}
		for _, c := range all {
			c.ratios = append(c.ratios, float64(c.took[n])/float64(all[0].took[n]))
		}
	}
	b.StopTimer()
	for n, c := range all {
		calls := c.issuer.Stats()
		b.ReportMetric(float64(calls.Calls+calls.IssueCalls-begun[n].Calls-begun[n].IssueCalls)/float64(b.N), c.name+"-calls/batch")
		b.ReportMetric(float64(c.cpu.Nanoseconds())/float64(b.N*batchSize), c.name+"-cpu-ns/record")
		b.ReportMetric(float64(percentile(c.took, 0.5).Nanoseconds())/batchSize, c.name+"-ns/record")
		if c != all[0] {
			b.ReportMetric(float64(c.cpu)/float64(all[0].cpu), c.name+"-cpu-ratio")
			b.ReportMetric(median(c.ratios), c.name+"-ratio")
		}
		if c.spool != nil {
			b.ReportMetric(float64(c.syncs.Load())/float64(b.N), c.name+"-fsyncs/batch")
		}
	}
}

// cardNumber is a number of sixteen digits with the right check digit.
func cardNumber(n int) string {
	digits := fmt.Sprintf("411111%09d", n)
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}
