// Package names finds names of persons in prose: words in a row with a capital letter that a small model judges by what
// a gazetteer knows of them and by their neighbors.
//
// Call [MayStart] at the start of every word, which is cheap, and [At] where it says yes. Both read a bounded part of the
// text, and allocate nothing. The gazetteer and the weights of the model are made by builder/names (make names).
package names

// Bounds of a window.
const (
	maxWords    = 5  // capitalized words in a row; more are a heading
	maxWord     = 32 // bytes of a word
	maxParticle = 3  // bytes of a word such as van
	// Reach is how far before and after a window its neighbors are looked at, in bytes.
	Reach = 48
	// Ahead is how far from the start of a window its words and its neighbors may reach, in bytes.
	Ahead = 160
)

// neighbor is the word before or after a window; its hash is 0 when there is none.
type neighbor struct {
	hash uint32
	kind uint32 // what it is known as, and whether it is in lower case
}

func neighborOf(s string) neighbor {
	h := Hash(s)
	n := neighbor{hash: h, kind: uint32(lookup(h)&(Common|Veto)) << 1}
	if !isUpper(s[0]) {
		n.kind |= 1
	}
	return n
}

// window is capitalized words in a row, and what stands around them.
type window struct {
	s          string
	lo, hi     int // nothing outside is looked at
	words      [maxWords]word
	n          int
	cue        Cue
	cueAt      uint32 // hash of the last word of the cue
	before     neighbor
	after      neighbor
	beforeKind byte // class of the byte before
	afterKind  byte // class of the byte after
}

// MayStart reports whether a name may start with the capital letter at start, where a word starts.
func MayStart(s string, start int) bool {
	c := s[start]
	if !isUpper(c) {
		return c >= 0xC3 && c <= 0xC5 && accented(s, start) && (HasCue(s, start) || pair(s, start))
	}
	if start+1 >= len(s) || !isLower(s[start+1]) && s[start+1] < 0x80 && s[start+1] != '\'' && s[start+1] != '.' {
		return false
	}
	return HasCue(s, start) || pair(s, start)
}

// HasCue reports whether a cue may end before start.
func HasCue(s string, start int) bool {
	if start < 3 || s[start-1] != ' ' {
		return false
	}
	slot := slotOf(s[start-3], s[start-2])
	return cueBits[slot>>6]&(1<<(slot&63)) != 0
}

// pair reports whether a capitalized word follows the one at start.
func pair(s string, start int) bool {
	for i := start + 1; i < len(s) && i < start+maxWord; i++ {
		switch c := s[i]; {
		case c == ' ':
			if i+1 == len(s) {
				return false
			}
			c = s[i+1]
			return isUpper(c) || c >= 0xC3 && c < 0xD2 || (c == 'd' || c == 'v') && particle(s, i+1) > i+1
		case !isLetter(c) && c < 0x80 && c != '\'' && c != '-' && c != '.':
			return false
		}
	}
	return false
}

// Verdict is what At says about a window.
type Verdict uint8

// The verdicts. Near is a window without a name that could have one if its neighbors were others.
const (
	None Verdict = iota
	Near
	Name
)

// At returns the name in the window that starts with the word at i, for which MayStart said yes. It looks at nothing
// before lo and after hi.
func At(s string, i, lo, hi int) (start, end int, verdict Verdict) {
	var w window
	if !w.read(s, i, lo, hi) {
		return 0, 0, w.near()
	}
	best := int32(0)
	w.spans(func(a, b int) {
		if score := w.score(a, b); score > best {
			best, start, end, verdict = score, w.words[a].start, w.words[b-1].end, Name
		}
	})
	if verdict != Name {
		verdict = w.near()
	}
	return start, end, verdict
}

// near returns the verdict on a window without a name.
func (w *window) near() Verdict {
	for _, x := range w.words[:w.n] {
		if x.kind&Veto == 0 && (x.kind&known != 0 || w.cue != NoCue) {
			return Near
		}
	}
	return None
}

// read fills the window that starts at i.
func (w *window) read(s string, i, lo, hi int) bool {
	if i < lo || i > 0 && (partOfWord(s[i-1]) || s[i-1] == '\\' || s[i-1] == '#' || s[i-1] == '%' || s[i-1] == '+' || s[i-1] == '<') {
		return false
	}
	w.s, w.lo, w.hi = s, lo, hi
	var start int
	w.cue, start = cueBefore(s, i, lo)
	if w.cue == NoCue && w.goesOnBefore(i) {
		if x, ok := w.word(i); ok {
			w.words[0], w.n = x, 1
		}
		return false
	}
	end := i
	for {
		next, ok := w.word(i)
		if !ok {
			break
		}
		if w.n == maxWords {
			return false
		}
		w.words[w.n] = next
		w.n++
		end = next.end
		if end >= hi || s[end] != ' ' {
			break
		}
		i = end + 1
		for range 2 {
			i = particle(s, i)
		}
		if i >= hi {
			break
		}
	}
	if w.n == 0 || w.n == 1 && w.cue == NoCue {
		return false
	}
	for k := range w.n - 1 {
		if lookup(Hash(s[w.words[k].start:w.words[k+1].end]))&Veto != 0 {
			w.words[k].kind |= Veto
			w.words[k+1].kind |= Veto
		}
	}
	w.neighbors(start, end)
	return true
}

// goesOnBefore reports whether a capitalized word stands right before i, whose window this word is in.
func (w *window) goesOnBefore(i int) bool {
	for range 3 {
		if i-1 <= w.lo || w.s[i-1] != ' ' {
			return false
		}
		from := i - 1
		for from > w.lo && from > i-1-maxWord && w.s[from-1] != ' ' && w.s[from-1] != '\n' {
			from--
		}
		if c := w.s[from]; isUpper(c) || c >= 0xC3 {
			before, ok := w.word(from)
			return ok && before.end == i-1
		}
		if particle(w.s, from) != i {
			return false
		}
		i = from
	}
	return false
}

// neighbors reads what stands before start and after end.
func (w *window) neighbors(start, end int) {
	w.beforeKind, w.afterKind = byteKind(w.s, start-1, w.lo, w.hi), byteKind(w.s, end, w.lo, w.hi)
	if w.cue != NoCue {
		first := w.words[0].start
		from := first - 1
		for from > start && w.s[from-1] != ' ' {
			from--
		}
		w.cueAt = Hash(w.s[from : first-1])
	}
	to := start
	if to > w.lo && w.s[to-1] == ' ' {
		to--
		from := to
		for from > w.lo && from > to-maxWord && (isLetter(w.s[from-1]) || w.s[from-1] >= 0x80) {
			from--
		}
		if from < to {
			w.before = neighborOf(w.s[from:to])
		} else if to > w.lo {
			w.beforeKind = byteKind(w.s, to-1, w.lo, w.hi) | 0x10
		}
	}
	from := end
	if from < w.hi && w.s[from] == ',' {
		from++
	}
	if from < w.hi && w.s[from] == ' ' {
		from++
		to := from
		for to < w.hi && to < from+maxWord && (isLetter(w.s[to]) || w.s[to] >= 0x80) {
			to++
		}
		if to > from {
			w.after = neighborOf(w.s[from:to])
		} else if to < w.hi {
			w.afterKind |= byteKind(w.s, to, w.lo, w.hi) << 4
		}
	}
}

// byteKind is the class of the byte at i, as far as the model tells them apart.
func byteKind(s string, i, lo, hi int) byte {
	if i < lo || i >= hi {
		return 1
	}
	switch c := s[i]; {
	case c == ' ':
		return 2
	case c == ',':
		return 3
	case c == '.':
		return 4
	case c == ':':
		return 5
	case c == '"', c == '\'', c == '`':
		return 6
	case c == '(', c == '[', c == '{', c == ')', c == ']', c == '}':
		return 7
	case c == '<', c == '>', c == '|':
		return 8
	case c == '!', c == '?', c == ';':
		return 9
	case c == '-', c == '/', c == '=':
		return 10
	case isDigit(c), c == '+':
		return 11
	case c == '\n', c == '\r', c == '\t':
		return 12
	}
	return 13
}

// wholeValue reports whether the window is all of a value, of which its key says what it is.
func (w *window) wholeValue() bool {
	switch before := w.beforeKind & 15; {
	case before == 6 && w.afterKind&15 == 6, before == 8 && w.afterKind&15 == 8 && w.s[w.words[0].start-1] == '>':
		return true
	}
	first := w.words[0].start
	return first > 0 && w.s[first-1] == '='
}

// companyAt reports whether the word after the first b of the window says that they are no person: Warren Miller Group.
func (w *window) companyAt(b int) bool {
	if b < w.n {
		return w.words[b].kind&Veto != 0
	}
	return w.afterKind&15 == 2 && w.after.kind == uint32(Veto)<<1 || w.afterKind&15 == 2 && w.after.kind == uint32(Veto|Common)<<1
}

// spans calls f with every part [a, b) of the window that may be a name.
func (w *window) spans(f func(a, b int)) {
	for a := range w.n {
		if w.words[a].kind&Veto != 0 {
			continue
		}
		var kinds Kind
		for b := a + 1; b <= w.n && b <= a+4; b++ {
			last := &w.words[b-1]
			if last.kind&Veto != 0 {
				break
			}
			kinds |= last.kind
			if last.initial {
				continue
			}
			cued := w.cue != NoCue && a == 0
			if !cued && w.companyAt(b) {
				continue
			}
			if cued && b == 1 && kinds&known == 0 && (w.cue == Role || w.cue == Action) { // issued by Vim
				continue
			}
			if !cued && (kinds&known == 0 || b-a < 2 || b == w.n && a == 0 && w.wholeValue()) {
				continue
			}
			f(a, b)
		}
	}
}
