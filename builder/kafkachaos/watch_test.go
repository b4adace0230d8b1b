//go:build services

package kafkachaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// watcher looks at what the group has committed and remembers what must not be.
type watcher struct {
	client *kgo.Client

	mu    sync.Mutex
	last  map[place]int64
	looks int
	wrong []string
}

// committed asks for the group's offsets.
func committed(ctx context.Context, cl *kgo.Client) (map[place]int64, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.Group = group
	// From version 8 on groups come in a list.
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = group
	g.Topics = nil // all
	req.Groups = append(req.Groups, g)
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return nil, err
	}
	out := map[place]int64{}
	for _, g := range resp.Groups {
		if err := kerr.ErrorForCode(g.ErrorCode); err != nil {
			return nil, err
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode == 0 {
					out[place{t.Topic, p.Partition}] = p.Offset
				}
			}
		}
	}
	return out, nil
}

// watch looks until ctx ends.
func (w *watcher) watch(ctx context.Context) {
	for ctx.Err() == nil {
		look, cancel := context.WithTimeout(ctx, 2*time.Second)
		now, err := committed(look, w.client)
		cancel()
		if err == nil {
			w.compare(now)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (w *watcher) compare(now map[place]int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	for p, offset := range now {
		if last, seen := w.last[p]; seen && offset < last {
			w.wrong = append(w.wrong, fmt.Sprintf("%s: %s[%d] went from %d back to %d", time.Now().Format("15:04:05.000"), p.topic, p.partition, last, offset))
		}
		w.last[p] = max(offset, w.last[p])
	}
}

// ends asks for the log end offset of every partition of the topics.
func ends(ctx context.Context, cl *kgo.Client, topics ...string) (map[place]int64, error) {
	meta := kmsg.NewPtrMetadataRequest()
	if len(topics) == 0 {
		meta.Topics = nil // all
	}
	for _, t := range topics {
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = kmsg.StringPtr(t)
		meta.Topics = append(meta.Topics, rt)
	}
	found, err := meta.RequestWith(ctx, cl)
	if err != nil {
		return nil, err
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	for _, t := range found.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return nil, err
		}
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = *t.Topic
		for _, p := range t.Partitions {
			rp := kmsg.NewListOffsetsRequestTopicPartition()
			rp.Partition, rp.Timestamp = p.Partition, -1
			rt.Partitions = append(rt.Partitions, rp)
		}
		req.Topics = append(req.Topics, rt)
	}
	out := map[place]int64{}
	for _, shard := range cl.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, shard.Err
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, err
				}
				out[place{t.Topic, p.Partition}] = p.Offset
			}
		}
	}
	return out, nil
}

// readAll hands every record of the topics to each, in the order of its partition.
func readAll(ctx context.Context, seeds string, all map[place]int64, each func(*kgo.Record) error) error {
	from := map[string]map[int32]kgo.Offset{}
	left := map[place]int64{}
	for p, end := range all {
		if end == 0 {
			continue
		}
		if from[p.topic] == nil {
			from[p.topic] = map[int32]kgo.Offset{}
		}
		from[p.topic][p.partition] = kgo.NewOffset().At(0)
		left[p] = end
	}
	if len(left) == 0 {
		return nil
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(seeds), kgo.ConsumePartitions(from), kgo.KeepControlRecords())
	if err != nil {
		return err
	}
	defer cl.Close()
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%d partitions are not read to their end: %w", len(left), err)
		}
		for iter := fetches.RecordIter(); !iter.Done(); {
			rec := iter.Next()
			p := place{rec.Topic, rec.Partition}
			if rec.Offset >= all[p] {
				continue
			}
			if !rec.Attrs.IsControl() {
				if err := each(rec); err != nil {
					return fmt.Errorf("%s[%d] offset %d: %w", rec.Topic, rec.Partition, rec.Offset, err)
				}
			}
			if rec.Offset == all[p]-1 {
				delete(left, p)
			}
		}
	}
	return nil
}
