package token

import (
	"bytes"
	"encoding/binary"
	"unsafe"
)

// Record is one minted token and the canonical value it stands for. The slices are views into the batch, valid until
// it is reset.
type Record struct {
	Class     Class
	Kid       Kid
	Identity  Identity
	Token     []byte
	Canonical []byte
	// Pending: the token only stands in for one that the vault has yet to mint. See [Batch.Pend].
	Pending bool
	// Settled: it stands in for one that has come, see [Batch.Settled].
	Settled bool
}

// Batch collects the tokens minted for one batch of telemetry until they are durable, and counts those that are. The zero Batch is ready; Reset
// readies it for the next one and keeps its memory. Not safe for concurrent use: one batch belongs to one goroutine.
type Batch struct {
	// State is the issuer's own scratch, such as reusable MAC states. Reset leaves it alone.
	State any
	// Local asks the issuer to mint only what it can without the vault, so that nothing is pending. Reset ends it.
	Local bool

	pends   int // calls of Pend
	known   int // calls of AddKnown
	entries []entry
	arena   []byte // token and canonical value of every entry, one after the other
	table   []slot // open addressing by identity, a power of two long, never more than half full
	round   uint32 // slots of earlier rounds are empty, so Reset need not clear the table
}

type entry struct {
	class    Class
	kid      Kid
	identity Identity
	token    span
	value    span
	settled  span // of a stand-in: where the token goes that replaces it
	state    state
}

type state uint8

const (
	minted  state = iota
	pending       // a stand-in
	settled       // a stand-in whose token has come
)

type span struct{ start, end int }

type slot struct{ round, index uint32 }

const (
	minTable = 64
	// A batch that grew beyond these is given back to the garbage collector at Reset: one huge request must not
	// pin its memory for ever.
	keepArena   = 1 << 20
	keepEntries = 1 << 14
)

// Add records that tok stands for the canonical value. Both are copied. A token already in the batch is dropped.
func (b *Batch) Add(c Class, kid Kid, id Identity, tok, canonical []byte) {
	if len(b.table) < 2*(len(b.entries)+1) {
		b.grow()
	}
	s := b.find(id, tok)
	if s.round == b.round {
		return
	}
	*s = slot{b.round, uint32(len(b.entries))}
	e := entry{class: c, kid: kid, identity: id}
	e.token.start = len(b.arena)
	b.arena = append(b.arena, tok...)
	e.token.end = len(b.arena)
	b.arena = append(b.arena, canonical...)
	e.value = span{e.token.end, len(b.arena)}
	b.entries = append(b.entries, e)
}

// AddKnown counts a token that was minted and needs no record in the batch, as its record is durable already.
func (b *Batch) AddKnown() { b.known++ }

// Known is how many tokens were minted that need no record, equal ones each time.
func (b *Batch) Known() int { return b.known }

// Pend records that a stand-in was written where the token of the canonical value belongs. It is a token in form and as
// long as the one to come, its identity is the issuer's choice and cannot be guessed, and equal values of a batch may
// share one. Whoever wrote it replaces it by what [Batch.Settled] returns once the issuer has committed the batch.
func (b *Batch) Pend(c Class, kid Kid, id Identity, standIn, canonical []byte) {
	b.pends++
	n := len(b.entries)
	b.Add(c, kid, id, standIn, canonical)
	if len(b.entries) == n {
		return
	}
	e := &b.entries[n]
	e.state = pending
	e.settled.start = len(b.arena)
	b.arena = append(b.arena, standIn...)
	e.settled.end = len(b.arena)
}

// Pends is how many stand-ins were written, equal ones each time.
func (b *Batch) Pends() int { return b.pends }

// Settle gives the i-th record, which is pending, its token. It panics when the token's length is not the stand-in's.
func (b *Batch) Settle(i int, tok []byte) {
	e := &b.entries[i]
	if e.state == minted || len(tok) != e.settled.end-e.settled.start {
		panic("token: settles what is not pending, or at another length")
	}
	copy(b.arena[e.settled.start:e.settled.end], tok)
	e.state = settled
}

// Settled returns the token that takes the place of a stand-in, a view into the batch, or nil when there is none yet.
func (b *Batch) Settled(standIn []byte) []byte {
	t, n := parsePrefix(view(standIn))
	if n == 0 || n != len(standIn) || len(b.table) == 0 {
		return nil
	}
	s := b.find(t.Identity, standIn)
	if s.round != b.round || b.entries[s.index].state != settled {
		return nil
	}
	e := &b.entries[s.index]
	return b.arena[e.settled.start:e.settled.end:e.settled.end]
}

// view is b as a string without a copy, for a callee that does not keep it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// find returns the slot that holds tok, or the empty one where it belongs.
func (b *Batch) find(id Identity, tok []byte) *slot {
	mask := uint64(len(b.table) - 1)
	// An identity is already uniform: its first bytes are the hash.
	for h := binary.LittleEndian.Uint64(id[:]) & mask; ; h = (h + 1) & mask {
		s := &b.table[h]
		if s.round != b.round {
			return s
		}
		if e := &b.entries[s.index]; e.identity == id && bytes.Equal(b.arena[e.token.start:e.token.end], tok) {
			return s
		}
	}
}

func (b *Batch) grow() {
	b.table = make([]slot, max(minTable, 2*len(b.table)))
	b.round = max(b.round, 1) // slots are made with round 0
	for i := range b.entries {
		e := &b.entries[i]
		*b.find(e.identity, b.arena[e.token.start:e.token.end]) = slot{b.round, uint32(i)}
	}
}

// Len is the number of records in the batch: distinct tokens, stand-ins included.
func (b *Batch) Len() int { return len(b.entries) }

// Empty reports whether no token was minted that Commit has to see.
func (b *Batch) Empty() bool { return len(b.entries)+b.known == 0 }

// At returns the i-th record, in the order of adding.
func (b *Batch) At(i int) Record {
	e := &b.entries[i]
	return Record{
		Class: e.class, Kid: e.kid, Identity: e.identity,
		Token:     b.arena[e.token.start:e.token.end:e.token.end],
		Canonical: b.arena[e.value.start:e.value.end:e.value.end],
		Pending:   e.state == pending, Settled: e.state == settled,
	}
}

// Reset empties the batch and overwrites the values it held.
func (b *Batch) Reset() {
	clear(b.arena)
	b.arena = b.arena[:0]
	b.entries = b.entries[:0]
	b.pends, b.known, b.Local = 0, 0, false
	if cap(b.arena) > keepArena || cap(b.entries) > keepEntries {
		b.arena, b.entries, b.table = nil, nil, nil
	}
	if b.round++; b.round == 0 {
		clear(b.table)
		b.round = 1
	}
}
