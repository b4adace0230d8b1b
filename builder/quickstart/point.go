package main

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// point is what the data points of all five kinds of metrics have in common.
type point struct {
	anyPoint
	metric pmetric.Metric
	index  int // within its metric
}

type anyPoint interface {
	Attributes() pcommon.Map
	Timestamp() pcommon.Timestamp
	SetTimestamp(pcommon.Timestamp)
	StartTimestamp() pcommon.Timestamp
	SetStartTimestamp(pcommon.Timestamp)
}

// exemplars of the point; a summary's has none.
func (p point) exemplars() pmetric.ExemplarSlice {
	if has, ok := p.anyPoint.(interface{ Exemplars() pmetric.ExemplarSlice }); ok {
		return has.Exemplars()
	}
	return pmetric.NewExemplarSlice()
}

// eachPoint calls f for every data point in order.
func eachPoint(md pmetric.Metrics, f func(point)) {
	for _, rm := range md.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				for i, p := range points(m) {
					f(point{anyPoint: p, metric: m, index: i})
				}
			}
		}
	}
}

func points(m pmetric.Metric) []anyPoint {
	var out []anyPoint
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			out = append(out, p)
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			out = append(out, p)
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			out = append(out, p)
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			out = append(out, p)
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			out = append(out, p)
		}
	}
	return out
}
