package kafka_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/builder/cloakroom/kafka"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is in every record; nobody may see it.
const canary = "jane.doe@example.org"

// TestReplay runs the suite against kfake, and TestServiceReplay against Apache Kafka.
func TestReplay(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(2))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	suite(t, c.ListenAddrs()[0])
}

func suite(t *testing.T, addr string) {
	for _, one := range []struct {
		name string
		run  func(*testing.T, *rig)
	}{
		{"fidelity", fidelity},
		{"outcomes", outcomes},
		{"what a vault answers", vaultAnswers},
		{"a vault that does not answer", vaultAway},
		{"reasons", reasons},
		{"a group goes on where it was", group},
		{"a group whose topic was made again", groupBeyond},
		{"a group with consumers", groupInUse},
		{"to another topic", another},
		{"some offsets of a partition", offsets},
		{"interrupted", interrupted},
		{"many letters and large ones", many},
		{"topics that are not there", notThere},
		{"a transaction that was rolled back", rolledBack},
	} {
		t.Run(one.name, func(t *testing.T) { one.run(t, newRig(t, addr)) })
	}
}

// rig is a topic orders of three partitions and one of dead letters of two, of names of their own.
type rig struct {
	addr         string
	conn         *broker.Connection
	orders, dead string
	id, other    *age.X25519Identity
}

var rigs int

func newRig(t *testing.T, addr string) *rig {
	t.Helper()
	rigs++
	r := &rig{addr: addr, orders: fmt.Sprintf("orders-%d", rigs), dead: fmt.Sprintf("dead-%d", rigs), id: identity(t), other: identity(t)}
	require.NoError(t, brokertest.CreateTopics(t.Context(), addr, brokertest.Topic{Name: r.orders, Partitions: 3}, brokertest.Topic{Name: r.dead, Partitions: 2, Config: map[string]string{"max.message.bytes": "20000000"}}))
	r.connect(t)
	return r
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return id
}

func (r *rig) connect(t *testing.T) {
	cfg := broker.DefaultConfig()
	cfg.Brokers = []string{r.addr}
	conn, err := cfg.Open(t.Context(), zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	r.conn = conn
}

func (r *rig) settings() kafka.Settings {
	return kafka.Settings{Connection: r.conn, Topic: r.dead, Partition: -1, Identities: []age.Identity{r.id}, Patience: 10 * time.Second}
}

// run replays, and returns what was told, sorted, as OUTCOME PARTITION/OFFSET REASON of the source.
func (r *rig) run(t *testing.T, s kafka.Settings) (kafka.Totals, []string) {
	t.Helper()
	totals, told, err := r.try(t.Context(), s)
	require.NoError(t, err)
	return totals, told
}

func (r *rig) try(ctx context.Context, s kafka.Settings) (kafka.Totals, []string, error) {
	var told []string
	s.Tell = func(rep kafka.Report) {
		told = append(told, fmt.Sprintf("%s %d/%d %s", rep.Outcome, rep.Source.Partition, rep.Source.Offset, rep.Reason))
	}
	totals, err := kafka.Replay(ctx, s)
	slices.Sort(told)
	return totals, told, err
}

// write writes dead letters sealed to whom is given.
func (r *rig) write(t *testing.T, to *age.X25519Identity, letters ...deadletter.Letter) {
	t.Helper()
	cfg := deadletter.DefaultConfig()
	cfg.Topic = r.dead
	if to != nil {
		cfg.SealTo = []string{to.Recipient().String()}
	}
	w, err := deadletter.New(cfg, produce.New(produce.DefaultConfig(), r.conn, produce.Hooks{}), nil)
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), letters))
}

// letter is one of orders.
func (r *rig) letter(partition int32, offset int64, reason string) deadletter.Letter {
	rec := batch.Record{
		Offset: offset, Timestamp: 1_700_000_000_000 + offset, Key: fmt.Append(nil, "key ", offset), Value: fmt.Append(nil, canary, " ", offset),
		Headers: []batch.Header{{Key: "x", Value: []byte(canary)}},
	}
	return deadletter.Letter{Source: record.Source{Topic: r.orders, Partition: partition, Offset: offset}, Reason: reason, Record: &rec}
}

func (r *rig) consume(t *testing.T, topic string) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := brokertest.Consume(ctx, r.addr, topic)
	require.NoError(t, err)
	return got
}

// replayed are the records of orders, as PARTITION/OFFSET that they had.
func (r *rig) replayed(t *testing.T) (out []string) {
	t.Helper()
	for _, rec := range r.consume(t, r.orders) {
		out = append(out, fmt.Sprintf("%d/%d", rec.Partition, rec.Timestamp.UnixMilli()-1_700_000_000_000))
	}
	return out
}

// fidelity has every combination of null, empty, text and bytes for key, value and headers come back.
func fidelity(t *testing.T, r *rig) {
	kinds := [][]byte{nil, {}, []byte(canary), {0xff, 0}}
	var letters []deadletter.Letter
	want := map[int32][]batch.Record{}
	for _, key := range kinds {
		for _, value := range kinds {
			for _, header := range kinds {
				n := int64(len(letters))
				rec := batch.Record{
					Offset: n, Timestamp: n*1000 - 1, Append: n%2 == 0, Key: key, Value: value,
					Headers: []batch.Header{{Key: "b", Value: header}, {Key: "a"}, {Key: "b", Value: header}, {Key: "\xff", Value: []byte{}}, {Key: record.SourceTopic, Value: []byte("an earlier hop")}},
				}
				p := int32(n % 3)
				letters = append(letters, deadletter.Letter{Source: record.Source{Topic: r.orders, Partition: p, Offset: n}, Reason: record.ReasonJSON, Record: &rec})
				want[p] = append(want[p], rec)
			}
		}
	}
	r.write(t, r.id, letters...)
	totals, told := r.run(t, r.settings())
	require.EqualValues(t, len(letters), totals.Replayed)
	require.Empty(t, told)
	got := r.consume(t, r.orders)
	require.Len(t, got, len(letters))
	at := map[int32]int{}
	for _, rec := range got {
		w := want[rec.Partition][at[rec.Partition]]
		at[rec.Partition]++
		same := same(w.Key, rec.Key) && same(w.Value, rec.Value) && w.Timestamp == rec.Timestamp.UnixMilli() &&
			slices.EqualFunc(w.Headers, rec.Headers, func(a batch.Header, b kgo.RecordHeader) bool { return a.Key == b.Key && same(a.Value, b.Value) })
		if !same {
			t.Errorf("record %d of partition %d is not as it was", w.Offset, rec.Partition)
		}
	}
}

func same(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// outcomes has a letter of each kind, and good ones between them.
func outcomes(t *testing.T, r *rig) {
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
	r.write(t, r.other, r.letter(0, 2, record.ReasonJSON))
	r.write(t, nil, r.letter(0, 3, record.ReasonAvro))
	r.write(t, r.id, deadletter.Letter{Source: record.Source{Topic: r.orders, Offset: 4}, NextOffset: 9, Reason: deadletter.Corrupt(batch.ReasonChecksum)})
	r.write(t, r.id, r.letter(0, 5, record.ReasonOTLP))
	// Letters that are not as they were written.
	good := r.consume(t, r.dead)
	i := slices.IndexFunc(good, func(l *kgo.Record) bool { return bytes.Equal(header(l, record.SourceOffset), []byte("5")) })
	require.GreaterOrEqual(t, i, 0)
	forge := func(change func(l *kgo.Record)) {
		l := *good[i]
		l.Headers = slices.Clone(l.Headers)
		change(&l)
		require.NoError(t, brokertest.Produce(t.Context(), r.addr, []*kgo.Record{&l}))
	}
	forge(func(l *kgo.Record) { l.Value = l.Value[:len(l.Value)-1] })
	forge(func(l *kgo.Record) { l.Value = []byte{} })
	forge(func(l *kgo.Record) { l.Headers = nil })
	forge(func(l *kgo.Record) { l.Headers[2].Value = []byte("77") })
	forge(func(l *kgo.Record) { l.Headers[0].Value, l.Value = []byte(canary+"/"), nil })
	r.write(t, r.id, r.letter(0, 6, record.ReasonJSON))

	want := []string{
		"damaged 0/0 other", "damaged 0/5 invalid_otlp", "damaged 0/5 invalid_otlp", "damaged 0/77 invalid_otlp",
		"no_record 0/0 invalid_otlp", "no_record 0/3 invalid_avro", "no_record 0/4 corrupt_checksum", "other_recipient 0/2 invalid_json",
	}
	counts := kafka.Totals{
		Replayed: 3, Skipped: map[kafka.Outcome]int64{kafka.NoRecord: 3, kafka.OtherReads: 1}, Failed: map[kafka.Outcome]int64{kafka.Damaged: 4},
	}
	dry := r.settings()
	dry.DryRun, dry.Group = true, r.dead
	totals, told := r.run(t, dry)
	require.Equal(t, counts, totals)
	require.Equal(t, slices.Sorted(slices.Values(append([]string{"replayed 0/1 invalid_json", "replayed 0/5 invalid_otlp", "replayed 0/6 invalid_json"}, want...))), told)
	require.Empty(t, r.replayed(t), "a dry run writes nothing")
	dry.Identities = nil
	totals, _ = r.run(t, dry)
	require.Equal(t, map[kafka.Outcome]int64{kafka.NoRecord: 3, kafka.Sealed: 8}, totals.Skipped)

	s := r.settings()
	s.Group = r.dead
	totals, told = r.run(t, s)
	require.Equal(t, counts, totals)
	require.Equal(t, want, told)
	require.Equal(t, []string{"0/1", "0/5", "0/6"}, r.replayed(t))
	require.NotContains(t, strings.Join(told, "\n"), canary)
}

func header(r *kgo.Record, key string) []byte {
	for _, h := range r.Headers {
		if h.Key == key {
			return h.Value
		}
	}
	return nil
}

func reasons(t *testing.T, r *rig) {
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON), r.letter(1, 2, record.ReasonAvro), r.letter(2, 3, record.ReasonOTLP))
	s := r.settings()
	s.Reasons = []string{record.ReasonAvro, record.ReasonOTLP}
	totals, told := r.run(t, s)
	require.EqualValues(t, 2, totals.Replayed)
	require.EqualValues(t, 1, totals.Filtered)
	require.Empty(t, told)
	require.Equal(t, []string{"1/2", "2/3"}, r.replayed(t))
}

func group(t *testing.T, r *rig) {
	s := r.settings()
	s.Group = r.dead
	totals, _ := r.run(t, s)
	require.Zero(t, totals.Replayed, "there are no letters")
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON), r.letter(1, 2, record.ReasonJSON))
	for _, want := range []int64{2, 0} {
		totals, _ = r.run(t, s)
		require.Equal(t, want, totals.Replayed)
	}
	r.write(t, r.id, r.letter(0, 3, record.ReasonJSON))
	dry := s
	dry.DryRun = true
	for _, s := range []kafka.Settings{dry, dry, s} {
		totals, _ = r.run(t, s)
		require.EqualValues(t, 1, totals.Replayed)
	}
	require.Equal(t, []string{"0/1", "0/3", "1/2"}, r.replayed(t))
	s.Group = ""
	totals, _ = r.run(t, s)
	require.EqualValues(t, 3, totals.Replayed, "without a group")
}

func groupBeyond(t *testing.T, r *rig) {
	require.NoError(t, brokertest.Commit(t.Context(), r.addr, r.dead, r.dead, 1, 7))
	s := r.settings()
	s.Group = r.dead
	_, _, err := r.try(t.Context(), s)
	require.ErrorContains(t, err, "was the topic made again?")
}

func groupInUse(t *testing.T, r *rig) {
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
	c, err := kgo.NewClient(kgo.SeedBrokers(r.addr), kgo.ConsumerGroup(r.dead), kgo.ConsumeTopics(r.dead), kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.PollFetches(t.Context()).Err())
	s := r.settings()
	s.Group, s.Patience = r.dead, time.Second
	_, _, err = r.try(t.Context(), s)
	require.ErrorContains(t, err, "has consumers")
}

func another(t *testing.T, r *rig) {
	to := r.orders + ".quarantine"
	require.NoError(t, brokertest.CreateTopics(t.Context(), r.addr, brokertest.Topic{Name: to, Partitions: 2}))
	telemetry := r.letter(-1, -1, deadletter.ReasonTooLarge)
	telemetry.Topic = ""
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON), r.letter(1, 2, record.ReasonJSON), r.letter(2, 3, record.ReasonJSON), r.letter(2, 4, record.ReasonJSON), telemetry)
	s := r.settings()
	s.To = to
	totals, _ := r.run(t, s)
	require.EqualValues(t, 5, totals.Replayed)
	require.Empty(t, r.replayed(t))
	for _, rec := range r.consume(t, to) {
		want := map[string]int32{"key 1": 0, "key 2": 1}
		p, is := want[string(rec.Key)]
		if !is {
			p = record.PartitionOf(record.Murmur2(rec.Key), 2)
		}
		require.Equal(t, p, rec.Partition, "%s", rec.Key)
	}
	s.To = to + ".not"
	_, _, err := r.try(t.Context(), s)
	require.ErrorContains(t, err, "is not there")
}

func offsets(t *testing.T, r *rig) {
	for n := range int64(6) {
		r.write(t, r.id, r.letter(0, n, record.ReasonJSON))
	}
	s := r.settings()
	s.Partition = r.consume(t, r.dead)[0].Partition
	s.From, s.Until = 2, 4
	totals, _ := r.run(t, s)
	require.EqualValues(t, 2, totals.Replayed)
	require.Equal(t, []string{"0/2", "0/3"}, r.replayed(t))
	s.Partition, s.From, s.Until = 1-s.Partition, 0, 0
	totals, _ = r.run(t, s)
	require.Zero(t, totals.Replayed)
	s.Partition = 2
	_, _, err := r.try(t.Context(), s)
	require.ErrorContains(t, err, "there is no partition 2")
}

// interrupted stops after the first batch: what was written is remembered, and the next run does the rest.
func interrupted(t *testing.T, r *rig) {
	var letters []deadletter.Letter
	for n := range int64(30) {
		l := r.letter(0, n, record.ReasonJSON)
		l.Record.Value = noise(1 << 19)
		letters = append(letters, l)
	}
	r.write(t, r.id, letters...)
	s := r.settings()
	s.Group = r.dead
	ctx, cancel := context.WithCancel(t.Context())
	s.Progress = func(int64, int64) { cancel() }
	first, _, err := r.try(ctx, s)
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, first.Replayed)
	require.Less(t, first.Replayed, int64(30))
	require.Len(t, r.replayed(t), int(first.Replayed))
	s.Progress = nil
	second, _ := r.run(t, s)
	require.EqualValues(t, 30, first.Replayed+second.Replayed)
	var want []string
	for n := range 30 {
		want = append(want, fmt.Sprintf("0/%d", n))
	}
	require.Equal(t, want, r.replayed(t), "each once, in order")
}

func noise(n int) []byte {
	out := make([]byte, n)
	for i, x := 0, uint32(n); i < n; i++ {
		x = x*1664525 + 1013904223
		out[i] = byte(x >> 24)
	}
	return out
}

// many replays more than one fetch holds, and records that are larger than one, some of them too large for where they go.
func many(t *testing.T, r *rig) {
	require.NoError(t, brokertest.CreateTopics(t.Context(), r.addr, brokertest.Topic{Name: r.orders + ".large", Config: map[string]string{"max.message.bytes": "9000000"}}))
	var letters []deadletter.Letter
	for n := range int64(3000) {
		letters = append(letters, r.letter(int32(n%3), n, record.ReasonJSON))
	}
	for i, size := range []int{3 << 20, 10 << 20} {
		l := r.letter(0, int64(5000+i), deadletter.ReasonTooLarge)
		l.Topic, l.Record.Value = r.orders+".large", noise(size)
		letters = append(letters, l)
	}
	r.write(t, r.id, letters...)
	s := r.settings()
	var done, total int64
	s.Progress = func(d, t int64) { done, total = d, t }
	totals, told := r.run(t, s)
	require.EqualValues(t, 3001, totals.Replayed)
	require.Equal(t, []string{"too_large 0/5001 too_large"}, told)
	require.Equal(t, done, total)
	require.EqualValues(t, len(letters), total)
	got := r.replayed(t)
	require.Len(t, got, 3000)
	for i, at := range got {
		require.Equal(t, fmt.Sprintf("%d/%d", i/1000, i%1000*3+i/1000), at)
	}
	large := r.consume(t, r.orders+".large")
	require.Len(t, large, 1)
	require.True(t, bytes.Equal(noise(3<<20), large[0].Value))
}

func notThere(t *testing.T, r *rig) {
	gone := r.letter(0, 1, record.ReasonJSON)
	gone.Topic = "gone"
	own := r.letter(0, 2, record.ReasonJSON)
	own.Topic = "__consumer_offsets"
	none := r.letter(-1, -1, record.ReasonJSON)
	none.Topic = ""
	r.write(t, r.id, gone, own, none, r.letter(1, 3, record.ReasonJSON))
	totals, told := r.run(t, r.settings())
	require.EqualValues(t, 1, totals.Replayed)
	require.Equal(t, []string{"no_topic -1/-1 invalid_json", "no_topic 0/1 invalid_json", "no_topic 0/2 invalid_json"}, told)
	names, err := brokertest.Topics(t.Context(), r.addr)
	require.NoError(t, err)
	require.NotContains(t, names, "gone")
	s := r.settings()
	s.Topic = "gone"
	_, _, err = r.try(t.Context(), s)
	require.ErrorContains(t, err, "topic gone is not there")
}

// rolledBack has letters that were never committed: control records are no letters either, and the end is reached.
func rolledBack(t *testing.T, r *rig) {
	r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
	l := r.consume(t, r.dead)[0]
	require.NoError(t, brokertest.Transact(t.Context(), r.addr, r.dead, false, []*kgo.Record{l}))
	require.NoError(t, brokertest.Transact(t.Context(), r.addr, r.dead, true, []*kgo.Record{l}))
	totals, told := r.run(t, r.settings())
	require.EqualValues(t, 2, totals.Replayed)
	require.Empty(t, told)
}

// TestClusterFails has a cluster that cannot be reached, and one that fails for a while, or for good.
func TestClusterFails(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(c.Close)

	t.Run("nobody there", func(t *testing.T) {
		r := &rig{addr: "127.0.0.1:1", id: identity(t), dead: "dead"}
		r.connect(t)
		began := time.Now()
		_, _, err := r.try(t.Context(), r.settings())
		require.ErrorContains(t, err, "connection refused")
		require.Less(t, time.Since(began), 5*time.Second, "it waited for a cluster that never was there")
	})
	t.Run("for a while", func(t *testing.T) {
		r := newRig(t, c.ListenAddrs()[0])
		r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
		for _, f := range []struct {
			key   kmsg.Key
			topic string
		}{{kmsg.Fetch, ""}, {kmsg.ListOffsets, r.dead}, {kmsg.Produce, r.orders}} {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Topic: f.topic, Err: kerr.NotLeaderForPartition, Count: 2})
		}
		totals, _ := r.run(t, r.settings())
		require.EqualValues(t, 1, totals.Replayed)
		require.Equal(t, []string{"0/1"}, r.replayed(t))
	})
	t.Run("for good", func(t *testing.T) {
		r := newRig(t, c.ListenAddrs()[0])
		r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: r.orders, Err: kerr.NotEnoughReplicas, Count: -1})
		s := r.settings()
		s.Group, s.Patience = r.dead, 300*time.Millisecond
		totals, _, err := r.try(t.Context(), s)
		require.ErrorContains(t, err, "min.insync.replicas")
		require.Zero(t, totals.Replayed)
		p := r.consume(t, r.dead)[0].Partition
		if committed, err := brokertest.Committed(t.Context(), r.addr, r.dead); err == nil {
			require.LessOrEqual(t, committed[r.dead][p], int64(0), "a letter is remembered whose record was not written")
		} else {
			require.ErrorIs(t, err, kerr.GroupIDNotFound)
		}
	})
	t.Run("the invalid", func(t *testing.T) {
		r := newRig(t, c.ListenAddrs()[0])
		r.write(t, r.id, r.letter(0, 1, record.ReasonJSON))
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: r.orders, Err: kerr.InvalidRecord, Count: -1})
		totals, told := r.run(t, r.settings())
		require.Equal(t, map[kafka.Outcome]int64{kafka.Refused: 1}, totals.Failed)
		require.Equal(t, []string{"refused 0/1 invalid_json"}, told)
	})
}
