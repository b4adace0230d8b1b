package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cloakroom/cloakroom/vault/token"
)

// A wrapped secret is: version (1 byte) | nonce (12) | AES-256-GCM of the epoch's 32-byte seed, with kid and scope as
// additional data, so that no file can be passed off as another epoch's.
const (
	epochsDir     = "epochs"
	secretSuffix  = ".key"
	secretVersion = 1
	nonceSize     = 12
	secretSize    = 1 + nonceSize + len(Key{}) + Overhead
)

func writeSecret(path string, r *root, kid token.Kid, scope string, seed Key) error {
	out := make([]byte, 1+nonceSize, secretSize)
	out[0] = secretVersion
	// A random nonce is safe for far more than the 3.2 million wraps that kids allow: NIST SP 800-38D section 8.3.
	rand.Read(out[1:])
	aead, err := wrapping(r)
	if err != nil {
		return err
	}
	return writePrivate(path, aead.Seal(out, out[1:], seed[:], secretData(kid, scope)))
}

func readSecret(path string, r *root, kid token.Kid, scope string) (Key, error) {
	raw, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fmt.Errorf("%s is missing and its epoch has not expired: restore it from a backup: %w", path, ErrDamaged)
	}
	if err != nil {
		return Key{}, err
	}
	if len(raw) != secretSize || raw[0] != secretVersion {
		return Key{}, fmt.Errorf("%s: not a wrapped key of version %d: %w", path, secretVersion, ErrDamaged)
	}
	aead, err := wrapping(r)
	if err != nil {
		return Key{}, err
	}
	seed, err := aead.Open(nil, raw[1:1+nonceSize], raw[1+nonceSize:], secretData(kid, scope))
	if err != nil {
		return Key{}, fmt.Errorf("%s: does not open under this root key: %w", path, ErrDamaged)
	}
	defer clear(seed)
	return Key(seed), nil
}

func wrapping(r *root) (cipher.AEAD, error) {
	block, err := aes.NewCipher(r.wrap[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func secretData(kid token.Kid, scope string) []byte {
	return []byte(derivation + "epoch secret|" + kid.String() + "|" + scope)
}
