package detect

import "strings"

// Words of letters and digits mixed are known by their layout: the length of every group and which of its characters
// are digits. Layouts are entered by a code of those, so that a word is settled by a bit of a table, however many
// layouts there are.

const (
	maxChars = 24 // letters and digits of a layout
	maxMasks = 7  // places of a layout that may hold either, all of which are entered
)

// maxLetterGroup is the longest group of letters that a layout may begin with.
const maxLetterGroup = 5

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
	// after it, of the first three groups of a layout, and of all its groups.
	shapeBits [1 << 15 / 64]uint64
	// shapePairs has a bit n where a group of digits or letters alone, by kind, separator and length, and a group of n
	// characters begin a layout.
	shapePairs [3][8][maxChars + 1]uint32
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

// mayBeShape reports whether the word of n letters and digits at i, which digits has bits for, can be a layout of one group. Of the
// wide ones, which most words of their length fit, the check digits say so.
func (p *places) mayBeShape(i, n int, digits uint64) bool {
	if n > maxChars {
		return false
	}
	if isEntered(groupStep(codeWhole, 0, n, digits)) {
		return true
	}
	for k := range wideShapes[n] {
		if w := &wideShapes[n][k]; w.has(digits) && w.valid(capitals(p.s, i, n, p.chars[:])) {
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
	code := groupStep(groupStep(codeWhole, 0, end-start, digits), s[end], n, digitMask(s, end+1, end+1+n))
	if isEntered(code) {
		return true
	}
	next := end + 1 + n
	if next+1 >= len(s) || !isSeparator(s[next]) || !isAlnum(s[next+1]) {
		return false
	}
	n = alnums(s, next+1)
	return isEntered(groupStep(code, s[next], n, digitMask(s, next+1, next+1+n)))
}

// The kinds of first groups of one kind, by what starts the second one.
const (
	digitsThenLetter = iota
	digitsThenDigit
	lettersThenDigit
)

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
		openWords(gateLayout, len(sh.layout), len(sh.layout), w.digits, w.letters)
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
				if firstSize > maxLetterGroup {
					panic("detect: too many letters at the begin of the layout " + e.layout)
				}
				shapePairs[lettersThenDigit][separators[sep]][firstSize] |= 1 << n
			case 1<<firstSize - 1:
				shapePairs[digitsThenLetter+int(digits&1)][separators[sep]][firstSize] |= 1 << n
			}
			enterCode(first)
			wordGates[firstSize][all%gateWidth] |= gateGroups
		case groups == 3:
			enterCode(code)
		}
		all |= digits
		sep, n, digits = c, 0, 0
	}
	if all == 0 {
		return
	}
	if groups == 1 {
		wordGates[firstSize][all%gateWidth] |= gateLayout
	}
	enterCode(code)
	shapeTable[code] = append(shapeTable[code], e)
}
