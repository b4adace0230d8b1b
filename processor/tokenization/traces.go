package tokenization

import (
	"context"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func (w *walk) traces(ctx context.Context, td ptrace.Traces) {
	resources := td.ResourceSpans()
	for i := range resources.Len() {
		rs := resources.At(i)
		w.view = w.policy.View(ctx, rs.Resource())
		w.resource(rs.Resource())
		if out, ok := w.field(rs.SchemaUrl()); ok {
			w.change(rs.SetSchemaUrl, out)
		}
		scopes := rs.ScopeSpans()
		for j := range scopes.Len() {
			w.scopeSpans(scopes.At(j))
			if w.err != nil {
				return
			}
		}
	}
}

func (w *walk) scopeSpans(ss ptrace.ScopeSpans) {
	w.scope(ss.Scope())
	if out, ok := w.field(ss.SchemaUrl()); ok {
		w.change(ss.SetSchemaUrl, out)
	}
	spans := ss.Spans()
	for k := range spans.Len() {
		w.span(spans.At(k))
		if w.err != nil {
			return
		}
	}
}

func (w *walk) span(s ptrace.Span) {
	if out, ok := w.field(s.Name()); ok {
		w.change(s.SetName, out)
	}
	status := s.Status()
	if out, ok := w.field(status.Message()); ok {
		w.change(status.SetMessage, out)
	}
	w.exempted(&w.traceState, s.TraceState().AsRaw())
	w.attributes(s.Attributes(), nil, w.place(placeItem))
	events := s.Events()
	for i := range events.Len() {
		e := events.At(i)
		if out, ok := w.field(e.Name()); ok {
			w.change(e.SetName, out)
		}
		w.attributes(e.Attributes(), nil, w.place(placeEvent))
	}
	links := s.Links()
	for i := range links.Len() {
		l := links.At(i)
		w.exempted(&w.traceState, l.TraceState().AsRaw())
		w.attributes(l.Attributes(), nil, w.place(placeLink))
	}
}
