//go:build services

package kafkachaos

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The environment has KAFKA_RECORDS for how many records are produced, CHAOS_TIME for how long faults come and go
// meanwhile, and CHAOS_SEED to repeat their order and times, and the records: what the machine makes of them is its own.
func TestServiceKafkaNothingLost(t *testing.T) {
	records := fromEnv(t, "KAFKA_RECORDS", 1_000_000, strconv.Atoi)
	duration := fromEnv(t, "CHAOS_TIME", 80*time.Second, time.ParseDuration)
	seed := fromEnv(t, "CHAOS_SEED", uint64(time.Now().UnixNano()), func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })
	fmt.Printf("chaos: CHAOS_SEED=%d CHAOS_TIME=%s KAFKA_RECORDS=%d\n", seed, duration, records)

	r := newRig(t)
	r.createTopics()
	for _, c := range r.consumers[:3] {
		require.NoError(t, restart(c))
	}
	w := &watcher{client: r.client(), last: map[place]int64{}}
	watching, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watch(watching)
	}()
	produced := make(chan error, 1)
	go func() { produced <- r.produce(seed, records, duration) }()
	count, err := r.storm(seed, duration)
	require.NoError(t, err)
	t.Logf("%d faults", count)
	require.NoError(t, <-produced)
	all := r.settle(records)
	stop()
	<-watched
	require.Empty(t, w.wrong, "committed offsets went backwards")
	require.Greater(t, w.looks, int(duration/time.Second), "the watcher hardly ever got an answer")
	t.Logf("%d looks at the committed offsets", w.looks)
	r.judge(seed, all)
	r.noPlain()
}

// fromEnv reads a setting.
func fromEnv[T any](t *testing.T, name string, otherwise T, parse func(string) (T, error)) T {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	v, err := parse(s)
	require.NoError(t, err, name)
	return v
}

func (r *rig) client(opts ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(r.broker.Address())}, opts...)...)
	require.NoError(r.t, err)
	r.t.Cleanup(cl.Close)
	return cl
}

func (r *rig) createTopics() {
	r.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	for _, source := range sources {
		for _, name := range []string{source, source + cleanSuffix} {
			topic := kmsg.NewCreateTopicsRequestTopic()
			topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
			req.Topics = append(req.Topics, topic)
		}
	}
	dead := kmsg.NewCreateTopicsRequestTopic()
	dead.Topic, dead.NumPartitions, dead.ReplicationFactor = deadTopic, 1, 1
	req.Topics = append(req.Topics, dead)
	resp, err := req.RequestWith(r.t.Context(), r.client())
	require.NoError(r.t, err)
	for _, topic := range resp.Topics {
		require.Zero(r.t, topic.ErrorCode, topic.Topic)
	}
}

// produce sends the records, spread over the duration, each topic compressed in another way. What the broker does not
// take is tried again by the client, in order.
func (r *rig) produce(seed uint64, records int, duration time.Duration) error {
	clients := map[string]*kgo.Client{}
	for topic, codec := range map[string]kgo.CompressionCodec{rawTopic: kgo.Lz4Compression(), jsonTopic: kgo.ZstdCompression(), peopleTopic: kgo.GzipCompression()} {
		cl, err := kgo.NewClient(kgo.SeedBrokers(r.broker.Address()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(20*time.Millisecond), kgo.MaxBufferedRecords(100_000))
		if err != nil {
			return err
		}
		defer cl.Close()
		clients[topic] = cl
	}
	var failed atomic.Pointer[error]
	begun := time.Now()
	for n := range records {
		m := makeRecord(seed, n, partitions)
		clients[m.record.Topic].Produce(r.t.Context(), m.record, func(_ *kgo.Record, err error) {
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
		if n%1000 == 0 {
			time.Sleep(time.Duration(float64(duration)*0.9*float64(n)/float64(records)) - time.Since(begun))
		}
	}
	for _, cl := range clients {
		if err := cl.Flush(r.t.Context()); err != nil {
			return err
		}
	}
	if err := failed.Load(); err != nil {
		return fmt.Errorf("the driver could not produce: %w", *err)
	}
	return nil
}

// settle waits until the group has committed everything, stops the consumers, and returns where every topic ends.
func (r *rig) settle(records int) map[place]int64 {
	r.t.Helper()
	require.NoError(r.t, r.vault.healthy(60*time.Second))
	for _, c := range r.consumers[:3] {
		require.NoError(r.t, c.healthy(60*time.Second))
	}
	cl := r.client()
	want, err := ends(r.t.Context(), cl, sources...)
	require.NoError(r.t, err)
	total := int64(0)
	for _, end := range want {
		total += end
	}
	require.GreaterOrEqual(r.t, total, int64(records), "the driver's own records")
	var behind map[place]int64
	begun := time.Now()
	for deadline := begun.Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		now, err := committed(r.t.Context(), cl)
		require.NoError(r.t, err)
		behind = map[place]int64{}
		for p, end := range want {
			if end > 0 && now[p] != end {
				behind[p] = end - now[p]
			}
		}
		if len(behind) == 0 {
			break
		}
		require.False(r.t, time.Now().After(deadline), "partitions that are not committed to their end: %v", behind)
	}
	r.t.Logf("all of %d records committed %s after the last fault", total, time.Since(begun).Round(time.Millisecond))
	for _, c := range r.consumers {
		if c.running() {
			require.NoError(r.t, c.stop())
		}
	}
	all, err := ends(r.t.Context(), cl)
	require.NoError(r.t, err)
	return all
}

// judge reads every topic and holds what came out against what was produced.
func (r *rig) judge(seed uint64, all map[place]int64) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute)
	defer cancel()
	in, out := map[place]int64{}, map[place]int64{}
	for p, end := range all {
		if slices.Contains(sources, p.topic) {
			in[p] = end
		} else {
			out[p] = end
		}
	}
	ledgers, numbers := map[place]*ledger{}, map[place][]int{}
	for p, end := range in {
		ledgers[p], numbers[p] = newLedger(end), make([]int, end)
	}
	require.NoError(r.t, readAll(ctx, r.broker.Address(), in, func(rec *kgo.Record) (err error) {
		numbers[place{rec.Topic, rec.Partition}][rec.Offset], err = numberOf(rec)
		return err
	}))
	tokens := map[string]string{}
	clean, dead, internal := 0, 0, 0
	require.NoError(r.t, readAll(ctx, r.broker.Address(), out, func(rec *kgo.Record) error {
		if plainRecord(rec) {
			return fmt.Errorf("holds an address in plain")
		}
		if strings.HasPrefix(rec.Topic, "__") {
			internal++
			return nil
		}
		source, err := coordinates(rec)
		if err != nil {
			return err
		}
		from := place{source.Topic, source.Partition}
		l := ledgers[from]
		if l == nil || source.Offset < 0 || source.Offset >= in[from] {
			return fmt.Errorf("comes from where the driver wrote nothing")
		}
		m := makeRecord(seed, numbers[from][source.Offset], partitions)
		if rec.Topic == deadTopic {
			dead++
			if m.kind != brokenKind {
				return fmt.Errorf("is a dead letter of a record that can be read")
			}
			l.noteDead(source.Offset)
			return nil
		}
		clean++
		if err := m.judge(rec, tokens); err != nil {
			return err
		}
		return l.note(source.Offset)
	}))
	again := 0
	for _, p := range slices.SortedFunc(maps.Keys(ledgers), func(a, b place) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	}) {
		l := ledgers[p]
		require.Equal(r.t, len(l.seen), l.came, "%v: lost: %v ...", p, l.missing())
		require.Zero(r.t, l.disorder, "%v: first occurrences out of order", p)
		again += l.again
	}
	r.t.Logf("%d records in clean topics, %d dead letters, %d of both are duplicates, %d internal; %d addresses, each one token", clean, dead, again, internal, len(tokens))
	require.NotZero(r.t, dead)
}

// noPlain looks for the driver's addresses in everything that was written beside the topics.
func (r *rig) noPlain() {
	r.t.Helper()
	places, size := 0, 0
	require.NoError(r.t, filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		places++
		size += len(content)
		require.False(r.t, plain(content), path)
		return err
	}))
	r.t.Logf("no address in plain in %d files, %d KiB", places, size/1024)
	require.Greater(r.t, places, 8)
}

// The judge must not be one that finds everything well.
func TestServiceKafkaJudge(t *testing.T) {
	const seed = 7
	find := func(want func(made) bool) made {
		for n := range 100_000 {
			if m := makeRecord(seed, n, partitions); want(m) {
				return m
			}
		}
		t.Fatal("no such record")
		return made{}
	}
	republished := func(m made) *kgo.Record {
		tok := "tkt_email_abcde_" + strings.Repeat("a", 33)
		hide := func(b []byte) []byte {
			if b == nil {
				return nil
			}
			return []byte(strings.ReplaceAll(string(b), m.address, tok))
		}
		out := &kgo.Record{Topic: m.record.Topic + cleanSuffix, Partition: m.record.Partition, Key: hide(m.record.Key), Value: hide(m.record.Value)}
		for _, h := range m.record.Headers {
			out.Headers = append(out.Headers, kgo.RecordHeader{Key: h.Key, Value: hide(h.Value)})
		}
		return withSource(out, m.record.Topic, m.record.Partition, 0)
	}
	full := find(func(m made) bool {
		return m.record.Topic == peopleTopic && m.kind == textKind && len(m.record.Headers) > 3
	})
	tombstone := find(func(m made) bool { return m.kind == tombstoneKind })
	require.NoError(t, full.judge(republished(full), map[string]string{}))
	require.NoError(t, tombstone.judge(republished(tombstone), map[string]string{}))
	for _, tc := range []struct {
		name string
		of   made
		harm func(*kgo.Record)
	}{
		{"plain key", full, func(r *kgo.Record) { r.Key = full.record.Key }},
		{"plain value", full, func(r *kgo.Record) { r.Value = full.record.Value }},
		{"plain header", full, func(r *kgo.Record) { r.Headers[3].Value = full.record.Headers[3].Value }},
		{"another byte", full, func(r *kgo.Record) { r.Value[0] ^= 1 }},
		{"cut short", full, func(r *kgo.Record) { r.Value = r.Value[:len(r.Value)-1] }},
		{"another partition", full, func(r *kgo.Record) { r.Partition++ }},
		{"headers swapped", full, func(r *kgo.Record) { r.Headers[4], r.Headers[5] = r.Headers[5], r.Headers[4] }},
		{"header lost", full, func(r *kgo.Record) { r.Headers = r.Headers[1:] }},
		{"null header became empty", full, func(r *kgo.Record) { r.Headers[2].Value = []byte{} }},
		{"empty header became null", full, func(r *kgo.Record) { r.Headers[1].Value = nil }},
		{"tombstone became empty", tombstone, func(r *kgo.Record) { r.Value = []byte{} }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := republished(tc.of)
			out.Headers, out.Value = slices.Clone(out.Headers), slices.Clone(out.Value)
			tc.harm(out)
			require.Error(t, tc.of.judge(out, map[string]string{}))
		})
	}
	t.Run("two tokens for one address", func(t *testing.T) {
		require.Error(t, full.judge(republished(full), map[string]string{full.address: "tkt_email_abcde_" + strings.Repeat("b", 33)}))
	})
	t.Run("order and loss", func(t *testing.T) {
		l := newLedger(4)
		for _, offset := range []int64{0, 1, 0, 1, 3, 2} {
			require.NoError(t, l.note(offset))
		}
		require.Equal(t, []int{4, 2, 1}, []int{l.came, l.again, l.disorder})
		l = newLedger(4)
		require.NoError(t, l.note(1))
		l.noteDead(3)
		require.Equal(t, []int64{0, 2}, l.missing())
		require.Error(t, l.note(4))
	})
	t.Run("canaries", func(t *testing.T) {
		for n := range 5 {
			pad := strings.Repeat("x", n)
			require.True(t, plain([]byte(pad+"A@KAFKA-canary.example"+pad)))
			require.True(t, plain(fmt.Appendf(nil, "%s%x", pad, pad+domain+pad)))
			require.True(t, plain([]byte(base64Of(pad+domain+pad))), n)
		}
		require.False(t, plain([]byte(strings.Repeat("no address here ", 100))))
	})
	t.Run("commits that go back", func(t *testing.T) {
		w := &watcher{last: map[place]int64{}}
		p := place{rawTopic, 1}
		for _, offset := range []int64{1, 5, 5, 4} {
			w.compare(map[place]int64{p: offset})
		}
		require.Len(t, w.wrong, 1)
	})
	t.Run("one seed, one storm", func(t *testing.T) {
		a, b := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 0))
		require.Equal(t, a.Perm(len(faults)), b.Perm(len(faults)))
		require.Equal(t, makeRecord(seed, 5, partitions), makeRecord(seed, 5, partitions))
	})
}
