package batch_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// wire is a batch of format 2 written field by field, also where no producer would write it so.
type wire struct {
	base       int64
	last       int32
	attributes int16
	baseTime   int64
	maxTime    int64
	producer   int64
	count      int32
	body       []byte
}

func (w wire) bytes() []byte {
	be := binary.BigEndian
	b := be.AppendUint64(nil, uint64(w.base))
	b = be.AppendUint32(b, uint32(49+len(w.body)))
	b = be.AppendUint32(b, 3)
	b = append(b, 2, 0, 0, 0, 0)
	b = be.AppendUint16(b, uint16(w.attributes))
	b = be.AppendUint32(b, uint32(w.last))
	b = be.AppendUint64(b, uint64(w.baseTime))
	b = be.AppendUint64(b, uint64(w.maxTime))
	b = be.AppendUint64(b, uint64(w.producer))
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = be.AppendUint32(b, uint32(w.count))
	return seal(append(b, w.body...))
}

// seal writes the checksum of one batch of any format that its bytes ask for.
func seal(b []byte) []byte {
	if b[16] == 2 {
		binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	} else {
		binary.BigEndian.PutUint32(b[12:], crc32.ChecksumIEEE(b[16:]))
	}
	return b
}

// plain is a batch of n records of which the value is the offset; those of which keep says no were compacted away.
func plain(base int64, n int, keep func(int) bool) wire {
	w := wire{base: base, last: int32(n - 1), baseTime: 1000, maxTime: 5000, producer: -1}
	for i := range n {
		if keep == nil || keep(i) {
			w.count++
			w.body = appendWire(w.body, 0, int64(i), int64(i), nil, []byte{byte(base) + byte(i)}, 0)
		}
	}
	return w
}

func plainRecords(base int64, n int, keep func(int) bool) (recs []batch.Record) {
	for i := range n {
		if keep == nil || keep(i) {
			recs = append(recs, batch.Record{Offset: base + int64(i), Timestamp: 1000 + int64(i), Value: []byte{byte(base) + byte(i)}})
		}
	}
	return recs
}

// appendWire writes a record with its length off by so many, and the count of headers with nothing behind it.
func appendWire(dst []byte, off int, time, delta int64, key, value []byte, headers int64, tail ...byte) []byte {
	put := func(b, v []byte) []byte {
		if v == nil {
			return binary.AppendVarint(b, -1)
		}
		return append(binary.AppendVarint(b, int64(len(v))), v...)
	}
	b := binary.AppendVarint([]byte{0}, time)
	b = binary.AppendVarint(b, delta)
	b = put(put(b, key), value)
	b = append(binary.AppendVarint(b, headers), tail...)
	return append(binary.AppendVarint(dst, int64(len(b)+off)), b...)
}

// transactional makes the batch one of a producer's transaction.
func (w wire) transactional(producer int64) wire {
	w.attributes |= 0x10
	w.producer = producer
	return w
}

// marker ends the transaction of a producer.
func marker(offset, producer int64, commit bool) []byte {
	key := []byte{0, 0, 0, 0}
	if commit {
		key[3] = 1
	}
	w := wire{base: offset, attributes: 0x30, producer: producer, count: 1}
	w.body = appendWire(nil, 0, 0, 0, key, []byte{0, 0, 0, 0, 0, 0}, 0)
	return w.bytes()
}

// message is one message of format 0 or 1.
type message struct {
	offset     int64
	magic      byte
	attributes byte
	time       int64
	key, value []byte
}

func (m message) bytes() []byte {
	be := binary.BigEndian
	put := func(b, v []byte) []byte {
		if v == nil {
			return be.AppendUint32(b, 1<<32-1)
		}
		return append(be.AppendUint32(b, uint32(len(v))), v...)
	}
	b := []byte{0, 0, 0, 0, m.magic, m.attributes}
	if m.magic == 1 {
		b = be.AppendUint64(b, uint64(m.time))
	}
	b = put(put(b, m.key), m.value)
	return seal(append(be.AppendUint32(be.AppendUint64(nil, uint64(m.offset)), uint32(len(b))), b...))
}

func join(sets ...[]byte) []byte { return bytes.Join(sets, nil) }

// squeeze compresses as clients do that are not this package.
func squeeze(t testing.TB, codec batch.Codec, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var err error
	switch codec {
	case batch.Gzip:
		w := gzip.NewWriter(&out)
		_, err = w.Write(b)
		err = errors.Join(err, w.Close())
	case batch.Snappy:
		return snappy.Encode(nil, b)
	case batch.LZ4:
		w := lz4.NewWriter(&out)
		_, err = w.Write(b)
		err = errors.Join(err, w.Close())
	case batch.Zstd:
		var w *zstd.Encoder
		if w, err = zstd.NewWriter(&out, zstd.WithWindowSize(8<<20)); err == nil {
			_, err = w.Write(b)
			err = errors.Join(err, w.Close())
		}
	default:
		return b
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// xerial frames snappy blocks as Java does.
func xerial(b []byte, block int) []byte {
	out := []byte("\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01")
	for len(b) > 0 {
		n := min(block, len(b))
		s := snappy.Encode(nil, b[:n])
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(s))), s...)
		b = b[n:]
	}
	return out
}

// franzReads is what franz-go makes of a record set: the second opinion.
func franzReads(set []byte, from int64, aborted []batch.Aborted) ([]batch.Record, int64, error) {
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches, p.HighWatermark, p.LastStableOffset = set, 1<<40, 1<<40
	for _, a := range aborted {
		p.AbortedTransactions = append(p.AbortedTransactions, kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: a.ProducerID, FirstOffset: a.FirstOffset})
	}
	fp, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: from, IsolationLevel: kgo.ReadCommitted()}, &p, kgo.DefaultDecompressor(), nil)
	var recs []batch.Record
	for _, k := range fp.Records {
		r := batch.Record{Offset: k.Offset, Timestamp: k.Timestamp.UnixMilli(), Append: k.Attrs.TimestampType() == 1, Key: k.Key, Value: k.Value}
		if k.Timestamp.IsZero() {
			r.Timestamp = -1
		}
		for _, h := range k.Headers {
			r.Headers = append(r.Headers, batch.Header{Key: h.Key, Value: h.Value})
		}
		recs = append(recs, r)
	}
	return recs, next, fp.Err
}
