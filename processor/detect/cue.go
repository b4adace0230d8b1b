package detect

import (
	"math/bits"
	"slices"
	"strings"
)

// Cues of all rules are in one index: the words around a candidate are looked up once, and every rule that asks about
// the candidate gets its answer from the set of entities that they are cues of.

// maxBuiltins is how many built-in entities there may be.
const maxBuiltins = 1 << 9

// entitySet has a bit for every entity in it.
type entitySet [maxBuiltins / 64]uint64

func (s *entitySet) has(e Entity) bool { return s[e/64]>>(e%64)&1 != 0 }
func (s *entitySet) add(e Entity)      { s[e/64] |= 1 << (e % 64) }

// cueEntry is a cue with the entities whose rules have it.
type cueEntry struct {
	text     string
	foreign  bool   // has letters outside ASCII
	head     uint64 // its first bytes, eight at most, as small letters are
	mask     uint64 // the bits of head that count
	settled  bool   // the head is all of it, but for the blank that may end it
	entities []Entity
}

var (
	// cueBits has a bit for every three bytes, folded, that some cue starts with.
	cueBits [1 << 15 / 64]uint64
	// cueTable holds the cues by their first three bytes, folded.
	cueTable [1 << 15][]*cueEntry
	// cueEntries has every cue, by its text.
	cueEntries = map[string]*cueEntry{}
)

// addCue enters a cue: a word in lower case, whole when it ends in a space. See [text.cue]. One that begins with letters
// of other alphabets is entered in upper case, too, as their bytes differ in more than a bit.
func addCue(cue string, e Entity) {
	enterCue(cue, cue, e)
	if !isASCII(cue) {
		enterCue(strings.ToUpper(cue), cue, e)
	}
}

// enterCue enters the cue where words are that begin as spelled does.
func enterCue(spelled, cue string, e Entity) {
	c := cueEntries[cue]
	if c == nil {
		c = &cueEntry{text: cue, foreign: !isASCII(cue)}
		word := strings.TrimSuffix(cue, " ")
		c.head, c.mask = headOf(word)
		if c.foreign {
			c.head, c.mask = foreignHead(word)
		}
		c.settled = len(word) <= 8 && !strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' })
		cueEntries[cue] = c
	}
	if !slices.Contains(c.entities, e) {
		c.entities = append(c.entities, e)
	}
	for third := range byte(32) {
		if len(spelled) > 2 && spelled[2] != ' ' && spelled[2]&31 != third {
			continue
		}
		bit := fold3(spelled[0], spelled[1], third)
		cueBits[bit>>6] |= 1 << (bit & 63)
		if !slices.Contains(cueTable[bit], c) {
			cueTable[bit] = append(cueTable[bit], c)
		}
	}
}

// foreignHead is headOf of a cue with letters outside ASCII: of those before the first of them, and the high bit of that one.
// It ends at k and s, which are letters outside ASCII in capitals, too.
func foreignHead(word string) (head, mask uint64) {
	for i := range min(len(word), 8) {
		switch c := word[i]; {
		case c >= 0x80:
			return head | 0x80<<(8*i), mask | 0x80<<(8*i)
		case !isLower(c), c == 'k', c == 's':
			return head, mask
		default:
			head, mask = head|uint64(c)<<(8*i), mask|0xFF<<(8*i)
		}
	}
	return head, mask
}

// cuesNear remembers which entities have a cue near the candidate [start, end).
type cuesNear struct {
	extent
	entities entitySet
	others   entitySet // those whose cues are another number's
}

// cued reports whether a cue of the entity stands near [start, end).
func (t *text) cued(e Entity, start, end int) bool {
	near := &t.cues
	if near.start != start || near.end != end {
		near.extent, near.entities, near.others = extent{start, end}, entitySet{}, entitySet{}
		from, to := t.around(start, end, cueReach)
		t.readCues(from, start, false)
		t.readCues(end, to, true)
	}
	if near.entities.has(e) {
		return true
	}
	t.near = t.near || near.others.has(e) // the other number may be a finding
	return false
}

// readCues adds the entities of the cues in [from, to). Letters of two bytes, as in Latin, Greek and Cyrillic, are part
// of words; the longer ones are of scripts in which a cue may start at each. Cues before another number, from which words
// lead on to the candidate, are that number's, and so are cues after the candidate right before another number.
func (t *text) readCues(from, to int, after bool) {
	letter, upper, digit, high := lettersOf(t.s, from, to-from)
	if high != 0 {
		t.readForeignCues(from, to, after)
		return
	}
	starts := letter&^(letter<<1) | upper&(letter&^upper<<1)
	if from > 0 && (isAlnum(t.s[from-1]) || t.s[from-1] >= 0x80) {
		starts &^= 1
	}
	digits, last := 0, 0
	for ; starts != 0; starts &= starts - 1 {
		bit := bits.TrailingZeros64(starts)
		if digit != 0 {
			digits += bits.OnesCount64(digit >> (last & 63) & (1<<((bit-last)&63) - 1))
			last = bit
		}
		if digits != 0 {
			digits = t.leadOn(from+bit, digits, after)
		}
		i := from + bit
		if i+2 > to {
			return
		}
		x := load8(t.s, i)
		if mayBeCue(x) {
			digits = t.cuesAt(i, to, x, digits, after)
		}
	}
}

// leadOn handles the start of a word after so many digits: words that lead on from a long number take its cues with it.
func (t *text) leadOn(i, digits int, after bool) int {
	switch {
	case digits == 0:
		return 0
	case digits >= longNumber && t.span(i, clearingWord, isLetter) != i+clearingWord:
		return digits
	case digits >= longNumber && !after:
		t.forgetCues()
	}
	return 0
}

func (t *text) forgetCues() {
	for i, set := range t.cues.entities {
		t.cues.others[i] |= set
	}
	t.cues.entities = entitySet{}
}

// foldHead is fold3 of the first three of eight bytes.
func foldHead(x uint64) uint { return uint(x&31 | x>>3&(31<<5) | x>>6&(31<<10)) }

// mayBeCue reports whether a cue may start with the first of eight bytes.
func mayBeCue(x uint64) bool {
	fold := foldHead(x)
	return cueBits[fold>>6]>>(fold&63)&1 != 0
}

// cuesAt adds the entities of the cues that start at i, where the eight bytes stand, after so many digits.
func (t *text) cuesAt(i, to int, x uint64, digits int, after bool) int {
	cues := cueTable[foldHead(x)]
	x |= smalls8
	for _, cue := range cues {
		if x&cue.mask != cue.head || !t.isCue(cue, i, to) {
			continue
		}
		if after && t.numberFollows(i+len(cue.text)) {
			for _, e := range cue.entities {
				t.cues.others.add(e)
			}
			continue
		}
		if digits >= longNumber && !after {
			t.forgetCues()
		}
		digits = 0
		for _, e := range cue.entities {
			t.cues.entities.add(e)
		}
	}
	return digits
}

// isCue reports whether the cue, whose head stands at i, is all there, before to.
func (t *text) isCue(cue *cueEntry, i, to int) bool {
	if !cue.settled {
		return t.cueAt(cue.text, i, to) || cue.foreign && t.foreignCueAt(cue.text, i, to)
	}
	n := len(cue.text)
	isWhole := cue.text[n-1] == ' '
	if isWhole {
		n--
	}
	return i+n <= to && (!isWhole || t.cueEnds(i+n))
}

// readForeignCues is readCues where letters outside ASCII are near.
func (t *text) readForeignCues(from, to int, after bool) {
	inside := from > 0 && (isAlnum(t.s[from-1]) || t.s[from-1] >= 0x80)
	digits := 0
	for i := from; i < to; i++ {
		switch c := t.s[i]; {
		case isLetter(c):
			if inside && (!isUpper(c) || i == from || !isLower(t.s[i-1])) {
				continue
			}
			inside = true
			digits = t.leadOn(i, digits, after)
		case c < 0x80:
			inside = false
			digits += int(classes[c] & clsDigit / clsDigit)
			continue
		case c < 0xC3: // inside a letter, or a sign
			continue
		case c < 0xE0:
			if inside {
				continue
			}
			inside = true
		default:
			inside = false
		}
		if i+2 > to {
			return
		}
		x := load8(t.s, i)
		if mayBeCue(x) {
			digits = t.cuesAt(i, to, x, digits, after)
		}
	}
}

const (
	longNumber   = 5 // digits of a number that has cues of its own
	clearingWord = 4 // letters of a word that leads on, other than "and"
	longestTail  = 16
	longestGap   = 4
)

// numberFollows reports whether a number of its own follows the cue that ends at i, after the rest of its word and
// perhaps one more: BSN-nummer: 111222333. A token may stand for one, a little further off as it may be in quotes.
func (t *text) numberFollows(i int) bool {
	if k := t.tokenFrom(i); k < len(t.tokens) && t.tokens[k].Start < i+2*(longestTail+longestGap)+8 {
		return true
	}
	for range 2 {
		i = t.span(i, longestTail, func(c byte) bool { return isLetter(c) || c >= 0x80 })
		i = t.span(i, longestGap, func(c byte) bool { return !isAlnum(c) && c < 0x80 && c != '\n' && c != ',' && c != ';' })
	}
	digits := 0
	for j := i; j < i+16 && (isDigit(t.at(j)) || j > i && isSeparator(t.at(j))); j++ {
		if isDigit(t.s[j]) {
			digits++
		}
	}
	return digits >= longNumber
}

// cuesOf enters the cues that one layout of the entity has of its own, if any, and returns what asks for its cues: for its
// own ones an entity that no rule has.
func cuesOf(cues []string, e Entity) Entity {
	if cues == nil {
		return e
	}
	if lastOwn--; int(lastOwn) < len(rules) {
		panic("detect: too many entities and layouts with cues of their own")
	}
	for _, cue := range cues {
		addCue(cue, lastOwn)
	}
	return lastOwn
}

var lastOwn Entity = maxBuiltins

// foreignCueAt is cueAt for a cue with letters outside ASCII.
func (t *text) foreignCueAt(cue string, i, to int) bool {
	whole := cue[len(cue)-1] == ' '
	cue = strings.TrimSuffix(cue, " ")
	end := i + len(cue)
	return end <= to && strings.EqualFold(t.s[i:end], cue) && (!whole || !isLetter(t.at(end)) && t.at(end) < 0x80)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
