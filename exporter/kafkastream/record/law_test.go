package record_test

import (
	"bytes"
	"context"
	"math"
	"reflect"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func mapping(t testing.TB, rules ...record.TopicRule) *record.Mapping {
	t.Helper()
	c := record.DefaultConfig()
	c.Topics = rules
	m, err := record.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// there maps records to logs; they must all be decodable.
func there(t testing.TB, m *record.Mapping, recs []batch.Record) plog.Logs {
	t.Helper()
	ld := plog.NewLogs()
	err := m.ToLogs(context.Background(), ld, "orders", 3, recs, func(i int, u record.Undecodable) {
		t.Errorf("record %d: %v", i, u)
	})
	if err != nil {
		t.Fatal(err)
	}
	return ld
}

func back(t testing.TB, ld plog.Logs) []record.Out {
	t.Helper()
	var outs []record.Out
	err := record.FromLogs(ld, record.Encoding{}, func(o record.Out) error {
		outs = append(outs, o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return outs
}

// same fails unless the records came back as they were, from where they were.
func same(t testing.TB, outs []record.Out, recs []batch.Record) {
	t.Helper()
	if len(outs) != len(recs) {
		t.Fatalf("%d records came back of %d", len(outs), len(recs))
	}
	for i, o := range outs {
		if o.Bad != nil || !o.FromKafka || o.Topic != "orders" || o.Partition != 3 || o.Offset != recs[i].Offset {
			t.Errorf("record %d: came back as bad %v, from Kafka %v, %s/%d at %d", i, o.Bad, o.FromKafka, o.Topic, o.Partition, o.Offset)
		}
		if !reflect.DeepEqual(o.Record, recs[i]) {
			t.Errorf("record %d: %s", i, difference(o.Record, recs[i]))
		}
	}
}

// difference names the parts that differ, without their bytes.
func difference(a, b batch.Record) string {
	out := "differs in"
	for i := range reflect.TypeFor[batch.Record]().NumField() {
		if !reflect.DeepEqual(reflect.ValueOf(a).Field(i).Interface(), reflect.ValueOf(b).Field(i).Interface()) {
			out += " " + reflect.TypeFor[batch.Record]().Field(i).Name
		}
	}
	return out
}

// combinations has every combination of null, empty and full for key, value and headers, and of timestamps.
func combinations() (recs []batch.Record) {
	parts := [][]byte{nil, {}, []byte("alice@example.com"), []byte("caf\xc3\xa9"), []byte("\xff\xfe\x00"), {0}}
	times := []batch.Record{{Timestamp: -1}, {Timestamp: -1, Append: true}, {Timestamp: 0}, {Timestamp: 1796000000123, Append: true}, {Timestamp: math.MaxInt64}, {Timestamp: math.MinInt64}, {Timestamp: -2}}
	for _, key := range parts {
		for _, value := range parts {
			for _, header := range parts {
				for _, at := range times {
					at.Offset, at.Key, at.Value = int64(len(recs)), key, value
					at.Headers = []batch.Header{{Key: "user", Value: header}, {Key: "traceparent", Value: header}, {Key: "b3", Value: header}}
					recs = append(recs, at)
				}
			}
		}
	}
	text := []byte("v")
	for _, headers := range [][]batch.Header{
		{{Key: "a", Value: text}, {Key: "a", Value: nil}, {Key: "a", Value: []byte{}}},
		{{Key: "", Value: text}, {Key: "b3", Value: text}, {Key: "", Value: text}, {Key: "B3", Value: text}},
		{{Key: "\xff", Value: text}, {Key: "x", Value: []byte("\xff")}, {Key: "traceparent", Value: []byte("\xff")}},
		{{Key: "baggage", Value: text}, {Key: "cloakroom-source-topic", Value: text}, {Key: "x", Value: text}},
		{{Key: "traceparent", Value: text}, {Key: "tracestate", Value: text}},
		many(40), many(3),
	} {
		recs = append(recs, batch.Record{Offset: int64(len(recs)), Timestamp: 5, Value: text, Headers: headers})
	}
	return recs
}

func many(n int) (headers []batch.Header) {
	names := []string{"x", "traceparent", "y", "z"}
	for i := range n {
		headers = append(headers, batch.Header{Key: names[i%4] + string(rune('a'+i/4)), Value: []byte{byte('0' + i)}}, batch.Header{Key: "b3"})
	}
	return headers
}

func TestEveryCombinationComesBack(t *testing.T) {
	for name, rule := range map[string]record.TopicRule{
		"defaults":        {Topic: "orders"},
		"tokenized key":   {Topic: "orders", TokenizeKey: true},
		"kept headers":    {Topic: "orders", KeepHeaders: true},
		"kept baggage":    {Topic: "orders", KeepBaggage: true},
		"text":            {Topic: "orders", Format: record.Text},
		"logfmt":          {Topic: "orders", Format: record.Logfmt},
		"raw":             {Topic: "orders", Format: record.Raw},
		"latin":           {Topic: "orders", Charset: "windows-1252"},
		"pattern":         {Topic: "^ord.*", Format: record.Text},
		"pattern of part": {Topic: "^ord"},
	} {
		t.Run(name, func(t *testing.T) {
			recs := combinations()
			same(t, back(t, there(t, mapping(t, rule), recs)), recs)
		})
	}
}

// The fields of a record, and what shares a byte with others: 1 null key, 2 null value, 4 append, 8 null first header's value,
// 16 no headers, 32 tokenized key, 64 kept headers, 128 raw.
func FuzzRecordsComeBack(f *testing.F) {
	f.Add([]byte("k"), []byte(`{"a":1}`), "user", []byte("x"), "traceparent", []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), int64(0), int64(-1), uint8(0))
	f.Add([]byte(""), []byte(""), "", []byte(""), "", []byte("\xff"), int64(math.MaxInt64), int64(math.MinInt64), uint8(4))
	f.Add([]byte("\x00"), []byte("\x00\x00\x00\x00"), "b3", []byte("1"), "\xff", []byte("2"), int64(-5), int64(1), uint8(0x60))
	f.Add([]byte("k"), []byte("\xff"), "content-type", []byte("text/plain; charset=utf-16le"), "content-type", []byte("application/octet-stream"), int64(1), int64(0), uint8(128))
	var mappings []*record.Mapping
	for bits := range 8 {
		rule := record.TopicRule{Topic: "orders", TokenizeKey: bits&1 != 0, KeepHeaders: bits&2 != 0}
		if bits&4 != 0 {
			rule.Format = record.Raw
		}
		mappings = append(mappings, mapping(f, rule))
	}
	f.Fuzz(func(t *testing.T, key, value []byte, name string, hv []byte, name2 string, hv2 []byte, offset, stamp int64, bits uint8) {
		rec := batch.Record{Offset: offset, Timestamp: stamp, Append: bits&4 != 0, Key: filled(key), Value: filled(value)}
		rec.Headers = []batch.Header{{Key: name, Value: filled(hv)}, {Key: name2, Value: filled(hv2)}, {Key: name, Value: filled(hv2)}}
		if bits&1 != 0 {
			rec.Key = nil
		}
		if bits&2 != 0 {
			rec.Value = nil
		}
		if bits&8 != 0 {
			rec.Headers[0].Value = nil
		}
		if bits&16 != 0 {
			rec.Headers = nil
		}
		recs := []batch.Record{{Offset: 7, Timestamp: 1, Value: []byte("before")}, rec, {Offset: 8, Timestamp: 1, Value: []byte("after")}}
		decoded := recs[:0:0]
		ld := plog.NewLogs()
		bad := map[int]bool{}
		if err := mappings[bits>>5].ToLogs(context.Background(), ld, "orders", 3, recs, func(i int, _ record.Undecodable) { bad[i] = true }); err != nil {
			t.Fatal(err)
		}
		for i := range recs {
			if !bad[i] {
				decoded = append(decoded, recs[i])
			}
		}
		if len(bad) > 1 || len(bad) == 1 && !bad[1] {
			t.Fatalf("undecodable: %v", bad)
		}
		same(t, back(t, ld), decoded)
	})
}

// What arrives may have been made up by anybody: it is read, or it is bad, and is never changed.
func FuzzMadeUpTelemetry(f *testing.F) {
	m := &plog.ProtoMarshaler{}
	for _, rule := range []record.TopicRule{{Topic: "orders"}, {Topic: "orders", TokenizeKey: true, KeepHeaders: true}} {
		for _, rec := range combinations()[1400:] {
			raw, err := m.MarshalLogs(there(f, mapping(f, rule), []batch.Record{rec}))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	otlp := plog.NewLogs()
	value, err := m.MarshalLogs(logsOf(2, 1))
	if err != nil {
		f.Fatal(err)
	}
	recs := []batch.Record{{Timestamp: 1, Value: value}, {Timestamp: 1}}
	if err := mapping(f, record.TopicRule{Topic: "orders", Signal: record.Logs}).ToLogs(context.Background(), otlp, "orders", 3, recs, nil); err != nil {
		f.Fatal(err)
	}
	raw, err := m.MarshalLogs(otlp)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(raw)
		if err != nil {
			return
		}
		before, err := m.MarshalLogs(ld)
		if err != nil {
			t.Skip()
		}
		for _, o := range back(t, ld) {
			if o.FromKafka == (o.Topic == "") {
				t.Errorf("from Kafka %v, topic %q", o.FromKafka, o.Topic)
			}
		}
		if after, err := m.MarshalLogs(ld); err != nil || !bytes.Equal(before, after) {
			t.Error("changed")
		}
	})
}

func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
