package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// stream is the exporter of one signal.
type stream struct {
	cfg       *Config
	log       *zap.Logger
	notices   *notice.Log
	telemetry *instruments
	signal    record.Signal
	encoding  record.Encoding

	conn     *broker.Connection
	producer *produce.Producer
	letters  *deadletter.Writer
	turn     atomic.Uint32 // of the partition that telemetry without a key goes to next

	// life ends when Shutdown begins, and exports with it.
	life    context.Context
	end     context.CancelFunc
	running sync.WaitGroup
}

// envelope is what a batch, a key and the headers may take beside the value of a record.
const envelope = 512

func newStream(set exporter.Settings, cfg *Config, signal record.Signal) (*stream, error) {
	t, err := newInstruments(set, signal)
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	log := set.Logger.WithOptions(zap.AddStacktrace(zap.PanicLevel)) // what fails is elsewhere: our stack says nothing about it
	return &stream{
		cfg: cfg, log: log, notices: notice.New(log), telemetry: t, signal: signal, life: life, end: end,
		encoding: record.Encoding{Format: cfg.Encoding, KeyByTrace: cfg.KeyByTrace, MaxBytes: cfg.Produce.MaxMessageBytes - envelope},
	}, nil
}

func (s *stream) start(ctx context.Context, host component.Host) error {
	conn, err := s.cfg.Broker.Open(ctx, s.log)
	if err != nil {
		return fmt.Errorf("kafka_stream: %w", err)
	}
	s.conn = conn
	h := newHealth(host, s.notices, s.cfg)
	s.producer = produce.New(s.cfg.Produce, conn, s.telemetry.hooks(h))
	if s.letters, err = deadletter.New(s.cfg.DeadLetter, s.producer, host); err != nil {
		return errors.Join(fmt.Errorf("kafka_stream: %w", err), s.shutdown(ctx))
	}
	conn.Watch(broker.WatchEvery, func(err error) {
		s.telemetry.reached(err)
		h.reached(err)
	})
	return s.telemetry.observe(h)
}

// shutdown ends exports that are still trying: their telemetry is refused.
func (s *stream) shutdown(context.Context) error {
	s.end()
	s.running.Wait()
	if s.conn != nil {
		s.conn.Close()
	}
	s.telemetry.shutdown()
	return nil
}

// export writes what read emits, and returns nil when every record is acknowledged.
func (s *stream) export(ctx context.Context, read func(emit func(record.Out) error) error) error {
	s.running.Add(1)
	defer s.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	g := gathering{s: s, ctx: ctx, routes: map[string]*route{}, queues: map[lane]*queue{}}
	err := read(g.add)
	if err == nil {
		err = g.send()
	}
	if err != nil && ctx.Err() == nil {
		s.notices.Event(err.Error(), "telemetry is refused, and wanted again", zap.Error(err))
	}
	return err
}

// gathering sorts the records of one export by the partition they go to.
type gathering struct {
	s      *stream
	ctx    context.Context
	routes map[string]*route
	queues map[lane]*queue
	order  []*queue
	bad    []deadletter.Letter
	last   *route // most exports are of one topic
	into   *queue // and most of those of one partition
}

// queue is what goes to one partition, and where it came from.
type queue struct {
	lane
	recs    []batch.Record
	sources []record.Source
	refused []produce.Refusal
}

func (g *gathering) add(o record.Out) error {
	if o.FromKafka && (o.Partition < 0 || !produce.TopicName(o.Topic)) {
		// It did not come from Kafka, whatever its attributes say. What they say is not told.
		return consumererror.NewPermanent(errors.New("kafka_stream: telemetry with attributes kafka.topic and kafka.partition that no topic and partition can have"))
	}
	if o.Bad != nil {
		g.bad = append(g.bad, deadletter.Letter{Source: o.Source, Reason: o.Bad.Reason, SchemaID: o.Bad.SchemaID})
		return nil
	}
	r, err := g.route(&o)
	if err != nil {
		return err
	}
	to := lane{r.topic, g.s.partition(r, &o)}
	if g.into == nil || g.into.lane != to {
		g.into = g.queues[to]
		if g.into == nil {
			g.into = &queue{lane: to}
			g.queues[to] = g.into
			g.order = append(g.order, g.into)
		}
	}
	if o.FromKafka {
		o.Record.Headers = record.AppendSource(o.Record.Headers, o.Source)
	}
	g.into.recs = append(g.into.recs, o.Record)
	g.into.sources = append(g.into.sources, o.Source)
	return nil
}

func (g *gathering) route(o *record.Out) (*route, error) {
	if g.last != nil && g.last.from == o.Topic {
		return g.last, nil
	}
	r := g.routes[o.Topic]
	if r == nil {
		var err error
		if r, err = g.s.route(g.ctx, o); err != nil {
			return nil, err
		}
		g.routes[o.Topic] = r
	}
	g.last = r
	return r, nil
}

// send writes all queues at once, each in its order, and then the dead letters.
func (g *gathering) send() error {
	errs := make([]error, len(g.order))
	one := func(i int) {
		q := g.order[i]
		q.refused, errs[i] = g.s.producer.Send(g.ctx, q.topic, q.partition, q.recs)
	}
	var others sync.WaitGroup
	for i := range g.order {
		if i == len(g.order)-1 {
			one(i)
			break
		}
		others.Go(func() { one(i) })
	}
	others.Wait()
	if err := errors.Join(errs...); err != nil {
		return g.partly(err, errs)
	}
	for _, q := range g.order {
		g.bad = append(g.bad, q.letters()...)
	}
	if err := g.s.letters.Write(g.ctx, g.bad); err != nil {
		return g.partly(err, errs)
	}
	for i := range g.bad {
		g.s.telemetry.deadLetter(g.ctx, &g.bad[i])
		g.bad[i].Tell(g.s.notices)
	}
	return nil
}

// partly is the error of an export of which some records are acknowledged, so that not all of them are written again while one
// partition fails. errs are those of the queues.
func (g *gathering) partly(err error, errs []error) error {
	if g.ctx.Err() != nil {
		return err // nobody tries again from here
	}
	written, not := map[record.Source]struct{}{}, map[record.Source]struct{}{}
	for i := range g.bad {
		not[g.bad[i].Source] = struct{}{}
	}
	for i, q := range g.order {
		acknowledged := len(q.sources)
		if unsent := (*produce.Unsent)(nil); errors.As(errs[i], &unsent) {
			acknowledged = unsent.From
		} else if errs[i] != nil {
			acknowledged = 0
		}
		for _, s := range q.sources[:acknowledged] {
			written[s] = struct{}{}
		}
		for _, s := range q.sources[acknowledged:] {
			not[s] = struct{}{}
		}
		for _, r := range q.refused { // their letters are not written
			not[q.sources[r.Index]] = struct{}{}
		}
	}
	for s := range not {
		delete(written, s)
	}
	return &record.PartlyWritten{Err: err, Written: written, Unwritten: not}
}

func (q *queue) letters() []deadletter.Letter {
	out := make([]deadletter.Letter, 0, len(q.refused))
	for _, r := range q.refused {
		reason := deadletter.ReasonRefused
		if r.TooLarge {
			reason = deadletter.ReasonTooLarge
		}
		out = append(out, deadletter.Letter{Source: q.sources[r.Index], Reason: reason, Record: &q.recs[r.Index]})
	}
	return out
}
