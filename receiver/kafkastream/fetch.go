package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
)

// fetcher fetches a partition from an offset on.
type fetcher struct {
	*partition
	at      int64
	size    int // bytes to ask for
	got     batch.Fetched
	more    bool  // got holds batches from at on that are not decoded yet
	suspect int64 // the base offset of a batch that could not be read the first time, -1 for none
	dead    int64 // the base offset of the last batch that was passed over, -1 for none
	wait    backoff
	lost    deadletter.Letter // of the batch dead, until it is known where it ends; without a reason for none
	short   int               // answers in a row that were cut off although they had room
	asked   time.Time         // when the broker was asked last
}

// fetch sends chunks until ctx ends, or a chunk that says why there are no more.
func (p *partition) fetch(ctx context.Context, out chan<- chunk) {
	f := &fetcher{partition: p, at: p.taken.Load(), size: p.m.cfg.Fetch.MaxBytes, suspect: -1, dead: -1, wait: p.m.cfg.Retry.backoff()}
	for ctx.Err() == nil {
		c, ok := f.next(ctx)
		if !ok {
			continue
		}
		select {
		case out <- c:
		case <-ctx.Done():
		}
		if c.stop != nil {
			return
		}
	}
}

// next fetches once. ok is false where that gave nothing to pass on.
func (f *fetcher) next(ctx context.Context) (c chunk, ok bool) {
	if f.at < 0 {
		return f.begin(ctx)
	}
	if f.more {
		return f.decode(ctx)
	}
	cfg := &f.m.cfg.Fetch
	f.asked = time.Now()
	got, err := batch.Fetch(ctx, f.m.conn.Transport, f.m.conn.Addr, batch.Query{
		Topic: f.topic, Partition: f.place.partition, Offset: f.at,
		MinBytes: int32(cfg.MinBytes), MaxBytes: int32(f.size), MaxWait: cfg.MaxWait, MaxResponse: cfg.MaxRecordBytes + slack,
	})
	if err == nil {
		err = got.Err
	}
	switch tooLarge := (*batch.TooLargeError)(nil); {
	case err == nil:
		return f.fetched(ctx, got)
	case errors.As(err, &tooLarge):
		return f.grow(ctx, tooLarge)
	case errors.Is(err, kafka.OffsetOutOfRange):
		return f.outOfRange(ctx)
	default:
		f.failed(ctx, err)
		return c, false
	}
}

func (f *fetcher) fetched(ctx context.Context, got batch.Fetched) (c chunk, ok bool) {
	if f.wait.attempts > 0 {
		f.wait.reset()
		f.m.tell(f.fetching(), nil, "", "the partition is fetched again", f.fields()...)
	}
	if f.see(got.LastStable); got.LastStable < 0 {
		f.see(got.HighWatermark)
	}
	f.totals.bytes.Add(int64(len(got.Set)))
	if size, next := batch.First(got.Set); size > f.m.cfg.Fetch.MaxRecordBytes {
		return f.grow(ctx, &batch.TooLargeError{Need: size, Next: next})
	}
	f.got = got
	return f.decode(ctx)
}

// slack is how much of a response may be something else than batches, such as the transactions that were rolled back.
const slack = 1 << 20

// begin finds out where a partition begins of which nothing was committed.
func (f *fetcher) begin(ctx context.Context) (c chunk, ok bool) {
	first, last, err := f.m.offsets(ctx, f.place)
	if err != nil {
		f.failed(ctx, err)
		return c, false
	}
	f.see(last)
	if f.at == kafka.FirstOffset {
		last = first
	}
	// It is committed, so that a rebalance before the first record does not begin at another end of the partition.
	f.at = last
	return chunk{next: f.at}, true
}

// decode makes a chunk of what was fetched, or of the beginning of it where that is much once it is decompressed.
func (f *fetcher) decode(ctx context.Context) (c chunk, ok bool) {
	var recs []batch.Record
	select {
	case recs = <-f.spare:
	default:
	}
	recs, next, err := f.records(recs)
	c = chunk{recs: recs, next: next}
	var corrupt *batch.CorruptError
	var tooLarge *batch.TooLargeError
	if f.lost.Reason != "" && (!errors.As(err, &corrupt) || corrupt.BaseOffset != f.dead) {
		f.recycle(recs)
		f.more = true // of what was fetched, nothing is handed on yet
		return f.settle(), true
	}
	switch {
	case errors.As(err, &corrupt) && f.suspect != corrupt.BaseOffset:
		// It may have been the network: what is before goes on, and the batch is fetched once more.
		f.suspect = corrupt.BaseOffset
		if next == f.at {
			f.failed(ctx, err)
		}
	case errors.As(err, &corrupt):
		if f.dead != corrupt.BaseOffset { // else it is the same batch, whose end is not known
			f.dead = corrupt.BaseOffset
			f.lost = deadletter.Letter{Source: f.place.at(next), Reason: deadletter.Corrupt(corrupt.Reason)}
		}
		f.got = batch.Fetched{}
		ok = next > f.at
		f.at, f.size, f.more = corrupt.NextOffset, f.m.cfg.Fetch.MaxBytes, false
		if !ok {
			f.recycle(recs)
		}
		return c, ok
	case errors.As(err, &tooLarge):
		return f.grow(ctx, tooLarge)
	}
	f.more = c.next > f.at && err == nil && c.next < batch.End(f.got.Set)
	if !f.more {
		defer func() { f.got = batch.Fetched{} }()
	}
	if c.next == f.at {
		f.recycle(recs)
		if err == nil && len(f.got.Set) > 0 {
			f.failed(ctx, errors.New("the broker answers with batches before the offset that was asked for"))
		} else if left := f.m.cfg.Fetch.MaxWait - time.Since(f.asked); err == nil && left > 0 {
			pause(ctx, min(left, idle)) // a broker that does not wait, although there is nothing
		}
		return c, false
	}
	f.at, f.size, f.short = c.next, f.m.cfg.Fetch.MaxBytes, 0
	return c, true
}

// settle tells of the batch that was passed over, now that it is known where it ends.
func (f *fetcher) settle() chunk {
	c := chunk{next: f.at, dead: f.lost}
	c.dead.NextOffset = f.at
	f.lost = deadletter.Letter{}
	return c
}

// idle is the least time between fetches that give nothing.
const idle = 50 * time.Millisecond

// records decodes as much as is handed on at once, and a single batch that is more than that.
func (f *fetcher) records(recs []batch.Record) ([]batch.Record, int64, error) {
	cfg := &f.m.cfg.Fetch
	recs, next, err := batch.Decode(recs, f.got.Set, f.at, f.got.Aborted, batch.Limits{MaxDecompressed: inflation * cfg.MaxBytes, MaxRecords: atOnce, MaxHeaders: maxHeaders})
	if corrupt := (*batch.CorruptError)(nil); errors.As(err, &corrupt) && corrupt.Reason == batch.ReasonLimit {
		if len(recs) > 0 {
			return recs, next, nil
		}
		return batch.Decode(recs, f.got.Set, f.at, f.got.Aborted, batch.Limits{MaxDecompressed: inflation * cfg.MaxRecordBytes, MaxHeaders: maxHeaders})
	}
	return recs, next, err
}

// atOnce is how many records are handed on at once, unless one batch has more.
const atOnce = 1 << 14

// maxHeaders is how many headers are held at once: each takes more room in memory than on the wire. A batch with more is taken in
// pieces, or is a dead letter where a single one has them.
const maxHeaders = 1 << 18

// recycle keeps the memory of records that nobody uses any more.
func (p *partition) recycle(recs []batch.Record) {
	if recs != nil {
		clear(recs)
		select {
		case p.spare <- recs[:0]:
		default:
		}
	}
}

// grow asks for as much as the next batch needs, or passes it over.
func (f *fetcher) grow(ctx context.Context, e *batch.TooLargeError) (c chunk, ok bool) {
	most := f.m.cfg.Fetch.MaxRecordBytes
	if e.Need <= most && f.size < most {
		f.size = min(most, max(e.Need, 2*f.size))
		return c, false
	}
	if f.short < patience && (e.Need <= most || e.Next == 0) {
		// The answer had room for it, or does not tell what it is: a healthy broker does not cut off, and no record is given up for an answer.
		f.short++
		f.failed(ctx, errors.New("the broker's answer is cut off"))
		return c, false
	}
	if f.lost.Reason != "" {
		return f.settle(), true
	}
	c.next = max(e.Next, f.at+1)
	c.dead = deadletter.Letter{Source: f.place.at(f.at), NextOffset: c.next, Reason: deadletter.ReasonTooLarge}
	f.at, f.size, f.short = c.next, f.m.cfg.Fetch.MaxBytes, 0
	return c, true
}

// outOfRange does what the configuration says where the partition does not hold the offset.
func (f *fetcher) outOfRange(ctx context.Context) (c chunk, ok bool) {
	first, last, err := f.m.offsets(ctx, f.place)
	if err == nil && first <= f.at && f.at <= last {
		err = fmt.Errorf("a replica says that offset %d is out of range, and another that it is not: %w", f.at, kafka.OffsetOutOfRange)
	}
	if err != nil {
		f.failed(ctx, err)
		return c, false
	}
	gone := &rangeError{f.place, f.at, first, last}
	f.see(last)
	switch f.m.cfg.OnOffsetOutOfRange {
	case Earliest:
		f.at = first
	case Latest:
		f.at = last
	default:
		return chunk{stop: gone}, true
	}
	f.m.log.Warn("kafka_stream: going on at another offset, as on_offset_out_of_range says", zap.Int64("offset", f.at), zap.Error(gone))
	return chunk{next: f.at, jump: true}, true
}

// rangeError is an offset that the partition does not hold.
type rangeError struct {
	place
	at, first, last int64
}

func (e *rangeError) Error() string {
	why := "retention or deletion was faster than the group"
	if e.at > e.last {
		why = "the log was cut off, or the topic made again"
	}
	return fmt.Sprintf("topic %s partition %d: offset %d to go on at is out of range, the partition holds %d to %d: %s (on_offset_out_of_range)",
		e.topic, e.partition, e.at, e.first, e.last, why)
}

// failed waits after a failed fetch. Leaders change: it is a problem when it lasts.
func (f *fetcher) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	f.m.conn.Refresh()
	err = f.m.conn.Explain(err)
	f.totals.retries.Add(1)
	d := f.wait.next()
	if f.wait.attempts >= patience || errors.Is(err, kafka.TopicAuthorizationFailed) {
		problem := fmt.Errorf("topic %s partition %d: cannot be fetched: %w", f.topic, f.place.partition, err)
		f.m.tell(f.fetching(), problem, "the partition waits", "", f.fields()...)
	}
	f.m.log.Debug("kafka_stream: fetch failed", append(f.fields(), zap.Duration("again_in", d), zap.Error(err))...)
	pause(ctx, d)
}

// patience is how many fetches may fail before it is a problem.
const patience = 5

// backoff is how long to wait between attempts.
type backoff struct {
	Retry
	attempts int
}

func (r Retry) backoff() backoff { return backoff{Retry: r} }

func (b *backoff) reset() { b.attempts = 0 }

func (b *backoff) next() time.Duration {
	d := b.MaxInterval
	if doubled := min(b.attempts, 62); b.InitialInterval < b.MaxInterval>>doubled {
		d = b.InitialInterval << doubled
	}
	b.attempts++
	return d - rand.N(d/2+1)
}
