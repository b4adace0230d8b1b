package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// generation is what the group assigned to this member until the next rebalance.
type generation struct {
	m          *member
	gen        *kafka.Generation
	partitions []*partition
	led        map[string]int // partitions by topic as this member dealt them out; nil where another did
}

func newGeneration(m *member, gen *kafka.Generation, led map[string]int) *generation {
	g := &generation{m: m, gen: gen, led: led}
	for topic, assigned := range gen.Assignments {
		for _, a := range assigned {
			g.partitions = append(g.partitions, newPartition(m, place{topic, int32(a.ID)}, a.Offset))
		}
	}
	return g
}

// run consumes until the generation ends, which kafka-go tells by ctx, or until it is to end: this member was thrown out, or there are
// new partitions. Then batches that are with the pipeline may go on for a bounded time, and what was taken is committed.
func (g *generation) run(ctx context.Context) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	work, abort := context.WithCancel(context.Background())
	defer abort()
	g.m.metrics.assign(g.partitions)
	g.m.log.Info("kafka_stream: partitions assigned", zap.Int32("generation", g.gen.ID), zap.Int("partitions", len(g.partitions)))

	var running, watching sync.WaitGroup
	for _, p := range g.partitions {
		running.Go(func() { p.run(ctx, work) })
	}
	watching.Go(func() { g.watch(ctx, end) })
	g.commits(ctx)
	end()

	g.m.metrics.assign(nil)
	g.drain(&running, abort)
	if err := g.commit(); err != nil && !fenced(err) {
		_ = g.commit() // what stays uncommitted is consumed again
	}
	watching.Wait()
	g.m.notices.Forget(committing)
	for _, p := range g.partitions {
		for _, whom := range []string{p.String(), p.fetching()} { // another member's from now on
			g.m.health.set(whom, nil)
			g.m.notices.Forget(whom)
		}
	}
}

// commits commits at an interval until the generation ends.
func (g *generation) commits(ctx context.Context) {
	for pause(ctx, g.m.cfg.CommitInterval) {
		if err := g.commit(); fenced(err) {
			return
		}
	}
}

// drain waits for batches that are with the pipeline, not as long where the Collector stops. Calls that do not even return when
// their context has ended are left behind, and what they were about is not committed.
func (g *generation) drain(running *sync.WaitGroup, abort context.CancelFunc) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		running.Wait()
	}()
	over, stops := time.After(g.m.cfg.drain()), g.m.life.Done()
	for waiting := true; waiting; {
		select {
		case <-done:
			return
		case <-time.After(g.m.cfg.CommitInterval):
			_ = g.commit() // of those that are done; to the group it is as good as a heartbeat
		case <-stops:
			over, stops = time.After(min(g.m.cfg.drain(), stopping)), nil
		case <-over:
			waiting = false
		case <-g.m.hurry:
			waiting = false
		}
	}
	g.m.log.Info("kafka_stream: batches that the pipeline has not taken in time are given up, and consumed again",
		zap.Int("partitions", g.unreturned()))
	abort()
	select {
	case <-done:
	case <-time.After(aborting):
		for _, p := range g.partitions {
			p.leave()
		}
		g.m.log.Warn("kafka_stream: the pipeline did not return a batch in time; it is consumed again")
	}
}

// unreturned is how many partitions have a batch with the pipeline.
func (g *generation) unreturned() (n int) {
	for _, p := range g.partitions {
		select {
		case <-p.returned:
		default:
			n++
		}
	}
	return n
}

// stopping is how long a batch that is with the pipeline may go on when the Collector stops. What cannot be written now is not
// waited for longer: supervisors kill after ten seconds.
const stopping = 5 * time.Second

// aborting is how long a call may take to return after its context has ended.
const aborting = time.Second

// commit tells the group's coordinator how far the pipeline has taken each partition, where that changed.
func (g *generation) commit() error {
	offsets := map[string]map[int]int64{}
	var changed []*partition
	for _, p := range g.partitions {
		if taken := p.taken.Load(); taken != p.committed {
			if offsets[p.topic] == nil {
				offsets[p.topic] = map[int]int64{}
			}
			offsets[p.topic][int(p.partition)] = taken
			changed = append(changed, p)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := g.gen.CommitOffsets(offsets); err != nil {
		g.failed(err)
		return err
	}
	g.m.notices.Works(committing, "offsets are committed again")
	for _, p := range changed {
		p.committed = offsets[p.topic][int(p.partition)]
	}
	return nil
}

// committing is whose failure it is when offsets are not committed.
const committing = "commits"

func (g *generation) failed(err error) {
	g.m.metrics.builder.ReceiverKafkaStreamCommitsFailed.Add(context.Background(), 1, g.m.metrics.own)
	g.m.notices.Failing(committing, "offsets are not committed", err, zap.Int32("generation", g.gen.ID))
}

// fenced tells whether the group goes on without this generation.
func fenced(err error) bool {
	return errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.UnknownMemberId) || errors.Is(err, kafka.FencedInstanceID)
}

// watch looks for new partitions where this member leads the group, and for how far the partitions reach.
func (g *generation) watch(ctx context.Context, end context.CancelFunc) {
	for pause(ctx, g.m.cfg.MetadataInterval) {
		if g.led != nil {
			counts, err := g.m.list(ctx)
			for topic, n := range g.led {
				if err == nil && counts[topic] != n {
					g.m.log.Info("kafka_stream: the partitions of a topic have changed, joining again", zap.String("topic", topic))
					end()
					return
				}
			}
		}
		g.look(ctx)
	}
}

// look asks for the ends of partitions, since one whose batch waits for the pipeline is not fetched from.
func (g *generation) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, g.m.cfg.DialTimeout)
	defer cancel()
	ask := map[string][]kafka.OffsetRequest{}
	at := map[place]*partition{}
	for _, p := range g.partitions {
		ask[p.topic] = append(ask[p.topic], kafka.LastOffsetOf(int(p.partition)))
		at[p.place] = p
	}
	if len(ask) == 0 {
		return
	}
	res, err := g.m.conn.Client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: ask, IsolationLevel: kafka.ReadCommitted})
	if err != nil {
		return
	}
	for topic, offsets := range res.Topics {
		for _, o := range offsets {
			if p := at[place{topic, int32(o.Partition)}]; p != nil && o.Error == nil {
				p.see(o.LastOffset)
			}
		}
	}
}

// offsets asks for the first offset of a partition and the one after its last.
func (m *member) offsets(ctx context.Context, p place) (first, last int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.cfg.DialTimeout)
	defer cancel()
	n := int(p.partition)
	res, err := m.conn.Client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{p.topic: {kafka.FirstOffsetOf(n), kafka.LastOffsetOf(n)}}, IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return 0, 0, err
	}
	for _, o := range res.Topics[p.topic] {
		if o.Partition == n {
			return o.FirstOffset, o.LastOffset, o.Error
		}
	}
	return 0, 0, fmt.Errorf("the broker told no offsets: %w", kafka.UnknownTopicOrPartition)
}
