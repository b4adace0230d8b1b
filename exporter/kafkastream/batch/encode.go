package batch

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Overhead is the size of a batch of format 2 without its records, in bytes.
const Overhead = headerSize

// Size is the most bytes the record takes in a batch that is not compressed.
func (r *Record) Size() int {
	return bodySize(r, math.MaxInt64, math.MaxInt32) + binary.MaxVarintLen32
}

// Encode appends one batch of format 2 that holds recs in their order, ready to be produced. Offset and Append are not written:
// offsets are the broker's to give, and so is the time where the topic says so. A batch that the codec makes no smaller is not
// compressed. No records make no batch.
func Encode(dst []byte, recs []Record, codec Codec) []byte {
	if len(recs) == 0 {
		return dst
	}
	if int(codec) >= len(codecNames) {
		panic("batch: " + codec.String() + " is not known")
	}
	at := len(dst)
	dst = append(dst, make([]byte, headerSize)...)
	first, latest := recs[0].Timestamp, recs[0].Timestamp
	for i := range recs {
		latest = max(latest, recs[i].Timestamp)
		dst = appendRecord(dst, &recs[i], recs[i].Timestamp-first, int64(i))
	}
	dst, compressed := deflate(dst, at+headerSize, codec)
	if !compressed {
		codec = None
	}
	b := dst[at:]
	if len(b) > math.MaxInt32 {
		panic("batch: more than 2 GiB of records")
	}
	be := binary.BigEndian
	be.PutUint32(b[atLength:], uint32(len(b)-lengthPrefix))
	be.PutUint32(b[lengthPrefix:], math.MaxUint32) // the leader's epoch is the broker's to set
	b[atMagic] = 2
	be.PutUint16(b[atAttributes:], uint16(codec))
	be.PutUint32(b[atLastDelta:], uint32(len(recs)-1))
	be.PutUint64(b[atBaseTime:], uint64(first))
	be.PutUint64(b[atMaxTime:], uint64(latest))
	copy(b[atProducer:atCount], noProducer[:])
	be.PutUint32(b[atCount:], uint32(len(recs)))
	be.PutUint32(b[atChecksum:], crc32.Checksum(b[atAttributes:], castagnoli))
	return dst
}

// noProducer is -1 for each of producer id, producer epoch and base sequence.
var noProducer = [atCount - atProducer]byte(bytes.Repeat([]byte{0xff}, atCount-atProducer))

func appendRecord(dst []byte, r *Record, time, offset int64) []byte {
	dst = binary.AppendVarint(dst, int64(bodySize(r, time, offset)))
	dst = append(dst, 0)
	dst = binary.AppendVarint(dst, time)
	dst = binary.AppendVarint(dst, offset)
	dst = appendBytes(dst, r.Key)
	dst = appendBytes(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendBytes(dst, h.Value)
	}
	return dst
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	dst = binary.AppendVarint(dst, int64(len(b)))
	return append(dst, b...)
}

func bodySize(r *Record, time, offset int64) int {
	n := 1 + varintSize(time) + varintSize(offset) + bytesSize(r.Key) + bytesSize(r.Value) + varintSize(int64(len(r.Headers)))
	for i := range r.Headers {
		h := &r.Headers[i]
		n += varintSize(int64(len(h.Key))) + len(h.Key) + bytesSize(h.Value)
	}
	return n
}

func bytesSize(b []byte) int {
	if b == nil {
		return 1
	}
	return varintSize(int64(len(b))) + len(b)
}

func varintSize(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	return (bits.Len64(u|1) + 6) / 7
}

// deflater holds compressors and memory to compress into.
type deflater struct {
	out  bytes.Buffer
	gzip *gzip.Writer
	lz4  *lz4.Writer
	zstd *zstd.Encoder
}

var deflaters = sync.Pool{New: func() any { return new(deflater) }}

// deflate compresses b from the offset on, in place, unless that makes it no smaller.
func deflate(b []byte, at int, codec Codec) ([]byte, bool) {
	if codec == None {
		return b, false
	}
	z := deflaters.Get().(*deflater)
	defer func() {
		if z.out.Cap() <= keep {
			deflaters.Put(z)
		}
	}()
	z.out.Reset()
	if err := z.write(b[at:], codec); err != nil {
		panic("batch: " + codec.String() + " failed to compress into memory: " + err.Error())
	}
	if z.out.Len() >= len(b)-at {
		return b, false
	}
	return append(b[:at], z.out.Bytes()...), true
}

func (z *deflater) write(b []byte, codec Codec) (err error) {
	switch codec {
	case Gzip:
		if z.gzip == nil {
			z.gzip = gzip.NewWriter(nil)
		}
		z.gzip.Reset(&z.out)
		if _, err = z.gzip.Write(b); err != nil {
			return err
		}
		return z.gzip.Close()
	case Snappy:
		z.out.Grow(snappy.MaxEncodedLen(len(b)))
		out := z.out.AvailableBuffer()
		_, err = z.out.Write(snappy.Encode(out[:cap(out)], b))
		return err
	case LZ4:
		if z.lz4 == nil {
			z.lz4 = lz4.NewWriter(nil)
			// Kafka's own reader takes no blocks that depend on each other, which is the default here.
			if err = z.lz4.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1)); err != nil {
				return err
			}
		}
		z.lz4.Reset(&z.out)
		if _, err = z.lz4.Write(b); err != nil {
			return err
		}
		return z.lz4.Close()
	default:
		if z.zstd == nil {
			if z.zstd, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)); err != nil {
				return err
			}
		}
		z.out.Grow(len(b))
		out := z.zstd.EncodeAll(b, z.out.AvailableBuffer())
		_, err = z.out.Write(out)
		return err
	}
}
