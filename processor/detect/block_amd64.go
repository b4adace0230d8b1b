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

// shortBlock is the length below which the table is faster than the detour over a buffer, in bytes.
const shortBlock = 24

// classify returns the masks of s, which is at most 64 bytes long.
func classify(s string) (b block) {
	if !hasVectors || len(s) < shortBlock {
		return classifyByTable(s)
	}
	p := unsafe.StringData(s)
	var buf [blockLen]byte
	if len(s) < blockLen {
		copy(buf[:], s)
		p = &buf[0]
	}
	b.word, b.digit, b.event, b.escape = classify64(p)
	return b
}
