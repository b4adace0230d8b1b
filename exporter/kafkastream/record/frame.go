package record

import (
	"encoding/binary"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// A value framed by a schema registry is a zero, the schema's id in four bytes, and the encoded datum. What is text of it goes
// into the body, the rest into kafka.frame, from which the value is put together without its schema:
//
//	[all]           a value that is carried as it is; no body
//	[head]          head, then the body, which is one text
//	[b0, b1, ...]   b0, text, b1, text, ...: each text with its length before it, in the order of the body's leaves
//
// In the body, a record is a map, an array a slice, and an Avro map a slice that starts with true, followed by maps with one entry
// whose keys are text, too.
const frameHead = 5

func schemaID(value []byte) int32 {
	if len(value) < frameHead {
		return 0
	}
	return int32(binary.BigEndian.Uint32(value[1:frameHead]))
}

func putFrame(v pcommon.Value, parts [][]byte) {
	list := v.SetEmptySlice()
	list.EnsureCapacity(len(parts))
	for _, part := range parts {
		list.AppendEmpty().SetEmptyBytes().FromRaw(part)
	}
}

// join puts a framed value together. Where ok is false, what it returns is its beginning.
func join(frame, body pcommon.Value) (value []byte, ok bool) {
	if frame.Type() != pcommon.ValueTypeSlice || frame.Slice().Len() == 0 {
		return nil, false
	}
	j := joiner{parts: frame.Slice(), ok: true}
	j.part()
	if j.parts.Len() == 1 && body.Type() == pcommon.ValueTypeStr {
		return append(j.out, body.Str()...), j.ok
	}
	j.value(body)
	return j.out, j.ok && j.at == j.parts.Len()
}

type joiner struct {
	parts pcommon.Slice
	at    int
	out   []byte
	ok    bool
}

func (j *joiner) part() {
	if j.at >= j.parts.Len() || j.parts.At(j.at).Type() != pcommon.ValueTypeBytes {
		j.ok = false
		return
	}
	j.out = append(j.out, j.parts.At(j.at).Bytes().AsRaw()...)
	j.at++
}

func (j *joiner) text(s []byte) {
	j.out = binary.AppendVarint(j.out, int64(len(s)))
	j.out = append(j.out, s...)
	j.part()
}

func (j *joiner) value(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeStr, pcommon.ValueTypeBytes:
		j.text(bytesIn(v))
	case pcommon.ValueTypeMap:
		for _, inner := range v.Map().All() {
			j.value(inner)
		}
	case pcommon.ValueTypeSlice:
		s := v.Slice()
		if s.Len() > 0 && s.At(0).Type() == pcommon.ValueTypeBool {
			j.entries(s)
			return
		}
		for i := range s.Len() {
			j.value(s.At(i))
		}
	default:
		j.ok = false
	}
}

// entries joins an Avro map.
func (j *joiner) entries(s pcommon.Slice) {
	for i := 1; i < s.Len(); i++ {
		entry := s.At(i)
		if entry.Type() != pcommon.ValueTypeMap || entry.Map().Len() != 1 {
			j.ok = false
			return
		}
		for key, inner := range entry.Map().All() {
			j.text(bytesOf(key))
			j.value(inner)
		}
	}
}

// framedText is a framed value that is one text.
func framedText(value []byte) (c content, u Undecodable) {
	c = content{frame: [][]byte{value[:frameHead]}}
	if c.text = view(value[frameHead:]); !utf8.ValidString(c.text) {
		return content{}, Undecodable{Reason: ReasonJSON, SchemaID: schemaID(value)}
	}
	return c, u
}
