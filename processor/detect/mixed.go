package detect

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// mixed is a word of letters and digits with the groups that follow it at single separators.
type mixed struct {
	chars        [maxChars + 7]byte // in upper case; the last ones are room for eight at a time
	upper, lower uint32             // which of them are letters in that case
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
	near, vetoes, before := t.near, t.vetoes, len(t.out)
	for g := c.groups - 1; g >= 0; g-- {
		if isEntered(c.code[g]) {
			entries := shapeTable[c.code[g]]
			for i := range entries {
				t.shape(&entries[i], c, g, start)
			}
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
			t.near, t.vetoes = near, vetoes
			return
		}
	}
}

// everyShape is shaped without tables: every layout is compared with the word at start and the groups after it.
func (t *text) everyShape(start int) {
	c := &t.mixed
	t.mixedGroups(start, c, true)
	near, vetoes, before := t.near, t.vetoes, len(t.out)
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
			t.near, t.vetoes = near, vetoes
			return
		}
	}
}

// mixedGroups parses the groups from start on, or the first one only.
func (t *text) mixedGroups(start int, c *mixed, several bool) {
	c.groups, c.whole, c.upper, c.lower = 0, false, 0, 0
	const longest = maxChars + maxGroups
	letter, upper, digit, _ := lettersOf(t.s, start, min(len(t.s)-start, longest))
	code, sep, total, i := uint64(codeWhole), byte(0), 0, start
	for c.groups < maxGroups {
		n := bits.TrailingZeros64(^(letter | digit))
		if total+n > maxChars || isWord(t.at(i+n)) {
			return
		}
		inside := uint64(1)<<n - 1
		c.upper |= uint32(upper&inside) << total
		c.lower |= uint32(letter&^upper&inside) << total
		capitals(t.s, i, n, c.chars[total:])
		code = groupStep(code, sep, n, digit&inside)
		total, i = total+n, i+n
		c.code[c.groups], c.count[c.groups], c.end[c.groups] = code, uint8(total), i
		c.groups++
		if sep = t.at(i); !several || !isSeparator(sep) || !isAlnum(t.at(i+1)) {
			c.whole = true
			return
		}
		i++
		letter, upper, digit = letter>>(n+1), upper>>(n+1), digit>>(n+1)
	}
}

// capitals puts the n letters and digits at i into room, which has seven bytes more, in upper case.
func capitals(s string, i, n int, room []byte) []byte {
	for k := 0; k < n; k += 8 {
		binary.LittleEndian.PutUint64(room[k:], capitals8(load8(s, i+k)))
	}
	return room[:n]
}

// capitals8 makes capitals of the letters among eight letters and digits.
func capitals8(x uint64) uint64 { return x &^ (x >> 1 & smalls8) }

// shape verifies one layout of the first g+1 groups.
func (t *text) shape(e *shapeEntry, c *mixed, g, start int) {
	n, end := c.count[g], c.end[g]
	inside := uint32(1)<<n - 1
	isLow := c.lower&inside != 0
	if isLow && c.upper&inside != 0 || !fits(e.layout, t.s[start:end]) {
		return
	}
	goesOn := (g < c.groups-1 || !c.whole) && t.at(end) != ' '
	isFree := !goesOn && t.numberMayStart(start) && t.shapeMayStart(start) && t.numberMayEnd(end) && t.shapeMayEnd(end)
	wantsCue := e.cued || isLow && !e.folded
	if !isFree {
		if e.valid == nil || e.valid(c.chars[:n]) {
			t.veto(vetoed{extent{start, end}, e.cuedBy, wantsCue})
		}
		return
	}
	cued := false
	if wantsCue {
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
