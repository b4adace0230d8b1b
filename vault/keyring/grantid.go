package keyring

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/cloakroom/cloakroom/vault/token"
)

// ErrGrant says that a grant was not given to this caller, or not for this scope and key id. It does not say which.
var ErrGrant = errors.New("not a grant of this caller, scope and key id")

// A grant's id is 8 random bytes and the first 8 of a MAC over them and what it was given for: the vault knows its own
// grants without keeping any, also after a restart. 64 bits are enough for what can only be tried against the vault.
const grantRandom = 8

// NewGrantID names a grant to caller of a scope's epoch. The caller's name may be empty: this process.
func (k *Keyring) NewGrantID(caller, scope string, kid token.Kid) (id [16]byte) {
	rand.Read(id[:grantRandom])
	copy(id[grantRandom:], k.grantMAC(id[:grantRandom], caller, scope, kid))
	return id
}

// CheckGrantID fails with [ErrGrant] unless id is of a grant to caller of that epoch.
func (k *Keyring) CheckGrantID(id []byte, caller, scope string, kid token.Kid) error {
	if len(id) != 16 || !hmac.Equal(id[grantRandom:], k.grantMAC(id[:grantRandom], caller, scope, kid)[:16-grantRandom]) {
		return ErrGrant
	}
	return nil
}

// grantMAC is over texts with their lengths, so no two grants spell the same.
func (k *Keyring) grantMAC(random []byte, caller, scope string, kid token.Kid) []byte {
	m := hmac.New(sha256.New, k.root.grant[:])
	b := append(make([]byte, 0, 256), random...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(caller)))
	b = append(b, caller...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(scope)))
	b = append(b, scope...)
	m.Write(binary.BigEndian.AppendUint32(b, uint32(kid)))
	return m.Sum(nil)
}
