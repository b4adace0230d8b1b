// Package memory is the token store that forgets everything when the process ends: for tests and for trying things
// out. It is also the shortest correct reading of the store contract.
package memory

import (
	"bytes"
	"context"
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

// Each implements store.Store. It works on the records there were when it was called.
func (s *Store) Each(ctx context.Context, fn func(store.Record) error) error {
	s.mu.RLock()
	closed := s.closed
	all := make([]store.Record, 0, len(s.records))
	for _, r := range s.records {
		all = append(all, r)
	}
	s.mu.RUnlock()
	if closed {
		return store.ErrClosed
	}
	for _, r := range all {
		if err := ctx.Err(); err != nil {
			return err
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
