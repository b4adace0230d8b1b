package record

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// Headers that tell where a republished record came from. They stand last.
const (
	SourceTopic     = "cloakroom-source-topic"
	SourcePartition = "cloakroom-source-partition"
	SourceOffset    = "cloakroom-source-offset"
)

// Source is where a record stood: the topic, partition and offset by which duplicates are told.
type Source struct {
	Topic     string
	Partition int32
	Offset    int64
}

// AppendSource returns the headers without coordinates of an earlier hop and with those of s at the end. The headers given are
// not written to.
func AppendSource(headers []batch.Header, s Source) []batch.Header {
	out := make([]batch.Header, 0, len(headers)+3)
	for _, h := range headers {
		if headerKindOf(h.Key) != sourceHeader {
			out = append(out, h)
		}
	}
	return append(out,
		batch.Header{Key: SourceTopic, Value: bytesOf(s.Topic)},
		batch.Header{Key: SourcePartition, Value: strconv.AppendInt(nil, int64(s.Partition), 10)},
		batch.Header{Key: SourceOffset, Value: strconv.AppendInt(nil, s.Offset, 10)})
}

// SourceOf reads the coordinates out of the headers of a republished record; ok is false where they are not complete.
func SourceOf(headers []batch.Header) (s Source, ok bool) {
	var seen int
	for _, h := range headers {
		switch h.Key {
		case SourceTopic:
			s.Topic = string(h.Value)
			seen |= 1
		case SourcePartition:
			n, err := strconv.ParseInt(string(h.Value), 10, 32)
			if s.Partition = int32(n); err == nil {
				seen |= 2
			}
		case SourceOffset:
			n, err := strconv.ParseInt(string(h.Value), 10, 64)
			if s.Offset = n; err == nil {
				seen |= 4
			}
		}
	}
	return s, seen == 7
}

type headerKind uint8

const (
	otherHeader headerKind = iota
	traceHeader
	parentHeader // traceparent
	baggageHeader
	sourceHeader
	schemaHeader // of serializers that put the schema's id there and not before the value
	contentTypeHeader
	contentEncodingHeader
)

// headerKindOf tells the headers that mean something here. Letters match in either case.
func headerKindOf(name string) headerKind {
	switch len(name) {
	case len("b3"):
		return ifFold(name, "b3", traceHeader)
	case len("baggage"):
		return ifFold(name, "baggage", baggageHeader)
	case len("tracestate"):
		return ifFold(name, "tracestate", traceHeader) | ifFold(name, "x-b3-flags", traceHeader)
	case len("traceparent"):
		return ifFold(name, "traceparent", parentHeader) | ifFold(name, "x-b3-spanid", traceHeader)
	case len("x-b3-traceid"):
		return ifFold(name, "x-b3-traceid", traceHeader) | ifFold(name, "x-b3-sampled", traceHeader) | ifFold(name, "content-type", contentTypeHeader)
	case len("apicurio.value.contentId"):
		return ifFold(name, "apicurio.value.contentId", schemaHeader)
	case len("uber-trace-id"):
		return ifFold(name, "uber-trace-id", traceHeader)
	case len("content-encoding"):
		return ifFold(name, "content-encoding", contentEncodingHeader)
	case len("x-b3-parentspanid"):
		return ifFold(name, "x-b3-parentspanid", traceHeader) | ifFold(name, "__value_schema_id", schemaHeader)
	case len(SourceTopic):
		return ifFold(name, SourceTopic, sourceHeader)
	case len(SourceOffset):
		return ifFold(name, SourceOffset, sourceHeader) | ifFold(name, "apicurio.value.globalId", schemaHeader)
	case len(SourcePartition):
		return ifFold(name, SourcePartition, sourceHeader)
	}
	return otherHeader
}

func ifFold(name, want string, kind headerKind) headerKind {
	if strings.EqualFold(name, want) {
		return kind
	}
	return otherHeader
}

// keeps reports whether the header goes past the processor. One that is only named like a trace or like coordinates does not.
func (r *rule) keeps(h *batch.Header) bool {
	switch headerKindOf(h.Key) {
	case traceHeader, parentHeader:
		return r.keepHeaders || len(h.Key) == len("tracestate") && strings.EqualFold(h.Key, "tracestate") || traceIDs(h.Value)
	case sourceHeader:
		return r.keepHeaders || coordinate(h.Value)
	case baggageHeader:
		return r.keepHeaders || r.keepBaggage
	}
	return r.keepHeaders
}

// putHeaders appends the attributes that hold the headers.
func (w *origin) putHeaders(headers []batch.Header) {
	r, b := w.rule, &w.attributes
	if len(headers) == 0 {
		return
	}
	kept := 0
	for i := range headers {
		if r.keeps(&headers[i]) {
			kept++
		}
	}
	if open := len(headers) - kept; open > 0 {
		w.putOpen(b.AppendEmpty(keyHeaders), headers, open)
	}
	if kept == 0 {
		return
	}
	list := b.AppendEmpty(keyHeadersKept).SetEmptySlice()
	list.EnsureCapacity(3 * kept)
	for i := range headers {
		if h := &headers[i]; kept == len(headers) || r.keeps(h) {
			list.AppendEmpty().SetInt(int64(i))
			putText(list.AppendEmpty(), h.Key)
			putBytes(list.AppendEmpty(), h.Value)
		}
	}
}

// putOpen writes the n headers that the processor looks at: a map where that keeps them apart, else a list of maps with one entry
// each, and of pairs where a name is not UTF-8.
func (w *origin) putOpen(v pcommon.Value, headers []batch.Header, n int) {
	if distinct(headers) {
		b := &w.headers
		b.EnsureCapacity(n)
		for i := range headers {
			if h := &headers[i]; n == len(headers) || !w.rule.keeps(h) {
				putBytes(b.AppendEmpty(h.Key), h.Value)
			}
		}
		b.UnsafeIntoMap(v.SetEmptyMap())
		return
	}
	list := v.SetEmptySlice()
	list.EnsureCapacity(n)
	for i := range headers {
		h := &headers[i]
		switch {
		case w.rule.keeps(h):
		case utf8.ValidString(h.Key):
			putBytes(list.AppendEmpty().SetEmptyMap().PutEmpty(h.Key), h.Value)
		default:
			pair := list.AppendEmpty().SetEmptySlice()
			pair.EnsureCapacity(2)
			putText(pair.AppendEmpty(), h.Key)
			putBytes(pair.AppendEmpty(), h.Value)
		}
	}
}

// distinct reports whether the names can be the keys of one map. It asks only where that costs little.
func distinct(headers []batch.Header) bool {
	const few = 16
	if len(headers) > few {
		return false
	}
	for i := range headers {
		if !utf8.ValidString(headers[i].Key) {
			return false
		}
		for j := range i {
			if headers[i].Key == headers[j].Key {
				return false
			}
		}
	}
	return true
}

// putBytes writes bytes as text where they are UTF-8. Nil stays empty.
func putBytes(v pcommon.Value, b []byte) {
	if b != nil {
		putText(v, view(b))
	}
}

func putText(v pcommon.Value, s string) {
	if utf8.ValidString(s) {
		v.SetStr(s)
		return
	}
	v.SetEmptyBytes().FromRaw(bytesOf(s))
}

// bytesIn is the way back from putBytes.
func bytesIn(v pcommon.Value) []byte {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
		return nil
	case pcommon.ValueTypeStr:
		return bytesOf(v.Str())
	case pcommon.ValueTypeBytes:
		return rawBytes(v)
	}
	return bytesOf(v.AsString())
}

func rawBytes(v pcommon.Value) []byte {
	if raw := v.Bytes().AsRaw(); raw != nil {
		return raw
	}
	return empty
}

// headerReader puts the headers of one record together again. Its slab is shared by the records of a batch.
type headerReader struct {
	slab []batch.Header
	next int // the position after the last header written
}

// read returns the headers that the attributes hold; either value may be the zero one's Empty type.
func (r *headerReader) read(open, kept pcommon.Value, hasOpen, hasKept bool) []batch.Header {
	n := 0
	if hasOpen {
		n = lengthOf(open)
	}
	var list pcommon.Slice
	if hasKept = hasKept && kept.Type() == pcommon.ValueTypeSlice; hasKept {
		list = kept.Slice()
		n += list.Len() / 3
	}
	if n == 0 {
		return nil
	}
	if cap(r.slab)-len(r.slab) < n {
		r.slab = make([]batch.Header, 0, max(n, 256))
	}
	start := len(r.slab)
	r.next = 0
	m := merge{r: r, kept: list, has: hasKept}
	if hasOpen {
		m.open(open)
	}
	m.rest()
	out := r.slab[start:len(r.slab):len(r.slab)]
	if len(out) == 0 {
		return nil
	}
	return out
}

func lengthOf(v pcommon.Value) int {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		return v.Map().Len()
	case pcommon.ValueTypeSlice:
		return v.Slice().Len()
	}
	return 0
}

// merge weaves kept headers, which know their positions, between the others.
type merge struct {
	r    *headerReader
	kept pcommon.Slice
	has  bool
	at   int // in kept
}

func (m *merge) open(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for name, value := range v.Map().All() {
			m.add(batch.Header{Key: name, Value: bytesIn(value)})
		}
	case pcommon.ValueTypeSlice:
		s := v.Slice()
		for i := range s.Len() {
			if h, ok := pairIn(s.At(i)); ok {
				m.add(h)
			} else {
				m.skip()
			}
		}
	}
}

// pairIn reads one header of the list; ok is false for one that a policy dropped.
func pairIn(v pcommon.Value) (h batch.Header, ok bool) {
	switch v.Type() {
	case pcommon.ValueTypeMap:
		for name, value := range v.Map().All() {
			return batch.Header{Key: name, Value: bytesIn(value)}, true
		}
	case pcommon.ValueTypeSlice:
		if pair := v.Slice(); pair.Len() == 2 {
			return batch.Header{Key: view(bytesIn(pair.At(0))), Value: bytesIn(pair.At(1))}, true
		}
	}
	return h, false
}

// due writes the kept headers whose place is here.
func (m *merge) due() {
	for m.has && m.at+2 < m.kept.Len() && m.kept.At(m.at).Int() <= int64(m.r.next) {
		m.keep()
	}
}

func (m *merge) keep() {
	h := batch.Header{Key: view(bytesIn(m.kept.At(m.at + 1))), Value: bytesIn(m.kept.At(m.at + 2))}
	m.r.slab = append(m.r.slab, h)
	m.r.next++
	m.at += 3
}

func (m *merge) add(h batch.Header) {
	m.due()
	m.r.slab = append(m.r.slab, h)
	m.r.next++
}

func (m *merge) skip() {
	m.due()
	m.r.next++
}

func (m *merge) rest() {
	for m.has && m.at+2 < m.kept.Len() {
		m.keep()
	}
}

// putTrace sets the trace context that the last traceparent header names.
//
// Source: W3C Trace Context, section 3.2.2. Later versions may have more after the flags.
func putTrace(lr plog.LogRecord, headers []batch.Header) {
	for i := len(headers) - 1; i >= 0; i-- {
		if headerKindOf(headers[i].Key) != parentHeader {
			continue
		}
		if trace, span, flags, ok := parseParent(headers[i].Value); ok {
			lr.SetTraceID(trace)
			lr.SetSpanID(span)
			lr.SetFlags(plog.LogRecordFlags(flags))
		}
		return
	}
}

func parseParent(v []byte) (trace pcommon.TraceID, span pcommon.SpanID, flags byte, ok bool) {
	const length = 55
	if len(v) < length || v[2] != '-' || v[35] != '-' || v[52] != '-' || len(v) > length && (v[length] != '-' || string(v[:2]) == "00") || string(v[:2]) == "ff" {
		return trace, span, 0, false
	}
	var version, flag [1]byte
	for _, part := range []struct{ dst, src []byte }{{version[:], v[:2]}, {trace[:], v[3:35]}, {span[:], v[36:52]}, {flag[:], v[53:55]}} {
		if _, err := hex.Decode(part.dst, part.src); err != nil {
			return trace, span, 0, false
		}
	}
	return trace, span, flag[0], !trace.IsEmpty() && !span.IsEmpty()
}

// traceIDs reports whether a value is made of what ids of traces, flags and decisions are: hexadecimal digits, hyphens, colons, and the
// words true and false.
func traceIDs(v []byte) bool {
	const longest = 128
	if len(v) > longest {
		return false
	}
	if s := view(v); strings.EqualFold(s, "true") || strings.EqualFold(s, "false") {
		return true
	}
	for _, c := range v {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') && c != '-' && c != ':' {
			return false
		}
	}
	return true
}

// coordinate reports whether a value may be a topic, a partition or an offset.
func coordinate(v []byte) bool {
	const longest = 249
	for _, c := range v {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return len(v) <= longest
}
