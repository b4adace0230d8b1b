package kafkasuite

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// cluster is where the suite runs.
type cluster struct {
	seeds []string
	// appendTime says that the broker heeds message.timestamp.type of a topic.
	appendTime bool
	// compact makes a topic be compacted and returns when it is.
	compact func(t *testing.T, topic string)
	// damage lets harm rewrite the batches that a partition holds; no batch changes its length.
	damage func(t *testing.T, topic string, partition int32, harm func(batches [][]byte))
}

// maxMessage is the largest batch that the topics of the suite take unless they say otherwise, in bytes.

// topic creates a topic and what belongs to it: where clean records go, and dead letters.
func (c *cluster) topic(t *testing.T, name string, partitions int32, configs ...string) {
	t.Helper()
	c.create(t, name, partitions, configs...)
	c.create(t, name+cleanSuffix, partitions)
	c.create(t, name+deadSuffix, 1)
}

const (
	cleanSuffix = ".clean"
	deadSuffix  = ".dead"
)

// create creates one topic. configs are key=value.
func (c *cluster) create(t *testing.T, name string, partitions int32, configs ...string) {
	t.Helper()
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, 1
	for _, config := range configs {
		key, value, _ := strings.Cut(config, "=")
		entry := kmsg.NewCreateTopicsRequestTopicConfig()
		entry.Name, entry.Value = key, kmsg.StringPtr(value)
		topic.Configs = append(topic.Configs, entry)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 30_000
	req.Topics = append(req.Topics, topic)
	cl := c.client(t)
	defer cl.Close()
	resp, err := req.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(resp.Topics[0].ErrorCode), name)
	require.Eventually(t, func() bool { // a client that asks too early remembers for a while that there is no such topic
		meta := kmsg.NewPtrMetadataRequest()
		mt := kmsg.NewMetadataRequestTopic()
		mt.Topic = kmsg.StringPtr(name)
		meta.Topics = append(meta.Topics, mt)
		found, err := meta.RequestWith(t.Context(), cl)
		return err == nil && found.Topics[0].ErrorCode == 0 && !slices.ContainsFunc(found.Topics[0].Partitions, func(p kmsg.MetadataResponseTopicPartition) bool { return p.Leader < 0 || p.ErrorCode != 0 })
	}, 10*time.Second, 10*time.Millisecond, "%s has no leader", name)
}

func (c *cluster) client(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.seeds...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(cl.Close)
	return cl
}

// produce writes records, each to the partition it names, with franz-go.
func (c *cluster) produce(t *testing.T, recs []*kgo.Record, opts ...kgo.Opt) {
	t.Helper()
	cl := c.client(t, opts...)
	require.NoError(t, cl.ProduceSync(t.Context(), recs...).FirstErr())
	cl.Close()
}

// store writes one batch as it is.
func (c *cluster) store(t *testing.T, topic string, partition int32, set []byte) {
	t.Helper()
	rt := &kafka.Transport{}
	defer rt.CloseIdleConnections()
	_, err := batch.Produce(t.Context(), rt, kafka.TCP(c.seeds...), topic, partition, set, 10*time.Second, kafka.RequireAll)
	require.NoError(t, err)
}

// sum writes the right checksum into a batch that was changed.
func sum(b []byte) []byte {
	be.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

var be = binary.BigEndian

// first is the offset of a batch's first record.
func first(b []byte) int64 { return int64(be.Uint64(b)) }

// split cuts a record set into its batches, which share its memory.
func split(set []byte) (batches [][]byte) {
	for len(set) >= 12 {
		n := 12 + int(be.Uint32(set[8:]))
		if n > len(set) {
			return batches
		}
		batches, set = append(batches, set[:n:n]), set[n:]
	}
	return batches
}

// offsets asks for the first or, with latest, the end offset of every partition of a topic.
func (c *cluster) offsets(t *testing.T, topic string, latest bool) map[int32]int64 {
	t.Helper()
	cl := c.client(t)
	meta := kmsg.NewPtrMetadataRequest()
	mt := kmsg.NewMetadataRequestTopic()
	mt.Topic = kmsg.StringPtr(topic)
	meta.Topics = append(meta.Topics, mt)
	found, err := meta.RequestWith(t.Context(), cl)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(found.Topics[0].ErrorCode), topic)
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	for _, p := range found.Topics[0].Partitions {
		rp := kmsg.NewListOffsetsRequestTopicPartition()
		rp.Partition, rp.Timestamp = p.Partition, -2
		if latest {
			rp.Timestamp = -1
		}
		rt.Partitions = append(rt.Partitions, rp)
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	req.Topics = append(req.Topics, rt)
	out := map[int32]int64{}
	for _, shard := range cl.RequestSharded(t.Context(), req) {
		require.NoError(t, shard.Err)
		for _, p := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics[0].Partitions {
			require.NoError(t, kerr.ErrorForCode(p.ErrorCode))
			out[p.Partition] = p.Offset
		}
	}
	return out
}

// committed asks for the offsets that a group has committed of a topic.
func (c *cluster) committed(ctx context.Context, cl *kgo.Client, group, topic string) (map[int32]int64, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	req.Groups = append(req.Groups, g)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	out := map[int32]int64{}
	for _, g := range resp.Groups {
		for _, tp := range g.Topics {
			for _, p := range tp.Partitions {
				if tp.Topic == topic {
					out[p.Partition] = p.Offset
				}
			}
		}
	}
	return out, nil
}

// read returns what is in a topic, by partition, the committed records only.
func (c *cluster) read(t *testing.T, topic string) map[int32][]*kgo.Record {
	t.Helper()
	ends := c.offsets(t, topic, true)
	from := map[int32]kgo.Offset{}
	for p, start := range c.offsets(t, topic, false) {
		if start < ends[p] {
			from[p] = kgo.NewOffset().At(start)
		}
	}
	out := map[int32][]*kgo.Record{}
	if len(from) == 0 {
		return out
	}
	cl := c.client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxBytes(64<<20), kgo.FetchMaxPartitionBytes(32<<20))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for len(from) > 0 {
		fetches := cl.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "%s cannot be read to its end", topic)
		fetches.EachRecord(func(r *kgo.Record) {
			if !r.Attrs.IsControl() {
				out[r.Partition] = append(out[r.Partition], r)
			}
			if r.Offset >= ends[r.Partition]-1 {
				delete(from, r.Partition)
			}
		})
	}
	cl.Close()
	return out
}

// all is what is in a topic of one partition, or of several one after the other.
func (c *cluster) all(t *testing.T, topic string) (out []*kgo.Record) {
	t.Helper()
	parts := c.read(t, topic)
	for p := range int32(len(c.offsets(t, topic, true))) {
		out = append(out, parts[p]...)
	}
	return out
}

// header is the value of the last header of the name, as text.
func header(r *kgo.Record, name string) string {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == name {
			return string(r.Headers[i].Value)
		}
	}
	return ""
}

// place is where a republished record or a dead letter came from.
func place(r *kgo.Record) string {
	return fmt.Sprintf("%s/%s/%s", header(r, "cloakroom-source-topic"), header(r, "cloakroom-source-partition"), header(r, "cloakroom-source-offset"))
}
