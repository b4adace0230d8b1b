package keyring

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
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

// RandomIdentity is the identity of a [token.Random] token.
func RandomIdentity() (id token.Identity) {
	rand.Read(id[:])
	return id
}

// RandomID is 128 random bits, to name a session or a grant.
func RandomID() (id [16]byte) {
	rand.Read(id[:])
	return id
}
