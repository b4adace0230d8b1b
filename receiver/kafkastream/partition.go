package kafkastream

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// partition consumes one partition for one generation: a fetcher that is one chunk ahead, and what hands chunks to the pipeline.
type partition struct {
	place
	m      *member
	totals *totals

	// taken is the offset before which the pipeline has taken everything; committed what the coordinator knows of it, and belongs
	// to who commits. Offsets below 0 are kafka-go's for the first and the last.
	taken     atomic.Int64
	committed int64

	end    atomic.Int64 // of the partition, as far as transactions are settled
	oldest atomic.Int64 // timestamp, in milliseconds, of the first record that was not taken yet, or of the last that was; -1 for none

	spare    chan []batch.Record // memory of chunks that were taken
	returned chan struct{}       // closed when no call to the pipeline is open any more
}

func newPartition(m *member, at place, offset int64) *partition {
	p := &partition{place: at, m: m, totals: m.metrics.of(at), committed: offset, spare: make(chan []batch.Record, 2), returned: make(chan struct{})}
	p.taken.Store(offset)
	p.end.Store(-1)
	p.oldest.Store(-1)
	return p
}

func (p place) String() string { return p.topic + "/" + strconv.Itoa(int(p.partition)) }

// fetching is whose problem it is when the partition cannot be fetched.
func (p place) fetching() string { return p.String() + " fetch" }

func (p place) fields() []zap.Field {
	return []zap.Field{zap.String("topic", p.topic), zap.Int32("partition", p.partition)}
}

func (p place) at(offset int64) record.Source {
	return record.Source{Topic: p.topic, Partition: p.partition, Offset: offset}
}

// chunk is what one fetch gave.
type chunk struct {
	recs []batch.Record
	next int64 // the offset after everything in it
	// dead is a batch passed over behind the records, unless it has no reason.
	dead deadletter.Letter
	// jump says that offsets before next are given up because they are out of range.
	jump bool
	// stop says why nothing more is consumed.
	stop error
}

// run consumes until ctx ends, then finishes the chunk that is with the pipeline, for as long as work is on.
func (p *partition) run(ctx, work context.Context) {
	defer close(p.returned)
	if before := p.m.leftover(p.place); before != nil {
		select {
		case <-before:
		case <-ctx.Done():
			// Whoever comes next waits for both.
			<-before
			return
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	chunks := make(chan chunk)
	fetched := make(chan struct{})
	go func() {
		defer close(fetched)
		p.fetch(ctx, chunks)
	}()
	err := p.process(ctx, work, chunks)
	stop()
	<-fetched
	if err != nil && !errors.Is(err, errEnded) {
		p.m.health.stop(p.String(), err)
		p.m.notices.Forget(p.String())
		p.m.log.Error("kafka_stream: the partition is not consumed any further", append(p.fields(), zap.Error(err))...)
	}
}

// leave lets the generation end although a call to the pipeline is still open.
func (p *partition) leave() {
	select {
	case <-p.returned:
	default:
		p.m.leaveBehind(p.place, p.returned)
	}
}

func (p *partition) process(ctx, work context.Context, chunks <-chan chunk) error {
	for {
		var c chunk
		select {
		case <-ctx.Done():
			return errEnded
		case c = <-chunks:
		}
		if ctx.Err() != nil {
			return errEnded
		}
		if c.stop != nil {
			return c.stop
		}
		if err := p.take(ctx, work, c); err != nil {
			return err
		}
		p.recycle(c.recs)
	}
}

// mark says that the pipeline has taken everything before next. It never goes back but by jump.
func (p *partition) mark(next int64, jump bool) {
	if jump || next > p.taken.Load() {
		p.taken.Store(next)
	}
}

// see takes note of where the partition ends.
func (p *partition) see(end int64) {
	if end >= 0 {
		p.end.Store(end)
	}
}

func (p *partition) lag() int64 {
	taken := p.taken.Load()
	if taken < 0 {
		return 0
	}
	return max(0, p.end.Load()-taken)
}

func (p *partition) lagTime(now time.Time) time.Duration {
	oldest := p.oldest.Load()
	if oldest < 0 || p.lag() == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(oldest)))
}
