package kafkasuite

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// Batches that cannot be read become a dead letter with the reason, without their bytes, and the partition goes on behind them.
func testCorruptBatches(t *testing.T, c *cluster) {
	h := house(t)
	const perBatch, batches, bad = 5, 4, 1
	for _, tc := range []struct {
		name, reason string
		codec        batch.Codec
		harm         func(b []byte)
	}{
		{"checksum", "checksum", batch.None, func(b []byte) { b[len(b)-1] ^= 1 }},
		{"unknown codec", "codec", batch.None, func(b []byte) { b[22] |= 7; sum(b) }},
		{"wrong magic", "magic", batch.None, func(b []byte) { b[16] = 9 }},
		{"garbage compressed", "inflate", batch.Gzip, func(b []byte) { clear(b[61:]); sum(b) }},
		{"bomb of a count", "record", batch.None, func(b []byte) { be.PutUint32(b[57:], 1<<31-1); sum(b) }},
		{"negative count", "record", batch.None, func(b []byte) { be.PutUint32(b[57:], 1<<31); sum(b) }},
		{"headers that are not there", "record", batch.None, func(b []byte) { b[len(b)-1] = 0x7e; sum(b) }},
		{"a record longer than its batch", "record", batch.None, func(b []byte) { b[61], b[62] = 0xfe, 0x7f; sum(b) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topic := "corrupt-" + strings.ReplaceAll(tc.name, " ", "-")
			c.topic(t, topic, 2)
			var want []*kgo.Record
			for p := range int32(2) {
				for b := range batches {
					var recs []batch.Record
					for i := range perBatch {
						value := fmt.Appendf(nil, "line %d of batch %d for %s", i, b, address)
						recs = append(recs, batch.Record{Timestamp: 1_700_000_000_000, Value: value})
						if p != 0 || b != bad {
							r := kgo.StringRecord(string(value))
							r.Topic, r.Partition, r.Offset = topic, p, int64(b*perBatch+i)
							want = append(want, r)
						}
					}
					c.store(t, topic, p, batch.Encode(nil, recs, tc.codec))
				}
			}
			c.damage(t, topic, 0, func(all [][]byte) {
				require.Len(t, all, batches)
				tc.harm(all[bad])
			})
			c.drain(t, h, settings{topic: topic})
			sameValues(t, c.read(t, topic+cleanSuffix), want)
			dead := c.all(t, topic+deadSuffix)
			require.NotEmpty(t, dead, "what cannot be read was passed over in silence")
			for _, d := range dead {
				require.Equal(t, fmt.Sprintf("%s/0/%d", topic, bad*perBatch), place(d))
				require.Contains(t, header(d, "cloakroom-reason"), tc.reason)
				holdsNothing(t, d)
			}
		})
	}
}

// sameValues compares values, partitions and source offsets.
func sameValues(t *testing.T, got map[int32][]*kgo.Record, want []*kgo.Record) {
	t.Helper()
	tok := tokenOf(t, got)
	at := map[int32]int{}
	for _, w := range want {
		n := at[w.Partition]
		require.Less(t, n, len(got[w.Partition]), "partition %d ends before offset %d of its source", w.Partition, w.Offset)
		g := got[w.Partition][n]
		require.Equal(t, fmt.Sprintf("%s/%d/%d", w.Topic, w.Partition, w.Offset), place(g))
		require.True(t, bytes.Equal(bytes.ReplaceAll(w.Value, []byte(address), []byte(tok)), g.Value), "offset %d has another value", w.Offset)
		at[w.Partition]++
	}
	for p, recs := range got {
		require.Len(t, recs, at[p])
	}
}

// holdsNothing says that a dead letter that is not sealed holds nothing of its record.
func holdsNothing(t *testing.T, d *kgo.Record) {
	t.Helper()
	require.Nil(t, d.Value)
	require.Nil(t, d.Key)
	for _, h := range d.Headers {
		require.True(t, strings.HasPrefix(h.Key, "cloakroom-"), h.Key)
		require.False(t, bytes.Contains(h.Value, []byte(address)))
	}
}

// Records that are odd one by one: each is passed on as it is or is a dead letter with a reason, and what follows comes out.
func testBadRecords(t *testing.T, c *cluster) {
	h := house(t)
	many := make([]kgo.RecordHeader, 100_000)
	for i := range many {
		many[i] = kgo.RecordHeader{Key: "h", Value: []byte("v")}
	}
	json := map[string]any{"formats": []any{map[string]any{"topic": "^bad-.*", "format": "json"}}}
	for _, tc := range []struct {
		name     string
		bad      kgo.Record
		receiver map[string]any
		reasons  []string // empty: it comes out as it is
	}{
		{"truncated json", kgo.Record{Value: []byte(`{"mail":"` + address)}, json, []string{"invalid_json"}},
		{"no json", kgo.Record{Value: []byte(address)}, json, []string{"invalid_json"}},
		{"invalid utf8", kgo.Record{Value: []byte("caf\xe9 \xff")}, nil, nil},
		{"invalid utf8 in json", kgo.Record{Value: []byte("{\"a\":\"caf\xe9\"}")}, json, []string{"invalid_json", "invalid_charset"}},
		{"20 MB", kgo.Record{Value: bytes.Repeat([]byte("x"), 20<<20)}, nil, []string{"limit", "too_large", "oversize"}},
		{"2 MB", kgo.Record{Value: bytes.Repeat([]byte("x"), 2<<20)}, nil, []string{"too_large", "oversize"}},
		{"100000 headers", kgo.Record{Value: []byte("x"), Headers: many}, nil, []string{"limit", "too_large", "oversize", ""}},
		{"unknown schema", kgo.Record{Value: append([]byte{0, 0, 0, 0, 77}, address...)}, nil, []string{"schema_unknown"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topic := "bad-" + strings.ReplaceAll(tc.name, " ", "-")
			c.topic(t, topic, 1, "max.message.bytes=31457280")
			good := func() *kgo.Record {
				return &kgo.Record{Topic: topic, Value: []byte(`{"mail":"` + address + `"}`)}
			}
			bad := tc.bad
			bad.Topic = topic
			recs := []*kgo.Record{good(), good(), &bad, good(), good()}
			for _, r := range recs { // a batch each
				c.produce(t, []*kgo.Record{r}, kgo.ProducerBatchMaxBytes(30<<20), kgo.MaxBufferedBytes(64<<20), kgo.BrokerMaxWriteBytes(64<<20))
			}
			c.drain(t, h, settings{topic: topic, receiver: maps.Clone(tc.receiver)})
			got, dead := c.read(t, topic+cleanSuffix), c.all(t, topic+deadSuffix)
			want := expectAll(recs, tokenOf(t, got))
			if len(dead) == 0 && (tc.reasons == nil || slices.Contains(tc.reasons, "")) {
				sameRecords(t, got, want)
				return
			}
			require.NotNil(t, tc.reasons, "it should have come out")
			sameRecords(t, got, slices.Delete(want, 2, 3))
			require.Len(t, dead, 1)
			require.Equal(t, topic+"/0/2", place(dead[0]))
			require.True(t, slices.ContainsFunc(tc.reasons, func(reason string) bool {
				return reason != "" && strings.Contains(header(dead[0], "cloakroom-reason"), reason)
			}), "reason %q", header(dead[0], "cloakroom-reason"))
			holdsNothing(t, dead[0])
		})
	}
}
