package detect

import "math/bits"

// places yields the places of a text where a verifier may find something, in ascending order, block by block.
type places struct {
	s     string
	plain bool // no custom keys: a key that no name ends like wakes nothing
	at    int  // where the block starts: between words
	next  int  // where the next one starts
	word  uint64

	marks    uint64 // the places that are left
	events   uint64 // those of them that are between words
	counted  uint64 // those of them that are words with digits that may be something
	prefixes uint64 // those of them where a prefix starts
	shapes   uint64 // those of them where a layout of letters and digits may start
	names    uint64 // those of them where the name of a person may start
}

func (p *places) begin(s string, plain bool) {
	*p = places{s: s, plain: plain}
}

// more goes on to the next block with a place in it; false at the end of the text.
func (p *places) more() bool {
	for p.next < len(p.s) {
		p.at = p.next
		b := classify(p.s, p.at)
		p.next += blockLen
		if b.escape != 0 {
			p.escapes(&b)
		}
		if b.word>>(blockLen-1) != 0 { // the last word may go on: it is the next block's
			n := bits.LeadingZeros64(^b.word)
			if n == blockLen {
				if p.longWord() {
					return true
				}
				continue
			}
			p.next -= n
			b.keep(blockLen - n)
		}
		p.word, p.events, p.counted, p.prefixes, p.shapes, p.names = b.word, 0, 0, 0, 0, 0
		starts := b.word &^ (b.word << 1)
		// An addition carries from the start of each word to its first digit, or out of the word when it has none.
		if first := (b.word&^b.digit + starts) & b.digit; first != 0 {
			p.count(first, &b)
			starts &= b.word
		}
		for m := b.event; m != 0; m &= m - 1 {
			if i := bits.TrailingZeros64(m); p.stirs(p.at+i, b.escape == 0) {
				p.events |= 1 << i
			}
		}
		p.marks = p.events | p.counted | p.macs(starts, b.event)
		p.starts(starts)
		p.letters(&b)
		if p.marks |= p.prefixes | p.shapes | p.names; p.marks != 0 {
			return true
		}
	}
	return false
}

// keep forgets all but the first n bytes, n < 64.
func (b *block) keep(n int) { b.cut(^uint64(0) << n) }

// cut forgets the bytes of a mask.
func (b *block) cut(mask uint64) {
	b.word &^= mask
	b.digit &^= mask
	b.event &^= mask
	b.escape &^= mask
}

// longWord handles a word that fills the whole block and may go on behind it.
func (p *places) longWord() bool {
	var all class
	end := p.at
	for end < len(p.s) && classes[p.s[end]]&clsWord != 0 {
		all |= classes[p.s[end]]
		end++
	}
	p.next = end
	p.word, p.events, p.counted, p.prefixes, p.shapes, p.names = ^uint64(0), 0, 0, 0, 0, 0
	if all&clsDigit != 0 {
		p.counted = 1
	}
	if isPrefixed(p.s, p.at) {
		p.prefixes = 1
	}
	if mayBeName(p.s, p.at) {
		p.names = 1
	}
	p.marks = p.counted | p.prefixes | p.names
	return p.marks != 0
}

// wordEnd returns the end in the text of the word that starts at a bit of the block.
func (p *places) wordEnd(bit int) int {
	n := bits.TrailingZeros64(^(p.word >> bit))
	if n == blockLen {
		return p.next
	}
	return p.at + bit + n
}

// escapes makes the letters of escape sequences no words and what stands in them no event; the mask of escapes keeps
// those that are some. A sequence that the block cuts begins the next block.
func (p *places) escapes(b *block) {
	t := text{s: p.s}
	real := uint64(0)
	for m := b.escape; m != 0; {
		i := bits.TrailingZeros64(m)
		m &= m - 1
		n := t.escapeAt(p.at+i) - p.at - i
		if n == 0 {
			continue
		}
		if i+n > blockLen && i > 0 {
			p.next = p.at + i
			b.keep(i)
			break
		}
		real |= 1 << i
		inside := (uint64(1)<<n - 1) << i
		m &^= inside
		b.cut(inside &^ (1 << i))
	}
	b.escape = real
}

// count notes which of the words with digits may be something, by the first digit of each. The time at the begin of a log
// line is passed over.
func (p *places) count(first uint64, b *block) {
	for first != 0 {
		bit := bits.TrailingZeros64(first)
		first &= first - 1
		start := blockLen - bits.LeadingZeros64(^b.word&(1<<bit-1))
		n := bits.TrailingZeros64(^(b.word >> start))
		digits := b.digit >> start & (1<<n - 1)
		i := p.at + start
		if digits == 1<<n-1 {
			size := 0
			switch {
			case n == 4 && p.s[i] == '2':
				size = timestamp(p.s, i)
			case n == 2 && p.byteAt(i+n) == ':':
				size = timeOfDay(p.s, i)
			}
			if size > 0 {
				p.skip(start, size, b)
				first &= b.word
				continue
			}
			p.number(start, n)
			continue
		}
		if mayMix(p.s, i, n, digits) {
			p.counted |= 1 << start
		}
		if n <= maxChars && (mayBeShape(n, digits) || beginsShape(p.s, i, i+n, digits)) {
			p.shapes |= 1 << start
		}
	}
}

// number notes whether the n digits from a bit of the block on may be something.
func (p *places) number(start, n int) {
	end := p.at + start + n
	next, then := p.byteAt(end), p.byteAt(end+1)
	if n >= 9 {
		p.counted |= 1 << start
	} else {
		if numberGates[gateOf[next]][n]&kindOf[then] == 0 {
			return
		}
		if goesOn(p.s, n, end) {
			p.counted |= 1 << start
		}
	}
	kind := digitsThenLetter
	if isDigit(then) {
		kind = digitsThenDigit
	}
	if end < len(p.s) && p.mayPair(kind, start, start+n) && digitsBegin(p.s, end-n, end) {
		p.shapes |= 1 << start
	}
}

func (p *places) byteAt(i int) byte {
	if i < len(p.s) {
		return p.s[i]
	}
	return 0
}

// starts notes which of the words start with a prefix, and where a name may start.
func (p *places) starts(starts uint64) {
	s := p.s
	if n := len(s) - p.at; n < blockLen+3 { // the last words may be shorter than what is read of them
		late := starts
		if n > 3 {
			late &^= 1<<(n-3) - 1
		}
		starts &^= late
		for ; late != 0; late &= late - 1 {
			bit := bits.TrailingZeros64(late)
			if isPrefixed(s, p.at+bit) {
				p.prefixes |= 1 << bit
			}
			if mayBeName(s, p.at+bit) {
				p.names |= 1 << bit
			}
		}
	}
	for ; starts != 0; starts &= starts - 1 {
		bit := bits.TrailingZeros64(starts)
		i := p.at + bit
		b := s[i : i+4]
		at := prefixBit((uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) & fold4)
		if prefixBits[at>>6]&(1<<(at&63)) != 0 && isPrefixed(s, i) {
			p.prefixes |= 1 << bit
		}
		if mayBeName(s, i) {
			p.names |= 1 << bit
		}
	}
}

// letters notes the words of a few letters that may begin a layout: a separator and a digit follow them.
func (p *places) letters(b *block) {
	w := b.word
	behind := b.digit>>1 | 1<<(min(p.next, len(p.s))-p.at-1)&^w // the byte after the block may be a digit, too
	starts := w &^ (w << 1)
	short := starts<<1 | starts<<2 | starts<<3 | starts<<4 | starts<<5 // the ends of words up to maxLetterGroup long
	for m := w << 1 &^ w & behind & short; m != 0; m &= m - 1 {
		end := bits.TrailingZeros64(m)
		start := blockLen - bits.LeadingZeros64(^w&(1<<end-1))
		if !p.mayPair(lettersThenDigit, start, end) {
			continue
		}
		if b.digit>>start&(1<<(end-start)-1) == 0 && lettersBegin(p.s, p.at+start, p.at+end) {
			p.shapes |= 1 << start
		}
	}
}

// mayPair reports whether some layout begins with a group of the kind from start to end and a group as long as the one behind
// the byte there.
func (p *places) mayPair(kind, start, end int) bool {
	sep := p.s[p.at+end]
	if !isSeparator(sep) || end-start > maxChars {
		return false
	}
	lengths := shapePairs[kind][groupCode(sep, 0)>>4][end-start]
	switch {
	case lengths == 0:
		return false
	case end+1+maxChars < blockLen && p.at+blockLen <= p.next: // it is all in the block
		return lengths>>min(bits.TrailingZeros64(^(p.word>>(end+1))), maxChars+1)&1 != 0
	}
	return true
}

// skip passes over n bytes from a bit of the block on.
func (p *places) skip(start, n int, b *block) {
	if start+n > blockLen {
		b.keep(start)
		p.next = p.at + start + n
		return
	}
	b.cut((1<<n - 1) << start)
}

// macs returns the words of two and of four letters and digits whose neighbors are as in a MAC address.
func (p *places) macs(starts, events uint64) (found uint64) {
	const reach = len("00:11:22:33:44:55")
	const tail = ^uint64(0) >> (blockLen - reach) << (blockLen - reach) // what follows is not in the block
	w := p.word
	two := starts & (w >> 1) &^ (w >> 2)
	four := starts & (w >> 1) & (w >> 2) & (w >> 3) &^ (w >> 4)
	for m := two&(two>>3&(two>>6)|tail)&(events>>2) | four&(four>>5&(four>>10)|tail); m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		n := 4 - int(two>>i&1)<<1
		switch p.byteAt(p.at + i + n) {
		case ':', '-', '.':
			if mayBeMAC(p.s, p.at+i, n) {
				found |= 1 << i
			}
		}
	}
	return found
}
