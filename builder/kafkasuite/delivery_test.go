package kafkasuite

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// lines are n records of log lines, each with the address, keys spread over the partitions.
func lines(topic string, n int, partitions int32) (recs []*kgo.Record) {
	for i := range n {
		recs = append(recs, &kgo.Record{
			Topic: topic, Partition: int32(i) % partitions, Key: fmt.Appendf(nil, "key %d", i%97), Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)),
			Value: fmt.Appendf(nil, `{"n":%d,"mail":"%s","text":"shipped from warehouse north"}`, i, address),
		})
	}
	return recs
}

// Partitions stay what they were, and in each of them the records stand in the order in which they stood.
func testOrder(t *testing.T, c *cluster) {
	const topic, n, partitions = "order", 20_000, 8
	c.topic(t, topic, partitions)
	recs := lines(topic, n, partitions)
	c.produce(t, recs, kgo.ProducerBatchMaxBytes(50_000))
	c.drain(t, house(t), settings{topic: topic})
	got := c.read(t, topic+cleanSuffix)
	require.Len(t, got, partitions)
	sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
}

// Where the counts of partitions differ, the original key decides, as Java's default partitioner does, also where it is
// tokenized; records of a key stay in order.
func testFewerPartitions(t *testing.T, c *cluster) {
	const n, few, keys = 3_000, 3, 97
	h := house(t)
	for _, tokenized := range []bool{false, true} {
		t.Run(fmt.Sprintf("tokenized=%t", tokenized), func(t *testing.T) {
			topic := fmt.Sprintf("fewer-%t", tokenized)
			c.create(t, topic, 8)
			c.create(t, topic+cleanSuffix, few)
			c.create(t, topic+deadSuffix, 1)
			recs := lines(topic, n, 1)
			for i, r := range recs {
				r.Key = fmt.Appendf(nil, "customer%d@kafkasuite.example", i%keys)
				r.Partition = record.PartitionOf(record.Murmur2(r.Key), 8)
			}
			c.produce(t, recs)
			c.drain(t, h, settings{topic: topic, receiver: map[string]any{"formats": []any{map[string]any{"topic": topic, "tokenize_key": tokenized}}}})
			count, last := 0, map[int]int{}
			for p, part := range c.read(t, topic+cleanSuffix) {
				for _, r := range part {
					count++
					i := int(r.Timestamp.UnixMilli() - recs[0].Timestamp.UnixMilli())
					require.Equal(t, record.PartitionOf(record.Murmur2(recs[i].Key), few), p)
					require.Equal(t, tokenized, !bytes.Equal(recs[i].Key, r.Key))
					require.GreaterOrEqual(t, i, last[i%keys], "records of one key are out of order")
					last[i%keys] = i
				}
			}
			require.Equal(t, n, count)
		})
	}
}

// Keys that are tokenized: the partition of the original stays, one key is one token, and a tombstone has the token of what it
// deletes, so that compaction works as it did.
func testTokenizedKeys(t *testing.T, c *cluster) {
	const topic = "keys"
	c.topic(t, topic, 4)
	var recs []*kgo.Record
	for i := range 400 {
		key := fmt.Appendf(nil, "customer%d@kafkasuite.example", i%40)
		r := &kgo.Record{Topic: topic, Key: key, Value: fmt.Appendf(nil, "state %d", i), Partition: record.PartitionOf(record.Murmur2(key), 4)}
		if i%40 < 10 && i >= 360 {
			r.Value = nil
		}
		recs = append(recs, r)
	}
	c.produce(t, recs)
	c.drain(t, house(t), settings{topic: topic, receiver: map[string]any{"formats": []any{map[string]any{"topic": topic, "tokenize_key": true}}}})
	got := c.read(t, topic+cleanSuffix)
	at, tokens := map[int32]int{}, map[string]string{}
	for _, in := range recs {
		require.Less(t, at[in.Partition], len(got[in.Partition]), "lost, or in another partition")
		out := got[in.Partition][at[in.Partition]]
		at[in.Partition]++
		require.True(t, token.MatchString(string(out.Key)), "a key is no token")
		require.Equal(t, in.Value == nil, out.Value == nil, "a tombstone is one or is none")
		if tok, seen := tokens[string(in.Key)]; seen {
			require.Equal(t, tok, string(out.Key), "one key has two tokens")
		}
		tokens[string(in.Key)] = string(out.Key)
	}
	require.Len(t, tokens, 40)
	require.Len(t, slices.Compact(slices.Sorted(maps.Values(tokens))), 40)
}

// A compacted topic has gaps where records were: what is left comes out, tombstones among it, and the group gets to the end.
func testCompacted(t *testing.T, c *cluster) {
	const topic, rounds, keys = "compacted", 12, 20
	c.topic(t, topic, 1, "cleanup.policy=compact", "segment.bytes=1048576", "min.cleanable.dirty.ratio=0.0", "segment.ms=100", "max.compaction.lag.ms=1000", "delete.retention.ms=86400000")
	start := time.Now().Truncate(time.Millisecond) // kfake deletes what is old from compacted topics too
	for round := range rounds {
		var recs []*kgo.Record
		for k := range keys {
			r := &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key %d", k), Value: fmt.Appendf(nil, "round %d of %s", round, address), Timestamp: start.Add(time.Duration(round) * time.Millisecond)}
			if round == rounds-2 && k%4 == 0 {
				r.Value = nil
			} else if round == rounds-1 && k%4 != 1 {
				continue
			}
			recs = append(recs, r)
		}
		c.produce(t, recs)
	}
	time.Sleep(200 * time.Millisecond) // segment.ms: what follows begins the segment that is left alone
	c.produce(t, []*kgo.Record{{Topic: topic, Key: []byte("last"), Value: []byte("last"), Timestamp: start.Add(time.Second)}})
	c.compact(t, topic)
	left := c.all(t, topic)
	require.Less(t, len(left), rounds*keys/2, "nothing was compacted")
	gaps, tombstones := 0, 0
	for i, r := range left {
		if i > 0 && r.Offset != left[i-1].Offset+1 {
			gaps++
		}
		if r.Value == nil {
			tombstones++
		}
	}
	require.NotZero(t, gaps, "of %d records", len(left))
	require.NotZero(t, tombstones, "of %d records", len(left))
	c.drain(t, house(t), settings{topic: topic})
	got := c.read(t, topic+cleanSuffix)
	sameRecords(t, got, expectAll(left, tokenOf(t, got)))
}

// What was rolled back is not delivered, and neither are markers; what stands after an open transaction waits for it.
func testTransactions(t *testing.T, c *cluster) {
	const topic = "transactions"
	c.topic(t, topic, 2)
	h := house(t)
	var want []*kgo.Record
	send := func(cl *kgo.Client, n int, committed bool) {
		for i := range n {
			r := &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: fmt.Appendf(nil, "committed %t %s", committed, address), Timestamp: time.UnixMilli(1_700_000_000_000)}
			require.NoError(t, cl.ProduceSync(t.Context(), r).FirstErr())
			if committed {
				want = append(want, r)
			}
		}
	}
	transaction := func(id string, n int, commit bool) {
		cl := c.client(t, kgo.TransactionalID(id))
		require.NoError(t, cl.BeginTransaction())
		send(cl, n, commit)
		require.NoError(t, cl.EndTransaction(t.Context(), kgo.TransactionEndTry(commit)))
		cl.Close()
	}
	transaction("a", 10, true)
	transaction("a", 6, false)
	send(c.client(t), 4, true)
	transaction("b", 8, false)
	transaction("b", 12, true)
	c.drain(t, h, settings{topic: topic})
	got := c.read(t, topic+cleanSuffix)
	sameRecords(t, got, expectAll(want, tokenOf(t, got)))

	open := c.client(t, kgo.TransactionalID("open"))
	require.NoError(t, open.BeginTransaction())
	send(open, 2, true)
	p := c.start(t, h, settings{topic: topic})
	time.Sleep(time.Second)
	require.Len(t, c.all(t, topic+cleanSuffix), len(want)-2, "records of an open transaction came out")
	require.NoError(t, open.EndTransaction(t.Context(), kgo.TryCommit))
	c.wait(t, p)
	got = c.read(t, topic+cleanSuffix)
	sameRecords(t, got, expectAll(want, tokenOf(t, got)))
}

// Members that join and leave as they should, in the middle of the stream, cost neither a record nor the order. What they had
// taken is committed when they leave, so that few records come twice, if any.
func testMembers(t *testing.T, c *cluster) {
	const topic, n, partitions, rounds = "members", 24_000, 6, 6
	c.topic(t, topic, partitions)
	recs := lines(topic, n, partitions)
	h := house(t)
	s := settings{topic: topic, receiver: map[string]any{
		"session_timeout": "6s", "heartbeat_interval": "100ms", "fetch": map[string]any{"max_bytes": 20_000, "max_wait": "50ms"},
		"commit_interval": "1h", // only leaving commits
	}}
	var running []*pipeline
	for round := range rounds {
		running = append(running, c.start(t, h, s))
		part := recs[n/rounds*round : n/rounds*(round+1)]
		c.produce(t, part, kgo.ProducerBatchMaxBytes(10_000))
		time.Sleep(300 * time.Millisecond)
		if len(running) == 3 {
			running[0].stop()
			running = running[1:]
		}
	}
	for _, p := range running {
		p.stop()
	}
	s.receiver["commit_interval"] = "50ms"
	c.drain(t, h, s)
	got := c.read(t, topic+cleanSuffix)
	again := 0
	for partition, part := range got {
		got[partition] = once(t, part)
		again += len(part) - len(got[partition])
	}
	t.Logf("%d duplicates of %d records", again, n)
	sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
	require.Less(t, again, n/10)
}

// What comes twice, because a group went back, can be told by the source's coordinates: without the second ones, the output
// is what one run gives, byte for byte.
func testDuplicates(t *testing.T, c *cluster) {
	const topic, n, partitions = "duplicates", 1_000, 3
	c.topic(t, topic, partitions)
	h := house(t)
	recs := lines(topic, n, partitions)
	c.produce(t, recs)
	s := settings{topic: topic}
	c.drain(t, h, s)
	c.goBack(t, "group-"+topic, topic, 100)
	c.drain(t, h, s)
	got := c.read(t, topic+cleanSuffix)
	total := 0
	for p, part := range got {
		total += len(part)
		got[p] = once(t, part)
	}
	require.Equal(t, 2*n-partitions*100, total, "no duplicates: this test shows nothing")
	sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
}

// once leaves out what comes a second time from the same place, which has to be the same record.
func once(t *testing.T, part []*kgo.Record) (out []*kgo.Record) {
	t.Helper()
	seen := map[string]*kgo.Record{}
	for _, r := range part {
		if first := seen[place(r)]; first != nil {
			require.NoError(t, differ(r, first), "the second time it is another record")
			continue
		}
		seen[place(r)] = r
		out = append(out, r)
	}
	return out
}

// goBack sets what a group without members has committed.
func (c *cluster) goBack(t *testing.T, group, topic string, offset int64) {
	t.Helper()
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = group, -1
	rt := kmsg.NewOffsetCommitRequestTopic()
	rt.Topic = topic
	for p := range c.offsets(t, topic, true) {
		rp := kmsg.NewOffsetCommitRequestTopicPartition()
		rp.Partition, rp.Offset = p, offset
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	cl := c.client(t, kgo.MaxVersions(kversion.V4_0_0())) // later versions want the id of the topic
	defer cl.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		resp, err := req.RequestWith(t.Context(), cl)
		require.NoError(t, err)
		err = kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
		if err == nil {
			return
		}
		require.True(t, errors.Is(err, kerr.UnknownMemberID) && time.Now().Before(deadline), "%v", err) // the member has not left yet
		time.Sleep(100 * time.Millisecond)
	}
}

// A group whose place in the log is gone goes on as it was told to, and never by itself.
func testOutOfRange(t *testing.T, c *cluster) {
	h := house(t)
	prepare := func(t *testing.T, topic string) (recs []*kgo.Record, s settings) {
		c.topic(t, topic, 1)
		recs = lines(topic, 300, 1)
		c.produce(t, recs)
		s = settings{topic: topic, receiver: map[string]any{}}
		c.goBack(t, "group-"+topic, topic, 10)
		c.deleteBefore(t, topic, 200)
		return recs, s
	}
	t.Run("earliest", func(t *testing.T) {
		recs, s := prepare(t, "range-earliest")
		s.receiver["on_offset_out_of_range"] = "earliest"
		c.drain(t, h, s)
		got := c.read(t, s.topic+cleanSuffix)
		sameRecords(t, got, expectAll(recs[200:], tokenOf(t, got)))
	})
	t.Run("latest", func(t *testing.T) {
		_, s := prepare(t, "range-latest")
		s.receiver["on_offset_out_of_range"] = "latest"
		p := c.start(t, h, s)
		time.Sleep(2 * time.Second)
		recs := lines(s.topic, 5, 1)
		c.produce(t, recs)
		c.wait(t, p)
		got := c.read(t, s.topic+cleanSuffix)
		sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
	})
	t.Run("fail", func(t *testing.T) {
		_, s := prepare(t, "range-fail")
		p := c.start(t, h, s)
		require.Eventually(t, func() bool {
			for _, entry := range p.logs.All() {
				if strings.Contains(strings.ToLower(entry.Message+fmt.Sprint(entry.ContextMap())), "out of range") {
					return true
				}
			}
			return false
		}, 20*time.Second, 50*time.Millisecond, "nothing says that the offset is out of range")
		require.Empty(t, c.all(t, s.topic+cleanSuffix))
		got, err := c.committed(t.Context(), c.client(t), "group-"+s.topic, s.topic)
		require.NoError(t, err)
		require.Equal(t, int64(10), got[0], "what was committed has changed by itself")
	})
}

func (c *cluster) deleteBefore(t *testing.T, topic string, offset int64) {
	t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = 10_000
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic = topic
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rp.Partition, rp.Offset = 0, offset
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	for _, shard := range c.client(t).RequestSharded(t.Context(), req) {
		require.NoError(t, shard.Err)
		require.NoError(t, kerr.ErrorForCode(shard.Resp.(*kmsg.DeleteRecordsResponse).Topics[0].Partitions[0].ErrorCode))
	}
}
