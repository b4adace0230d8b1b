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

// classify returns the masks of the bytes of s from i on, at most 64.
func classify(s string, i int) (b block) {
	n := len(s) - i
	if !hasVectors || n <= 0 {
		return classifyByTable(s[i:min(len(s), i+blockLen)])
	}
	p := unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i)
	switch {
	case n >= blockLen:
		b.word, b.digit, b.event, b.escape = classify64((*byte)(p))
		return b
	case uintptr(p)%page <= page-blockLen: // what is read behind the text is memory, and its masks are cut off
		b.word, b.digit, b.event, b.escape = classify64((*byte)(p))
	case i+n >= blockLen: // the block that ends where the text does
		b.word, b.digit, b.event, b.escape = classify64((*byte)(unsafe.Add(p, n-blockLen)))
		drop := blockLen - n
		return block{word: b.word >> drop, digit: b.digit >> drop, event: b.event >> drop, escape: b.escape >> drop}
	default:
		return classifyByTable(s[i:])
	}
	b.keep(n)
	return b
}
