//go:build !amd64

package detect

// classify returns the masks of the bytes of s from i on, at most 64.
func classify(s string, i int) block { return classifyByTable(s[i:min(len(s), i+blockLen)]) }

// lettersOf returns the masks of the letters, the capitals, the digits and the bytes of longer characters among the n bytes
// of s from i on, at most 64.
func lettersOf(s string, i, n int) (letter, upper, digit, high uint64) {
	return lettersByTable(s[i : i+n])
}
