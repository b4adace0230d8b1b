package detect

import "math/bits"

// A tail is the last letters of a word, eight at most, in lower case and the first one in the lowest byte. What a key ends in
// is told by it without a loop.

const (
	tailSize = 8
	tailHash = 17 // bits of a hash that tell where: enough that few of those in the bitmaps are set

	ones8   = 0x0101010101010101
	smalls8 = 0x20 * ones8 // what small letters have and capitals lack
)

var (
	// tailBits has two bits for the tail of every word that a name or a filler ends in, a name without its spaces being one, too.
	tailBits [1 << tailHash / 64]uint64
	// otherTails is tailBits without the names that name a person as a whole: their values start with a capital.
	otherTails [1 << tailHash / 64]uint64
)

// tailBit returns where the bitmaps have the two bits of a tail, which are in one word of them.
func tailBit(tail uint64) (word, bits uint64) {
	h := tail * 0x9E3779B97F4A7C15
	return h >> (64 - tailHash + 6), 1<<(h>>41&63) | 1<<(h>>35&63)
}

// addTail enters the tail of a word; person says that it names a person as a whole.
func addTail(word string, person bool) {
	tail := uint64(0)
	for i := len(word) - 1; i >= max(0, len(word)-tailSize); i-- {
		tail = tail<<8 | uint64(word[i])
	}
	addEnding(word)
	w, b := tailBit(tail)
	tailBits[w] |= b
	if !person {
		otherTails[w] |= b
	}
}

// endsName reports whether a name or a filler may end in a word with the tail. Small says that the value of the key starts
// with a small letter.
func endsName(tail uint64, small bool) bool {
	w, b := tailBit(tail)
	if small {
		return otherTails[w]&b == b
	}
	return tailBits[w]&b == b
}

// endingBits has a bit for the last four letters of every word that a name or a filler ends in; for all that may stand before those
// that have three.
var endingBits [1 << endingHash / 64]uint64

const endingHash = 16

// shortEndings has a bit for every word of two letters that a name or a filler ends in, by the second letter.
var shortEndings [32]uint32

func addEnding(word string) {
	n := len(word)
	if n == 2 {
		shortEndings[word[1]&31] |= 1 << (word[0] & 31)
	}
	for before := range uint32(32) {
		if n >= 3 && (n == 3 || before == uint32(word[n-4]&31)) {
			at := endingBit(before | uint32(word[n-3])<<8 | uint32(word[n-2])<<16 | uint32(word[n-1])<<24)
			endingBits[at>>6] |= 1 << (at & 63)
		}
	}
}

// endingBit maps four letters to their place in endingBits. With this factor few keys of telemetry fall on the bits of others: msg,
// timestamp and query did with that of prefixBit.
func endingBit(letters uint32) uint32 { return letters & fold4 * 0x85EBCA6B >> (32 - endingHash) }

// unnamed returns the separators of the block behind keys that mean nothing, by the last letters of those: most in telemetry are
// settled here. It is for blocks without an escape sequence and custom keys.
func (p *places) unnamed() (mask uint64) {
	s, small := p.s, p.letter&^p.upper // a shorter word may begin with a capital
	two := small << 1 & (small << 2)
	three := two & (small << 3)
	ends := (three | two&^((p.letter|p.digit)<<3)) &^ (1<<(tailSize-2) - 1)
	m := p.separator & (ends | ends<<1)
	if last := len(s) - p.at - 1; last < blockLen {
		m &= 1<<(last&63) - 1
	}
	for ; m != 0; m &= m - 1 {
		bit := bits.TrailingZeros64(m) & 63
		i := p.at + bit
		x := eight(s, i+2-tailSize)
		next, c, before, letters := byte(x>>56), byte(x>>48), byte(x>>40), uint32(x>>16)
		switch {
		case c == '>':
			continue
		case ends>>bit&1 == 0:
			if before != '"' || c == ':' && startsAddress[next] {
				continue
			}
			letters = uint32(x >> 8)
			bit--
		case c == ':' && next != ' ':
			if startsAddress[next] || isHex(next) && isHex(before) {
				continue
			}
		case c == '=' && next == '4':
			continue
		}
		if three>>(bit&63)&1 != 0 {
			if at := endingBit(letters); endingBits[at>>6]>>(at&63)&1 != 0 {
				continue
			}
		} else if shortEndings[letters>>24&31]>>(letters>>16&31)&1 != 0 {
			continue
		}
		mask |= m & -m
	}
	return mask
}

// startsAddress are the bytes that make more than the end of a key of a colon before them.
var startsAddress = [256]bool{'/': true, ':': true, '\\': true}

// behindKeys are the bytes that may stand between a key and its separator.
var behindKeys = [256]bool{'"': true, '\'': true, ' ': true, ']': true}

// namesNothingBefore reports whether no key that means anything ends before the separator at a bit of the block, by the last
// word of what stands there; next follows the separator. Most pairs in telemetry are settled here.
func (p *places) namesNothingBefore(bit uint, next byte) bool {
	s := p.s
	for n := 0; n < 3 && p.letter<<1>>(bit&63)&1 == 0 && bit > 0; n++ {
		if !behindKeys[s[p.at+int(bit)-1]] {
			break
		}
		bit--
	}
	away := (blockLen - bit) & 63 // shifts what stands before the bit to the top
	n := uint(bits.LeadingZeros64(^(p.letter << away)))
	i := p.at + int(bit)
	switch {
	case n < 2 || n == bit && p.at > 0 && isAlnum(s[p.at-1]): // perhaps behind an escape sequence
		return p.namesNothing(i, next)
	case n > tailSize:
		n = tailSize
	case p.digit<<away<<(n&63)>>63 != 0:
		return false
	}
	if capitals := uint(bits.LeadingZeros64(p.upper << away)); capitals < n { // userName
		if n = capitals + 1; n == 1 {
			return p.namesNothing(i, next)
		}
	}
	tail := uint64(0)
	if i >= tailSize {
		tail = eight(s, i-tailSize)
	} else {
		tail = load8(s, 0) << (blockLen - 8*uint(i))
	}
	return !endsName((tail|smalls8)>>((blockLen-8*n)&63), isLower(next))
}

// namesNothing is namesNothingBefore letter by letter: for the begin of a text or of a block, and for odd spellings.
func (p *places) namesNothing(end int, next byte) bool {
	s := p.s
	if end-2 < p.at || end < 2 {
		return false
	}
	b, c := s[end-2], s[end-1]
	switch {
	case isDigit(c):
		start := end - 1
		for start > p.at && isDigit(s[start-1]) {
			start--
		}
		if start == p.at {
			return false
		}
		b = s[start-1]
		return !isWord(b) && b != '-' && b != '.' && b < 0x80 // a number alone
	case !isLetter(c) || !isLetter(b):
		return false
	}
	tail := uint64(0)
	for i := end - 1; i >= p.at && isLetter(s[i]); i-- {
		if end-i <= tailSize {
			tail = tail<<8 | uint64(lower(s[i]))
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
