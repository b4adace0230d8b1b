// Package brokertest writes to a Kafka broker and reads from it with franz-go, a client that the pipeline under test
// does not use: what it shows is what any consumer sees. Nil and empty keys, values and header values stay apart.
//
// Every function opens and closes a client of its own; all are safe for concurrent use. They end with ctx.
package brokertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// open is a client of the broker at addr, host:port.
func open(addr string, opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addr)}, opts...)...)
}

// Topic is one to create. Zero partitions are one.
type Topic struct {
	Name       string
	Partitions int32
	Config     map[string]string // such as "cleanup.policy": "compact"
}

// CreateTopics creates topics and waits until each has its leaders.
func CreateTopics(ctx context.Context, addr string, topics ...Topic) error {
	c, err := open(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	r := kmsg.NewPtrCreateTopicsRequest()
	r.TimeoutMillis = 30_000
	for _, t := range topics {
		one := kmsg.NewCreateTopicsRequestTopic()
		one.Topic, one.NumPartitions, one.ReplicationFactor = t.Name, max(t.Partitions, 1), 1
		for key, value := range t.Config {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = key, &value
			one.Configs = append(one.Configs, config)
		}
		r.Topics = append(r.Topics, one)
	}
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	var faults []error
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			faults = append(faults, fmt.Errorf("create topic %s: %w", t.Topic, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, t := range topics {
		if err := await(ctx, func() (bool, error) {
			found, err := partitions(ctx, c, t.Name)
			return err == nil && len(found) == int(max(t.Partitions, 1)), err
		}); err != nil {
			return err
		}
	}
	return nil
}

// await asks until it is done, and returns the last error.
func await(ctx context.Context, ask func() (done bool, err error)) error {
	for {
		done, err := ask()
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Topics are the names of all topics, the broker's own too, sorted.
func Topics(ctx context.Context, addr string) ([]string, error) {
	c, err := open(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = nil
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range answer.Topics {
		names = append(names, *t.Topic)
	}
	slices.Sort(names)
	return names, nil
}

// partitions are the numbers of a topic's partitions; an error while one has no leader.
func partitions(ctx context.Context, c *kgo.Client, topic string) (numbers []int32, err error) {
	r := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = kmsg.StringPtr(topic)
	r.Topics = append(r.Topics, one)
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return nil, fmt.Errorf("topic %s: %w", topic, err)
		}
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("topic %s, partition %d: %w", topic, p.Partition, err)
			}
			numbers = append(numbers, p.Partition)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Produce writes records as they are, each to its Partition, in order, acknowledged by all replicas. A zero Timestamp
// becomes now. Options such as kgo.ProducerBatchCompression(kgo.ZstdCompression()) set the codec.
func Produce(ctx context.Context, addr string, records []*kgo.Record, opts ...kgo.Opt) error {
	c, err := open(addr, append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(16 << 20)}, opts...)...)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.ProduceSync(ctx, records...).FirstErr()
}

// Transact writes records in a transaction of the given id, commits or aborts it, and waits until readers of committed
// records get past it: Kafka's coordinator writes the markers after it has answered.
func Transact(ctx context.Context, addr, id string, commit bool, records []*kgo.Record, opts ...kgo.Opt) error {
	c, err := open(addr, append([]kgo.Opt{kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.BeginTransaction(); err != nil {
		return err
	}
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return errors.Join(err, c.EndTransaction(ctx, kgo.TryAbort))
	}
	if err := c.EndTransaction(ctx, kgo.TransactionEndTry(commit)); err != nil {
		return err
	}
	for _, r := range records {
		if err := await(ctx, func() (bool, error) {
			stable, err := offsets(ctx, c, r.Topic, atEnd, 1)
			return err != nil || stable[r.Partition] > r.Offset, err
		}); err != nil {
			return err
		}
	}
	return nil
}

// ProduceSet writes a record set as it is, bytes of the caller's, and returns the offset it got.
func ProduceSet(ctx context.Context, addr, topic string, partition int32, set []byte) (int64, error) {
	c, err := open(addr, kgo.MaxVersions(kversion.V3_8_0())) // later ones name topics by id
	if err != nil {
		return 0, err
	}
	defer c.Close()
	r := kmsg.NewPtrProduceRequest()
	r.Acks, r.TimeoutMillis = -1, 10_000
	t, p := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	p.Partition, p.Records = partition, set
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	answer, err := c.SeedBrokers()[0].Request(ctx, r)
	if err != nil {
		return 0, err
	}
	got := answer.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
	return got.BaseOffset, kerr.ErrorForCode(got.ErrorCode)
}

// Special offsets of a list request.
const (
	atEnd   = -1
	atStart = -2
)

// Ends are the offsets after the last record of each of a topic's partitions, those of open transactions too.
func Ends(ctx context.Context, addr, topic string) (map[int32]int64, error) {
	c, err := open(addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return offsets(ctx, c, topic, atEnd, 0)
}

// offsets asks every partition of a topic; isolation 1 is read committed.
func offsets(ctx context.Context, c *kgo.Client, topic string, at int64, isolation int8) (map[int32]int64, error) {
	numbers, err := partitions(ctx, c, topic)
	if err != nil {
		return nil, err
	}
	r := kmsg.NewPtrListOffsetsRequest()
	r.IsolationLevel = isolation
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic = topic
	for _, n := range numbers {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = n, at
		t.Partitions = append(t.Partitions, p)
	}
	r.Topics = append(r.Topics, t)
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	out := map[int32]int64{}
	for _, t := range answer.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return nil, fmt.Errorf("offsets of %s, partition %d: %w", topic, p.Partition, err)
			}
			out[p.Partition] = p.Offset
		}
	}
	return out, nil
}

// Consume reads what a topic holds now, up to its last stable offsets, without a group: records of committed
// transactions and of none, by partition and offset.
func Consume(ctx context.Context, addr, topic string, opts ...kgo.Opt) ([]*kgo.Record, error) {
	c, err := open(addr, append([]kgo.Opt{
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(), kgo.FetchMaxWait(200 * time.Millisecond),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ends, err := offsets(ctx, c, topic, atEnd, 1)
	if err != nil {
		return nil, err
	}
	starts, err := offsets(ctx, c, topic, atStart, 1)
	if err != nil {
		return nil, err
	}
	left := map[int32]int64{} // the last offset of those that are not read to their ends
	for n, end := range ends {
		if end > starts[n] {
			left[n] = end - 1
		}
	}
	var records []*kgo.Record
	for len(left) > 0 {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("consume %s: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			last, open := left[r.Partition]
			if open && r.Offset <= last && !r.Attrs.IsControl() {
				records = append(records, r)
			}
			if open && r.Offset >= last {
				delete(left, r.Partition)
			}
		})
	}
	slices.SortStableFunc(records, func(a, b *kgo.Record) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	})
	return records, nil
}

// Committed are the offsets a group has committed, by topic and partition. It waits for the group's coordinator, which a
// new broker has only once its topic of offsets is made.
func Committed(ctx context.Context, addr, group string) (out map[string]map[int32]int64, err error) {
	c, err := open(addr, kgo.MaxVersions(kversion.V3_8_0()))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	err = await(ctx, func() (bool, error) {
		out, err = committed(ctx, c, group)
		return err == nil || !kerr.IsRetriable(err), err
	})
	return out, err
}

func committed(ctx context.Context, c *kgo.Client, group string) (map[string]map[int32]int64, error) {
	r := kmsg.NewPtrOffsetFetchRequest()
	r.Group, r.Topics = group, nil
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group, g.Topics = group, nil
	r.Groups = append(r.Groups, g)
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return nil, err
	}
	out := map[string]map[int32]int64{}
	for _, g := range answer.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return nil, fmt.Errorf("offsets of group %s: %w", group, err)
		}
		for _, t := range g.Topics {
			out[t.Topic] = map[int32]int64{}
			for _, p := range t.Partitions {
				out[t.Topic][p.Partition] = p.Offset
			}
		}
	}
	return out, nil
}

// Commit sets the offset of a group without members.
func Commit(ctx context.Context, addr, group, topic string, partition int32, offset int64) error {
	c, err := open(addr, kgo.MaxVersions(kversion.V3_8_0()))
	if err != nil {
		return err
	}
	defer c.Close()
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Group, r.Generation = group, -1
	t, p := kmsg.NewOffsetCommitRequestTopic(), kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset = partition, offset
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	answer, err := r.RequestWith(ctx, c)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
}
