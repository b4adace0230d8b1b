package kafkastream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

// place is a partition of a topic.
type place struct {
	topic     string
	partition int32
}

// totals count what was done with a partition since this member started, however often it was assigned.
type totals struct {
	records, bytes, retries atomic.Int64

	mu      sync.Mutex
	letters map[string]int64 // by reason
}

func (t *totals) letter(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.letters == nil {
		t.letters = map[string]int64{}
	}
	t.letters[reason]++
}

// instruments are the receiver's internal metrics. Those of partitions are told of the ones assigned now, so that nobody sees the
// lag of a partition that another member consumes.
type instruments struct {
	builder *metadata.TelemetryBuilder
	// id tells this component's series from those of others that consume the same topics: Prometheus takes no series twice.
	id        attribute.KeyValue
	own       metric.MeasurementOption
	connected atomic.Int32 // 1 where a broker answers, 0 where none does, -1 where that is not known yet

	mu       sync.Mutex
	totals   map[place]*totals
	assigned []*partition
}

func newInstruments(set receiver.Settings) (*instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &instruments{builder: b, id: attribute.String("receiver", set.ID.String()), totals: map[place]*totals{}}
	t.own = metric.WithAttributeSet(attribute.NewSet(t.id))
	t.connected.Store(-1)
	return t, nil
}

// reached takes note of whether a broker answers.
func (t *instruments) reached(err error) {
	if err == nil {
		t.connected.Store(1)
		return
	}
	t.connected.Store(0)
	why := metric.WithAttributes(attribute.String("reason", broker.Reason(err)))
	t.builder.ReceiverKafkaStreamConnectionsFailed.Add(context.Background(), 1, t.own, why)
}

func (t *instruments) of(p place) *totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.totals[p]
	if n == nil {
		n = new(totals)
		t.totals[p] = n
	}
	return n
}

func (t *instruments) assign(ps []*partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.assigned = ps
}

// tally is how many partitions are assigned.
func (t *instruments) tally() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.assigned)
}

func (t *instruments) each(f func(p *partition, where attribute.Set)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.assigned {
		f(p, attribute.NewSet(t.id, attribute.String("topic", p.topic), attribute.Int("partition", int(p.partition))))
	}
}

// observe has the instruments read the partitions assigned now.
func (t *instruments) observe() error {
	count := func(of func(*partition) int64) metric.Int64Callback {
		return func(_ context.Context, o metric.Int64Observer) error {
			t.each(func(p *partition, where attribute.Set) { o.Observe(of(p), metric.WithAttributeSet(where)) })
			return nil
		}
	}
	b := t.builder
	return errors.Join(
		b.RegisterReceiverKafkaStreamRecordsCallback(count(func(p *partition) int64 { return p.totals.records.Load() })),
		b.RegisterReceiverKafkaStreamBytesCallback(count(func(p *partition) int64 { return p.totals.bytes.Load() })),
		b.RegisterReceiverKafkaStreamRetriesCallback(count(func(p *partition) int64 { return p.totals.retries.Load() })),
		b.RegisterReceiverKafkaStreamLagCallback(count((*partition).lag)),
		b.RegisterReceiverKafkaStreamLagTimeCallback(func(_ context.Context, o metric.Float64Observer) error {
			now := time.Now()
			t.each(func(p *partition, where attribute.Set) {
				o.Observe(p.lagTime(now).Seconds(), metric.WithAttributeSet(where))
			})
			return nil
		}),
		b.RegisterReceiverKafkaStreamPartitionsCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(t.tally()), t.own)
			return nil
		}),
		b.RegisterReceiverKafkaStreamConnectedCallback(func(_ context.Context, o metric.Int64Observer) error {
			if connected := t.connected.Load(); connected >= 0 {
				o.Observe(int64(connected), t.own)
			}
			return nil
		}),
		b.RegisterReceiverKafkaStreamDeadLettersCallback(t.observeLetters),
	)
}

func (t *instruments) observeLetters(_ context.Context, o metric.Int64Observer) error {
	t.each(func(p *partition, where attribute.Set) {
		p.totals.mu.Lock()
		defer p.totals.mu.Unlock()
		for reason, n := range p.totals.letters {
			o.Observe(n, metric.WithAttributes(append(where.ToSlice(), attribute.String("reason", reason))...))
		}
	})
	return nil
}

func (t *instruments) shutdown() { t.builder.Shutdown() }
