// Package memory is the token store that forgets everything when the process ends: for tests and for trying things
// out. It is also the shortest correct reading of the store contract.
package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
)

// Store is a store.Store in memory. Safe for concurrent use.
type Store struct {
	mu         sync.RWMutex
	closed     bool
	records    map[string]store.Record
	sessions   map[[16]byte]store.Session
	tombstones map[string]time.Time
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		records:    map[string]store.Record{},
		sessions:   map[[16]byte]store.Session{},
		tombstones: map[string]time.Time{},
	}
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, sessions []store.Session, records []store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	err := store.Check(sessions, records, func(want store.Session) (bool, error) {
		have, ok := s.sessions[want.ID]
		return ok && have.Kid == want.Kid, nil
	})
	if err != nil {
		return err
	}
	for _, n := range sessions {
		if _, ok := s.sessions[n.ID]; !ok {
			n.Enc = bytes.Clone(n.Enc)
			s.sessions[n.ID] = n
		}
	}
	for _, r := range records {
		_, there := s.records[r.Token]
		if _, erased := s.tombstones[r.Token]; there || erased {
			continue
		}
		r.Sealed = bytes.Clone(r.Sealed)
		s.records[r.Token] = r
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, store.Session{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.Record{}, store.Session{}, store.ErrClosed
	}
	if _, erased := s.tombstones[tok]; erased {
		return store.Record{}, store.Session{}, store.ErrErased
	}
	r, ok := s.records[tok]
	if !ok {
		return store.Record{}, store.Session{}, store.ErrNotFound
	}
	n := s.sessions[r.Session]
	r.Sealed, n.Enc = bytes.Clone(r.Sealed), bytes.Clone(n.Enc)
	return r, n, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, tokens []store.Tombstone) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	n := 0
	for _, t := range tokens {
		if _, ok := s.records[t.Token]; ok {
			delete(s.records, t.Token)
			n++
		}
		if _, erased := s.tombstones[t.Token]; !erased {
			s.tombstones[t.Token] = t.Expires
		}
	}
	return n, nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, tok string, session [16]byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, store.ErrClosed
	}
	if r, ok := s.records[tok]; !ok || r.Session != session {
		return false, nil
	}
	delete(s.records, tok)
	return true, nil
}

// DeleteExpired implements store.Store.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	n := 0
	for k, r := range s.records {
		if !r.Expires.After(now) {
			delete(s.records, k)
			n++
		}
	}
	for k, e := range s.sessions {
		if !e.Expires.After(now) {
			delete(s.sessions, k)
		}
	}
	for k, expires := range s.tombstones {
		if !expires.After(now) {
			delete(s.tombstones, k)
		}
	}
	return n, nil
}

// EachRecord implements store.Store. Records come in the order of their tokens.
func (s *Store) EachRecord(ctx context.Context, after string, fn func(store.Record) error) error {
	return each(ctx, s, func() []string { return keysAfter(s.records, after, strings.Compare) }, func(tok string) (store.Record, bool) {
		r, ok := s.records[tok]
		r.Sealed = bytes.Clone(r.Sealed)
		return r, ok
	}, fn)
}

// EachTombstone implements store.Store. Tombstones come in the order of their tokens.
func (s *Store) EachTombstone(ctx context.Context, after string, fn func(store.Tombstone) error) error {
	return each(ctx, s, func() []string { return keysAfter(s.tombstones, after, strings.Compare) }, func(tok string) (store.Tombstone, bool) {
		expires, ok := s.tombstones[tok]
		return store.Tombstone{Token: tok, Expires: expires}, ok
	}, fn)
}

// EachSession implements store.Store. Sessions come in the order of their ids.
func (s *Store) EachSession(ctx context.Context, after *store.Session, fn func(store.Session) error) error {
	byID := func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) }
	return each(ctx, s, func() [][16]byte {
		if after == nil {
			return slices.SortedFunc(maps.Keys(s.sessions), byID)
		}
		return keysAfter(s.sessions, after.ID, byID)
	}, func(id [16]byte) (store.Session, bool) {
		n, ok := s.sessions[id]
		n.Enc = bytes.Clone(n.Enc)
		return n, ok
	}, fn)
}

func keysAfter[K comparable, V any](rows map[K]V, after K, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(rows))
	for k := range rows {
		if compare(k, after) > 0 {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, compare)
	return keys
}

// each calls fn for the rows there were at its beginning and still are. keys and row are called under the lock.
func each[K, R any](ctx context.Context, s *Store, keys func() []K, row func(K) (R, bool), fn func(R) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	all, closed := keys(), s.closed
	s.mu.RUnlock()
	if closed {
		return store.ErrClosed
	}
	for _, k := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.mu.RLock()
		r, ok := row(k)
		s.mu.RUnlock()
		if !ok {
			continue
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := ctx.Err(); err != nil {
		return store.Stats{}, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.Stats{}, store.ErrClosed
	}
	st := store.Stats{Records: int64(len(s.records)), Tombstones: int64(len(s.tombstones))}
	for k, r := range s.records {
		st.Bytes += int64(len(k) + len(r.Sealed))
	}
	for _, n := range s.sessions {
		st.Bytes += int64(len(n.Enc))
	}
	return st, nil
}

// Close implements store.Store. It drops everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.records, s.sessions, s.tombstones = true, nil, nil, nil
	return nil
}
