package detect

import "math/bits"

// What follows a block is not in its masks: words so near its end may begin more than the masks say.
const (
	dateSize, clockSize, macSize = len("2006-01-02"), len("15:04:05"), len("00:11:22:33:44:55")

	dateAway  = ^uint64(0) >> (blockLen - dateSize) << (blockLen - dateSize)
	clockAway = ^uint64(0) >> (blockLen - clockSize) << (blockLen - clockSize)
	macAway   = ^uint64(0) >> (blockLen - macSize) << (blockLen - macSize)
)

// words notes which of the words with digits, and of those with digits behind them, may be something. All questions about the
// words of the block are asked at once, and most of the answers are nothing.
func (p *places) words() {
	w, d := p.word, p.digit
	starts := w &^ (w << 1)
	if d != 0 {
		two := starts & d & (d >> 1) &^ (w >> 2) // 15
		dates := starts & d & (d >> 1) & (d >> 2) & (d >> 3) &^ (w >> 4) & (two>>5 | dateAway)
		if clocks := two & (two>>3&(two>>6) | clockAway); dates|clocks != 0 {
			p.times(dates, clocks)
			w, d = p.word, p.digit
			starts = w &^ (w << 1)
		}
		// An addition carries from the start of a word to behind its digits, or to its first digit.
		first := starts & d
		for behind := (d + first) &^ d; first != 0; first, behind = first&(first-1), behind&(behind-1) {
			start, end := bits.TrailingZeros64(first), bits.TrailingZeros64(behind)
			if w>>(end&63)&1 == 0 {
				p.number(start, end)
			} else {
				p.mixed(start)
			}
		}
		for m := (w&^d + starts&^d) & d; m != 0; m &= m - 1 {
			p.mixed(p.wordStart(bits.TrailingZeros64(m)))
		}
	}
	letters := starts & p.letter
	away := uint64(1) << ((min(p.next, len(p.s)) - p.at - 1) & 63) &^ w     // the byte after the block may be a digit, too
	short := letters<<1 | letters<<2 | letters<<3 | letters<<4 | letters<<5 // the ends of words up to maxLetterGroup long
	if m := (p.letter + letters) &^ w & (d>>1 | away) & short; m != 0 {
		p.letters(m)
	}
	ends := w >> 1 &^ (w >> 2) // a word's last byte but one
	if away = 0; p.next < len(p.s) {
		away = macAway
	}
	two := starts & ends & ((p.separator | p.sign) >> 2)
	four := starts & (w >> 1) & (ends >> 2)
	p.macs = two&(two>>3&(two>>6)|away) | four&(four>>5&(four>>10)|away)
	if p.macs != 0 {
		p.addresses()
	}
}

// times passes over the dates and times of day of log lines, in which no verifier finds anything.
func (p *places) times(dates, clocks uint64) {
	for m := dates; m != 0; m &= (m - 1) & p.word {
		bit := bits.TrailingZeros64(m) & 63
		if i := p.at + bit; p.s[i] == '2' && (p.digit>>bit&(1<<stampSize-1) == stampDigits || bit >= blockLen-stampSize && hasStampDigits(p.s, i)) {
			p.pass(bit, timestamp(p.s, i))
		}
	}
	for m := clocks & p.word; m != 0; m &= (m - 1) & p.word {
		bit := bits.TrailingZeros64(m)
		if i := p.at + bit; p.byteAt(i+2) == ':' {
			p.pass(bit, timeOfDay(p.s, i))
		}
	}
}

// pass passes over n bytes from a bit of the block on.
func (p *places) pass(start, n int) {
	switch {
	case n == 0:
	case start+n > blockLen:
		p.keep(start)
		p.next = p.at + start + n
	default:
		p.cut((1<<(n&63) - 1) << (start & 63))
	}
}

// number notes whether the digits between two bits of the block may be something.
func (p *places) number(start, end int) {
	i, n := p.at+end, end-start
	next, then := p.byteAt(i), p.byteAt(i+1)
	kinds := ^uint8(0)
	if n <= maxGated {
		kinds = numberGates[next][(n-1)&(maxGated-1)] & kindOf[then]
	}
	switch {
	case kinds == 0:
	case kinds == kindStreet:
		if frenchStreet(p.s, i+1) != "" {
			p.counted |= 1 << (start & 63)
		}
	default:
		p.goesOn(start, end, next, then)
	}
}

// goesOn is number where what follows the digits does not settle it.
func (p *places) goesOn(start, end int, next, then byte) {
	s, i, n := p.s, p.at+end, end-start
	if behindDigits[next] && isPrefixed(s, i-n) {
		p.prefixes |= 1 << (start & 63)
	}
	kind := digitsThenLetter
	if isDigit(then) {
		kind = digitsThenDigit
	}
	if (kind != digitsThenDigit || !isSeparator(next) || p.mayBeGroups(n, end, next)) && (n >= 9 || goesOn(s, n, i)) {
		p.counted |= 1 << (start & 63)
	}
	if i < len(s) && p.mayPair(kind, n, end) && p.beginsShape(start, end, 1<<n-1) {
		p.shapes |= 1 << (start & 63)
	}
}

// mayBeGroups reports whether n digits before a bit of the block and those behind the separator there may be the first groups of
// something, by their lengths. Before a space, they may also be two things, and before a dot once a token stands in place of the
// second one and of what goes on behind it.
func (p *places) mayBeGroups(n, end int, separator byte) bool {
	second := bits.TrailingZeros64(^(p.digit >> ((end + 1) & 63)))
	after := p.at + end + 1 + second
	if after >= p.next { // they are not all in the block
		return true
	}
	next, sep := p.byteAt(after), separators[separator]
	n, second = min(n, 15), min(second, 15)
	switch {
	case separator == '.' && next == '.':
		return true
	case digitFirst>>(n&15)&1 != 0 && (separator == ' ' || separator == '.' && !isSpace(next) && next != ',' && next != '"' && next != 0):
		return true
	case digitPairs[sep][n&15]>>(second&15)&1 == 0:
		return false
	case digitWhole[sep][n&15]>>(second&15)&1 != 0:
		return true
	case !isSeparator(next):
		return false
	}
	third := bits.TrailingZeros64(^(p.digit >> ((after + 1 - p.at) & 63)))
	if after+1+third >= p.next {
		return true
	}
	return isTriple(sep, n, second, min(third, 15))
}

// mixed notes whether the word from a bit of the block on, not all of it digits, may be something.
func (p *places) mixed(start int) {
	i := p.at + start
	n := bits.TrailingZeros64(^(p.word >> (start & 63)))
	word := (uint64(1)<<(n&63) - 1) << (start & 63)
	digits := p.digit & word >> (start & 63)
	if mixedGates[n].passes(digits) && mayMix(p.s, i, n, digits) || word&^p.letter&^p.digit != 0 && behindUnderscore(p.s, i, i+n) {
		p.counted |= 1 << (start & 63)
	}
	if n <= maxChars && shapeGates[n].passes(digits) && (mayBeShape(n, digits) || p.beginsShape(start, start+n, digits)) {
		p.shapes |= 1 << (start & 63)
	}
	if digits&1 != 0 && behindDigits[p.s[i+bits.TrailingZeros64(^digits)]] && isPrefixed(p.s, i) {
		p.prefixes |= 1 << (start & 63)
	}
}

// letters notes which of the words of a few letters that end before the bits, with a digit behind a byte, may begin a layout.
func (p *places) letters(ends uint64) {
	for m := ends; m != 0; m &= m - 1 {
		end := bits.TrailingZeros64(m)
		i := p.at + end
		if separators[p.s[i]] == 0 || !isDigit(p.byteAt(i+1)) {
			continue
		}
		start := p.wordStart(end)
		if p.mayPair(lettersThenDigit, end-start, end) && p.beginsShape(start, end, 0) {
			p.shapes |= 1 << (start & 63)
		}
	}
}

// beginsShape is [beginsShape] of a word of the block, by its masks where the groups after it are in it.
func (p *places) beginsShape(start, end int, digits uint64) bool {
	s, i := p.s, p.at+end
	if i+1 >= len(s) || !isAlnum(s[i+1]) || !mayBegin(end-start, digits, s[i]) {
		return false
	}
	code := groupStep(codeWhole, 0, end-start, digits)
	for range 2 {
		bit := (end + 1) & 63
		n := bits.TrailingZeros64(^((p.letter | p.digit) >> bit))
		switch {
		case p.at+end+1+n >= p.next:
			return beginsShape(s, p.at+start, i, digits)
		case n == 0: // a time
			return false
		}
		n = min(n, maxChars+1)
		if code = groupStep(code, s[p.at+end], n, p.digit>>bit&(1<<n-1)); isEntered(code) {
			return true
		}
		if end += 1 + n; p.at+end+1 >= len(s) || !isSeparator(s[p.at+end]) || !isAlnum(s[p.at+end+1]) {
			return false
		}
	}
	return false
}

// addresses keeps those of the words that may start a MAC address with what follows them.
func (p *places) addresses() {
	for m := p.macs; m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); !mayBeMAC(p.s, p.at+bit, bits.TrailingZeros64(^(p.word >> (bit & 63)))) {
			p.macs &^= 1 << (bit & 63)
		}
	}
}

// mayPair reports whether some layout begins with a group of n characters of the kind that ends before a bit of the block, and a
// group as long as the one behind the byte there.
func (p *places) mayPair(kind, n, end int) bool {
	if n > maxChars {
		return false
	}
	lengths := shapePairs[kind][separators[p.s[p.at+end]]][n]
	if lengths == 0 {
		return false
	}
	n = bits.TrailingZeros64(^(p.word >> ((end + 1) & 63)))
	if p.at+end+1+n >= p.next { // it is not all in the block
		n = alnums(p.s, p.at+end+1)
	}
	return lengths>>min(n, maxChars+1)&1 != 0
}
