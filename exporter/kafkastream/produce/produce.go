// Package produce writes records to partitions, in order, until all replicas in sync have them.
//
//	p := produce.New(cfg, conn, produce.Hooks{})
//	n, err := p.Partitions(ctx, "orders.clean")
//	refused, err := p.Send(ctx, "orders.clean", 3, recs)
//
// There is one request on its way per partition, and the next waits until it is acknowledged: whatever fails, and however
// often it is tried again, no record is first seen before one that was handed in before it. What was tried again may be there
// twice. Partitions do not wait for each other.
package produce

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// Hooks are told what happens. They may be nil, and are called by many goroutines.
type Hooks struct {
	// Produced: records were acknowledged, in a request of so many bytes that took so long.
	Produced func(topic string, partition int32, records, bytes int, took time.Duration)
	// Retrying: an attempt failed and will be made again. partition is -1 where the topic as a whole failed.
	Retrying func(topic string, partition int32, err error)
	// Dropped: what Retrying told of is not made again, because nobody wants it from here any more.
	Dropped func(topic string, partition int32)
}

// Producer writes to one cluster. It is safe for concurrent use.
type Producer struct {
	cfg   Config
	conn  *broker.Connection
	hooks Hooks

	mu     sync.Mutex
	lanes  map[lane]chan struct{}
	topics map[string]counted

	buffers sync.Pool // *[]byte
}

type lane struct {
	topic     string
	partition int32
}

// counted is the number of a topic's partitions, and when it was learned.
type counted struct {
	partitions int32
	at         time.Time
}

// countTTL is how long the number of partitions is taken to be the same.
const countTTL = 5 * time.Second

// New returns a producer that speaks over conn, which stays the caller's to close. cfg is valid.
func New(cfg Config, conn *broker.Connection, hooks Hooks) *Producer {
	if hooks.Produced == nil {
		hooks.Produced = func(string, int32, int, int, time.Duration) {}
	}
	if hooks.Retrying == nil {
		hooks.Retrying = func(string, int32, error) {}
	}
	if hooks.Dropped == nil {
		hooks.Dropped = func(string, int32) {}
	}
	return &Producer{cfg: cfg, conn: conn, hooks: hooks, lanes: map[lane]chan struct{}{}, topics: map[string]counted{}}
}

// Partitions returns the number of partitions of a topic, which it waits for as Send does. A topic that is not there is created
// where the configuration lets it be.
func (p *Producer) Partitions(ctx context.Context, topic string) (n int32, err error) {
	if n = p.known(topic); n > 0 {
		return n, nil
	}
	err = p.retry(ctx, topic, -1, func() error {
		n, err = p.count(ctx, topic, p.cfg.CreateTopics)
		return err
	})
	return n, err
}

// PartitionsIfThere is Partitions for a topic that may not be in this cluster: then it is 0, and stays so for a while.
func (p *Producer) PartitionsIfThere(ctx context.Context, topic string) (n int32, err error) {
	if n = p.known(topic); n != 0 {
		return max(n, 0), nil
	}
	err = p.retry(ctx, topic, -1, func() error {
		n, err = p.count(ctx, topic, false)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			if p.missed(topic) {
				return nil
			}
			// Its telemetry may be faster here than the news of it.
			p.conn.Refresh()
			if n, err = p.count(ctx, topic, false); errors.Is(err, kafka.UnknownTopicOrPartition) {
				return nil
			}
		}
		return err
	})
	return n, err
}

// absent stands for the number of partitions of a topic that is not there.
const absent = -1

// missed notes that a topic is not there, and tells whether that was known before.
func (p *Producer) missed(topic string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.topics[topic].partitions == absent
	p.topics[topic] = counted{absent, time.Now()}
	return before
}

// known returns what was learned lately: 0 is nothing.
func (p *Producer) known(topic string) int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.topics[topic]; time.Since(c.at) < countTTL {
		return c.partitions
	}
	return 0
}

func (p *Producer) count(ctx context.Context, topic string, create bool) (int32, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	m, err := p.conn.Transport.RoundTrip(ctx, p.conn.Addr, &metadata.Request{TopicNames: []string{topic}, AllowAutoTopicCreation: create})
	if err != nil {
		return 0, err
	}
	topics := m.(*metadata.Response).Topics
	if len(topics) != 1 || topics[0].Name != topic {
		return 0, errors.New("the broker's answer is not one about the topic that was asked for")
	}
	t := topics[0]
	switch n := int32(len(t.Partitions)); {
	case t.ErrorCode != 0:
		return 0, kafka.Error(t.ErrorCode)
	case n == 0:
		return 0, kafka.UnknownTopicOrPartition
	default:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.topics[topic] = counted{n, time.Now()}
		return n, nil
	}
}

// Refusal is a record that the partition will never take.
type Refusal struct {
	// Index of the record among those that were sent.
	Index int
	// TooLarge tells a record that is larger than allowed from one that the broker finds invalid.
	TooLarge bool
}

// Unsent is the error of records that are not all written.
type Unsent struct {
	// From is the first of them that is not acknowledged. It and those behind it may have been written; those before it are
	// acknowledged or refused.
	From int
	Err  error
}

func (e *Unsent) Error() string { return e.Err.Error() }
func (e *Unsent) Unwrap() error { return e.Err }

// Send writes recs, in their order and after everything sent to the partition before, and returns when all are acknowledged but
// the refused ones, which are in no order. With an error, which is an [*Unsent], some of recs may have been written, but none
// that stands behind one that was not.
//
// The records are not written to, and not read after the return.
func (p *Producer) Send(ctx context.Context, topic string, partition int32, recs []batch.Record) ([]Refusal, error) {
	return p.SendUpTo(ctx, p.cfg.MaxMessageBytes, topic, partition, recs)
}

// SendUpTo is Send with another limit than max_message_bytes.
func (p *Producer) SendUpTo(ctx context.Context, limit int, topic string, partition int32, recs []batch.Record) ([]Refusal, error) {
	turn := p.lane(topic, partition)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, &Unsent{Err: ctx.Err()}
	}
	s := sending{p: p, topic: topic, partition: partition, limit: limit}
	for from := 0; from < len(recs); {
		to, size := from+1, batch.Overhead+recs[from].Size()
		for to < len(recs) && size+recs[to].Size() <= p.cfg.MaxBatchBytes {
			size += recs[to].Size()
			to++
		}
		if err := s.send(ctx, recs[from:to], from); err != nil {
			return s.refused, &Unsent{s.settled, err}
		}
		from = to
	}
	return s.refused, nil
}

func (p *Producer) lane(topic string, partition int32) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := lane{topic, partition}
	l := p.lanes[key]
	if l == nil {
		l = make(chan struct{}, 1)
		p.lanes[key] = l
	}
	return l
}

// sending is one call of Send that has its turn.
type sending struct {
	p         *Producer
	topic     string
	partition int32
	limit     int
	refused   []Refusal
	settled   int // how many, from the first on, are acknowledged or refused
}

// send writes recs as one batch, or as several where they are too large for one, or one of them is no good.
func (s *sending) send(ctx context.Context, recs []batch.Record, at int) error {
	buffer := s.p.buffer()
	set := batch.Encode((*buffer)[:0], recs, s.p.cfg.Compression)
	if len(set) > s.limit {
		s.p.release(buffer, set)
		return s.apart(ctx, recs, at, true)
	}
	attempts := 0
	err := s.p.retry(ctx, s.topic, s.partition, func() error {
		attempts++
		return s.once(ctx, set, len(recs))
	})
	if attempts == 1 && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		s.p.release(buffer, set) // else it may still be on its way
	}
	if tooLarge, is := fault(err); is {
		return s.apart(ctx, recs, at, tooLarge)
	}
	if err == nil {
		s.settled = at + len(recs)
	}
	return err
}

// apart sends recs in two halves, or refuses the one there is.
func (s *sending) apart(ctx context.Context, recs []batch.Record, at int, tooLarge bool) error {
	if len(recs) == 1 {
		s.refused = append(s.refused, Refusal{Index: at, TooLarge: tooLarge})
		s.settled = at + 1
		return nil
	}
	half := len(recs) / 2
	if err := s.send(ctx, recs[:half], at); err != nil {
		return err
	}
	return s.send(ctx, recs[half:], at+half)
}

func (s *sending) once(ctx context.Context, set []byte, records int) error {
	began := time.Now()
	_, err := batch.Produce(ctx, s.p.conn.Transport, s.p.conn.Addr, s.topic, s.partition, set, s.p.cfg.Timeout, kafka.RequireAll)
	if err == nil {
		s.p.hooks.Produced(s.topic, s.partition, records, len(set), time.Since(began))
		return nil
	}
	if errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.BrokerNotAvailable) {
		// Without metadata every partition is unknown: why there is none says more.
		if _, why := s.p.conn.Client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{s.topic}}); why != nil {
			return why
		}
	}
	return err
}

// maxPooled is the largest buffer that is kept for the next batch.
const maxPooled = 4 << 20

func (p *Producer) buffer() *[]byte {
	if b, is := p.buffers.Get().(*[]byte); is {
		return b
	}
	return new([]byte)
}

func (p *Producer) release(buffer *[]byte, set []byte) {
	if cap(set) <= maxPooled {
		*buffer = set
		p.buffers.Put(buffer)
	}
}

// retry calls once until it succeeds, finds fault with the records, or the time for it is over.
func (p *Producer) retry(ctx context.Context, topic string, partition int32, once func() error) error {
	began := time.Now()
	defer func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			p.hooks.Dropped(topic, partition)
		}
	}()
	var wait backoff.ExponentialBackOff
	var before error
	for attempt := 1; ; attempt++ {
		err := once()
		if _, is := fault(err); is || err == nil {
			return err
		}
		err = p.explain(topic, partition, err)
		if ctx.Err() != nil {
			if before != nil {
				err = before // this attempt was only cut short
			}
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		before = err
		if attempt == 1 {
			r := p.cfg.Retry
			wait = backoff.ExponentialBackOff{InitialInterval: r.InitialInterval, RandomizationFactor: r.RandomizationFactor, Multiplier: max(r.Multiplier, 1), MaxInterval: r.MaxInterval}
		}
		pause := wait.NextBackOff()
		if r := p.cfg.Retry; !r.Enabled || r.MaxElapsedTime > 0 && time.Since(began)+pause > r.MaxElapsedTime {
			return err
		}
		p.hooks.Retrying(topic, partition, err)
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(pause):
		}
		if moved(err) {
			p.conn.Refresh()
		}
	}
}
