package detect

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasVectors says that the machine has AVX2.
var hasVectors = cpu.X86.HasAVX2

// classify64 returns the masks of the 64 bytes at p. It wants AVX2.
//
//go:noescape
func classify64(p *byte) (word, digit, event, escape uint64)

// page is the size below which no mapping of memory begins or ends, in bytes.
const page = 4096

// letters64 returns the masks of the letters, the capitals, the digits and the bytes of longer characters of the 64 bytes at
// p. It wants AVX2.
//
//go:noescape
func letters64(p *byte) (letter, upper, digit, high uint64)

// classify returns the masks of the bytes of s from i on, at most 64.
func classify(s string, i int) (b block) {
	n := min(len(s)-i, blockLen)
	p, drop := readable(s, i, n)
	if p == nil {
		return classifyByTable(s[i : i+n])
	}
	b.word, b.digit, b.event, b.escape = classify64(p)
	if drop > 0 {
		b = block{word: b.word >> drop, digit: b.digit >> drop, event: b.event >> drop, escape: b.escape >> drop}
	}
	if n < blockLen {
		b.keep(n)
	}
	return b
}

// lettersOf returns the masks of letters64 for the n bytes of s from i on, at most 64.
func lettersOf(s string, i, n int) (letter, upper, digit, high uint64) {
	p, drop := readable(s, i, n)
	if p == nil {
		return lettersByTable(s[i : i+n])
	}
	letter, upper, digit, high = letters64(p)
	keep := ^uint64(0) >> (blockLen - n)
	return letter >> drop & keep, upper >> drop & keep, digit >> drop & keep, high >> drop & keep
}

// readable returns where 64 bytes may be read that hold the n bytes of s from i on, and how many of them stand before those;
// nil when there is no such place, or no machine for it. What is read behind the string is memory: no page ends there.
func readable(s string, i, n int) (p *byte, drop int) {
	if !hasVectors || n <= 0 {
		return nil, 0
	}
	at := unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i)
	switch {
	case i+blockLen <= len(s), uintptr(at)%page <= page-blockLen:
		return (*byte)(at), 0
	case i+n >= blockLen: // the block that ends where they do
		return (*byte)(unsafe.Add(at, n-blockLen)), blockLen - n
	}
	return nil, 0
}
