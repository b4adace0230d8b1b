package escrow

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
)

// A dead letter of the Kafka mode is encrypted under a key of its own, and that key is what is sealed to the vault:
//
//	version (1 byte, 0x01) | suite (1) | kid (4, big-endian) | encapsulated key | AES-256-GCM of the letter's key (32)
//
// The additional data is the scope and the place of the letter's record, so a key moved to another letter does not open. HPKE's
// info differs from that of sessions: a session's key opens no letter, and a letter's no record.

// LetterKeySize is how long the key of a letter is.
const LetterKeySize = 16

// MaxLetterKey bounds a sealed key: what a vault can refuse at the door.
const MaxLetterKey = 4 << 10

const (
	letterVersion = 1
	letterHeader  = 1 + 1 + 4
	sealedKeySize = LetterKeySize + keyring.Overhead
)

// Place is where the record of a dead letter stood. An empty topic: it did not come from Kafka.
type Place struct {
	Topic     string
	Partition int32
	Offset    int64
}

func letterInfo(kid token.Kid) []byte {
	return binary.BigEndian.AppendUint32([]byte("cloakroom v1 dead letter"), uint32(kid))
}

// data spells scope and place with their lengths, so no two spell the same.
func (p Place) data(scope string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{letterVersion}, uint32(len(scope)))
	b = append(b, scope...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.Topic)))
	b = append(b, p.Topic...)
	b = binary.BigEndian.AppendUint32(b, uint32(p.Partition))
	return binary.BigEndian.AppendUint64(b, uint64(p.Offset))
}

// SealLetter seals the key of the letter about the record at a place to an epoch's public key. It costs about 100 µs.
func SealLetter(suite keyring.Suite, public []byte, kid token.Kid, scope string, at Place, key []byte) ([]byte, error) {
	if len(key) != LetterKeySize {
		return nil, fmt.Errorf("seal a dead letter: key of %d bytes, want %d", len(key), LetterKeySize)
	}
	enc, session, err := keyring.NewSessionKey(suite, public, letterInfo(kid))
	if err != nil {
		return nil, fmt.Errorf("seal a dead letter: %w", err)
	}
	box := keyring.NewBox(session)
	defer box.Wipe()
	clear(session[:])
	out := binary.BigEndian.AppendUint32([]byte{letterVersion, byte(suite)}, uint32(kid))
	return box.Seal(append(out, enc...), 0, key, at.data(scope)), nil // number 0: the session is for this key alone
}

// LetterKid is the key id that a letter's key was sealed under. It fails with [ErrMalformed] for what has not the form of one.
func LetterKid(sealed []byte) (token.Kid, error) {
	if len(sealed) <= letterHeader+sealedKeySize || len(sealed) > MaxLetterKey || sealed[0] != letterVersion {
		return 0, fmt.Errorf("%w dead letter", ErrMalformed)
	}
	kid := token.Kid(binary.BigEndian.Uint32(sealed[2:]))
	if kid >= token.Kids {
		return 0, fmt.Errorf("%w dead letter: key id out of range", ErrMalformed)
	}
	return kid, nil
}

// OpenLetter opens what [SealLetter] sealed, with the private key of the epoch that [LetterKid] names. It fails with
// [keyring.ErrExpired], [keyring.ErrSuite], [ErrMalformed], or [ErrOpen] for another letter's key.
func OpenLetter(e *keyring.Epoch, at Place, sealed []byte) ([]byte, error) {
	kid, err := LetterKid(sealed)
	if err == nil && kid != e.Kid {
		err = fmt.Errorf("%w dead letter: not of this epoch", ErrMalformed)
	}
	if err != nil {
		return nil, err
	}
	end := len(sealed) - sealedKeySize
	session, err := e.OpenSessionKey(keyring.Suite(sealed[1]), sealed[letterHeader:end], letterInfo(kid))
	if errors.Is(err, keyring.ErrDamaged) {
		err = errors.Join(ErrMalformed, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open a dead letter: %w", err)
	}
	box := keyring.NewBox(session)
	defer box.Wipe()
	clear(session[:])
	return box.Open(nil, 0, sealed[end:], at.data(e.Scope))
}
