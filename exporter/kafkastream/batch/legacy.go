package batch

import "encoding/binary"

// Formats 0 and 1, which logs older than Kafka 0.11 hold: each message stands alone, with an IEEE checksum, or has a
// whole set of messages compressed as its value. The offset of such a wrapper is that of its last message; the
// messages inside count from 0 in format 1 and have their own offsets in format 0.

const (
	minMessage       = lengthPrefix + 14 // checksum, magic, attributes and the lengths of key and value
	atOldAttributes  = 17
	atOldBody        = 18
	attrOldAppending = 0x08
)

// message reads one message of format 0 or 1 that is intact and not before the next offset.
func (d *decoder) message(f frame) Reason {
	r, codec, reason := readMessage(f)
	if reason != "" {
		return reason
	}
	if codec == None {
		if reason = d.room(1); reason != "" {
			return reason
		}
		d.recs = append(d.recs, r)
	} else if reason = d.wrapped(f, r, codec); reason != "" {
		return reason
	}
	d.next = f.base + 1
	return ""
}

// wrapped reads the messages inside of a message.
func (d *decoder) wrapped(f frame, outer Record, codec Codec) Reason {
	inner, reason := d.open(codec, outer.Value, f.magic)
	if reason != "" {
		return reason
	}
	n, last := 0, int64(0)
	for rest := inner; len(rest) > 0; n++ {
		m := cut(rest)
		if m.need > 0 || m.broken != "" || m.magic != f.magic || n > 0 && m.base <= last {
			return ReasonRecord
		}
		last, rest = m.base, m.rest
	}
	base := int64(0)
	if f.magic == 1 {
		base = f.base - last
	}
	if n == 0 || base < 0 || base+last > f.base {
		return ReasonRecord
	}
	if reason = d.room(n); reason != "" {
		return reason
	}
	for rest := inner; len(rest) > 0; {
		m := cut(rest)
		rest = m.rest
		if !m.intact() {
			return ReasonChecksum
		}
		r, codec, reason := readMessage(m)
		if reason != "" {
			return reason
		}
		if codec != None {
			return ReasonRecord
		}
		r.Offset += base
		if r.Append = outer.Append; r.Append {
			r.Timestamp = outer.Timestamp
		}
		if r.Offset >= d.next {
			d.recs = append(d.recs, r)
		}
	}
	return ""
}

func readMessage(f frame) (r Record, codec Codec, reason Reason) {
	attributes := f.b[atOldAttributes]
	c := cursor{b: f.b[atOldBody:]}
	r = Record{Offset: f.base, Timestamp: -1}
	if f.magic == 1 {
		r.Timestamp = c.int64()
		r.Append = attributes&attrOldAppending != 0
	}
	r.Key = c.oldBytes()
	r.Value = c.oldBytes()
	if c.bad || len(c.b) > 0 {
		return r, None, ReasonRecord
	}
	return r, Codec(attributes & attrCodec), ""
}

func (c *cursor) oldBytes() []byte {
	b := c.take(4)
	if b == nil {
		return nil
	}
	n := int32(binary.BigEndian.Uint32(b))
	if n < 0 {
		return nil
	}
	return c.take(int64(n))
}
