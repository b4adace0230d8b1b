package detect

// value is the text that a key names.
type value struct {
	start, end       int
	keyStart, keyEnd int // -1: the attribute key
	ref              keyRef
	closed           bool // the bounds are certain: quotes, an SQL literal, the whole attribute
	prose            bool // "key: value" without quotes, where the key may be a word of a sentence
	quote            byte // around the value, or 0
	level            int  // levels of JSON escaping of that quote
	enc              Encoding
}

// valueAfter reads the bounds of the value that starts after the separator.
func (t *text) valueAfter(k sepKey, sep byte, i int) value {
	v := value{keyStart: k.start, keyEnd: k.end}
	from := i
	for i < len(t.s) && i < from+8 && (t.s[i] == ' ' || t.s[i] == '\t') {
		i++
	}
	if t.at(i) == escape || t.at(i) == '\\' {
		i = t.controlAt(i)
	}
	if k.quote != 0 || t.at(i-1) == '>' {
		if j := t.blanks(i); j > i && (t.at(j) == k.quote || t.at(j) == '\\' || isLetter(t.at(j)) && t.unwrap(j) > j) { // below its key
			i = j
		}
	}
	if c := t.at(i); isLetter(c) {
		i = t.unwrap(i)
		if q := t.at(i + 1); (q == '\'' || q == '"') && isLiteralPrefix(t.at(i)) {
			i++
		}
	} else if c == '&' {
		if start, end := t.entityValue(i); start < end {
			v.start, v.end, v.closed = start, end, true
			return v
		}
	}
	slashes := 0
	for t.at(i+slashes) == '\\' && slashes < 7 {
		slashes++
	}
	if q := t.at(i + slashes); q == '"' || q == '\'' || q == '`' {
		i += slashes + 1
		v.quote, v.level = q, escapeLevel(slashes, q)
		v.start, v.end, v.closed = i, t.quoteEnd(i, q, slashes), true
		if q == '"' {
			v.enc = Encoding(v.level)
		}
		return v
	}
	if k.quote == '"' {
		v.level = k.level
	}
	v.prose = sep == ':' && i > from
	v.start, v.end = i, t.runEnd(i)
	v.end = t.bracketEnd(i, v.end)
	if sep == '%' {
		v.end = t.encodedEnd(i, v.end)
		v.enc |= Percent
	}
	if before := t.at(k.start - 1); sep == '=' && (before == '&' || before == '?' || t.hasFold(k.end, "%5d") || t.hasFold(k.end, "%5b")) {
		v.enc |= Percent
	}
	return v
}

// isLiteralPrefix reports whether c may stand before the quote of a literal: N'x' in SQL, b'x' in Python.
func isLiteralPrefix(c byte) bool {
	switch c {
	case 'N', 'n', 'E', 'e', 'b', 'B', 'u', 'U', 'r', 'R', 'f':
		return true
	}
	return false
}

// bracketEnd returns the end of a value in brackets that starts at i and ends, as a run, at end.
func (t *text) bracketEnd(i, end int) int {
	switch c := t.at(i); {
	case c == '[' && t.at(end) == ']', c == '$' && t.at(i+1) == '{' && t.at(end) == '}':
		return end + 1
	case c == '{' && t.at(i+1) == '{' && t.at(end) == '}' && t.at(end+1) == '}':
		return end + 2
	case c == '<' && isAlnum(t.at(i+1)):
		j := t.span(i+1, maxKey, isInAngles)
		if t.at(j) == '>' && j > i+4 && t.endsHere(j+1) {
			return j + 1
		}
	}
	return end
}

func isInAngles(c byte) bool {
	return c > ' ' && c != '<' && c != '>' && c != '/' && c != '"' && c != '='
}

// quoteEnd returns where the string that starts at i ends: at the quote with the same number of backslashes before it,
// or at the end of the line.
func (t *text) quoteEnd(i int, quote byte, slashes int) int {
	if quote != '"' { // no other quote is skipped inside a string, so that every search is short
		return t.findQuote(i, quote, slashes)
	}
	m := &t.quotes[slashes]
	if m.start > i || i >= m.end {
		*m = extent{i, t.findQuote(i, quote, slashes)}
	}
	return m.end
}

func (t *text) findQuote(i int, quote byte, slashes int) int {
	n := 0 // backslashes before j
	for j := i; j < len(t.s); j++ {
		switch c := t.s[j]; {
		case c == '\\':
			n++
			continue
		case c == '\n' && slashes == 0:
			return j
		case c == quote && (n <= slashes || closesAfter(n, slashes)):
			if quote == '\'' && slashes == 0 && t.at(j+1) == '\'' { // '' inside an SQL literal
				j++
				break
			}
			return j - min(n, slashes)
		}
		n = 0
	}
	return len(t.s)
}

// closesAfter reports whether a quote with n backslashes before it closes a string whose quotes have fewer: it does where the others are
// escaped backslashes that end the string, as in "C:\\dir\\".
func closesAfter(n, slashes int) bool {
	period := 2 * (slashes + 1) // of backslashes that one escaped backslash is, at this level
	return slashes&(slashes+1) == 0 && n%period == slashes
}

// runEnd returns where the unquoted value that starts at i ends. The end is the same for every start inside a run.
func (t *text) runEnd(i int) int {
	m := &t.run
	if m.start <= i && i < m.end {
		return m.end
	}
	end := i
	for end < len(t.s) && !t.runStops(end) {
		end++
	}
	*m = extent{i, end}
	return end
}

// runStops reports whether an unquoted value ends at i. A comma, semicolon or ampersand ends it only where another
// pair or a blank follows, a closing bracket only where the line, a blank or more punctuation follows, for passwords
// hold all of them.
func (t *text) runStops(i int) bool {
	switch c := t.s[i]; c {
	case ' ', '\t', '\r', '\n', '"', '`', '<', 0, escape:
		return true
	case '\'':
		return !isAlnum(t.at(i + 1))
	case '\\':
		switch t.at(i + 1) {
		case 'n', 'r', 't', '"', '\'', '\\', 'u':
			return true
		case 'x', '0', 'e':
			return t.controlAt(i) > i
		}
	case ',', '&', '|':
		return t.endsHere(i+1) || t.pairAt(i+1)
	case ';':
		return t.endsHere(i+1) || t.pairAt(i+1) || t.settingAt(i+1)
	case ')', ']', '}', '>':
		return t.endsHere(i + 1)
	}
	return false
}

// endsHere reports whether the text, a blank or punctuation that closes something stands at i.
func (t *text) endsHere(i int) bool {
	switch t.at(i) {
	case 0, ' ', '\t', '\r', '\n', '"', '\'', '`', ',', ';', ')', ']', '}', '>', '.', ':', '\\', '{', '[', '|', '<':
		return true
	}
	return false
}

// pairAt reports whether key= or key: starts at i, or a token, for an address that it stands for may look like a key.
func (t *text) pairAt(i int) bool {
	for t.at(i) == '"' || t.at(i) == '\'' {
		i++
	}
	if k := t.tokenFrom(i); k < len(t.tokens) && t.tokens[k].Start == i {
		return true
	}
	j := i
	for j < i+40 && (isKeyByte(t.at(j)) || j > i && (t.at(j) == '[' || t.at(j) == ']' || t.at(j) == '%')) { // user%5Bemail%5D=
		j++
	}
	if j > i && t.at(j) == ' ' && t.at(j+1) == '=' && t.at(j+2) == ' ' { // User { Name = Jane, Id = 7 }
		return true
	}
	return j > i && (t.at(j) == '=' || t.at(j) == ':') || t.hasFold(i, "amp;")
}

// maxPhrase is how long an unquoted value of several words may be, in bytes.
const maxPhrase = 96

// phraseEnd returns where an unquoted value of several words ends: before the next pair, closing punctuation or the
// end of the line.
func (t *text) phraseEnd(v value) int {
	if v.closed || v.enc&Percent != 0 {
		return v.end
	}
	word := v.start // start of the word that i is in
	for i := v.start; i < len(t.s) && i < v.start+maxPhrase; i++ {
		switch c := t.s[i]; c {
		case '\n', '\r', '\t', '"', '`', '|', ';', '&', '<', '>', ')', ']', '}', '\\', '(', '{', '[':
			return t.trimRight(v.start, i)
		case '=', ':':
			return t.trimRight(v.start, max(v.start, word-1))
		case ',':
			if t.at(i+1) != ' ' || t.pairAt(i+2) {
				return t.trimRight(v.start, i)
			}
		case ' ':
			word = i + 1
			if t.at(i+1) == ' ' || t.at(i+1) == '-' {
				return t.trimRight(v.start, i)
			}
		}
	}
	return t.trimRight(v.start, min(len(t.s), v.start+maxPhrase))
}

// trimRight returns end without blanks and sentence punctuation before it.
func (t *text) trimRight(start, end int) int {
	for end > start {
		switch t.s[end-1] {
		case ' ', '\t', '\r', '\n', ',', ';':
			end--
			continue
		}
		break
	}
	return end
}

// plain returns the decoded value, for checks only: dst is the caller's buffer.
func (t *text) plain(dst []byte, v value) []byte {
	return v.enc.Decode(dst[:0], t.s[v.start:v.end])
}
