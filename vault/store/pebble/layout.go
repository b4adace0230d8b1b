package pebble

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// The rows. Each key begins with its table and the kid in 4 big-endian bytes, so that an epoch is one range per table
// and goes in one stroke.
//
//	k kid          tally, merged
//	r kid token    version, expires (Unix seconds), session id, scope with its length, sealed
//	s kid id       version, expires, suite, encapsulated key
//	x kid token    version, expires: a tombstone. A token has a record or a tombstone, never both
const (
	tallies    = 'k'
	records    = 'r'
	sessions   = 's'
	tombstones = 'x'

	rowVersion = 1
	keyHead    = 1 + 4
)

var errRow = errors.New("damaged row")

func appendHead(dst []byte, table byte, kid token.Kid) []byte {
	return binary.BigEndian.AppendUint32(append(dst, table), uint32(kid))
}

func key(table byte, kid token.Kid, rest string) []byte {
	return append(appendHead(make([]byte, 0, keyHead+len(rest)), table, kid), rest...)
}

func kidOf(key []byte) token.Kid { return token.Kid(binary.BigEndian.Uint32(key[1:])) }

// span is the range of one table that belongs to a kid, [lower, upper).
func span(table byte, kid token.Kid) (lower, upper []byte) {
	return key(table, kid, ""), key(table, kid+1, "")
}

func appendExpiry(dst []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(append(dst, rowVersion), uint64(at.Unix()))
}

// cutExpiry reads what appendExpiry wrote and returns what follows it.
func cutExpiry(row []byte) (unix int64, rest []byte, err error) {
	if len(row) < 9 || row[0] != rowVersion {
		return 0, nil, errRow
	}
	return int64(binary.BigEndian.Uint64(row[1:])), row[9:], nil
}

func appendRecord(dst []byte, r *store.Record) []byte {
	dst = append(appendExpiry(dst, r.Expires), r.Session[:]...)
	dst = binary.AppendUvarint(dst, uint64(len(r.Scope)))
	dst = append(dst, r.Scope...)
	return append(dst, r.Sealed...)
}

// parseRecord reads a row of the records table. Sealed is a view into row.
func parseRecord(key, row []byte) (store.Record, error) {
	unix, rest, err := cutExpiry(row)
	if err != nil || len(rest) < 16 || len(key) < keyHead {
		return store.Record{}, errRow
	}
	r := store.Record{Token: string(key[keyHead:]), Kid: kidOf(key), Expires: time.Unix(unix, 0).UTC()}
	rest = rest[copy(r.Session[:], rest):]
	n, size := binary.Uvarint(rest)
	if size <= 0 || n > uint64(len(rest)-size) {
		return store.Record{}, errRow
	}
	r.Scope, r.Sealed = string(rest[size:size+int(n)]), rest[size+int(n):]
	return r, nil
}

func appendSession(dst []byte, s *store.Session) []byte {
	dst = binary.BigEndian.AppendUint32(appendExpiry(dst, s.Expires), s.Suite)
	return append(dst, s.Enc...)
}

// parseSession reads a row of the sessions table. Enc is a view into row.
func parseSession(id [16]byte, kid token.Kid, row []byte) (store.Session, error) {
	unix, rest, err := cutExpiry(row)
	if err != nil || len(rest) < 4 {
		return store.Session{}, errRow
	}
	return store.Session{
		ID: id, Kid: kid, Suite: binary.BigEndian.Uint32(rest), Enc: rest[4:], Expires: time.Unix(unix, 0).UTC(),
	}, nil
}

func parseTombstone(key, row []byte) (store.Tombstone, error) {
	unix, _, err := cutExpiry(row)
	if err != nil || len(key) < keyHead {
		return store.Tombstone{}, errRow
	}
	return store.Tombstone{Token: string(key[keyHead:]), Expires: time.Unix(unix, 0).UTC()}, nil
}

// row is one row to be put if absent, copied out of what the caller gave.
type row struct {
	kid     token.Kid
	key     []byte
	value   []byte
	expires int64
	stripe  uint
	at      int // in what the caller gave
}

// plan holds rows in one arena; rows of records and tombstones lock the stripe of their token.
type plan struct {
	arena   []byte
	rows    []row
	stripes uint64 // set of stripes
}

var stripeSeed = maphash.MakeSeed()

func stripeOf(tok string) uint { return uint(maphash.String(stripeSeed, tok) % numStripes) }

// add appends a row whose value is what encode appends.
func (p *plan) add(table byte, kid token.Kid, id string, expires time.Time, encode func([]byte) []byte) {
	start := len(p.arena)
	p.arena = append(appendHead(p.arena, table, kid), id...)
	mid := len(p.arena)
	p.arena = encode(p.arena)
	r := row{kid: kid, key: p.arena[start:mid:mid], value: p.arena[mid:len(p.arena):len(p.arena)], expires: expires.Unix(), at: len(p.rows)}
	r.stripe = stripeOf(id)
	p.stripes |= 1 << r.stripe
	p.rows = append(p.rows, r)
}

func planPut(ns []store.Session, rs []store.Record) *plan {
	size := 0
	for i := range ns {
		size += keyHead + 32 + len(ns[i].Enc)
	}
	for i := range rs {
		size += keyHead + 40 + len(rs[i].Token) + len(rs[i].Scope) + len(rs[i].Sealed)
	}
	p := &plan{arena: make([]byte, 0, size), rows: make([]row, 0, len(ns)+len(rs))}
	for i := range ns {
		n := &ns[i]
		p.add(sessions, n.Kid, string(n.ID[:]), n.Expires, func(dst []byte) []byte { return appendSession(dst, n) })
	}
	for i := range rs {
		r := &rs[i]
		p.add(records, r.Kid, r.Token, r.Expires, func(dst []byte) []byte { return appendRecord(dst, r) })
	}
	// Look-ups and inserts in the order of the keys start where the one before ended. Tokens are in no order of their own.
	slices.SortFunc(p.rows, func(a, b row) int { return cmp.Or(bytes.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) })
	return p
}

func planDelete(ts []store.Tombstone) (*plan, error) {
	p := &plan{rows: make([]row, 0, len(ts))}
	for i, t := range ts {
		parsed, err := token.Parse(t.Token)
		if err != nil || t.Expires.IsZero() {
			return nil, fmt.Errorf("%w: tombstone %d is not one of a token or lacks its expiry", store.ErrInvalid, i)
		}
		p.add(tombstones, parsed.Kid, t.Token, t.Expires, func(dst []byte) []byte { return appendExpiry(dst, t.Expires) })
	}
	return p, nil
}
