package detect

import (
	"cmp"
	"math/bits"
	"slices"
)

// resolver settles overlapping candidates. The order in which they were found does not matter.
type resolver struct {
	opaque []bool   // by entity: the whole value by key
	marks  []uint64 // bytes taken in the group at hand, a bit each
	order  []int
}

// Confidences above 1 mark candidates until they are settled.
const (
	besideToken = 4 // a whole value that holds more than its tokens
	anyContent  = 2 // a whole value by a custom key: the entity need not be opaque
	outdone     = 0 // a whole value whose shape says better what it is
)

// rank orders candidates of one overlapping group: ids of traces first, then whole values named by a key, then by
// confidence, length, place and entity; of two whole values the longer one is first.
func (r *resolver) rank(f *Finding) int {
	switch {
	case f.Entity == quiet:
		return 4
	case f.Confidence == besideToken:
		return 3
	case f.Entity == Token:
		return 2
	case f.Confidence == anyContent, f.ByKey && r.isOpaque(f.Entity) && f.Confidence > outdone:
		return 1
	}
	return 0
}

func (r *resolver) isOpaque(e Entity) bool { return int(e) < len(r.opaque) && r.opaque[e] }

func (r *resolver) better(a, b *Finding) int {
	rank, size := r.rank(a), cmp.Compare(b.End-b.Start, a.End-a.Start)
	if c := cmp.Compare(r.rank(b), rank); c != 0 {
		return c
	}
	if rank == 1 && size != 0 { // the outer one of two whole values
		return size
	}
	if a.Confidence != b.Confidence {
		return cmp.Compare(b.Confidence, a.Confidence)
	}
	return cmp.Or(
		size,
		cmp.Compare(a.Start, b.Start),
		cmp.Compare(a.Entity, b.Entity),
		cmp.Compare(a.KeyStart, b.KeyStart),
		cmp.Compare(a.Encoding, b.Encoding),
	)
}

// settle returns the findings among the candidates of t, in place: ascending, never overlapping.
func (r *resolver) settle(t *text) []Finding {
	if len(t.tokens) > 0 {
		r.tokens(t)
	}
	c := t.out
	if !isAscending(c) {
		slices.SortFunc(c, func(a, b Finding) int {
			if a.Start != b.Start {
				return cmp.Compare(a.Start, b.Start)
			}
			return r.better(&a, &b)
		})
		c = slices.Compact(c) // values inside one another are found more than once
	}
	outdo(c, r)
	kept := 0
	for i := 0; i < len(c); {
		end, j := c[i].End, i+1
		for ; j < len(c) && c[j].Start < end; j++ {
			end = max(end, c[j].End)
		}
		kept = r.group(t, c, i, j, end, kept)
		i = j
	}
	kept = separate(t.s, c, kept)
	for k := range c[:kept] {
		if c[k].Confidence > 1 {
			c[k].Confidence = 1
		}
		t.near = t.near || holdsStructure(t.s, c[k].Start, c[k].End)
	}
	return c[:kept]
}

// isAscending reports whether every candidate starts behind the one before, as most do.
func isAscending(c []Finding) bool {
	for i := 1; i < len(c); i++ {
		if c[i].Start <= c[i-1].Start {
			return false
		}
	}
	return true
}

// outdo lets the shape of a value win over a key that says only what it is for: an e-mail address used as user name is
// an e-mail address, so that its token is the same everywhere.
func outdo(c []Finding, r *resolver) {
	for i := range c {
		switch c[i].Entity {
		case Secret, Username, UserID:
		default:
			continue
		}
		if !c[i].ByKey || c[i].Confidence > 1 {
			continue
		}
		for j := i - 1; j >= 0 && c[j].Start == c[i].Start; j-- {
			if r.outdoes(&c[j], &c[i]) {
				c[i].Confidence = outdone
			}
		}
		for j := i + 1; j < len(c) && c[j].Start == c[i].Start; j++ {
			if r.outdoes(&c[j], &c[i]) {
				c[i].Confidence = outdone
			}
		}
	}
}

func (r *resolver) outdoes(shape, whole *Finding) bool {
	return shape.End == whole.End && r.rank(shape) == 0 && shape.Confidence >= 0.9
}

// separate makes every finding end where a word does, and merges findings that touch: a token is recognized again only
// where no letter, digit, _ or other token follows it.
func separate(s string, c []Finding, kept int) int {
	n := 0
	for k := 0; k < kept; k++ {
		f := c[k]
		for f.Entity != Token && k < kept {
			for f.End < len(s) && isWord(s[f.End]) && (k+1 == kept || f.End < c[k+1].Start) {
				f.End++
			}
			if k+1 == kept || c[k+1].Start > f.End || c[k+1].Entity == Token {
				break
			}
			k++
			f.End = c[k].End
		}
		c[n] = f
		n++
	}
	return n
}

// structure are bytes that end values and open others: gone with a finding, they change how the rest is read.
const structure = "\"'=,;&{}()[]<>\n"

var isStructure = bytesOf(structure)

// holdsStructure reports whether one of them is in s[start:end], of which most is letters and digits.
func holdsStructure(s string, start, end int) bool {
	for ; start < end; start += blockLen {
		n := min(end-start, blockLen)
		letter, _, digit, high := lettersOf(s, start, n)
		for rest := ^(letter | digit | high) & (^uint64(0) >> (blockLen - n)); rest != 0; rest &= rest - 1 {
			if isStructure[s[start+bits.TrailingZeros64(rest)]] {
				return true
			}
		}
	}
	return false
}

// group keeps the best candidates of the overlapping group c[i:j], which ends at end, at c[kept:].
func (r *resolver) group(t *text, c []Finding, i, j, end, kept int) int {
	if j == i+1 {
		if c[i].Entity != quiet {
			c[kept] = c[i]
			kept++
		}
		return kept
	}
	start := c[i].Start
	r.order = r.order[:0]
	for k := i; k < j; k++ {
		r.order = append(r.order, k)
	}
	slices.SortFunc(r.order, func(a, b int) int { return r.better(&c[a], &c[b]) })
	r.marks = slices.Grow(r.marks[:0], (end-start+63)/64)[:(end-start+63)/64]
	clear(r.marks)
	n := 0
	for _, k := range r.order {
		if !r.take(c[k].Start-start, c[k].End-start) {
			t.near = t.near || !r.taken(c[k].Start-start, c[k].End-start) // what is covered is gone with the finding
		} else if c[k].Entity != quiet {
			r.order[n] = k
			n++
		}
	}
	slices.Sort(r.order[:n]) // by start, as c is
	for _, k := range r.order[:n] {
		c[kept] = c[k]
		kept++
	}
	return kept
}

// take marks the bytes from a to b, unless one of them is taken.
func (r *resolver) take(a, b int) bool {
	for w := a / 64; w*64 < b; w++ {
		if r.marks[w]&span(w, a, b) != 0 {
			return false
		}
	}
	for w := a / 64; w*64 < b; w++ {
		r.marks[w] |= span(w, a, b)
	}
	return true
}

// taken reports whether every byte from a to b is taken. It does not look into what is long: there may be many of that,
// one inside the other.
func (r *resolver) taken(a, b int) bool {
	const long = 512
	if b-a > long {
		return false
	}
	for w := a / 64; w*64 < b; w++ {
		if bits := span(w, a, b); r.marks[w]&bits != bits {
			return false
		}
	}
	return true
}

// span returns the bits of word w that lie in [a, b).
func span(w, a, b int) uint64 {
	bits := ^uint64(0)
	if a > w*64 {
		bits <<= a - w*64
	}
	if b < w*64+64 {
		bits &= 1<<(b-w*64) - 1
	}
	return bits
}

// tokens drops the candidates that a recognized token forbids, and adds the tokens as findings. A whole value by key
// stays where something alphanumeric is left outside its tokens; then the tokens in it are part of the value.
func (r *resolver) tokens(t *text) {
	kept := t.out[:0]
	for _, f := range t.out {
		switch {
		case f.Entity == quiet || !t.tokenTouches(f.Start, f.End):
			kept = append(kept, f)
		case r.rank(&f) == 1 && t.more(f.Start, f.End):
			f.Confidence = besideToken
			kept = append(kept, f)
		default:
			t.near = true
		}
	}
	t.out = append(kept, t.tokens...)
}

// more reports whether something alphanumeric in [start, end) is outside the tokens. A token that sticks out forbids
// the candidate.
func (t *text) more(start, end int) bool {
	left := false
	for i := t.tokenFrom(start); i < len(t.tokens) && t.tokens[i].Start < end; i++ {
		if t.tokens[i].Start < start || t.tokens[i].End > end {
			return false
		}
		for j := start; j < t.tokens[i].Start; j++ {
			left = left || isAlnum(t.s[j]) || t.s[j] >= 0x80
		}
		start = t.tokens[i].End
	}
	for j := start; j < end && !left; j++ {
		left = isAlnum(t.s[j]) || t.s[j] >= 0x80
	}
	return left
}
