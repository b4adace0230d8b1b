// Package store is the contract of the place where sealed records rest: idempotent batched put-if-absent, get, delete,
// delete-expired, iterate, count. It knows no plaintext and no key; a stolen store is ciphertext.
//
// Implementations are in the folders below; storetest holds the one suite all of them must pass.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
)

var (
	// ErrNotFound says the store has no record of the token.
	ErrNotFound = errors.New("no record of this token")
	// ErrErased says the token was deleted and left a tombstone. It is an ErrNotFound.
	ErrErased = fmt.Errorf("%w: it was erased", ErrNotFound)
	// ErrUnavailable says the store cannot work now; the same call may succeed later. What a refused Put carried may or
	// may not be there afterwards, whole batches only; repeating it is right.
	ErrUnavailable = errors.New("token store cannot work now")
	// ErrFull is the ErrUnavailable of a disk without room.
	ErrFull error = unavailable("no space left for the token store")
	// ErrDamaged is the ErrUnavailable of what is stored and does not read: others may.
	ErrDamaged error = unavailable("what the token store holds is damaged")
	// ErrClosed is the ErrUnavailable of a store after Close.
	ErrClosed error = unavailable("token store is closed")
	// ErrInvalid says that a record or session cannot be stored whatever the time: the caller's fault.
	ErrInvalid = errors.New("invalid record")
)

// unavailable is an ErrUnavailable that says itself why.
type unavailable string

func (u unavailable) Error() string { return string(u) }
func (unavailable) Unwrap() error   { return ErrUnavailable }

// Record is one escrowed token.
type Record struct {
	// Token is the exact token, without kept part.
	Token string
	// Scope is the scope of the token's epoch.
	Scope string
	// Kid is the token's kid, repeated so that a store can group by it without reading tokens.
	Kid token.Kid
	// Session names the Session that sealed the record.
	Session [16]byte
	// Expires is when the record may be deleted; whole seconds.
	Expires time.Time
	// Sealed is the sealed value in escrow's versioned format.
	Sealed []byte
}

// Session is what is needed, besides a private key, to open the records sealed in it.
type Session struct {
	ID  [16]byte
	Kid token.Kid
	// Suite is escrow's number for the cryptography used.
	Suite uint32
	// Enc is the encapsulated key.
	Enc []byte
	// Expires is when no record of this session can be left; whole seconds.
	Expires time.Time
}

// Tombstone keeps a token from being stored again.
type Tombstone struct {
	Token string
	// Expires is when the token's epoch is gone and the tombstone may go too; whole seconds.
	Expires time.Time
}

// Stats counts what is in a store.
type Stats struct {
	Records    int64
	Tombstones int64
	// Bytes is the room taken on disk, or in memory for the memory store; an estimate.
	Bytes int64
}

// Store keeps sealed records. All methods are safe for concurrent use. After Close they return ErrClosed.
//
// Errors are ErrNotFound, ErrInvalid, the context's, or wrap ErrUnavailable.
type Store interface {
	// Put stores what is not there yet: the first record of a token stays, a token with a tombstone is passed over,
	// and so is the session of a known id. On return all records not passed over are durable, also those that an
	// earlier or concurrent Put wrote. A record is never visible without its session: a Put whose record names a
	// session that is neither stored nor given is ErrInvalid and stores nothing. Slices are not kept.
	Put(ctx context.Context, sessions []Session, records []Record) error
	// Get returns the record of a token with its session; ErrNotFound, ErrErased when there is a tombstone. It does
	// not look at the time: whoever opens records decides what has expired.
	Get(ctx context.Context, tok string) (Record, Session, error)
	// Delete removes the records of the tokens and leaves a tombstone for each, durably, whether there was a record or
	// not. n counts the records that were there.
	Delete(ctx context.Context, tokens []Tombstone) (n int, err error)
	// Discard removes the record of a token when it still is the one sealed in that session, and leaves no tombstone: the
	// next Put of the token stores anew. It reports whether there was such a record. On return its removal is durable.
	// It is for a record whose content was found not to be its token's.
	Discard(ctx context.Context, tok string, session [16]byte) (bool, error)
	// DeleteExpired removes records, sessions and tombstones that expire at or before now. n counts the records.
	DeleteExpired(ctx context.Context, now time.Time) (n int, err error)
	// EachRecord, EachTombstone and EachSession call fn for every row that comes after the given one in an order of the
	// store's own, which never changes, until fn returns an error, which they return. "" and nil stand for the beginning;
	// the row given need not be there any more. Rows put or deleted meanwhile may be seen or not; all others are seen
	// exactly once. Rows are read in pages: memory is bounded, nothing is locked or pinned while fn runs, and fn may call
	// the store. What a row's slices hold is fn's to keep.
	//
	// A record is never without its session and never has a tombstone, so whoever copies a store reads records, then
	// tombstones, then sessions, and writes them the other way round.
	EachRecord(ctx context.Context, after string, fn func(Record) error) error
	EachTombstone(ctx context.Context, after string, fn func(Tombstone) error) error
	// EachSession looks at ID and Kid of the session it is given. Among those of a kid the order is that of their ids.
	EachSession(ctx context.Context, after *Session, fn func(Session) error) error
	// Stats is exact in what it counts and costs the same however much that is.
	Stats(ctx context.Context) (Stats, error)
	Close() error
}

// Check reports the first fault that keeps sessions and records from being stored together. Whether a session that is
// not given is stored already, only the store can tell: known answers that.
func Check(sessions []Session, records []Record, known func(Session) (bool, error)) error {
	given := make(map[[16]byte]token.Kid, len(sessions))
	for i, s := range sessions {
		if len(s.Enc) == 0 || s.Expires.IsZero() {
			return fmt.Errorf("%w: session %d lacks its encapsulated key or expiry", ErrInvalid, i)
		}
		given[s.ID] = s.Kid
	}
	for i, r := range records {
		t, err := token.Parse(r.Token)
		if err != nil {
			return fmt.Errorf("%w: record %d: not a token", ErrInvalid, i)
		}
		if t.Kid != r.Kid {
			return fmt.Errorf("%w: record %d: kid %s is not its token's", ErrInvalid, i, r.Kid)
		}
		if len(r.Sealed) == 0 || r.Expires.IsZero() {
			return fmt.Errorf("%w: record %d lacks its sealed value or expiry", ErrInvalid, i)
		}
		kid, ok := given[r.Session]
		if !ok {
			if ok, err = known(Session{ID: r.Session, Kid: r.Kid}); err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("%w: record %d names an unknown session", ErrInvalid, i)
			}
			given[r.Session], kid = r.Kid, r.Kid
		}
		if kid != r.Kid {
			return fmt.Errorf("%w: record %d: kid %s is not its session's", ErrInvalid, i, r.Kid)
		}
	}
	return nil
}
