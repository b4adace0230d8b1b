package record

import (
	"bytes"
	"context"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// ScopeName is the instrumentation scope of log records that are Kafka records.
const ScopeName = "kafka_stream"

// The attributes of the mapping.
const (
	keyTopic       = "kafka.topic"
	keyPartition   = "kafka.partition"
	keyFormat      = "kafka.format"
	keyCharset     = "kafka.charset"
	keyOffset      = "kafka.offset"
	keyStampType   = "kafka.timestamp_type"
	keyStamp       = "kafka.timestamp"
	keyKey         = "kafka.key"
	keyKeyKept     = "kafka.key.kept"
	keyKeyHash     = "kafka.key.hash"
	keyHeaders     = "kafka.headers"
	keyHeadersKept = "kafka.headers.kept"
	keyFrame       = "kafka.frame"
	keyValue       = "kafka.value"
)

// Values of kafka.timestamp_type.
const (
	stampCreate = "create"
	stampAppend = "append"
	stampNone   = "none"
)

// content is the value of a record, read.
type content struct {
	null  bool
	bytes bool
	text  string        // of a value that is one text
	data  []byte        // of a value that stays bytes
	frame [][]byte      // of a value framed by a schema registry
	tree  pcommon.Value // of Avro: its texts
	avro  bool
}

// ToLogs appends recs, which are of one topic partition, to ld. It calls bad with the index of every record that could not be
// decoded, in order, and why. The logs share the records' memory.
//
// An error says that the schema registry cannot be asked for now: nothing was appended, bad was not called, and the call may be
// made again.
func (m *Mapping) ToLogs(ctx context.Context, ld plog.Logs, topic string, partition int32, recs []batch.Record, bad func(i int, u Undecodable)) error {
	r := m.rule(topic)
	if err := m.registry.prepare(ctx, r, recs); err != nil {
		return err
	}
	now := pcommon.NewTimestampFromTime(time.Now())
	w := logWriter{origin: origin{rule: r, topic: topic, partition: partition}, ld: ld, left: len(recs), now: now}
	for i := range recs {
		if u := w.record(m, &recs[i]); u.Reason != "" {
			bad(i, u)
		}
		w.left--
	}
	return nil
}

// logWriter writes the records of one partition, in runs that are read alike.
type logWriter struct {
	origin
	ld      plog.Logs
	how     reading
	records plog.LogRecordSlice
	open    bool
	left    int
	now     pcommon.Timestamp // when the records are observed: without it, backends show 1970
}

func (w *logWriter) record(m *Mapping, rec *batch.Record) Undecodable {
	if w.rule.signal != Logs {
		return Undecodable{Reason: ReasonSignal}
	}
	if w.rule.tokenizeKey {
		if id, framed := m.registry.framed(rec.Key); framed {
			return Undecodable{Reason: ReasonSchemaType, SchemaID: id} // no text in it can be replaced without its schema
		}
	}
	how := m.reading(w.rule, rec)
	if how.format.otlp() {
		w.open = false
		return otlpInto(logsCodec, &w.origin, how.format, rec, w.ld.ResourceLogs())
	}
	c, u := m.content(w.rule, how, rec.Value)
	if u.Reason != "" {
		return u
	}
	if !w.open || w.how != how {
		w.run(how)
	}
	w.write(w.records.AppendEmpty(), rec, &c)
	return Undecodable{}
}

// run begins a resource for records that are read alike.
func (w *logWriter) run(how reading) {
	rl := w.ld.ResourceLogs().AppendEmpty()
	b := &w.attributes
	b.EnsureCapacity(4)
	b.AppendEmpty(keyTopic).SetStr(w.topic)
	b.AppendEmpty(keyPartition).SetInt(int64(w.partition))
	b.AppendEmpty(keyFormat).SetStr(string(how.format))
	if how.charset != nil {
		b.AppendEmpty(keyCharset).SetStr(how.charset.name)
	}
	b.UnsafeIntoMap(rl.Resource().Attributes())
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(ScopeName)
	w.how, w.records, w.open = how, sl.LogRecords(), true
	w.records.EnsureCapacity(w.left)
}

func (w *logWriter) write(lr plog.LogRecord, rec *batch.Record, c *content) {
	b := &w.attributes
	b.EnsureCapacity(6)
	if nanos, fits := nanosOf(rec.Timestamp); fits {
		lr.SetTimestamp(nanos)
	}
	lr.SetObservedTimestamp(w.now)
	w.put(rec, false)
	if c.frame != nil {
		putFrame(b.AppendEmpty(keyFrame), c.frame)
	}
	b.UnsafeIntoMap(lr.Attributes())
	putTrace(lr, rec.Headers)
	switch {
	case c.null:
	case c.avro:
		c.tree.MoveTo(lr.Body())
	case c.bytes:
		lr.Body().SetEmptyBytes().FromRaw(c.data)
	default:
		lr.Body().SetStr(c.text)
	}
}

// put appends what is known of a record beside its value to w.attributes. Stamped asks for the timestamp where there is no other
// place for it.
func (w *origin) put(rec *batch.Record, stamped bool) {
	b := &w.attributes
	b.AppendEmpty(keyOffset).SetInt(rec.Offset)
	kind := stampCreate
	switch {
	case rec.Append:
		kind = stampAppend
	case rec.Timestamp == -1:
		kind = stampNone
	}
	b.AppendEmpty(keyStampType).SetStr(kind)
	if _, fits := nanosOf(rec.Timestamp); kind != stampNone && (stamped || !fits) {
		b.AppendEmpty(keyStamp).SetInt(rec.Timestamp)
	}
	if rec.Key != nil {
		if w.rule.tokenizeKey {
			b.AppendEmpty(keyKeyHash).SetInt(int64(Murmur2(rec.Key)))
			putBytes(b.AppendEmpty(keyKey), rec.Key)
		} else {
			putBytes(b.AppendEmpty(keyKeyKept), rec.Key)
		}
	}
	w.putHeaders(rec.Headers)
}

const nanosPerMilli = 1_000_000

// nanosOf returns the timestamp as telemetry has it; fits is false where telemetry cannot.
func nanosOf(millis int64) (t pcommon.Timestamp, fits bool) {
	if millis < 0 || millis > math.MaxInt64/nanosPerMilli {
		return 0, false
	}
	return pcommon.Timestamp(millis * nanosPerMilli), true
}

// content reads a value that is no OTLP. A frame says more about it than a header does.
func (m *Mapping) content(r *rule, how reading, value []byte) (c content, u Undecodable) {
	if value == nil {
		return content{null: true}, u
	}
	wide := how.charset != nil && how.charset.wide
	if id, framed := m.registry.framed(value); framed && r.framed() && !wide && how.reason != ReasonContentEncoding {
		return m.registry.content(id, value)
	}
	if how.reason != "" {
		return c, Undecodable{Reason: how.reason}
	}
	if how.format == Raw {
		return content{bytes: true, data: value}, u
	}
	if !wide && len(value)%2 == 0 && (bytes.HasPrefix(value, []byte{0xff, 0xfe}) || bytes.HasPrefix(value, []byte{0xfe, 0xff})) {
		return c, Undecodable{Reason: ReasonCharset} // UTF-16 that nobody told of: nothing would be found in it
	}
	text, ok := how.charset.decode(value)
	switch {
	case !ok && how.charset != nil && how.charset.wide:
		return c, Undecodable{Reason: ReasonCharset}
	case how.format == JSON && len(value) > 0 && (!ok || !validJSON(bytesOf(text))):
		return c, Undecodable{Reason: ReasonJSON}
	case !ok:
		return content{bytes: true, data: value}, u
	}
	return content{text: text}, u
}

// Out is one Kafka record that telemetry holds.
type Out struct {
	// FromKafka says that the telemetry was read from Kafka, where it stood at Source; else it is ordinary telemetry, in OTLP.
	FromKafka bool
	Source
	// KeyHash is the Murmur2 of the original key of a record whose key was tokenized.
	KeyHash    uint32
	HasKeyHash bool
	// Bad says why the record cannot be put together again; its Record is then not complete and must not be produced.
	Bad *Undecodable
	// Record shares the telemetry's memory and must not be written to. Its offset is the source's.
	Record batch.Record
}

// Hash returns what the record's partition is computed from, see [PartitionOf]; ok is false for a record without a key.
func (o *Out) Hash() (hash uint32, ok bool) {
	if o.HasKeyHash {
		return o.KeyHash, true
	}
	return Murmur2(o.Record.Key), o.Record.Key != nil
}

// FromLogs hands each Kafka record that ld holds to emit, in order, and stops at the first error of emit. Ordinary telemetry is
// encoded as enc says. ld is not changed.
func FromLogs(ld plog.Logs, enc Encoding, emit func(Out) error) error {
	var headers headerReader
	resources := ld.ResourceLogs()
	for i := 0; i < resources.Len(); {
		rl := resources.At(i)
		o, format, charset := originOf(rl.Resource().Attributes())
		if !o.FromKafka || format.otlp() {
			n, err := fromOTLP(logsCodec, resources, i, enc, &headers, emit)
			if err != nil {
				return err
			}
			i += n
			continue
		}
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				out := o
				fromRecord(&out, lr, charset, &headers)
				if err := emit(out); err != nil {
					return err
				}
			}
		}
		i++
	}
	return nil
}

// originOf reads a resource of the mapping.
func originOf(attributes pcommon.Map) (o Out, format Format, cs *charset) {
	var seen int
	for name, v := range attributes.All() {
		switch name {
		case keyTopic:
			o.Topic = v.Str()
			seen |= 1
		case keyPartition:
			if o.Partition = -1; v.Int() >= 0 && v.Int() <= math.MaxInt32 {
				o.Partition = int32(v.Int())
			}
			seen |= 2
		case keyFormat:
			format = Format(v.Str())
			seen |= 4
		case keyCharset:
			cs, _ = charsetOf(v.Str())
		}
	}
	o.FromKafka = seen == 7 && o.Topic != ""
	return o, format, cs
}

func fromRecord(o *Out, lr plog.LogRecord, cs *charset, headers *headerReader) {
	a := attributesOf(lr.Attributes())
	a.into(o, headers)
	if a.stampType != stampNone && !a.stamped {
		o.Record.Timestamp = int64(lr.Timestamp() / nanosPerMilli)
	}
	body := lr.Body()
	switch {
	case a.framed:
		value, ok := join(a.frame, body)
		if !ok {
			o.Bad = &Undecodable{Reason: ReasonFrame, SchemaID: schemaID(value)}
			return
		}
		o.Record.Value = value
	case body.Type() == pcommon.ValueTypeStr:
		o.Record.Value = cs.encode(body.Str())
	case body.Type() == pcommon.ValueTypeEmpty, body.Type() == pcommon.ValueTypeBytes:
		o.Record.Value = bytesIn(body)
	default:
		o.Record.Value = cs.encode(body.AsString())
	}
}

// attributes are those of one record.
type attributes struct {
	offset, stamp, hash      int64
	stampType                string
	key, open, kept, frame   pcommon.Value
	stamped, hashed, hasKey  bool
	hasOpen, hasKept, framed bool
}

func attributesOf(m pcommon.Map) (a attributes) {
	a.offset = -1
	for name, v := range m.All() {
		switch name {
		case keyOffset:
			a.offset = v.Int()
		case keyStampType:
			a.stampType = v.Str()
		case keyStamp:
			a.stamp, a.stamped = v.Int(), true
		case keyKey, keyKeyKept:
			a.key, a.hasKey = v, true
		case keyKeyHash:
			a.hash, a.hashed = v.Int(), true
		case keyHeaders:
			a.open, a.hasOpen = v, true
		case keyHeadersKept:
			a.kept, a.hasKept = v, true
		case keyFrame:
			a.frame, a.framed = v, true
		}
	}
	return a
}

// into fills in everything but the value, and the timestamp where it stands elsewhere.
func (a *attributes) into(o *Out, headers *headerReader) {
	o.Offset = a.offset
	o.Record.Offset = a.offset
	o.Record.Append = a.stampType == stampAppend
	o.Record.Timestamp = -1
	if a.stamped {
		o.Record.Timestamp = a.stamp
	}
	if a.hasKey {
		o.Record.Key = bytesIn(a.key)
	}
	if a.hashed {
		o.KeyHash, o.HasKeyHash = uint32(a.hash), true
	}
	o.Record.Headers = headers.read(a.open, a.kept, a.hasOpen, a.hasKept)
}
