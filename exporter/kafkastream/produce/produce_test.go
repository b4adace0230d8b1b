package produce_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "orders"

type rig struct {
	*kfake.Cluster
	conn    *broker.Connection
	cfg     produce.Config
	retries atomic.Int32
}

func newRig(t testing.TB, opts ...kfake.Opt) *rig {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(2, topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	b := broker.DefaultConfig()
	b.Brokers = c.ListenAddrs()
	conn, err := b.Open(t.Context(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	r := &rig{Cluster: c, conn: conn, cfg: produce.DefaultConfig()}
	r.cfg.Retry.InitialInterval, r.cfg.Retry.MaxInterval, r.cfg.Retry.MaxElapsedTime = time.Millisecond, 20*time.Millisecond, 10*time.Second
	return r
}

func (r *rig) producer() *produce.Producer {
	return produce.New(r.cfg, r.conn, produce.Hooks{Retrying: func(string, int32, error) { r.retries.Add(1) }})
}

func (r *rig) stored(partition int32) int64 { return r.PartitionInfo(topic, partition).HighWatermark }

func recs(n int) []batch.Record {
	out := make([]batch.Record, n)
	for i := range out {
		out[i] = batch.Record{Timestamp: int64(i), Value: make([]byte, 100)}
	}
	return out
}

// TestLeaderMoves has metadata that grows old only when an error says so.
func TestLeaderMoves(t *testing.T) {
	r := newRig(t)
	r.conn.Transport.MetadataTTL = time.Hour
	p := r.producer()
	const moves = 6
	for i := range moves {
		if err := r.MoveTopicPartition(topic, 0, int32(i%3)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Send(t.Context(), topic, 0, recs(1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.stored(0); n != moves {
		t.Errorf("%d records, want %d", n, moves)
	}
	if r.retries.Load() == 0 {
		t.Error("no leader moved")
	}
}

func TestPartitions(t *testing.T) {
	for _, tt := range []struct {
		name   string
		topic  string
		create bool
		opts   []kfake.Opt
		want   int32
		says   string
	}{
		{"there", topic, false, nil, 2, ""},
		{"not there", "other", false, []kfake.Opt{kfake.AllowAutoTopicCreation()}, 0, "topic other: not there"},
		{"not there, and the brokers create none", "other", true, nil, 0, "topic other: not there"},
		{"created", "other", true, []kfake.Opt{kfake.AllowAutoTopicCreation(), kfake.DefaultNumPartitions(7)}, 7, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.opts...)
			r.cfg.CreateTopics, r.cfg.Retry.MaxElapsedTime = tt.create, 300*time.Millisecond
			p := r.producer()
			for range 2 {
				if n, err := p.PartitionsIfThere(t.Context(), "other"); n != 0 || err != nil {
					t.Errorf("%d partitions of a topic that is not there, %v", n, err)
				}
			}
			n, err := p.Partitions(t.Context(), tt.topic)
			if n != tt.want || (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || !errors.Is(err, kafka.UnknownTopicOrPartition)) {
				t.Errorf("%d partitions, %v; want %d, %q", n, err, tt.want, tt.says)
			}
		})
	}
}

// TestPartitionsInTrouble has a topic without leaders at first: it is there all the same.
func TestPartitionsInTrouble(t *testing.T) {
	r := newRig(t)
	r.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		host, port, _ := net.SplitHostPort(r.ListenAddrs()[0])
		n, _ := strconv.Atoi(port)
		b := kmsg.NewMetadataResponseBroker()
		b.Host, b.Port = host, int32(n)
		one := kmsg.NewMetadataResponseTopic()
		one.Topic, one.ErrorCode = kmsg.StringPtr(topic), kerr.LeaderNotAvailable.Code
		res.Brokers, res.Topics = append(res.Brokers, b), append(res.Topics, one)
		return res, nil, true
	})
	if n, err := r.producer().PartitionsIfThere(t.Context(), topic); n != 2 || err != nil {
		t.Errorf("%d partitions, %v; want 2", n, err)
	}
	if r.retries.Load() == 0 {
		t.Error("there was no trouble")
	}
}

// TestTopicIsNew creates a topic after the cluster's metadata was read.
func TestTopicIsNew(t *testing.T) {
	r := newRig(t)
	r.conn.Transport.MetadataTTL = time.Hour
	p := r.producer()
	if _, err := p.Partitions(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	if err := r.CreateTopic("new", 3, nil); err != nil {
		t.Fatal(err)
	}
	if n, err := p.PartitionsIfThere(t.Context(), "new"); n != 3 || err != nil {
		t.Errorf("%d partitions, %v; want 3", n, err)
	}
}

// TestBatches counts requests: records share one as long as they fit.
func TestBatches(t *testing.T) {
	for _, tt := range []struct {
		name           string
		n              int
		batch, message int
		requests       int64
		refused        int
	}{
		{"none", 0, 10_000, 10_000, 0, 0},
		{"one", 1, 10_000, 10_000, 1, 0},
		{"all in one", 70, 10_000, 10_000, 1, 0},
		{"by max_batch_bytes", 70, 5_000, 10_000, 2, 0},
		{"by max_message_bytes", 70, 10_000, 5_000, 2, 0},
		{"each alone", 10, 1, 10_000, 10, 0},
		{"all refused", 10, 10_000, 150, 0, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t)
			r.cfg.MaxBatchBytes, r.cfg.MaxMessageBytes = tt.batch, tt.message
			seen := r.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Count: -1, Observe: true})
			refused, err := r.producer().Send(t.Context(), topic, 1, recs(tt.n))
			if err != nil || len(refused) != tt.refused {
				t.Fatalf("%d refused, %v; want %d", len(refused), err, tt.refused)
			}
			if got := seen.Hits(); int64(got) != tt.requests {
				t.Errorf("%d requests, want %d", got, tt.requests)
			}
			if got := r.stored(1); got != int64(tt.n-tt.refused) {
				t.Errorf("%d records, want %d", got, tt.n-tt.refused)
			}
		})
	}
}

// slow answers late.
type slow struct{ net.Listener }

func (l slow) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return slowConn{c}, err
}

type slowConn struct{ net.Conn }

func (c slowConn) Write(b []byte) (int, error) {
	time.Sleep(5 * time.Millisecond)
	return c.Conn.Write(b)
}

// TestOneInFlight has many senders to two partitions, and wants one request at a time in each, but not of both.
func TestOneInFlight(t *testing.T) {
	type request struct{ from, to time.Time }
	var mu sync.Mutex
	var done [2][]request
	r := newRig(t, kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		return slow{l}, err
	}))
	p := produce.New(r.cfg, r.conn, produce.Hooks{Produced: func(_ string, partition int32, _, _ int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		done[partition] = append(done[partition], request{now.Add(-took), now})
	}})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := p.Send(t.Context(), topic, int32(i%2), recs(1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	together := false
	for partition, requests := range done {
		for i, one := range requests {
			if i > 0 && one.from.Before(requests[i-1].to.Add(-time.Millisecond)) {
				t.Errorf("two requests of partition %d were on their way", partition)
			}
			for _, other := range done[1-partition] {
				together = together || one.from.Before(other.to) && other.from.Before(one.to)
			}
		}
	}
	if !together || len(done[0])+len(done[1]) != 20 {
		t.Errorf("partitions wait for each other; %d and %d requests", len(done[0]), len(done[1]))
	}
}

// TestCanceled ends a wait for the turn, and one for the next attempt.
func TestCanceled(t *testing.T) {
	r := newRig(t)
	r.cfg.Retry.MaxElapsedTime = 0
	r.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1})
	p := r.producer()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := p.Send(ctx, topic, 0, recs(1)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("want the deadline: %v", err)
			}
		})
	}
	all.Wait()
	if r.stored(0) != 0 {
		t.Error("something was written")
	}
}

// TestNoBroker wants the reason why nobody answers, not that a topic is unknown.
func TestNoBroker(t *testing.T) {
	b := broker.DefaultConfig()
	b.Brokers = []string{"127.0.0.1:1"}
	conn, err := b.Open(t.Context(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cfg := produce.DefaultConfig()
	cfg.Retry.InitialInterval, cfg.Retry.MaxElapsedTime = time.Millisecond, 50*time.Millisecond
	p := produce.New(cfg, conn, produce.Hooks{})
	if _, err := p.Partitions(t.Context(), topic); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("partitions: %v", err)
	}
	if _, err := p.Send(t.Context(), topic, 0, recs(1)); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("send: %v", err)
	}
}

func TestTopicName(t *testing.T) {
	for name, want := range map[string]bool{
		"orders": true, "Orders-1_2.3": true, strings.Repeat("a", 249): true,
		"": false, ".": false, "..": false, strings.Repeat("a", 250): false, "a b": false, "a/b": false, "größe": false, "a[": false, "a@": false, "a\x00": false,
	} {
		if produce.TopicName(name) != want {
			t.Errorf("%q: want %v", name, want)
		}
	}
}
