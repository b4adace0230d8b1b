package detect

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// A digit run is parsed once, with the groups that follow it at single separators, and dispatched by its layout.
const (
	maxGroups = 8
	maxDigits = 24
)

// digitShape is a layout of digits that wakes an entity: "ddd-dd-dddd". Bare digits have one group.
type digitShape struct {
	layout string
	cued   bool                     // needs a cue within 50 bytes
	valid  func(digits []byte) bool // ranges and checksum; nil: none
	conf   float32
	cues   []string // of this layout alone; nil: those of the rule
	cuedBy Entity   // whose cues count
}

type digitEntry struct {
	entity          Entity
	count           int
	spaced, slashed bool
	digitShape
	vetoes []string
}

var (
	digitTable   = map[uint64][]digitEntry{} // by layout code
	digitBits    [1 << 12 / 64]uint64        // a bit for the hash of every code
	digitPairs   [5][16]uint16               // by separator and length of the first group, bit n: the second has n digits in some layout
	digitWhole   [5][16]uint16               // the same, of layouts of two groups
	digitTriples [1 << 15 / 64]uint64        // a bit for the first three groups of every layout: see tripleOf
	digitFirst   uint16                      // bit n: some layout is one group of n digits
)

// group codes take 7 bits: the separator before the group, then its length.
const groupBits = 7

func groupCode(sep byte, n int) uint64 { return uint64(separators[sep])<<4 | uint64(n) }

// separators numbers the bytes that stand between groups of a number; 0 is for all others.
var separators = [256]uint8{'-': 1, ' ': 2, '.': 3, '/': 4}

func isSeparator(c byte) bool { return separators[c] != 0 }

func (d digitShape) compile(r rule) (code uint64, e digitEntry) {
	e = digitEntry{entity: r.entity, digitShape: d, vetoes: r.vetoes}
	groups, n, sep := 0, 0, byte(0)
	for i := 0; i <= len(d.layout); i++ {
		if i < len(d.layout) && d.layout[i] == 'd' {
			n++
			e.count++
			continue
		}
		code |= groupCode(sep, min(n, 15)) << (groups * groupBits)
		groups++
		if i < len(d.layout) {
			sep, n = d.layout[i], 0
			e.spaced, e.slashed = e.spaced || sep == ' ', e.slashed || sep == '/'
		}
	}
	if groups == 1 && e.count > 15 {
		code = 1<<63 | uint64(e.count)
	}
	return code, e
}

// enter notes the first groups of a layout, so that most runs of digits are settled by their first two groups.
func (d digitShape) enter() {
	groups := strings.FieldsFunc(d.layout, func(r rune) bool { return r != 'd' })
	first := min(len(groups[0]), 15)
	if len(groups) == 1 {
		digitFirst |= 1 << first
		return
	}
	sep := separators[d.layout[len(groups[0])]]
	second := min(len(groups[1]), 15)
	digitPairs[sep][first] |= 1 << second
	if len(groups) == 2 {
		digitWhole[sep][first] |= 1 << second
		return
	}
	triple := tripleOf(sep, first, second, min(len(groups[2]), 15))
	digitTriples[triple>>6] |= 1 << (triple & 63)
}

// enterDigits enters a layout of digits.
func (r rule) enterDigits(d digitShape) {
	d.enter()
	code, entry := d.compile(r)
	digitTable[code] = append(digitTable[code], entry)
	bit := digitBit(code)
	digitBits[bit>>6] |= 1 << (bit & 63)
}

// digitBit maps the code of a layout to its place in digitBits.
func digitBit(code uint64) uint64 { return code * 0x9E3779B97F4A7C15 >> 52 }

// beginsLayout reports whether the run of n digits that ends at end, where a separator and a digit follow, can begin
// a layout.
func beginsLayout(s string, n, end int) bool {
	if n == 4 && isRecentDate(s, end) {
		return false
	}
	if digitFirst>>n&1 != 0 {
		return true
	}
	sep := separators[s[end]]
	if digitPairs[sep][n] == 0 {
		return false
	}
	second := digitRun(s, end+1)
	switch {
	case digitPairs[sep][n]>>second&1 == 0:
		return false
	case digitWhole[sep][n]>>second&1 != 0:
		return true
	}
	next := end + 1 + second
	if next >= len(s) || !isSeparator(s[next]) {
		return false
	}
	return isTriple(sep, n, second, digitRun(s, next+1))
}

// isTriple reports whether some layout begins with three groups of digits of these lengths, at most 15.
func isTriple(sep uint8, first, second, third int) bool {
	triple := tripleOf(sep, first, second, third)
	return digitTriples[triple>>6]>>(triple&63)&1 != 0
}

// tripleOf numbers three groups of digits by their lengths, at most 15, and the first separator.
func tripleOf(sep uint8, first, second, third int) uint64 {
	return uint64(sep)<<12 | uint64(first)<<8 | uint64(second)<<4 | uint64(third)
}

// digitRun returns how many digits stand from i on, at most 15.
func digitRun(s string, i int) int {
	n := 0
	if i+8 <= len(s) {
		if n = bits.TrailingZeros64(notDigits(eight(s, i))) / 8; n < 8 {
			return n
		}
	}
	for n < 15 && i+n < len(s) && isDigit(s[i+n]) {
		n++
	}
	return n
}

// notDigits has the top bit of each of eight bytes that is no digit.
func notDigits(x uint64) uint64 {
	x ^= '0' * ones8 // digits are 0 to 9
	return (x&^(0x80*ones8) + 0x76*ones8 | x) & (0x80 * ones8)
}

// isRecentDate reports whether the four digits that end at end are the year of a date of this century: those of telemetry
// itself, 2023-01-15 or 2023/01/15, which are of no layout but that of a birth.
func isRecentDate(s string, end int) bool {
	if s[end-4] != '2' || s[end-3] != '0' || end+6 > len(s) || s[end] != '-' && s[end] != '/' || s[end+3] != s[end] {
		return false
	}
	return isDigit(s[end+1]) && isDigit(s[end+2]) && isDigit(s[end+4]) && isDigit(s[end+5]) && (end+6 == len(s) || !isDigit(s[end+6]))
}

// cluster is a digit run with the groups that follow it.
type cluster struct {
	digits [maxDigits + 7]byte // the last ones are room for eight at a time
	code   [maxGroups]uint64   // layout code of the first n+1 groups
	count  [maxGroups]uint8    // digits in them
	end    [maxGroups]int      // where they end
	groups int
	whole  bool // no digit follows at a separator beyond the last group
}

// number handles the digit run [start, end), which no word character touches.
func (t *text) number(start, end int) {
	if t.laidOut.start < start && end <= t.laidOut.end {
		return
	}
	n := end - start
	next := t.at(end)
	if n <= 3 && next == '.' && isDigit(t.at(end+1)) {
		t.ipv4(start)
	}
	if n <= 4 && frenchFollows(t.s, end) {
		t.houseNumber(start, end)
	}
	if n < 6 && (next == ':' || next == ',' || next == ']' || next == ')' || next == '"') {
		return
	}
	if n <= 5 && next == ' ' && isUpper(t.at(end+1)) {
		t.houseNumber(start, end)
	}
	if n == 4 && (next == '+' || next == ' ' && t.at(end+1) == ' ') {
		t.wideCard(start)
	}
	if n >= 13 && n <= 19 && next == '=' {
		t.track2(start, end)
	}
	if n > maxDigits || n < 9 && (!isSeparator(next) || !isDigit(t.at(end+1))) {
		return
	}
	if n < 9 && !beginsLayout(t.s, n, end) {
		return
	}
	c := &t.digits
	c.groups, c.whole = 0, false
	if t.cluster(start, c); c.count[c.groups-1] >= 7 {
		t.layouts(start, c)
	}
}

// cluster parses the groups from start on.
func (t *text) cluster(start int, c *cluster) {
	const longest = maxDigits + maxGroups
	_, _, digit, _ := lettersOf(t.s, start, min(len(t.s)-start, longest))
	code, sep, total, i := uint64(0), byte(0), 0, start
	for c.groups < maxGroups {
		n := bits.TrailingZeros64(^digit)
		if total+n > maxDigits || isWord(t.at(i+n)) || n > 15 && c.groups > 0 {
			return
		}
		for k := 0; k < n; k += 8 {
			binary.LittleEndian.PutUint64(c.digits[total+k:], load8(t.s, i+k))
		}
		code |= groupCode(sep, min(n, 15)) << (c.groups * groupBits)
		if n > 15 {
			code = 1<<63 | uint64(n)
		}
		total, i = total+n, i+n
		c.code[c.groups], c.count[c.groups], c.end[c.groups] = code, uint8(total), i
		c.groups++
		if sep = t.at(i); !isSeparator(sep) || !isDigit(t.at(i+1)) {
			c.whole = true
			return
		}
		i++
		digit >>= n + 1
	}
}

// layouts looks up the layout of the whole cluster, and of its leading groups wherever a space ends them.
func (t *text) layouts(start int, c *cluster) {
	free := t.numberMayStart(start)
	near, vetoes, before := t.near, t.vetoes, len(t.out)
	for g := c.groups - 1; g >= 0; g-- {
		end := c.end[g]
		if bit := digitBit(c.code[g]); digitBits[bit>>6]>>(bit&63)&1 == 0 {
			continue
		}
		entries := digitTable[c.code[g]]
		if len(entries) == 0 {
			continue
		}
		goesOn := (g < c.groups-1 || !c.whole) && t.at(end) != ' '
		if goesOn || !free || !t.numberMayEnd(end) {
			for i := range entries {
				if e := &entries[i]; e.valid == nil || e.valid(c.digits[:c.count[g]]) {
					t.veto(vetoed{extent{start, end}, e.cuedBy, e.cued})
				}
			}
		} else {
			for i := range entries {
				t.layout(&entries[i], c, g, start)
			}
		}
		if len(t.out) > before { // what fewer groups might have been is covered, and so is what begins inside
			t.near, t.vetoes = near, vetoes
			t.laidOut = extent{start, end}
			return
		}
	}
}

func (t *text) layout(e *digitEntry, c *cluster, g, start int) {
	end := c.end[g]
	grouped := g > 0 // then most fail the check, and the cues need not be read
	if grouped && e.valid != nil && !e.valid(c.digits[:c.count[g]]) {
		return
	}
	if e.cued && !t.cued(e.cuedBy, start, end) {
		return
	}
	if e.slashed && t.at(start-1) == '/' { // a part of a path
		return
	}
	if e.spaced && (t.groupBefore(start) || g < c.groups-1 && c.end[g+1]-end > 3) {
		t.near = true
		return
	}
	if !grouped && e.valid != nil && !e.valid(c.digits[:c.count[g]]) {
		return
	}
	conf := e.conf
	switch {
	case e.cued:
	case conf >= cuedConf && len(e.vetoes) == 0 && t.at(start-1) != '#': // no cue can add anything
	case t.cued(e.cuedBy, start, end):
		conf = max(conf, cuedConf)
	case t.at(start-1) == '#':
		return
	case t.wordsBefore(e.vetoes, start):
		t.near = true
		return
	}
	t.add(e.entity, start, end, conf)
	if e.entity == PaymentCard {
		t.behindCard(end)
	}
}

// numberNouns stand before numbers that are anything but a person's.
var numberNouns = []string{
	"range", "ticket", "part", "order", "case", "sku", "model", "serial", "id", "code", "error", "invoice", "item", "product", "rfc", "bug", "issue", "lot", "batch", "article", "catalog", "po",
}

// wordsBefore reports whether one of the words stands right before i, perhaps with "number" or "no." between.
func (t *text) wordsBefore(words []string, i int) bool {
	for range 2 {
		end := i
		for end > 0 && end > i-3 && (t.s[end-1] == ' ' || t.s[end-1] == ':' || t.s[end-1] == '=' || t.s[end-1] == '.') {
			end--
		}
		start := end
		for start > 0 && start > end-12 && isLetter(t.s[start-1]) {
			start--
		}
		if start == end || end == i || !t.standsAlone(start) {
			return false
		}
		word := t.s[start:end]
		for _, w := range words {
			if equalFold(word, w) {
				return true
			}
		}
		if !equalFold(word, "number") && !equalFold(word, "no") && !equalFold(word, "nr") {
			return false
		}
		i = start
	}
	return false
}

// cuedConf is the confidence in a layout whose cue stands near.
const cuedConf = 0.97

// numberMayStart vetoes a number that goes on to the left: identifiers, decimals, amounts. One after # needs a cue.
func (t *text) numberMayStart(i int) bool {
	if i == 0 {
		return true
	}
	switch t.s[i-1] {
	case '-', '.', '/', ':':
		if t.s[i-1] == '/' || t.s[i-1] == ':' {
			return !isDigit(t.at(i-2)) && !t.digitsWere(i-1)
		}
		return !isWord(t.at(i-2)) || t.escapeBefore(i-1) != i-1
	case '$', '*', '~':
		return false
	}
	return t.s[i-1] < 0x80 || !currencyBefore(t.s, i)
}

// numberMayEnd vetoes a number that goes on to the right.
func (t *text) numberMayEnd(i int) bool {
	switch c := t.at(i); c {
	case '-', '.', ':', '/':
		if c == '-' || c == '/' {
			return !isWord(t.at(i + 1))
		}
		return !isDigit(t.at(i + 1))
	case '%', '*', '@':
		return t.escapeAt(i) > i
	default:
		return !isWord(c)
	}
}

// digitsWere reports whether a token ends at i that may stand for a number, which would have been a reason to veto what
// follows it: names and addresses of mail end in letters.
func (t *text) digitsWere(i int) bool {
	k := t.tokenFrom(i - 1)
	if i <= 0 || k == len(t.tokens) || t.tokens[k].End != i {
		return false
	}
	class := t.s[t.tokens[k].Start+len("tkt_"):]
	return !strings.HasPrefix(class, "name_") && !strings.HasPrefix(class, "email_")
}

// groupBefore reports whether a group of three digits or more stands before the space before i.
func (t *text) groupBefore(i int) bool {
	if t.at(i-1) == ' ' && t.digitsWere(i-1) {
		return true
	}
	return t.at(i-1) == ' ' && isDigit(t.at(i-2)) && isDigit(t.at(i-3)) && isDigit(t.at(i-4))
}

// currencyBefore reports whether a pound, euro or yen sign ends at i.
func currencyBefore(s string, i int) bool {
	for _, sign := range [...]string{"£", "€", "¥", "₹"} {
		if i >= len(sign) && s[i-len(sign):i] == sign {
			return true
		}
	}
	return false
}
