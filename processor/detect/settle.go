package detect

import (
	"slices"
	"unsafe"
)

// A veto looks at the neighbors of a candidate, and a key at what ends its value; a token in place of a neighbor may
// lift the one and move the other. So that finding again finds nothing new, a text in which a verifier came close and
// something else was found is examined again with tokens in place of the findings, and what is new is a finding of the
// first pass.

const (
	maxPasses   = 4
	maxRepeated = 1 << 20 // bytes of text examined more than once
)

// piece maps a part of the rewritten text to the text it comes from.
type piece struct {
	at, start, end int  // offset in the rewritten text; extent in the original
	token          bool // stands for the whole extent
}

// repeat is the working memory of the passes after the first.
type repeat struct {
	text   text
	fields fields
	buf    []byte
	pieces []piece
	fresh  []Finding // found in this pass, at their place in the original
	found  []Finding
}

// find runs first over the text, and then scan until it finds nothing new.
func (s *Scratch) find(d *Detector, key Key, text string, first, scan func(*text)) []Finding {
	t := &s.text
	t.reset(d, key, text)
	t.findTokens()
	t.examine(first)
	if len(t.out) == 0 && len(t.tokens) == 0 {
		return nil
	}
	s.resolver.opaque = d.opaque
	found := s.resolver.settle(t)
	if !t.near {
		t.reviewVetoes(found)
	}
	if !t.near || len(text) > maxRepeated {
		return found
	}
	for range maxPasses {
		more := s.again(d, key, text, found, scan)
		if more == nil {
			return found
		}
		found = more
	}
	return found
}

// vetoed is a candidate that passed its own checks and that what stands beside it forbade.
type vetoed struct {
	extent
	cuedBy   Entity
	wantsCue bool
}

const (
	maxVetoed = 16 // candidates that are kept until it is known what else the text holds
	vetoReach = 64 // how far from a candidate a veto looks, in bytes
)

// veto notes a candidate. Most texts hold nothing else, so that its cue, which costs more than all the rest, need not be
// looked for now.
func (t *text) veto(v vetoed) {
	switch {
	case t.near:
	case t.vetoes < len(t.vetoed):
		t.vetoed[t.vetoes] = v
		t.vetoes++
	case !v.wantsCue || t.cued(v.cuedBy, v.start, v.end): // which may come close itself
		t.near = true
	}
}

// reviewVetoes says that a verifier came close where a finding is what may have forbidden a candidate.
func (t *text) reviewVetoes(found []Finding) {
	for _, v := range t.vetoed[:t.vetoes] {
		if liesBeside(v.extent, found) && (!v.wantsCue || t.cued(v.cuedBy, v.start, v.end)) {
			t.near = true
		}
	}
}

// liesBeside reports whether a finding lies in reach of the vetoes of the candidate.
func liesBeside(v extent, found []Finding) bool {
	for i := range found {
		if found[i].Start < v.end+vetoReach && v.start-vetoReach < found[i].End {
			return true
		}
	}
	return false
}

func (t *text) examine(scan func(*text)) {
	t.keyedAttr()
	t.alone()
	scan(t)
	if t.d.patterns != nil {
		t.custom()
	}
}

// again examines the text with tokens in place of the findings. It returns nil when that finds nothing new, else the
// findings with the new ones.
func (s *Scratch) again(d *Detector, key Key, plain string, found []Finding, scan func(*text)) []Finding {
	if s.repeat == nil {
		s.repeat = &repeat{text: text{inner: &decoded{}}}
		s.repeat.text.fields = &s.repeat.fields
	}
	r := s.repeat
	if s.fields != nil {
		r.fields.memory = s.fields.memory
	}
	if !r.rewrite(d, key, plain, found) {
		return nil
	}
	r.text.examine(scan)
	settled := s.resolver.settle(&r.text)
	r.fresh = r.fresh[:0]
	for _, f := range settled {
		if f.Entity == Token {
			continue
		}
		f.Start, f.End = r.origin(f.Start, false), r.origin(f.End, true)
		if f.KeyStart >= 0 {
			f.KeyStart, f.KeyEnd = r.origin(f.KeyStart, false), r.origin(f.KeyEnd, true)
		}
		r.fresh = append(r.fresh, f)
	}
	if len(r.fresh) == 0 {
		return nil
	}
	r.merge(found)
	return append(found[:0], r.found...)
}

// rewrite prepares the text with a token in place of every finding; false when there is nothing but tokens.
func (r *repeat) rewrite(d *Detector, key Key, s string, found []Finding) bool {
	r.buf, r.pieces = r.buf[:0], r.pieces[:0]
	r.text.tokens = r.text.tokens[:0]
	last, values := 0, 0
	tokens := r.text.tokens
	for _, f := range found {
		r.pieces = append(r.pieces, piece{at: len(r.buf), start: last, end: f.Start})
		r.buf = append(r.buf, s[last:f.Start]...)
		from := len(r.buf)
		r.pieces = append(r.pieces, piece{at: from, start: f.Start, end: f.End, token: true})
		if f.Entity == Token {
			r.buf = append(r.buf, s[f.Start:f.End]...)
		} else {
			values++
			r.buf = append(r.buf, "tkt_"...)
			r.buf = append(r.buf, d.infos[f.Entity].Class...)
			r.buf = append(r.buf, "_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds"...)
		}
		tokens = append(tokens, Finding{Start: from, End: len(r.buf), Entity: Token, Confidence: 1, KeyStart: -1, KeyEnd: -1})
		last = f.End
	}
	r.pieces = append(r.pieces, piece{at: len(r.buf), start: last, end: len(s)})
	r.buf = append(r.buf, s[last:]...)
	r.text.reset(d, key, unsafe.String(unsafe.SliceData(r.buf), len(r.buf))) // read only until the next rewrite
	r.text.tokens = tokens
	return values > 0
}

// origin returns where the offset i of the rewritten text is in the original; inside a token, its start or its end.
func (r *repeat) origin(i int, end bool) int {
	k, _ := slices.BinarySearchFunc(r.pieces, i, func(p piece, i int) int {
		if p.at <= i {
			return -1
		}
		return 1
	})
	k--
	if end && k > 0 && r.pieces[k].at == i { // the end of the piece before
		k--
	}
	p := r.pieces[k]
	switch {
	case !p.token:
		return p.start + i - p.at
	case end:
		return p.end
	}
	return p.start
}

// merge joins the findings so far with the fresh ones, both ascending; a fresh one replaces what it covers.
func (r *repeat) merge(found []Finding) {
	r.found = r.found[:0]
	for _, f := range r.fresh {
		for len(found) > 0 && found[0].End <= f.Start {
			r.found = append(r.found, found[0])
			found = found[1:]
		}
		for len(found) > 0 && found[0].Start < f.End {
			found = found[1:]
		}
		r.found = append(r.found, f)
	}
	r.found = append(r.found, found...)
}
