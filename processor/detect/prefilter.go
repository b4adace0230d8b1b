package detect

// prefilter finds in one pass which of many literals stand in a text. A window of every literal has stride pairs of bytes
// that begin one after the other; therefore one of them stands at a multiple of stride, and no other place is looked at.
type prefilter struct {
	stride  int
	heads   [1 << 12]uint16 // by a pair of bytes: the first of the entries, counted from 1
	entries []prefilterEntry
}

// prefilterEntry is a literal that a pair of bytes may be part of.
type prefilterEntry struct {
	text    string // in lower-case ASCII
	offset  int    // of the pair
	pattern int
	next    uint16
}

const (
	maxStride    = 7
	maxPrefilter = (1<<16 - 1) / maxStride // literals in one prefilter
)

// pairClass maps a byte to 6 bits, letters of both cases to the same.
func pairClass(c byte) uint {
	if isLetter(c) {
		return uint(c & 31)
	}
	return 32 | uint(c&31)
}

// pairSlots is pairClass as a table.
var pairSlots = func() (t [256]uint16) {
	for c := range t {
		t[c] = uint16(pairClass(byte(c)))
	}
	return t
}()

func pairSlot(a, b byte) uint16 { return (pairSlots[a]<<6 | pairSlots[b]) & (1<<12 - 1) }

// newPrefilter makes one of the literals by pattern. Patterns without any are not looked for.
func newPrefilter(literals [][]string) *prefilter {
	p := &prefilter{}
	for _, of := range literals {
		if n := shortest(of); n > 0 && (p.stride == 0 || n-1 < p.stride) {
			p.stride = min(n-1, maxStride)
		}
	}
	if p.stride == 0 {
		return nil
	}
	usual := pairsOf(sampleText)
	for pattern, of := range literals {
		for _, l := range of {
			p.add(l, pattern, usual)
		}
	}
	return p
}

// add enters the pairs of the literal's window that logs have least.
func (p *prefilter) add(l string, pattern int, usual *[1 << 12]int) {
	base, least := 0, -1
	for from := 0; from+p.stride < len(l); from++ {
		n := 0
		for i := from; i < from+p.stride; i++ {
			n += usual[pairSlot(l[i], l[i+1])]
		}
		if least < 0 || n < least {
			base, least = from, n
		}
	}
	for i := base; i < base+p.stride; i++ {
		slot := pairSlot(l[i], l[i+1])
		p.entries = append(p.entries, prefilterEntry{text: l, offset: i, pattern: pattern, next: p.heads[slot]})
		p.heads[slot] = uint16(len(p.entries))
	}
}

// pairsOf counts the pairs of bytes.
func pairsOf(s string) *[1 << 12]int {
	var n [1 << 12]int
	for i := 1; i < len(s); i++ {
		n[pairSlot(s[i-1], s[i])]++
	}
	return &n
}

// mark sets the bit of every pattern that has a literal in s, and returns how many bits that are.
func (p *prefilter) mark(s string, seen []uint64) int {
	n := 0
	for i := 0; i+1 < len(s); i += p.stride {
		for k := p.heads[pairSlot(s[i], s[i+1])]; k != 0; {
			e := &p.entries[k-1]
			k = e.next
			start := i - e.offset
			if seen[e.pattern/64]>>(e.pattern%64)&1 == 0 && start >= 0 && len(e.text) <= len(s)-start && equalFold(s[start:start+len(e.text)], e.text) {
				seen[e.pattern/64] |= 1 << (e.pattern % 64)
				n++
			}
		}
	}
	return n
}
