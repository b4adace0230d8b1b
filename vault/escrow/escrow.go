// Package escrow seals canonical values so that whoever issues a token cannot open what it handed in.
//
// The issuing side opens a [Session] to an epoch's public key and seals each value once under the token it got:
// [Session.Seal]. Only the holder of the epoch's private key opens it again: [OpenSession], [Opener.Open]. A session
// costs one HPKE encapsulation (about 100 µs), a record one AES-GCM (about 150 ns).
//
// A sealed record is, in version 1:
//
//	version (1 byte, 0x01) | number in the session (4, big-endian) | AES-256-GCM ciphertext and tag
//
// In version 2 (0x02) what is sealed is a salt (16 bytes) and then the value: the record of an unlinked token, see
// [keyring.NewUnlinked].
//
// The number is the nonce. The additional data binds the record to its token, scope and expiry, so a record moved
// under another token, or given another life or version, does not open. A record's length tells the length of its value.
package escrow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Limits of one session. Zero fields mean the defaults, which are also the maximum.
type Limits struct {
	Lifetime time.Duration
	Records  uint32
}

// Defaults of [Limits].
const (
	MaxLifetime = 15 * time.Minute
	MaxRecords  = 1 << 20
)

const (
	version    = 1
	unlinked   = 2
	headerSize = 1 + 4
	// Overhead is how many bytes longer a sealed record is than its value.
	Overhead = headerSize + keyring.Overhead
)

var (
	// ErrSpent says that a session has sealed as many records as it may: begin a new one.
	ErrSpent = errors.New("escrow session is spent")
	// ErrMalformed says that a record or a session is not of a form this version knows.
	ErrMalformed = errors.New("malformed escrow")
	// ErrOpen says that a record was not sealed in this session for this token, scope and expiry.
	ErrOpen = keyring.ErrOpen
)

// Header is what the receiving side needs to open the records of a session. None of it is secret.
type Header struct {
	ID    [16]byte
	Kid   token.Kid
	Suite keyring.Suite
	Enc   []byte // the encapsulated key; not to be changed
}

// info binds a session's key to its header.
func (h Header) info() []byte {
	b := append([]byte("cloakroom v1 escrow session"), h.ID[:]...)
	return binary.BigEndian.AppendUint32(b, uint32(h.Kid))
}

// Session seals records for one epoch. It is safe for concurrent use, without a lock. Its key is in memory only, until
// [Session.Retire].
type Session struct {
	header  Header
	ends    time.Time
	limit   uint64
	box     *keyring.Box
	next    atomic.Uint64 // numbers given out, those refused included
	sealed  atomic.Uint64 // numbers given out and used
	retired atomic.Bool
}

// NewSession begins a session to an epoch's public key.
func NewSession(public []byte, kid token.Kid, suite keyring.Suite, now time.Time, l Limits) (*Session, error) {
	if l.Lifetime <= 0 || l.Lifetime > MaxLifetime {
		l.Lifetime = MaxLifetime
	}
	if l.Records == 0 || l.Records > MaxRecords {
		l.Records = MaxRecords
	}
	s := &Session{
		header: Header{ID: keyring.RandomID(), Kid: kid, Suite: suite},
		ends:   now.Add(l.Lifetime),
		limit:  uint64(l.Records),
	}
	enc, key, err := keyring.NewSessionKey(suite, public, s.header.info())
	if err != nil {
		return nil, fmt.Errorf("begin an escrow session: %w", err)
	}
	s.header.Enc, s.box = enc, keyring.NewBox(key)
	clear(key[:])
	return s, nil
}

// Header is what travels with the session's records.
func (s *Session) Header() Header { return s.header }

// Ends is when the session's time is over.
func (s *Session) Ends() time.Time { return s.ends }

// Left is how many records the session may still seal at now: 0 once its time is over.
func (s *Session) Left(now time.Time) int {
	used := s.next.Load()
	if !now.Before(s.ends) || used >= s.limit {
		return 0
	}
	return int(s.limit - used)
}

// Seal appends the sealed canonical value of tok to dst. expires is that of the epoch's records, in Unix seconds. It
// fails with [ErrSpent] only, and allocates nothing when dst has room for [Overhead] more bytes than canonical.
func (s *Session) Seal(dst, tok []byte, scope string, expires int64, canonical []byte) ([]byte, error) {
	return s.seal(dst, version, tok, scope, expires, canonical)
}

// SealUnlinked appends the sealed salt and canonical value of an unlinked token to dst: see [Session.Seal].
func (s *Session) SealUnlinked(dst, tok []byte, scope string, expires int64, salt keyring.Salt, canonical []byte) ([]byte, error) {
	both := append(salt[:], canonical...)
	defer clear(both)
	return s.seal(dst, unlinked, tok, scope, expires, both)
}

func (s *Session) seal(dst []byte, version byte, tok []byte, scope string, expires int64, plain []byte) ([]byte, error) {
	number := s.next.Add(1) - 1
	if number >= s.limit {
		return dst, ErrSpent
	}
	dst = append(dst, version)
	dst = binary.BigEndian.AppendUint32(dst, uint32(number))
	aad := aads.Get().(*[]byte)
	*aad = appendData((*aad)[:0], version, tok, scope, expires)
	dst = s.box.Seal(dst, number, plain, *aad)
	aads.Put(aad)
	s.sealed.Add(1)
	return dst, nil
}

// Retire ends the session and overwrites its key, once the records that are being sealed are. Its header stays.
func (s *Session) Retire() {
	if s.retired.Swap(true) {
		return
	}
	used := min(s.next.Swap(s.limit), s.limit)
	for s.sealed.Load() < used { // for as long as AES takes
		runtime.Gosched()
	}
	s.box.Wipe()
}

var aads = sync.Pool{New: func() any { return new([]byte) }}

// appendData spells token | scope | expiry, each but the last with its length, so no two triples spell the same. What
// came after version 1 is spelled with its version in front, which is not the length of a token.
func appendData[T string | []byte](dst []byte, version byte, tok T, scope string, expires int64) []byte {
	if version > 1 {
		dst = append(dst, 0xff, version)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(tok)))
	dst = append(dst, tok...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(scope)))
	dst = append(dst, scope...)
	return binary.BigEndian.AppendUint64(dst, uint64(expires))
}

// Check reports whether sealed has the form of a record, without opening it: what a vault can refuse at the door.
func Check(sealed []byte) error {
	switch {
	case len(sealed) < Overhead:
		return fmt.Errorf("%w record: %d bytes, want at least %d", ErrMalformed, len(sealed), Overhead)
	case sealed[0] != version && sealed[0] != unlinked:
		return fmt.Errorf("%w record: version %d, want %d or %d", ErrMalformed, sealed[0], version, unlinked)
	case sealed[0] == unlinked && len(sealed) < Overhead+len(keyring.Salt{}):
		return fmt.Errorf("%w record: too short for a salt", ErrMalformed)
	case binary.BigEndian.Uint32(sealed[1:]) >= MaxRecords:
		return fmt.Errorf("%w record: number beyond what a session may seal", ErrMalformed)
	}
	return nil
}

// Opener opens the records of one session. It is safe for concurrent use.
type Opener struct{ box *keyring.Box }

// OpenSession derives a session's key from its header with the epoch's private key. It fails with
// [keyring.ErrExpired], [keyring.ErrSuite], or [ErrMalformed] for a header that is not of the suite's form or not of
// this epoch.
func OpenSession(e *keyring.Epoch, h Header) (*Opener, error) {
	if e.Kid != h.Kid {
		return nil, fmt.Errorf("%w session: kid %s, want the epoch's %s", ErrMalformed, kidName(h.Kid), e.Kid)
	}
	key, err := e.OpenSessionKey(h.Suite, h.Enc, h.info())
	if errors.Is(err, keyring.ErrDamaged) {
		err = errors.Join(ErrMalformed, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open an escrow session: %w", err)
	}
	defer clear(key[:])
	return &Opener{box: keyring.NewBox(key)}, nil
}

func kidName(k token.Kid) string {
	if k >= token.Kids {
		return "out of range"
	}
	return k.String()
}

// Unlinked reports whether sealed, which passed [Check], is the record of an unlinked token.
func Unlinked(sealed []byte) bool { return sealed[0] == unlinked }

// Open appends the canonical value of tok to dst, after its salt where the record is [Unlinked]. It fails with
// [ErrMalformed] or [ErrOpen].
//
// That a record opens proves that its sealer had a grant, not that the value is the token's: whoever reveals mints it
// again and compares.
func (o *Opener) Open(dst, sealed []byte, tok, scope string, expires int64) ([]byte, error) {
	if err := Check(sealed); err != nil {
		return nil, err
	}
	number := uint64(binary.BigEndian.Uint32(sealed[1:]))
	return o.box.Open(dst, number, sealed[headerSize:], appendData(nil, sealed[0], tok, scope, expires))
}

// Open opens a single record. To open several of one session, keep the [Opener].
func Open(e *keyring.Epoch, h Header, sealed []byte, tok, scope string, expires int64) ([]byte, error) {
	o, err := OpenSession(e, h)
	if err != nil {
		return nil, err
	}
	return o.Open(nil, sealed, tok, scope, expires)
}
