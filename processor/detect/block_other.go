//go:build !amd64

package detect

// classify returns the masks of the bytes of s from i on, at most 64.
func classify(s string, i int) block { return classifyByTable(s[i:min(len(s), i+blockLen)]) }
