package detect

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// hasVectors says that the machine has AVX2.
var hasVectors = cpu.X86.HasAVX2

// classify64 sets the masks of those of the 64 bytes at p that keep has. It wants AVX2.
//
//go:noescape
func classify64(p *byte, b *block, keep uint64)

// prefixed64 returns the bits of those of the places where a prefix may start, by prefixBits and fifthBytes; a bit counts from p.
// Five bytes stand at each.
//
//go:noescape
func prefixed64(p *byte, places uint64) (found uint64)

// mayBePrefixes returns the bits of those of the places where a prefix may start; a bit counts from at. Five bytes of s stand
// at each.
func mayBePrefixes(s string, at int, places uint64) uint64 {
	return prefixed64((*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), at)), places)
}

// page is the size below which no mapping of memory begins or ends, in bytes.
const page = 4096

// letters64 returns the masks of the letters, the capitals, the digits and the bytes of longer characters of the 64 bytes at
// p. It wants AVX2.
//
//go:noescape
func letters64(p *byte) (letter, upper, digit, high uint64)

// lists32 puts where fields start among the n bytes at p, n a multiple of 32, into starts, which has room for all there may be,
// and returns how many do; the first byte counts as from. Two more bytes stand behind those. It wants AVX2.
//
//go:noescape
func lists32(p *byte, n int, starts *int32, from int32) (found int)

// classify sets the masks of the bytes of s from i on, at most 64.
func (b *block) classify(s string, i int) {
	if hasVectors && i+blockLen <= len(s) {
		classify64((*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i)), b, ^uint64(0))
		return
	}
	b.classifyLast(s, i)
}

// classifyLast is classify where fewer bytes are left than a block has, or without vectors.
func (b *block) classifyLast(s string, i int) {
	n := min(len(s)-i, blockLen)
	p, drop := readable(s, i, n)
	if p == nil {
		b.classifyByTable(s[i : i+n])
		return
	}
	classify64(p, b, ^uint64(0)>>(blockLen-n)<<drop)
	if drop > 0 {
		b.drop(drop)
	}
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

// fieldStarts puts where fields start in s from from on into starts, which has room for all there may be, and returns how many
// do, and where it stopped looking.
func fieldStarts(starts []int32, s string, from int) (found, to int) {
	const more = len(`, "`) - 1 // bytes that are read behind a comma
	if !hasVectors || len(s)-from < 32+more {
		return 0, from
	}
	find := func(starts *int32, from, n int) int {
		return lists32((*byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), from)), n, starts, int32(from))
	}
	n := (len(s) - from - more) &^ 31
	found = find(&starts[0], from, n)
	if to = len(s) - more; from+n < to { // the last bytes again, apart: there is no room for what is found twice
		var last [32 / len(`,"`)]int32
		for _, at := range last[:find(&last[0], to-32, 32)] {
			if int(at) >= from+n {
				starts[found] = at
				found++
			}
		}
	}
	return found, to
}

// fields64 is knownByTable for at least one field, and writes a word more where n is a multiple of 64. It wants AVX2.
//
//go:noescape
func fields64(p *byte, starts *int32, n int, seats *field, known *uint64)

// known sets the bits of the fields of s that are remembered.
func (f *fields) known(s string) {
	if !hasVectors {
		f.knownByTable(s)
		return
	}
	fields64(unsafe.StringData(s), &f.starts[0], len(f.starts)-1, &f.memory.seats[0], &f.stirred[0])
}

// readable returns where 64 bytes may be read that hold the n bytes of s from i on, and how many of them stand before those;
// nil when there is no such place, or no machine for it. What is read behind the string is memory: no page ends there.
func readable(s string, i, n int) (p *byte, drop int) {
	if !hasVectors || n <= 0 {
		return nil, 0
	}
	at := unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i)
	switch {
	case uintptr(at)%page <= page-blockLen, i+blockLen <= len(s):
		return (*byte)(at), 0
	case i+n >= blockLen: // the block that ends where they do
		return (*byte)(unsafe.Add(at, n-blockLen)), blockLen - n
	}
	return nil, 0
}
