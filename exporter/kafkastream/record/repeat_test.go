package record_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// TestRepeatedResource: records by trace repeat their resource as long as that is bounded; beyond it the batch has no keys.
func TestRepeatedResource(t *testing.T) {
	const traces = 1000
	id := func(i int) (id pcommon.TraceID) {
		binary.BigEndian.PutUint32(id[:], uint32(i+1))
		return id
	}
	logs := func(fill func(pcommon.Map, pcommon.Map)) func(emit func(record.Out) error) error {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		sl := rl.ScopeLogs().AppendEmpty()
		fill(rl.Resource().Attributes(), sl.Scope().Attributes())
		for i := range traces {
			sl.LogRecords().AppendEmpty().SetTraceID(id(i))
		}
		return func(emit func(record.Out) error) error {
			return record.FromLogs(ld, record.Encoding{KeyByTrace: true}, emit)
		}
	}
	spans := func(fill func(pcommon.Map, pcommon.Map)) func(emit func(record.Out) error) error {
		td := ptrace.NewTraces()
		rs := td.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		fill(rs.Resource().Attributes(), ss.Scope().Attributes())
		for i := range traces {
			ss.Spans().AppendEmpty().SetTraceID(id(i))
		}
		return func(emit func(record.Out) error) error {
			return record.FromTraces(td, record.Encoding{KeyByTrace: true}, emit)
		}
	}
	large := strings.Repeat("x", 20<<10)
	for _, tt := range []struct {
		name  string
		fill  func(resource, scope pcommon.Map)
		keyed bool
	}{
		{"a usual resource", func(r, _ pcommon.Map) { r.PutStr("service.name", "shop") }, true},
		{"a resource of 15 KB", func(r, _ pcommon.Map) { r.PutStr("a", large[:15<<10]) }, true},
		{"a resource of 20 KB", func(r, _ pcommon.Map) { r.PutStr("a", large) }, false},
		{"a scope of 20 KB", func(_, s pcommon.Map) { s.PutEmptyBytes("a").FromRaw([]byte(large)) }, false},
		{"20 KB in lists and maps", func(r, _ pcommon.Map) {
			s := r.PutEmptySlice("a")
			for range 20 {
				s.AppendEmpty().SetEmptyMap().PutStr("b", large[:1<<10])
			}
		}, false},
	} {
		for signal, from := range map[string]func(emit func(record.Out) error) error{"logs": logs(tt.fill), "spans": spans(tt.fill)} {
			t.Run(tt.name+"/"+signal, func(t *testing.T) {
				n, bytes, keys := 0, 0, 0
				err := from(func(o record.Out) error {
					n++
					bytes += len(o.Record.Value)
					if o.Record.Key != nil {
						keys++
					}
					return nil
				})
				want := map[bool]int{true: traces, false: 0}[tt.keyed]
				if err != nil || keys != want || n != max(want, 1) || bytes > 17<<20 {
					t.Errorf("%d records of %d bytes, %d with a key, want %d: %v", n, bytes, keys, want, err)
				}
			})
		}
	}
}
