//go:build !amd64

package detect

import "math/bits"

// classify sets the masks of the bytes of s from i on, at most 64.
func (b *block) classify(s string, i int) { b.classifyByTable(s[i:min(len(s), i+blockLen)]) }

// mayBePrefixes returns the bits of those of the places where a prefix may start; a bit counts from at. Five bytes of s stand
// at each.
func mayBePrefixes(s string, at int, places uint64) (found uint64) {
	for m := places; m != 0; m &= m - 1 {
		if bit := bits.TrailingZeros64(m); mayBePrefix(s, at+bit) {
			found |= 1 << bit
		}
	}
	return found
}

// lettersOf returns the masks of the letters, the capitals, the digits and the bytes of longer characters among the n bytes
// of s from i on, at most 64.
func lettersOf(s string, i, n int) (letter, upper, digit, high uint64) {
	return lettersByTable(s[i : i+n])
}

// fieldStarts leaves all to the caller.
func fieldStarts(_ []int32, _ string, from int) (found, to int) { return 0, from }

// known sets the bits of the fields of s that are remembered.
func (f *fields) known(s string) { f.knownByTable(s) }
