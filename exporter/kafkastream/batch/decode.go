package batch

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
)

// Limits bound what one call of [Decode] allocates. A zero field stands for the default.
type Limits struct {
	// MaxDecompressed is how many bytes the compressed batches of the set may come to: 64 MiB.
	MaxDecompressed int
	// MaxRecords and MaxHeaders are how many records, and headers of all of them together, are read at once: 1,048,576 of each.
	MaxRecords, MaxHeaders int
}

func (l Limits) orDefaults() Limits {
	return Limits{
		MaxDecompressed: cmp.Or(l.MaxDecompressed, 64<<20),
		MaxRecords:      cmp.Or(l.MaxRecords, 1<<20),
		MaxHeaders:      cmp.Or(l.MaxHeaders, 1<<20),
	}
}

// The layout of a batch of format 2. Formats 0 and 1 have the first two fields and the magic in the same place.
const (
	atLength       = 8
	atMagic        = 16
	atChecksum     = 17
	atAttributes   = 21
	atLastDelta    = 23
	atBaseTime     = 27
	atMaxTime      = 35
	atProducer     = 43
	atCount        = 57
	headerSize     = 61
	lengthPrefix   = 12 // the offset and the length, which the length does not count
	minRecord      = 7  // one byte each for length, attributes, timestamp, offset, key, value and headers
	minHeader      = 2  // one byte each for key and value
	attrCodec      = 0x07
	attrAppendTime = 0x08
	attrTx         = 0x10
	attrControl    = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Decode appends the records of a record set at or after the offset from to dst, and tells the next offset to fetch. A set is
// what a broker answers: batches of formats 0, 1 and 2 one after the other, the last one perhaps cut off.
//
// Control batches are passed over, and the records of the transactions in aborted; next is beyond them, and beyond the
// offsets that compaction removed. Records alias set, or memory of their own where their batch is compressed.
//
// A set that would break lim as a whole is read as far as lim allows: next tells where to go on. Errors come with the records
// before them, and with the next at which they occur: [*CorruptError] for a batch that cannot be read, and [*TooLargeError]
// for a set that holds not even one whole batch.
func Decode(dst []Record, set []byte, from int64, aborted []Aborted, lim Limits) (recs []Record, next int64, err error) {
	d := decoder{recs: dst, next: from, lim: lim.orDefaults(), inflater: inflaters.Get().(*inflater)}
	defer d.inflater.release()
	d.tx.start(aborted)
	for whole := len(set); len(set) > 0; {
		f := cut(set)
		if f.need > 0 {
			if d.next == from {
				return d.recs, d.next, &TooLargeError{Need: whole - len(set) + f.need, Next: endOf(set)}
			}
			break
		}
		reason := f.broken
		if reason == "" {
			reason = d.frame(f)
		}
		switch reason {
		case "":
			set = f.rest
		case stop:
			return d.recs, d.next, nil
		default:
			return d.recs, d.next, &CorruptError{BaseOffset: f.base, NextOffset: d.after(f, reason), Reason: reason}
		}
	}
	return d.recs, d.next, nil
}

// stop is the reason to end early: what was read used up the limits.
const stop Reason = "stop"

// frame is one batch of a set, or one message of format 0 or 1. One of need and broken tells that there is none.
type frame struct {
	base   int64
	magic  byte
	b      []byte // all of it, from the offset on; nil when it is broken
	rest   []byte // the set behind it
	need   int    // bytes of a set that would hold it
	broken Reason
}

func cut(set []byte) frame {
	if len(set) < lengthPrefix {
		return frame{need: atMagic + 1}
	}
	f := frame{base: int64(binary.BigEndian.Uint64(set))}
	length := int64(int32(binary.BigEndian.Uint32(set[atLength:])))
	size := lengthPrefix + length
	switch {
	case length < minMessage-lengthPrefix || f.base < 0 || f.base > math.MaxInt64-1<<32:
		f.broken = ReasonFrame
	case size > int64(len(set)):
		f.need = int(size)
	default:
		f.magic, f.b, f.rest = set[atMagic], set[:size:size], set[size:]
		if f.magic > 2 {
			f.b, f.broken = nil, ReasonMagic
		} else if f.magic == 2 && size < headerSize {
			f.b, f.broken = nil, ReasonFrame
		}
	}
	return f
}

// First tells how many bytes the first batch of a set has, whether the set holds all of it or not, and the offset behind it.
// Either is 0 where the set does not tell.
func First(set []byte) (size int, next int64) {
	if f := cut(set); f.broken == "" && len(set) >= lengthPrefix {
		size = max(f.need, len(f.b))
	}
	return size, endOf(set)
}

// End is the offset behind the last batch that a set holds whole, 0 where it holds none.
func End(set []byte) (end int64) {
	for len(set) > 0 {
		f := cut(set)
		if f.need > 0 || f.broken != "" {
			break
		}
		end, set = endOf(f.b), f.rest
	}
	return end
}

// endOf is the offset behind the first batch of a set that holds the beginning of it, 0 where that does not tell.
func endOf(set []byte) int64 {
	if len(set) <= atMagic {
		return 0
	}
	f := frame{base: int64(binary.BigEndian.Uint64(set)), magic: set[atMagic], b: set}
	switch {
	case f.base < 0 || f.base > math.MaxInt64-1<<32:
		return 0
	case f.magic < 2:
		return f.base + 1
	case f.magic == 2 && len(set) >= headerSize:
		if h := parseHeader(f); h.lastDelta >= 0 {
			return h.last() + 1
		}
	}
	return 0
}

func (f *frame) intact() bool {
	if f.magic == 2 {
		return binary.BigEndian.Uint32(f.b[atChecksum:]) == crc32.Checksum(f.b[atAttributes:], castagnoli)
	}
	return binary.BigEndian.Uint32(f.b[lengthPrefix:]) == crc32.ChecksumIEEE(f.b[atMagic:])
}

type decoder struct {
	recs []Record
	next int64
	lim  Limits
	tx   transactions
	*inflater

	// What was spent of the limits.
	decompressed, records, headerCount int
}

func (d *decoder) frame(f frame) Reason {
	if f.magic < 2 && f.base < d.next {
		return "" // its offset is that of its last record
	}
	if !f.intact() {
		if n := cut(f.rest); len(f.rest) > 0 && n.need == 0 && n.broken == "" && n.magic == 2 && n.base <= d.next {
			return "" // the caller has left it behind
		}
		return ReasonChecksum
	}
	before := len(d.recs)
	var reason Reason
	if f.magic == 2 {
		reason = d.batch(f)
	} else {
		reason = d.message(f)
	}
	if reason != "" {
		clear(d.recs[before:])
		d.recs = d.recs[:before]
	}
	return reason
}

// after is where to go on behind a batch that cannot be read.
func (d *decoder) after(f frame, reason Reason) int64 {
	next := d.next + 1
	switch {
	case f.broken != "":
	case f.magic < 2:
		next = f.base + 1
	case reason == ReasonChecksum:
		// The last offset is part of what is corrupt. The batch behind tells better; else two fields that agree.
		h := parseHeader(f)
		if n := cut(f.rest); len(f.rest) > 0 && n.need == 0 && n.broken == "" && n.magic == 2 && n.intact() {
			next = n.base
		} else if h.lastDelta >= 0 && h.count == int(h.lastDelta)+1 {
			next = h.last() + 1
		}
	default:
		if h := parseHeader(f); h.lastDelta >= 0 {
			next = h.last() + 1
		}
	}
	return max(next, d.next+1)
}

type header struct {
	base              int64
	attributes        int16
	lastDelta         int32
	baseTime, maxTime int64
	producer          int64
	count             int
}

func parseHeader(f frame) header {
	be := binary.BigEndian
	return header{
		base:       f.base,
		attributes: int16(be.Uint16(f.b[atAttributes:])),
		lastDelta:  int32(be.Uint32(f.b[atLastDelta:])),
		baseTime:   int64(be.Uint64(f.b[atBaseTime:])),
		maxTime:    int64(be.Uint64(f.b[atMaxTime:])),
		producer:   int64(be.Uint64(f.b[atProducer:])),
		count:      int(int32(be.Uint32(f.b[atCount:]))),
	}
}

func (h *header) last() int64 { return h.base + int64(h.lastDelta) }

func (d *decoder) batch(f frame) Reason {
	h := parseHeader(f)
	if h.lastDelta < 0 {
		return ReasonFrame
	}
	body := f.b[headerSize:]
	skip, reason := d.tx.skip(&h, body)
	if reason != "" {
		return reason
	}
	if h.last() < d.next {
		return ""
	}
	if !skip {
		var reason Reason
		if body, reason = d.open(Codec(h.attributes&attrCodec), body, 2); reason != "" {
			return reason
		}
		if reason = d.body(&h, body); reason != "" {
			return reason
		}
	}
	d.next = h.last() + 1
	return ""
}

// open decompresses within what the limit leaves.
func (d *decoder) open(c Codec, body []byte, magic byte) ([]byte, Reason) {
	if c == None {
		return body, ""
	}
	out, reason := d.inflate(c, body, d.lim.MaxDecompressed-d.decompressed, magic)
	d.decompressed += len(out)
	if reason == ReasonLimit && d.decompressed > 0 {
		reason = stop
	}
	return out, reason
}

// room says whether n more records can be read.
func (d *decoder) room(n int) Reason {
	if n <= d.lim.MaxRecords-d.records {
		d.records += n
		return ""
	}
	if d.records > 0 {
		return stop
	}
	return ReasonLimit
}

func (d *decoder) body(h *header, body []byte) Reason {
	if h.count < 0 || h.count > len(body)/minRecord {
		return ReasonRecord
	}
	if reason := d.room(h.count); reason != "" {
		return reason
	}
	d.recs = slices.Grow(d.recs, h.count)
	first := len(d.recs)
	defer d.dropHeaders()
	c := cursor{b: body}
	delta := int64(-1)
	headersBefore := d.headerCount
	for range h.count {
		var r Record
		at, reason := d.record(&r, c.take(c.varint()), h)
		if c.bad || reason == "" && (at <= delta || at > int64(h.lastDelta)) {
			reason = ReasonRecord
		}
		if reason != "" {
			if reason == ReasonLimit && headersBefore > 0 {
				reason = stop
			}
			return reason
		}
		delta = at
		if r.Offset >= d.next {
			d.recs = append(d.recs, r)
		}
	}
	if len(c.b) > 0 {
		return ReasonRecord
	}
	ownHeaders(d.recs[first:])
	return ""
}

// record reads one record and tells how far it is from the base offset.
func (d *decoder) record(r *Record, b []byte, h *header) (delta int64, reason Reason) {
	c := cursor{b: b}
	c.take(1) // attributes, of which none is in use
	r.Timestamp = h.baseTime + c.varint()
	if h.attributes&attrAppendTime != 0 {
		r.Timestamp, r.Append = h.maxTime, true
	}
	delta = c.varint()
	r.Offset = h.base + delta
	r.Key = c.bytes()
	r.Value = c.bytes()
	n := c.varint()
	if c.bad || n < 0 || n > int64(len(c.b)/minHeader) {
		return 0, ReasonRecord
	}
	if n > 0 {
		if int(n) > d.lim.MaxHeaders-d.headerCount {
			return 0, ReasonLimit
		}
		d.headerCount += int(n)
		r.Headers = d.readHeaders(&c, int(n))
	}
	if c.bad || len(c.b) > 0 {
		return 0, ReasonRecord
	}
	return delta, ""
}

// ownHeaders moves the headers of recs out of the scratch memory, all into one slice.
func ownHeaders(recs []Record) {
	n := 0
	for i := range recs {
		n += len(recs[i].Headers)
	}
	if n == 0 {
		return
	}
	slab := make([]Header, 0, n)
	for i := range recs {
		if r := &recs[i]; len(r.Headers) > 0 {
			at := len(slab)
			slab = append(slab, r.Headers...)
			r.Headers = slab[at:len(slab):len(slab)]
		}
	}
}

// transactions knows which producers are, at the batch being read, within a transaction that was rolled back.
type transactions struct {
	pending []Aborted // by first offset
	open    map[int64]struct{}
}

func (t *transactions) start(aborted []Aborted) {
	if len(aborted) > 0 {
		t.open = make(map[int64]struct{}, 1)
		t.pending = slices.SortedFunc(slices.Values(aborted), func(a, b Aborted) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	}
}

// skip tells whether nothing of the batch is to be delivered.
func (t *transactions) skip(h *header, body []byte) (bool, Reason) {
	for len(t.pending) > 0 && t.pending[0].FirstOffset <= h.last() {
		t.open[t.pending[0].ProducerID] = struct{}{}
		t.pending = t.pending[1:]
	}
	if h.attributes&attrControl == 0 {
		_, open := t.open[h.producer]
		return open && h.attributes&attrTx != 0, ""
	}
	if _, open := t.open[h.producer]; open {
		// A marker that is missed would hide committed records.
		abort, ok := isAbort(body)
		if !ok {
			return false, ReasonRecord
		}
		if abort {
			delete(t.open, h.producer)
		}
	}
	return true, ""
}

// isAbort reads the key of a control record: a version and a type, of which 0 is abort and 1 commit.
func isAbort(body []byte) (abort, ok bool) {
	c := cursor{b: body}
	c = cursor{b: c.take(c.varint())}
	c.take(1)
	c.varint()
	c.varint()
	key := c.bytes()
	if c.bad || len(key) < 4 {
		return false, false
	}
	return binary.BigEndian.Uint16(key[2:]) == 0, true
}

// cursor reads from the front of b. What it cannot read makes it bad, and empty.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() { c.b, c.bad = nil, true }

func (c *cursor) varint() int64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		u := c.b[0]
		c.b = c.b[1:]
		return int64(u>>1) ^ -int64(u&1)
	}
	u, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return u
}

func (c *cursor) take(n int64) []byte {
	if n < 0 || n > int64(len(c.b)) {
		c.fail()
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// bytes reads a length and as many bytes; any negative length is null, as it is to Kafka's own clients.
func (c *cursor) bytes() []byte {
	n := c.varint()
	if n < 0 {
		return nil
	}
	return c.take(n)
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) int32() int32 {
	if b := c.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if b := c.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}
