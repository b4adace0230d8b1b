package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/plog"
)

// ledger is what the pipelines of all members took, in order.
type ledger struct {
	pipeline
	pause func() time.Duration
}

func (l *ledger) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	select {
	case <-time.After(l.pause()):
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.pipeline.ConsumeLogs(ctx, ld)
}

// watchCommits fails the test when an offset of the group goes back, until stop is called.
func watchCommits(t *testing.T, c *cluster) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		last := map[int32]int64{}
		for {
			now := c.committed(topic)
			for partition, offset := range last {
				if now[partition] < offset {
					t.Errorf("partition %d: committed %d after %d", partition, now[partition], offset)
				}
			}
			last = now
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	}()
	stop = sync.OnceFunc(func() { close(done); <-ended })
	t.Cleanup(stop)
	return stop
}

// TestRebalance: members come and go while records are produced. Every record is taken at least once, those of a partition in
// their order, and no commit goes back.
func TestRebalance(t *testing.T) {
	const partitions, rounds, each = 6, 40, 20
	c := newCluster(t, partitions)
	stopWatch := watchCommits(t, c)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &ledger{pause: func() time.Duration { return rand.N(3 * time.Millisecond) }}
	var stops [3]func()
	join := func(i int) {
		var m *member
		m, stops[i] = start(t, settings(t), c.config(), l)
		wait(t, "a member is assigned nothing", func() bool { return m.metrics.tally() > 0 })
	}
	for i := range stops {
		join(i)
	}
	for round := range rounds {
		for partition := range int32(partitions) {
			c.produce(topic, partition, round*each, each)
		}
		if round%5 == 4 {
			i := rng.IntN(len(stops))
			stops[i]()
			join(i)
		}
	}
	wait(t, "records are missing", func() bool {
		for partition := range int32(partitions) {
			if len(l.offsets(partition)) < rounds*each {
				return false
			}
		}
		return true
	})
	for _, stop := range stops {
		stop()
	}
	stopWatch()
	for partition := range int32(partitions) {
		if got := l.offsets(partition); !slices.Equal(got, upTo(rounds*each)) {
			t.Errorf("partition %d: first taken in the order %v", partition, got)
		}
		if got := c.committed(topic)[partition]; got != rounds*each {
			t.Errorf("partition %d: committed %d, want %d", partition, got, rounds*each)
		}
	}
	t.Logf("%d records taken of %d", l.count(), partitions*rounds*each)
}

// TestSessionExpires: a member whose heartbeats do not arrive loses its partitions while a batch is with its pipeline. Another one
// consumes them, and what the first commits then is not taken.
func TestSessionExpires(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 10)
	stopWatch := watchCommits(t, c)
	stuck, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	slow := &pipeline{before: func(context.Context, []seen) error {
		once.Do(func() { close(stuck); <-release })
		return nil
	}}
	tel := componenttest.NewTelemetry()
	_, stop := start(t, settings(t, tel), c.config(func(cfg *Config) {
		cfg.SessionTimeout, cfg.HeartbeatInterval = 400*time.Millisecond, time.Hour
	}), slow)
	<-stuck

	var other pipeline
	start(t, settings(t), c.config(), &other)
	wait(t, "the other member does not take over", func() bool { return other.count() == 10 })
	c.produce(topic, 0, 10, 10)
	wait(t, "the other member does not go on", func() bool { return c.committed(topic)[0] == 20 })
	close(release)
	wait(t, "the first member's commit is not refused", func() bool { return sum(t, tel, "otelcol_receiver_kafka_stream_commits_failed") > 0 })
	stop()
	c.produce(topic, 0, 20, 10)
	wait(t, "nobody goes on", func() bool { return c.committed(topic)[0] == 30 })
	stopWatch()
	if got := other.offsets(0); !slices.Equal(got, upTo(30)) {
		t.Errorf("the other member took %v", got)
	}
	if got := slow.offsets(0); !slices.Equal(got[:10], upTo(10)) {
		t.Errorf("the first member took %v", got)
	}
}

// TestNewPartitions: partitions added to a topic are consumed from their beginning.
func TestNewPartitions(t *testing.T) {
	c := newCluster(t, 1)
	var p pipeline
	start(t, settings(t), c.config(), &p)
	start(t, settings(t), c.config(), &p)
	c.produce(topic, 0, 0, 5)
	wait(t, "records do not arrive", func() bool { return p.count() >= 5 })
	c.addPartitions(topic, 3)
	c2 := c.franz()
	c.client = c2
	c.produce(topic, 2, 0, 5)
	wait(t, "records of the new partition do not arrive", func() bool { return len(p.offsets(2)) == 5 })
}

// TestTopicsRegex: topics that come to match are consumed; dead letters and Kafka's own are not.
func TestTopicsRegex(t *testing.T) {
	c := newCluster(t, 1)
	var p pipeline
	start(t, settings(t), c.config(func(cfg *Config) {
		cfg.Topics, cfg.TopicsRegex, cfg.ExcludeTopicsRegex = nil, "ord.*|shop-.*|cloakroom-.*|__.*", ".*-clean"
	}), &p)
	c.produce(topic, 0, 0, 2)
	c.produce(letters, 0, 0, 2)
	wait(t, "records do not arrive", func() bool { return p.count() == 2 })
	c.createTopic("shop-eu", 2)
	for _, other := range []string{"not-shop-eu", "shop-eu-clean"} {
		c.createTopic(other, 1)
	}
	c.client = c.franz()
	c.produce("shop-eu", 1, 0, 3)
	for _, other := range []string{"not-shop-eu", "shop-eu-clean"} {
		c.produce(other, 0, 0, 3)
	}
	wait(t, "records of the new topic do not arrive", func() bool { return p.count() >= 5 })
	time.Sleep(300 * time.Millisecond)
	got := map[string]int{}
	for _, s := range p.all() {
		got[s.topic]++
	}
	if want := map[string]int{topic: 2, "shop-eu": 3}; !maps.Equal(got, want) {
		t.Errorf("took records of %v, want %v", got, want)
	}
}

// TestTopicMissing: a topic of the configuration that is not there yet does not keep the others waiting.
func TestTopicMissing(t *testing.T) {
	c := newCluster(t, 1)
	var p pipeline
	m, _ := start(t, settings(t), c.config(func(cfg *Config) { cfg.Topics = []string{"later", topic} }), &p)
	c.produce(topic, 0, 0, 2)
	wait(t, "records do not arrive", func() bool { return p.count() == 2 })
	if m.problem("topics") == nil {
		t.Error("nothing says that a topic is missing")
	}
	c.createTopic("later", 1)
	c.client = c.franz()
	c.produce("later", 0, 0, 2)
	wait(t, "records of the later topic do not arrive", func() bool { return p.count() == 4 })
	if err := m.problem("topics"); err != nil {
		t.Error(err)
	}
}

// TestJoinFails: errors of joining the group are told, and it is tried again.
func TestJoinFails(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 5)
	var refusals atomic.Int32
	c.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		n := refusals.Add(1)
		if n > 5 {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.JoinGroupResponse)
		res.ErrorCode = int16(kafka.UnknownMemberId)
		if n > 3 {
			res.ErrorCode = int16(kafka.GroupAuthorizationFailed)
		}
		return res, nil, true
	})
	var p pipeline
	m, _ := start(t, settings(t), c.config(), &p)
	wait(t, "the problem is not told", func() bool { return errors.Is(m.problem("group"), kafka.GroupAuthorizationFailed) })
	wait(t, "records do not arrive", func() bool { return p.count() == 5 })
	if err := m.problem("group"); err != nil {
		t.Error(err)
	}
}

// TestSessionTimeout: one that the brokers do not allow is told by its key, which is not what their error is called.
func TestSessionTimeout(t *testing.T) {
	c := newCluster(t, 1)
	m, _ := start(t, settings(t), c.config(func(cfg *Config) { cfg.SessionTimeout = time.Hour }), new(pipeline))
	wait(t, "the problem is not told", func() bool { return errors.Is(m.problem("group"), kafka.InvalidSessionTimeout) })
	if err := m.problem("group"); !strings.Contains(err.Error(), "session_timeout, 1h0m0s, is not within what the brokers allow") {
		t.Error(err)
	}
}

// TestCommitFails: a commit that fails is made again, and one that the group refuses ends the generation.
func TestCommitFails(t *testing.T) {
	for _, code := range []kafka.Error{kafka.NotCoordinatorForGroup, kafka.RebalanceInProgress, kafka.IllegalGeneration, kafka.UnknownMemberId} {
		t.Run(code.Title(), func(t *testing.T) {
			c := newCluster(t, 1)
			var n atomic.Int32
			c.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				if n.Add(1) > 3 {
					return nil, nil, false
				}
				return refuseCommit(req.(*kmsg.OffsetCommitRequest), code), nil, true
			})
			c.produce(topic, 0, 0, 5)
			var p pipeline
			start(t, settings(t), c.config(), &p)
			wait(t, "nothing is committed", func() bool { return c.committed(topic)[0] == 5 })
		})
	}
}

func refuseCommit(req *kmsg.OffsetCommitRequest, code kafka.Error) *kmsg.OffsetCommitResponse {
	res := req.ResponseKind().(*kmsg.OffsetCommitResponse)
	for _, t := range req.Topics {
		rt := kmsg.NewOffsetCommitResponseTopic()
		rt.Topic = t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewOffsetCommitResponseTopicPartition()
			rp.Partition, rp.ErrorCode = p.Partition, int16(code)
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// TestShutdown: a batch that is with the pipeline is finished and committed; one that is not finished in time is not committed.
func TestShutdown(t *testing.T) {
	for _, tt := range []struct {
		name    string
		timeout time.Duration // of the shutdown; 0 for none
		finish  func(ctx context.Context, release <-chan struct{}) error
		want    int64 // committed
		within  time.Duration
	}{
		{"the pipeline finishes", 0, func(_ context.Context, release <-chan struct{}) error { <-release; return nil }, 5, 5 * time.Second},
		{"the pipeline fails for now", 0, func(_ context.Context, release <-chan struct{}) error { <-release; return errors.New("away") }, 0, 5 * time.Second},
		{"the pipeline waits for the end of its context", 0, func(ctx context.Context, _ <-chan struct{}) error { <-ctx.Done(); return ctx.Err() }, 0, 5 * time.Second},
		{"the shutdown has no time", 300 * time.Millisecond, func(ctx context.Context, _ <-chan struct{}) error { <-ctx.Done(); return ctx.Err() }, 0, 2 * time.Second},
		{"the pipeline never returns", 300 * time.Millisecond, func(context.Context, <-chan struct{}) error { time.Sleep(4 * time.Second); return nil }, 0, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, 1)
			c.produce(topic, 0, 0, 5)
			inside, release := make(chan struct{}), make(chan struct{})
			p := &pipeline{before: func(ctx context.Context, _ []seen) error {
				close(inside)
				return tt.finish(ctx, release)
			}}
			r, err := NewFactory().CreateLogs(t.Context(), settings(t), c.config(), p)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(t.Context(), nopHost{}); err != nil {
				t.Fatal(err)
			}
			<-inside
			ctx := context.Background()
			if tt.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, tt.timeout)
				defer cancel()
			}
			time.AfterFunc(200*time.Millisecond, func() { close(release) })
			began := time.Now()
			if err := r.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > tt.within {
				t.Errorf("took %s, want at most %s", took, tt.within)
			}
			if got := c.committed(topic)[0]; got != tt.want {
				t.Errorf("committed %d, want %d", got, tt.want)
			}
			if tt.name == "the pipeline never returns" {
				time.Sleep(4 * time.Second) // it does, for goleak
			}
		})
	}
}

// TestShutdownWhileJoining: kafka-go waits for the group to settle, a shutdown does not.
func TestShutdownWhileJoining(t *testing.T) {
	c := newCluster(t, 1)
	c.squat()
	m, _ := start(t, settings(t), c.config(func(cfg *Config) { cfg.RebalanceTimeout = time.Minute }), new(pipeline))
	time.Sleep(300 * time.Millisecond)
	if m.metrics.tally() > 0 {
		t.Fatal("the group settled")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := m.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 200*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

// squat is a member of the group that neither gives up what it is assigned nor loses it for a minute.
func (c *cluster) squat() {
	c.t.Helper()
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType = group, "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 60_000, 60_000
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name = (*balancer)(nil).ProtocolName()
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Topics = []string{topic}
	protocol.Metadata = meta.AppendTo(nil)
	join.Protocols = append(join.Protocols, protocol)
	joined := request[*kmsg.JoinGroupResponse](c, join)
	if joined.ErrorCode == int16(kafka.MemberIDRequired) {
		join.MemberID = joined.MemberID
		joined = request[*kmsg.JoinGroupResponse](c, join)
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.Generation, sync.MemberID = group, joined.Generation, joined.MemberID
	if synced := request[*kmsg.SyncGroupResponse](c, sync); joined.ErrorCode != 0 || synced.ErrorCode != 0 {
		c.t.Fatalf("errors %d and %d", joined.ErrorCode, synced.ErrorCode)
	}
}

// TestLeftBehind: a partition is not consumed again while an earlier call about it is still with the pipeline.
func TestLeftBehind(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 5)
	var calls, open, most atomic.Int32
	release := make(chan struct{})
	p := &pipeline{before: func(context.Context, []seen) error {
		most.Store(max(most.Load(), open.Add(1)))
		defer open.Add(-1)
		if calls.Add(1) == 1 {
			<-release // whatever its context says
		}
		return nil
	}}
	m, _ := start(t, settings(t), c.config(func(cfg *Config) { cfg.SessionTimeout = 300 * time.Millisecond }), p)
	wait(t, "no call", func() bool { return calls.Load() == 1 })
	// Another member joins: the first has to give the partition up, gets it again or not, and both do not touch it.
	_, stop := start(t, settings(t), c.config(func(cfg *Config) { cfg.SessionTimeout = 300 * time.Millisecond }), new(pipeline))
	wait(t, "the call is not left behind", func() bool { return m.leftover(place{topic, 0}) != nil })
	stop()
	close(release)
	c.produce(topic, 0, 5, 5)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 10 })
	if most.Load() > 1 {
		t.Errorf("%d calls about one partition at once", most.Load())
	}
}

// TestLeaderMoves: the leader of a partition changes again and again, and nothing is lost or out of order.
func TestLeaderMoves(t *testing.T) {
	c := newCluster(t, 2, kfake.NumBrokers(3))
	var p pipeline
	start(t, settings(t), c.config(), &p)
	for i := range 10 {
		for partition := range int32(2) {
			if err := c.MoveTopicPartition(topic, partition, int32(i+int(partition))%3); err != nil {
				t.Fatal(err)
			}
			c.produce(topic, partition, i*5, 5)
		}
	}
	wait(t, "records do not arrive", func() bool { return len(p.offsets(0)) == 50 && len(p.offsets(1)) == 50 })
	for partition := range int32(2) {
		if got := p.offsets(partition); !slices.Equal(got, upTo(50)) {
			t.Errorf("partition %d: took %v", partition, got)
		}
	}
}

func TestDeal(t *testing.T) {
	member := func(id string, topics ...string) kafka.GroupMember { return kafka.GroupMember{ID: id, Topics: topics} }
	for _, tt := range []struct {
		name    string
		members []kafka.GroupMember
		counts  map[string]int
		want    kafka.GroupMemberAssignments
	}{
		{"one member", []kafka.GroupMember{member("a", "t")}, map[string]int{"t": 2}, kafka.GroupMemberAssignments{"a": {"t": {0, 1}}}},
		{
			"topics of one partition are shared",
			[]kafka.GroupMember{member("b", "t", "u"), member("a", "t", "u")},
			map[string]int{"t": 1, "u": 1},
			kafka.GroupMemberAssignments{"a": {"t": {0}}, "b": {"u": {0}}},
		},
		{
			"members want different topics",
			[]kafka.GroupMember{member("a", "t"), member("b", "t", "u")},
			map[string]int{"t": 2, "u": 3},
			kafka.GroupMemberAssignments{"a": {"t": {0}}, "b": {"t": {1}, "u": {0, 1, 2}}},
		},
		{"a topic that is not there", []kafka.GroupMember{member("a", "t", "u")}, map[string]int{"t": 1}, kafka.GroupMemberAssignments{"a": {"t": {0}}}},
		{
			"more members than partitions",
			[]kafka.GroupMember{member("a", "t"), member("b", "t")},
			map[string]int{"t": 1},
			kafka.GroupMemberAssignments{"a": {"t": {0}}, "b": {}},
		},
		{"a topic nobody wants", []kafka.GroupMember{member("a")}, map[string]int{"t": 1}, kafka.GroupMemberAssignments{"a": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := deal(tt.members, tt.counts); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("dealt %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzDeal: every partition that somebody wants goes to exactly one member that wants its topic, and where all want the same, no
// member has two more than another.
func FuzzDeal(f *testing.F) {
	f.Add(uint8(3), uint8(2), []byte{1, 5, 2}, true)
	f.Add(uint8(4), uint8(3), []byte{0x17, 0x29, 0x33}, false)
	f.Add(uint8(1), uint8(5), []byte{}, true)
	f.Fuzz(func(t *testing.T, members, topics uint8, random []byte, same bool) {
		members, topics = members%8+1, topics%8
		at := func(i int) byte {
			if len(random) == 0 {
				return 0
			}
			return random[i%len(random)]
		}
		counts := map[string]int{}
		for i := range int(topics) {
			counts[fmt.Sprint("t", i)] = int(at(i) % 16)
		}
		group := make([]kafka.GroupMember, members)
		want := map[string][]string{}
		for i := range group {
			group[i].ID = fmt.Sprint("m", i)
			for j := range int(topics) {
				if name := fmt.Sprint("t", j); same || at(i*8+j)&0x10 != 0 {
					group[i].Topics = append(group[i].Topics, name)
					want[name] = append(want[name], group[i].ID)
				}
			}
		}
		owners := map[string]string{}
		least, most := 1<<30, 0
		for id, assigned := range deal(group, counts) {
			n := 0
			for topic, partitions := range assigned {
				for _, p := range partitions {
					key := fmt.Sprint(topic, "/", p)
					if owners[key] != "" || !slices.Contains(want[topic], id) || p >= counts[topic] {
						t.Fatalf("%s to %s, which has it from %q", key, id, owners[key])
					}
					owners[key] = id
					n++
				}
			}
			least, most = min(least, n), max(most, n)
		}
		all := 0
		for topic := range want {
			all += counts[topic]
		}
		if len(owners) != all {
			t.Errorf("%d partitions dealt out of %d", len(owners), all)
		}
		if same && most-least > 1 {
			t.Errorf("one member has %d partitions, another %d", most, least)
		}
	})
}
