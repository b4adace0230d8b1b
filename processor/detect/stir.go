package detect

import "github.com/cloakroom/cloakroom/processor/detect/names"

// stirs reports whether the event at i can be more than punctuation: it looks at the neighbors as its verifier would. plain
// says that no escape sequence is near.
func (p *places) stirs(i int, plain bool) bool {
	s := p.s
	next := byte(0)
	if i+1 < len(s) {
		next = s[i+1]
	}
	switch s[i] {
	case ':':
		if next == '/' || next == ':' || next == '\\' {
			return true
		}
		if i > 0 && isHex(next) && (isHex(s[i-1]) || s[i-1] == ':') {
			return !isClock(s, i) && (i <= 3 || s[i-3] != ':' || !isClock(s, i-3))
		}
		return i > 0 && (!plain || !p.plain || !p.namesNothingBefore(i, next))
	case '=':
		return i > 0 && (!plain || !p.plain || !p.namesNothingBefore(i, next))
	case '-':
		if next == ' ' && i > 0 && s[i-1] == ' ' {
			return accessLogUserEnd(s, i+2) > 0
		}
		return next == 'u' || next == '-' || (next == 'p' || next == 'a') && i > 0 && s[i-1] == ' '
	case '+':
		return isDigit(next) || next == '('
	case '(':
		return next == '"' || next == '\'' || i+4 < len(s) && s[i+4] == ')'
	case '>':
		return i > 0 && (isKeyByte(s[i-1]) || s[i-1] == '"' || s[i-1] == '\'')
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

// namesNothingBefore reports whether no key that means anything ends before the separator at i, by the last word of what
// stands there. Most pairs in telemetry are settled here.
func (p *places) namesNothingBefore(i int, next byte) bool {
	s := p.s
	for n := 0; n < 3 && i > p.at && (s[i-1] == ' ' || s[i-1] == '"' || s[i-1] == '\'' || s[i-1] == ']'); n++ {
		i--
	}
	a := byte(0)
	switch {
	case i-3 >= p.at:
		a = s[i-3]
	case p.at > 0 || i < 2:
		return false
	}
	b, c := s[i-2], s[i-1]
	switch {
	case !isLetter(c):
		return isDigit(c) && !isWord(b) && b != '-' && b != '.' && b < 0x80 // a number alone
	case !isLetter(b):
		return false
	case !isLetter(a):
		a = 0
	}
	return noKeyEnds(a, b, c) || p.namesNothing(i, next)
}

// namesNothing reports whether no name and no filler ends in the word that ends at i, or only names of persons, whose
// values start with a capital, and next, which follows the separator, is a small letter.
func (p *places) namesNothing(end int, next byte) bool {
	s, h := p.s, uint64(hashSeed)
	for i := end - 1; i >= p.at && isLetter(s[i]); i-- {
		h = hashByte(h, lower(s[i]))
		switch {
		case i > p.at && !boundaryAt(s, i):
			continue
		case i == p.at && i > 0 && isAlnum(s[i-1]): // behind an escape sequence
			return false
		}
		w, b := hashBit(h)
		return wordBits[w]&b != b || isLower(next) && personBits[w]&b == b
	}
	return false
}
