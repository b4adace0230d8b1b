package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

func even(i int) bool { return i%2 == 0 }
func never(int) bool  { return false }

// set is a record set that can be read, and what there is to be read.
type set struct {
	name    string
	set     []byte
	from    int64
	aborted []batch.Aborted
	want    []batch.Record
	next    int64
	alone   bool // franz-go has another opinion, for the reason that stands with the case
}

func sets(t testing.TB) []set {
	a, b := plainRecords(10, 4, nil), plainRecords(14, 3, nil)
	two := join(plain(10, 4, nil).bytes(), plain(14, 3, nil).bytes())
	appended := plain(10, 4, nil)
	appended.attributes |= 0x08
	horizon := plain(10, 4, nil)
	horizon.attributes |= 0x40
	none := wire{base: 20, last: 1, baseTime: -1, maxTime: -1, producer: -1, count: 2}
	none.body = appendWire(appendWire(none.body, 0, 0, 0, nil, []byte("a"), 0), 0, 0, 1, nil, []byte("b"), 0)
	nulls := wire{base: 0, last: 0, producer: -1, count: 1}
	nulls.body = appendWire(nil, 0, 0, 0, nil, nil, 3, 0, 1, 2, 'h', 0, 2, 'h', 2, 'v')
	at := func(recs []batch.Record, time int64) []batch.Record {
		recs = slices.Clone(recs)
		for i := range recs {
			recs[i].Timestamp, recs[i].Append = time, true
		}
		return recs
	}
	cases := []set{
		{name: "nothing", next: 0},
		{name: "two batches", set: two, from: 10, want: slices.Concat(a, b), next: 17},
		{name: "before the batch", set: two, from: 3, want: slices.Concat(a, b), next: 17},
		{name: "from within the first", set: two, from: 12, want: slices.Concat(a[2:], b), next: 17},
		{name: "from the last of the first", set: two, from: 13, want: slices.Concat(a[3:], b), next: 17},
		{name: "from the second", set: two, from: 14, want: b, next: 17},
		{name: "beyond", set: two, from: 17, next: 17},
		{name: "cut off in the second", set: two[:len(two)-1], from: 10, want: a, next: 14},
		{name: "cut off in its length", set: two[:len(two)/2+20], from: 10, want: a, next: 14},
		{name: "compacted", set: join(plain(10, 6, even).bytes(), plain(16, 4, even).bytes()), from: 10,
			want: slices.Concat(plainRecords(10, 6, even), plainRecords(16, 4, even)), next: 20},
		{name: "compacted, from a gap", set: plain(10, 6, even).bytes(), from: 13, want: plainRecords(10, 6, even)[2:], next: 16},
		{name: "compacted to nothing", set: join(plain(10, 6, never).bytes(), plain(16, 2, nil).bytes()), from: 11, want: plainRecords(16, 2, nil), next: 18},
		{name: "log append time", set: appended.bytes(), from: 10, want: at(a, 5000), next: 14},
		{name: "a delete horizon", set: horizon.bytes(), from: 10, want: a, next: 14},
		{name: "no timestamps", set: none.bytes(), from: 20, want: []batch.Record{{Offset: 20, Timestamp: -1, Value: []byte("a")}, {Offset: 21, Timestamp: -1, Value: []byte("b")}}, next: 22},
		{name: "null and empty", set: nulls.bytes(), want: []batch.Record{{Headers: []batch.Header{{Value: nil}, {Key: "h", Value: []byte{}}, {Key: "h", Value: []byte("v")}}}}, next: 1},
	}
	cases = append(cases, transactions()...)
	for _, codec := range codecs[1:] {
		w := plain(10, 4, nil)
		w.attributes |= int16(codec)
		w.body = squeeze(t, codec, w.body)
		cases = append(cases, set{name: codec.String(), set: join(w.bytes(), plain(14, 3, nil).bytes()), from: 11, want: slices.Concat(a[1:], b), next: 17})
	}
	w := plain(10, 4, nil)
	w.attributes |= int16(batch.Snappy)
	w.body = xerial(w.body, 10)
	cases = append(cases, set{name: "snappy in xerial frames", set: w.bytes(), from: 10, want: a, next: 14})
	return append(cases, legacy(t)...)
}

func transactions() []set {
	tx := func(base int64, n int, producer int64) []byte {
		return plain(base, n, nil).transactional(producer).bytes()
	}
	rec := func(base int64, n int) []batch.Record { return plainRecords(base, n, nil) }
	interleaved := join(tx(0, 2, 7), tx(2, 2, 8), plain(4, 2, nil).bytes(), marker(6, 7, false), tx(7, 2, 7), marker(9, 8, true), marker(10, 7, true))
	return []set{
		{name: "committed", set: join(tx(0, 2, 7), marker(2, 7, true), tx(3, 1, 7)), want: slices.Concat(rec(0, 2), rec(3, 1)), next: 4},
		{name: "aborted", set: join(tx(0, 2, 7), marker(2, 7, false)), aborted: []batch.Aborted{{7, 0}}, next: 3},
		{name: "aborted, its marker not yet fetched", set: tx(0, 2, 7), aborted: []batch.Aborted{{7, 0}}, next: 2},
		{name: "aborted, begun before the fetch", set: join(tx(20, 2, 7), marker(22, 7, false), tx(23, 1, 7)), from: 20, aborted: []batch.Aborted{{7, 3}}, want: rec(23, 1), next: 24},
		{name: "aborted, another producer's records between", set: interleaved, aborted: []batch.Aborted{{7, 0}}, want: slices.Concat(rec(2, 2), rec(4, 2), rec(7, 2)), next: 11},
		{name: "aborted twice, the list out of order", set: join(tx(0, 1, 7), marker(1, 7, false), tx(2, 1, 7), marker(3, 7, true), tx(4, 1, 7), marker(5, 7, false)),
			aborted: []batch.Aborted{{7, 4}, {7, 0}}, want: rec(2, 1), next: 6},
		{name: "aborted, but not of the transaction", set: join(plain(0, 1, nil).bytes(), tx(1, 1, 7), marker(2, 7, false)), aborted: []batch.Aborted{{7, 1}}, want: rec(0, 1), next: 3},
		// franz-go does not look at markers before the offset; a broker asked for offset 7 would not name the transaction.
		{name: "aborted, gone on within the same set", set: interleaved, from: 7, aborted: []batch.Aborted{{7, 0}}, want: rec(7, 2), next: 11, alone: true},
		{name: "a control batch of no transaction", set: join(marker(0, 9, false), plain(1, 1, nil).bytes()), want: rec(1, 1), next: 2},
	}
}

func legacy(t testing.TB) []set {
	zero := func(offset int64) message {
		return message{offset: offset, key: []byte("k"), value: []byte{byte(offset)}}
	}
	one := func(offset int64) message {
		return message{offset: offset, magic: 1, time: 100 + offset, value: []byte{byte(offset)}}
	}
	rec0 := func(offset int64) batch.Record {
		return batch.Record{Offset: offset, Timestamp: -1, Key: []byte("k"), Value: []byte{byte(offset)}}
	}
	rec1 := func(offset, inner int64) batch.Record {
		return batch.Record{Offset: offset, Timestamp: 100 + inner, Value: []byte{byte(inner)}}
	}
	appended := one(3)
	appended.attributes |= 8
	cases := []set{
		{name: "format 0", set: join(zero(3).bytes(), zero(4).bytes()), from: 3, want: []batch.Record{rec0(3), rec0(4)}, next: 5},
		{name: "format 1", set: join(one(3).bytes(), one(5).bytes()), from: 3, want: []batch.Record{rec1(3, 3), rec1(5, 5)}, next: 6},
		{name: "format 1, from between", set: join(one(3).bytes(), one(5).bytes()), from: 4, want: []batch.Record{rec1(5, 5)}, next: 6},
		{name: "format 1, log append time", set: appended.bytes(), from: 3, want: []batch.Record{{Offset: 3, Timestamp: 103, Append: true, Value: []byte{3}}}, next: 4},
		{name: "format 1, null and empty", set: join(message{magic: 1, time: -1, key: []byte{}}.bytes(), message{offset: 1, magic: 1, value: []byte{}}.bytes()),
			want: []batch.Record{{Timestamp: -1, Key: []byte{}}, {Offset: 1, Value: []byte{}}}, next: 2},
		{name: "formats 0, 1 and 2", set: join(zero(3).bytes(), one(4).bytes(), plain(5, 1, nil).bytes()), from: 3,
			want: []batch.Record{rec0(3), rec1(4, 4), plainRecords(5, 1, nil)[0]}, next: 6},
	}
	for _, codec := range codecs[1:4] {
		inner0 := squeeze(t, codec, join(zero(3).bytes(), zero(5).bytes()))
		inner1 := squeeze(t, codec, join(one(0).bytes(), one(1).bytes(), one(4).bytes()))
		if codec == batch.LZ4 {
			inner0[6] ^= 0xff // the header checksum of old clients is over the wrong bytes, and franz-go wants the right ones
		}
		wrap := func(offset int64, magic, attributes byte, inner []byte) []byte {
			return message{offset: offset, magic: magic, attributes: byte(codec) | attributes, time: 999, value: inner}.bytes()
		}
		stamped := []batch.Record{rec1(16, 0), rec1(17, 1), rec1(20, 4)}
		for i := range stamped {
			stamped[i].Timestamp, stamped[i].Append = 999, true
		}
		cases = append(cases,
			set{name: "format 0, " + codec.String(), set: join(wrap(5, 0, 0, inner0), zero(6).bytes()), from: 3, want: []batch.Record{rec0(3), rec0(5), rec0(6)}, next: 7, alone: codec == batch.LZ4},
			set{name: "format 0, from within, " + codec.String(), set: wrap(5, 0, 0, inner0), from: 4, want: []batch.Record{rec0(5)}, next: 6, alone: codec == batch.LZ4},
			set{name: "format 1, " + codec.String(), set: wrap(20, 1, 0, inner1), from: 16, want: []batch.Record{rec1(16, 0), rec1(17, 1), rec1(20, 4)}, next: 21},
			set{name: "format 1, from within, " + codec.String(), set: wrap(20, 1, 0, inner1), from: 18, want: []batch.Record{rec1(20, 4)}, next: 21},
			// Kafka's DeepRecordsIterator gives the messages inside the wrapper's time; franz-go does not.
			set{name: "format 1, log append time, " + codec.String(), set: wrap(20, 1, 8, inner1), from: 16, want: stamped, next: 21, alone: true},
		)
	}
	inner := xerial(join(one(0).bytes(), one(1).bytes()), 7)
	return append(cases, set{name: "format 1, snappy in xerial frames", set: message{offset: 9, magic: 1, attributes: 2, value: inner}.bytes(), from: 8,
		want: []batch.Record{rec1(8, 0), rec1(9, 1)}, next: 10})
}

func TestDecode(t *testing.T) {
	for _, tc := range sets(t) {
		t.Run(tc.name, func(t *testing.T) {
			before := batch.Record{Offset: -5}
			recs, next, err := batch.Decode([]batch.Record{before}, tc.set, tc.from, tc.aborted, batch.Limits{})
			if err != nil || next != tc.next {
				t.Fatalf("next is %d, want %d, %v", next, tc.next, err)
			}
			if err := differ(recs, append([]batch.Record{before}, tc.want...)); err != nil {
				t.Error(err)
			}
			if tc.alone {
				return
			}
			recs, next, err = franzReads(tc.set, tc.from, tc.aborted)
			if err := errors.Join(err, differ(recs, tc.want)); err != nil || len(tc.set) > 0 && next != tc.next {
				t.Errorf("franz-go: next is %d, want %d, %v", next, tc.next, err)
			}
		})
	}
}

// TestCorrupt spoils the middle one of three batches. The first is read, the fault told, and the third read on from there.
func TestCorrupt(t *testing.T) {
	good := plain(14, 4, nil)
	spoil := func(change func(w *wire)) []byte {
		w := good
		w.body = bytes.Clone(w.body)
		change(&w)
		return w.bytes()
	}
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0x40
		return b
	}
	body := func(count int32, b []byte) []byte { return spoil(func(w *wire) { w.body, w.count = b, count }) }
	record := func(headers int64, tail ...byte) []byte {
		return body(1, appendWire(nil, 0, 0, 0, nil, []byte("v"), headers, tail...))
	}
	wrapped := func(magic, attributes byte, inner []byte) []byte {
		return message{offset: 17, magic: magic, attributes: attributes, value: inner}.bytes()
	}
	old := message{offset: 17, magic: 1, value: []byte("v")}
	for _, tc := range []struct {
		name   string
		set    []byte
		reason batch.Reason
		next   int64
	}{
		{"a flipped bit in the records", flip(good.bytes(), 70), batch.ReasonChecksum, 18},
		{"a flipped bit in the last offset delta", flip(good.bytes(), 23), batch.ReasonChecksum, 18},
		{"a flipped bit in the checksum", flip(good.bytes(), 17), batch.ReasonChecksum, 18},
		{"an unknown magic", flip(good.bytes(), 16), batch.ReasonMagic, 15},
		{"a negative last offset delta", spoil(func(w *wire) { w.last = -1 }), batch.ReasonFrame, 15},
		{"an unknown codec", spoil(func(w *wire) { w.attributes |= 5 }), batch.ReasonCodec, 18},
		{"not gzip", spoil(func(w *wire) { w.attributes |= 1 }), batch.ReasonInflate, 18},
		{"not snappy", spoil(func(w *wire) { w.attributes |= 2 }), batch.ReasonInflate, 18},
		{"not lz4", spoil(func(w *wire) { w.attributes |= 3 }), batch.ReasonInflate, 18},
		{"not zstd", spoil(func(w *wire) { w.attributes |= 4 }), batch.ReasonInflate, 18},
		{"a negative count", spoil(func(w *wire) { w.count = -1 }), batch.ReasonRecord, 18},
		{"a count beyond the bytes", spoil(func(w *wire) { w.count = math.MaxInt32 }), batch.ReasonRecord, 18},
		{"fewer records than bytes", spoil(func(w *wire) { w.count-- }), batch.ReasonRecord, 18},
		{"more records than bytes", spoil(func(w *wire) { w.count++ }), batch.ReasonRecord, 18},
		{"a record longer than the batch", body(1, appendWire(nil, 1, 0, 0, nil, []byte("v"), 0)), batch.ReasonRecord, 18},
		{"a record shorter than its fields", body(1, appendWire(nil, -1, 0, 0, nil, []byte("v"), 0)), batch.ReasonRecord, 18},
		{"a record longer than its fields", record(0, 0), batch.ReasonRecord, 18},
		{"a negative record length", body(1, []byte{1, 0, 0, 0, 0, 0, 0}), batch.ReasonRecord, 18},
		{"an endless varint", body(1, bytes.Repeat([]byte{0xff}, 12)), batch.ReasonRecord, 18},
		{"an offset delta beyond the last", body(1, appendWire(nil, 0, 0, 4, nil, []byte("v"), 0)), batch.ReasonRecord, 18},
		{"a negative offset delta", body(1, appendWire(nil, 0, 0, -1, nil, []byte("v"), 0)), batch.ReasonRecord, 18},
		{"an offset twice", body(2, appendWire(appendWire(nil, 0, 0, 1, nil, []byte("v"), 0), 0, 0, 1, nil, []byte("v"), 0)), batch.ReasonRecord, 18},
		{"headers beyond the bytes", record(math.MaxInt32), batch.ReasonRecord, 18},
		{"a negative count of headers", record(-2), batch.ReasonRecord, 18},
		{"a header with a null name", record(1, 1, 1), batch.ReasonRecord, 18},
		{"a header longer than the record", record(1, 4, 'h'), batch.ReasonRecord, 18},
		{"format 1, a flipped bit", flip(old.bytes(), 30), batch.ReasonChecksum, 18},
		{"format 1, bytes left over", seal(func() []byte {
			b := append(old.bytes(), 0)
			binary.BigEndian.PutUint32(b[8:], uint32(len(b)-12))
			return b
		}()), batch.ReasonRecord, 18},
		{"format 1, zstd", wrapped(1, 4, squeeze(t, batch.Zstd, old.bytes())), batch.ReasonCodec, 18},
		{"format 1, nothing inside", wrapped(1, 1, squeeze(t, batch.Gzip, nil)), batch.ReasonRecord, 18},
		{"format 1, null inside", wrapped(1, 1, nil), batch.ReasonInflate, 18},
		{"format 1, another format inside", wrapped(1, 1, squeeze(t, batch.Gzip, message{offset: 17, value: []byte("v")}.bytes())), batch.ReasonRecord, 18},
		{"format 1, compressed inside", wrapped(1, 1, squeeze(t, batch.Gzip, wrapped(1, 1, squeeze(t, batch.Gzip, old.bytes())))), batch.ReasonRecord, 18},
		{"format 1, cut off inside", wrapped(1, 1, squeeze(t, batch.Gzip, old.bytes()[:20])), batch.ReasonRecord, 18},
		{"format 1, a flipped bit inside", wrapped(1, 1, squeeze(t, batch.Gzip, flip(old.bytes(), 30))), batch.ReasonChecksum, 18},
		{"format 1, more inside than offsets", wrapped(1, 1, squeeze(t, batch.Gzip, message{offset: 18, magic: 1, value: []byte("v")}.bytes())), batch.ReasonRecord, 18},
		{"format 0, out of order inside", wrapped(0, 1, squeeze(t, batch.Gzip, join(message{offset: 17}.bytes(), message{offset: 16}.bytes()))), batch.ReasonRecord, 18},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := join(plain(10, 4, nil).bytes(), tc.set, plain(18, 2, nil).bytes())
			recs, next, err := batch.Decode(nil, all, 10, nil, batch.Limits{})
			var corrupt *batch.CorruptError
			if !errors.As(err, &corrupt) || corrupt.Reason != tc.reason || corrupt.NextOffset != tc.next || next != 14 {
				t.Fatalf("next %d, %v; want %s and to go on at %d", next, err, tc.reason, tc.next)
			}
			if err := differ(recs, plainRecords(10, 4, nil)); err != nil {
				t.Error(err)
			}
			if tc.next != 18 {
				return // what has no end that can be told is met again
			}
			recs, next, err = batch.Decode(nil, all, 18, nil, batch.Limits{})
			if err := errors.Join(err, differ(recs, plainRecords(18, 2, nil))); err != nil || next != 20 {
				t.Errorf("gone on in the same set: next %d, %v", next, err)
			}
		})
	}
}

// TestCorruptEnd: the offsets of what cannot be trusted are not trusted to be passed over.
func TestCorruptEnd(t *testing.T) {
	flipped := func(w wire, at int) []byte {
		b := w.bytes()
		b[at] ^= 0x40
		return b
	}
	length := func(n uint32) []byte {
		b := plain(10, 4, nil).bytes()
		binary.BigEndian.PutUint32(b[8:], n)
		return b
	}
	for _, tc := range []struct {
		name string
		set  []byte
		from int64
		want batch.CorruptError
	}{
		{"alone, both counts agree", flipped(plain(10, 4, nil), 70), 11, batch.CorruptError{BaseOffset: 10, NextOffset: 14, Reason: batch.ReasonChecksum}},
		{"alone, the last offset delta flipped", flipped(plain(10, 4, nil), 23), 11, batch.CorruptError{BaseOffset: 10, NextOffset: 12, Reason: batch.ReasonChecksum}},
		{"alone, compacted", flipped(plain(10, 4, even), 70), 10, batch.CorruptError{BaseOffset: 10, NextOffset: 11, Reason: batch.ReasonChecksum}},
		{"before another that is corrupt", join(flipped(plain(10, 4, even), 70), flipped(plain(14, 4, nil), 70)), 10, batch.CorruptError{BaseOffset: 10, NextOffset: 11, Reason: batch.ReasonChecksum}},
		{"a negative length", length(1 << 31), 11, batch.CorruptError{BaseOffset: 10, NextOffset: 12, Reason: batch.ReasonFrame}},
		{"a length less than any batch has", length(13), 11, batch.CorruptError{BaseOffset: 10, NextOffset: 12, Reason: batch.ReasonFrame}},
		{"a length less than its format needs", length(48), 11, batch.CorruptError{BaseOffset: 10, NextOffset: 12, Reason: batch.ReasonFrame}},
		{"a negative offset", plain(-3, 1, nil).bytes(), 11, batch.CorruptError{BaseOffset: -3, NextOffset: 12, Reason: batch.ReasonFrame}},
		{"an offset beyond all", plain(math.MaxInt64-1, 1, nil).bytes(), 11, batch.CorruptError{BaseOffset: math.MaxInt64 - 1, NextOffset: 12, Reason: batch.ReasonFrame}},
		{"an abort marker without a key", func() []byte {
			w := wire{base: 10, attributes: 0x30, producer: 7}
			return w.bytes()
		}(), 10, batch.CorruptError{BaseOffset: 10, NextOffset: 11, Reason: batch.ReasonRecord}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, next, err := batch.Decode(nil, tc.set, tc.from, []batch.Aborted{{ProducerID: 7}}, batch.Limits{})
			var corrupt *batch.CorruptError
			if !errors.As(err, &corrupt) || *corrupt != tc.want || next != tc.from {
				t.Errorf("next %d, %v, want %v", next, err, &tc.want)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	b := plain(10, 4, nil).bytes()
	for _, tc := range []struct {
		name string
		set  []byte
		need int
		past int64
	}{
		{"all but a byte", b[:len(b)-1], len(b), 14},
		{"its header only", b[:61], len(b), 14},
		{"less than its header", b[:60], len(b), 0},
		{"its length only", b[:12], len(b), 0},
		{"less than its length", b[:5], 17, 0},
		{"behind one that is before the offset", join(plain(6, 4, nil).bytes(), b[:20]), 2 * len(b), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, next, err := batch.Decode(nil, tc.set, 10, nil, batch.Limits{})
			var large *batch.TooLargeError
			if !errors.As(err, &large) || large.Need != tc.need || large.Next != tc.past || next != 10 {
				t.Errorf("next %d, %v, want a need of %d and to pass over to %d", next, err, tc.need, tc.past)
			}
		})
	}
}

// TestFirst: what a set tells of its first and its last batch without being decoded.
func TestFirst(t *testing.T) {
	a, b := plain(10, 4, nil).bytes(), plain(14, 2, nil).bytes()
	for _, tc := range []struct {
		name string
		set  []byte
		size int
		next int64
		end  int64
	}{
		{"two batches", append(bytes.Clone(a), b...), len(a), 14, 16},
		{"the second cut off", append(bytes.Clone(a), b[:70]...), len(a), 14, 14},
		{"cut off", a[:70], len(a), 14, 0},
		{"its length only", a[:12], len(a), 0, 0},
		{"less", a[:11], 0, 0, 0},
		{"nothing", nil, 0, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if size, next := batch.First(tc.set); size != tc.size || next != tc.next {
				t.Errorf("%d bytes up to %d, want %d up to %d", size, next, tc.size, tc.next)
			}
			if end := batch.End(tc.set); end != tc.end {
				t.Errorf("ends at %d, want %d", end, tc.end)
			}
		})
	}
}

// TestLimits: a set is read in pieces when the limits ask for it, and a batch beyond them is corrupt.
func TestLimits(t *testing.T) {
	headers := func(base int64) []byte {
		b := batch.Encode(nil, []batch.Record{{Headers: make([]batch.Header, 3)}, {Headers: make([]batch.Header, 3)}}, batch.None)
		binary.BigEndian.PutUint64(b, uint64(base))
		return b
	}
	type limitCase struct {
		name string
		set  []byte
		end  int64
		lim  batch.Limits
		// pieces are the records each call gives, until one fails with ReasonLimit or the end is reached.
		pieces []int
		fails  bool
	}
	three := join(plain(0, 4, nil).bytes(), plain(4, 4, nil).bytes(), plain(8, 4, nil).bytes())
	cases := []limitCase{
		{"records that fit", three, 12, batch.Limits{MaxRecords: 12}, []int{12}, false},
		{"records in two calls", three, 12, batch.Limits{MaxRecords: 8}, []int{8, 4}, false},
		{"records in three calls", three, 12, batch.Limits{MaxRecords: 7}, []int{4, 4, 4}, false},
		{"more records in a batch", three, 12, batch.Limits{MaxRecords: 3}, []int{0}, true},
		{"headers in two calls", join(headers(0), headers(2)), 4, batch.Limits{MaxHeaders: 6}, []int{2, 2}, false},
		{"headers in two calls, cut within a batch", join(headers(0), headers(2)), 4, batch.Limits{MaxHeaders: 10}, []int{2, 2}, false},
		{"more headers in a batch", headers(0), 2, batch.Limits{MaxHeaders: 5}, []int{0}, true},
		{"old messages in two calls", join(message{}.bytes(), message{offset: 1}.bytes(), message{offset: 2}.bytes()), 3, batch.Limits{MaxRecords: 2}, []int{2, 1}, false},
	}
	for _, codec := range codecs[1:] {
		bomb := func(base int64, size int) []byte {
			b := batch.Encode(nil, []batch.Record{{Value: make([]byte, size-11)}}, codec)
			binary.BigEndian.PutUint64(b, uint64(base))
			return b
		}
		set := join(bomb(0, 200_000), bomb(1, 200_000), bomb(2, 200_000))
		cases = append(cases,
			limitCase{codec.String() + " that fits", set, 3, batch.Limits{MaxDecompressed: 600_100}, []int{3}, false},
			limitCase{codec.String() + " in two calls", set, 3, batch.Limits{MaxDecompressed: 500_000}, []int{2, 1}, false},
			limitCase{codec.String() + " beyond", set, 3, batch.Limits{MaxDecompressed: 199_000}, []int{0}, true},
			limitCase{codec.String() + " far beyond", bomb(0, 50_000_000), 1, batch.Limits{MaxDecompressed: 1000}, []int{0}, true},
		)
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var pieces []int
			var next int64
			var err error
			for len(pieces) < 9 && err == nil && next < tc.end {
				var recs []batch.Record
				recs, next, err = batch.Decode(nil, tc.set, next, nil, tc.lim)
				pieces = append(pieces, len(recs))
			}
			var corrupt *batch.CorruptError
			if !slices.Equal(pieces, tc.pieces) || tc.fails != errors.As(err, &corrupt) {
				t.Fatalf("pieces of %d, want %d, %v", pieces, tc.pieces, err)
			}
			if tc.fails && corrupt.Reason != batch.ReasonLimit {
				t.Error(err)
			}
		})
	}
}

// TestSizes: what was decompressed before does not matter, nor how large the window is that a compressor asked for.
func TestSizes(t *testing.T) {
	for _, codec := range codecs[1:] {
		t.Run(codec.String(), func(t *testing.T) {
			for _, size := range []int{0, 1, 300_000, 5, 4096, 1 << 20, 70_000, 3 << 20, 131_072, 131_073, 100} {
				for _, step := range []int{0, 1, 7919} { // zeros, text that repeats, noise
					value := make([]byte, size)
					for i := range value {
						value[i] = byte(i * step >> 4 * (i * step & 0xff))
					}
					w := wire{attributes: int16(codec), count: 1, producer: -1, body: squeeze(t, codec, appendWire(nil, 0, 0, 0, nil, value, 0))}
					recs, _, err := batch.Decode(nil, w.bytes(), 0, nil, batch.Limits{MaxDecompressed: size + 20})
					if err := errors.Join(err, differ(recs, []batch.Record{{Value: value}})); err != nil {
						t.Errorf("%d bytes in steps of %d: %v", size, step, err)
					}
				}
			}
		})
	}
}

// TestReuse: a destination that is used again does not reach into what was read before.
func TestReuse(t *testing.T) {
	var recs []batch.Record
	for n := range 5 {
		for _, codec := range codecs {
			want := samples(50 + n)
			var err error
			if recs, _, err = batch.Decode(recs[:0], batch.Encode(nil, want, codec), 0, nil, batch.Limits{}); err != nil {
				t.Fatal(err)
			}
			kept := slices.Clone(recs)
			for _, r := range kept {
				_ = append(r.Key, "over"...)
				_ = append(r.Value, "over"...)
				for _, h := range r.Headers {
					_ = append(h.Value, "over"...)
				}
				_ = append(r.Headers, batch.Header{Key: "over"})
			}
			if _, _, err = batch.Decode(nil, batch.Encode(nil, samples(300), codec), 0, nil, batch.Limits{}); err != nil {
				t.Fatal(err)
			}
			if err := differ(kept, want); err != nil {
				t.Errorf("%s: %v", codec, err)
			}
		}
	}
}

func TestEncode(t *testing.T) {
	if got := batch.Encode([]byte("x"), nil, batch.Zstd); string(got) != "x" {
		t.Error("no records make a batch")
	}
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			want := samples(100)
			want[3].Timestamp = -1
			set := batch.Encode([]byte("before"), want, codec)
			recs, next, err := batch.Decode(nil, set[6:], 0, nil, batch.Limits{})
			if err := errors.Join(err, differ(recs, want)); err != nil || next != 100 || string(set[:6]) != "before" {
				t.Errorf("next %d, %v", next, err)
			}
			size := batch.Overhead
			for i := range want {
				size += want[i].Size()
			}
			if codec == batch.None && (len(set) > size || size > len(set)+100*20) {
				t.Errorf("%d bytes, foretold to be at most %d", len(set), size)
			}
			noise := make([]byte, 1000)
			for i := range noise {
				noise[i] = byte(i * i * 7919 >> 8)
			}
			if set := batch.Encode(nil, []batch.Record{{Value: noise[:40]}}, codec); set[22] != 0 {
				t.Error("compressed although that makes it no smaller")
			}
		})
	}
}

func TestCodecNames(t *testing.T) {
	for i, name := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		var c batch.Codec
		if err := c.UnmarshalText([]byte(name)); err != nil || c != batch.Codec(i) || fmt.Sprint(c) != name {
			t.Errorf("%s is %v, %v", name, c, err)
		}
	}
	if new(batch.Codec).UnmarshalText([]byte("brotli")) == nil {
		t.Error("brotli is taken")
	}
}
