package detect

// text is one text under examination: what the verifiers read, and where they put their candidates. Verifiers depend
// on nothing but the text, the attribute key, the recognized tokens and the offset they are called with; therefore it
// does not matter who calls them, the scan or the reference.
type text struct {
	s      string
	d      *Detector
	key    Key
	places places    // where verifiers may find something
	fields *fields   // of a text that is examined again
	near   bool      // a verifier came close: what it judged by may be another finding
	inner  *decoded  // for percent-encoded values; nil inside one
	tokens []Finding // recognized tokens, ascending
	out    []Finding // candidates
	seen   []uint64  // custom patterns of which a literal stands in the text, a bit each

	cookieEnd, authEnd int // where the last header of the kind ends: a header inside it is none

	quietIn  extent    // what was read of the last value under a key of a trace: see quietID
	isQuiet  bool      // that was all of it, and it is an id
	jwtParts [5]extent // last run of base 64 that was part of a token, by the part
	encoded  nesting   // percent-encoded values
	// where the text ends that was examined with its JSON escapes decoded
	unescaped int
	lists     nesting // lists under a key
	tableEnd  int     // where the last table ends: a row of it is no header
	packedRun extent  // last run of base 64 that was read
	packed    *packed // made by the first text that needs it
	plans     budget  // telephone numbers that the library is asked about

	vetoed [maxVetoed]vetoed // candidates that only what stands beside them forbade, the first vetoes of them
	vetoes int

	run     extent    // last unquoted run: see runEnd
	laidOut extent    // last number in groups
	digits  cluster   // the digits at hand: here, as verifiers called through tables would make it escape
	mixed   mixed     // the letters and digits at hand
	cues    cuesNear  // of the last candidate
	quotes  [8]extent // last quoted string, by the backslashes before its quotes: see quoteEnd
}

// extent remembers an interval whose end is the same for every start inside it, so that nested and repeated
// structures stay linear.
type extent struct{ start, end int }

// nesting bounds how often values inside one another are read. The outermost one covers those that are not.
type nesting struct{ end, depth int }

// maxNested is how many values inside a value are read on their own.
const maxNested = 2

// enter reports whether the value at i may be read.
func (n *nesting) enter(i int) bool {
	if i >= n.end {
		n.depth = 0
	}
	n.depth++
	return n.depth <= 1+maxNested
}

// leave says that the value entered ends at end.
func (n *nesting) leave(end int) {
	if n.depth == 1 {
		n.end = end
	}
}

// budget bounds how often something costly is done in a stretch of text.
type budget struct{ from, spent int }

// The budget of a stretch.
const (
	maxPlans    = 64
	planStretch = 4 << 10 // bytes
)

// spend reports whether the budget of the stretch that i is in has something left, and takes one of it.
func (b *budget) spend(i int) bool {
	if i >= b.from+planStretch || i < b.from {
		b.from, b.spent = i, 0
	}
	b.spent++
	return b.spent <= maxPlans
}

func (t *text) reset(d *Detector, key Key, s string) {
	t.s, t.d, t.key = s, d, key
	t.tokens, t.out = t.tokens[:0], t.out[:0]
	t.run, t.quotes = extent{}, [8]extent{}
	t.cookieEnd, t.authEnd, t.near, t.vetoes = 0, 0, false, 0
	t.quietIn, t.jwtParts = extent{}, [5]extent{}
	t.encoded, t.lists, t.plans, t.unescaped = nesting{}, nesting{}, budget{}, 0
	t.cues.extent, t.packedRun, t.tableEnd, t.laidOut = extent{}, extent{}, 0, extent{}
}

// at returns the byte at i, or 0 outside the text.
func (t *text) at(i int) byte {
	if uint(i) < uint(len(t.s)) {
		return t.s[i]
	}
	return 0
}

// add puts a candidate that was found by its own shape.
func (t *text) add(e Entity, start, end int, conf float32) {
	t.out = append(t.out, Finding{Start: start, End: end, Entity: e, Confidence: conf, KeyStart: -1, KeyEnd: -1})
}

// escapeAt returns the end of the escape sequence that starts at i: \n and its kind, \uXXXX, %XX, a control sequence of
// a terminal; or i.
func (t *text) escapeAt(i int) int {
	switch t.at(i) {
	case '\\':
		switch t.at(i + 1) {
		case 'n', 'r', 't', 'b', 'f':
			return i + 2
		case 'u':
			if isHex(t.at(i+2)) && isHex(t.at(i+3)) && isHex(t.at(i+4)) && isHex(t.at(i+5)) {
				return t.controlEnd(i, i+6)
			}
		case 'x', '0', 'e':
			return t.controlAt(i)
		}
	case escape:
		return t.controlAt(i)
	case '%':
		if isHex(t.at(i+1)) && isHex(t.at(i+2)) {
			return i + 3
		}
	}
	return i
}

const escape = 0x1B

// escapes are the spellings of the escape character in text.
var escapes = [...]string{"\x1b", `\u001b`, `\x1b`, `\033`, `\e`}

// controlAt returns the end of the control sequence of a terminal that starts at i, as colors are written (ECMA-48,
// section 5.4), whatever its escape character is spelled like; or i.
func (t *text) controlAt(i int) int {
	for _, esc := range escapes {
		if t.hasFold(i, esc) {
			if end := t.controlEnd(i, i+len(esc)); end > i+len(esc) {
				return end
			}
		}
	}
	return i
}

// maxControl is how many parameter bytes a control sequence may have.
const maxControl = 16

// controlEnd returns the end of the control sequence whose escape character is spelled from i to end, or end.
func (t *text) controlEnd(i, end int) int {
	if t.at(end) != '[' || t.at(i) == '\\' && t.at(i+1) == 'u' && !t.hasFold(i, `\u001b`) {
		return end
	}
	j := end + 1
	for j < end+1+maxControl && isParameter(t.at(j)) {
		j++
	}
	if !isLetter(t.at(j)) {
		return end
	}
	return j + 1
}

// controlBefore returns the start of the control sequence that ends at i, or i.
func (t *text) controlBefore(i int) int {
	if i < 3 || !isLetter(t.s[i-1]) {
		return i
	}
	j := i - 2
	for j > 0 && j > i-2-maxControl && isParameter(t.s[j]) {
		j--
	}
	if t.s[j] != '[' {
		return i
	}
	for _, esc := range escapes {
		if from := j - len(esc); t.hasFold(from, esc) && t.escapeAt(from) == i {
			return from
		}
	}
	return i
}

// longestEscape is the longest escape sequence, in bytes.
const longestEscape = len(`\u001b[`) + maxControl + 1

// escapeBefore returns the start of the escape sequence that ends at i, or i.
func (t *text) escapeBefore(i int) int {
	s := t.s
	if i < 2 || s[i-2] != '\\' && (i < 3 || s[i-3] != '%') && (i < 6 || s[i-6] != '\\') && (!isLetter(s[i-1]) || !isParameter(s[i-2]) && s[i-2] != '[') {
		return i // nothing that an escape sequence begins or ends with
	}
	for _, n := range [...]int{2, 3, 6} {
		if i >= n && t.escapeAt(i-n) == i {
			return i - n
		}
	}
	return t.controlBefore(i)
}

// isParameter reports whether c may stand in the parameters of a control sequence.
func isParameter(c byte) bool { return isDigit(c) || c == ';' || c == ':' || c == '?' }

// wordBefore reports whether a word runs into i from the left. The letters of an escape sequence are no word.
func (t *text) wordBefore(i int) bool {
	return i > 0 && isWord(t.s[i-1]) && t.escapeBefore(i) == i
}

// wordStart reports whether a word starts at i.
func (t *text) wordStart(i int) bool {
	if !isWord(t.at(i)) || t.wordBefore(i) {
		return false
	}
	for j := max(0, i-longestEscape); j < i; j++ {
		if t.escapeAt(j) > i {
			return false
		}
	}
	return true
}

// wordEnd returns the end of the word that i is in.
func (t *text) wordEnd(i int) int {
	for i < len(t.s) && isWord(t.s[i]) {
		i++
	}
	return i
}

// hasFold reports whether t.s[i:] starts with the lower-case ASCII string p, in any letter case.
func (t *text) hasFold(i int, p string) bool {
	return i >= 0 && len(t.s)-i >= len(p) && equalFold(t.s[i:i+len(p)], p)
}

// equalFold reports whether s is the lower-case ASCII string p of the same length, in any letter case.
func equalFold(s, p string) bool {
	if len(s) != len(p) {
		return false
	}
	for i := range len(p) {
		if lower(s[i]) != p[i] {
			return false
		}
	}
	return true
}

// tokenTouches reports whether a recognized token overlaps [start, end).
func (t *text) tokenTouches(start, end int) bool {
	for i := t.tokenFrom(start); i < len(t.tokens) && t.tokens[i].Start < end; i++ {
		return true
	}
	return false
}

// tokenFrom returns the index of the first recognized token that ends after i.
func (t *text) tokenFrom(i int) int {
	lo, hi := 0, len(t.tokens)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); t.tokens[mid].End <= i {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// around returns the part of the text at most n bytes before start and after end. It never reaches across a recognized
// token: a token is shorter or longer than the value it stands for, so what lies behind it may be in reach only since.
func (t *text) around(start, end, n int) (from, to int) {
	from, to = max(0, start-n), min(len(t.s), end+n)
	if len(t.tokens) == 0 {
		return from, to
	}
	i := t.tokenFrom(end)
	if i < len(t.tokens) && t.tokens[i].Start < to {
		to = max(end, t.tokens[i].Start)
	}
	for i = t.tokenFrom(from); i < len(t.tokens) && t.tokens[i].End <= start; i++ {
		from = t.tokens[i].End
	}
	return from, to
}

// cueReach is how far from a weak candidate a cue may stand, in bytes.
const cueReach = 50

// cue reports whether one of the cues stands near [start, end). A cue is a lower-case word; it matches at the start of
// a word in any letter case, and only a whole word when it ends in a space.
func (t *text) cue(cues []string, start, end int) bool {
	from, to := t.around(start, end, cueReach)
	return t.cueIn(cues, from, start) || t.cueIn(cues, end, to)
}

func (t *text) cueIn(cues []string, from, to int) bool {
	inside := from > 0 && isAlnum(t.s[from-1])
	for i := from; i < to; i++ {
		c := t.s[i]
		if !isLetter(c) {
			inside = false
			continue
		}
		camel := isUpper(c) && i > from && isLower(t.s[i-1])
		if inside && !camel {
			continue
		}
		inside = true
		for _, cue := range cues {
			if cue[0] == lower(c) && t.cueAt(cue, i, to) {
				return true
			}
		}
	}
	return false
}

func (t *text) cueAt(cue string, i, to int) bool {
	whole := cue[len(cue)-1] == ' '
	if whole {
		cue = cue[:len(cue)-1]
	}
	end := i + len(cue)
	if end > to || !t.hasFold(i, cue) {
		return false
	}
	return !whole || t.cueEnds(end)
}

// cueEnds reports whether the word that a cue is ends at i: with its letters, or where a capital starts the next one.
func (t *text) cueEnds(i int) bool {
	return !isLetter(t.at(i)) || isLower(t.s[i-1]) && isUpper(t.s[i])
}
