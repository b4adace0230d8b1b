package keyring

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"hash"

	"github.com/cloakroom/cloakroom/vault/token"
)

// MAC turns canonical values into identities: the first 112 bits of HMAC-SHA-256 (RFC 2104) under a mint key. It is
// reused without allocation and belongs to one goroutine at a time.
type MAC struct {
	h   hash.Hash
	sum [sha256.Size]byte
}

// NewMAC returns the MAC of a mint key.
func NewMAC(key Key) *MAC { return &MAC{h: hmac.New(sha256.New, key[:])} }

// Identity is the identity of a canonical value.
func (m *MAC) Identity(canonical []byte) token.Identity {
	m.h.Reset()
	m.h.Write(canonical)
	return token.Identity(m.h.Sum(m.sum[:0])[:token.IdentitySize])
}

// RandomIdentity is a new identity for the canonical value, for [token.Random]: 56 random bits, then the first 56 bits
// of the MAC over them and the value. To whoever lacks the key it is all random; the vault can tell at reveal that the
// value is the one the token was minted from.
func (m *MAC) RandomIdentity(canonical []byte) (id token.Identity) {
	rand.Read(m.sum[:randomHalf])
	copy(id[:], m.sum[:randomHalf])
	m.random(&id, canonical)
	return id
}

// MadeRandom reports whether id is a RandomIdentity of the canonical value.
func (m *MAC) MadeRandom(id token.Identity, canonical []byte) bool {
	again := id
	m.random(&again, canonical)
	return hmac.Equal(again[:], id[:])
}

const randomHalf = token.IdentitySize / 2

// random completes an identity whose random half is set.
func (m *MAC) random(id *token.Identity, canonical []byte) {
	m.h.Reset()
	copy(m.sum[:randomHalf], id[:])
	m.h.Write(m.sum[:randomHalf])
	m.h.Write(canonical)
	copy(id[randomHalf:], m.h.Sum(m.sum[:0]))
}

// Salt hides the value that an unlinked identity commits to.
type Salt [16]byte

// NewUnlinked is a new identity for the canonical value that needs no mint key: the first 112 bits of SHA-256 over a
// random salt and the value, a commitment. Without the salt it says nothing about the value, whoever tries them all;
// with it, nobody can say it is another value's. See [MadeUnlinked].
func NewUnlinked(canonical []byte) (id token.Identity, salt Salt) {
	rand.Read(salt[:])
	return unlinked(salt, canonical), salt
}

// MadeUnlinked reports whether id is an unlinked identity of the canonical value, with that salt.
func MadeUnlinked(id token.Identity, salt Salt, canonical []byte) bool {
	again := unlinked(salt, canonical)
	return subtle.ConstantTimeCompare(again[:], id[:]) == 1
}

func unlinked(salt Salt, canonical []byte) token.Identity {
	h := sha256.New()
	h.Write([]byte("cloakroom v1 unlinked"))
	h.Write(salt[:])
	h.Write(canonical)
	return token.Identity(h.Sum(nil)[:token.IdentitySize])
}

// RandomID is 128 random bits, to name a session or a grant.
func RandomID() (id [16]byte) {
	rand.Read(id[:])
	return id
}
