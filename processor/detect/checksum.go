package detect

// luhn checks ASCII digits by ISO/IEC 7812-1 annex B.
func luhn(d []byte) bool {
	sum, double := 0, false
	for i := len(d) - 1; i >= 0; i-- {
		v := int(d[i] - '0')
		if double {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
		double = !double
	}
	return sum%10 == 0
}

// Multiplication and permutation of the Verhoeff scheme: the dihedral group of order ten.
var (
	verhoeffProduct = [10][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
		{2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
		{3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
		{4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
		{5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
		{6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
		{7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
		{8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
		{9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
	}
	verhoeffTurn = [8][10]byte{
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		{1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
		{5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
		{8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
		{9, 4, 5, 3, 1, 2, 6, 8, 7, 0},
		{4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
		{2, 7, 9, 3, 8, 0, 6, 4, 1, 5},
		{7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
	}
)

// verhoeff checks ASCII digits whose last one is the check digit.
func verhoeff(d []byte) bool {
	var c byte
	for i := range d {
		c = verhoeffProduct[c][verhoeffTurn[i%8][d[len(d)-1-i]-'0']]
	}
	return c == 0
}

// weighted returns the sum of digits times falling weights that start at first.
func weighted(d []byte, first int) int {
	sum := 0
	for i, c := range d {
		sum += int(c-'0') * (first - i)
	}
	return sum
}

// modulo11 is the check digit that fills a weighted sum up to a multiple of eleven, with 0 in place of what is no digit.
func modulo11(sum int) int {
	check := 11 - sum%11
	if check > 9 {
		return 0
	}
	return check
}

// allSame reports whether all digits are equal.
func allSame(d []byte) bool {
	for _, c := range d[1:] {
		if c != d[0] {
			return false
		}
	}
	return true
}

// number returns the value of a few ASCII digits.
func number(d []byte) int {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n
}

// digitsByKey returns a verifier of values by key: digits at single separators that valid accepts.
func digitsByKey(conf float32, valid func(d []byte) bool) func(*text, value) {
	return func(t *text, v value) {
		var d [maxDigits]byte
		n, i, end := 0, v.start, v.start
		for i < len(t.s) && n < maxDigits {
			if c := t.s[i]; isDigit(c) {
				d[n] = c
				n++
				end = i + 1
			} else if !isSeparator(c) || i == v.start || !isDigit(t.at(i+1)) {
				break
			}
			i++
		}
		if n < 4 || v.closed && end > v.end || isWord(t.at(end)) || v.closed && v.end-end > 2 {
			return
		}
		if valid(d[:n]) && !allSame(d[:n]) {
			t.emit(v, v.start, end, conf)
		}
	}
}
