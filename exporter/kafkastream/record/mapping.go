package record

import (
	"bytes"
	"mime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// Undecodable says why a record cannot be told as telemetry. It never holds bytes of the record.
type Undecodable struct {
	// Reason is one of the constants below: a metric label, and a header of the dead letter.
	Reason string
	// SchemaID is the schema that the value names, or 0.
	SchemaID int32
	// Refuse says that the configuration wants the partition to stop at this record instead of a dead letter.
	Refuse bool
}

// Error is the reason.
func (u Undecodable) Error() string { return "undecodable record: " + u.Reason }

// The reasons.
const (
	ReasonJSON            = "invalid_json"
	ReasonOTLP            = "invalid_otlp"
	ReasonCharset         = "invalid_charset"
	ReasonContentType     = "binary_content_type" // a content type whose values cannot be edited without its schema
	ReasonContentEncoding = "content_encoding"    // the value is compressed by its producer
	ReasonFrame           = "invalid_frame"       // the values of a framed record do not fit their frame: it was changed on the way
	ReasonSchemaUnknown   = "schema_unknown"      // neither in the configuration nor in the registry
	ReasonSchemaInvalid   = "schema_invalid"      // the schema cannot be read
	ReasonSchemaType      = "schema_type"         // the configuration wants no values of this type of schema
	ReasonAvro            = "invalid_avro"        // the value does not fit its schema
	ReasonAvroLimits      = "avro_limits"         // too deep, or too many values
	ReasonSignal          = "wrong_signal"        // the topic's rule is for another signal
)

// Mapping tells Kafka records as telemetry. It is safe for concurrent use.
type Mapping struct {
	rules     []*rule
	otherwise *rule
	registry  *registry
	byTopic   sync.Map // topic -> *rule
	byContent sync.Map // content type -> reading, for topics of format auto
	contents  atomic.Int32
}

// rule is a TopicRule, compiled.
type rule struct {
	matches     func(string) bool
	how         reading
	signal      Signal
	detectOTLP  bool // either encoding, as the first byte says
	contentType bool // a header may choose
	tokenizeKey bool
	keepHeaders bool
	keepBaggage bool
}

// reading is how one value is read.
type reading struct {
	format  Format
	charset *charset
	reason  string // why it is not read at all
}

// New compiles a configuration that is valid. Schema files are read now; the schema registry is asked when a record names a schema.
func New(c Config) (*Mapping, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m := &Mapping{}
	var err error
	if m.registry, err = newRegistry(c.SchemaRegistry); err != nil {
		return nil, err
	}
	m.otherwise = compile(TopicRule{})
	for _, r := range c.Topics {
		m.rules = append(m.rules, compile(r))
	}
	return m, nil
}

func compile(t TopicRule) *rule {
	r := &rule{signal: t.Signal, tokenizeKey: t.TokenizeKey, keepHeaders: t.KeepHeaders, keepBaggage: t.KeepBaggage}
	r.matches, _ = topicMatcher(t.Topic)
	r.how.format = t.Format
	if r.how.format == "" {
		r.how.format = Auto
	}
	r.how.charset, _ = charsetOf(t.Charset)
	r.detectOTLP = t.Signal != "" && r.how.format == Auto
	r.contentType = r.how.format == Auto && t.Signal == "" && !t.IgnoreContentType
	if r.signal == "" {
		r.signal = Logs
	}
	return r
}

// framed reports whether values of the topic may be framed by a schema registry. Text whose charset has zeros in it looks as if it were.
func (r *rule) framed() bool {
	return !r.how.format.otlp() && r.how.format != Raw && !r.detectOTLP && (r.how.charset == nil || !r.how.charset.wide)
}

// Signal returns the signal that a topic holds, and so which of ToLogs, ToTraces and ToMetrics is to be called.
func (m *Mapping) Signal(topic string) Signal { return m.rule(topic).signal }

func (m *Mapping) rule(topic string) *rule {
	if r, ok := m.byTopic.Load(topic); ok {
		return r.(*rule)
	}
	found := m.otherwise
	for _, r := range m.rules {
		if r.matches(topic) {
			found = r
			break
		}
	}
	m.byTopic.Store(strings.Clone(topic), found)
	return found
}

// reading returns how the value of the record is read.
func (m *Mapping) reading(r *rule, rec *batch.Record) reading {
	if r.detectOTLP {
		if len(rec.Value) > 0 && rec.Value[0] == '{' {
			return reading{format: OTLPJSON}
		}
		return reading{format: OTLPProto}
	}
	if !r.contentType {
		return r.how
	}
	how := r.how
	for i := range rec.Headers {
		switch h := &rec.Headers[i]; headerKindOf(h.Key) {
		case contentTypeHeader:
			how = m.contentReading(r.how, view(h.Value))
		case schemaHeader:
			// What is no JSON is Avro or Protobuf without a frame: edited as text, its lengths would no longer be right.
			if m.registry != nil && !bytes.HasPrefix(rec.Value, []byte("{")) && !bytes.HasPrefix(rec.Value, []byte("[")) && len(rec.Value) > 0 {
				return reading{format: how.format, reason: ReasonSchemaUnknown}
			}
		case contentEncodingHeader:
			if len(h.Value) > 0 && !strings.EqualFold(view(h.Value), "identity") {
				return reading{format: how.format, reason: ReasonContentEncoding}
			}
		}
	}
	return how
}

const maxContentTypes = 256

// contentReading returns how values of the content type are read. Producers name few content types, so the answers are remembered
// while there are few.
func (m *Mapping) contentReading(otherwise reading, contentType string) reading {
	if otherwise.charset != nil {
		return readingOf(otherwise, contentType)
	}
	if how, ok := m.byContent.Load(contentType); ok {
		return how.(reading)
	}
	how := readingOf(otherwise, contentType)
	if m.contents.Add(1) <= maxContentTypes {
		m.byContent.Store(strings.Clone(contentType), how)
	}
	return how
}

func readingOf(otherwise reading, contentType string) reading {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		// Of a type that cannot be read, what counts is whether it may say that the value is not what it looks like.
		switch lower := strings.ToLower(contentType); {
		case strings.Contains(lower, "charset"):
			return reading{format: otherwise.format, reason: ReasonCharset}
		case structured(lower):
			return reading{format: otherwise.format, reason: ReasonContentType}
		case compressed(lower):
			return reading{format: otherwise.format, reason: ReasonContentEncoding}
		}
		return otherwise
	}
	how := otherwise
	switch {
	case kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json"):
		how = reading{format: JSON}
	case strings.HasPrefix(kind, "text/") || kind == "application/xml" || strings.HasSuffix(kind, "+xml"):
		how.format = Text
	case kind == "application/octet-stream" && params["charset"] == "":
		return reading{format: Raw}
	case structured(kind):
		return reading{format: otherwise.format, reason: ReasonContentType}
	case compressed(kind):
		return reading{format: otherwise.format, reason: ReasonContentEncoding}
	}
	if name := params["charset"]; name != "" {
		if how.charset, err = charsetOf(name); err != nil {
			return reading{format: how.format, reason: ReasonCharset}
		}
	}
	return how
}

// structured reports whether a binary encoding holds the lengths of its texts, so that no text can be replaced in place.
func structured(kind string) bool {
	_, sub, _ := strings.Cut(kind, "/")
	for _, name := range []string{"protobuf", "avro", "msgpack", "cbor", "bson", "thrift", "grpc", "java-serialized", "parquet", "flatbuffers", "amazon.ion"} {
		if strings.Contains(sub, name) {
			return true
		}
	}
	return kind == "avro/binary"
}

// compressed reports whether the type is one of compressed bytes, in which nothing can be found.
func compressed(kind string) bool {
	_, sub, _ := strings.Cut(kind, "/")
	for _, name := range []string{"gzip", "zstd", "snappy", "lz4", "bzip", "deflate", "zlib", "zip", "compress", "brotli"} {
		if strings.Contains(sub, name) {
			return true
		}
	}
	return false
}
