package batch_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

const topic = "in"

// fake starts a kfake cluster with one topic of one partition.
func fake(t testing.TB) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func transport(t testing.TB) *kafka.Transport {
	rt := &kafka.Transport{ClientID: "batch test"}
	t.Cleanup(rt.CloseIdleConnections)
	return rt
}

func franz(t testing.TB, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.DefaultProduceTopic(topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func fetch(t testing.TB, c *kfake.Cluster, q batch.Query) batch.Fetched {
	t.Helper()
	q.Topic, q.MinBytes = topic, 1
	if q.MaxBytes == 0 {
		q.MaxBytes = 1 << 20
	}
	if q.MaxWait == 0 {
		q.MaxWait = 5 * time.Second
	}
	f, err := batch.Fetch(t.Context(), transport(t), kafka.TCP(c.ListenAddrs()...), q)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// readAll fetches and decodes from the offset to the last stable one.
func readAll(t testing.TB, c *kfake.Cluster, from int64) []batch.Record {
	t.Helper()
	var recs []batch.Record
	for range 100 {
		f := fetch(t, c, batch.Query{Offset: from})
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		var err error
		if recs, from, err = batch.Decode(recs, f.Set, from, f.Aborted, batch.Limits{}); err != nil {
			t.Fatal(err)
		}
		if from >= f.LastStable {
			return recs
		}
	}
	t.Fatal("no end in sight")
	return nil
}

// samples are records of every kind of key, value and header.
func samples(n int) []batch.Record {
	start := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC).UnixMilli()
	var recs []batch.Record
	for i := range n {
		r := batch.Record{
			Offset: int64(i), Timestamp: start + int64(i%7)*1000 - int64(i%3)*90_000,
			Key: fmt.Appendf(nil, "key %d", i), Value: bytes.Repeat(fmt.Appendf(nil, "value %d ", i), i%50),
			Headers: []batch.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "\xff", Value: nil}, {Key: "", Value: []byte{}}},
		}
		switch i % 5 {
		case 1:
			r.Key, r.Value, r.Headers = nil, nil, nil
		case 2:
			r.Key, r.Value, r.Headers = []byte{}, []byte{}, []batch.Header{{Key: "only", Value: []byte{0, 0xff}}}
		}
		recs = append(recs, r)
	}
	return recs
}

// differ tells where two lists of records differ, nil and empty being different, without their bytes.
func differ(got, want []batch.Record) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d records, want %d", len(got), len(want))
	}
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	for i, g := range got {
		w := want[i]
		switch {
		case g.Offset != w.Offset, g.Timestamp != w.Timestamp, g.Append != w.Append:
			return fmt.Errorf("record %d: offset %d, timestamp %d, append %t, want %d, %d, %t", i, g.Offset, g.Timestamp, g.Append, w.Offset, w.Timestamp, w.Append)
		case !same(g.Key, w.Key):
			return fmt.Errorf("record %d: another key", i)
		case !same(g.Value, w.Value):
			return fmt.Errorf("record %d: another value", i)
		case !slices.EqualFunc(g.Headers, w.Headers, func(a, b batch.Header) bool { return a.Key == b.Key && same(a.Value, b.Value) }):
			return fmt.Errorf("record %d: other headers", i)
		}
	}
	return nil
}

var codecs = []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}

func TestFetchWhatFranzProduced(t *testing.T) {
	compression := map[batch.Codec]kgo.CompressionCodec{
		batch.None: kgo.NoCompression(), batch.Gzip: kgo.GzipCompression(), batch.Snappy: kgo.SnappyCompression(),
		batch.LZ4: kgo.Lz4Compression(), batch.Zstd: kgo.ZstdCompression(),
	}
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			c := fake(t)
			want := samples(300)
			var rs []*kgo.Record
			for _, r := range want {
				k := &kgo.Record{Timestamp: time.UnixMilli(r.Timestamp), Key: r.Key, Value: r.Value}
				for _, h := range r.Headers {
					k.Headers = append(k.Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
				}
				rs = append(rs, k)
			}
			if err := franz(t, c, kgo.ProducerBatchCompression(compression[codec])).ProduceSync(t.Context(), rs...).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if err := differ(readAll(t, c, 0), want); err != nil {
				t.Error(err)
			}
			if err := differ(readAll(t, c, 123), want[123:]); err != nil {
				t.Errorf("from the middle of a batch: %v", err)
			}
		})
	}
}

func TestProduce(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			c := fake(t)
			want := samples(300)
			want[10].Timestamp = -1
			addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
			for i, part := range [][]batch.Record{want[:100], want[100:]} {
				base, err := batch.Produce(t.Context(), rt, addr, topic, 0, batch.Encode(nil, part, codec), time.Second, kafka.RequireAll)
				if err != nil || base != int64(100*i) {
					t.Fatalf("base offset %d, %v", base, err)
				}
			}
			if err := differ(readAll(t, c, 0), want); err != nil {
				t.Error(err)
			}
			// What franz-go reads: the batches are not only to our own liking.
			cl := franz(t, c, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(0)}}))
			var got []batch.Record
			for len(got) < len(want) {
				fs := cl.PollFetches(t.Context())
				if err := errors.Join(fs.Err()); err != nil {
					t.Fatal(err)
				}
				fs.EachRecord(func(k *kgo.Record) {
					r := batch.Record{Offset: k.Offset, Timestamp: k.Timestamp.UnixMilli(), Key: k.Key, Value: k.Value}
					for _, h := range k.Headers {
						r.Headers = append(r.Headers, batch.Header{Key: h.Key, Value: h.Value})
					}
					got = append(got, r)
				})
			}
			if err := differ(got, want); err != nil {
				t.Errorf("read by franz-go: %v", err)
			}
		})
	}
}

// TestTransactions: what was rolled back is not read, what is open is not waited for by mistake, and offsets pass over the markers.
func TestTransactions(t *testing.T) {
	c := fake(t)
	cl := franz(t, c, kgo.TransactionalID("tx"))
	var want []batch.Record
	offset := int64(0)
	send := func(value string, end kgo.TransactionEndTry) {
		t.Helper()
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r := batch.Record{Offset: offset, Timestamp: 1000, Value: []byte(value)}
			if err := cl.ProduceSync(t.Context(), &kgo.Record{Timestamp: time.UnixMilli(1000), Value: r.Value}).FirstErr(); err != nil {
				t.Fatal(err)
			}
			if offset++; end == kgo.TryCommit {
				want = append(want, r)
			}
		}
		if err := cl.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
		offset++
	}
	send("a", kgo.TryCommit)
	send("b", kgo.TryAbort)
	send("c", kgo.TryCommit)
	send("d", kgo.TryAbort)
	if err := differ(readAll(t, c, 0), want); err != nil {
		t.Error(err)
	}
	if err := differ(readAll(t, c, 5), want[3:]); err != nil {
		t.Errorf("from within what was rolled back: %v", err)
	}
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Value: []byte("open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	for uncommitted, n := range map[bool]int{false: 0, true: 1} {
		f := fetch(t, c, batch.Query{Offset: offset, Uncommitted: uncommitted, MaxWait: 50 * time.Millisecond})
		recs, _, err := batch.Decode(nil, f.Set, offset, f.Aborted, batch.Limits{})
		if err != nil || len(recs) != n || f.LastStable != offset || f.HighWatermark != offset+1 {
			t.Errorf("uncommitted %t: %d records, want %d, last stable %d, high watermark %d, %v", uncommitted, len(recs), n, f.LastStable, f.HighWatermark, err)
		}
	}
}

func TestCompactedTopic(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.CreateTopic(topic, 1, map[string]string{"cleanup.policy": "compact", "segment.bytes": "1048576", "min.compaction.lag.ms": "0", "min.cleanable.dirty.ratio": "0"}); err != nil {
		t.Fatal(err)
	}
	cl := franz(t, c)
	for i := range 40 {
		var rs []*kgo.Record
		for j := range 25 {
			rs = append(rs, &kgo.Record{Key: fmt.Appendf(nil, "%d", j%(i+1)), Value: bytes.Repeat([]byte{byte(i)}, 2000)})
		}
		if err := cl.ProduceSync(t.Context(), rs...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	c.Compact()
	recs := readAll(t, c, fetch(t, c, batch.Query{Offset: 999}).LogStart)
	if len(recs) == 0 || len(recs) == 1000 || recs[len(recs)-1].Offset != 999 {
		t.Fatalf("%d records of 1,000 are left, the last is at %d", len(recs), recs[len(recs)-1].Offset)
	}
	if !slices.IsSortedFunc(recs, func(a, b batch.Record) int { return int(a.Offset - b.Offset) }) {
		t.Error("out of order")
	}
}

// TestLargeBatch: a batch larger than what is asked for comes whole, unless the response may not be so large.
func TestLargeBatch(t *testing.T) {
	c := fake(t)
	set := batch.Encode(nil, []batch.Record{{Value: make([]byte, 500_000)}}, batch.None)
	addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
	if _, err := batch.Produce(t.Context(), rt, addr, topic, 0, set, time.Second, kafka.RequireAll); err != nil {
		t.Fatal(err)
	}
	if f := fetch(t, c, batch.Query{MaxBytes: 1000}); len(f.Set) != len(set) {
		t.Errorf("%d bytes, want %d", len(f.Set), len(set))
	}
	q := batch.Query{Topic: topic, MaxBytes: 1000, MaxWait: time.Second, MaxResponse: 100_000}
	_, err := batch.Fetch(t.Context(), rt, addr, q)
	var large *batch.TooLargeError
	if !errors.As(err, &large) {
		t.Fatalf("%v, want it to be too large", err)
	}
	if large.Next != 1 {
		t.Errorf("the next batch is at %d, want 1", large.Next)
	}
	q.MaxResponse = large.Need
	if f, err := batch.Fetch(t.Context(), rt, addr, q); err != nil || len(f.Set) != len(set) {
		t.Errorf("%d bytes with what is needed, %v", len(f.Set), err)
	}
}

func TestRefusals(t *testing.T) {
	c := fake(t)
	addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
	spoiled := batch.Encode(nil, samples(3), batch.None)
	spoiled[len(spoiled)-1]++
	produce := func(topic string, partition int32, set []byte) error {
		_, err := batch.Produce(t.Context(), rt, addr, topic, partition, set, time.Second, kafka.RequireAll)
		return err
	}
	ask := func(q batch.Query) error {
		q.MaxBytes, q.MaxWait = 1<<20, time.Second
		f, err := batch.Fetch(t.Context(), rt, addr, q)
		return cmp.Or(err, f.Err)
	}
	other := int32(99)
	for _, tc := range []struct {
		name string
		err  error
		want error
	}{
		{"fetch beyond the end", ask(batch.Query{Topic: topic, Offset: 77}), kafka.OffsetOutOfRange},
		{"fetch of no topic", ask(batch.Query{Topic: "none"}), kafka.UnknownTopicOrPartition},
		{"fetch of no partition", ask(batch.Query{Topic: topic, Partition: 9}), kafka.UnknownTopicOrPartition},
		{"fetch from no broker", ask(batch.Query{Topic: topic, Replica: &other}), kafka.ReplicaNotAvailable},
		{"produce to no topic", produce("none", 0, batch.Encode(nil, samples(3), batch.None)), kafka.UnknownTopicOrPartition},
		{"produce what is spoiled", produce(topic, 0, spoiled), kafka.InvalidMessage},
		{"produce too much", produce(topic, 0, batch.Encode(nil, []batch.Record{{Value: make([]byte, 2<<20)}}, batch.None)), kafka.MessageSizeTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if !errors.Is(tc.err, tc.want) {
				t.Errorf("%v, want %v", tc.err, tc.want)
			}
		})
	}
	if err := produce(topic, 0, batch.Encode(nil, samples(3), batch.None)); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
}

// TestNobodyThere: a cluster that is out of reach is not one without the topic.
func TestNobodyThere(t *testing.T) {
	c := fake(t)
	addr := kafka.TCP(c.ListenAddrs()...)
	c.Close()
	_, err := batch.Fetch(t.Context(), transport(t), addr, batch.Query{Topic: topic, MaxBytes: 1000})
	if !errors.Is(err, kafka.BrokerNotAvailable) {
		t.Error(err)
	}
}

// TestLeaderMoves: the old leader's refusal is told, and a later call finds the new one.
func TestLeaderMoves(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
	rt.MetadataTTL = 100 * time.Millisecond
	set := batch.Encode(nil, samples(3), batch.None)
	produce := func() error {
		_, err := batch.Produce(t.Context(), rt, addr, topic, 0, set, time.Second, kafka.RequireAll)
		return err
	}
	if err := produce(); err != nil {
		t.Fatal(err)
	}
	leader := c.LeaderFor(topic, 0)
	if err := c.MoveTopicPartition(topic, 0, 1-leader); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for err = produce(); err != nil && time.Now().Before(deadline); err = produce() {
		if !errors.Is(err, kafka.NotLeaderForPartition) {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	c.SetFollowers(topic, 0, []int32{leader})
	if f := fetch(t, c, batch.Query{Replica: &leader}); f.Err != nil || len(f.Set) == 0 {
		t.Errorf("from the follower: %d bytes, %v", len(f.Set), f.Err)
	}
}

// TestCanceled: a broker that waits for records does not hold up who has changed his mind.
func TestCanceled(t *testing.T) {
	for _, tc := range []struct {
		name string
		with func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		{"a deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}, context.DeadlineExceeded},
		{"canceled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := fake(t)
			ctx, cancel := tc.with(t.Context())
			defer cancel()
			start := time.Now()
			_, err := batch.Fetch(ctx, transport(t), kafka.TCP(c.ListenAddrs()...), batch.Query{Topic: topic, MinBytes: 1, MaxBytes: 1000, MaxWait: 20 * time.Second})
			if !errors.Is(err, tc.want) || time.Since(start) > 10*time.Second {
				t.Errorf("%v after %s", err, time.Since(start))
			}
		})
	}
}

func TestNoAcknowledgement(t *testing.T) {
	c := fake(t)
	addr, rt := kafka.TCP(c.ListenAddrs()...), transport(t)
	want := samples(3)
	base, err := batch.Produce(t.Context(), rt, addr, topic, 0, batch.Encode(nil, want, batch.None), time.Second, kafka.RequireNone)
	if err != nil || base != -1 {
		t.Fatalf("base offset %d, %v", base, err)
	}
	f := fetch(t, c, batch.Query{})
	if recs, _, err := batch.Decode(nil, f.Set, 0, nil, batch.Limits{}); errors.Join(err, differ(recs, want)) != nil {
		t.Error(err, differ(recs, want))
	}
}

// spy keeps what is written.
type spy struct {
	net.Conn
	mu  *sync.Mutex
	out *bytes.Buffer
}

func (s spy) Write(b []byte) (int, error) {
	s.mu.Lock()
	s.out.Write(b)
	s.mu.Unlock()
	return s.Conn.Write(b)
}

// TestClientID: brokers grant quotas by it.
func TestClientID(t *testing.T) {
	c := fake(t)
	rt := transport(t)
	var mu sync.Mutex
	var out bytes.Buffer
	rt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return spy{conn, &mu, &out}, err
	}
	if _, err := batch.Fetch(t.Context(), rt, kafka.TCP(c.ListenAddrs()...), batch.Query{Topic: topic, MaxBytes: 1000}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	id := append([]byte{0, byte(len(rt.ClientID))}, rt.ClientID...)
	if at := bytes.LastIndex(out.Bytes(), id); at < 8 || out.Bytes()[at-7] != 1 {
		t.Error("the fetch does not say whose it is")
	}
}
