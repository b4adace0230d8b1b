package main

import (
	"hash/fnv"
	"math/rand/v2"
)

// half is one of the two corpora. They share values' rules and no template, key, cue or seed where there are two to share.
type half int

// The halves: detectors are tuned on dev and measured on heldout.
const (
	dev half = iota
	heldout
)

func (h half) String() string { return [...]string{"dev", "heldout"}[h] }

// seeds are part of the corpus: others are another corpus.
var seeds = [...]uint64{20260311, 77410925}

// dice draws for one family of one half.
type dice struct {
	*rand.Rand
	half half
}

// source is a family's own generator, so that one family's change leaves the lines of the others as they are.
func source(h half, family string) *dice {
	sum := fnv.New64a()
	sum.Write([]byte(family)) // never fails
	return &dice{rand.New(rand.NewPCG(seeds[h], sum.Sum64())), h}
}

// pick draws one element.
func pick[T any](r *dice, from []T) T { return from[r.IntN(len(from))] }

// mine is the half's share of templates, keys or cues: every other one. A single one belongs to both.
func mine[T any](h half, all []T) []T {
	if len(all) < 2 {
		return all
	}
	var out []T
	for i := int(h); i < len(all); i += 2 {
		out = append(out, all[i])
	}
	return out
}

// choose draws one element of the half's share.
func choose[T any](r *dice, from []T) T { return pick(r, mine(r.half, from)) }
