package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// A segment's plaintext is rows, each a length and so many bytes. The first row is the head: the archive's id and the
// segment's name. Inside a row numbers are varints and strings have their length before them.

// maxRow bounds what a row may claim to be long: a sealed value is that of one attribute.
const maxRow = 64 << 20

func appendString[S ~string | ~[]byte](dst []byte, s S) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendRecord(dst []byte, r *store.Record) []byte {
	dst = appendString(dst, r.Token)
	dst = appendString(dst, r.Scope)
	dst = append(dst, r.Session[:]...)
	dst = binary.AppendVarint(dst, r.Expires.Unix())
	return appendString(dst, r.Sealed)
}

func appendTombstone(dst []byte, t *store.Tombstone) []byte {
	return binary.AppendVarint(appendString(dst, t.Token), t.Expires.Unix())
}

func appendSession(dst []byte, n *store.Session) []byte {
	dst = append(dst, n.ID[:]...)
	dst = binary.AppendUvarint(dst, uint64(n.Kid))
	dst = binary.AppendUvarint(dst, uint64(n.Suite))
	dst = binary.AppendVarint(dst, n.Expires.Unix())
	return appendString(dst, n.Enc)
}

// row is what is left of a row to be read. After a fault all it reads is zero.
type row struct {
	rest []byte
	bad  bool
}

func (r *row) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *row) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *row) time() time.Time {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad = true
		return time.Time{}
	}
	r.take(uint64(n))
	return time.Unix(v, 0).UTC()
}

func (r *row) id() (id [16]byte) {
	copy(id[:], r.take(16))
	return id
}

func (r *row) bytes() []byte  { return r.take(r.uvarint()) }
func (r *row) string() string { return string(r.bytes()) }

var errRow = fmt.Errorf("%w: a row does not read", ErrDamaged)

func (r *row) end() error {
	if r.bad || len(r.rest) > 0 {
		return errRow
	}
	return nil
}

func parseRecord(b []byte) (store.Record, error) {
	r := row{rest: b}
	out := store.Record{Token: r.string(), Scope: r.string(), Session: r.id(), Expires: r.time(), Sealed: r.bytes()}
	parsed, err := token.Parse(out.Token)
	if err != nil {
		return store.Record{}, errRow
	}
	out.Kid = parsed.Kid
	return out, r.end()
}

func parseTombstone(b []byte) (store.Tombstone, error) {
	r := row{rest: b}
	return store.Tombstone{Token: r.string(), Expires: r.time()}, r.end()
}

func parseSession(b []byte) (store.Session, error) {
	r := row{rest: b}
	out := store.Session{ID: r.id()}
	kid, suite := r.uvarint(), r.uvarint()
	if kid >= uint64(token.Kids) || suite > 1<<32-1 {
		return store.Session{}, errRow
	}
	out.Kid, out.Suite, out.Expires, out.Enc = token.Kid(kid), uint32(suite), r.time(), r.bytes()
	return out, r.end()
}

// readRow reads the next row; io.EOF after the last one. It is the caller's to keep.
func readRow(r *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err // io.EOF before the first byte, io.ErrUnexpectedEOF after it
	}
	if n > maxRow {
		return nil, errRow
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b, nil
}
