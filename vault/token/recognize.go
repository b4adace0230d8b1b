package token

import (
	"encoding/binary"
	"math/bits"
)

// Recognizer computes and verifies the tags that tell issued tokens from data dressed as tokens. It is immutable and
// safe for concurrent use.
type Recognizer struct{ k0, k1 uint64 }

// NewRecognizer returns the recognizer of one vault. The key is secret: whoever has it can dress data as tokens.
func NewRecognizer(key [16]byte) *Recognizer {
	return &Recognizer{k0: binary.LittleEndian.Uint64(key[:8]), k1: binary.LittleEndian.Uint64(key[8:])}
}

// Tag is the low [TagBits] bits of SipHash-2-4 over class | kid (4 bytes, big-endian) | identity. Only the class
// varies in length, so the encoding is unambiguous.
func (r *Recognizer) Tag(class string, kid Kid, id Identity) uint32 {
	if !ValidClass(class) {
		panic("token: outside the grammar: class")
	}
	var b [maxClass + 4 + IdentitySize]byte
	n := copy(b[:maxClass], class)
	binary.BigEndian.PutUint32(b[n:], uint32(kid))
	n += 4
	n += copy(b[n:], id[:])
	return uint32(sipHash(r.k0, r.k1, b[:n])) & (1<<TagBits - 1)
}

// Verify reports whether the tag of t is the vault's.
func (r *Recognizer) Verify(t Token) bool {
	return ValidClass(t.Class) && r.Tag(t.Class, t.Kid, t.Identity) == t.Tag
}

// Match returns the length of the verified token that s starts with, its kept part included, or 0. The token must end
// at a word boundary; s may go on after it.
func (r *Recognizer) Match(s string) int {
	t, n := parsePrefix(s)
	if n == 0 || !boundary(s, n) || !r.Verify(t) {
		return 0
	}
	return Kept(s, n)
}

// sipHash is SipHash-2-4 with 64-bit output: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012,
// section 2.
func sipHash(k0, k1 uint64, p []byte) uint64 {
	v0 := k0 ^ 0x736f6d6570736575
	v1 := k1 ^ 0x646f72616e646f6d
	v2 := k0 ^ 0x6c7967656e657261
	v3 := k1 ^ 0x7465646279746573
	last := uint64(len(p)) << 56
	for len(p) >= 8 {
		m := binary.LittleEndian.Uint64(p)
		v3 ^= m
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		v0 ^= m
		p = p[8:]
	}
	for i, c := range p {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	v0 ^= last
	v2 ^= 0xff
	for range 4 {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v2 += v3
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v1
	v0 += v3
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
