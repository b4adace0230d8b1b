package tokenization

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/tokenization/internal/metadata"
)

// telemetry is the processor's own metrics and spans. They carry names of entities, actions and signals and numbers,
// never a value. The attribute sets are made once, so that recording does not allocate. Safe for concurrent use.
type telemetry struct {
	builder *metadata.TelemetryBuilder
	tracer  trace.Tracer
	name    string                // of the spans
	add     []metric.AddOption    // {signal}
	record  []metric.RecordOption // {signal}
	byName  map[string]int        // places in entities
	kinds   []entityOptions       // by detect.Entity; the last is for attributes a rule covered as a whole
}

// entityOptions are the attribute sets of one entity.
type entityOptions struct {
	only    []metric.AddOption                      // {entity, signal}
	actions [policy.Drop + 1][]metric.AddOption     // {entity, action, signal}
	places  [len(exemptionNames)][]metric.AddOption // {entity, place, signal}
}

// wholeAttribute stands where no entity was looked for.
const wholeAttribute = "attribute"

func newTelemetry(set component.TelemetrySettings, signal policy.Signal, entities []detect.Info) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(set)
	if err != nil {
		return nil, err
	}
	bySignal := attribute.String("signal", signal.String())
	only := metric.WithAttributeSet(attribute.NewSet(bySignal))
	t := &telemetry{
		builder: builder,
		tracer:  metadata.Tracer(set),
		name:    "tokenization/" + signal.String(),
		add:     []metric.AddOption{only},
		record:  []metric.RecordOption{only},
		byName:  make(map[string]int, len(entities)),
	}
	for e, info := range entities {
		t.byName[info.Name] = e
		t.kinds = append(t.kinds, newEntityOptions(info.Name, bySignal))
	}
	t.kinds = append(t.kinds, newEntityOptions(wholeAttribute, bySignal))
	return t, nil
}

func newEntityOptions(name string, signal attribute.KeyValue) (o entityOptions) {
	entity := attribute.String("entity", name)
	o.only = addOptions(entity, signal)
	for a := range o.actions {
		o.actions[a] = addOptions(entity, signal, attribute.String("action", policy.Action(a).String()))
	}
	for why, place := range exemptionNames {
		o.places[why] = addOptions(entity, signal, attribute.String("place", place))
	}
	return o
}

func addOptions(kv ...attribute.KeyValue) []metric.AddOption {
	return []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(kv...))}
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }

func (t *telemetry) startSpan(ctx context.Context) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, t.name)
}

// endSpan ends the span of a batch with how much was found. The error is told by its kind alone.
func (t *telemetry) endSpan(span trace.Span, w *walk, err error) {
	if span.IsRecording() {
		c := w.scratch.Counts
		span.SetAttributes(
			attribute.Int64("tokenization.values.found", c.Found()),
			attribute.Int64("tokenization.tokens.minted", c.Minted()),
			attribute.Int64("tokenization.tokens.left", c.Left()),
			attribute.Int("tokenization.tokens.committed", w.scratch.Batch.Len()),
		)
		if err != nil {
			span.SetStatus(codes.Error, "batch refused")
		}
	}
	span.End()
}

// found records what the first step came to.
func (t *telemetry) found(ctx context.Context, w *walk) {
	b, c := t.builder, w.scratch.Counts
	c.EachFound(func(_ policy.Signal, entity string, a policy.Action, n int64) {
		b.ProcessorTokenizationValuesFound.Add(ctx, n, t.kinds[t.byName[entity]].actions[a]...)
	})
	c.EachAttribute(func(_ policy.Signal, a policy.Action, n int64) {
		b.ProcessorTokenizationValuesFound.Add(ctx, n, t.kinds[len(t.kinds)-1].actions[a]...)
	})
	c.EachMinted(func(_ policy.Signal, entity string, n int64) {
		b.ProcessorTokenizationTokensMinted.Add(ctx, n, t.kinds[t.byName[entity]].only...)
	})
	c.EachLeft(func(_ policy.Signal, n int64) {
		b.ProcessorTokenizationTokensLeft.Add(ctx, n, t.add...)
	})
	for _, u := range w.untouchable {
		b.ProcessorTokenizationUntouchableValues.Add(ctx, u.count, t.kinds[u.entity].places[u.why]...)
	}
	if w.payloads > 0 {
		b.ProcessorTokenizationPayloadsRemoved.Add(ctx, int64(w.payloads), t.add...)
	}
	if c.Degraded > 0 {
		b.ProcessorTokenizationValuesDegraded.Add(ctx, c.Degraded, t.add...)
	}
	b.ProcessorTokenizationDetectionDuration.Record(ctx, c.Detect().Seconds(), t.record...)
	if c.Mint > 0 {
		b.ProcessorTokenizationMintingDuration.Record(ctx, c.Mint.Seconds(), t.record...)
	}
}

func (t *telemetry) committed(ctx context.Context, took time.Duration) {
	t.builder.ProcessorTokenizationCommitDuration.Record(ctx, took.Seconds(), t.record...)
}

func (t *telemetry) refused(ctx context.Context) {
	t.builder.ProcessorTokenizationBatchesRefused.Add(ctx, 1, t.add...)
}
