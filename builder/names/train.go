package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// example is a part of a window, and whether it is a name.
type example struct {
	features   []uint16
	base       int32
	words      []bool // which features are words
	name       bool
	start, end int
}

// windows returns the parts of every window of the sentence.
func windows(s sentence) (list [][]example) {
	inWord := false
	for i := range len(s.text) {
		c := s.text[i]
		word := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
		if (word && !inWord || c >= 0xC3) && names.MayStart(s.text, i) {
			lo, hi := reach(s.text, i)
			var w []example
			for _, c := range names.Candidates(s.text, i, lo, hi) {
				w = append(w, example{c.Features, c.Base, c.Words, isName(s, c.Start, c.End), c.Start, c.End})
			}
			if len(w) > 0 {
				list = append(list, w)
			}
		}
		inWord = word
	}
	return list
}

// reach is what of the text a window at i looks at, as in the detector.
func reach(text string, i int) (lo, hi int) {
	return max(0, i-names.Reach), min(len(text), i+names.Ahead)
}

func isName(s sentence, start, end int) bool {
	for _, n := range s.names {
		if n[0] == start && n[1] == end {
			return true
		}
	}
	return false
}

const (
	epochs = 12
	// A wrong name costs more than a missed one: a part that is none must score this far below 0, and one that is a name only
	// a little above it.
	marginNot  = 300
	marginName = 100
	scale      = 8 // of the averaged weights
)

// train returns the weights of an averaged perceptron.
func train(words *wordLists) []int16 {
	g := newGenerator(words, forTraining, 1)
	var all []example
	for _, s := range append(g.sentences(trainNames, 400), g.sentences(trainOthers, 400)...) {
		for _, w := range windows(s) {
			all = append(all, w...)
		}
	}
	weights, sums := make([]int64, names.Size), make([]int64, names.Size)
	order := rand.New(rand.NewPCG(2, 2))
	steps := int64(1)
	var seen []uint16 // half of the words are left out each time
	for range epochs {
		order.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, e := range all {
			seen = seen[:0]
			for i, f := range e.features {
				if !e.words[i] || order.IntN(2) == 0 {
					seen = append(seen, f)
				}
			}
			score := int64(0)
			for _, f := range seen {
				score += weights[f]
			}
			change := int64(0)
			switch {
			case e.name && score <= marginName:
				change = 8
			case !e.name && score >= -marginNot:
				change = -8
			}
			if change != 0 {
				for _, f := range seen {
					weights[f] += change
					sums[f] += change * steps
				}
			}
			steps++
		}
	}
	out := make([]int16, names.Size)
	for i := range out {
		average := (weights[i]*steps - sums[i]) * scale / steps
		out[i] = int16(max(-1<<15, min(1<<15-1, average)))
	}
	fmt.Printf("trained on %d parts of windows\n", len(all))
	return out
}

func encodeWeights(weights []int16) (data []byte) {
	for _, w := range weights {
		data = binary.LittleEndian.AppendUint16(data, uint16(w))
	}
	return data
}

// evaluate prints how the model does on sentences of templates and names that it was not trained with, and returns the
// precision and the recall on those of the tests.
func evaluate(words *wordLists, weights []int16, misses bool) (precision, recall float64) {
	for _, set := range []struct {
		title         string
		split         int
		names, others []string
	}{{"development", forDevelopment, devNames, devOthers}, {"test", forTest, testNames, testOthers}} {
		g := newGenerator(words, set.split, 3)
		var found, wrong, missed, lines, flagged int
		count := func(list []sentence, others bool) {
			for _, s := range list {
				got, seen := 0, map[[2]int]bool{}
				for _, w := range windows(s) {
					best, at := int64(0), -1
					for k, e := range w {
						score := int64(e.base)
						for _, f := range e.features {
							score += int64(weights[f])
						}
						if score > best {
							best, at = score, k
						}
					}
					switch { // windows may overlap behind a cue
					case at < 0 || seen[[2]int{w[at].start, w[at].end}]:
					case w[at].name:
						found++
						got++
					default:
						wrong++
						if others {
							flagged++
						}
						if misses {
							fmt.Printf("wrong   %q in %q\n", s.text[w[at].start:w[at].end], s.text)
						}
					}
					if at >= 0 {
						seen[[2]int{w[at].start, w[at].end}] = true
					}
				}
				missed += len(s.names) - got
				if misses && got < len(s.names) {
					fmt.Printf("missed  %q\n", s.text)
				}
				lines++
			}
		}
		count(g.sentences(set.names, 100), false)
		count(g.sentences(set.others, 100), true)
		precision, recall = float64(found)/float64(max(1, found+wrong)), float64(found)/float64(max(1, found+missed))
		fmt.Printf("%-12s %6d sentences  %6d found  %5d missed  %4d wrong (%d in sentences without names)  precision %.4f  recall %.4f\n",
			set.title, lines, found, missed, wrong, flagged, precision, recall)
	}
	return precision, recall
}
