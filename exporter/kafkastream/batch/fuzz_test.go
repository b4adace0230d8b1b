package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// fuzzLimits are small, so that a fuzzer finds out what does not keep to them.
var fuzzLimits = batch.Limits{MaxDecompressed: 1 << 20, MaxRecords: 1000, MaxHeaders: 1000}

// allocated is how many bytes f allocates, with what other goroutines allocate meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// sealAll writes the checksums that the bytes ask for: without them, nothing but the checksum would be fuzzed.
func sealAll(set []byte) {
	for len(set) >= 26 {
		size := 12 + int64(int32(binary.BigEndian.Uint32(set[8:])))
		if size < 26 || size > int64(len(set)) {
			return
		}
		seal(set[:size])
		set = set[size:]
	}
}

// FuzzDecode: whatever the bytes, Decode does not panic, keeps to its limits, gives records in order and at or after the
// offset it was asked for, and comes to an end when it is called again where it says.
func FuzzDecode(f *testing.F) {
	for _, s := range sets(f) {
		f.Add(s.set, s.from, true)
		f.Add(s.set, s.from, false)
	}
	for _, codec := range codecs {
		f.Add(batch.Encode(nil, samples(20), codec), int64(7), true)
		f.Add(batch.Encode(nil, []batch.Record{{Value: make([]byte, 3<<20)}}, codec), int64(0), true)
	}
	f.Fuzz(func(t *testing.T, set []byte, from int64, sealed bool) {
		set = bytes.Clone(set)
		if sealed {
			sealAll(set)
		}
		if from < 0 {
			from = -(from + 1)
		}
		from &= 1<<61 - 1
		original := bytes.Clone(set)
		aborted := []batch.Aborted{{ProducerID: 7, FirstOffset: from}}
		var recs []batch.Record
		var next int64
		var err error
		if n := allocated(func() { recs, next, err = batch.Decode(nil, set, from, aborted, fuzzLimits) }); n > 16<<20+20*uint64(len(set)) {
			t.Errorf("%d bytes allocated for %d", n, len(set))
		}
		if !bytes.Equal(set, original) {
			t.Error("the set was written to")
		}
		headers, last := 0, from-1
		for _, r := range recs {
			if r.Offset <= last || r.Offset >= next {
				t.Fatalf("offset %d behind %d, with %d next", r.Offset, last, next)
			}
			last = r.Offset
			headers += len(r.Headers)
		}
		if next < from || len(recs) > fuzzLimits.MaxRecords || headers > fuzzLimits.MaxHeaders {
			t.Fatalf("from %d to %d, %d records, %d headers", from, next, len(recs), headers)
		}
		var corrupt *batch.CorruptError
		var large *batch.TooLargeError
		switch {
		case err == nil:
		case errors.As(err, &corrupt):
			if corrupt.NextOffset <= next {
				t.Fatalf("to go on at %d from %d", corrupt.NextOffset, next)
			}
		case errors.As(err, &large):
			if next != from || large.Need <= len(set) {
				t.Fatalf("needs %d, has %d", large.Need, len(set))
			}
		default:
			t.Fatal("an error of another kind")
		}
		if err == nil && next > from {
			if rest, _, _ := batch.Decode(nil, set, next, aborted, fuzzLimits); len(rest) > 0 && rest[0].Offset < next {
				t.Fatal("went back")
			}
		}
		if again, _, _ := batch.Decode(nil, set, from, aborted, fuzzLimits); differ(again, recs) != nil {
			t.Fatal("read in another way the second time")
		}
	})
}

// FuzzRoundTrip: what Encode writes, Decode and franz-go read.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("\x02k\x03val\x01\x02h\x02v"), int64(1767323045000), uint8(0))
	f.Add([]byte{0, 0, 0, 1, 1, 2, 0, 0xff, 200}, int64(-1), uint8(4))
	f.Add(bytes.Repeat([]byte("\x05abcd\x00\x02\x05name\x05valu\x01\x00"), 50), int64(0), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, time int64, codec uint8) {
		want := recordsOf(data, time)
		if len(want) == 0 {
			return
		}
		set := batch.Encode(nil, want, batch.Codec(codec%5))
		recs, next, err := batch.Decode(nil, set, 0, nil, batch.Limits{})
		if err := errors.Join(err, differ(recs, want)); err != nil || next != int64(len(want)) {
			t.Fatalf("next %d, %v", next, err)
		}
		for i := range want {
			want[i].Timestamp = 0 // franz-go's go through time.Time
		}
		recs, _, err = franzReads(set, 0, nil)
		for i := range recs {
			recs[i].Timestamp = 0
		}
		if err := errors.Join(err, differ(recs, want)); err != nil {
			t.Fatalf("franz-go: %v", err)
		}
	})
}

// recordsOf makes records of the bytes: each field is null for 0, else one less than its first byte long.
func recordsOf(data []byte, time int64) (recs []batch.Record) {
	field := func() []byte {
		if len(data) == 0 || data[0] == 0 {
			data = data[min(1, len(data)):]
			return nil
		}
		n := min(int(data[0])-1, len(data)-1)
		b := data[1 : 1+n]
		data = data[1+n:]
		return b
	}
	for i := int64(0); len(data) > 0 && i < 1000; i++ {
		r := batch.Record{Offset: i, Timestamp: time + i*i*(1-2*(i%2)), Key: field(), Value: field()}
		for n := len(field()) % 5; n > 0; n-- {
			r.Headers = append(r.Headers, batch.Header{Key: string(field()), Value: field()})
		}
		recs = append(recs, r)
	}
	return recs
}

// FuzzAnswer: whatever a broker answers, Fetch neither panics nor allocates more than comes in.
func FuzzAnswer(f *testing.F) {
	for version := range int16(12) {
		f.Add(answer(version).AppendTo(nil), version)
	}
	f.Fuzz(func(t *testing.T, body []byte, version int16) {
		p := peer{version: version & 15 % 12, answer: func([]byte) []byte { return body }}
		var got batch.Fetched
		var err error
		if n := allocated(func() { got, err = batch.Fetch(t.Context(), p, kafka.TCP("unused"), query) }); n > 1<<20+10*uint64(len(body)) {
			t.Errorf("%d bytes allocated for %d", n, len(body))
		}
		if err == nil && len(got.Set)+16*len(got.Aborted) > len(body) {
			t.Errorf("a set of %d bytes and %d transactions out of %d bytes", len(got.Set), len(got.Aborted), len(body))
		}
	})
}
