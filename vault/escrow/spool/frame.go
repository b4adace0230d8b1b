package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// A segment is a file of fileMagic and frames. A frame is:
//
//	frameMagic (4 bytes) | length of the payload (4, big-endian) | CRC-32C of length and payload (4) | payload
//
// The magic is what a reader looks for behind damage. The payload of a session is frameSession and an EscrowSession in
// protobuf; that of records is frameRecords, when they were written (8 bytes, Unix nanoseconds), the session's id (16),
// their expiry (8, Unix seconds), and for each record
//
//	length of the token (2) | token | length of the sealed value (4) | sealed value
//
// A session stands before its records, and again after every repeatSession bytes, so that damage to one copy costs no
// more than that copy.
const (
	fileMagic    = "ckspool\x01"
	frameMagic   = "\xc7CKf"
	frameHeader  = len(frameMagic) + 4 + 4
	frameSession = 1
	frameRecords = 2

	recordsHeader = 1 + 8 + 16 + 8
	// maxPayload bounds what a damaged length can claim. A frame is closed at closePayload; only one value that is
	// longer makes a longer one.
	maxPayload    = 256 << 20
	closePayload  = 256 << 10
	repeatSession = 64 << 10
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errRequest = errors.New("a record without its session, or beyond what a frame can hold")
)

// part is the records of one session on their way into the file.
type part struct {
	session *vaultpb.EscrowSession
	frames  []byte
	records int
}

// encode turns a request into frames. The bytes of the parts and of their sessions are at most size.
func encode(r *vaultpb.EscrowRequest, now time.Time) (parts []part, size int64, err error) {
	for n := 0; n < len(r.Records); {
		first := r.Records[n]
		if int(first.Session) >= len(r.Sessions) || len(r.Sessions[first.Session].GetId()) != 16 {
			return nil, 0, errRequest
		}
		p := part{session: r.Sessions[first.Session], frames: make([]byte, 0, encodedSize(r.Records[n:]))}
		for n < len(r.Records) && r.Records[n].Session == first.Session {
			var took int
			if p.frames, took, err = appendRecords(p.frames, p.session.Id, r.Records[n:], now); err != nil {
				return nil, 0, err
			}
			n += took
			p.records += took
		}
		size += int64(len(p.frames)) + sessionSize(p.session)*int64(1+len(p.frames)/repeatSession)
		parts = append(parts, p)
	}
	return parts, size, nil
}

func encodedSize(records []*vaultpb.EscrowRecord) (n int) {
	for _, r := range records {
		n += 2 + len(r.Token) + 4 + len(r.Sealed)
	}
	return n + (1+n/closePayload)*(frameHeader+recordsHeader)
}

func sessionSize(s *vaultpb.EscrowSession) int64 { return int64(frameHeader + 1 + proto.Size(s)) }

// appendRecords appends one frame of the records that share the first one's session and expiry, and says how many.
func appendRecords(dst, id []byte, records []*vaultpb.EscrowRecord, now time.Time) (out []byte, took int, err error) {
	start := len(dst)
	dst = append(dst, frameMagic...)
	dst = append(dst, make([]byte, 8)...)
	dst = append(dst, frameRecords)
	dst = binary.BigEndian.AppendUint64(dst, uint64(now.UnixNano()))
	dst = append(dst, id...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(records[0].ExpiresUnix))
	for _, r := range records {
		if r.Session != records[0].Session || r.ExpiresUnix != records[0].ExpiresUnix || len(dst)-start > closePayload {
			break
		}
		if len(r.Token) > 1<<16-1 || len(r.Sealed) > maxPayload/2 {
			return dst[:start], 0, errRequest
		}
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(r.Token)))
		dst = append(dst, r.Token...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Sealed)))
		dst = append(dst, r.Sealed...)
		took++
	}
	closeFrame(dst[start:])
	return dst, took, nil
}

func appendSession(dst []byte, s *vaultpb.EscrowSession) ([]byte, error) {
	start := len(dst)
	dst = append(dst, frameMagic...)
	dst = append(dst, make([]byte, 8)...)
	dst = append(dst, frameSession)
	dst, err := proto.MarshalOptions{}.MarshalAppend(dst, s)
	if err != nil {
		return dst[:start], err
	}
	closeFrame(dst[start:])
	return dst, nil
}

// closeFrame writes length and checksum of a frame that is complete.
func closeFrame(f []byte) {
	payload := f[frameHeader:]
	binary.BigEndian.PutUint32(f[len(frameMagic):], uint32(len(payload)))
	sum := crc32.Update(0, castagnoli, f[len(frameMagic):len(frameMagic)+4])
	binary.BigEndian.PutUint32(f[len(frameMagic)+4:], crc32.Update(sum, castagnoli, payload))
}

// frameAt returns the payload of the frame that b starts with, or nil.
func frameAt(b []byte) (payload []byte) {
	if len(b) < frameHeader+1 || string(b[:len(frameMagic)]) != frameMagic {
		return nil
	}
	n := binary.BigEndian.Uint32(b[len(frameMagic):])
	if n == 0 || n > maxPayload || int64(n) > int64(len(b)-frameHeader) {
		return nil
	}
	payload = b[frameHeader : frameHeader+int(n)]
	sum := crc32.Update(0, castagnoli, b[len(frameMagic):len(frameMagic)+4])
	if crc32.Update(sum, castagnoli, payload) != binary.BigEndian.Uint32(b[len(frameMagic)+4:]) {
		return nil
	}
	return payload
}

// frames calls frame for every whole frame of b, and damaged for what lies between them. It returns where the last
// whole frame ends: what follows is torn, or damaged at its end.
func frames(b []byte, frame func(at int, payload []byte), damaged func(from, to int)) (end int) {
	for at := 0; at < len(b); {
		if p := frameAt(b[at:]); p != nil {
			if at > end {
				damaged(end, at)
			}
			frame(at, p)
			at += frameHeader + len(p)
			end = at
			continue
		}
		next := bytes.Index(b[at+1:], []byte(frameMagic))
		if next < 0 {
			break
		}
		at += 1 + next
	}
	return end
}

// item is one record that was read. Its slices are views into what was read.
type item struct {
	session *vaultpb.EscrowSession
	written int64
	expires int64
	token   []byte
	sealed  []byte
}

// records calls each for the records of a payload, and reports whether the payload is of the form above.
func records(payload []byte, sessions map[[16]byte]*vaultpb.EscrowSession, each func(item)) (known, ok bool) {
	if len(payload) < recordsHeader {
		return false, false
	}
	it := item{written: int64(binary.BigEndian.Uint64(payload[1:])), expires: int64(binary.BigEndian.Uint64(payload[25:]))}
	it.session, known = sessions[[16]byte(payload[9:25])], true
	if it.session == nil {
		known = false
	}
	for b := payload[recordsHeader:]; len(b) > 0; {
		var n int
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return known, false
		}
		n = int(binary.BigEndian.Uint16(b))
		it.token, b = b[2:2+n], b[2+n:]
		if len(b) < 4 || int64(len(b)-4) < int64(binary.BigEndian.Uint32(b)) {
			return known, false
		}
		n = int(binary.BigEndian.Uint32(b))
		it.sealed, b = b[4:4+n], b[4+n:]
		each(it)
	}
	return known, true
}

func readSession(payload []byte) *vaultpb.EscrowSession {
	s := new(vaultpb.EscrowSession)
	if proto.Unmarshal(payload[1:], s) != nil || len(s.Id) != 16 {
		return nil
	}
	return s
}
