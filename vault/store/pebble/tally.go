package pebble

import (
	"encoding/binary"
	"errors"
	"io"
	"math"

	"github.com/cockroachdb/pebble/v2"
)

// tally says what is stored under one kid. Every batch merges its difference into the kid's row, so counts are exact
// after any crash, and batches commute: no lock orders them.
type tally struct {
	records, tombstones int64
	// first and last bound the expiry, in Unix seconds, of everything ever stored under the kid.
	first, last int64
}

const tallySize = 4 * 8

var errTally = errors.New("damaged tally row")

func emptyTally() tally { return tally{first: math.MaxInt64, last: math.MinInt64} }

func (t *tally) expiry(unix int64) {
	t.first, t.last = min(t.first, unix), max(t.last, unix)
}

func (t *tally) add(o tally) {
	t.records += o.records
	t.tombstones += o.tombstones
	t.first, t.last = min(t.first, o.first), max(t.last, o.last)
}

func (t tally) append(dst []byte) []byte {
	for _, v := range [...]int64{t.records, t.tombstones, t.first, t.last} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(v))
	}
	return dst
}

func parseTally(b []byte) (tally, error) {
	if len(b) != tallySize {
		return tally{}, errTally
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) }
	return tally{at(0), at(1), at(2), at(3)}, nil
}

// tallyMerger adds tallies up. Its name is written into the directory: another meaning needs another name.
var tallyMerger = &pebble.Merger{
	Name: "cloakroom.tally.v1",
	Merge: func(_, value []byte) (pebble.ValueMerger, error) {
		t, err := parseTally(value)
		return &tallyMerge{t}, err
	},
}

type tallyMerge struct{ sum tally }

func (m *tallyMerge) MergeNewer(value []byte) error {
	t, err := parseTally(value)
	m.sum.add(t)
	return err
}

func (m *tallyMerge) MergeOlder(value []byte) error { return m.MergeNewer(value) }

func (m *tallyMerge) Finish(bool) ([]byte, io.Closer, error) {
	return m.sum.append(make([]byte, 0, tallySize)), nil, nil
}
