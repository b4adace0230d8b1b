package detect

import (
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// scan wakes the verifiers at the few places where something may stand.
func (t *text) scan() {
	next := t.from
	for {
		start, end, all := wake(t.s, next)
		if start == len(t.s) {
			return
		}
		if all == 0 {
			next = t.event(start)
			continue
		}
		next = end
		if all&clsDigit != 0 {
			t.mixedWord(start, end, all)
		}
		if mayBePrefix(t.s, start) {
			t.prefixed(start)
		}
		if mayBeMAC(t.s, start, end-start) {
			t.mac(start)
		}
		if mayBeName(t.s, start) {
			t.prose(start)
		}
	}
}

// wake returns the first word from i on that a verifier may know, with the union of its classes, or the first event,
// without any class; len(s) when there is none. Bytes inside words and between them cost one table look-up; a word
// costs one more, of its first three bytes in a bitmap of known prefixes.
func wake(s string, i int) (start, end int, all class) {
	for i < len(s) {
		c := classes[s[i]]
		if c&clsWord == 0 {
			if c&clsEvent != 0 && stirs(s, i) {
				return i, i, 0
			}
			i++
			continue
		}
		if s[i] == '2' && isTimestamp(s, i) {
			i += len("2006-01-02 15:04:")
			continue
		}
		start, all = i, c
		for i++; i < len(s); i++ {
			if c = classes[s[i]]; c&clsWord == 0 {
				break
			}
			all |= c
		}
		if all&clsDigit != 0 && mayCount(s, start, i, all) || mayBePrefix(s, start) || mayBeMAC(s, start, i-start) || mayBeName(s, start) {
			return start, i, all
		}
	}
	return len(s), len(s), 0
}

// isTimestamp reports whether a date of this century and a time of day with seconds start at i, as at the begin of most
// log lines (RFC 3339, or with a space). No verifier finds anything before its seconds.
func isTimestamp(s string, i int) bool {
	const size = len("2006-01-02 15:04:05")
	if i+size > len(s) || s[i+4] != '-' || s[i+7] != '-' || s[i+13] != ':' || s[i+16] != ':' || s[i+10] != ' ' && s[i+10] != 'T' {
		return false
	}
	for _, at := range [...]int{1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18} {
		if !isDigit(s[i+at]) {
			return false
		}
	}
	return i+size == len(s) || !isWord(s[i+size]) && s[i+size] != ':' && s[i+size] != '-'
}

// mayCount reports whether the word with digits [start, end) can begin a number or be of a shape: short runs of digits
// want something after them that number goes on from; short words of letters and digits want to look like a house number or an
// IBAN, the only shapes of theirs.
func mayCount(s string, start, end int, all class) bool {
	n := end - start
	switch {
	case all&(clsLetter|clsUnder) == 0:
		return n >= 9 || end < len(s) && goesOn(s, n, end)
	case all&clsUnder != 0 || n > shortWord:
		return true
	}
	return isDigit(s[start]) || n >= 4 && isDigit(s[start+2]) && isDigit(s[start+3])
}

// goesOn reports whether fewer than nine digits that end before end, which is in s, can be the begin of a number, an
// address or a street.
func goesOn(s string, n, end int) bool {
	sep, next := s[end], byte(0)
	if end+1 < len(s) {
		next = s[end+1]
	}
	if n <= 4 && (sep == ' ' || next == ' ') && frenchFollows(s, end) {
		return true
	}
	switch {
	case sep == '+':
		return n == 4
	case !isSeparator(sep):
		return false
	case isDigit(next):
		return sep == '.' && n <= 3 || beginsLayout(s, n, end)
	case sep == ' ':
		return n <= 5 && isUpper(next) || n == 4 && next == ' '
	}
	return false
}

// shortWord is shorter than any word whose shape alone may be an entity, but for house numbers and IBANs.
const shortWord = 20

// stirs reports whether the event at i can be more than punctuation: it looks at the next byte as its verifier would.
func stirs(s string, i int) bool {
	next := byte(0)
	if i+1 < len(s) {
		next = s[i+1]
	}
	switch s[i] {
	case '-':
		return next == ' ' || next == 'u' || next == '-'
	case '+':
		return isDigit(next) || next == '('
	case '(':
		return i+4 < len(s) && s[i+4] == ')'
	case '>':
		return i > 0 && isKeyByte(s[i-1])
	}
	return s[i] < 0x80 || names.MayStart(s, i)
}

// mayBePrefix reports whether a prefix may start with the three bytes at i.
func mayBePrefix(s string, i int) bool {
	if i+3 > len(s) {
		return false
	}
	p := fold3(s[i], s[i+1], s[i+2])
	return prefixBits[p>>6]&(1<<(p&63)) != 0
}

// mayBeMAC reports whether the word of n bytes at i and the separators after it may begin a MAC address.
func mayBeMAC(s string, i, n int) bool {
	switch {
	case n == 2 && i+17 <= len(s):
		sep := s[i+2]
		return (sep == ':' || sep == '-') && s[i+5] == sep && s[i+8] == sep
	case n == 4 && i+14 <= len(s):
		return s[i+4] == '.' && s[i+9] == '.'
	}
	return false
}

// event handles a byte outside words and returns where the scan goes on.
func (t *text) event(i int) int {
	switch t.s[i] {
	case '@':
		t.email(i)
		t.dsn(i)
	case ':', '=':
		t.separator(i)
	case '-':
		t.dashes(i)
	case '+':
		t.phonePlus(i)
	case '(':
		t.phoneParen(i)
	case '>':
		t.xml(i)
	case firstAccented, firstAccented + 1, lastAccented:
		if names.MayStart(t.s, i) {
			t.nameInProse(i)
		}
	case '%', '\\', escape:
		t.percent(i)
		if end := t.escapeAt(i); end > i {
			return end
		}
	}
	return i + 1
}

// mixedWord handles a word [start, end) with digits; all is the union of its classes.
func (t *text) mixedWord(start, end int, all class) {
	if all&(clsLetter|clsUnder) == 0 {
		t.number(start, end)
		return
	}
	if all&clsUnder != 0 {
		t.underscored(start, end)
	}
	if n := end - start; n < len(wordTable) {
		for _, w := range wordTable[n] {
			w.verify(t, start, end)
		}
	}
}

// underscored handles a word with an underscore and digits: an address or a key may follow the underscore.
func (t *text) underscored(start, end int) {
	for i := start + 1; i < end; i++ {
		if t.s[i-1] != '_' {
			continue
		}
		if c := t.s[i]; isDigit(c) && end-i <= 3 && t.at(end) == '.' && isDigit(t.at(end+1)) {
			t.ipv4(i)
		}
		if end-i < shortestKey || !mayBePrefix(t.s, i) {
			continue
		}
		for _, p := range keyPrefixTable[prefixSlot(t.s[i], t.s[i+1])] {
			if t.hasFold(i, p.text) {
				p.verify(t, i)
			}
		}
	}
}

// shortestKey is the shortest key of a provider, in bytes.
const shortestKey = 16

// prefixed runs the verifiers of the prefixes that the word at i may start with.
func (t *text) prefixed(i int) {
	for _, p := range prefixTable[prefixSlot(t.s[i], t.s[i+1])] {
		if t.hasFold(i, p.text) {
			p.verify(t, i)
		}
	}
}

// dashes handles a hyphen: a PEM block, or a command-line option.
func (t *text) dashes(i int) {
	if t.at(i+1) == ' ' && t.at(i-1) == ' ' {
		t.accessLogUser(i)
		return
	}
	if t.at(i+1) == 'u' && t.at(i+2) == ' ' {
		t.curlUser(i + 3)
		return
	}
	if t.at(i+1) == 'u' && t.at(i-1) == ' ' && isAlnum(t.at(i+2)) { // -ujane:pw
		t.curlUser(i + 2)
		return
	}
	if t.at(i+1) != '-' || i > 0 && t.s[i-1] == '-' {
		return
	}
	if strings.HasPrefix(t.s[i:], pemBegin) {
		t.pem(i)
		return
	}
	t.option(i)
}

// wordShape is the length of words of letters and digits mixed (and _) that may be an entity.
type wordShape struct {
	from, to int
	verify   func(t *text, start, end int)
}

// prefix is a word start in lower case, of three bytes or more.
type prefix struct {
	text   string
	verify func(t *text, i int)
}

var (
	// wordTable holds the verifiers of mixed words by length.
	wordTable [128][]wordShape
	// prefixBits has a bit for every three bytes, folded to 5 bits each, that some prefix starts with.
	prefixBits [1 << 15 / 64]uint64
	// prefixTable holds the prefixes by their first two bytes.
	prefixTable [1 << 10][]prefix
	// keyPrefixTable holds those of keys, which may follow an underscore inside a word.
	keyPrefixTable [1 << 10][]prefix
)

// fold3 maps three bytes to 15 bits, the same for both letter cases.
func fold3(a, b, c byte) uint { return uint(a&31) | uint(b&31)<<5 | uint(c&31)<<10 }

func prefixSlot(a, b byte) uint { return uint(a&31) | uint(b&31)<<5 }

func init() {
	for _, p := range sqlWords {
		addPrefix(p)
	}
	for _, r := range rules {
		for _, w := range r.words {
			for n := w.from; n <= w.to; n++ {
				wordTable[n] = append(wordTable[n], w)
			}
		}
		for _, p := range r.prefixes {
			addPrefix(p)
			if r.Group == Credential && !strings.Contains(p.text, " ") {
				slot := prefixSlot(p.text[0], p.text[1])
				keyPrefixTable[slot] = append(keyPrefixTable[slot], p)
			}
		}
		for _, d := range r.digits {
			d.enter()
			code, entry := d.compile(r)
			digitTable[code] = append(digitTable[code], entry)
			digitCounts |= 1 << entry.count
		}
	}
}

func addPrefix(p prefix) {
	bit := fold3(p.text[0], p.text[1], p.text[2])
	prefixBits[bit>>6] |= 1 << (bit & 63)
	slot := prefixSlot(p.text[0], p.text[1])
	prefixTable[slot] = append(prefixTable[slot], p)
}
