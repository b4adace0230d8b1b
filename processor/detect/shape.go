package detect

import "strings"

// Words of letters and digits mixed are known by their layout: the length of every group and which of its characters
// are digits. Layouts are entered by a code of those, so that a word is settled by a bit of a table, however many
// layouts there are.

const (
	maxChars = 24 // letters and digits of a layout
	maxMasks = 7  // places of a layout that may hold either, all of which are entered
)

// shape is a layout of letters and digits that wakes an entity: "LLddddddL", "LL dd dd dd L", "dddddd-dddx". L is a
// letter, d a digit, x either; space, hyphen, dot and slash are themselves. At most 24 characters in 8 groups. The
// letters are of one case; all lower case only where a cue stands near. A layout that can be digits alone is entered as
// such, too; one that can be letters alone is not.
type shape struct {
	layout string
	cued   bool                // needs a cue within 50 bytes
	folded bool                // lower case is as good
	cues   []string            // of this layout alone; nil: those of the rule
	valid  func(c []byte) bool // gets the characters in upper case without separators; nil: none
	conf   float32
	cuedBy Entity // whose cues count
}

type shapeEntry struct {
	entity Entity
	spaced bool
	shape
	vetoes []string
}

var (
	// shapeBits has a bit for the code of every word that is a whole layout, of every first group with the separator
	// after it, and of every two groups that a layout begins with.
	shapeBits [1 << 15 / 64]uint64
	// shapePairs has a bit n where a group of digits or letters alone, by kind, separator and length, and a group of n
	// characters begin a layout.
	shapePairs [3][5][maxChars + 1]uint32
	// shapeTable holds the layouts by the code of all their groups.
	shapeTable = map[uint64][]shapeEntry{}
	// wideShapes holds by length the layouts of one group with too many places for either to enter each.
	wideShapes [maxChars + 1][]wideShape
)

// wideShape is a layout with the masks of its digits and letters.
type wideShape struct {
	digits, letters, all uint64
	shapeEntry
}

// Codes start with one of these.
const (
	codeWhole = 0
	codeFirst = 1
)

// groupStep appends a group of n characters after a separator to a code.
func groupStep(code uint64, sep byte, n int, digits uint64) uint64 {
	h := (code ^ (digits<<16 | uint64(n)<<8 | uint64(sep))) * 0x9E3779B97F4A7C15
	return h ^ h>>32
}

func enterCode(code uint64) { shapeBits[code>>55] |= 1 << (code >> 49 & 63) }

func isEntered(code uint64) bool { return shapeBits[code>>55]&(1<<(code>>49&63)) != 0 }

// digitMask has a bit for every digit of the word s[start:end] of letters and digits, at most 64.
func digitMask(s string, start, end int) (mask uint64) {
	n := end - start
	for i := 0; i < n; i += 8 {
		if start+i+8 > len(s) {
			for ; i < n; i++ {
				mask |= uint64(classes[s[start+i]]&clsDigit/clsDigit) << i
			}
			return mask
		}
		mask |= digitsOf8(s[start+i:start+i+8]) << i
	}
	return mask & (1<<n - 1)
}

// digitsOf8 has a bit for every digit among eight bytes. Bytes of no ASCII may count as digits.
func digitsOf8(s string) uint64 {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const ones = 0x0101010101010101
	x ^= '0' * ones                                  // digits are 0 to 9
	x = ^(x&(0x7F*ones) + 0x76*ones) & (0x80 * ones) // the high bits of those
	return x >> 7 * 0x0102040810204080 >> 56
}

// mayBeShape reports whether a word of n letters and digits, which digits has bits for, can be a layout of one group.
func mayBeShape(n int, digits uint64) bool {
	if n > maxChars {
		return false
	}
	if isEntered(groupStep(codeWhole, 0, n, digits)) {
		return true
	}
	for i := range wideShapes[n] {
		if wideShapes[n][i].has(digits) {
			return true
		}
	}
	return false
}

func (w *wideShape) has(digits uint64) bool {
	return digits&w.digits == w.digits && digits&w.letters == 0 && digits != 0 && digits != w.all
}

// mayBegin reports whether some layout begins with such a group and the separator next.
func mayBegin(n int, digits uint64, next byte) bool {
	return isSeparator(next) && n <= maxChars && isEntered(groupStep(codeFirst, next, n, digits))
}

// beginsShape reports whether the word s[start:end] of letters and digits, which digits has bits for, and the group
// after it can begin a layout.
func beginsShape(s string, start, end int, digits uint64) bool {
	if end+1 >= len(s) || !isAlnum(s[end+1]) || !mayBegin(end-start, digits, s[end]) {
		return false
	}
	n := alnums(s, end+1)
	code := groupStep(codeWhole, 0, end-start, digits)
	return isEntered(groupStep(code, s[end], n, digitMask(s, end+1, end+1+n)))
}

// lettersBegin reports whether the word of letters s[start:end] and the group after it can begin a layout.
func lettersBegin(s string, start, end int) bool {
	return end+1 < len(s) && isDigit(s[end+1]) && isPair(s, start, end, lettersThenDigit) && beginsShape(s, start, end, 0)
}

// digitsBegin reports whether the run of digits s[start:end] and the group after it can begin a layout.
func digitsBegin(s string, start, end int) bool {
	if end+1 >= len(s) {
		return false
	}
	then := digitsThenLetter
	if isDigit(s[end+1]) {
		then = digitsThenDigit
	}
	return isPair(s, start, end, then) && beginsShape(s, start, end, 1<<(end-start)-1)
}

// The kinds of first groups of one kind, by what starts the second one.
const (
	digitsThenLetter = iota
	digitsThenDigit
	lettersThenDigit
)

// isPair reports whether some layout begins with a group of the kind with the length of s[start:end], the separator
// after it and a group as long as the one that follows.
func isPair(s string, start, end, kind int) bool {
	if end-start > maxChars || !isSeparator(s[end]) {
		return false
	}
	lengths := shapePairs[kind][groupCode(s[end], 0)>>4][end-start]
	return lengths != 0 && lengths>>alnums(s, end+1)&1 != 0
}

// alnums returns how many letters and digits stand from i on, at most one more than a layout has.
func alnums(s string, i int) int {
	n := 0
	for n <= maxChars && i+n < len(s) && isAlnum(s[i+n]) {
		n++
	}
	return n
}

// enterShape enters a layout with every choice of letters and digits that it allows.
func (r rule) enterShape(sh shape) {
	e := shapeEntry{entity: r.entity, shape: sh, vetoes: r.vetoes, spaced: strings.Contains(sh.layout, " ")}
	if !strings.Contains(sh.layout, "L") {
		r.enterDigits(digitShape{layout: strings.ReplaceAll(sh.layout, "x", "d"), cued: sh.cued, valid: sh.valid, conf: sh.conf, cuedBy: sh.cuedBy})
	}
	either := strings.Count(sh.layout, "x")
	if either > maxMasks {
		if strings.ContainsAny(sh.layout, " -./") {
			panic("detect: too many places for either in the layout " + sh.layout)
		}
		w := wideShape{shapeEntry: e, all: 1<<len(sh.layout) - 1}
		for i, c := range sh.layout {
			switch c {
			case 'd':
				w.digits |= 1 << i
			case 'L':
				w.letters |= 1 << i
			}
		}
		wideShapes[len(sh.layout)] = append(wideShapes[len(sh.layout)], w)
		return
	}
	for choice := range 1 << either {
		e.enter(choice)
	}
}

// enter enters the layout in which the places for either are digits where choice has a bit. Letters alone begin a layout
// only where a digit follows them: prose is full of short words.
func (e shapeEntry) enter(choice int) {
	code, sep := uint64(codeWhole), byte(0)
	var first, digits, all uint64
	n, groups, firstSize := 0, 0, 0
	for i := 0; i <= len(e.layout); i++ {
		c := byte(0)
		if i < len(e.layout) {
			c = e.layout[i]
		}
		switch c {
		case 'x':
			digits |= uint64(choice&1) << n
			choice >>= 1
			n++
			continue
		case 'd':
			digits |= 1 << n
			n++
			continue
		case 'L':
			n++
			continue
		}
		code = groupStep(code, sep, n, digits)
		groups++
		switch {
		case groups == 1:
			first, firstSize = groupStep(codeFirst, c, n, digits), n
		case groups == 2 && all == 0 && digits&1 == 0:
			return
		case groups == 2:
			switch all {
			case 0:
				shapePairs[lettersThenDigit][groupCode(sep, 0)>>4][firstSize] |= 1 << n
			case 1<<firstSize - 1:
				shapePairs[digitsThenLetter+int(digits&1)][groupCode(sep, 0)>>4][firstSize] |= 1 << n
			}
			enterCode(first)
			enterCode(code)
		}
		all |= digits
		sep, n, digits = c, 0, 0
	}
	if all == 0 {
		return
	}
	if groups == 1 {
		enterCode(code)
	}
	shapeTable[code] = append(shapeTable[code], e)
}

// mixed is a word of letters and digits with the groups that follow it at single separators.
type mixed struct {
	chars        [maxChars]byte // in upper case
	upper, lower uint32         // which of them are letters in that case
	code         [maxGroups]uint64
	count        [maxGroups]uint8 // characters in the first n+1 groups
	end          [maxGroups]int   // where they end
	groups       int
	whole        bool // no group follows at a separator beyond the last one
}

// shaped handles the word [start, end) that may be or begin a layout.
func (t *text) shaped(start, end int) {
	n := end - start
	digits := digitMask(t.s, start, end)
	c := &t.mixed
	t.mixedGroups(start, c, beginsShape(t.s, start, end, digits))
	near, before := t.near, len(t.out)
	for g := c.groups - 1; g >= 0; g-- {
		entries := shapeTable[c.code[g]]
		for i := range entries {
			t.shape(&entries[i], c, g, start)
		}
		var wide []wideShape
		if g == 0 {
			wide = wideShapes[n]
		}
		for i := range wide {
			if wide[i].has(digits) && wide[i].valid(c.chars[:n]) { // before the cues, as most words fail
				t.shape(&wide[i].shapeEntry, c, g, start)
			}
		}
		if len(t.out) > before { // what fewer groups might have been is covered
			t.near = near
			return
		}
	}
}

// everyShape is shaped without tables: every layout is compared with the word at start and the groups after it.
func (t *text) everyShape(start int) {
	c := &t.mixed
	t.mixedGroups(start, c, true)
	near, before := t.near, len(t.out)
	for g := c.groups - 1; g >= 0; g-- {
		n := c.count[g]
		digits := digitMask(string(c.chars[:n]), 0, int(n))
		isPlain := digits == 0 || digits == 1<<n-1
		if first := c.count[0]; isPlain || g > 0 && digits&(1<<first-1) == 0 && digits>>first&1 == 0 {
			continue
		}
		for _, r := range rules {
			for _, sh := range r.shapes {
				t.shape(&shapeEntry{entity: r.entity, shape: sh, vetoes: r.vetoes, spaced: strings.Contains(sh.layout, " ")}, c, g, start)
			}
		}
		if len(t.out) > before {
			t.near = near
			return
		}
	}
}

// mixedGroups parses the groups from start on, or the first one only.
func (t *text) mixedGroups(start int, c *mixed, several bool) {
	c.groups, c.whole, c.upper, c.lower = 0, false, 0, 0
	code, sep, total, i := uint64(codeWhole), byte(0), 0, start
	for c.groups < maxGroups {
		from, digits := total, uint64(0)
		for isAlnum(t.at(i)) && total < maxChars {
			b := t.s[i]
			switch {
			case isDigit(b):
				digits |= 1 << (total - from)
			case isUpper(b):
				c.upper |= 1 << total
			default:
				c.lower |= 1 << total
				b -= 'a' - 'A'
			}
			c.chars[total] = b
			total++
			i++
		}
		if isWord(t.at(i)) {
			return
		}
		code = groupStep(code, sep, total-from, digits)
		c.code[c.groups], c.count[c.groups], c.end[c.groups] = code, uint8(total), i
		c.groups++
		if sep = t.at(i); !several || !isSeparator(sep) || !isAlnum(t.at(i+1)) {
			c.whole = true
			return
		}
		i++
	}
}

// shape verifies one layout of the first g+1 groups.
func (t *text) shape(e *shapeEntry, c *mixed, g, start int) {
	n, end := c.count[g], c.end[g]
	inside := uint32(1)<<n - 1
	isLow := c.lower&inside != 0
	if isLow && c.upper&inside != 0 || !fits(e.layout, t.s[start:end]) {
		return
	}
	goesOn := (g < c.groups-1 || !c.whole) && t.at(end) != ' '
	if goesOn || !t.numberMayStart(start) || !t.shapeMayStart(start) || !t.numberMayEnd(end) || !t.shapeMayEnd(end) {
		t.near = true
		return
	}
	cued := false
	if e.cued || isLow && !e.folded {
		if cued = t.cued(e.cuedBy, start, end); !cued {
			return
		}
	}
	if e.spaced && (t.groupBefore(start) || isDigit(t.s[end-1]) && t.digitsFollow(end)) {
		t.near = true
		return
	}
	if e.valid != nil && !e.valid(c.chars[:n]) {
		return
	}
	conf := e.conf
	switch {
	case e.cued:
	case conf >= cuedConf && len(e.vetoes) == 0 && t.at(start-1) != '#': // no cue can add anything
	case cued || t.cued(e.cuedBy, start, end):
		conf = max(conf, cuedConf)
	case t.at(start-1) == '#':
		return
	case t.wordsBefore(e.vetoes, start):
		t.near = true
		return
	}
	t.add(e.entity, start, end, conf)
}

// fits reports whether s has the layout. The codes of other layouts may be the same.
func fits[T string | []byte](layout string, s T) bool {
	if len(s) != len(layout) {
		return false
	}
	for i := range len(s) {
		switch layout[i] {
		case 'L':
			if !isLetter(s[i]) {
				return false
			}
		case 'd':
			if !isDigit(s[i]) {
				return false
			}
		case 'x':
			if !isAlnum(s[i]) {
				return false
			}
		default:
			if s[i] != layout[i] {
				return false
			}
		}
	}
	return true
}

// digitsFollow reports whether more than three digits follow the space at i.
func (t *text) digitsFollow(i int) bool {
	return t.at(i) == ' ' && isDigit(t.at(i+1)) && isDigit(t.at(i+2)) && isDigit(t.at(i+3)) && isDigit(t.at(i+4))
}

// shapeMayStart vetoes a word that goes on to the left as handles and base 64 do.
func (t *text) shapeMayStart(i int) bool {
	switch t.at(i - 1) {
	case '+', '/':
		return !isWord(t.at(i-2)) || t.escapeBefore(i-1) != i-1
	case '@', '\\':
		return t.escapeBefore(i) != i
	}
	return true
}

// shapeMayEnd vetoes a word that goes on to the right as files, base 64, calls and keys do.
func (t *text) shapeMayEnd(i int) bool {
	switch t.at(i) {
	case '.':
		return !isWord(t.at(i + 1))
	case '+', '=', '(', '[', '\\':
		return t.escapeAt(i) > i
	}
	return true
}

// shapeByKey returns a verifier of values by key: letters and digits at single separators that valid accepts, in upper
// case and without separators. Groups of an open value end where prose seems to begin: valid is asked for the longest
// run of groups first.
func shapeByKey(conf float32, valid func(c []byte) bool) func(*text, value) {
	return func(t *text, v value) {
		var (
			c    [maxChars]byte
			ends [maxGroups]int
			size [maxGroups]int
		)
		n, groups, i := 0, 0, v.start
		for groups < maxGroups {
			from, digit, low := n, false, false
			for isAlnum(t.at(i)) && n < maxChars {
				b := t.s[i]
				digit = digit || isDigit(b)
				if isLower(b) {
					low = true
					b -= 'a' - 'A'
				}
				c[n] = b
				n++
				i++
			}
			if n == from || isWord(t.at(i)) || v.closed && i > v.end || !v.closed && low && !digit && groups > 0 {
				break
			}
			ends[groups], size[groups] = i, n
			groups++
			if !isSeparator(t.at(i)) {
				break
			}
			i++
		}
		for g := groups - 1; g >= 0; g-- {
			if v.closed && v.end-ends[g] > 2 || size[g] < 4 || v.end > v.start && !v.closed && ends[g] < v.end && isAlnum(t.at(ends[g]+1)) && t.at(ends[g]) != ' ' {
				continue
			}
			if valid(c[:size[g]]) && !allSame(c[:size[g]]) {
				t.emit(v, v.start, ends[g], conf)
				return
			}
		}
	}
}
