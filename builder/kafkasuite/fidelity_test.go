package kafkasuite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// address is found in text and becomes a token; token is what it becomes.
const address = "ann.oakley@kafkasuite.example"

var token = regexp.MustCompile(`tkt_email_[a-z]{5}_[a-z]{33}`)

// part is one form of a key, a value or a header's value.
type part struct {
	name  string
	bytes []byte
}

var parts = []part{
	{"null", nil},
	{"empty", []byte{}},
	{"text", []byte("stage=done attempt=1")},
	{"address", []byte("from " + address + " to nobody")},
	{"binary", []byte{0xff, 0x00, 0xfe, 'a'}},
	{"zeros", []byte{0, 0, 0, 0}}, // four zeros are no frame
}

// headers are lists whose order and duplicates are to be kept.
func headerLists() map[string][]kgo.RecordHeader {
	lists := map[string][]kgo.RecordHeader{
		"none":       nil,
		"duplicates": {{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")}, {Key: "a", Value: []byte("3")}, {Key: "a"}, {Key: "", Value: []byte{}}},
		"odd names":  {{Key: "\xff\xfe", Value: []byte("x")}, {Key: "", Value: nil}},
		"trace": {
			{Key: "x", Value: []byte("1")},
			{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
			{Key: "y", Value: []byte(address)},
			{Key: "b3", Value: []byte("0")},
			{Key: "tracestate", Value: []byte(address)},
			{Key: "traceparent", Value: []byte("no trace")},
		},
	}
	for _, p := range parts {
		lists[p.name] = []kgo.RecordHeader{{Key: "h", Value: p.bytes}}
	}
	return lists
}

// matrix is every combination of a key, a value and headers.
func matrix(topic string) (recs []*kgo.Record) {
	lists := headerLists()
	names := make([]string, 0, len(lists))
	for name := range lists {
		names = append(names, name)
	}
	slices.Sort(names)
	start := time.UnixMilli(1_700_000_000_000)
	for _, key := range parts {
		for _, value := range parts {
			for _, name := range names {
				recs = append(recs, &kgo.Record{
					Topic: topic, Partition: int32(len(recs) % 3), Key: key.bytes, Value: value.bytes, Headers: lists[name],
					Timestamp: start.Add(time.Duration(len(recs)%7-3) * time.Hour),
				})
			}
		}
	}
	return recs
}

// expect is a record as it has to come out: with the token for the address in values and headers, trace headers excepted.
func expect(in *kgo.Record, tok string) *kgo.Record {
	hide := func(b []byte) []byte {
		if len(b) == 0 {
			return b // ReplaceAll makes nothing of what is empty
		}
		return bytes.ReplaceAll(b, []byte(address), []byte(tok))
	}
	out := &kgo.Record{Topic: in.Topic + cleanSuffix, Partition: in.Partition, Key: in.Key, Value: hide(in.Value), Timestamp: in.Timestamp}
	for _, h := range in.Headers {
		if h.Key != "tracestate" {
			h.Value = hide(h.Value)
		}
		out.Headers = append(out.Headers, h)
	}
	out.Headers = append(out.Headers,
		kgo.RecordHeader{Key: "cloakroom-source-topic", Value: []byte(in.Topic)},
		kgo.RecordHeader{Key: "cloakroom-source-partition", Value: []byte(strconv.Itoa(int(in.Partition)))},
		kgo.RecordHeader{Key: "cloakroom-source-offset", Value: []byte(strconv.FormatInt(in.Offset, 10))})
	return out
}

// differ says where two records differ, nil and empty being different, without their bytes.
func differ(got, want *kgo.Record) error {
	same := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	switch {
	case got.Topic != want.Topic || got.Partition != want.Partition:
		return fmt.Errorf("in %s[%d], want %s[%d]", got.Topic, got.Partition, want.Topic, want.Partition)
	case !same(got.Key, want.Key):
		return fmt.Errorf("another key: null %t, %d bytes; want null %t, %d bytes", got.Key == nil, len(got.Key), want.Key == nil, len(want.Key))
	case !same(got.Value, want.Value):
		return fmt.Errorf("another value: null %t, %d bytes; want null %t, %d bytes", got.Value == nil, len(got.Value), want.Value == nil, len(want.Value))
	case got.Timestamp.UnixMilli() != want.Timestamp.UnixMilli():
		return fmt.Errorf("timestamp %d, want %d", got.Timestamp.UnixMilli(), want.Timestamp.UnixMilli())
	case len(got.Headers) != len(want.Headers):
		return fmt.Errorf("%d headers, want %d", len(got.Headers), len(want.Headers))
	}
	for i, h := range want.Headers {
		if got.Headers[i].Key != h.Key {
			return fmt.Errorf("header %d has another name", i)
		}
		if !same(got.Headers[i].Value, h.Value) {
			return fmt.Errorf("header %d %q has another value", i, h.Key)
		}
	}
	return nil
}

// sameRecords holds what came out of every partition against what went in, in order.
func sameRecords(t *testing.T, got map[int32][]*kgo.Record, want []*kgo.Record) {
	t.Helper()
	at := map[int32]int{}
	for i, w := range want {
		n := at[w.Partition]
		require.Less(t, n, len(got[w.Partition]), "partition %d ends before record %d", w.Partition, i)
		require.NoError(t, differ(got[w.Partition][n], w), "record %d, offset %s", i, header(w, "cloakroom-source-offset"))
		at[w.Partition]++
	}
	for p, recs := range got {
		require.Len(t, recs, at[p], "partition %d has more than went in", p)
	}
}

// tokenOf finds the one token that the address became.
func tokenOf(t *testing.T, recs map[int32][]*kgo.Record) string {
	t.Helper()
	for _, part := range recs {
		for _, r := range part {
			if tok := token.Find(r.Value); tok != nil {
				return string(tok)
			}
		}
	}
	t.Fatal("no token anywhere")
	return ""
}

// expectAll is expect for all of them.
func expectAll(recs []*kgo.Record, tok string) []*kgo.Record {
	out := make([]*kgo.Record, len(recs))
	for i, r := range recs {
		out[i] = expect(r, tok)
	}
	return out
}

var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()},
	{"gzip", kgo.GzipCompression()},
	{"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()},
	{"zstd", kgo.ZstdCompression()},
}

// Every combination of null, empty, text and bytes comes out as it went in, but for the address, through every codec, read and written.
func testFidelity(t *testing.T, c *cluster) {
	h := house(t)
	for _, codec := range codecs {
		t.Run(codec.name, func(t *testing.T) {
			topic := "fidelity-" + codec.name
			c.topic(t, topic, 3)
			recs := matrix(topic)
			c.produce(t, recs, kgo.ProducerBatchCompression(codec.codec))
			c.drain(t, h, settings{topic: topic, exporter: map[string]any{"compression": codec.name}})
			got := c.read(t, topic+cleanSuffix)
			sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
			require.Empty(t, c.all(t, topic+deadSuffix))
		})
	}
}

// The producer's times come out as they were, and so does none; the broker's time becomes the record's.
func testTimestamps(t *testing.T, c *cluster) {
	h := house(t)
	t.Run("create", func(t *testing.T) {
		const topic = "stamp-create"
		c.topic(t, topic, 1)
		times := []int64{0, 1, 1_700_000_000_123, 1_700_000_000_000, -1, 1_700_000_000_001}
		var recs []batch.Record
		for _, millis := range times {
			recs = append(recs, batch.Record{Timestamp: millis, Value: []byte("x")})
		}
		c.store(t, topic, 0, batch.Encode(nil, recs, batch.None))
		c.drain(t, h, settings{topic: topic})
		out := c.all(t, topic+cleanSuffix)
		require.Len(t, out, len(times))
		for i, r := range out {
			require.Equal(t, times[i], r.Timestamp.UnixMilli(), "record %d", i)
			require.Equal(t, int8(0), r.Attrs.TimestampType())
		}
	})
	t.Run("append", func(t *testing.T) {
		const topic = "stamp-append"
		c.topic(t, topic, 1, "message.timestamp.type=LogAppendTime")
		c.store(t, topic, 0, batch.Encode(nil, []batch.Record{{Timestamp: 1_700_000_000_000, Value: []byte("x")}, {Timestamp: 5, Value: nil}}, batch.Gzip))
		stamp := time.Now().UnixMilli()
		if c.appendTime {
			in := c.all(t, topic)
			require.Equal(t, int8(1), in[0].Attrs.TimestampType())
			require.InDelta(t, stamp, in[0].Timestamp.UnixMilli(), 60_000)
			stamp = in[0].Timestamp.UnixMilli()
		} else {
			c.damage(t, topic, 0, func(all [][]byte) {
				be.PutUint16(all[0][21:], be.Uint16(all[0][21:])|8)
				be.PutUint64(all[0][35:], uint64(stamp))
				sum(all[0])
			})
		}
		c.drain(t, h, settings{topic: topic})
		out := c.all(t, topic+cleanSuffix)
		require.Len(t, out, 2)
		for i, r := range out {
			require.Equal(t, stamp, r.Timestamp.UnixMilli(), "record %d", i)
		}
	})
}

// Values framed by a schema registry (a zero byte and an id) pass unharmed where they are passed, and keep their frame where
// their texts are replaced.
func testFrames(t *testing.T, c *cluster) {
	h := house(t)
	const topic = "frames"
	c.topic(t, topic, 1)
	framed := func(id byte, rest []byte) []byte { return append([]byte{0, 0, 0, 0, id}, rest...) }
	avro := func(name, mail string) []byte {
		b := binary.AppendVarint(nil, 42)
		for _, s := range []string{name, mail} {
			b = append(binary.AppendVarint(b, int64(len(s))), s...)
		}
		return b
	}
	proto := append([]byte{0, 0x0a, byte(len(address))}, address...) // message index, then field 1
	values := [][]byte{framed(1, proto), framed(2, avro("order", address)), framed(3, []byte(`{ "mail" : "`+address+`", "n":1.50 }`)), framed(2, avro("", "nobody"))}
	var recs []*kgo.Record
	for _, v := range values {
		recs = append(recs, &kgo.Record{Topic: topic, Value: v})
	}
	c.produce(t, recs)
	schema := `{"type":"record","name":"o","fields":[{"name":"id","type":"long"},{"name":"kind","type":"string"},{"name":"mail","type":"string"}]}`
	c.drain(t, h, settings{topic: topic, receiver: map[string]any{"schema_registry": map[string]any{
		"enabled": true, "protobuf": "pass",
		"schemas": []any{map[string]any{"id": 1, "type": "protobuf"}, map[string]any{"id": 2, "schema": schema}, map[string]any{"id": 3, "type": "json"}},
	}}})
	out := c.all(t, topic+cleanSuffix)
	require.Empty(t, c.all(t, topic+deadSuffix))
	require.Len(t, out, len(values))
	tok := string(token.Find(out[2].Value))
	require.NotEmpty(t, tok)
	want := [][]byte{values[0], framed(2, avro("order", tok)), framed(3, []byte(`{ "mail" : "`+tok+`", "n":1.50 }`)), values[3]}
	for i := range want {
		require.True(t, bytes.Equal(want[i], out[i].Value), "value %d differs", i)
	}
}
