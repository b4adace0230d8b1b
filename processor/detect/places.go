package detect

import (
	"math/bits"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// places yields the places of a text where a verifier may find something, in ascending order, block by block.
type places struct {
	s     string
	plain bool // no custom keys: a key that no name ends like wakes nothing
	at    int  // where the block starts: between words
	next  int  // where the next one starts
	block

	fields *fields // of the text, when some are known or to be; nil: none
	quiet  extent  // what of them is passed over next

	marks    uint64 // the places that are left
	events   uint64 // those of them that are between words
	counted  uint64 // those of them that are words with digits that may be something
	prefixes uint64 // those of them where a prefix starts
	shapes   uint64 // those of them where a layout of letters and digits may start
	names    uint64 // those of them where the name of a person may start
	macs     uint64 // those of them where a MAC address may start

	keys   keyMemo            // what keys mean, the same in every text
	spaced wordsMemo          // the same of keys of several words
	chars  [maxChars + 7]byte // of the word whose check digits are asked for
}

func (p *places) begin(s string, plain bool) {
	p.s, p.plain, p.at, p.next, p.marks = s, plain, 0, header(s, plain), 0
	p.fields, p.quiet = nil, extent{nowhere, nowhere}
}

// know makes the quiet ones of the fields be passed over, and what stirs in others be noted.
func (p *places) know(f *fields) {
	p.fields, p.quiet = f, f.next()
}

// more goes on to the next block with a place in it; false at the end of the text.
func (p *places) more() bool {
	for p.next < len(p.s) {
		if p.next >= p.quiet.start {
			p.next, p.quiet = p.quiet.end, p.fields.next()
			continue
		}
		p.at = p.next
		p.classify(p.s, p.at)
		p.next += blockLen
		if p.next > p.quiet.start {
			p.next = p.quiet.start
			p.keep(p.next - p.at)
		}
		stirring := p.other | p.escape
		if p.escape != 0 {
			p.escapes()
		}
		digits := p.digit
		if p.word>>(blockLen-1) != 0 { // the last word may go on: it is the next block's
			n := bits.LeadingZeros64(^p.word)
			if n == blockLen {
				more := p.longWord()
				p.note(0)
				if more {
					return true
				}
				continue
			}
			p.next -= n
			p.keepWords(blockLen - n)
		}
		p.counted, p.prefixes, p.shapes, p.names = 0, 0, 0, 0
		p.words(digits)
		p.stir()
		p.starts()
		p.marks = p.events | p.counted | p.prefixes | p.shapes | p.names | p.macs
		p.note(stirring)
		if p.marks != 0 {
			return true
		}
	}
	return false
}

// note tells the fields what stirs in the block: its marks and more of its bytes, as far as they are not the next block's.
func (p *places) note(more uint64) {
	if p.fields != nil {
		if n := p.next - p.at; n < blockLen {
			more &= 1<<n - 1
		}
		p.fields.note(p.s, p.at, p.marks|more)
	}
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
	p.events, p.counted, p.prefixes, p.shapes, p.names, p.macs = 0, 0, 0, 0, 0, 0
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

// wordStart returns the bit of the block where the word starts that ends before a bit.
func (p *places) wordStart(end int) int {
	return blockLen - bits.LeadingZeros64(^p.word&(1<<(end&63)-1))
}

func (p *places) byteAt(i int) byte {
	if i < len(p.s) {
		return p.s[i]
	}
	return 0
}

// escapes makes the letters of escape sequences no words and what stands in them no event; the mask of escapes keeps
// those that are some. A sequence that the block cuts begins the next block.
func (p *places) escapes() {
	t := text{s: p.s}
	real := uint64(0)
	for m := p.escape; m != 0; {
		i := bits.TrailingZeros64(m)
		m &= m - 1
		n := t.escapeAt(p.at+i) - p.at - i
		if n == 0 {
			continue
		}
		if i+n > blockLen && i > 0 {
			p.next = p.at + i
			p.keep(i)
			break
		}
		real |= 1 << i
		inside := (uint64(1)<<n - 1) << i
		m &^= inside
		p.cut(inside &^ (1 << i))
	}
	p.escape = real
}

// mayBeProse is [mayBeProse] of the word at a bit of the block, by what stands behind it.
func (p *places) mayBeProse(bit int) bool {
	s, i := p.s, p.at+bit
	end := i + bits.TrailingZeros64(^(p.letter >> (bit & 63)))
	c, next := p.byteAt(end), p.byteAt(end+1)
	switch {
	case end >= p.next && end < len(s), end >= i+maxStreetWord, c >= 0x80, c == '\'', c == '-', c == '.': // it may go on
		return mayBeProse(s, i)
	case !isLower(p.byteAt(i + 1)):
		return false
	case c == ' ' && isUpper(next), names.HasCue(s, i):
		return true
	case c != ' ':
		return false
	case isDigit(next), next >= 0x80, next == 'd', next == 'v':
		return mayBeProse(s, i)
	}
	return isStreetKind(s[i:end])
}

// starts notes which of the words start with a prefix, and where a name may start. Words that start with a digit are looked
// at where their digits are.
func (p *places) starts() {
	s := p.s
	starts := p.word &^ (p.word << 1) & p.letter
	for m := starts & p.upper &^ (p.upper >> 1); m != 0; m &= m - 1 { // GET begins no name
		if bit := bits.TrailingZeros64(m); p.mayBeProse(bit) {
			p.names |= 1 << bit
		}
	}
	if n := len(s) - p.at; n < blockLen+4 { // the last words may be shorter than what is read of them
		late := starts
		if n > 4 {
			late &^= 1<<(n-4) - 1
		}
		starts &^= late
		for ; late != 0; late &= late - 1 {
			if bit := bits.TrailingZeros64(late); isPrefixed(s, p.at+bit) {
				p.prefixes |= 1 << bit
			}
		}
	}
	for m := mayBePrefixes(s, p.at, starts); m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); startsWithOne(prefixesAt(s, p.at+bit), s, p.at+bit) {
			p.prefixes |= 1 << bit
		}
	}
}
