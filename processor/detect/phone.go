package detect

import (
	"unsafe"

	"github.com/nyaruka/phonenumbers"
)

// phonePlus verifies an international number whose plus sign is at i.
func (t *text) phonePlus(i int) {
	if i > 0 && (isWord(t.s[i-1]) && t.escapeBefore(i) == i || t.s[i-1] == '+' || t.s[i-1] == '.') {
		return
	}
	t.phoneInternational(i, i+1, 0)
}

// longestPhone is the most digits of a number, E.164.
const longestPhone = 15

// phoneInternational verifies the number whose plus sign is spelled from start to i.
func (t *text) phoneInternational(start, i int, enc Encoding) {
	if c := t.at(i); !isDigit(c) && c != '(' || c == '0' {
		return
	}
	ends, n := t.phoneGroups(i)
	for k := n - 1; k >= 0 && k >= n-3; k-- { // numbers of something else may follow at spaces
		if k < n-1 && t.at(ends[k]) != ' ' {
			continue
		}
		if !t.numberMayEnd(ends[k]) {
			continue
		}
		if t.validInternational(i, ends[k]) {
			t.add(Phone, start, ends[k], 0.97)
			t.out[len(t.out)-1].Encoding = enc
			return
		}
	}
	t.near = true
}

// maxPhoneGroups is how many groups of digits a telephone number may have.
const maxPhoneGroups = 8

// phoneGroups reads groups of digits at the separators of telephone numbers and returns the end of each.
func (t *text) phoneGroups(i int) (ends [maxPhoneGroups]int, n int) {
	digits, open := 0, false
	for n < maxPhoneGroups {
		from := i
		for isDigit(t.at(i)) && digits <= longestPhone {
			digits++
			i++
		}
		if digits > longestPhone {
			return ends, n
		}
		if i > from {
			ends[n] = i
			n++
		}
		gap := i
		for i < gap+2 {
			switch c := t.at(i); {
			case c == '(' && !open, c == ')' && open:
				open = !open
			case c == ' ' || c == '-' || c == '.' || c == '/' && i == gap:
			default:
				gap = -9
			}
			if gap < 0 {
				break
			}
			i++
			if isDigit(t.at(i)) {
				break
			}
		}
		if !isDigit(t.at(i)) || gap < 0 {
			return ends, n
		}
	}
	return ends, n
}

// validInternational checks the digits of a number without its plus sign. North American numbers are checked by their
// own rules, so that fictional ones count; all others by the numbering plan of their country. Where national prefixes are
// odder than a plan knows the library is asked, as long as the budget for that lasts: it takes microseconds.
func (t *text) validInternational(from, to int) bool {
	var b [longestPhone + 1]byte
	b[0] = '+'
	n := 1
	for i := from; i < to; i++ {
		if isDigit(t.s[i]) {
			b[n] = t.s[i]
			n++
		}
	}
	if n-1 < 7 {
		return false
	}
	if b[1] == '1' {
		return n-1 == 11 && isNANP(b[2:n])
	}
	p, code := planOf(unsafe.String(&b[1], n-1))
	switch {
	case p == nil:
		return false
	case p.has(unsafe.String(&b[1+code], n-1-code)):
		return true
	case !p.odd:
		return false
	case !t.plans.spend(from):
		return true // hidden rather than looked up
	}
	number, err := phonenumbers.Parse(string(b[:n]), "")
	return err == nil && phonenumbers.IsValidNumber(number)
}

// isNANP reports whether ten digits can be a North American number: area and exchange start with 2-9, the area's middle
// digit is not 9, and neither is a service code, N11. The fictional area 555 may have any exchange.
func isNANP(d []byte) bool {
	if len(d) == 10 && string(d[:3]) == "555" {
		return !isSame(d[2:])
	}
	return len(d) == 10 && d[0] >= '2' && d[3] >= '2' && d[1] != '9' && !isServiceCode(d[:3]) && !isServiceCode(d[3:6])
}

// isServiceCode reports whether the digits start with one: N11.
func isServiceCode(d []byte) bool { return d[1] == '1' && d[2] == '1' }

func isNANP11(d []byte) bool { return d[0] == '1' && isNANP(d[1:]) }

// isTrunk reports whether the digits start with a national trunk prefix, 0.
func isTrunk(d []byte) bool { return d[0] == '0' && d[1] != '0' && !isSame(d) }

// isLongTrunk also knows the trunk prefix of Russia and its neighbors, 8.
func isLongTrunk(d []byte) bool { return d[0] == '8' && d[1] >= '3' && !isSame(d) || isTrunk(d) }

// isMobile reports whether eleven digits are a national number: with a trunk prefix, of North America with its 1, or of
// a mobile network of China.
func isMobile(d []byte) bool { return isTrunk(d) || isNANP11(d) || d[0] == '1' && d[1] >= '3' }

func isLocalPhone(d []byte) bool { return d[0] >= '2' && !isServiceCode(d) }

// isSame reports whether all digits but the first are equal.
func isSame(d []byte) bool {
	for _, c := range d[1:] {
		if c != d[1] {
			return false
		}
	}
	return true
}

// phoneParen verifies (415) 555-2671 whose parenthesis is at i.
func (t *text) phoneParen(i int) {
	if t.at(i+4) != ')' || i > 0 && isWord(t.s[i-1]) {
		return
	}
	j := i + 5
	if c := t.at(j); c == ' ' || c == '-' || c == '.' {
		j++
	}
	if sep := t.at(j + 3); sep != '-' && sep != '.' && sep != ' ' {
		return
	}
	var d [10]byte
	n := 0
	for _, part := range [...][2]int{{i + 1, i + 4}, {j, j + 3}, {j + 4, j + 8}} {
		for k := part[0]; k < part[1]; k++ {
			if !isDigit(t.at(k)) {
				return
			}
			d[n] = t.s[k]
			n++
		}
	}
	if isNANP(d[:]) && t.numberMayEnd(j+8) {
		start := i
		if t.at(i-1) == ' ' && t.at(i-2) == '1' && (i == 2 || !isWord(t.at(i-3)) && t.at(i-3) != '+') {
			start = i - 2
		}
		t.add(Phone, start, j+8, 0.95)
	}
}

// phoneByKey verifies a number under a key: 7 to 15 digits in any telephone layout.
func phoneByKey(t *text, v value) {
	i := v.start
	if t.hasFold(i, "tel:") {
		i += 4
	}
	if t.hasFold(i, "%2b") {
		i += 3
	} else if t.at(i) == '+' || t.at(i) == ' ' {
		i++
	}
	if !isDigit(t.at(i)) && t.at(i) != '(' {
		return
	}
	ends, n := t.phoneGroups(i)
	if n == 0 || v.closed && ends[n-1] > v.end {
		return
	}
	end := ends[n-1]
	if digits := t.countDigits(i, end); digits < 7 || v.weak() && digits < 9 || isWord(t.at(end)) || t.sameDigits(i, end) {
		return
	}
	if v.closed && v.end-end > 12 {
		return
	}
	t.emit(v, v.start, end, 0.98)
}

// phoneWord verifies the national number after the word for a telephone at i, in any layout: Tel. 030-901820.
func phoneWord(t *text, i int) {
	start := t.wordEnd(i)
	for t.at(start) == '.' || t.at(start) == ' ' {
		start++
	}
	if t.at(start) != '0' && (t.at(start) != '(' || t.at(start+1) != '0') {
		return
	}
	ends, n := t.phoneGroups(start)
	for k := n - 1; k >= 0 && k >= n-3; k-- { // numbers of something else may follow at spaces
		end := ends[k]
		if digits := t.countDigits(start, end); digits < 7 || digits > 13 || k < n-1 && t.at(end) != ' ' || !t.numberMayEnd(end) || t.sameDigits(start, end) || t.tokenTouches(start, end) {
			continue
		}
		t.add(Phone, start, end, 0.9)
		return
	}
	t.near = true
}

// weak reports whether the key names other things too.
func (v value) weak() bool { return v.ref.weak }

func (t *text) countDigits(i, end int) int {
	n := 0
	for ; i < end; i++ {
		if isDigit(t.s[i]) {
			n++
		}
	}
	return n
}

// sameDigits reports whether all digits in [i, end) are equal.
func (t *text) sameDigits(i, end int) bool {
	first := byte(0)
	for ; i < end; i++ {
		c := t.s[i]
		if !isDigit(c) {
			continue
		}
		if first == 0 {
			first = c
		}
		if c != first {
			return false
		}
	}
	return true
}
