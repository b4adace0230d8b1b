package record_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// The vectors are those of Kafka's own UtilsTest.testMurmur2.
func TestMurmur2IsThatOfJava(t *testing.T) {
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(record.Murmur2([]byte(key))); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
	if got := record.PartitionOf(0xffffffff, 7); got != 0x7fffffff%7 {
		t.Errorf("partition %d", got)
	}
}

func TestTheHashIsThatOfTheOriginalKey(t *testing.T) {
	recs := []batch.Record{{Timestamp: 1, Key: []byte("alice@example.com")}, {Timestamp: 1, Key: []byte{}}, {Timestamp: 1}}
	ld := there(t, mapping(t, record.TopicRule{Topic: "orders", TokenizeKey: true}), recs)
	first := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	first.Attributes().PutStr("kafka.key", "tkt_email_x")
	outs := back(t, ld)
	if string(outs[0].Record.Key) != "tkt_email_x" {
		t.Error("the key is not the processor's")
	}
	for i, want := range []bool{true, true, false} {
		hash, ok := outs[i].Hash()
		if ok != want || ok && hash != record.Murmur2(recs[i].Key) {
			t.Errorf("record %d: hash %d, %v", i, hash, ok)
		}
	}
	if hash, ok := back(t, there(t, mapping(t), recs))[0].Hash(); !ok || hash != record.Murmur2(recs[0].Key) {
		t.Error("the hash of a key that is kept")
	}
}

// TestObserved: a record becomes a log record now, whatever its own time is. What its producer says in OTLP stays.
func TestObserved(t *testing.T) {
	before := pcommon.NewTimestampFromTime(time.Now())
	recs := []batch.Record{{Timestamp: 1796000000123, Value: []byte("a")}, {Timestamp: -1, Value: []byte("b")}}
	for _, lr := range there(t, mapping(t), recs).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		if got := lr.ObservedTimestamp(); got < before || got > pcommon.NewTimestampFromTime(time.Now()) {
			t.Errorf("observed at %s", got)
		}
	}
	otlp := []batch.Record{{Value: []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}`)}}
	ld := there(t, mapping(t, record.TopicRule{Topic: "orders", Format: record.OTLPJSON}), otlp)
	if got := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).ObservedTimestamp(); got != 0 {
		t.Errorf("of a producer that says nothing: observed at %s", got)
	}
}

// The mapping as it is documented.
func TestMapping(t *testing.T) {
	recs := []batch.Record{
		{Offset: 41, Timestamp: 1796000000123, Key: []byte("k"), Value: []byte("caf\xc3\xa9"), Headers: []batch.Header{
			{Key: "user", Value: []byte("u")}, {Key: "TraceParent", Value: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}, {Key: "none"},
		}},
		{Offset: 42, Timestamp: -1, Value: []byte("\xff"), Headers: []batch.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte("2")}, {Key: "\xfe", Value: []byte("3")}}},
		{Offset: 43, Timestamp: -2, Append: true},
	}
	ld := there(t, mapping(t), recs)
	rl := ld.ResourceLogs().At(0)
	want := []any{
		map[string]any{"kafka.topic": "orders", "kafka.partition": int64(3), "kafka.format": "auto"},
		map[string]any{
			"kafka.offset": int64(41), "kafka.timestamp_type": "create", "kafka.key.kept": "k", "kafka.headers": map[string]any{"user": "u", "none": nil},
			"kafka.headers.kept": []any{int64(1), "TraceParent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
		},
		map[string]any{
			"kafka.offset": int64(42), "kafka.timestamp_type": "none",
			"kafka.headers": []any{map[string]any{"a": "1"}, map[string]any{"a": "2"}, []any{[]byte("\xfe"), "3"}},
		},
		map[string]any{"kafka.offset": int64(43), "kafka.timestamp_type": "append", "kafka.timestamp": int64(-2)},
	}
	got := []any{rl.Resource().Attributes().AsRaw()}
	records := rl.ScopeLogs().At(0).LogRecords()
	for _, lr := range records.All() {
		got = append(got, lr.Attributes().AsRaw())
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
	if name := rl.ScopeLogs().At(0).Scope().Name(); name != record.ScopeName || ld.ResourceLogs().Len() != 1 {
		t.Errorf("scope %q, %d resources", name, ld.ResourceLogs().Len())
	}
	lr := records.At(0)
	if lr.Timestamp() != 1796000000123000000 || lr.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" || lr.SpanID().String() != "00f067aa0ba902b7" || lr.Flags() != 1 {
		t.Errorf("timestamp %d, trace %s, span %s, flags %d", lr.Timestamp(), lr.TraceID(), lr.SpanID(), lr.Flags())
	}
	for i, want := range []pcommon.ValueType{pcommon.ValueTypeStr, pcommon.ValueTypeBytes, pcommon.ValueTypeEmpty} {
		if got := records.At(i).Body().Type(); got != want {
			t.Errorf("body %d is %s, want %s", i, got, want)
		}
	}
}

func TestTraceContext(t *testing.T) {
	const good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, c := range map[string]struct {
		headers []string
		ok      bool
	}{
		"good":            {[]string{good}, true},
		"the last counts": {[]string{"junk", good}, true},
		"not the first":   {[]string{good, "junk"}, false},
		"later version":   {[]string{"cc" + good[2:] + "-more"}, true},
		"version ff":      {[]string{"ff" + good[2:]}, false},
		"more in 00":      {[]string{good + "-more"}, false},
		"longer, no dash": {[]string{"cc" + good[2:] + "x"}, false},
		"no trace":        {[]string{"00-00000000000000000000000000000000-00f067aa0ba902b7-01"}, false},
		"no span":         {[]string{"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"}, false},
		"no hex":          {[]string{strings.Replace(good, "4", "g", 1)}, false},
		"short":           {[]string{good[:54]}, false},
		"empty":           {[]string{""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			rec := batch.Record{Timestamp: 1}
			for _, h := range c.headers {
				rec.Headers = append(rec.Headers, batch.Header{Key: "traceparent", Value: []byte(h)})
			}
			lr := there(t, mapping(t), []batch.Record{rec}).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
			if got := !lr.TraceID().IsEmpty(); got != c.ok || got != !lr.SpanID().IsEmpty() {
				t.Errorf("a trace context: %v", got)
			}
		})
	}
}

// A case is a value and the headers that say what it is, and what becomes of it.
func TestFormats(t *testing.T) {
	const str, raw = pcommon.ValueTypeStr, pcommon.ValueTypeBytes
	for name, c := range map[string]struct {
		rule        record.TopicRule
		contentType string
		value       string
		want        pcommon.ValueType
		text        string
		reason      string
	}{
		"auto text":                   {value: "a=b", want: str, text: "a=b"},
		"auto bytes":                  {value: "\xff\x01", want: raw},
		"json":                        {rule: record.TopicRule{Format: record.JSON}, value: ` {"b":1,"a":1.50}`, want: str, text: ` {"b":1,"a":1.50}`},
		"json, cut off":               {rule: record.TopicRule{Format: record.JSON}, value: `{"b":`, reason: record.ReasonJSON},
		"json, not UTF-8":             {rule: record.TopicRule{Format: record.JSON}, value: "\"\xff\"", reason: record.ReasonJSON},
		"json, empty":                 {rule: record.TopicRule{Format: record.JSON}, want: str},
		"raw":                         {rule: record.TopicRule{Format: record.Raw}, value: "a", want: raw},
		"raw, framed":                 {rule: record.TopicRule{Format: record.Raw}, value: "\x00\x00\x00\x00\x01abc", want: raw},
		"latin":                       {rule: record.TopicRule{Charset: "iso-8859-1"}, value: "caf\xe9", want: str, text: "café"},
		"shift jis":                   {rule: record.TopicRule{Charset: "shift_jis"}, value: "\x83e\x83X\x83g", want: str, text: "テスト"},
		"shift jis, broken":           {rule: record.TopicRule{Charset: "shift_jis"}, value: "a\x83", want: raw},
		"utf-16":                      {rule: record.TopicRule{Charset: "utf-16le"}, value: "h\x00i\x00", want: str, text: "hi"},
		"utf-16 that looks framed":    {rule: record.TopicRule{Charset: "utf-16be"}, value: "\x00h\x00i\x00!", want: str, text: "hi!"},
		"utf-16, broken":              {rule: record.TopicRule{Charset: "utf-16le"}, value: "h\x00i", reason: record.ReasonCharset},
		"typed json":                  {contentType: "application/json", value: "x", reason: record.ReasonJSON},
		"typed cloud event":           {contentType: "application/cloudevents+json; charset=UTF-8", value: "{}", want: str, text: "{}"},
		"typed latin":                 {contentType: "Text/Plain;charset=latin1", value: "\xe9", want: str, text: "é"},
		"typed with unknown charset":  {contentType: "text/plain; charset=klingon", value: "x", reason: record.ReasonCharset},
		"typed protobuf":              {contentType: "application/x-protobuf", value: "x", reason: record.ReasonContentType},
		"typed avro":                  {contentType: "avro/binary", value: "x", reason: record.ReasonContentType},
		"typed octets":                {contentType: "application/octet-stream", value: "x", want: raw},
		"typed as nothing known":      {contentType: "image/x-mine", value: "x", want: str, text: "x"},
		"typed wrongly":               {contentType: ";;;", value: "x", want: str, text: "x"},
		"the rule is stronger":        {rule: record.TopicRule{Format: record.Text}, contentType: "application/json", value: "x", want: str, text: "x"},
		"types are ignored":           {rule: record.TopicRule{IgnoreContentType: true}, contentType: "application/json", value: "x", want: str, text: "x"},
		"framed by nobody known":      {value: "\x00\x00\x00\x00\x07abc", reason: record.ReasonSchemaUnknown},
		"framed, whatever the header": {contentType: "application/octet-stream", value: "\x00\x00\x00\x00\x07abc", reason: record.ReasonSchemaUnknown},
		"nearly framed":               {value: "\x00\x00\x00\x07", want: str, text: "\x00\x00\x00\x07"},
	} {
		t.Run(name, func(t *testing.T) {
			c.rule.Topic = "orders"
			rec := batch.Record{Timestamp: 1, Value: []byte(c.value)}
			if c.contentType != "" {
				rec.Headers = []batch.Header{{Key: "Content-Type", Value: []byte(c.contentType)}}
			}
			m := mapping(t, c.rule)
			tombstone := rec
			tombstone.Value = nil
			recs := []batch.Record{tombstone, rec, rec}
			ld := plog.NewLogs()
			var reasons []string
			err := m.ToLogs(context.Background(), ld, "orders", 3, recs, func(i int, u record.Undecodable) {
				if i == 0 {
					t.Error("a tombstone is undecodable")
				}
				reasons = append(reasons, u.Reason)
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.reason != "" {
				if len(reasons) != 2 || reasons[0] != c.reason || reasons[1] != c.reason {
					t.Fatalf("undecodable as %v, want %s twice", reasons, c.reason)
				}
				same(t, back(t, ld), recs[:1])
				return
			}
			if len(reasons) != 0 {
				t.Fatalf("undecodable as %v", reasons)
			}
			same(t, back(t, ld), recs)
			body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1).Body()
			if ld.ResourceLogs().Len() != 1 || body.Type() != c.want || body.Type() == str && body.Str() != c.text {
				t.Errorf("%d resources, a body of type %s", ld.ResourceLogs().Len(), body.Type())
			}
		})
	}
}

func TestCompressedValuesAreUndecodable(t *testing.T) {
	for encoding, want := range map[string]string{"gzip": record.ReasonContentEncoding, "identity": "", "": ""} {
		rec := batch.Record{Timestamp: 1, Value: []byte("x"), Headers: []batch.Header{{Key: "content-encoding", Value: []byte(encoding)}}}
		got := ""
		if err := mapping(t).ToLogs(context.Background(), plog.NewLogs(), "orders", 0, []batch.Record{rec}, func(_ int, u record.Undecodable) { got = u.Reason }); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", encoding, got, want)
		}
	}
}

// Records that are read in different ways keep their order.
func TestRunsKeepTheOrder(t *testing.T) {
	var recs []batch.Record
	for i, kind := range []string{"", "application/json", "", "text/plain; charset=latin1", "text/plain; charset=latin1", "application/octet-stream", ""} {
		rec := batch.Record{Offset: int64(i), Timestamp: 1, Value: []byte("1")}
		if kind != "" {
			rec.Headers = []batch.Header{{Key: "content-type", Value: []byte(kind)}}
		}
		recs = append(recs, rec)
	}
	ld := there(t, mapping(t), recs)
	same(t, back(t, ld), recs)
	if got := ld.ResourceLogs().Len(); got != 6 {
		t.Errorf("%d resources, want 6", got)
	}
}

func TestSourceCoordinates(t *testing.T) {
	given := []batch.Header{{Key: "a"}, {Key: record.SourceOffset, Value: []byte("1")}, {Key: "b"}, {Key: record.SourceTopic, Value: []byte("old")}}
	got := record.AppendSource(given, record.Source{Topic: "orders", Partition: 7, Offset: 1 << 40})
	want := []batch.Header{{Key: "a"}, {Key: "b"}, {Key: "cloakroom-source-topic", Value: []byte("orders")}, {Key: "cloakroom-source-partition", Value: []byte("7")}, {Key: "cloakroom-source-offset", Value: []byte("1099511627776")}}
	if !reflect.DeepEqual(got, want) {
		t.Error("not appended last, or the old ones are there still")
	}
	if s, ok := record.SourceOf(got); !ok || s != (record.Source{Topic: "orders", Partition: 7, Offset: 1 << 40}) {
		t.Errorf("read as %v, %v", s, ok)
	}
	for name, headers := range map[string][]batch.Header{"incomplete": got[:4], "no number": append([]batch.Header{{Key: record.SourceOffset, Value: []byte("x")}}, got[2:4]...), "none": nil} {
		if _, ok := record.SourceOf(headers); ok {
			t.Errorf("%s: there are coordinates", name)
		}
	}
}

// Telemetry that somebody changed does not make FromLogs panic, and what it cannot put together is bad.
func TestChangedTelemetry(t *testing.T) {
	one := []batch.Record{{Timestamp: 1, Key: []byte("k"), Value: []byte("v"), Headers: []batch.Header{{Key: "a", Value: []byte("1")}, {Key: "b3", Value: []byte("2")}, {Key: "c"}}}}
	for name, c := range map[string]struct {
		edit  func(plog.LogRecord)
		check func(record.Out) bool
	}{
		"headers redacted":  {func(lr plog.LogRecord) { lr.Attributes().PutStr("kafka.headers", "[redacted]") }, func(o record.Out) bool { return len(o.Record.Headers) == 1 }},
		"kept is a text":    {func(lr plog.LogRecord) { lr.Attributes().PutStr("kafka.headers.kept", "x") }, func(o record.Out) bool { return len(o.Record.Headers) == 2 }},
		"kept is too short": {func(lr plog.LogRecord) { lr.Attributes().PutEmptySlice("kafka.headers.kept").AppendEmpty() }, func(o record.Out) bool { return len(o.Record.Headers) == 2 }},
		"a header dropped": {func(lr plog.LogRecord) {
			v, _ := lr.Attributes().Get("kafka.headers")
			v.Map().Remove("a")
		}, func(o record.Out) bool { return len(o.Record.Headers) == 2 }},
		"body is a number": {func(lr plog.LogRecord) { lr.Body().SetInt(5) }, func(o record.Out) bool { return string(o.Record.Value) == "5" }},
		"body is a map":    {func(lr plog.LogRecord) { lr.Body().SetEmptyMap().PutInt("a", 1) }, func(o record.Out) bool { return string(o.Record.Value) == `{"a":1}` }},
		"key is a number":  {func(lr plog.LogRecord) { lr.Attributes().PutInt("kafka.key.kept", 5) }, func(o record.Out) bool { return string(o.Record.Key) == "5" }},
		"frame is a text":  {func(lr plog.LogRecord) { lr.Attributes().PutStr("kafka.frame", "x") }, func(o record.Out) bool { return o.Bad != nil && o.Bad.Reason == record.ReasonFrame }},
		"frame is empty":   {func(lr plog.LogRecord) { lr.Attributes().PutEmptySlice("kafka.frame") }, func(o record.Out) bool { return o.Bad != nil }},
		"no attributes":    {func(lr plog.LogRecord) { lr.Attributes().Clear() }, func(o record.Out) bool { return o.FromKafka && o.Offset == -1 }},
		"offset is a text": {func(lr plog.LogRecord) { lr.Attributes().PutStr("kafka.offset", "x") }, func(o record.Out) bool { return o.Offset == 0 }},
		"kept at no number": {func(lr plog.LogRecord) {
			v, _ := lr.Attributes().Get("kafka.headers.kept")
			v.Slice().At(0).SetStr("x")
		}, func(o record.Out) bool { return len(o.Record.Headers) == 3 }},
		"kept far behind": {func(lr plog.LogRecord) {
			v, _ := lr.Attributes().Get("kafka.headers.kept")
			v.Slice().At(0).SetInt(1 << 60)
		}, func(o record.Out) bool { return len(o.Record.Headers) == 3 }},
		"charset is unknown": {func(lr plog.LogRecord) {}, func(o record.Out) bool { return string(o.Record.Value) == "v" }},
	} {
		t.Run(name, func(t *testing.T) {
			ld := there(t, mapping(t), one)
			c.edit(ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
			if name == "charset is unknown" {
				ld.ResourceLogs().At(0).Resource().Attributes().PutStr("kafka.charset", "klingon")
			}
			if outs := back(t, ld); len(outs) != 1 || !c.check(outs[0]) {
				t.Error("not as wanted")
			}
		})
	}
}

func TestConfigFaultsAreAllNamed(t *testing.T) {
	c := record.DefaultConfig()
	c.Topics = []record.TopicRule{
		{Topic: "ok"},
		{Topic: "^(", Format: "xml", Signal: "profiles", Charset: "klingon"},
		{Signal: record.Traces, Format: record.JSON},
		{Topic: "x", Format: record.OTLPProto, Charset: "latin1"},
	}
	c.SchemaRegistry.JSON = "eat"
	c.SchemaRegistry.Protobuf = record.Tokenize
	c.SchemaRegistry.URL = "ftp://x"
	c.SchemaRegistry.Timeout = 0
	c.SchemaRegistry.Password = "hunter2"
	c.SchemaRegistry.Schemas = []record.Schema{{ID: 1, Type: "thrift"}, {ID: 1, Type: "json"}, {ID: 2}, {ID: 3, Schema: `{"type":"nothing"}`}, {ID: 4, File: "/does/not/exist"}, {ID: 5, Schema: `"string"`, File: "x"}}
	err := c.Validate()
	if err == nil {
		t.Fatal("valid")
	}
	for _, want := range []string{
		"topics[1].topic: ", `topics[1].format: unknown "xml"`, `topics[1].signal: unknown "profiles"`, `topics[1].charset: unknown "klingon"`,
		"topics[2].topic: required", "topics[2].signal: only with format otlp_proto", "topics[3].charset: only for text",
		`schema_registry.json: unknown "eat"`, `schema_registry.protobuf: unknown "tokenize"`, "schema_registry.url: want http", "schema_registry.timeout: ", "schema_registry.username: required",
		`schema_registry.schemas[0].type: unknown "thrift"`, "schema_registry.schemas[1].id: 1 stands twice", "schema_registry.schemas[2].schema: required",
		"schema_registry.schemas[3].schema: ", "schema_registry.schemas[4].file: ", "schema_registry.schemas[5].schema: required, or a file",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not named: %s", want)
		}
	}
	if got := strings.Count(err.Error(), "\n") + 1; got != 20 {
		t.Errorf("%d lines:\n%v", got, err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the password is shown")
	}
	if _, err := record.New(c); err == nil {
		t.Error("made of a faulty configuration")
	}
	if c := record.DefaultConfig(); c.Validate() != nil {
		t.Errorf("the defaults: %v", c.Validate())
	}
}
