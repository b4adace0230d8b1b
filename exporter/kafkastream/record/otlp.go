package record

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// Encoding says how ordinary telemetry, which did not come from Kafka, becomes Kafka records.
type Encoding struct {
	// Format is OTLPProto or OTLPJSON; empty is OTLPProto.
	Format Format
	// KeyByTrace makes one record of each trace, for logs and spans, its key the trace id in hex. What has no trace has no key, and
	// neither has a batch whose records would repeat more than 16 MiB of their resources and scopes.
	KeyByTrace bool
	// MaxBytes is what a value may have before it is split; 0 is no limit. A single span, log record or metric is not split.
	MaxBytes int
}

// Values of kafka.value: what a record was that holds no telemetry, so that an empty resource stands for it.
const (
	valueNull  = "null"
	valueEmpty = "empty"   // of no bytes
	valueNone  = "nothing" // a request for nothing
)

// originalPrefix stands before attributes of the producer that are named like ours.
const originalPrefix = "kafka.original."

type resource[R any] interface {
	Resource() pcommon.Resource
	CopyTo(R)
}

type resources[R any] interface {
	Len() int
	At(int) R
	AppendEmpty() R
}

// request is a request of one signal, and how it is encoded.
type request[S any] struct {
	resources S
	encode    func(Format) ([]byte, error)
}

// keyed is a request whose telemetry is of one trace.
type keyed[S any] struct {
	key []byte
	request[S]
}

// codec is what differs between the signals.
type codec[R resource[R], S resources[R]] struct {
	create func() request[S]
	decode func(value []byte, f Format) (S, error)
	count  func(S) int             // of spans, log records, metrics
	cut    func(s S, from, to int) // keeps that many of them
	move   func(from S, to S)      // all resources

	// byTrace and, about, the bytes it repeats of resources and scopes; nil where there are no traces.
	byTrace  func(s S) []keyed[S]
	repeated func(s S) int
}

// otlpInto appends the telemetry that the value of rec holds to dst, marked as the record's.
func otlpInto[R resource[R], S resources[R]](c codec[R, S], w *origin, f Format, rec *batch.Record, dst S) Undecodable {
	if len(rec.Value) == 0 {
		value := valueEmpty
		if rec.Value == nil {
			value = valueNull
		}
		w.mark(dst.AppendEmpty().Resource(), f, rec, value)
		return Undecodable{}
	}
	if f == OTLPProto && tooDeep(rec.Value) {
		return Undecodable{Reason: ReasonOTLP}
	}
	src, err := c.decode(rec.Value, f)
	if err != nil {
		return Undecodable{Reason: ReasonOTLP}
	}
	if src.Len() == 0 {
		w.mark(dst.AppendEmpty().Resource(), f, rec, valueNone)
		return Undecodable{}
	}
	for i := range src.Len() {
		w.mark(src.At(i).Resource(), f, rec, "")
	}
	c.move(src, dst)
	return Undecodable{}
}

// origin is where records come from.
type origin struct {
	rule      *rule
	topic     string
	partition int32

	// What attributes and headers are built in: as variables they would be allocated for each record.
	attributes, headers xpdata.MapBuilder
}

// mark writes what is known of the record beside its telemetry into the attributes of a resource.
func (w *origin) mark(res pcommon.Resource, f Format, rec *batch.Record, value string) {
	m := res.Attributes()
	b := &w.attributes
	b.EnsureCapacity(m.Len() + 9)
	for name, v := range m.All() {
		if ours(name) || strings.HasPrefix(name, originalPrefix) {
			name = originalPrefix + name
		}
		v.MoveTo(b.AppendEmpty(name))
	}
	b.AppendEmpty(keyTopic).SetStr(w.topic)
	b.AppendEmpty(keyPartition).SetInt(int64(w.partition))
	b.AppendEmpty(keyFormat).SetStr(string(f))
	if value != "" {
		b.AppendEmpty(keyValue).SetStr(value)
	}
	w.put(rec, true)
	b.UnsafeIntoMap(m)
}

func ours(name string) bool {
	switch name {
	case keyTopic, keyPartition, keyFormat, keyCharset, keyOffset, keyStampType, keyStamp, keyKey, keyKeyKept, keyKeyHash, keyHeaders, keyHeadersKept, keyFrame, keyValue:
		return true
	}
	return false
}

// unmark leaves the producer's attributes.
func unmark(m pcommon.Map) {
	var b xpdata.MapBuilder
	b.EnsureCapacity(m.Len())
	for name, v := range m.All() {
		if !ours(name) {
			v.MoveTo(b.AppendEmpty(strings.TrimPrefix(name, originalPrefix)))
		}
	}
	b.UnsafeIntoMap(m)
}

// fromOTLP emits what the resources from at on hold: one record of Kafka, or ordinary telemetry up to the next one. It returns
// the number of resources.
func fromOTLP[R resource[R], S resources[R]](c codec[R, S], s S, at int, enc Encoding, headers *headerReader, emit func(Out) error) (int, error) {
	o, format, _ := originOf(s.At(at).Resource().Attributes())
	if !o.FromKafka {
		n := 1
		for ; at+n < s.Len(); n++ {
			if next, _, _ := originOf(s.At(at + n).Resource().Attributes()); next.FromKafka {
				break
			}
		}
		return n, ordinary(c, s, at, n, enc, emit)
	}
	a := attributesOf(s.At(at).Resource().Attributes())
	a.into(&o, headers)
	if value, is := s.At(at).Resource().Attributes().Get(keyValue); is && value.Str() != valueNone {
		if value.Str() == valueEmpty {
			o.Record.Value = empty
		}
		return 1, emit(o)
	}
	req := c.create()
	n := 0
	for ; at+n < s.Len(); n++ {
		next, _, _ := originOf(s.At(at + n).Resource().Attributes())
		if offset := attributesOf(s.At(at + n).Resource().Attributes()).offset; next.Topic != o.Topic || next.Partition != o.Partition || offset != o.Offset {
			break
		}
		if _, carrier := s.At(at + n).Resource().Attributes().Get(keyValue); !carrier {
			r := req.resources.AppendEmpty()
			s.At(at + n).CopyTo(r)
			unmark(r.Resource().Attributes())
		}
	}
	value, err := req.encode(format)
	if err != nil {
		o.Bad = &Undecodable{Reason: ReasonOTLP}
	}
	if o.Record.Value = value; value == nil {
		o.Record.Value = empty
	}
	return n, emit(o)
}

// ordinary emits n resources from at on, which did not come from Kafka.
func ordinary[R resource[R], S resources[R]](c codec[R, S], s S, at, n int, enc Encoding, emit func(Out) error) error {
	req := c.create()
	for i := range n {
		s.At(at + i).CopyTo(req.resources.AppendEmpty())
	}
	if !enc.KeyByTrace || c.byTrace == nil || c.repeated(req.resources) > maxRepeated {
		return encodeWithin(c, req, nil, enc, emit)
	}
	for _, k := range c.byTrace(req.resources) {
		if err := encodeWithin(c, k.request, k.key, enc, emit); err != nil {
			return err
		}
	}
	return nil
}

// worthwhile is how large a request may be for its parts to be made whatever they repeat.
const worthwhile = 64 << 10

// encodeWithin emits the request as one record, or as several where it is larger than allowed.
func encodeWithin[R resource[R], S resources[R]](c codec[R, S], req request[S], key []byte, enc Encoding, emit func(Out) error) error {
	f := enc.Format
	if f == "" {
		f = OTLPProto
	}
	value, err := req.encode(f)
	if err != nil {
		return err
	}
	whole := func() error {
		if value == nil {
			value = empty
		}
		o := Out{Record: batch.Record{Timestamp: -1, Key: key, Value: value}}
		o.Offset, o.Partition = -1, -1
		return emit(o)
	}
	items := c.count(req.resources)
	if enc.MaxBytes == 0 || len(value) <= enc.MaxBytes || items < 2 {
		return whole()
	}
	rest := c.create()
	for i := range req.resources.Len() {
		req.resources.At(i).CopyTo(rest.resources.AppendEmpty())
	}
	c.cut(req.resources, 0, items/2)
	c.cut(rest.resources, items/2, items)
	first, err := req.encode(f)
	if err != nil {
		return err
	}
	second, err := rest.encode(f)
	if err != nil {
		return err
	}
	if repeated := len(first) + len(second) - len(value); len(value) > worthwhile && repeated > len(value)/2 {
		return whole() // most of it is the resource, which each part repeats: parts would be many, and too large as well
	}
	if err := encodeWithin(c, req, key, enc, emit); err != nil {
		return err
	}
	return encodeWithin(c, rest, key, enc, emit)
}

func traceKey(id pcommon.TraceID) []byte {
	if id.IsEmpty() {
		return nil
	}
	return hex.AppendEncode(nil, id[:])
}

// maxProtoDepth bounds how deep messages lie in one another. What decodes them calls itself, and Go ends the whole process over a
// stack of 1 GB: a record of 16 MB can be that deep.
const maxProtoDepth = 10_000

// tooDeep tells of messages within messages beyond the bound, without calling itself. Texts that look like messages count, too.
func tooDeep(b []byte) bool {
	type level struct {
		b     []byte
		depth int
	}
	if len(b) < 2*maxProtoDepth {
		return false
	}
	for open := []level{{b, 0}}; len(open) > 0; {
		l := open[len(open)-1]
		open = open[:len(open)-1]
		for len(l.b) > 0 {
			tag, n := binary.Uvarint(l.b)
			if n <= 0 {
				break
			}
			l.b = l.b[n:]
			skip := uint64(0)
			switch tag & 7 {
			case 0:
				_, n := binary.Uvarint(l.b)
				skip = uint64(max(n, 0))
				if n <= 0 {
					skip = math.MaxUint64
				}
			case 1:
				skip = 8
			case 5:
				skip = 4
			case 2:
				size, n := binary.Uvarint(l.b)
				if n <= 0 || size > uint64(len(l.b)-n) {
					skip = math.MaxUint64
					break
				}
				l.b = l.b[n:]
				// Each level takes two bytes at least.
				if left := maxProtoDepth - l.depth - 1; size >= uint64(2*max(left, 0)) {
					if left <= 0 {
						return true
					}
					open = append(open, level{l.b[:size], l.depth + 1})
				}
				skip = size
			default:
				skip = math.MaxUint64
			}
			if skip > uint64(len(l.b)) {
				break
			}
			l.b = l.b[skip:]
		}
	}
	return false
}
