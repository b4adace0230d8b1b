package detect

import (
	"math/bits"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// stir notes which of the bytes between words can be more than punctuation: it looks at their neighbors as their verifiers
// would.
func (p *places) stir() {
	p.events = 0
	plain := p.plain && p.escape == 0
	m := p.separator
	if plain && m != 0 {
		m &^= p.unnamed()
	}
	for ; m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); p.separates(bit, plain) {
			p.events |= 1 << bit
		}
	}
	inside := p.word << 1 & (p.word >> 1) & (p.word >> 2) // a hyphen or plus inside a name, but that of -u
	for m := p.sign &^ inside; m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); behindSigns[p.byteAt(p.at+bit+1)] && p.signs(p.at+bit) {
			p.events |= 1 << bit
		}
	}
	for m := p.other; m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); p.stirs(p.at + bit) {
			p.events |= 1 << bit
		}
	}
}

// separates reports whether the separator at a bit of the block may follow a key, or begin something. Plain says that no
// escape sequence is near and keys mean what the tables say.
func (p *places) separates(bit int, plain bool) bool {
	s, i := p.s, p.at+bit
	next := p.byteAt(i + 1)
	switch s[i] {
	case '>':
		return i > 0 && (isKeyByte(s[i-1]) || s[i-1] == '"' || s[i-1] == '\'')
	case ':':
		if next == '/' && p.byteAt(i+2) == '/' {
			return p.mayHoldUser(bit + len("://"))
		}
		if next == '/' || next == ':' || next == '\\' || next == '"' && i > 0 && isDigit(s[i-1]) { // s:7:"hunter2"
			return true
		}
		if i > 0 && isHex(next) && (isHex(s[i-1]) || s[i-1] == ':') {
			return !isClock(s, i) && (i <= 3 || s[i-3] != ':' || !isClock(s, i-3))
		}
		if next == '{' && plain && opensObject(s, i) {
			return false
		}
	case '=':
		if next == '4' && p.byteAt(i+2) == '0' { // <jane=40acme.com>
			return true
		}
	}
	return i > 0 && (!plain || !p.namesNothingBefore(uint(bit), next) && !p.meansNothing(bit))
}

// meansNothing reports whether the separator at a bit of the block, before which a name may end, stands behind a key that means nothing
// all the same, as it is more than that name or less: the number of WHERE number = 7, order_id. It is for blocks without an escape
// sequence and custom keys, and for keys of letters, digits and _ that stand by themselves or in quotes in the block.
func (p *places) meansNothing(bit int) bool {
	s, i := p.s, p.at+bit
	end, quoted := bit, false
	switch c := s[i]; {
	case c == ':' && p.byteAt(i+1) != ' ' && p.byteAt(i+1) != '"', bit < 2:
		return false
	case c == ':' && s[i-1] == '"':
		end, quoted = bit-1, true
	case c == '=' && s[i-1] == ' ':
		end = bit - 1
	}
	start := end - bits.LeadingZeros64(^(p.word << (-end & 63)))
	if start == end || start == 0 && p.at > 0 || p.letter>>((end-1)&63)&1 == 0 {
		return false
	}
	from, to, before := p.at+start, p.at+end, byte(' ')
	if from > 0 {
		before = s[from-1]
	}
	key := s[from:to]
	switch {
	case isValueKey(key):
		return false
	case quoted:
		if before != '"' || equalFold(key, "id") {
			return false
		}
	case !standsBefore[before] || equalFold(key, "string"):
		return false
	}
	if ref, _ := p.keys.lookup(s, from, to); ref.entity != None {
		return false
	}
	first := start
	for n := 1; n < maxKeyWords && before == ' ' && first > 0; n++ { // the words before it, as spacedKey reads them
		j := first - 1
		if j == 0 {
			if p.at > 0 {
				return false
			}
			break
		}
		if !isLetter(s[p.at+j-1]) {
			break
		}
		size := bits.LeadingZeros64(^(p.letter << (-j & 63)))
		first = j - size
		if size == 0 || first == 0 && p.at > 0 {
			return false
		}
		if first > 0 {
			if before = s[p.at+first-1]; isLetter(before) {
				return false
			}
		}
	}
	return first == start || p.spaced.lookup(s[p.at+first:to]).entity == None
}

// standsBefore are the bytes that may stand before a key without being part of it.
var standsBefore = [256]bool{' ': true, ',': true, '&': true, '?': true, '(': true, '{': true, ';': true}

// mayHoldUser reports whether the authority of a URL from a bit of the block on may hold an @.
func (p *places) mayHoldUser(bit int) bool {
	for end := min(p.next, len(p.s)) - p.at; bit < end; bit++ {
		bit += bits.TrailingZeros64(^(p.word >> (bit & 63)))
		if bit >= end {
			break
		}
		switch c := p.s[p.at+bit]; {
		case endsAuthority[c]:
			return false
		case !plainUserinfo[c] && c != ':':
			return true
		}
	}
	return p.next < len(p.s)
}

// opensObject reports whether the colon at i stands between a quoted key and an object that has keys of its own. Such a key means
// nothing by itself, but where it may be one of valueKeys.
func opensObject(s string, i int) bool {
	return i > 1 && i+2 < len(s) && s[i-1] == '"' && s[i+1] == '{' && s[i+2] == '"' && !mayEndValueKey(s[i-2])
}

// behindSigns are the bytes that may stand behind a sign which begins something: those that signs asks for.
var behindSigns = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true, '(': true,
	' ': true, '-': true, 'a': true, 'p': true, 'u': true,
}

// signs reports whether the sign at i may begin an option or a number.
func (p *places) signs(i int) bool {
	s := p.s
	next := p.byteAt(i + 1)
	if s[i] == '+' {
		return isDigit(next) || next == '('
	}
	switch next {
	case 'u', '-':
		return true
	case ' ':
		return i > 0 && s[i-1] == ' ' && p.mayLogUser(i+2)
	case 'p', 'a':
		return i > 0 && s[i-1] == ' '
	}
	return false
}

// mayLogUser reports whether the user of an access log may stand at i: the date in brackets follows.
func (p *places) mayLogUser(i int) bool {
	s, end := p.s, i
	if bit := i - p.at; bit < blockLen {
		end += bits.TrailingZeros64(^(p.word >> bit))
	}
	if end+1 < len(s) && s[end] == ' ' && s[end+1] != '[' {
		return false
	}
	return accessLogUserEnd(s, i) > 0
}

// stirs is the same of the other bytes.
func (p *places) stirs(i int) bool {
	s := p.s
	next := p.byteAt(i + 1)
	switch s[i] {
	case '(': // what is in brackets may be something
		return next == '"' || next == '\'' || i+4 < len(s) && s[i+4] == ')'
	case '\n':
		return mayEndHeader(s, i)
	case '%':
		return isHex(next) && i+2 < len(s) && isHex(s[i+2])
	case '\\':
		return next == 'u' || next == 'n' && (i == 0 || s[i-1] != '\\') && mayEndHeader(s, i)
	case escape:
		return false
	}
	return s[i] < 0x80 || names.MayStart(s, i)
}
