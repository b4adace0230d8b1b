package main

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// places holds texts by where they are in the telemetry, so that the text that was sent meets the text that came out.
// The names are made of what the processor never alters: ids, metric names, file names, positions, times.
type places map[string]text

type text struct {
	value string
	trace string // the trace it belongs to, in hex; "" when none
}

func placesOfSample(s *sample) places {
	p := places{}
	p.traces(s.traces)
	p.metrics(s.metrics)
	p.logs(s.logs)
	for name, records := range s.files {
		for i, record := range records {
			p[fmt.Sprintf("file %s %d", name, i+1)] = text{value: record}
		}
	}
	return p
}

func placesOfOutput(o *output) places {
	p := places{}
	for _, td := range o.traces {
		p.traces(td)
	}
	for _, md := range o.metrics {
		p.metrics(md)
	}
	for _, ld := range o.logs {
		p.logs(ld)
	}
	return p
}

func (p places) traces(td ptrace.Traces) {
	for _, rs := range td.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				at, trace := "span "+s.SpanID().String(), s.TraceID().String()
				p.attributes(at, trace, s.Attributes())
				p.attributes(at+" resource", trace, rs.Resource().Attributes())
				p[at+" name"] = text{s.Name(), trace}
				p[at+" status"] = text{s.Status().Message(), trace}
				for i, e := range s.Events().All() {
					p.attributes(fmt.Sprintf("%s event %d", at, i), trace, e.Attributes())
				}
			}
		}
	}
}

func (p places) metrics(md pmetric.Metrics) {
	eachPoint(md, func(pt point) {
		at := fmt.Sprintf("metric %s %d", pt.metric.Name(), pt.index)
		p.attributes(at, "", pt.Attributes())
		for i, e := range pt.exemplars().All() {
			p.attributes(fmt.Sprintf("%s exemplar %d", at, i), e.TraceID().String(), e.FilteredAttributes())
		}
	})
}

func (p places) logs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				at, trace := logPlace(r), r.TraceID().String()
				p.attributes(at, trace, r.Attributes())
				p[at] = text{r.Body().AsString(), trace}
				if r.Body().Type() == pcommon.ValueTypeMap {
					p.attributes(at, trace, r.Body().Map())
				}
			}
		}
	}
}

// logPlace names a log record: by file and number when file_log read it, by span and time otherwise.
func logPlace(r plog.LogRecord) string {
	name, fromFile := r.Attributes().Get("log.file.name")
	number, numbered := r.Attributes().Get("log.file.record_number")
	if fromFile && numbered {
		return fmt.Sprintf("file %s %s", name.AsString(), number.AsString())
	}
	return fmt.Sprintf("log %s %d", r.SpanID(), r.Timestamp())
}

// attributes adds the texts of a map; nested ones by their path.
func (p places) attributes(at, trace string, m pcommon.Map) {
	for key, v := range m.All() {
		if v.Type() == pcommon.ValueTypeMap {
			p.attributes(at+" "+key, trace, v.Map())
		} else {
			p[at+" "+key] = text{v.AsString(), trace}
		}
	}
}
