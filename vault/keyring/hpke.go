package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// Suite is a versioned choice of cryptography for sessions and their records. Its numbers travel in the protocol.
type Suite uint32

// XWing is HPKE (RFC 9180) with the X-Wing KEM (ML-KEM-768 and X25519), HKDF-SHA-256 and export only; records are
// sealed by AES-256-GCM under the exported key. HPKE's own contexts open only in the order of sealing; an exported
// key opens any record alone.
const XWing Suite = 1

// ErrSuite says that a suite is not one this version knows.
var ErrSuite = errors.New("unknown suite")

const exportLabel = "cloakroom v1 session key"

// NewSessionKey makes a session's key and encapsulates it to an epoch's public key. info binds the session: both
// sides must give the same. It costs about 100 µs. It fails with [ErrSuite], or [ErrDamaged] for a malformed key.
func NewSessionKey(suite Suite, public, info []byte) (enc []byte, key Key, err error) {
	if suite != XWing {
		return nil, Key{}, fmt.Errorf("%w %d", ErrSuite, uint32(suite))
	}
	to, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, Key{}, fmt.Errorf("escrow public key: %w: %w", ErrDamaged, err)
	}
	enc, sender, err := hpke.NewSender(to, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	if err != nil {
		return nil, Key{}, fmt.Errorf("encapsulate a session key: %w", err)
	}
	exported, err := sender.Export(exportLabel, len(key))
	if err != nil {
		return nil, Key{}, fmt.Errorf("export a session key: %w", err)
	}
	key = Key(exported)
	clear(exported)
	return enc, key, nil
}

func receiveKey(private hpke.PrivateKey, enc, info []byte) (Key, error) {
	recipient, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
	if err != nil {
		return Key{}, fmt.Errorf("encapsulated session key: %w: %w", ErrDamaged, err)
	}
	exported, err := recipient.Export(exportLabel, len(Key{}))
	if err != nil {
		return Key{}, fmt.Errorf("export a session key: %w", err)
	}
	defer clear(exported)
	return Key(exported), nil
}

// Box seals and opens under one key with AES-256-GCM. Safe for concurrent use; no allocation but dst's growth.
type Box struct {
	aead   cipher.AEAD
	nonces sync.Pool // *[12]byte: an array on the stack would escape into the interface
}

// Overhead is how many bytes longer a sealed message is.
const Overhead = 16

// ErrOpen says that a sealed message, its number or its additional data is not what was sealed under this key.
var ErrOpen = errors.New("sealed record does not open")

// NewBox returns the box of a key. No copy of the key is left but the one in the box and the caller's.
func NewBox(key Key) *Box {
	defer clear(key[:])
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // 32 bytes are a key
	}
	defer overwrite(block) // the AEAD has a copy
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // and 16 a block
	}
	return &Box{aead: aead, nonces: sync.Pool{New: func() any { return new([12]byte) }}}
}

// Wipe overwrites the box's key. Nobody may be using the box, nor use it again.
func (b *Box) Wipe() { overwrite(b.aead) }

// overwrite fills what a pointer points to with zeros. Key schedules have no method that does.
func overwrite(pointer any) { reflect.ValueOf(pointer).Elem().SetZero() }

// Seal appends the sealed plaintext to dst. The number is the nonce: under one key it must never come twice.
func (b *Box) Seal(dst []byte, number uint64, plaintext, aad []byte) []byte {
	nonce := b.nonce(number)
	defer b.nonces.Put(nonce)
	return b.aead.Seal(dst, nonce[:], plaintext, aad)
}

// Open appends the plaintext to dst, or returns [ErrOpen].
func (b *Box) Open(dst []byte, number uint64, sealed, aad []byte) ([]byte, error) {
	nonce := b.nonce(number)
	defer b.nonces.Put(nonce)
	out, err := b.aead.Open(dst, nonce[:], sealed, aad)
	if err != nil {
		return nil, ErrOpen
	}
	return out, nil
}

func (b *Box) nonce(number uint64) *[12]byte {
	n := b.nonces.Get().(*[12]byte)
	clear(n[:4])
	binary.BigEndian.PutUint64(n[4:], number)
	return n
}
