package record

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// maxRepeated bounds what a record for each trace may repeat of the resources and scopes of one batch. A resource of 100 KB with
// ten thousand traces is a batch of a few megabytes, and would be a gigabyte of records.
const maxRepeated = 16 << 20

// repeat adds up what records for each trace repeat.
type repeat struct {
	bytes           int
	resource, scope map[pcommon.TraceID]struct{} // the traces seen of each
	resourceSize    int
	scopeSize       int
}

func (r *repeat) enterResource(res pcommon.Resource) {
	r.resource, r.resourceSize = map[pcommon.TraceID]struct{}{}, sizeOf(res.Attributes())
}

func (r *repeat) enterScope(s pcommon.InstrumentationScope) {
	r.scope, r.scopeSize = map[pcommon.TraceID]struct{}{}, len(s.Name())+len(s.Version())+sizeOf(s.Attributes())
}

func (r *repeat) item(id pcommon.TraceID) {
	if _, seen := r.resource[id]; !seen {
		if len(r.resource) > 0 {
			r.bytes += r.resourceSize
		}
		r.resource[id] = struct{}{}
	}
	if _, seen := r.scope[id]; !seen {
		if len(r.scope) > 0 {
			r.bytes += r.scopeSize
		}
		r.scope[id] = struct{}{}
	}
}

func logsRepeated(s plog.ResourceLogsSlice) int {
	var r repeat
	for _, rl := range s.All() {
		r.enterResource(rl.Resource())
		for _, sl := range rl.ScopeLogs().All() {
			r.enterScope(sl.Scope())
			for _, lr := range sl.LogRecords().All() {
				r.item(lr.TraceID())
			}
		}
	}
	return r.bytes
}

func tracesRepeated(s ptrace.ResourceSpansSlice) int {
	var r repeat
	for _, rs := range s.All() {
		r.enterResource(rs.Resource())
		for _, ss := range rs.ScopeSpans().All() {
			r.enterScope(ss.Scope())
			for _, span := range ss.Spans().All() {
				r.item(span.TraceID())
			}
		}
	}
	return r.bytes
}

// perValue is about what a value takes beside its text.
const perValue = 8

// sizeOf is about how many bytes attributes take.
func sizeOf(m pcommon.Map) (n int) {
	for name, v := range m.All() {
		n += len(name) + sizeOfValue(v)
	}
	return n
}

func sizeOfValue(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return perValue + len(v.Str())
	case pcommon.ValueTypeBytes:
		return perValue + v.Bytes().Len()
	case pcommon.ValueTypeMap:
		return perValue + sizeOf(v.Map())
	case pcommon.ValueTypeSlice:
		n := perValue
		for _, e := range v.Slice().All() {
			n += sizeOfValue(e)
		}
		return n
	}
	return perValue
}
