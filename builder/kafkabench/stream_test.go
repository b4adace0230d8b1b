//go:build unix

package kafkabench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

// way is one of the ways from topic to topic that are compared.
type way struct {
	name  string
	start func(b *testing.B, m *meter, group, to string) (stop func())

	rates  []float64 // records/s by round
	ratios []float64 // of rates, to the first way's of the same round
	cpu    time.Duration
}

// run takes all records of the source through, and measures.
func (w *bench) run(b *testing.B, v *way) (rate float64) {
	b.Helper()
	w.runs++
	to := "to-" + strconv.Itoa(w.runs)
	w.create(b, to)
	defer w.drop(b, to)
	m := newMeter(w.records)
	before := cpuTime(b)
	stop := v.start(b, m, "group-"+strconv.Itoa(w.runs), to)
	select {
	case <-m.done:
	case <-time.After(2 * time.Minute):
		b.Fatalf("%s: %d records of %d after two minutes", v.name, m.count.Load(), w.records)
	}
	v.cpu += cpuTime(b) - before
	stop()
	return float64(w.records) / m.took.Seconds()
}

// compare lets the ways take turns, and reports the medians of three rounds for every iteration.
func (w *bench) compare(b *testing.B, ways []*way) {
	b.Helper()
	rounds := 3 * b.N // one says too little
	b.ResetTimer()
	for n := range rounds {
		rates := make([]float64, len(ways))
		for k := range ways { // each is first equally often
			i := (k + n) % len(ways)
			rates[i] = w.run(b, ways[i])
		}
		for i, v := range ways {
			v.rates = append(v.rates, rates[i])
			v.ratios = append(v.ratios, rates[i]/rates[0])
		}
	}
	w.report(b, ways, rounds)
}

// report tells the medians of the rounds.
func (w *bench) report(b *testing.B, ways []*way, rounds int) {
	b.Helper()
	b.StopTimer()
	for i, v := range ways {
		b.ReportMetric(median(v.rates), v.name+"-records/s")
		b.ReportMetric(float64(v.cpu.Nanoseconds())/float64(rounds*w.records), v.name+"-cpu-ns/record")
		if i > 0 {
			b.ReportMetric(median(v.ratios), v.name+"-ratio")
		}
	}
	b.ReportMetric(0, "ns/op") // of rounds of all ways: it says nothing
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// BenchmarkStream takes JSON log records of 512 bytes with one e-mail address each from topic to topic, 8 partitions each,
// over a kfake in another process. passing is receiver and exporter alone, tokenizing has the processor with its default rules
// and an embedded vault between them, copying is a loop of kafka-go's: one Fetch loop for each partition of a ConsumerGroup
// and a Writer, all acknowledged by all replicas. The addresses are of 20,000 people, whom the vault knows after the first run, or, with vault=new, has to get
// to know: a vault of its own for every run. With compression=zstd records come and go compressed. Ratios are to passing, within a round.
func BenchmarkStream(b *testing.B) {
	w := newBench(b, 300_000, "none")
	known := startVault(b)
	passing := func(b *testing.B, m *meter, group, to string) func() { return w.start(b, m, known, false, group, to) }
	tokenizing := func(host func(b *testing.B) component.Host) func(b *testing.B, m *meter, group, to string) func() {
		return func(b *testing.B, m *meter, group, to string) func() { return w.start(b, m, host(b), true, group, to) }
	}
	b.Run("vault=known", func(b *testing.B) {
		withKnown := tokenizing(func(*testing.B) component.Host { return known })
		w.run(b, &way{name: "warming", start: withKnown})
		w.compare(b, []*way{{name: "passing", start: passing}, {name: "tokenizing", start: withKnown}, {name: "copying", start: w.copying}})
	})
	b.Run("compression=zstd", func(b *testing.B) {
		w := newBench(b, 300_000, "zstd")
		w.compare(b, []*way{
			{name: "passing", start: func(b *testing.B, m *meter, group, to string) func() { return w.start(b, m, known, false, group, to) }},
			{name: "tokenizing", start: func(b *testing.B, m *meter, group, to string) func() { return w.start(b, m, known, true, group, to) }},
			{name: "copying", start: w.copying},
		})
	})
	b.Run("vault=new", func(b *testing.B) {
		w.compare(b, []*way{{name: "passing", start: passing}, {name: "tokenizing", start: tokenizing(func(b *testing.B) component.Host { return startVault(b) })}})
	})
}

// BenchmarkConsumers is tokenizing of BenchmarkStream by 1, 2 and 4 members of one group over 8 partitions, all in this process.
// More members than processors add nothing but show that they take nothing away.
func BenchmarkConsumers(b *testing.B) {
	w := newBench(b, 300_000, "none")
	host := startVault(b)
	members := func(n int) func(b *testing.B, m *meter, group, to string) func() {
		return func(b *testing.B, m *meter, group, to string) func() {
			var stops []func()
			for range n {
				stops = append(stops, w.start(b, m, host, true, group, to))
			}
			return func() {
				for _, stop := range stops {
					stop()
				}
			}
		}
	}
	w.run(b, &way{name: "warming", start: members(1)})
	var ways []*way
	for _, n := range []int{1, 2, 4} {
		ways = append(ways, &way{name: fmt.Sprintf("members=%d", n), start: members(n)})
	}
	w.compare(b, ways)
}

// copying is what somebody writes who needs the records elsewhere: kafka-go, acknowledged by all replicas, committed
// afterwards.
func (w *bench) copying(b *testing.B, m *meter, group, to string) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	transport := &kafka.Transport{} // the default one remembers the topics there were
	compression := map[string]kafka.Compression{"zstd": kafka.Zstd}[w.compression]
	writer := &kafka.Writer{
		Compression: compression, Transport: transport, Addr: kafka.TCP(w.address), Topic: to, RequiredAcks: kafka.RequireAll, BatchSize: 10_000, BatchBytes: 1 << 20, BatchTimeout: 2 * time.Millisecond,
		Balancer: kafka.BalancerFunc(func(msg kafka.Message, _ ...int) int { return msg.WriterData.(int) }),
	}
	members, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{ID: group, Brokers: []string{w.address}, Topics: []string{source}, StartOffset: kafka.FirstOffset})
	require.NoError(b, err)
	gen, err := members.Next(ctx)
	require.NoError(b, err)
	client := &kafka.Client{Addr: kafka.TCP(w.address), Transport: transport}
	for _, p := range gen.Assignments[source] {
		gen.Start(func(context.Context) {
			told := time.Now()
			for offset := int64(0); ctx.Err() == nil; {
				msgs, err := fetch(ctx, client, p.ID, offset)
				if err == nil && len(msgs) > 0 {
					m.begin()
					err = writer.WriteMessages(ctx, msgs...)
				}
				if err != nil {
					if ctx.Err() == nil {
						b.Errorf("copying: %v", err)
					}
					return
				}
				if len(msgs) == 0 {
					continue
				}
				m.through(len(msgs))
				offset = msgs[len(msgs)-1].Offset + 1
				if time.Since(told) > time.Second { // as often as the receiver does
					told = time.Now()
					_ = gen.CommitOffsets(map[string]map[int]int64{source: {p.ID: offset}})
				}
			}
		})
	}
	return func() {
		cancel()
		require.NoError(b, members.Close())
		require.NoError(b, writer.Close())
		transport.CloseIdleConnections()
	}
}

func fetch(ctx context.Context, client *kafka.Client, partition int, offset int64) (msgs []kafka.Message, err error) {
	res, err := client.Fetch(ctx, &kafka.FetchRequest{Topic: source, Partition: partition, Offset: offset, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 500 * time.Millisecond})
	if err != nil {
		return nil, err
	}
	for {
		r, err := res.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return msgs, nil
		}
		if err != nil {
			return nil, err
		}
		msg := kafka.Message{Offset: r.Offset, Time: r.Time, Headers: r.Headers, WriterData: partition}
		if msg.Key, err = kafka.ReadAll(r.Key); err != nil {
			return nil, err
		}
		if msg.Value, err = kafka.ReadAll(r.Value); err != nil {
			return nil, err
		}
		if r.Offset >= offset {
			msgs = append(msgs, msg)
		}
	}
}

// The records are what they are said to be.
func TestLine(t *testing.T) {
	for n := range 1000 {
		require.Len(t, line(n), recordSize)
		require.Regexp(t, `"customer\d{6}@example\.com"`, string(line(n)))
	}
}
