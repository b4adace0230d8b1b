package tokenization

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

const attackSchema = `{"type":"record","name":"R","fields":[
 {"name":"b","type":"bytes"},{"name":"f","type":{"type":"fixed","name":"F","size":17}},{"name":"e","type":{"type":"map","values":"string"}},
 {"name":"password","type":["null","string",{"type":"array","items":["null","string"]}]}]}`

func through(t *testing.T, edit func(*record.Config), topic string, rec batch.Record) ([]batch.Record, []record.Undecodable) {
	t.Helper()
	c := record.DefaultConfig()
	c.SchemaRegistry.Schemas = []record.Schema{{ID: 7, Schema: attackSchema}, {ID: 8, Type: "json"}}
	if edit != nil {
		edit(&c)
	}
	m, err := record.New(c)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, nil)
	var bad []record.Undecodable
	var out []batch.Record
	emit := func(o record.Out) error {
		if o.Bad != nil {
			bad = append(bad, *o.Bad)
		} else {
			out = append(out, o.Record)
		}
		return nil
	}
	note := func(_ int, u record.Undecodable) { bad = append(bad, u) }
	switch m.Signal(topic) {
	case record.Traces:
		td := ptrace.NewTraces()
		if err := m.ToTraces(context.Background(), td, topic, 0, []batch.Record{rec}, note); err != nil {
			t.Fatal(err)
		}
		r.traces(t, td)
		for _, td := range r.traceSink.AllTraces() {
			_ = record.FromTraces(td, record.Encoding{}, emit)
		}
	default:
		ld := plog.NewLogs()
		if err := m.ToLogs(context.Background(), ld, topic, 0, []batch.Record{rec}, note); err != nil {
			t.Fatal(err)
		}
		r.logs(t, ld)
		for _, ld := range r.logSink.AllLogs() {
			_ = record.FromLogs(ld, record.Encoding{}, emit)
		}
	}
	return out, bad
}

func avroText(b []byte, s string) []byte { return append(binary.AppendVarint(b, int64(len(s))), s...) }

// The key of a registry's Avro serializer, with tokenize_key: its lengths must fit afterwards, or it must not go on.
func TestHostileFramedKey(t *testing.T) {
	key := avroText([]byte{0, 0, 0, 0, 9}, "alice@example.com")
	out, bad := through(t, func(c *record.Config) { c.Topics = []record.TopicRule{{Topic: "t", TokenizeKey: true}} }, "t", batch.Record{Key: key, Value: []byte("x")})
	if len(bad) > 0 {
		return
	}
	got := out[0].Key
	if bytes.Equal(got, key) {
		t.Errorf("key is not tokenized")
		return
	}
	n, k := binary.Varint(got[5:])
	if int(n) != len(got)-5-k {
		t.Errorf("the key is no Avro any more: length %d of a text of %d bytes: %q", n, len(got)-5-k, got)
	}
}

func TestHostileDeep(t *testing.T) {
	kinds := map[string]func() batch.Record{
		"brackets": func() batch.Record { return batch.Record{Value: []byte(strings.Repeat("[", 16<<20))} },
		"closed": func() batch.Record {
			n := 8 << 20
			return batch.Record{Value: []byte(strings.Repeat("[", n) + strings.Repeat("]", n))}
		},
		"objects": func() batch.Record { return batch.Record{Value: []byte(strings.Repeat(`{"a":`, 3<<20))} },
		"quotes":  func() batch.Record { return batch.Record{Value: []byte(`{"a":"` + strings.Repeat(`\"`, 8<<20) + `"}`)} },
		"parens":  func() batch.Record { return batch.Record{Value: []byte(strings.Repeat("A(", 8<<20))} },
		"eq":      func() batch.Record { return batch.Record{Value: []byte(strings.Repeat("a=", 8<<20))} },
		"percent": func() batch.Record { return batch.Record{Value: []byte(strings.Repeat("%25", 5<<20))} },
		"base64":  func() batch.Record { return batch.Record{Value: []byte(strings.Repeat("QUFB", 4<<20))} },
		"bytes":   func() batch.Record { return batch.Record{Value: bytes.Repeat([]byte{0xff}, 16<<20)} },
		"mails":   func() batch.Record { return batch.Record{Value: bytes.Repeat([]byte("a@b.co "), 2<<20)} },
		"ats":     func() batch.Record { return batch.Record{Value: bytes.Repeat([]byte("a@"), 8<<20)} },
		"digits":  func() batch.Record { return batch.Record{Value: bytes.Repeat([]byte("4"), 16<<20)} },
		"headers": func() batch.Record { return batch.Record{Headers: make([]batch.Header, 1<<20)} },
	}
	if kind := os.Getenv("ATTACK_DEEP"); kind != "" {
		rec := kinds[kind]()
		began := time.Now()
		out, bad := through(t, nil, "t", rec)
		fmt.Println("took", time.Since(began), len(out), len(bad))
		return
	}
	for kind := range kinds {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestHostileDeep$", "-test.v")
		cmd.Env = append(os.Environ(), "ATTACK_DEEP="+kind, "GOMEMLIMIT=2GiB")
		out, err := cmd.CombinedOutput()
		first := strings.TrimPrefix(string(out), "=== RUN   TestHostileDeep\n")
		if len(first) > 200 {
			first = first[:200]
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", kind, err, first)
		} else {
			t.Logf("%s: %s", kind, first)
		}
		cancel()
	}
}

func attackNested(size int) []byte {
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
		put(0x0a, end-at)
		put(0x2a, end-at)
	}
	put(0x2a, end-at)
	put(0x12, end-at)
	put(0x12, end-at)
	put(0x0a, end-at)
	return buf[at:]
}

func TestHostileNestedThrough(t *testing.T) {
	if size := os.Getenv("ATTACK_NESTED"); size != "" {
		var n int
		fmt.Sscan(size, &n)
		out, bad := through(t, func(c *record.Config) {
			c.Topics = []record.TopicRule{{Topic: "t", Signal: record.Logs, Format: record.OTLPProto}}
		}, "t", batch.Record{Value: attackNested(n)})
		fmt.Println("out", len(out), bad)
		return
	}
	for _, size := range []int{900_000, 2 << 20, 4 << 20, 8 << 20} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestHostileNestedThrough$", "-test.v")
		cmd.Env = append(os.Environ(), fmt.Sprint("ATTACK_NESTED=", size))
		began := time.Now()
		out, err := cmd.CombinedOutput()
		first := string(out)
		if len(first) > 250 {
			first = first[:250]
		}
		if err != nil {
			t.Errorf("%d bytes: the process dies: %v\n%s", size, err, first)
		} else {
			t.Logf("%d bytes: %v %s", size, time.Since(began), first)
		}
	}
}
