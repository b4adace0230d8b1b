package names

import _ "embed" // the weights

// weights are those of an averaged perceptron over hashed features, two bytes each, made by builder/names.
//
//go:embed weights.bin
var weights string

// Size is how many weights the model has.
const Size = 1 << 13

// maxFeatures is how many features a part of a window has at most.
const maxFeatures = 48

// features collects the hashed features of a part of a window.
type features struct {
	list [maxFeatures]uint16
	n    int
}

// add adds the feature of a template with its values.
func (f *features) add(template, a, b uint32) {
	h := (template*0x9E3779B1 ^ a) * 0x85EBCA6B
	h = (h ^ h>>15 ^ b) * 0xC2B2AE35
	h ^= h >> 16
	f.list[f.n] = uint16(h % Size)
	f.n++
}

// score is above 0 when the part [a, b) of the window is a name.
func (w *window) score(a, b int) int32 {
	var f features
	w.features(&f, a, b)
	sum := int32(0)
	for _, k := range f.list[:f.n] {
		sum += int32(int16(uint16(weights[2*k]) | uint16(weights[2*k+1])<<8))
	}
	return sum
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
	before, after := w.before, w.after
	f.add(8, uint32(w.cueAt), mode)
	if a == 0 {
		f.add(9, before, min(uint32(cue), 1))
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
		f.add(13, after, min(uint32(cue), 1))
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

// Candidate is a part of a window with its features, for training.
type Candidate struct {
	Start, End int
	Features   []uint16
}

// Candidates returns the parts of the window at i that may be names.
func Candidates(s string, i, lo, hi int) (list []Candidate) {
	var w window
	if !w.read(s, i, lo, hi) {
		return nil
	}
	w.spans(func(a, b int) {
		var f features
		w.features(&f, a, b)
		list = append(list, Candidate{w.words[a].start, w.words[b-1].end, append([]uint16(nil), f.list[:f.n]...)})
	})
	return list
}
