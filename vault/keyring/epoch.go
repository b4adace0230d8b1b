package keyring

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

// Key is 32 secret bytes. It prints as "[key]" however it is formatted, so that no log can hold one.
type Key [32]byte

// Format implements [fmt.Formatter].
func (Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[key]")) }

// MarshalText implements [encoding.TextMarshaler], which JSON encoders and structured loggers ask for.
func (Key) MarshalText() ([]byte, error) { return []byte("[key]"), nil }

func (k *Key) zero() { clear(k[:]) }

// Epoch is one scope's keys for a time. Times are UTC in whole seconds.
type Epoch struct {
	Kid   token.Kid
	Scope string
	Start time.Time
	// End is when the epoch stops minting, unless it is revoked before.
	End time.Time
	// Expires is when its secret is destroyed and its records are dropped.
	Expires time.Time

	ended     atomic.Bool // early
	mu        sync.RWMutex
	secret    *secret // nil once destroyed
	destroyed bool
	erased    bool // the file is gone too; guarded by the keyring's lock
}

// secret is what an epoch's keys are derived from.
type secret struct {
	seed    Key
	private func() (hpke.PrivateKey, error) // derived at first use: minting alone does not need it
}

func newSecret(seed Key) *secret {
	s := &secret{seed: seed}
	s.private = sync.OnceValues(func() (hpke.PrivateKey, error) {
		ikm := derive(s.seed, "escrow private key")
		defer ikm.zero()
		return hpke.MLKEM768X25519().DeriveKeyPair(ikm[:])
	})
	return s
}

// MintKey is the key under which values of class are minted. Each kind has keys of its own, so a one-way token never
// equals a redeemable one. It fails with [ErrExpired] when the epoch was destroyed.
func (e *Epoch) MintKey(class string, kind token.Kind) (Key, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.secret == nil {
		return Key{}, ErrExpired
	}
	// Neither a kind nor a class holds a slash.
	return derive(e.secret.seed, "mint/"+kind.String()+"/"+class), nil
}

// EscrowPublic is the public key that sessions of this epoch are sealed to, encoded as its KEM defines, for
// [NewSessionKey]. It fails with [ErrExpired] when the epoch was destroyed.
func (e *Epoch) EscrowPublic() ([]byte, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.secret == nil {
		return nil, ErrExpired
	}
	private, err := e.secret.private()
	if err != nil {
		return nil, fmt.Errorf("escrow key of epoch %s: %w", e.Kid, err)
	}
	return private.PublicKey().Bytes(), nil
}

// OpenSessionKey is the receiving side of [NewSessionKey]: it derives the session's key from what the sender
// encapsulated. It fails with [ErrSuite], [ErrExpired], or [ErrDamaged] when enc is not of the suite's form. A wrong
// enc or info of the right form gives another key, which then opens nothing.
func (e *Epoch) OpenSessionKey(suite Suite, enc, info []byte) (Key, error) {
	if suite != XWing {
		return Key{}, fmt.Errorf("%w %d", ErrSuite, uint32(suite))
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.secret == nil {
		return Key{}, ErrExpired
	}
	private, err := e.secret.private()
	if err != nil {
		return Key{}, fmt.Errorf("escrow key of epoch %s: %w", e.Kid, err)
	}
	return receiveKey(private, enc, info)
}

// Revoked reports whether the epoch was ended early. It mints nothing more; what it minted can be escrowed and opened.
func (e *Epoch) Revoked() bool { return e.ended.Load() }

func (e *Epoch) mints(now time.Time) bool {
	return e != nil && now.Before(e.End) && !e.Revoked() && !e.isDestroyed()
}

func (e *Epoch) live(now time.Time) bool { return now.Before(e.Expires) && !e.isDestroyed() }

func (e *Epoch) isDestroyed() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.destroyed
}

// destroy forgets the secret. What HPKE derived from it is left to the garbage collector.
func (e *Epoch) destroy() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.destroyed = true
	if e.secret != nil {
		e.secret.seed.zero()
		e.secret = nil
	}
}

// derivation separates these keys from any other use of the same root.
const derivation = "cloakroom v1 "

// derive is HKDF-Expand with SHA-256 (RFC 5869 section 2.3). Every secret here is uniform already, so there is
// nothing to extract.
func derive(from Key, label string) Key {
	out, err := hkdf.Expand(sha256.New, from[:], derivation+label, len(Key{}))
	if err != nil {
		panic(err) // 32 bytes of a 32-byte hash are always to be had
	}
	return Key(out)
}
