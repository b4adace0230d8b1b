package kafkastream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/internal/metadata"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// instruments are the exporter's internal metrics. Their labels are topics, partitions and reasons, and whose they are.
type instruments struct {
	builder *metadata.TelemetryBuilder
	// id tells this exporter's series from those of others, and of other signals, that write to the same topics: Prometheus
	// takes no series twice.
	id        []attribute.KeyValue
	own       metric.MeasurementOption
	other     series
	connected atomic.Int32 // 1 where a broker answers, 0 where none does, -1 where that is not known yet
	series    sync.Map     // lane -> series
	known     atomic.Int32
}

// maxSeries is how many partitions are counted one by one.
const maxSeries = 4096

// series are the labels of a partition.
type series struct{ partition, topic metric.MeasurementOption }

func (t *instruments) seriesOf(l lane) series {
	topic := append(slices.Clone(t.id), attribute.String("topic", l.topic))
	return series{
		partition: metric.WithAttributeSet(attribute.NewSet(append(slices.Clone(topic), attribute.Int64("partition", int64(l.partition)))...)),
		topic:     metric.WithAttributeSet(attribute.NewSet(topic...)),
	}
}

func newInstruments(set exporter.Settings, signal record.Signal) (*instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	id := []attribute.KeyValue{attribute.String("exporter", set.ID.String()), attribute.String("signal", string(signal))}
	t := &instruments{builder: b, id: id}
	t.own = metric.WithAttributeSet(attribute.NewSet(slices.Clone(t.id)...))
	t.other = t.seriesOf(lane{"_other", -1})
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
	t.builder.ExporterKafkaStreamConnectionsFailed.Add(context.Background(), 1, t.own, why)
}

func (t *instruments) of(l lane) series {
	if s, is := t.series.Load(l); is {
		return s.(series)
	}
	if t.known.Add(1) > maxSeries {
		t.known.Add(-1)
		return t.other
	}
	s, there := t.series.LoadOrStore(l, t.seriesOf(l))
	if there {
		t.known.Add(-1)
	}
	return s.(series)
}

func (t *instruments) hooks(h *health) produce.Hooks {
	ctx := context.Background()
	return produce.Hooks{
		Produced: func(topic string, partition int32, records, bytes int, took time.Duration) {
			l := lane{topic, partition}
			s := t.of(l)
			t.builder.ExporterKafkaStreamRecords.Add(ctx, int64(records), s.partition)
			t.builder.ExporterKafkaStreamBytes.Add(ctx, int64(bytes), s.partition)
			t.builder.ExporterKafkaStreamProduceDuration.Record(ctx, took.Seconds(), s.topic)
			h.works(l)
		},
		Retrying: func(topic string, partition int32, err error) {
			l := lane{topic, partition}
			t.builder.ExporterKafkaStreamRetries.Add(ctx, 1, t.of(l).partition)
			h.fails(l, err)
		},
		Dropped: func(topic string, partition int32) { h.forget(lane{topic, partition}) },
	}
}

func (t *instruments) deadLetter(ctx context.Context, l *deadletter.Letter) {
	s := t.of(lane{l.Topic, l.Partition})
	t.builder.ExporterKafkaStreamDeadLetters.Add(ctx, 1, s.partition, metric.WithAttributes(attribute.String("reason", deadletter.Label(l.Reason))))
}

func (t *instruments) observe(h *health) error {
	return errors.Join(
		t.builder.RegisterExporterKafkaStreamPartitionsFailingCallback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(int64(h.number()), t.own)
			return nil
		}),
		t.builder.RegisterExporterKafkaStreamConnectedCallback(func(_ context.Context, o metric.Int64Observer) error {
			if connected := t.connected.Load(); connected >= 0 {
				o.Observe(int64(connected), t.own)
			}
			return nil
		}),
	)
}

func (t *instruments) shutdown() { t.builder.Shutdown() }
