package detect

// Values whose shape says little are read right after the words that name them, as people write them: license plate no.
// B AB 1234, CVV: 123. Under a key the same reader is trusted.

// reader returns the end of the value at i, or 0.
type reader func(t *text, i int) int

// after returns prefixes that wake read at the value after one of the words.
func after(e Entity, conf float32, read reader, words ...string) []prefix {
	list := make([]prefix, len(words))
	for k, word := range words {
		list[k] = prefix{word + whole, func(t *text, i int) {
			start := t.afterWords(i + len(word))
			if start == 0 {
				return
			}
			end := read(t, start)
			if end == 0 || t.tokenTouches(start, end) {
				t.near = true
				return
			}
			t.add(e, start, end, conf)
		}}
	}
	return list
}

// betweenWords may stand between the words for a value and the value, longer ones first.
var betweenWords = [...]string{"number", "numéro", "numero", "nummer", "numarası", "code", "was", "num", "nr", "no", "is", "id"}

// afterWords returns where the value after the words that end at i starts, or 0 when they are the start of another word
// or nothing follows.
func (t *text) afterWords(i int) int {
	if lower(t.at(i)) == 's' {
		i++
	}
	if isWord(t.at(i)) || t.at(i) >= 0x80 {
		return 0
	}
	for range 3 {
		from := i
		for i < from+3 && (t.at(i) == ' ' || t.at(i) == ':' || t.at(i) == '.' || t.at(i) == '#' || t.at(i) == '(' || t.at(i) == '[' || t.at(i) == '"' && t.at(i-1) == ' ') {
			i++
		}
		if i == from {
			return 0
		}
		more := 0
		for _, word := range betweenWords {
			if t.hasFold(i, word) && !isWord(t.at(i+len(word))) {
				more = len(word)
				break
			}
		}
		if more == 0 {
			return i
		}
		i += more
	}
	return 0
}

// readByKey returns a verifier of values by key that read accepts. A few words may follow in quotes, as in a note.
func readByKey(conf float32, read reader) func(*text, value) {
	return func(t *text, v value) {
		if end := read(t, v.start); end > 0 && (!v.closed || end <= v.end && v.end-end <= 12) {
			t.emit(v, v.start, end, conf)
		}
	}
}

// longestOf reads the longest of the forms.
func longestOf(forms []string) reader {
	return func(t *text, i int) int {
		end := 0
		for _, f := range forms {
			end = max(end, t.formEnd(i, f))
		}
		return end
	}
}

// formEnd returns the end of the value at i in the form, or 0. In it L is a letter, d a digit, x either, and a blank one
// separator or none; anything else is itself. Letters are all of one case.
func (t *text) formEnd(i int, form string) int {
	upper, lower := false, false
	for k := range len(form) {
		c := t.at(i)
		switch form[k] {
		case ' ':
			i += t.separatorAt(i)
			continue
		case 'd':
			if !isDigit(c) {
				return 0
			}
		case 'L', 'x':
			if !isLetter(c) && (form[k] == 'L' || !isDigit(c)) {
				return 0
			}
			upper, lower = upper || isUpper(c), lower || isLower(c)
		default:
			if c&^0x20 != form[k]&^0x20 {
				return 0
			}
		}
		i++
	}
	if upper && lower {
		return 0
	}
	if !t.valueEnds(i) {
		t.near = true
		return 0
	}
	return i
}

// separatorAt returns the length of the separator at i, also as forms encode a blank; 0 when there is none.
func (t *text) separatorAt(i int) int {
	switch t.at(i) {
	case ' ', '-', '.', '+', '/':
		return 1
	case '%':
		if t.hasFold(i, "%20") {
			return 3
		}
	}
	return 0
}

// valueEnds reports whether a value may end at i: nothing goes on there, neither a word nor another group.
func (t *text) valueEnds(i int) bool {
	switch c := t.at(i); c {
	case '-', '/', '@', '\\':
		return !isWord(t.at(i+1)) || t.escapeAt(i) > i
	case '.', ':', ',':
		return !isDigit(t.at(i + 1))
	default:
		return !isWord(c) && c < 0x80
	}
}

// idReader returns a reader of ids: letters of one case and digits with single hyphens, from shortest to longest of them,
// and at least so many digits, which are not all the same.
func idReader(shortest, longest, digits int) reader {
	return func(t *text, i int) int {
		n, count := 0, 0
		upper, lower, differ := false, false, false
		first := byte(0)
		for ; ; i++ {
			c := t.at(i)
			switch {
			case isDigit(c):
				differ = differ || first != 0 && c != first
				first = c
				count++
			case isLetter(c):
				upper, lower = upper || isUpper(c), lower || isLower(c)
			case c == '-' && n > 0 && isAlnum(t.at(i+1)):
				continue
			default:
				if n < shortest || count < digits || !differ || upper && lower || !t.valueEnds(i) {
					return 0
				}
				return i
			}
			if n++; n > longest {
				return 0
			}
		}
	}
}

// numberReader returns a reader of bare numbers from shortest to longest digits.
func numberReader(shortest, longest int) reader {
	return func(t *text, i int) int {
		end := t.span(i, longest+1, isDigit)
		if end-i < shortest || end-i > longest || !t.valueEnds(end) || t.sameDigits(i, end) {
			return 0
		}
		return end
	}
}
