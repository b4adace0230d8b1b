package detect

import "math/bits"

// A tail is the last letters of a word, eight at most, in lower case and the last one in the highest byte. What a key ends in
// is told by it without a loop.

const (
	tailSize = 8
	tailHash = 17 // bits of a hash: enough that few of the bits in the bitmaps are set

	ones8   = 0x0101010101010101
	smalls8 = 0x20 * ones8 // what small letters have and capitals lack
)

var (
	// tailBits has a bit for the tail of every word that a name or a filler ends in, a name without its spaces being one, too.
	tailBits [1 << tailHash / 64]uint64
	// otherTails is tailBits without the names that name a person as a whole: their values start with a capital.
	otherTails [1 << tailHash / 64]uint64
)

// tailBit maps a tail to its place in the bitmaps.
func tailBit(tail uint64) uint64 { return tail * 0x9E3779B97F4A7C15 >> (64 - tailHash) }

// addTail enters the tail of a word; person says that it names a person as a whole.
func addTail(word string, person bool) {
	tail := uint64(0)
	for i := max(0, len(word)-tailSize); i < len(word); i++ {
		tail = tail>>8 | uint64(word[i])<<56
	}
	bit := tailBit(tail)
	tailBits[bit>>6] |= 1 << (bit & 63)
	if !person {
		otherTails[bit>>6] |= 1 << (bit & 63)
	}
}

// endsName reports whether a name or a filler may end in a word with the tail. Small says that the value of the key starts
// with a small letter.
func endsName(tail uint64, small bool) bool {
	bit := tailBit(tail)
	if small {
		return otherTails[bit>>6]>>(bit&63)&1 != 0
	}
	return tailBits[bit>>6]>>(bit&63)&1 != 0
}

// namesNothingBefore reports whether no key that means anything ends before the separator at a bit of the block, by the last
// word of what stands there; next follows the separator. Most pairs in telemetry are settled here.
func (p *places) namesNothingBefore(bit int, next byte) bool {
	s := p.s
	for n := 0; n < 3 && bit > 0 && p.letter>>((bit-1)&63)&1 == 0; n++ {
		if c := s[p.at+bit-1]; c != '"' && c != ' ' && c != '\'' && c != ']' {
			break
		}
		bit--
	}
	i := p.at + bit
	away := uint(blockLen-bit) & 63
	n := bits.LeadingZeros64(^(p.letter << away))
	switch {
	case n < 2 || i < tailSize || n == bit && p.at > 0 && isAlnum(s[p.at-1]): // perhaps behind an escape sequence
		return p.namesNothing(i, next)
	case n > tailSize:
		n = tailSize
	case n < i && isDigit(s[i-n-1]):
		return false
	}
	if capitals := bits.LeadingZeros64(p.upper << away); capitals < n { // userName
		if n = capitals + 1; n == 1 {
			return p.namesNothing(i, next)
		}
	}
	tail := (load8(s, i-tailSize) | smalls8) & (^uint64(0) << (uint(blockLen-8*n) & 63))
	return !endsName(tail, isLower(next))
}

// namesNothing is namesNothingBefore letter by letter: for the begin of a text or of a block, and for odd spellings.
func (p *places) namesNothing(end int, next byte) bool {
	s := p.s
	if end-2 < p.at || end < 2 {
		return false
	}
	b, c := s[end-2], s[end-1]
	switch {
	case !isLetter(c):
		return isDigit(c) && !isWord(b) && b != '-' && b != '.' && b < 0x80 // a number alone
	case !isLetter(b):
		return false
	}
	tail, shift := uint64(0), 64
	for i := end - 1; i >= p.at && isLetter(s[i]); i-- {
		if shift > 0 {
			shift -= 8
			tail |= uint64(lower(s[i])) << shift
		}
		switch {
		case i > p.at && !boundaryAt(s, i):
			continue
		case i == p.at && i > 0 && isAlnum(s[i-1]): // behind an escape sequence
			return false
		}
		return !endsName(tail, isLower(next))
	}
	return false
}
