package tokenization

import (
	"context"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/cloakroom/cloakroom/processor/rewrite"
)

func (w *walk) metrics(ctx context.Context, md pmetric.Metrics) {
	resources := md.ResourceMetrics()
	for i := range resources.Len() {
		rm := resources.At(i)
		w.view = w.policy.View(ctx, rm.Resource())
		w.resource(rm.Resource())
		if out, ok := w.field(rm.SchemaUrl()); ok {
			w.change(rm.SetSchemaUrl, out)
		}
		scopes := rm.ScopeMetrics()
		for j := range scopes.Len() {
			w.scopeMetrics(scopes.At(j))
			if w.err != nil {
				return
			}
		}
	}
}

func (w *walk) scopeMetrics(sm pmetric.ScopeMetrics) {
	w.scope(sm.Scope())
	if out, ok := w.field(sm.SchemaUrl()); ok {
		w.change(sm.SetSchemaUrl, out)
	}
	var removed []int
	metrics := sm.Metrics()
	for k := range metrics.Len() {
		if w.metric(metrics.At(k)) {
			removed = append(removed, k)
		}
		if w.err != nil {
			return
		}
	}
	if removed != nil {
		w.edits.removals = append(w.edits.removals, func() {
			at := positions{ascending: removed}
			metrics.RemoveIf(func(pmetric.Metric) bool { return at.next() })
		})
	}
}

// metric handles one metric and reports whether the policy drops it: a metric without a name is none.
func (w *walk) metric(m pmetric.Metric) (dropped bool) {
	switch out, verdict := w.text(&w.keyless, m.Name()); verdict {
	case rewrite.Changed:
		w.change(m.SetName, out)
	case rewrite.Dropped:
		dropped = true
	}
	if out, ok := w.field(m.Description()); ok {
		w.change(m.SetDescription, out)
	}
	if out, ok := w.field(m.Unit()); ok {
		w.change(m.SetUnit, out)
	}
	w.attributes(m.Metadata(), nil, w.place(placeMetadata))
	w.dataPoints(m)
	return dropped
}

func (w *walk) dataPoints(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		w.numbers(m.Gauge().DataPoints())
	case pmetric.MetricTypeSum:
		w.numbers(m.Sum().DataPoints())
	case pmetric.MetricTypeHistogram:
		points := m.Histogram().DataPoints()
		for i := range points.Len() {
			w.dataPoint(points.At(i).Attributes(), points.At(i).Exemplars())
		}
	case pmetric.MetricTypeExponentialHistogram:
		points := m.ExponentialHistogram().DataPoints()
		for i := range points.Len() {
			w.dataPoint(points.At(i).Attributes(), points.At(i).Exemplars())
		}
	case pmetric.MetricTypeSummary:
		points := m.Summary().DataPoints()
		for i := range points.Len() {
			w.attributes(points.At(i).Attributes(), nil, w.place(placeItem))
		}
	}
}

func (w *walk) numbers(points pmetric.NumberDataPointSlice) {
	for i := range points.Len() {
		w.dataPoint(points.At(i).Attributes(), points.At(i).Exemplars())
	}
}

func (w *walk) dataPoint(attributes pcommon.Map, exemplars pmetric.ExemplarSlice) {
	w.attributes(attributes, nil, w.place(placeItem))
	for i := range exemplars.Len() {
		w.attributes(exemplars.At(i).FilteredAttributes(), nil, w.place(placeExemplar))
	}
}
