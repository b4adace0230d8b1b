package kafkabench

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/cloakroom/cloakroom/config/policies"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/processor/tokenization"
	vault "github.com/cloakroom/cloakroom/vault/extension"
)

// vaultHost is a host with the embedded vault.
type vaultHost map[component.ID]component.Component

func (h vaultHost) GetExtensions() map[component.ID]component.Component { return h }

var vaultID = component.MustNewID("token_vault")

func startVault(t testing.TB) component.Host {
	dir, err := os.MkdirTemp("", "vault") // the path of a socket is short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	factory := vault.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"embedded": map[string]any{"path": dir}}).Unmarshal(cfg))
	ext, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	return vaultHost{vaultID: ext}
}

// pipe is the mapping there, the processor, and the mapping back.
type pipe struct {
	mapping   *record.Mapping
	processor processor.Logs
	sink      *consumertest.LogsSink
}

func newPipe(t testing.TB, host component.Host, preset string, edit func(*record.Config)) *pipe {
	mc := record.DefaultConfig()
	if edit != nil {
		edit(&mc)
	}
	m, err := record.New(mc)
	require.NoError(t, err)
	factory := tokenization.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"vault": "token_vault", "presets": []any{preset}}).Unmarshal(cfg))
	p := &pipe{mapping: m, sink: new(consumertest.LogsSink)}
	p.processor, err = factory.CreateLogs(context.Background(), processortest.NewNopSettings(factory.Type()), cfg, p.sink)
	require.NoError(t, err)
	require.NoError(t, p.processor.Start(context.Background(), host))
	t.Cleanup(func() { require.NoError(t, p.processor.Shutdown(context.Background())) })
	return p
}

func (p *pipe) run(t testing.TB, recs []batch.Record) []record.Out {
	t.Helper()
	ctx := context.Background()
	ld := plog.NewLogs()
	require.NoError(t, p.mapping.ToLogs(ctx, ld, "orders", 3, recs, func(i int, u record.Undecodable) { t.Fatalf("record %d: %v", i, u) }))
	p.sink.Reset()
	require.NoError(t, p.processor.ConsumeLogs(ctx, ld))
	var outs []record.Out
	for _, ld := range p.sink.AllLogs() {
		require.NoError(t, record.FromLogs(ld, record.Encoding{}, func(o record.Out) error { outs = append(outs, o); return nil }))
	}
	require.Len(t, outs, len(recs))
	return outs
}

const (
	mail   = "alice.archer@example.com"
	parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

var tokens = regexp.MustCompile(`tk[a-z]_[a-z0-9_]+`)

// traced has headers of a trace between others, one with what a header of a trace should not hold.
func traced(value string) []batch.Header {
	return []batch.Header{
		{Key: "traceparent", Value: []byte(parent)},
		{Key: "user_email", Value: []byte(value)},
		{Key: "b3", Value: []byte("0")},
		{Key: "user_email", Value: nil},
		{Key: "tracestate", Value: []byte("shop=" + mail)},
		{Key: "plain", Value: []byte{}},
		{Key: "uber-trace-id", Value: []byte("4bf92f3577b34da6:00f067aa0ba902b7:0:1")},
		{Key: "cloakroom-source-offset", Value: []byte("4532015112830366")},
	}
}

func TestRecordsThroughTheProcessor(t *testing.T) {
	host := startVault(t)
	for _, preset := range policies.Names() {
		t.Run(preset, func(t *testing.T) {
			p := newPipe(t, host, preset, nil)
			recs := []batch.Record{
				{Offset: 4532015112830366, Timestamp: 1796000000123, Key: []byte(mail), Value: []byte("write to " + mail), Headers: traced(mail)},
				{Offset: 2, Timestamp: -1, Key: []byte{}, Value: []byte{}, Headers: traced("")},
				{Offset: 3, Timestamp: -7, Append: true, Value: nil},
				{Offset: 4, Timestamp: 0, Key: []byte("\xff" + mail), Value: []byte("\xff" + mail)},
			}
			outs := p.run(t, recs)
			for i, o := range outs {
				sameBeside(t, recs[i], o)
				hidden := preset != "secrets_only" && preset != "pci"
				if i != 2 && hidden && bytes.Contains(o.Record.Value, []byte(mail)) {
					t.Errorf("record %d: the value is plain", i)
				}
			}
			if !reflect.DeepEqual(outs[1].Record, recs[1]) || !reflect.DeepEqual(outs[2].Record, recs[2]) {
				t.Error("a record without values is another")
			}
			if preset == "default" && bytes.Contains(outs[0].Record.Headers[1].Value, []byte(mail)) {
				t.Error("a header is plain")
			}
		})
	}
}

// sameBeside fails unless all is the same that is not to be looked at.
func sameBeside(t testing.TB, in batch.Record, o record.Out) {
	t.Helper()
	out := o.Record
	if o.Bad != nil || o.Topic != "orders" || o.Partition != 3 || o.Offset != in.Offset || out.Timestamp != in.Timestamp || out.Append != in.Append {
		t.Errorf("offset %d: other coordinates, or bad: %v", in.Offset, o.Bad)
	}
	if !reflect.DeepEqual(in.Key, out.Key) || (in.Value == nil) != (out.Value == nil) || len(in.Headers) != len(out.Headers) {
		t.Fatalf("offset %d: another key, a tombstone, or other headers", in.Offset)
	}
	for i := range in.Headers {
		a, b := in.Headers[i], out.Headers[i]
		switch a.Key {
		case "traceparent", "b3", "tracestate", "uber-trace-id", "cloakroom-source-offset":
			if !reflect.DeepEqual(a, b) {
				t.Errorf("offset %d: header %d of a trace is another", in.Offset, i)
			}
		}
		if a.Key != b.Key || (a.Value == nil) != (b.Value == nil) || len(a.Value) == 0 && len(b.Value) != 0 {
			t.Errorf("offset %d: header %d has another name, or is null or empty no more", in.Offset, i)
		}
	}
}

func TestTokenizedKeysAndHeaders(t *testing.T) {
	host := startVault(t)
	p := newPipe(t, host, "default", func(c *record.Config) { c.Topics = []record.TopicRule{{Topic: "orders", TokenizeKey: true}} })
	recs := []batch.Record{
		{Offset: 1, Timestamp: 1, Key: []byte(mail), Headers: []batch.Header{{Key: "contact " + mail, Value: []byte("x")}, {Key: "user_name", Value: []byte("aarcher77")}}},
		{Offset: 2, Timestamp: 1, Key: []byte(mail), Headers: []batch.Header{{Key: "user_name", Value: []byte("aarcher77")}, {Key: "user_name", Value: []byte("aarcher77")}}},
	}
	outs := p.run(t, recs)
	for i, o := range outs {
		key := o.Record.Key
		if bytes.Contains(key, []byte(mail)) || !tokens.Match(key) || !bytes.Equal(key, outs[0].Record.Key) {
			t.Errorf("record %d: the key is plain, or another token", i)
		}
		if hash, ok := o.Hash(); !ok || hash != record.Murmur2([]byte(mail)) {
			t.Errorf("record %d: the hash is not that of the original key", i)
		}
		for j, h := range o.Record.Headers {
			if strings.Contains(h.Key, mail) || strings.Contains(string(h.Value), "aarcher77") {
				t.Errorf("record %d: header %d is plain", i, j)
			}
		}
	}
}

// Avro decodes with the same schema after its texts were replaced.
func TestAvroThroughTheProcessor(t *testing.T) {
	const schema = `{"type":"record","name":"user","fields":[{"name":"id","type":"long"},{"name":"email","type":["null","string"]},
		{"name":"labels","type":{"type":"map","values":"string"}},{"name":"notes","type":{"type":"array","items":"string"}},{"name":"ok","type":"boolean"}]}`
	p := newPipe(t, startVault(t), "default", func(c *record.Config) {
		c.SchemaRegistry.Schemas = []record.Schema{{ID: 9, Schema: schema}}
	})
	s := avro.MustParse(schema)
	in := map[string]any{"id": int64(4532015112830366), "email": mail, "labels": map[string]any{"kafka.key.kept": mail, mail: "x"}, "notes": []any{"nothing", "call " + mail}, "ok": true}
	datum, err := s.Encode(in)
	require.NoError(t, err)
	o := p.run(t, []batch.Record{{Timestamp: 1, Value: append([]byte{0, 0, 0, 0, 9}, datum...)}})[0]
	require.Nil(t, o.Bad)
	require.NotContains(t, string(o.Record.Value), mail)
	require.Equal(t, []byte{0, 0, 0, 0, 9}, o.Record.Value[:5])
	var out map[string]any
	rest, err := s.Decode(o.Record.Value[5:], &out)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.Equal(t, in["id"], out["id"])
	require.Equal(t, true, out["ok"])
	require.Equal(t, "nothing", out["notes"].([]any)[0])
	require.Len(t, out["labels"], 2)
	require.Len(t, tokens.FindAllString(out["email"].(string), -1), 1)
}

// Texts at every place that is looked at: what is not is the same afterwards, and of JSON everything outside its values is.
func FuzzRecordsThroughTheProcessor(f *testing.F) {
	p := newPipe(f, startVault(f), "default", nil)
	f.Add(mail, []byte("key "+mail), []byte(mail))
	f.Add("call +44 20 7946 0123, card 4532-0151-1283-0366", []byte("\xff"), []byte("\x00\xff"))
	f.Add("\\\"{\"a\":\"b\"}\n ", []byte{}, []byte{})
	f.Add("\\", []byte("k"), []byte("C:\\dir\\"))
	f.Add("4532015112830366", []byte("4532015112830366"), []byte("AKIAQ3EGRCT7YWNPLAAK"))
	f.Fuzz(func(t *testing.T, text string, key, header []byte) {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Skip()
		}
		const form = "{ \"user_email\" : V ,\n\t\"n\":1.50e3, \"list\":[ V,null,true , -0], \"a\":{\"note\":V,\"\\u0041\":[]}, \"user_name\": V}\n"
		value := strings.ReplaceAll(form, "V", string(quoted))
		recs := []batch.Record{
			{Offset: 1, Timestamp: 5, Key: key, Value: []byte(value), Headers: traced(string(header))},
			{Offset: 2, Timestamp: 5, Key: key, Value: header, Headers: traced(text)},
		}
		if key == nil {
			recs[0].Key, recs[1].Key = []byte{}, []byte{}
		}
		if bytes.HasPrefix(header, []byte{0}) && len(header) >= 5 {
			recs[1].Value = []byte{}
		}
		if recs[1].Value == nil {
			recs[1].Value = []byte{}
		}
		outs := p.run(t, recs)
		for i, o := range outs {
			sameBeside(t, recs[i], o)
		}
		got := outs[0].Record.Value
		if !json.Valid(got) {
			t.Fatal("no JSON any more")
		}
		if in, out := skeleton([]byte(value)), skeleton(got); in != out {
			t.Errorf("outside the values %q became %q", in, out)
		}
	})
}

// skeleton is JSON with V in place of every text that is a value.
func skeleton(s []byte) string {
	var out []byte
	for i := 0; i < len(s); {
		if s[i] != '"' {
			out = append(out, s[i])
			i++
			continue
		}
		end := i + 1
		for s[end] != '"' {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		end++
		if rest := bytes.TrimLeft(s[end:], " \n\t"); len(rest) > 0 && rest[0] == ':' {
			out = append(out, s[i:end]...)
		} else {
			out = append(out, 'V')
		}
		i = end
	}
	return string(out)
}
