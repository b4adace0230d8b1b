package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// sinks are the pipelines, each nil where the component stands in none of the signal.
type sinks struct {
	logs    consumer.Logs
	traces  consumer.Traces
	metrics consumer.Metrics
}

func (s *sinks) take(signal record.Signal) bool {
	switch signal {
	case record.Traces:
		return s.traces != nil
	case record.Metrics:
		return s.metrics != nil
	default:
		return s.logs != nil
	}
}

// noPipelineError is a topic of a signal that no pipeline takes.
type noPipelineError struct {
	topic  string
	signal record.Signal
}

func (e *noPipelineError) Error() string {
	return fmt.Sprintf("topic %s holds %s, as formats says, and the receiver is in no pipeline of %s", e.topic, e.signal, e.signal)
}

// errEnded says that the generation ended before the pipeline had taken something.
var errEnded = errors.New("the generation has ended")

// refusedError is a record at which the configuration wants the partition to stop.
type refusedError struct {
	place
	at     int // in the records
	offset int64
	u      record.Undecodable
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("topic %s partition %d: the record at offset %d is refused, as schema_registry says: %s", e.topic, e.partition, e.offset, e.u.Reason)
}

// fault is a record that cannot be decoded.
type fault struct {
	at int // in the records
	record.Undecodable
}

// take hands a chunk to the pipeline, writes its dead letters, and marks it. While one of both fails it tries again.
func (p *partition) take(ctx, work context.Context, c chunk) error {
	for len(c.recs) > atOnce { // a single batch: the telemetry and the letters made of it are bounded too
		first := chunk{recs: c.recs[:atOnce], next: c.recs[atOnce-1].Offset + 1}
		if err := p.take(ctx, work, first); err != nil {
			return err
		}
		c.recs = c.recs[atOnce:]
	}
	var letters []deadletter.Letter
	if len(c.recs) > 0 {
		p.oldest.Store(c.recs[0].Timestamp)
		if signal := p.m.mapping.Signal(p.topic); !p.m.sinks.take(signal) {
			return &noPipelineError{p.topic, signal}
		}
		err := p.hand(ctx, work, c.recs, &letters)
		var refused *refusedError
		if errors.As(err, &refused) {
			if err := p.post(ctx, work, letters); err != nil {
				return err
			}
			p.mark(refused.offset, false)
		}
		if err != nil {
			return err
		}
	}
	if c.dead.Reason != "" {
		letters = append(letters, c.dead)
	}
	if err := p.post(ctx, work, letters); err != nil {
		return err
	}
	if n := len(c.recs); n > 0 {
		p.totals.records.Add(int64(n))
		p.oldest.Store(c.recs[n-1].Timestamp)
	}
	p.mark(c.next, c.jump)
	return nil
}

// hand has the pipeline take records, all but those it appends to letters. Where the pipeline refuses them for good, it takes them by
// halves, until what it refuses is single records.
func (p *partition) hand(ctx, work context.Context, recs []batch.Record, letters *[]deadletter.Letter) error {
	var faults []fault
	err := p.insist(ctx, work, func() (err error) {
		faults, err = p.try(work, recs, faults[:0])
		recs, faults = p.unwritten(recs, faults, err)
		return err
	})
	var refused *refusedError
	if errors.As(err, &refused) {
		if refused.at > 0 {
			if err := p.hand(ctx, work, recs[:refused.at], letters); err != nil {
				return err
			}
		}
		return refused
	}
	if err != nil && !forGood(err) {
		return err
	}
	for _, f := range faults {
		r := &recs[f.at]
		*letters = append(*letters, deadletter.Letter{Source: p.at(r.Offset), Reason: f.Reason, SchemaID: f.SchemaID, Record: r})
	}
	if err == nil {
		return nil
	}
	if len(faults) > 0 {
		recs = without(recs, faults)
	}
	if len(recs) == 1 {
		r := &recs[0]
		fields := append(p.fields(), zap.Int64("offset", r.Offset), zap.Error(err))
		p.m.notices.Event(err.Error(), "the pipeline refused a record for good", fields...)
		*letters = append(*letters, deadletter.Letter{Source: p.at(r.Offset), Reason: deadletter.ReasonRefused, Record: r})
		return nil
	}
	half := len(recs) / 2
	if err := p.hand(ctx, work, recs[:half], letters); err != nil {
		return err
	}
	return p.hand(ctx, work, recs[half:], letters)
}

// unwritten leaves out of the next attempt what an exporter has written in this one, while another partition of its topics fails.
func (p *partition) unwritten(recs []batch.Record, faults []fault, err error) ([]batch.Record, []fault) {
	partly := record.Partly(err)
	if partly == nil || forGood(err) { // which is narrowed down, not tried again
		return recs, faults
	}
	left := make([]batch.Record, 0, len(recs))
	known := 0 // of what is not written
	for rest, i := faults, 0; i < len(recs); i++ {
		at := p.at(recs[i].Offset)
		if len(rest) > 0 && rest[0].at == i { // nobody was handed it, whatever bears its offset
			left, rest = append(left, recs[i]), rest[1:]
			continue
		}
		if _, is := partly.Unwritten[at]; is {
			known++
		}
		if _, is := partly.Written[at]; !is {
			left = append(left, recs[i])
		}
	}
	if known < len(partly.Unwritten) {
		return recs, faults
	}
	return left, faults[:0] // which are found again
}

// without returns the records that have no fault.
func without(recs []batch.Record, faults []fault) []batch.Record {
	good := make([]batch.Record, 0, len(recs)-len(faults))
	for i := range recs {
		if len(faults) > 0 && faults[0].at == i { // they are in order
			faults = faults[1:]
			continue
		}
		good = append(good, recs[i])
	}
	return good
}

// try decodes records and has the pipeline take them, once. They are decoded again for each attempt: the pipeline may have
// changed what it was given.
func (p *partition) try(ctx context.Context, recs []batch.Record, faults []fault) ([]fault, error) {
	var refused *refusedError
	bad := func(i int, u record.Undecodable) {
		if u.Refuse && refused == nil {
			refused = &refusedError{p.place, i, recs[i].Offset, u}
		}
		faults = append(faults, fault{i, u})
	}
	take, err := p.decode(ctx, recs, bad)
	switch {
	case err != nil:
		return faults, fmt.Errorf("schema registry: %w", err)
	case refused != nil:
		return faults, refused
	case len(faults) == len(recs):
		return faults, nil
	}
	return faults, take()
}

func (p *partition) decode(ctx context.Context, recs []batch.Record, bad func(int, record.Undecodable)) (take func() error, err error) {
	m, s, obs := p.m.mapping, &p.m.sinks, p.m.obs
	switch m.Signal(p.topic) {
	case record.Traces:
		td := ptrace.NewTraces()
		err = m.ToTraces(ctx, td, p.topic, p.partition, recs, bad)
		return func() error {
			n, ctx := td.SpanCount(), obs.StartTracesOp(ctx)
			err := s.traces.ConsumeTraces(ctx, td)
			obs.EndTracesOp(ctx, dataFormat, n, err)
			return err
		}, err
	case record.Metrics:
		md := pmetric.NewMetrics()
		err = m.ToMetrics(ctx, md, p.topic, p.partition, recs, bad)
		return func() error {
			n, ctx := md.DataPointCount(), obs.StartMetricsOp(ctx)
			err := s.metrics.ConsumeMetrics(ctx, md)
			obs.EndMetricsOp(ctx, dataFormat, n, err)
			return err
		}, err
	default:
		ld := plog.NewLogs()
		err = m.ToLogs(ctx, ld, p.topic, p.partition, recs, bad)
		return func() error {
			n, ctx := ld.LogRecordCount(), obs.StartLogsOp(ctx)
			err := s.logs.ConsumeLogs(ctx, ld)
			obs.EndLogsOp(ctx, dataFormat, n, err)
			return err
		}, err
	}
}

// dataFormat is what the Collector's own telemetry calls what is received.
const dataFormat = "kafka"

// post writes dead letters, for as long as it takes.
func (p *partition) post(ctx, work context.Context, letters []deadletter.Letter) error {
	if len(letters) == 0 {
		return nil
	}
	err := p.insist(ctx, work, func() error {
		if err := p.m.letters.Write(work, letters); err != nil {
			// No error of a topic that is not written to says anything about the records.
			return fmt.Errorf("dead letters cannot be written to %s: %w", p.m.letters.Topic(), retryable{err})
		}
		return nil
	})
	if err == nil {
		for _, l := range letters {
			p.totals.letter(deadletter.Label(l.Reason))
			l.Tell(p.m.notices)
		}
	}
	return err
}

// permanent is the type of errors that say so themselves.
var permanent = reflect.TypeOf(consumererror.NewPermanent(nil))

// forGood tells whether all that refuse something refuse it for good. While one of several is only away, what another one refuses is
// not given up: the one that is away would never have it.
func forGood(err error) bool {
	for ; consumererror.IsPermanent(err); err = errors.Unwrap(err) {
		if reflect.TypeOf(err) == permanent {
			return true
		}
		if several, are := err.(interface{ Unwrap() []error }); are { // the ones around it are behind us
			return !slices.ContainsFunc(several.Unwrap(), func(err error) bool { return !forGood(err) })
		}
	}
	return false
}

// retryable hides from errors.As what its error is.
type retryable struct{ err error }

func (e retryable) Error() string { return e.err.Error() }

// insist does something until it succeeds, is refused for good, or the generation has ended.
func (p *partition) insist(ctx, work context.Context, do func() error) error {
	wait := p.m.cfg.Retry.backoff()
	for {
		err := do()
		var refused *refusedError
		switch {
		case err == nil, forGood(err) && work.Err() == nil, errors.As(err, &refused):
			if wait.attempts > 0 {
				p.m.tell(p.String(), nil, "", "the partition goes on", p.fields()...)
			}
			return err
		case ctx.Err() != nil || work.Err() != nil:
			return errEnded
		}
		p.totals.retries.Add(1)
		problem := fmt.Errorf("topic %s partition %d waits: %w", p.topic, p.partition, err)
		p.m.tell(p.String(), problem, "the partition waits and tries again", "", p.fields()...)
		if !pause(ctx, wait.next()) {
			return errEnded
		}
	}
}
