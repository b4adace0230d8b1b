package detect

import "math/bits"

// What follows a block is not in its masks: words so near its end may begin more than the masks say.
const (
	dateSize, clockSize, pairsSize, foursSize = len("2006-01-02"), len("15:04:05"), len("00:11:22"), len("0011.2233.4455")

	dateAway  = ^uint64(0) >> (blockLen - dateSize) << (blockLen - dateSize)
	clockAway = ^uint64(0) >> (blockLen - clockSize) << (blockLen - clockSize)
	pairsAway = ^uint64(0) >> (blockLen - pairsSize) << (blockLen - pairsSize)
	foursAway = ^uint64(0) >> (blockLen - foursSize) << (blockLen - foursSize)
)

// words notes which of the words with digits, and of those with digits behind them, may be something. All questions about the
// words of the block are asked at once, and most of the answers are nothing. Ahead are the digits, with those of a word that
// goes on behind the block.
func (p *places) words(ahead uint64) {
	w, d := p.word, p.digit
	starts := w &^ (w << 1)
	first := starts & d
	two := first & (d >> 1) &^ (w >> 2) // 15
	if dates := first & (d >> 3) & (d >> 2) & (two>>5 | dateAway); dates|two&(two>>3) != 0 {
		p.times(dates, two)
		w, d = p.word, p.digit
		starts = w &^ (w << 1)
		first = starts & d
	}
	// An addition carries from the start of a word to its first digit, or to behind its digits or letters.
	behind := (d + first) &^ d
	mixed := (w&^d+starts&^d)&d | behind&w
	letters := (p.letter + starts&p.letter) &^ (w | p.separator) & (ahead>>1 | 1<<(blockLen-1))
	ends := w >> 1 &^ (w >> 2) // a word's last byte but one
	pairs := starts & ends & ((p.separator | p.sign) >> 2)
	fours := starts & (w >> 1) & (ends >> 2)
	p.macs = pairs&(pairs>>3&(pairs>>6)|pairsAway) | fours&(fours>>5&(fours>>10)|foursAway)
	if behind &^= w; behind != 0 {
		p.numbers(behind)
	}
	for ; mixed != 0; mixed &= mixed - 1 {
		p.mixed(p.wordStart(bits.TrailingZeros64(mixed)))
	}
	if letters != 0 {
		p.letters(letters)
	}
	if p.macs != 0 {
		p.addresses()
	}
}

// times passes over the dates and times of day of log lines, in which no verifier finds anything: dates are the words that may
// begin one, and two those that are two digits.
func (p *places) times(dates, two uint64) {
	dates &= p.digit >> 1 &^ (p.word >> 4)
	clocks := two & (two>>3&(two>>6) | clockAway)
	for m := dates; m != 0; m &= (m - 1) & p.word {
		bit := bits.TrailingZeros64(m) & 63
		p.pass(bit, timestamp(p.s, p.at+bit))
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

// numbers notes which of the words that are digits, up to the bits, may be something.
func (p *places) numbers(ends uint64) {
	s, w := p.s, p.word
	for ; ends != 0; ends &= ends - 1 {
		end := bits.TrailingZeros64(ends)
		n := bits.LeadingZeros64(^(w << (-end & 63)))
		i, kinds := p.at+end, ^uint8(0)
		next, then := byte(0), byte(0)
		if i+1 < len(s) {
			both := pair(s, i)
			next, then = byte(both), byte(both>>8)
		} else {
			next = p.byteAt(i)
		}
		if n <= maxGated {
			kinds = numberGates[next][(n-1)&(maxGated-1)] & kindOf[then]
		}
		switch kinds {
		case 0:
			continue
		case kindDigit:
			second := bits.TrailingZeros64(^(w >> ((end + 1) & 63)))
			if numberSeconds[separators[next]][(n-1)&(maxGated-1)]>>min(second, 31)&1 == 0 && i+1+second < p.next {
				continue
			}
		case kindStreet:
			if frenchStreet(s, i+1) == "" {
				continue
			}
		case kindSpace:
			if next == ',' && !frenchFollows(s, i) {
				continue
			}
		case kindHouse:
			if !streetFollows(s, i+1+bits.TrailingZeros64(^(w>>(end&63)>>1))) { // from the end of its first word on
				continue
			}
		}
		p.goesOn(end-n, end, next, then)
	}
}

// goesOn notes whether the digits between two bits of the block may be something, where the gate does not settle it.
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
	if i < len(s) && p.mayPair(kind, n, separators[next], end) && p.beginsShape(start, end, 1<<n-1) {
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
	n := bits.TrailingZeros64(^(p.word >> (start & 63))) & 63
	all := uint64(1)<<n - 1
	digits := p.digit >> (start & 63) & all
	gates := wordGates[n][digits%gateWidth]
	if (p.word&^p.letter&^p.digit)>>(start&63)&all != 0 && behindUnderscore(p.s, i, i+n) || gates&gateShape != 0 && mayMix(p.s, i, n, digits) {
		p.counted |= 1 << (start & 63)
	}
	if gates&gateLayout != 0 && p.mayBeShape(i, n, digits) || gates&gateGroups != 0 && p.beginsShape(start, start+n, digits) {
		p.shapes |= 1 << (start & 63)
	}
	if gates&gatePrefix != 0 && isPrefixed(p.s, i) {
		p.prefixes |= 1 << (start & 63)
	}
}

// letters notes which of the words of letters that end before the bits, with a digit behind a byte, may begin a layout.
func (p *places) letters(ends uint64) {
	s := p.s
	for m := ends; m != 0; m &= m - 1 {
		end := bits.TrailingZeros64(m)
		i := p.at + end
		if i+1 >= len(s) {
			break
		}
		both := pair(s, i)
		sep := separators[both&0xFF]
		if sep == 0 || !isDigit(byte(both>>8)) {
			continue
		}
		start := p.wordStart(end)
		if n := end - start; n <= maxLetterGroup && p.mayPair(lettersThenDigit, n, sep, end) && p.beginsShape(start, end, 0) {
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
// group as long as the one behind the separator there.
func (p *places) mayPair(kind, n int, sep uint8, end int) bool {
	if n > maxChars {
		return false
	}
	lengths := shapePairs[kind][sep&7][n]
	if lengths == 0 {
		return false
	}
	n = bits.TrailingZeros64(^(p.word >> ((end + 1) & 63)))
	if p.at+end+1+n >= p.next { // it is not all in the block
		n = alnums(p.s, p.at+end+1)
	}
	return lengths>>min(n, maxChars+1)&1 != 0
}
