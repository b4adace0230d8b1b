package record

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf16"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

func utf16le(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func utf16be(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func one(t testing.TB, m *Mapping, topic string, rec batch.Record) (plog.Logs, Undecodable) {
	t.Helper()
	ld := plog.NewLogs()
	var u Undecodable
	if err := m.ToLogs(context.Background(), ld, topic, 0, []batch.Record{rec}, func(_ int, got Undecodable) { u = got }); err != nil {
		t.Fatal(err)
	}
	return ld, u
}

// A content-type that names UTF-16 must never lead to a body in which nothing can be found.
func TestHostileCharsetIsDropped(t *testing.T) {
	m, err := New(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	for _, ct := range []string{
		"text/plain; charset=utf-16le",
		"text/plain; charset=utf-16le; charset=utf-16le",
		"text/plain; charset=utf-16le; =",
		`text/plain; charset=utf-16le; x="`,
		"application/x-www-form-urlencoded; charset=utf-16le",
		"application/x-ndjson; charset=utf-16le",
		"application/yaml; charset=utf-16",
		"application/octet-stream; charset=utf-16le",
		"", // nothing told: BOM below
	} {
		for _, bom := range []string{"", "\ufeff"} {
			if ct == "" && bom == "" {
				continue
			}
			rec := batch.Record{Value: utf16le(bom + `{"mail":"alice@example.com"}`)}
			if ct != "" {
				rec.Headers = []batch.Header{{Key: "content-type", Value: []byte(ct)}}
			}
			ld, u := one(t, m, "t", rec)
			if u.Reason != "" {
				continue
			}
			body := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().AsString()
			if !strings.Contains(body, "alice@example.com") {
				t.Errorf("content-type %q bom %t: neither undecodable nor readable; goes on as %d bytes nobody can look into", ct, bom != "", len(body))
			}
		}
	}
}

func TestHostileStructuredFailsOpen(t *testing.T) {
	m, _ := New(DefaultConfig())
	for _, ct := range []string{
		`application/x-protobuf; messageType="a`,
		"application/x-protobuf; a=1; a=1",
		"application/gzip", "application/zstd", "application/x-gzip", "application/x-snappy-framed", "application/zip",
		"application/x-java-serialized-object", "application/vnd.apache.parquet", "application/flatbuffers", "application/x-protobuffer", "application/vnd.amazon.ion",
	} {
		if _, u := one(t, m, "t", batch.Record{Value: []byte("\x0a\x11alice@example.com"), Headers: []batch.Header{{Key: "content-type", Value: []byte(ct)}}}); u.Reason == "" {
			t.Errorf("%q goes on as text or bytes", ct)
		}
	}
}

// UTF-16BE told by a header is text, not a frame of a registry.
func TestHostileUTF16BEHeader(t *testing.T) {
	m, _ := New(DefaultConfig())
	_, u := one(t, m, "t", batch.Record{Value: utf16be("hello world"), Headers: []batch.Header{{Key: "content-type", Value: []byte("text/plain; charset=utf-16be")}}})
	if u.Reason != "" {
		t.Errorf("undecodable: %s", u.Reason)
	}
}

// Kept headers hold what they are for, or are looked at.
func TestHostileKeptHeaders(t *testing.T) {
	m, _ := New(DefaultConfig())
	for _, name := range []string{
		"traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags", "x-b3-parentspanid", "uber-trace-id",
		SourceTopic, SourcePartition, SourceOffset,
	} {
		ld, _ := one(t, m, "t", batch.Record{Value: []byte("x"), Headers: []batch.Header{{Key: name, Value: []byte("alice@example.com")}}})
		if _, kept := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(keyHeadersKept); kept {
			t.Errorf("%s: a mail address goes past the processor", name)
		}
	}
}

// A schema id in a header (Confluent's HeaderSchemaIdSerializer, Apicurio's) says that the value is Avro or Protobuf without a frame.
func TestHostileSchemaIDInHeader(t *testing.T) {
	m, _ := New(DefaultConfig())
	for _, name := range []string{"__value_schema_id", "apicurio.value.globalId", "apicurio.value.contentId"} {
		if _, u := one(t, m, "t", batch.Record{Value: []byte("\x22alice@example.com"), Headers: []batch.Header{{Key: name, Value: []byte{1, 0, 0, 0, 7}}}}); u.Reason == "" {
			t.Errorf("%s: an Avro value is edited as text; its length prefix will not fit", name)
		}
	}
}

// A 404 that is not the registry's own says nothing about the schema.
func TestHostileRegistry404(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a proxy": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>no such backend</html>", 404) },
		"another resource": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			_, _ = w.Write([]byte(`{"error_code":404,"message":"HTTP 404 Not Found"}`))
		},
	} {
		srv := httptest.NewServer(h)
		c := DefaultConfig()
		c.SchemaRegistry.URL = srv.URL
		m, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		ld := plog.NewLogs()
		var u Undecodable
		err = m.ToLogs(context.Background(), ld, "t", 0, []batch.Record{{Value: []byte("\x00\x00\x00\x00\x07\x02a")}}, func(_ int, got Undecodable) { u = got })
		if err == nil {
			t.Errorf("%s: the record becomes a dead letter (%s) instead of waiting", name, u.Reason)
		}
		srv.Close()
	}
}

// nested is an ExportLogsServiceRequest whose body is a list in a list in a list.
func nested(size int) []byte {
	// built back to front
	buf := make([]byte, size+64)
	at := len(buf)
	put := func(tag byte, n int) {
		var v [10]byte
		k := binary.PutUvarint(v[:], uint64(n))
		at -= k
		copy(buf[at:], v[:k])
		at--
		buf[at] = tag
	}
	end := len(buf)
	for at > 64 {
		put(0x0a, end-at) // ArrayValue.values
		put(0x2a, end-at) // AnyValue.array_value
	}
	put(0x2a, end-at) // LogRecord.body
	put(0x12, end-at) // ScopeLogs.log_records
	put(0x12, end-at) // ResourceLogs.scope_logs
	put(0x0a, end-at) // resource_logs
	return buf[at:]
}

func TestHostileNestedOTLP(t *testing.T) {
	if size := os.Getenv("ATTACK_NESTED"); size != "" {
		var n int
		fmt.Sscan(size, &n)
		c := DefaultConfig()
		c.Topics = []TopicRule{{Topic: "t", Signal: Logs, Format: OTLPProto}}
		m, _ := New(c)
		ld, u := one(t, m, "t", batch.Record{Value: nested(n)})
		_ = FromLogs(ld, Encoding{}, func(Out) error { return nil })
		fmt.Println("reason:", u.Reason, "records:", ld.LogRecordCount())
		return
	}
	set := batch.Encode(nil, []batch.Record{{Value: nested(60 << 20)}}, batch.Zstd)
	t.Logf("60 MiB of nested lists are %d bytes on the wire", len(set))
	for _, size := range []int{900_000, 16 << 20, 60 << 20} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestHostileNestedOTLP$", "-test.v")
		cmd.Env = append(os.Environ(), fmt.Sprint("ATTACK_NESTED=", size))
		out, err := cmd.CombinedOutput()
		first := string(out)
		if len(first) > 300 {
			first = first[:300]
		}
		if err != nil {
			t.Errorf("%d bytes: the process dies: %v\n%s", size, err, first)
		} else {
			t.Logf("%d bytes: %s", size, first)
		}
	}
}

func TestHostileEmptyAndNull(t *testing.T) {
	c := DefaultConfig()
	var rules []TopicRule
	for _, f := range formats {
		rules = append(rules, TopicRule{Topic: "f-" + string(f), Format: f})
	}
	for _, cs := range []string{"utf-16le", "utf-16be", "windows-1252", "iso-2022-jp", "gb18030", "shift_jis", "euc-kr", "big5"} {
		rules = append(rules, TopicRule{Topic: "c-" + cs, Charset: cs})
	}
	c.Topics = rules
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		for _, v := range [][]byte{nil, {}} {
			for _, ts := range []int64{-1, 0, -5, 1 << 62, 9223372036854775807, -9223372036854775808} {
				for _, off := range []int64{0, 1<<63 - 1} {
					in := batch.Record{Value: v, Key: v, Timestamp: ts, Offset: off, Headers: []batch.Header{{Key: "", Value: v}, {Key: "a", Value: v}, {Key: "b3", Value: v}}}
					ld, u := one(t, m, r.Topic, in)
					if u.Reason != "" {
						t.Errorf("%s: %s", r.Topic, u.Reason)
						continue
					}
					var out batch.Record
					_ = FromLogs(ld, Encoding{}, func(o Out) error { out = o.Record; return nil })
					if fmt.Sprintf("%#v", out) != fmt.Sprintf("%#v", in) {
						t.Errorf("%s: %#v became %#v", r.Topic, in, out)
					}
				}
			}
		}
	}
}
