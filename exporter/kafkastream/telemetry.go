package kafkastream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/internal/metadata"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// instruments are the exporter's internal metrics. Their labels are topics, partitions and reasons.
type instruments struct {
	builder *metadata.TelemetryBuilder
	series  sync.Map // lane -> series
	known   atomic.Int32
}

// maxSeries is how many partitions are counted one by one.
const maxSeries = 4096

// series are the labels of a partition.
type series struct{ partition, topic metric.MeasurementOption }

var otherSeries = seriesOf(lane{"_other", -1})

func seriesOf(l lane) series {
	topic := attribute.String("topic", l.topic)
	return series{
		partition: metric.WithAttributeSet(attribute.NewSet(topic, attribute.Int64("partition", int64(l.partition)))),
		topic:     metric.WithAttributeSet(attribute.NewSet(topic)),
	}
}

func newInstruments(set component.TelemetrySettings) (*instruments, error) {
	b, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	return &instruments{builder: b}, nil
}

func (t *instruments) of(l lane) series {
	if s, is := t.series.Load(l); is {
		return s.(series)
	}
	if t.known.Add(1) > maxSeries {
		t.known.Add(-1)
		return otherSeries
	}
	s, there := t.series.LoadOrStore(l, seriesOf(l))
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
	}
}

func (t *instruments) deadLetter(ctx context.Context, l *deadletter.Letter) {
	s := t.of(lane{l.Topic, l.Partition})
	t.builder.ExporterKafkaStreamDeadLetters.Add(ctx, 1, s.partition, metric.WithAttributes(attribute.String("reason", deadletter.Label(l.Reason))))
}

func (t *instruments) observe(h *health, signal record.Signal) error {
	of := metric.WithAttributes(attribute.String("signal", string(signal))) // one component writes for several pipelines
	return t.builder.RegisterExporterKafkaStreamPartitionsFailingCallback(func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(int64(h.count.Load()), of)
		return nil
	})
}

func (t *instruments) shutdown() { t.builder.Shutdown() }

// health tells the host when writing begins to fail and when all of it works again.
type health struct {
	host  component.Host
	log   *zap.Logger
	count atomic.Int32 // of failing

	mu      sync.Mutex
	failing map[lane]struct{}
}

func (h *health) fails(l lane, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.failing[l]; known {
		return
	}
	h.failing[l] = struct{}{}
	h.log.Warn("kafka_stream: records cannot be written now, and wait", zap.Error(err))
	if h.count.Store(int32(len(h.failing))); len(h.failing) == 1 {
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

// works is called for each acknowledged batch.
func (h *health) works(l lane) {
	if h.count.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	before := len(h.failing)
	delete(h.failing, l)
	delete(h.failing, lane{l.topic, -1})
	if h.count.Store(int32(len(h.failing))); before > 0 && len(h.failing) == 0 {
		h.log.Info("kafka_stream: records are written again")
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
