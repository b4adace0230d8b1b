package detect

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// scan wakes the verifiers at the few places where something may stand.
func (t *text) scan() {
	t.places.begin(t.s, len(t.d.keys) == 0)
	t.resume()
}

// resume is scan from the place where t.places is.
func (t *text) resume() {
	p := &t.places
	for p.marks != 0 || p.more() {
		bit := bits.TrailingZeros64(p.marks)
		p.marks &= p.marks - 1
		i := p.at + bit
		if p.events>>bit&1 != 0 {
			t.event(i)
			continue
		}
		end := p.wordEnd(bit)
		if p.counted>>bit&1 != 0 {
			if ^p.digit>>bit&(1<<((end-i)&63)-1) == 0 && end-i < blockLen {
				t.number(i, end)
			} else {
				t.mixedWord(i, end)
			}
		}
		if p.shapes>>bit&1 != 0 {
			t.shaped(i, end)
		}
		if p.prefixes>>bit&1 != 0 {
			t.prefixed(i)
		}
		if mayBeMAC(t.s, i, end-i) {
			t.mac(i)
		}
		if p.names>>bit&1 != 0 {
			t.prose(i)
		}
	}
}

// mayMix reports whether the word of n bytes at i, whose digits and letters are mixed as the mask of its digits says, may
// be one of the shapes.
func mayMix(s string, i, n int, digits uint64) bool {
	for k := range wordTable[n] {
		if wordTable[n][k].fits(s, i, n, digits) {
			return true
		}
	}
	return false
}

// fits reports whether the word of n bytes at i, whose digits the mask has, may be of the shape.
func (w *wordShape) fits(s string, i, n int, digits uint64) bool {
	return digits&(w.digits|w.letters) == w.digits && w.starts[s[i]>>6&1]>>(s[i]&63)&1 != 0 && (w.may == nil || w.may(s, i, n))
}

// behindUnderscore reports whether what follows an underscore of the word [i, end) may begin an address or a key.
func behindUnderscore(s string, i, end int) bool {
	if n := end - i; n > shortestKey {
		for j := i + 1; j+shortestKey <= end; j++ {
			if s[j-1] == '_' && isKeyPrefixed(s, j) {
				return true
			}
		}
	}
	if end+1 >= len(s) || s[end] != '.' || !isDigit(s[end+1]) {
		return false
	}
	for j := end - 1; j > i && j >= end-3; j-- {
		if s[j-1] == '_' && isDigit(s[j]) {
			return true
		}
	}
	return false
}

// goesOn reports whether fewer than nine digits that end before end, which is in s, can be the begin of a number, an
// address or a street.
func goesOn(s string, n, end int) bool {
	sep, next := s[end], byte(0)
	if end+1 < len(s) {
		next = s[end+1]
	}
	switch {
	case n <= 4 && sep == ' ' && isLower(next):
		return frenchStreet(s, end+1) != ""
	case n <= 4 && next == ' ' && frenchFollows(s, end):
		return true
	case sep == '+':
		return n == 4
	case !isSeparator(sep):
		return false
	case isDigit(next):
		return sep == '.' && n <= 3 && goesOnDotted(s, end) || beginsLayout(s, n, end)
	case sep == ' ':
		return n <= 5 && isUpper(next) && streetFollows(s, end+1) || n == 4 && next == ' '
	}
	return false
}

// streetFollows reports whether the word that starts or goes on at i, and starts with a capital, may be the first of the name of a
// street: another one follows.
func streetFollows(s string, i int) bool {
	for i < len(s) && (isAlnum(s[i]) || s[i] == '\'') {
		i++
	}
	if i+1 >= len(s) || s[i] != ' ' && s[i] != '.' {
		return false
	}
	if s[i+1] == ' ' {
		return true
	}
	return isAlnum(s[i+1])
}

// goesOnDotted reports whether two more groups of an address follow the dot at i, where a digit does.
func goesOnDotted(s string, i int) bool {
	j := i + 2
	for j < len(s) && j < i+4 && isDigit(s[j]) {
		j++
	}
	return j+1 < len(s) && s[j] == '.' && isDigit(s[j+1])
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

// event handles a byte outside words.
func (t *text) event(i int) {
	switch t.s[i] {
	case '@':
		t.email(i)
		t.dsn(i)
		t.mapAt(i)
	case ':', '=':
		t.separator(i)
	case '-':
		t.dashes(i)
	case '+':
		t.phonePlus(i)
	case '(':
		t.phoneParen(i)
		t.arguments(i)
	case '>':
		t.xml(i)
	case '\n':
		t.header(i, i+1)
	case firstAccented, firstAccented + 1, lastAccented:
		if names.MayStart(t.s, i) {
			t.nameInProse(i)
		}
	case '%', '\\':
		if t.s[i] == '\\' && t.at(i+1) == 'n' && t.at(i-1) != '\\' {
			t.header(i, i+2)
		}
		t.percent(i)
	}
}

// mixedWord handles a word [start, end) with digits.
func (t *text) mixedWord(start, end int) {
	all := class(0)
	for i := start; i < end; i++ {
		all |= classes[t.s[i]]
	}
	if all&(clsLetter|clsUnder) == 0 {
		t.number(start, end)
		return
	}
	if all&clsUnder != 0 {
		t.underscored(start, end)
	}
	if n := end - start; n < len(wordTable) {
		digits := digitMask(t.s, start, end)
		for k := range wordTable[n] {
			if w := &wordTable[n][k]; w.fits(t.s, start, n, digits) {
				w.verify(t, start, end)
			}
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
		t.runPrefixes(keyPrefixTable[fold3(t.s[i], t.s[i+1], t.s[i+2])], i)
	}
}

// shortestKey is the shortest key of a provider, in bytes.
const shortestKey = 16

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
	if t.at(i+1) == 'p' || t.at(i+1) == 'a' {
		t.passwordOption(i)
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
	from, to        int
	first           string                        // the bytes it may start with; "": any
	digits, letters uint64                        // positions that must be digits and must not, a bit each
	may             func(s string, i, n int) bool // a cheap look at what follows; nil: none
	verify          func(t *text, start, end int)
	starts          [2]uint64 // first, a bit for every character
}

// compile makes the set of first characters.
func (w *wordShape) compile() {
	if w.first == "" {
		w.starts = [2]uint64{^uint64(0), ^uint64(0)}
	}
	for _, c := range []byte(w.first) {
		w.starts[c>>6] |= 1 << (c & 63)
	}
}

// open lets the words of the shape through their gate.
func (w *wordShape) open() {
	digits, others := w.digits, w.letters
	if w.starts[0] == 0 { // no digit
		others |= 1
	}
	if w.starts[1] == 0 { // no letter and no _
		digits |= 1
	}
	openWords(gateShape, w.from, w.to, digits, others)
}

// wordTable holds the verifiers of mixed words by length.
var wordTable [128][]wordShape

func init() {
	for _, p := range slices.Concat(sqlWords, markupWords, packedPrefixes) {
		addPrefix(starter{prefix: p}, false)
	}
	addPrefix(starter{prefix: prefix{"tkt_", func(*text, int) {}}}, true) // tokens are looked for in a text where something may be
	for _, r := range rules {
		for k := range r.words {
			r.words[k].compile()
			w := r.words[k]
			for n := w.from; n <= w.to; n++ {
				wordTable[n] = append(wordTable[n], w)
			}
			w.open()
		}
		for _, p := range r.prefixes {
			addPrefix(starter{prefix: p}, r.Group == Credential)
		}
		for _, f := range r.forms {
			addPrefix(starter{prefix: prefix{f.prefix, f.verifier(r.entity)}, form: f}, true)
		}
		for i := range r.digits {
			r.digits[i].cuedBy = cuesOf(r.digits[i].cues, r.entity)
			r.enterDigits(r.digits[i])
		}
		for i := range r.shapes {
			r.shapes[i].cuedBy = cuesOf(r.shapes[i].cues, r.entity)
			r.enterShape(r.shapes[i])
		}
		for _, cue := range r.cues {
			addCue(cue, r.entity)
		}
	}
	openGates()
}
