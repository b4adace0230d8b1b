package names

import _ "embed" // the weights

// weights are those of an averaged perceptron over hashed features, two bytes each, made by builder/names.
//
//go:embed weights.bin
var weights string

// Size is how many weights the model has.
const Size = 1 << 14

// features sums the weights of the hashed features of a part of a window, or keeps the features for training.
type features struct {
	sum  int32
	kept *Candidate // nil: none are kept
}

// add adds the feature of a template with its values.
func (f *features) add(template, a, b uint32) {
	h := (template*0x9E3779B1 ^ a) * 0x85EBCA6B
	h = (h ^ h>>15 ^ b) * 0xC2B2AE35
	k := (h ^ h>>16) % Size
	if f.kept != nil {
		f.kept.Features = append(f.kept.Features, uint16(k))
		f.kept.Words = append(f.kept.Words, isWordTemplate(template))
		return
	}
	f.sum += int32(int16(uint16(weights[2*k]) | uint16(weights[2*k+1])<<8))
}

// isWordTemplate reports whether the value of the template is a certain word. Training leaves some of those out, so that
// what is not bound to words gets its weight.
func isWordTemplate(template uint32) bool {
	switch template {
	case 3, 5, 8, 9, 12, 13, 17:
		return true
	}
	return false
}

// titleBonus is what a title says beyond what the model has learned of it: nearly every word after one is a name.
const titleBonus = 1000

// score is above 0 when the part [a, b) of the window is a name.
func (w *window) score(a, b int) int32 {
	f := features{sum: w.base(a)}
	w.features(&f, a, b)
	return f.sum
}

// base is the score that the features of a part of the window that starts at a are added to.
func (w *window) base(a int) int32 {
	if w.cue == Title && a == 0 {
		return titleBonus
	}
	return 0
}

// features are what the model knows of the part [a, b): what its words are known as, how they are written, and what
// stands around it. A word itself is one only where it is a common word, so that the model does not learn names by heart.
func (w *window) features(f *features, a, b int) {
	cue := NoCue
	if a == 0 {
		cue = w.cue
	}
	n := uint32(b - a)
	mode := uint32(cue)<<3 | n
	f.add(1, mode, 0)
	pattern := uint32(1)
	for k := a; k < b; k++ {
		x := &w.words[k]
		kind := uint32(x.kind)
		if x.initial {
			kind = 1 << 7
		}
		pattern = pattern<<8 | kind
		place := uint32(0)
		switch {
		case k == b-1:
			place = 2
		case k > a:
			place = 1
		}
		f.add(2, kind, place|min(uint32(cue), 1)<<2)
		if x.initial {
			continue
		}
		f.add(3, x.suffix, place)
		f.add(4, x.shape, place)
		if x.kind&Common != 0 {
			f.add(5, x.hash, place)
			if x.kind&known == 0 {
				f.add(5, 0, place)
			}
		}
	}
	f.add(6, pattern, min(uint32(cue), 1))
	f.add(7, pattern, mode)
	f.add(8, w.cueAt, mode)
	if a == 0 {
		f.add(9, w.before.hash, min(uint32(cue), 1))
		f.add(19, w.before.kind, uint32(w.beforeKind)|min(uint32(cue), 1)<<8)
		f.add(10, uint32(w.beforeKind), min(uint32(cue), 1))
	} else {
		x := &w.words[a-1]
		f.add(11, uint32(x.kind), uint32(w.words[a].kind))
		if x.kind&(Common|Veto) != 0 {
			f.add(12, x.hash, 0)
		} else {
			f.add(12, 0, 0)
		}
	}
	if b == w.n {
		f.add(13, w.after.hash, min(uint32(cue), 1))
		f.add(20, w.after.kind, uint32(w.afterKind)|min(uint32(cue), 1)<<8)
		f.add(14, uint32(w.afterKind), min(uint32(cue), 1))
		f.add(15, uint32(w.afterKind), mode)
	} else {
		x := &w.words[b]
		f.add(16, uint32(x.kind), uint32(w.words[b-1].kind))
		if x.kind&(Common|Veto) != 0 {
			f.add(17, x.hash, 0)
		} else {
			f.add(17, 0, 0)
		}
	}
	if n > 1 && lookup(Hash(w.s[w.words[a].start:w.words[b-1].end]))&City != 0 {
		f.add(18, n, uint32(cue))
	}
}

// Candidate is a part of a window with its features, for training. Words says which of them are words of the neighborhood.
type Candidate struct {
	Start, End int
	Base       int32 // what the weights are added to
	Features   []uint16
	Words      []bool
}

// Candidates returns the parts of the window at i that may be names.
func Candidates(s string, i, lo, hi int) (list []Candidate) {
	var w window
	if !w.read(s, i, lo, hi) {
		return nil
	}
	w.spans(func(a, b int) {
		c := Candidate{Start: w.words[a].start, End: w.words[b-1].end, Base: w.base(a)}
		w.features(&features{kept: &c}, a, b)
		list = append(list, c)
	})
	return list
}
