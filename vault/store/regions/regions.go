// Package regions keeps the records of each region in a store of its own: rows of a region never touch another's.
//
// A token's key id says which region it is of. While a region's store is away, the calls that touch it fail, and no
// others do.
package regions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Store routes to the stores of regions. It is a store.Store, but for this: a Put that spans regions is whole within each
// of them, not across.
type Store struct {
	stores map[string]store.Store
	names  []string // sorted: the order of iteration
	region func(token.Kid) string
}

var _ store.Store = (*Store)(nil)

// New routes by region, which must always give the same kid the same region. It takes over the stores and closes them.
func New(stores map[string]store.Store, region func(token.Kid) string) *Store {
	return &Store{stores: stores, names: slices.Sorted(maps.Keys(stores)), region: region}
}

// of returns the store of a kid and the name of its region.
func (s *Store) of(kid token.Kid) (store.Store, string, error) {
	name := s.region(kid)
	if one, ok := s.stores[name]; ok {
		return one, name, nil
	}
	return nil, name, fmt.Errorf("%w: no store of region %q", store.ErrUnavailable, name)
}

func (s *Store) ofToken(tok string) (store.Store, error) {
	t, err := token.Parse(tok)
	if err != nil {
		return nil, store.ErrNotFound // as in any store: nothing is there
	}
	one, _, err := s.of(t.Kid)
	return one, err
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, sessions []store.Session, records []store.Record) error {
	if len(sessions)+len(records) == 0 {
		return s.stores[s.names[0]].Put(ctx, nil, nil)
	}
	// Faults that can be seen from here keep anything from being stored anywhere.
	if err := store.Check(sessions, records, func(store.Session) (bool, error) { return true, nil }); err != nil {
		return err
	}
	type share struct {
		sessions []store.Session
		records  []store.Record
	}
	shares := map[string]*share{}
	at := func(kid token.Kid) (*share, error) {
		_, name, err := s.of(kid)
		if err == nil && shares[name] == nil {
			shares[name] = &share{}
		}
		return shares[name], err
	}
	for _, n := range sessions {
		sh, err := at(n.Kid)
		if err != nil {
			return err
		}
		sh.sessions = append(sh.sessions, n)
	}
	for _, r := range records {
		sh, err := at(r.Kid)
		if err != nil {
			return err
		}
		sh.records = append(sh.records, r)
	}
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		if err := s.stores[name].Put(ctx, shares[name].sessions, shares[name].records); err != nil {
			return err
		}
	}
	return nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	one, err := s.ofToken(tok)
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	return one.Get(ctx, tok)
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, tokens []store.Tombstone) (n int, err error) {
	shares := map[string][]store.Tombstone{}
	for _, t := range tokens {
		parsed, err := token.Parse(t.Token)
		if err != nil {
			return 0, fmt.Errorf("%w: not a token", store.ErrInvalid)
		}
		_, name, err := s.of(parsed.Kid)
		if err != nil {
			return 0, err
		}
		shares[name] = append(shares[name], t)
	}
	for _, name := range slices.Sorted(maps.Keys(shares)) {
		gone, err := s.stores[name].Delete(ctx, shares[name])
		if n += gone; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, tok string, session [16]byte) (bool, error) {
	one, err := s.ofToken(tok)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return one.Discard(ctx, tok, session)
}

// DeleteExpired implements store.Store. A region that is away keeps no other from its expiry.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (n int, err error) {
	var faults []error
	for _, name := range s.names {
		gone, err := s.stores[name].DeleteExpired(ctx, now)
		n, faults = n+gone, append(faults, err)
	}
	return n, errors.Join(faults...)
}

// EachRecord implements store.Store: region by region.
func (s *Store) EachRecord(ctx context.Context, after string, fn func(store.Record) error) error {
	return s.each(ctx, after, func(one store.Store, after string) error { return one.EachRecord(ctx, after, fn) })
}

// EachTombstone implements store.Store.
func (s *Store) EachTombstone(ctx context.Context, after string, fn func(store.Tombstone) error) error {
	return s.each(ctx, after, func(one store.Store, after string) error { return one.EachTombstone(ctx, after, fn) })
}

func (s *Store) each(_ context.Context, after string, walk func(one store.Store, after string) error) error {
	from := ""
	if after != "" {
		t, err := token.Parse(after)
		if err != nil {
			return fmt.Errorf("%w: not a token", store.ErrInvalid)
		}
		if _, from, err = s.of(t.Kid); err != nil {
			return err
		}
	}
	for _, name := range s.names {
		if name < from {
			continue
		}
		start := ""
		if name == from {
			start = after
		}
		if err := walk(s.stores[name], start); err != nil {
			return err
		}
	}
	return nil
}

// EachSession implements store.Store.
func (s *Store) EachSession(ctx context.Context, after *store.Session, fn func(store.Session) error) error {
	from := ""
	if after != nil {
		var err error
		if _, from, err = s.of(after.Kid); err != nil {
			return err
		}
	}
	for _, name := range s.names {
		if name < from {
			continue
		}
		start := after
		if name != from {
			start = nil
		}
		if err := s.stores[name].EachSession(ctx, start, fn); err != nil {
			return err
		}
	}
	return nil
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context) (sum store.Stats, err error) {
	for _, name := range s.names {
		one, err := s.stores[name].Stats(ctx)
		if err != nil {
			return store.Stats{}, err
		}
		sum.Records += one.Records
		sum.Tombstones += one.Tombstones
		sum.Bytes += one.Bytes
	}
	return sum, nil
}

// Close implements store.Store.
func (s *Store) Close() error {
	var faults []error
	for _, name := range s.names {
		faults = append(faults, s.stores[name].Close())
	}
	return errors.Join(faults...)
}
