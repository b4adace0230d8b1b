package detect

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"strings"
)

// Most lines, URLs and statements of a program differ from those before in nothing but numbers. Whether short numbers wake the
// scan depends on how many digits they have and on what stands around them, not on which digits they are. So a text in which nothing woke is
// remembered with zeros in the place of those digits, and one that is the same but for them need not be scanned.

const (
	// shortestTemplate and longestTemplate are the lengths of texts that are remembered, in bytes, without the time that they begin
	// with. Shorter ones may be values of their own: see mayBeAlone.
	shortestTemplate = longestAlone + 1
	longestTemplate  = 244
	// templateHead is how much of the time before it is remembered with it: cues of names look as far back.
	templateHead = 3
	// templateBits says how many are remembered.
	templateBits = 8
	// templatePatience is after how many texts the memory is put aside when less than a part in templateWorth of them was known,
	// templateNap for how many more.
	templatePatience = 64
	templateWorth    = 4
	templateNap      = 4096
)

// templates remembers texts in which nothing woke the scan. Not for concurrent use.
type templates struct {
	n    int                                      // the length of the text at hand
	text [longestTemplate + templateHead + 9]byte // as it is remembered: what stands before it first, and room behind it

	texts, hits int // since it was judged last
	nap         int // texts until it is taken up again

	turn  uint32
	seats [1 << templateBits]template
}

// template fills four cache lines.
type template struct {
	hash uint64
	n    uint8
	text [longestTemplate + templateHead]byte
}

var (
	// beforeZeros and behindZeros are the bytes that may stand around a number that is remembered as zeros. Of one in a date, with a
	// sign or beside letters, digits may count; and of one before a capital, as cues of names are sought by their last two bytes.
	beforeZeros = bytesOf(" =/([{<\"',;:.#*|-&?")
	behindZeros = bytesOf(" )]}>\"',:.&?|") // &#64; is an @
)

// judge counts a text and puts the memory aside when it is not worth it.
func (m *templates) judge() {
	if m.texts++; m.texts < templatePatience {
		return
	}
	if m.hits < templatePatience/templateWorth {
		m.nap = templateNap
	}
	m.texts, m.hits = 0, 0
}

// asleep counts the texts for which the memory is put aside.
func (m *templates) asleep() bool {
	if m == nil || m.nap == 0 {
		return false
	}
	m.nap--
	return true
}

// read reads the text s[from:] and returns its hash; before from a time stands, or nothing.
func (m *templates) read(s string, from int) (hash uint64) {
	m.text[0], m.text[1], m.text[2] = 0, 0, 0
	if from > 0 {
		copy(m.text[:], s[from-templateHead:from])
	}
	n := copy(m.text[templateHead:], s[from:])
	m.n = templateHead + n
	m.text[m.n] = ' '
	for i, size := 0, 0; i < n; i += size {
		size = min(n-i, blockLen)
		_, upper, digit, high := lettersOf(s, from+i, size)
		names := upper&^(upper>>1) | high // where some may start: GET is none
		if i == 0 && names&(1<<templateHead-1) == 0 {
			m.zeroHead()
		}
		for digit != 0 {
			start := bits.TrailingZeros64(digit) & 63
			end := start + bits.TrailingZeros64(^(digit >> start))
			if end+3 >= blockLen && start > 0 && i+size < n { // what stands behind it is not all in the block
				size = start
				break
			}
			digit = digit >> start >> (end - start) << start << (end - start)
			if end-start <= longestNumber && names>>((end+1)&63)&3 == 0 {
				m.zero(templateHead+i+start, templateHead+i+end)
			}
		}
	}
	return maphash.Bytes(memoSeed, m.text[:m.n])
}

// zeroHead makes zeros of the digits that the time before the text ends in.
func (m *templates) zeroHead() {
	for k, c := range m.text[:templateHead] {
		if isDigit(c) {
			m.text[k] = '0'
		}
	}
}

// zero makes zeros of the digits from start to end where the bytes beside them see no more of them than how many they are.
func (m *templates) zero(start, end int) {
	before := m.text[start-1]
	if !beforeZeros[before] || !behindZeros[m.text[end]] || before == '=' && m.text[start] == '4' { // perhaps an @
		return
	}
	keep, at := ^uint64(0)<<(8*(end-start)), m.text[start:start+8]
	x := binary.LittleEndian.Uint64(at)
	binary.LittleEndian.PutUint64(at, x&keep|'0'*ones8&^keep)
}

// seatsOf returns the two places where a text may be remembered.
func (m *templates) seatsOf(hash uint64) (one, other *template) {
	return &m.seats[hash>>(64-templateBits)], &m.seats[hash>>(64-2*templateBits)&(1<<templateBits-1)]
}

// knows reports whether the text that was read is remembered.
func (m *templates) knows(hash uint64) bool {
	seat, other := m.seatsOf(hash)
	if seat.hash != hash {
		seat = other
	}
	if seat.hash != hash || string(seat.text[:seat.n]) != string(m.text[:m.n]) {
		return false
	}
	m.hits++
	return true
}

// holdsForm reports whether the prefix of a key that has a form begins somewhere in the text: whether it wakes the scan depends on all
// that follows it.
func holdsForm(s string) bool {
	for i := 0; i+prefixReach <= len(s); i += blockLen {
		n := min(len(s)-i, blockLen)
		letter, _, digit, _ := lettersOf(s, i, n)
		starts := (letter | digit) &^ ((letter | digit) << 1)
		if last := len(s) - prefixReach - i; last < blockLen-1 {
			starts &= 1<<(last+1) - 1
		}
		for m := mayBePrefixes(s, i, starts); m != 0; m &= m - 1 {
			at := i + bits.TrailingZeros64(m)
			for _, p := range prefixesAt(s, at) {
				if p.form != nil && strings.HasPrefix(s[at:], p.text) {
					return true
				}
			}
		}
	}
	return false
}

// remember notes the text that was read.
func (m *templates) remember(hash uint64) {
	one, other := m.seatsOf(hash)
	if isOthersTurn(&m.turn, one.n, other.n) {
		one = other
	}
	one.hash, one.n = hash, uint8(copy(one.text[:], m.text[:m.n]))
}

// findInTemplate is Find in a text that may be remembered.
func (d *Detector) findInTemplate(s *Scratch, key Key, text string) []Finding {
	if s.templates == nil {
		s.templates = new(templates)
	}
	m, p := s.templates, &s.text.places
	m.judge()
	hash := m.read(text, p.next)
	switch {
	case m.knows(hash):
		return nil
	case p.more():
		return s.find(d, key, text, resumeText, scanText)
	}
	if !holdsForm(text) {
		m.remember(hash)
	}
	return nil
}
