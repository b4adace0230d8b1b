package detect

import (
	"math"
	"math/bits"
)

// A JSON log record mostly says what the one before said: its level and logger, the labels of its pod, the name of its region. In a
// field in which nothing woke the scan, nothing wakes it the next time either, whatever stands around it: what is asked before a
// verifier is called is asked of a word and its neighbors, and a comma and a quote are no neighbor to any of them. Such fields are
// remembered by their bytes, and passed over.

const (
	// shortestRecord and longestRecord are the lengths of texts, in bytes, in which fields are looked for: in a shorter one they
	// cost as much as they save.
	shortestRecord = 192
	longestRecord  = 64 << 10
	// fewestFields are worth a look.
	fewestFields = 6
	// shortestField is the shortest field remembered, longestField the longest, in bytes.
	shortestField = 12
	longestField  = 238
	// shortestQuiet is how much must be quiet to be passed over: blocks are cut before and behind it.
	shortestQuiet = 24
	// fieldBits says how many fields are remembered.
	fieldBits = 9
	// fieldPatience is after how many texts the memory is put aside when less than a part in fieldWorth of them was quiet, fieldNap
	// for how many more.
	fieldPatience = 64
	fieldWorth    = 3
	fieldNap      = 1024
)

// fields are the fields of one text. A field reaches from the comma before its name to the one behind its value, roughly: fields are
// cut wherever a quote follows a comma. Not for concurrent use.
type fields struct {
	starts  []int32   // ascending; where the text ends is the last
	stirred []uint64  // a bit for every field in which something woke the scan, and for those that are remembered already
	noted   int       // the field noted last
	fresh   bool      // some are not remembered
	lone    int       // the first field with an @, which did not stir it; -1: none
	quiet   []extent  // what is passed over, ascending
	passed  int       // how many of them are
	values  []Finding // the addresses in what is passed over, ascending
	memory  *fieldMemory
}

// fieldMemory remembers fields of many texts. Not for concurrent use.
type fieldMemory struct {
	texts, seen, saved int // since it was judged last, their bytes, and what of those was passed over
	nap                int // texts until it is taken up again

	turn  uint32
	seats [1 << fieldBits]field
}

// field holds a copy of one in which nothing woke the scan. It fills four cache lines.
type field struct {
	hash uint64
	n    uint8
	cut  uint8 // where the kind of its value stands instead of that; 0: it is whole
	text [longestField]byte
	last uint64 // without its value: the end of the number there last time
}

// nowhere is behind every text.
const nowhere = math.MaxInt

// isRecord reports whether the text may be a JSON object or a list.
func isRecord(s string) bool {
	n := len(s)
	return n >= shortestRecord && n <= longestRecord && (s[0] == '{' || s[0] == '[' || s[n-1] == '}')
}

// read finds the fields of the text and those of them that are quiet. Headed says that the first one begins with a time, which
// never comes again. It reports whether there are enough.
func (f *fields) read(s string, headed bool) bool {
	f.quiet, f.passed, f.noted, f.lone, f.values = f.quiet[:0], 0, 0, -1, f.values[:0]
	n := f.cut(s)
	if n < fewestFields {
		return false
	}
	f.stirred = append(f.stirred[:0], make([]uint64, n/64+1)...)
	f.known(s)
	f.fresh = f.knownValues(s, headed)
	for i, known := range f.stirred {
		for known != 0 { // a run of fields at a time
			at := bits.TrailingZeros64(known)
			n := bits.TrailingZeros64(^(known >> at))
			f.pass(int(f.starts[64*i+at]), int(f.starts[64*i+at+n]))
			known &= ^uint64(0) << at << n
		}
	}
	if headed {
		f.stir(0)
	}
	return true
}

// asleep counts the texts for which the memory is put aside.
func (m *fieldMemory) asleep() bool {
	if m.nap == 0 {
		return false
	}
	m.nap--
	return true
}

// judge counts a text and puts the memory aside when it is not worth it.
func (m *fieldMemory) judge(n int, quiet []extent) {
	m.texts++
	m.seen += n
	for _, q := range quiet {
		m.saved += q.end - q.start
	}
	if m.texts < fieldPatience {
		return
	}
	if m.saved < m.seen/fieldWorth {
		m.nap = fieldNap
	}
	m.texts, m.seen, m.saved = 0, 0, 0
}

// pass passes over a part of the text.
func (f *fields) pass(start, end int) {
	if last := len(f.quiet) - 1; last >= 0 && f.quiet[last].end == start {
		f.quiet[last].end = end
	} else if end-start >= shortestQuiet {
		f.quiet = append(f.quiet, extent{start, end})
	}
}

// knownByTable is known on every machine.
func (f *fields) knownByTable(s string) {
	for k := range len(f.starts) - 1 {
		part := s[f.starts[k]:f.starts[k+1]]
		if !isFieldSize(len(part)) {
			continue
		}
		hash := fieldHash(part, f.isOuter(k))
		m, other := f.memory.seatsOf(hash)
		if m.hash != hash {
			m = other
		}
		if m.hash == hash && m.cut == 0 && string(m.text[:m.n]) == part {
			f.stir(k)
		}
	}
}

// seatsOf returns the two places where a field may be remembered.
func (m *fieldMemory) seatsOf(hash uint64) (one, other *field) {
	return &m.seats[hash>>(64-fieldBits)], &m.seats[hash>>(64-2*fieldBits)&(1<<fieldBits-1)]
}

// cut finds where the fields start, and returns how many there are.
func (f *fields) cut(s string) int {
	if most := len(s)/len(`,"`) + 2; cap(f.starts) < most {
		f.starts = make([]int32, most)
	}
	f.starts = f.starts[:cap(f.starts)]
	f.starts[0] = 0
	found, i := fieldStarts(f.starts[1:], s, 1)
	n := 1 + found
	for ; i+1 < len(s); i++ {
		if s[i] == ',' && (s[i+1] == '"' || s[i+1] == ' ' && i+2 < len(s) && s[i+2] == '"') {
			f.starts[n] = int32(i)
			n++
		}
	}
	f.starts[n] = int32(len(s))
	f.starts = f.starts[:n+1]
	return n
}

// stir says that a field is not to be remembered.
func (f *fields) stir(k int) { f.stirred[k/64] |= 1 << (k & 63) }

func (f *fields) stirs(k int) bool { return f.stirred[k/64]>>(k&63)&1 != 0 }

// isFieldSize reports whether fields of n bytes are remembered.
func isFieldSize(n int) bool { return uint(n-shortestField) <= longestField-shortestField }

// isOuter reports whether a field is at an end of its text.
func (f *fields) isOuter(k int) bool { return k == 0 || k == len(f.starts)-2 }

// note says that something stirs at the places of a block of the text that begins at i, which is behind what was noted before or
// the same.
func (f *fields) note(s string, i int, places uint64) {
	for ; places != 0; places &= places - 1 {
		at := i + bits.TrailingZeros64(places)
		for int(f.starts[f.noted+1]) <= at {
			f.noted++
		}
		if s[at] == '@' && f.lone < 0 {
			f.lone = f.noted
			continue
		}
		f.stir(f.noted)
	}
}

// hide says that no field with one of the findings in it, in ascending order, is to be remembered: a value may be found by what
// stands far before it.
func (f *fields) hide(found []Finding) {
	k, ends := 0, f.starts[1:]
	for i := range found {
		start, end := int32(found[i].Start), int32(found[i].End)
		for k < len(ends) && ends[k] <= start {
			k++
		}
		for f.stir(k); k < len(ends) && ends[k] < end; f.stir(k) {
			k++
		}
	}
}

// next returns where the next quiet part begins and ends, and steps behind it.
func (f *fields) next() extent {
	if f.passed == len(f.quiet) {
		return extent{nowhere, nowhere}
	}
	f.passed++
	return f.quiet[f.passed-1]
}

// learn remembers the fields in which nothing was noted, and that in which it was but the @ of an address.
func (f *fields) learn(s string, found []Finding) {
	lone := f.lone >= 0 && !f.stirs(f.lone)
	f.hide(found)
	if lone {
		f.stir(f.lone)
		f.learnAddress(s, found)
	}
	n := len(f.starts) - 1
	for i, stirred := range f.stirred {
		for m := ^stirred; m != 0; m &= m - 1 {
			k := i*64 + bits.TrailingZeros64(m)
			if k >= n {
				return
			}
			part := s[f.starts[k]:f.starts[k+1]]
			if !isFieldSize(len(part)) || part[len(part)-1] != '"' && f.learnNumber(s, k) {
				continue
			}
			f.memory.remember(part, f.isOuter(k))
		}
	}
}

// fieldHash tells fields, which are no shorter than shortestField, apart by their ends and their length, and by whether they are at an end of their text.
func fieldHash(s string, outer bool) uint64 {
	n := len(s)
	h := eight(s, 0)*0x9E3779B97F4A7C15 ^ eight(s, n-8) ^ uint64(n)<<32
	if outer {
		h = ^h
	}
	return h * 0xD6E8FEB86659FD93
}

// remember notes a field.
func (m *fieldMemory) remember(s string, outer bool) {
	hash := fieldHash(s, outer)
	f := m.give(hash)
	f.hash, f.n, f.cut = hash, uint8(copy(f.text[:], s)), 0
}

// give returns a place for a field.
func (m *fieldMemory) give(hash uint64) *field {
	one, other := m.seatsOf(hash)
	if isOthersTurn(&m.turn, one.n, other.n) {
		return other
	}
	return one
}

// isOthersTurn reports whether of two seats, of which those are taken whose lengths are not 0, the other one is given up: where both are,
// now the one and now the other.
func isOthersTurn(turn *uint32, one, other uint8) bool {
	*turn += 0x9E3779B9
	return one != 0 && (other == 0 || *turn>>31 == 1)
}
