//go:build unix

package kafkabench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	kafkaexporter "github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/processor/tokenization"
	kafkareceiver "github.com/cloakroom/cloakroom/receiver/kafkastream"
)

// serveEnv makes this program a kfake in place of running benchmarks: broker and pipeline are different processes, and
// processor time is of the pipeline alone.
const serveEnv = "CLOAKROOM_KAFKABENCH_BROKER"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		if err := serveUntilEOF(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func serveUntilEOF() error {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println(c.ListenAddrs()[0])
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startBroker runs a kfake in a process of its own and returns where it is.
func startBroker(b testing.TB) (address string) {
	b.Helper()
	return startSelf(b, []string{serveEnv + "=1"}).hear(b)
}

// process is one of this program, which ends with what it reads.
type process struct {
	pid int
	in  io.Writer
	out *bufio.Reader
}

// startSelf runs this program until the end of the test, with more in its environment.
func startSelf(b testing.TB, environ []string, args ...string) *process {
	b.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env, cmd.Stderr = append(os.Environ(), environ...), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	b.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return &process{cmd.Process.Pid, in, bufio.NewReader(out)}
}

func (p *process) tell(b testing.TB, line string) {
	b.Helper()
	_, err := fmt.Fprintln(p.in, line)
	require.NoError(b, err)
}

func (p *process) hear(b testing.TB) string {
	b.Helper()
	line, err := p.out.ReadString('\n')
	require.NoError(b, err)
	return strings.TrimSpace(line)
}

const (
	source     = "source"
	partitions = 8
	recordSize = 512
	people     = 20_000
)

// bench is a broker with a topic of records to read.
type bench struct {
	address     string
	records     int
	compression string
	client      *kgo.Client
	runs        int // every run has a group and a topic of its own
}

// newBench fills the topic with records that are compressed as those that the pipeline writes are.
func newBench(b testing.TB, records int, compression string) *bench {
	b.Helper()
	codec := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "zstd": kgo.ZstdCompression()}[compression]
	w := &bench{address: startBroker(b), records: records, compression: compression}
	var err error
	w.client, err = kgo.NewClient(kgo.SeedBrokers(w.address), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(5*time.Millisecond))
	require.NoError(b, err)
	b.Cleanup(w.client.Close)
	w.create(b, source)
	for n := range records {
		w.client.Produce(b.Context(), &kgo.Record{Topic: source, Partition: int32(n % partitions), Value: line(n)}, nil)
	}
	require.NoError(b, w.client.Flush(b.Context()))
	return w
}

// line is a JSON log record of recordSize bytes with one e-mail address.
func line(n int) []byte {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	const form = `{"timestamp":"2026-01-02T03:04:%02d.%03dZ","level":"info","logger":"com.example.shop.checkout.OrderService","thread":"worker-%d","message":"order confirmed and handed over","customer":{"email":"customer%06d@example.com"},"http":{"method":"POST","route":"/api/orders/{id}","status":200,"duration_ms":%d},"region":"eu-central-1","cache":"hit","attempt":1,"note":"%s"}`
	values := []any{r.IntN(60), r.IntN(1000), r.IntN(8), r.IntN(people), r.IntN(900), ""}
	values[5] = strings.Repeat("shipped from warehouse north ", 20)[:recordSize-len(fmt.Sprintf(form, values...))]
	return fmt.Appendf(nil, form, values...)
}

func (w *bench) create(b testing.TB, name string) {
	b.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(b.Context(), w.client)
	require.NoError(b, err)
	require.Zero(b, resp.Topics[0].ErrorCode)
}

// drop gives the broker's memory back.
func (w *bench) drop(b testing.TB, name string) {
	b.Helper()
	topic := kmsg.NewDeleteTopicsRequestTopic()
	topic.Topic = kmsg.StringPtr(name)
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TopicNames, req.Topics = []string{name}, append(req.Topics, topic)
	_, err := req.RequestWith(b.Context(), w.client)
	require.NoError(b, err)
}

// meter counts records that are through, from the first one that came.
type meter struct {
	begun, count atomic.Int64 // begun in nanoseconds of the wall clock
	want         int64
	done         chan struct{}
	took         time.Duration
}

func newMeter(records int) *meter { return &meter{want: int64(records), done: make(chan struct{})} }

func (m *meter) begin() { m.begun.CompareAndSwap(0, time.Now().UnixNano()) }

func (m *meter) through(n int) {
	if after := m.count.Add(int64(n)); after >= m.want && after-int64(n) < m.want {
		m.took = time.Duration(time.Now().UnixNano() - m.begun.Load())
		close(m.done)
	}
}

// begins and ends are the first and the last consumer of a pipeline that a meter measures.
func (m *meter) begins(next consumer.Logs) consumer.Logs {
	c, _ := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
		m.begin()
		return next.ConsumeLogs(ctx, ld)
	}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	return c
}

func (m *meter) ends(next consumer.Logs) consumer.Logs {
	c, _ := consumer.NewLogs(func(ctx context.Context, ld plog.Logs) error {
		n := ld.LogRecordCount()
		err := next.ConsumeLogs(ctx, ld)
		if err == nil {
			m.through(n)
		}
		return err
	}, consumer.WithCapabilities(consumer.Capabilities{MutatesData: true}))
	return c
}

func configure(b testing.TB, cfg component.Config, values map[string]any) {
	b.Helper()
	require.NoError(b, confmap.NewFromStringMap(values).Unmarshal(cfg))
	require.NoError(b, confmap.Validate(cfg))
}

// start runs a pipeline, with the processor where host has a vault, and returns how to stop it.
func (w *bench) start(b testing.TB, m *meter, host component.Host, tokenizing bool, group, to string) (stop func()) {
	b.Helper()
	ctx := context.Background()
	ef := kafkaexporter.NewFactory()
	ec := ef.CreateDefaultConfig()
	configure(b, ec, map[string]any{"brokers": []any{w.address}, "topic": to, "compression": w.compression})
	e, err := ef.CreateLogs(ctx, exportertest.NewNopSettings(ef.Type()), ec)
	require.NoError(b, err)
	parts := []component.Component{e}
	next := m.ends(e)
	if tokenizing {
		pf := tokenization.NewFactory()
		pc := pf.CreateDefaultConfig()
		configure(b, pc, map[string]any{"vault": vaultID.String(), "presets": []any{"default"}})
		p, err := pf.CreateLogs(ctx, processortest.NewNopSettings(pf.Type()), pc, next)
		require.NoError(b, err)
		parts, next = append(parts, p), p
	}
	rf := kafkareceiver.NewFactory()
	rc := rf.CreateDefaultConfig()
	configure(b, rc, map[string]any{"brokers": []any{w.address}, "topics": []any{source}, "group": group, "heartbeat_interval": "200ms"}) // members hear of others at once
	r, err := rf.CreateLogs(ctx, receivertest.NewNopSettings(rf.Type()), rc, m.begins(next))
	require.NoError(b, err)
	parts = append(parts, r)
	for _, part := range parts {
		require.NoError(b, part.Start(ctx, host))
	}
	return func() {
		for i := range parts {
			require.NoError(b, parts[len(parts)-1-i].Shutdown(ctx))
		}
	}
}

// cpuTime is the processor time of this process.
func cpuTime(b testing.TB) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
