package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is how the records of a batch are compressed.
type Codec uint8

// The codecs, numbered as in the attributes of a batch.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var codecNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return fmt.Sprintf("codec %d", uint8(c))
}

// UnmarshalText takes the names that Kafka's compression.type has.
func (c *Codec) UnmarshalText(text []byte) error {
	i := slices.Index(codecNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is none of the codecs %q", text, codecNames)
	}
	*c = Codec(i)
	return nil
}

// MarshalText gives the name that UnmarshalText takes.
func (c Codec) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// keep is the most memory a pooled inflater or deflater holds on to, in bytes.
const keep = 8 << 20

var (
	errLimit   = errors.New("more than the limit")
	errCorrupt = errors.New("corrupt")
)

// inflater holds what decoding needs besides its result: decompressors, and memory to decompress into and to collect headers in.
type inflater struct {
	scratch []byte
	headers []Header
	src     bytes.Reader
	gzip    *gzip.Reader
	zstd    *zstd.Decoder
	header  zstd.Header
	log     int // of the bound of what zstd decodes
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

func (z *inflater) release() {
	if cap(z.scratch) > keep {
		z.scratch = nil
	}
	if cap(z.headers)*40 > keep {
		z.headers = nil
	}
	inflaters.Put(z)
}

// inflate decompresses at most limit bytes of a batch of the format magic, into memory of their own.
func (z *inflater) inflate(c Codec, b []byte, limit int, magic byte) ([]byte, Reason) {
	var err error
	switch c {
	case Gzip:
		err = z.gunzip(b, limit)
	case Snappy:
		err = z.unsnap(b, limit)
	case LZ4:
		err = z.unlz4(b, limit)
	case Zstd:
		if magic < 2 {
			return nil, ReasonCodec
		}
		err = z.unzstd(b, limit)
	default:
		return nil, ReasonCodec
	}
	switch {
	case err == nil:
		return bytes.Clone(z.scratch), ""
	case errors.Is(err, errLimit):
		return nil, ReasonLimit
	default:
		return nil, ReasonInflate
	}
}

// space makes room for n more bytes behind the first used ones, without going beyond limit in all.
func (z *inflater) space(used, n, limit int) error {
	if n > limit-used {
		return errLimit
	}
	z.scratch = slices.Grow(z.scratch[:used], n)
	return nil
}

func (z *inflater) gunzip(b []byte, limit int) (err error) {
	z.src.Reset(b)
	defer z.src.Reset(nil)
	if z.gzip == nil {
		z.gzip, err = gzip.NewReader(&z.src)
	} else {
		err = z.gzip.Reset(&z.src)
	}
	if err != nil {
		z.gzip = nil
		return errCorrupt
	}
	z.scratch = z.scratch[:0]
	for {
		if len(z.scratch) == cap(z.scratch) {
			z.scratch = slices.Grow(z.scratch, max(4096, 4*len(b)))
		}
		room := min(cap(z.scratch), limit+1) - len(z.scratch)
		n, err := z.gzip.Read(z.scratch[len(z.scratch) : len(z.scratch)+room])
		z.scratch = z.scratch[:len(z.scratch)+n]
		switch {
		case len(z.scratch) > limit:
			return errLimit
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return errCorrupt
		}
	}
}

// xerial is how snappy-java begins its frames: then come a version, the oldest version that can read it, and blocks behind their lengths.
var xerial = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialSize = 16

func (z *inflater) unsnap(b []byte, limit int) error {
	z.scratch = z.scratch[:0]
	if !bytes.HasPrefix(b, xerial) {
		return z.unsnapBlock(b, limit)
	}
	if len(b) < xerialSize {
		return errCorrupt
	}
	c := cursor{b: b[xerialSize:]}
	for len(c.b) > 0 {
		block := c.take(int64(c.int32()))
		if c.bad {
			return errCorrupt
		}
		if err := z.unsnapBlock(block, limit); err != nil {
			return err
		}
	}
	return nil
}

func (z *inflater) unsnapBlock(b []byte, limit int) error {
	n, err := snappy.DecodedLen(b)
	// No element of snappy gives more than 64 bytes for 3.
	if err != nil || n > len(b)*22+64 {
		return errCorrupt
	}
	used := len(z.scratch)
	if err := z.space(used, n, limit); err != nil {
		return err
	}
	out, err := snappy.Decode(z.scratch[used:used+n], b)
	if err != nil || len(out) != n {
		return errCorrupt
	}
	z.scratch = z.scratch[:used+n]
	return nil
}

// The frame format of LZ4 (lz4_Frame_format.md), without its checksums: the checksum of the batch covers the same bytes, and
// the one of the frame's header was wrong in what clients older than 0.10 wrote (KAFKA-3160).
const (
	lz4Magic           = 0x184D2204
	lz4BlockChecksum   = 0x10
	lz4ContentSize     = 0x08
	lz4ContentChecksum = 0x04
	lz4Dictionary      = 0x01
	lz4Stored          = 1 << 31
	lz4Window          = 64 << 10
)

func (z *inflater) unlz4(b []byte, limit int) error {
	z.scratch = z.scratch[:0]
	c := cursor{b: b}
	for first := true; first || len(c.b) > 0; first = false {
		if err := z.unlz4Frame(&c, limit); err != nil {
			return err
		}
	}
	return nil
}

func (z *inflater) unlz4Frame(c *cursor, limit int) error {
	head := c.take(6)
	if head == nil || binary.LittleEndian.Uint32(head) != lz4Magic || head[4]>>6 != 1 || head[4]&lz4Dictionary != 0 {
		return errCorrupt
	}
	flags, sizeCode := head[4], head[5]>>4&7
	if sizeCode < 4 {
		return errCorrupt
	}
	blockMax := 1 << (8 + 2*sizeCode)
	if flags&lz4ContentSize != 0 {
		c.take(8)
	}
	c.take(1)
	start := len(z.scratch)
	for {
		word := c.take(4)
		if word == nil {
			return errCorrupt
		}
		size := binary.LittleEndian.Uint32(word)
		if size == 0 {
			break
		}
		block := c.take(int64(size &^ lz4Stored))
		if flags&lz4BlockChecksum != 0 {
			c.take(4)
		}
		if c.bad || len(block) > blockMax {
			return errCorrupt
		}
		if err := z.unlz4Block(block, start, blockMax, limit, size&lz4Stored != 0); err != nil {
			return err
		}
	}
	if flags&lz4ContentChecksum != 0 {
		c.take(4)
	}
	if c.bad {
		return errCorrupt
	}
	return nil
}

func (z *inflater) unlz4Block(block []byte, start, blockMax, limit int, stored bool) error {
	used := len(z.scratch)
	if stored {
		if err := z.space(used, len(block), limit); err != nil {
			return err
		}
		z.scratch = append(z.scratch, block...)
		return nil
	}
	// No byte of LZ4 gives more than 255.
	most := min(blockMax, 255*len(block))
	room := min(most, limit-used)
	if err := z.space(used, room, limit); err != nil {
		return err
	}
	n, err := lz4.UncompressBlockWithDict(block, z.scratch[used:used+room], z.scratch[max(start, used-lz4Window):used])
	if err != nil {
		if room < most {
			return errLimit
		}
		return errCorrupt
	}
	z.scratch = z.scratch[:used+n]
	return nil
}

const (
	zstdBlock    = 128 << 10 // the most a block holds
	zstdWindowAt = 5         // where a frame has its window's size, unless it has its content's in its place
)

func (z *inflater) unzstd(b []byte, limit int) (err error) {
	h := &z.header
	if err = h.Decode(b); err != nil {
		return errCorrupt
	}
	if h.HasFCS && h.FrameContentSize > uint64(max(limit, 0)) {
		return errLimit
	}
	// The decoder refuses a window beyond its bound even where there is less to fill it. No reference of a frame that
	// keeps to the limit reaches further back than the limit, so that a window as large is as good.
	log := bits.Len(uint(max(limit, zstdBlock) - 1))
	if bound := uint64(1) << log; h.WindowSize > bound && !h.SingleSegment {
		b = bytes.Clone(b)
		b[zstdWindowAt] = byte(log-10) << 3
	}
	if z.zstd == nil {
		z.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<log))
	} else if z.log != log {
		err = z.zstd.ResetWithOptions(nil, zstd.WithDecoderMaxMemory(1<<log))
	}
	if err != nil {
		return err
	}
	z.log = log
	out, err := z.zstd.DecodeAll(b, z.scratch[:0])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), err == nil && len(out) > limit:
		return errLimit
	case err != nil:
		return errCorrupt
	}
	z.scratch = out
	return nil
}

// readHeaders reads n headers into scratch memory. A name that the record before has in the same place is the same string.
func (d *decoder) readHeaders(c *cursor, n int) []Header {
	z := d.inflater
	at := len(z.headers)
	for range n {
		size := c.varint()
		if size < 0 {
			c.fail()
		}
		name := c.take(size)
		value := c.bytes()
		if c.bad {
			return nil
		}
		h := Header{Value: value}
		if i := len(z.headers) - n; i >= 0 && z.headers[i].Key == string(name) {
			h.Key = z.headers[i].Key
		} else {
			h.Key = string(name)
		}
		z.headers = append(z.headers, h)
	}
	return z.headers[at:len(z.headers):len(z.headers)]
}

func (d *decoder) dropHeaders() {
	clear(d.inflater.headers)
	d.inflater.headers = d.inflater.headers[:0]
}
