package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/twmb/avro"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

var head = []byte{0, 0, 0, 0, 7}

// avroSchemas have every type, named types that hold themselves, text in every position, and none.
var avroSchemas = []string{
	`"string"`,
	`"long"`,
	`["null","string",{"type":"map","values":"string"}]`,
	`{"type":"record","name":"user","namespace":"shop","fields":[
		{"name":"id","type":"long"},
		{"name":"email","type":["null","string"],"default":null},
		{"name":"name","type":{"type":"record","name":"name","fields":[{"name":"first","type":"string"},{"name":"last","type":"string"}]}},
		{"name":"other","type":["null","shop.name"],"default":null},
		{"name":"tags","type":{"type":"array","items":"string"}},
		{"name":"scores","type":{"type":"array","items":"double"}},
		{"name":"labels","type":{"type":"map","values":"string"}},
		{"name":"counts","type":{"type":"map","values":"long"}},
		{"name":"kind","type":{"type":"enum","name":"kind","symbols":["NEW","OLD"]}},
		{"name":"digest","type":{"type":"fixed","name":"digest","size":4}},
		{"name":"raw","type":"bytes"},
		{"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"request","type":{"type":"string","logicalType":"uuid"}},
		{"name":"ok","type":"boolean"},
		{"name":"ratio","type":"float"},
		{"name":"none","type":"null"},
		{"name":"users","type":{"type":"array","items":"user"}}]}`,
	`{"type":"record","name":"list","fields":[{"name":"value","type":"string"},{"name":"next","type":["null","list"]}]}`,
	`{"type":"record","name":"endless","fields":[{"name":"self","type":"endless"}]}`,
	`{"type":"array","items":"null"}`,
	`{"type":"array","items":{"type":"map","values":{"type":"array","items":["null","string","int"]}}}`,
	`{"type":"map","values":{"type":"record","name":"numbers","fields":[{"name":"a","type":"int"},{"name":"b","type":{"type":"array","items":"long"}}]}}`,
	`{"type":"record","name":"outer","fields":[{"name":"labels","type":{"type":"map","values":{"type":"map","values":"null"}}},{"name":"label","type":"string"}]}`,
}

func parsed(t testing.TB, schema string) (*avroNode, *avro.Schema) {
	t.Helper()
	n, err := parseAvro(schema, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n, avro.MustParse(schema)
}

// user is a datum of the schema of users, with names for the texts.
func user(depth int, name func() string) map[string]any {
	u := map[string]any{
		"id": int64(4532015112830366), "email": name(), "name": map[string]any{"first": name(), "last": name()}, "other": nil,
		"tags": []any{name(), name()}, "scores": []any{1.5, -2.5}, "labels": map[string]any{name(): name(), name(): name()},
		"counts": map[string]any{name(): int64(1)}, "kind": "OLD", "digest": [4]byte{1, 2, 3, 4}, "raw": []byte{0, 255}, "price": []byte{1, 44},
		"at": int64(1796000000123), "request": name(), "ok": true, "ratio": float32(0.5), "none": nil, "users": []any{},
	}
	if depth > 0 {
		u["other"] = map[string]any{"first": name(), "last": name()}
		u["users"] = []any{user(depth-1, name), user(depth-1, name)}
	}
	return u
}

// userDatum encodes a user whose texts are what text makes of names that are each there once.
func userDatum(t testing.TB, s *avro.Schema, depth int, text func(string) string) (datum []byte, texts []string) {
	t.Helper()
	datum, err := s.Encode(user(depth, func() string {
		texts = append(texts, text(fmt.Sprintf("canary-%d@leak.example", len(texts))))
		return texts[len(texts)-1]
	}))
	if err != nil {
		t.Fatal(err)
	}
	return datum, texts
}

func plain(text string) string { return text }

// decoded is the datum as text, so that numbers that are none are equal.
func decoded(s *avro.Schema, datum []byte) (string, error) {
	var v any
	rest, err := s.Decode(datum, &v)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%d bytes are left", len(rest))
	}
	return fmt.Sprint(v), err
}

// encodedAgain is the datum as its usual encoder writes it.
func encodedAgain(s *avro.Schema, datum []byte) ([]byte, error) {
	var v any
	if rest, err := s.Decode(datum, &v); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes are left: %w", len(rest), err)
	}
	return s.Encode(v)
}

func walked(n *avroNode, datum []byte) (frame, body pcommon.Value, reason string) {
	frame, body = pcommon.NewValueEmpty(), pcommon.NewValueEmpty()
	parts, reason := walkAvro(n, head, datum, body)
	if reason == "" {
		putFrame(frame, parts)
	}
	return frame, body, reason
}

func TestAvroTextsLeaveTheBytes(t *testing.T) {
	n, s := parsed(t, avroSchemas[3])
	datum, texts := userDatum(t, s, 2, plain)
	frame, body, reason := walked(n, datum)
	if reason != "" {
		t.Fatal(reason)
	}
	bodyText := body.AsString()
	for _, part := range frame.Slice().AsRaw() {
		if bytes.Contains(part.([]byte), []byte("canary")) {
			t.Fatal("the frame holds text")
		}
	}
	for _, text := range texts {
		if !strings.Contains(bodyText, text) {
			t.Errorf("the body is without %s", text)
		}
	}
	value, ok := join(frame, body)
	if !ok || !bytes.Equal(value, append(bytes.Clone(head), datum...)) {
		t.Error("not joined to what it was")
	}
}

// The detector sees a text under the names of its fields.
func TestAvroBody(t *testing.T) {
	n, s := parsed(t, `{"type":"record","name":"r","fields":[{"name":"user","type":{"type":"record","name":"u","fields":[{"name":"email","type":"string"}]}},
		{"name":"n","type":"int"},{"name":"tags","type":{"type":"array","items":["null","string"]}},{"name":"attrs","type":{"type":"map","values":"string"}},{"name":"gone","type":["null","string"]}]}`)
	datum, err := s.Encode(map[string]any{"user": map[string]any{"email": "e"}, "n": 5, "tags": []any{nil, "t"}, "attrs": map[string]any{"k": "v"}, "gone": nil})
	if err != nil {
		t.Fatal(err)
	}
	_, body, reason := walked(n, datum)
	const want = `{"attrs":[true,{"k":"v"}],"gone":null,"tags":[null,"t"],"user":{"email":"e"}}`
	if got := body.AsString(); reason != "" || got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// replace puts another text in place of every one, map keys included, as the processor does.
func replace(v pcommon.Value, text func(string) string) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		v.SetStr(text(v.Str()))
	case pcommon.ValueTypeMap:
		for _, inner := range v.Map().All() {
			replace(inner, text)
		}
	case pcommon.ValueTypeSlice:
		s := v.Slice()
		entries := s.Len() > 0 && s.At(0).Type() == pcommon.ValueTypeBool
		for i := range s.Len() {
			if replace(s.At(i), text); i == 0 || !entries {
				continue
			}
			renamed := pcommon.NewMap()
			for key, inner := range s.At(i).Map().All() {
				inner.CopyTo(renamed.PutEmpty(text(key)))
			}
			renamed.CopyTo(s.At(i).Map())
		}
	}
}

func TestAvroWithOtherTextsDecodes(t *testing.T) {
	n, s := parsed(t, avroSchemas[3])
	datum, _ := userDatum(t, s, 2, plain)
	longer := func(text string) string { return text + strings.Repeat("+", 1000) }
	frame, body, _ := walked(n, datum)
	replace(body, longer)
	value, ok := join(frame, body)
	if !ok {
		t.Fatal("not joined")
	}
	other, _ := userDatum(t, s, 2, longer)
	want, _ := decoded(s, other)
	if got, err := decoded(s, value[frameHead:]); err != nil || got != want {
		t.Errorf("another datum, %v", err)
	}
}

// Where the body has lost or gained a text, the record is not put together from what is left.
func TestAvroThatWasChangedIsNotJoined(t *testing.T) {
	n, s := parsed(t, avroSchemas[3])
	datum, _ := userDatum(t, s, 1, plain)
	for name, edit := range map[string]func(body pcommon.Value, frame pcommon.Value){
		"an attribute dropped":  func(b, _ pcommon.Value) { b.Map().Remove("email") },
		"an attribute added":    func(b, _ pcommon.Value) { b.Map().PutStr("more", "x") },
		"a map redacted":        func(b, _ pcommon.Value) { b.Map().PutStr("name", "[redacted]") },
		"a text became a digit": func(b, _ pcommon.Value) { b.Map().PutInt("email", 5) },
		"an entry emptied": func(b, _ pcommon.Value) {
			v, _ := b.Map().Get("labels")
			v.Slice().At(1).Map().Clear()
		},
		"a part is gone":     func(_, f pcommon.Value) { i := 0; f.Slice().RemoveIf(func(pcommon.Value) bool { i++; return i == 3 }) },
		"a part is too much": func(_, f pcommon.Value) { f.Slice().AppendEmpty().SetEmptyBytes() },
		"a part is no bytes": func(_, f pcommon.Value) { f.Slice().At(2).SetStr("x") },
		"the body is gone":   func(b, _ pcommon.Value) { pcommon.NewValueEmpty().CopyTo(b) },
		"the body is a text": func(b, _ pcommon.Value) { b.SetStr("x") },
	} {
		t.Run(name, func(t *testing.T) {
			frame, body, _ := walked(n, datum)
			edit(body, frame)
			if _, ok := join(frame, body); ok {
				t.Error("joined")
			}
		})
	}
}

func TestAvroThatDoesNotFitItsSchema(t *testing.T) {
	long := func(v ...int64) (b []byte) {
		for _, n := range v {
			b = binary.AppendVarint(b, n)
		}
		return b
	}
	const least = -1 << 63
	for name, c := range map[string]struct {
		schema string
		datum  []byte
		reason string
	}{
		"nothing":                      {avroSchemas[0], nil, ReasonAvro},
		"a length below zero":          {avroSchemas[0], long(-1), ReasonAvro},
		"a length too long":            {avroSchemas[0], append(long(5), "abcd"...), ReasonAvro},
		"more than a datum":            {avroSchemas[0], append(long(3), "abcd"...), ReasonAvro},
		"a number without end":         {avroSchemas[1], bytes.Repeat([]byte{0xff}, 11), ReasonAvro},
		"no such branch":               {avroSchemas[2], long(3), ReasonAvro},
		"a branch below zero":          {avroSchemas[2], long(-1), ReasonAvro},
		"nulls without end":            {avroSchemas[6], long(1<<40, 0), ReasonAvroLimits},
		"a block of least size":        {avroSchemas[6], long(least, 0, 0), ReasonAvro},
		"a block longer than told":     {avroSchemas[2], append(long(2, -1, 1, 1), "k\x02v\x00"...), ReasonAvro},
		"a block's size is below zero": {avroSchemas[6], long(-1, -1, 0), ReasonAvro},
		"a datum that holds itself":    {avroSchemas[5], nil, ReasonAvroLimits},
		"deeper than allowed":          {avroSchemas[4], append(bytes.Repeat([]byte{2, 'x', 2}, 100), 2, 'x', 0), ReasonAvroLimits},
		"a key that is no text":        {avroSchemas[8], append(long(1, 1), 0xff, 0, 0, 0), ReasonAvro},
		"too many texts":               {`{"type":"array","items":"string"}`, append(append(long(maxAvroTexts+1), bytes.Repeat([]byte{0}, maxAvroTexts+1)...), 0), ReasonAvroLimits},
		"a boolean of two":             {`"boolean"`, []byte{2}, ReasonAvro},
		"no such symbol":               {`{"type":"enum","name":"e","symbols":["A"]}`, long(1), ReasonAvro},
	} {
		t.Run(name, func(t *testing.T) {
			n, _ := parsed(t, c.schema)
			if _, _, reason := walked(n, c.datum); reason != c.reason {
				t.Errorf("%q, want %q", reason, c.reason)
			}
		})
	}
}

// Blocks with their sizes in bytes, which no encoder of ours writes, decode to the same datum.
func TestAvroBlocksWithSizes(t *testing.T) {
	n, s := parsed(t, `{"type":"array","items":"string"}`)
	var datum []byte
	for _, block := range []string{"\x02a\x04bc", "\x00"} {
		items := int64(2)
		if block == "\x00" {
			items = 1
		}
		datum = binary.AppendVarint(binary.AppendVarint(datum, -items), int64(len(block)))
		datum = append(datum, block...)
	}
	datum = append(datum, 0)
	want, err := decoded(s, datum)
	if err != nil {
		t.Fatal(err)
	}
	frame, body, reason := walked(n, datum)
	value, ok := join(frame, body)
	if got, err := decoded(s, value[frameHead:]); reason != "" || !ok || err != nil || got != want {
		t.Errorf("%s, %v, %v", reason, ok, err)
	}
}

// Arbitrary bytes never panic; what can be taken apart decodes to the same datum when it is joined, and comes apart the same way again;
// what decodes can be taken apart as it is usually encoded, as far as the limits go.
func FuzzAvro(f *testing.F) {
	nodes, schemas := make([]*avroNode, len(avroSchemas)), make([]*avro.Schema, len(avroSchemas))
	for i, schema := range avroSchemas {
		nodes[i], schemas[i] = parsed(f, schema)
		f.Add(uint8(i), []byte{2, 2, 'x', 0, 2, 4, 'y', 'z', 0, 0})
		f.Add(uint8(i), []byte{1, 8, 2, 'x', 2, 'y', 0, 0, 0, 0, 0})
	}
	for depth := range 3 {
		datum, _ := userDatum(f, schemas[3], depth, plain)
		f.Add(uint8(3), datum)
	}
	f.Fuzz(func(t *testing.T, which uint8, datum []byte) {
		i := int(which) % len(nodes)
		frame, body, reason := walked(nodes[i], datum)
		if reason == ReasonAvroLimits { // the other decoder may take all of the memory
			return
		}
		if reason != "" {
			if usual, err := encodedAgain(schemas[i], datum); err == nil && utf8.Valid(usual) {
				if _, _, reason := walked(nodes[i], usual); reason == ReasonAvro {
					t.Errorf("schema %d: %s, but it decodes", i, reason)
				}
			}
			return
		}
		value, ok := join(frame, body)
		if !ok {
			t.Fatalf("schema %d: not joined", i)
		}
		want, err := decoded(schemas[i], datum)
		if got, err2 := decoded(schemas[i], value[frameHead:]); err == nil && (err2 != nil || got != want) {
			t.Errorf("schema %d: another datum, %v", i, err2)
		}
		again, bodyAgain, reason := walked(nodes[i], value[frameHead:])
		if reason != "" || !again.Equal(frame) || !bodyAgain.Equal(body) {
			t.Errorf("schema %d: it comes apart in another way, %s", i, reason)
		}
	})
}

func BenchmarkAvro(b *testing.B) {
	n, s := parsed(b, avroSchemas[3])
	datum, _ := userDatum(b, s, 1, plain)
	b.ReportAllocs()
	b.SetBytes(int64(len(datum)))
	for b.Loop() {
		frame, body, reason := walked(n, datum)
		if _, ok := join(frame, body); !ok || reason != "" {
			b.Fatal(reason)
		}
	}
}
