package tokenization

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
)

func (w *walk) logs(ctx context.Context, ld plog.Logs) {
	resources := ld.ResourceLogs()
	for i := range resources.Len() {
		rl := resources.At(i)
		w.view = w.policy.View(ctx, rl.Resource())
		w.resource(rl.Resource())
		if out, ok := w.field(rl.SchemaUrl()); ok {
			w.change(rl.SetSchemaUrl, out)
		}
		_, each := kafkaResource(rl.Resource().Attributes())
		scopes := rl.ScopeLogs()
		for j := range scopes.Len() {
			w.scopeLogs(scopes.At(j), each && scopes.At(j).Scope().Name() == kafkaScope)
			if w.err != nil {
				return
			}
		}
	}
}

// scopeLogs walks the log records of a scope, which may be Kafka records.
func (w *walk) scopeLogs(sl plog.ScopeLogs, kafka bool) {
	w.scope(sl.Scope())
	if out, ok := w.field(sl.SchemaUrl()); ok {
		w.change(sl.SetSchemaUrl, out)
	}
	var removed []int
	records := sl.LogRecords()
	for k := range records.Len() {
		if w.record(records.At(k), kafka) {
			removed = append(removed, k)
		}
		if w.err != nil {
			return
		}
	}
	if removed != nil {
		w.edits.removals = append(w.edits.removals, func() {
			at := positions{ascending: removed}
			records.RemoveIf(func(plog.LogRecord) bool { return at.next() })
		})
	}
}

// record handles one log record and reports whether the policy drops it.
func (w *walk) record(r plog.LogRecord, kafka bool) (dropped bool) {
	if out, ok := w.field(r.SeverityText()); ok {
		w.change(r.SetSeverityText, out)
	}
	if out, ok := w.field(r.EventName()); ok {
		w.change(r.SetEventName, out)
	}
	w.kafka = kafka
	w.attributes(r.Attributes(), nil, w.place(placeItem))
	w.kafka = false
	return w.value(&w.body, r.Body())
}

// positions steps through a slice and tells the positions that were written down.
type positions struct {
	ascending []int
	index     int
}

func (p *positions) next() bool {
	i := p.index
	p.index++
	if len(p.ascending) == 0 || p.ascending[0] != i {
		return false
	}
	p.ascending = p.ascending[1:]
	return true
}
