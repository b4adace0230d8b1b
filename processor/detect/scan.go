package detect

import "strings"

// scan wakes the verifiers at the few places where something may stand. Bytes inside words and between them cost one
// table look-up; a word costs one more, of its first three bytes in a bitmap of known prefixes.
func (t *text) scan() {
	s := t.s
	for i := 0; i < len(s); {
		c := classes[s[i]]
		if c&clsWord == 0 {
			if c&clsEvent == 0 {
				i++
				continue
			}
			i = t.event(i)
			continue
		}
		start, all := i, c
		for i++; i < len(s); i++ {
			c = classes[s[i]]
			if c&clsWord == 0 {
				break
			}
			all |= c
		}
		if all&clsDigit != 0 {
			t.mixedWord(start, i, all)
		}
		if start+3 <= len(s) {
			if p := fold3(s[start], s[start+1], s[start+2]); prefixBits[p>>6]&(1<<(p&63)) != 0 {
				t.prefixed(start)
			}
		}
		if n := i - start; (n == 2 || n == 4) && i < len(s) && (s[i] == ':' || s[i] == '-' || s[i] == '.') {
			t.mac(start)
		}
	}
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
	case '%', '\\':
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
	if n := end - start; n < len(wordTable) {
		for _, w := range wordTable[n] {
			w.verify(t, start, end)
		}
	}
}

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
		}
		for _, d := range r.digits {
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
