package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap/zaptest"

	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

const (
	topic   = "orders"
	group   = "cloakroom"
	letters = "cloakroom-dead-letters"
	soon    = 20 * time.Second
)

// cluster is a broker with what tests of this package need.
type cluster struct {
	*kfake.Cluster // nil for Apache Kafka
	addrs          []string
	t              testing.TB
	client         *kgo.Client
}

// apache, where it is set, is the Apache Kafka that tests run against instead of kfake.
var apache string

func newCluster(t testing.TB, partitions int32, opts ...kfake.Opt) *cluster {
	t.Helper()
	if apache != "" {
		c := &cluster{addrs: []string{apache}, t: t}
		c.client = c.franz()
		c.clear()
		c.createTopic(topic, partitions)
		c.createTopic(letters, 1)
		return c
	}
	opts = append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic), kfake.SeedTopics(1, letters),
		kfake.GroupMinSessionTimeout(100 * time.Millisecond),
		kfake.BrokerConfigs(map[string]string{"group.initial.rebalance.delay.ms": "0", "message.max.bytes": "4194304"}),
	}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	out := &cluster{Cluster: c, addrs: c.ListenAddrs(), t: t}
	out.client = out.franz()
	return out
}

func (c *cluster) franz(opts ...kgo.Opt) *kgo.Client {
	c.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(c.addrs...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(4 << 20), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxVersions(kversion.V3_0_0()), // its commits name topics, not their ids

		kgo.ProducerLinger(0), kgo.MetadataMinAge(10 * time.Millisecond), kgo.FetchMaxWait(100 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(client.Close)
	return client
}

// produce writes one batch of n records to a partition, numbered from first in their values.
func (c *cluster) produce(topic string, partition int32, first, n int) {
	c.t.Helper()
	var recs []*kgo.Record
	for i := range n {
		recs = append(recs, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(strconv.Itoa(first + i))})
	}
	if err := c.client.ProduceSync(c.t.Context(), recs...).FirstErr(); err != nil {
		c.t.Fatal(err)
	}
}

func request[R kmsg.Response](c *cluster, req kmsg.Request) R {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	for {
		res, err := c.client.Request(ctx, req)
		if err == nil {
			return res.(R)
		}
		if !errors.Is(err, kerr.CoordinatorNotAvailable) { // which is being made
			c.t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// committed are the offsets of the group by partition, without those of which there are none.
func (c *cluster) committed(topic string) map[int32]int64 {
	c.t.Helper()
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	req.Groups = append(req.Groups, g)
	out := map[int32]int64{}
	res := request[*kmsg.OffsetFetchResponse](c, req)
	for _, g := range res.Groups {
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if t.Topic == topic && p.Offset >= 0 {
					out[p.Partition] = p.Offset
				}
			}
		}
	}
	return out
}

// commit sets an offset of the group, which must have no members.
func (c *cluster) commit(topic string, partition int32, offset int64) {
	c.t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = group
	req.Generation = -1
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	res := request[*kmsg.OffsetCommitResponse](c, req)
	if code := res.Topics[0].Partitions[0].ErrorCode; code != 0 {
		c.t.Fatalf("commit: error %d", code)
	}
}

// deleteBefore deletes the records before an offset.
func (c *cluster) deleteBefore(topic string, partition int32, offset int64) {
	c.t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	t := kmsg.NewDeleteRecordsRequestTopic()
	t.Topic = topic
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t.Partitions = append(t.Partitions, p)
	req.Topics = append(req.Topics, t)
	res := request[*kmsg.DeleteRecordsResponse](c, req)
	if code := res.Topics[0].Partitions[0].ErrorCode; code != 0 {
		c.t.Fatalf("delete records: error %d", code)
	}
}

func (c *cluster) createTopic(topic string, partitions int32) {
	c.t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, partitions, 1
	req.Topics = append(req.Topics, t)
	if code := request[*kmsg.CreateTopicsResponse](c, req).Topics[0].ErrorCode; code != 0 {
		c.t.Fatalf("create topic: error %d", code)
	}
}

// clear deletes all topics and the group.
func (c *cluster) clear() {
	c.t.Helper()
	groups := kmsg.NewPtrDeleteGroupsRequest()
	groups.Groups = []string{group}
	request[*kmsg.DeleteGroupsResponse](c, groups)
	all := kmsg.NewPtrMetadataRequest()
	all.Topics = nil
	gone := func() bool {
		req := kmsg.NewPtrDeleteTopicsRequest()
		for _, t := range request[*kmsg.MetadataResponse](c, all).Topics {
			if !strings.HasPrefix(*t.Topic, "__") {
				dt := kmsg.NewDeleteTopicsRequestTopic()
				dt.Topic = t.Topic
				req.Topics = append(req.Topics, dt)
				req.TopicNames = append(req.TopicNames, *t.Topic)
			}
		}
		if len(req.Topics) > 0 {
			request[*kmsg.DeleteTopicsResponse](c, req)
		}
		return len(req.Topics) == 0
	}
	wait(c.t, "topics stay", gone)
}

func (c *cluster) addPartitions(topic string, count int32) {
	c.t.Helper()
	req := kmsg.NewPtrCreatePartitionsRequest()
	t := kmsg.NewCreatePartitionsRequestTopic()
	t.Topic, t.Count = topic, count
	req.Topics = append(req.Topics, t)
	if code := request[*kmsg.CreatePartitionsResponse](c, req).Topics[0].ErrorCode; code != 0 {
		c.t.Fatalf("create partitions: error %d", code)
	}
}

// deadLetters reads n dead letters: offset and reason by source partition.
func (c *cluster) deadLetters(n int) []string {
	c.t.Helper()
	client := c.franz(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{letters: {0: kgo.NewOffset().AtStart()}}))
	ctx, cancel := context.WithTimeout(c.t.Context(), soon)
	defer cancel()
	var out []string
	for len(out) < n && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			out = append(out, letterText(r))
		})
	}
	return out
}

func letterText(r *kgo.Record) string {
	h := map[string]string{}
	for _, header := range r.Headers {
		h[header.Key] = string(header.Value)
	}
	text := fmt.Sprintf("%s/%s@%s %s", h["cloakroom-source-topic"], h["cloakroom-source-partition"], h["cloakroom-source-offset"], h["cloakroom-reason"])
	if next := h["cloakroom-source-next-offset"]; next != "" {
		text += " next " + next
	}
	return text
}

func (c *cluster) config(change ...func(*Config)) *Config {
	cfg := defaultConfig().(*Config)
	cfg.Brokers = c.addrs
	cfg.Topics = []string{topic}
	cfg.Group = group
	cfg.SessionTimeout = 3 * time.Second
	cfg.HeartbeatInterval = 50 * time.Millisecond
	cfg.RebalanceTimeout = 3 * time.Second
	cfg.CommitInterval = 20 * time.Millisecond
	cfg.MetadataInterval = 100 * time.Millisecond
	cfg.Fetch.MaxWait = 50 * time.Millisecond
	cfg.Retry = Retry{InitialInterval: 5 * time.Millisecond, MaxInterval: 50 * time.Millisecond}
	for _, f := range change {
		f(cfg)
	}
	return cfg
}

// seen is one record that the pipeline was given.
type seen struct {
	topic     string
	partition int32
	offset    int64
}

// pipeline keeps account of the records it takes.
type pipeline struct {
	// before is asked before a batch is taken; its error refuses the batch.
	before func(ctx context.Context, batch []seen) error

	mu    sync.Mutex
	taken []seen
}

func (*pipeline) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: true}
}

func (p *pipeline) ConsumeLogs(ctx context.Context, ld plog.Logs) error {
	batch := seenIn(ld)
	if p.before != nil {
		if err := p.before(ctx, batch); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken = append(p.taken, batch...)
	ld.ResourceLogs().RemoveIf(func(plog.ResourceLogs) bool { return true })
	return nil
}

func seenIn(ld plog.Logs) (batch []seen) {
	for _, rl := range ld.ResourceLogs().All() {
		t, _ := rl.Resource().Attributes().Get("kafka.topic")
		n, _ := rl.Resource().Attributes().Get("kafka.partition")
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				at, _ := lr.Attributes().Get("kafka.offset")
				batch = append(batch, seen{t.Str(), int32(n.Int()), at.Int()})
			}
		}
	}
	return batch
}

func (p *pipeline) all() []seen {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.taken)
}

// offsets of one partition, in the order in which they were first taken.
func (p *pipeline) offsets(partition int32) (out []int64) {
	already := map[int64]bool{}
	for _, s := range p.all() {
		if s.partition == partition && !already[s.offset] {
			already[s.offset] = true
			out = append(out, s.offset)
		}
	}
	return out
}

func (p *pipeline) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken)
}

func settings(t testing.TB, tel ...*componenttest.Telemetry) receiver.Settings {
	set := receivertest.NewNopSettings(metadata.Type)
	if len(tel) > 0 {
		set.TelemetrySettings = tel[0].NewTelemetrySettings()
	}
	set.Logger = zaptest.NewLogger(t)
	return set
}

// start consumes into next until the test ends, or stop is called.
func start(t testing.TB, set receiver.Settings, cfg *Config, next consumer.Logs) (m *member, stop func()) {
	t.Helper()
	return startOn(t, nopHost{}, set, cfg, next)
}

func startOn(t testing.TB, host component.Host, set receiver.Settings, cfg *Config, next consumer.Logs) (m *member, stop func()) {
	t.Helper()
	r, err := NewFactory().CreateLogs(t.Context(), set, cfg, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), host); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		if err := r.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return r.(*member), stop
}

func wait(t testing.TB, what string, until func() bool) {
	t.Helper()
	deadline := time.Now().Add(soon)
	for !until() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func upTo(n int64) (out []int64) {
	for i := range n {
		out = append(out, i)
	}
	return out
}

func TestStart(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start Start
		want  []int64
	}{
		{"at the earliest record", StartEarliest, upTo(15)},
		{"after the latest", StartLatest, []int64{10, 11, 12, 13, 14}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1)
			c.produce(topic, 0, 0, 10)
			var p pipeline
			_, stop := start(t, settings(t), c.config(func(cfg *Config) { cfg.Start = tt.start }), &p)
			wait(t, "no beginning is committed", func() bool { return c.committed(topic)[0] == 10 })
			c.produce(topic, 0, 10, 5)
			wait(t, "records do not arrive", func() bool { return p.count() >= len(tt.want) })
			stop()
			if got := p.offsets(0); !slices.Equal(got, tt.want) {
				t.Errorf("took offsets %v, want %v", got, tt.want)
			}
			if got := c.committed(topic); !maps.Equal(got, map[int32]int64{0: 15}) {
				t.Errorf("committed %v, want 15", got)
			}
		})
	}
}

// TestResume: a member goes on where the one before it stopped, and takes nothing twice.
func TestResume(t *testing.T) {
	c := newCluster(t, 3)
	var p pipeline
	for round := range 3 {
		for partition := range int32(3) {
			c.produce(topic, partition, round*10, 10)
		}
		_, stop := start(t, settings(t), c.config(), &p)
		wait(t, "records do not arrive", func() bool { return p.count() >= 30*(round+1) })
		stop()
		if got, n := c.committed(topic), int64(10*(round+1)); !maps.Equal(got, map[int32]int64{0: n, 1: n, 2: n}) {
			t.Errorf("committed %v, want %d each", got, n)
		}
	}
	if p.count() != 90 {
		t.Errorf("took %d records, want 90", p.count())
	}
	for partition := range int32(3) {
		if got := p.offsets(partition); !slices.Equal(got, upTo(30)) {
			t.Errorf("partition %d: took %v", partition, got)
		}
	}
}

type nopHost struct{}

func (nopHost) GetExtensions() map[component.ID]component.Component { return nil }

// problem is what the health knows of somebody.
func (m *member) problem(whom string) error {
	m.health.mu.Lock()
	defer m.health.mu.Unlock()
	return m.health.problems[whom]
}

func crc(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
