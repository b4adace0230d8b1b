//go:build !amd64

package detect

// classify returns the masks of s, which is at most 64 bytes long.
func classify(s string) block { return classifyByTable(s) }
