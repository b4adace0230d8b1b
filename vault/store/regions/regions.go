// Package regions is a store of stores: what belongs to a region lies in that region's store and nowhere else.
//
// The region is a property of the kid, that is of a scope's epoch, so a token says itself where it lies. A region whose
// store is down refuses what touches it; calls for others do not notice.
package regions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Store is a store.Store over the stores of regions. Safe for concurrent use.
type Store struct {
	stores   map[string]store.Store
	names    []string // in order
	regionOf func(token.Kid) string
}

var _ store.Store = (*Store)(nil)

// New returns a store over those given, which it owns from then on. regionOf must be safe for concurrent use and give
// the same answer for a kid at all times; what it names and stores does not hold is refused with store.ErrUnavailable,
// never stored elsewhere. It panics without a store: that is a fault of the caller.
func New(stores map[string]store.Store, regionOf func(token.Kid) string) *Store {
	if len(stores) == 0 || regionOf == nil {
		panic("regions: no stores, or nobody who tells the region")
	}
	stores = maps.Clone(stores)
	return &Store{stores: stores, names: slices.Sorted(maps.Keys(stores)), regionOf: regionOf}
}

// in names the region in an error.
func in(region string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("region %s: %w", region, err)
}

// of is the region of a kid and its store.
func (s *Store) of(kid token.Kid) (string, store.Store, error) {
	region := s.regionOf(kid)
	st, ok := s.stores[region]
	if !ok {
		return region, nil, fmt.Errorf("region %q of kid %s has no store here: %w", region, kid, store.ErrUnavailable)
	}
	return region, st, nil
}

// part is what of a call concerns one region.
type part struct {
	store    store.Store
	sessions []store.Session
	records  []store.Record
	erase    []store.Tombstone
}

// parts gathers the parts of a call.
type parts map[string]*part

func (p parts) of(s *Store, kid token.Kid) (*part, error) {
	region, st, err := s.of(kid)
	if err != nil {
		return nil, err
	}
	if p[region] == nil {
		p[region] = &part{store: st}
	}
	return p[region], nil
}

// each runs do for all parts at once and joins what they say.
func (p parts) each(do func(*part) error) error {
	names := slices.Sorted(maps.Keys(p))
	faults := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { faults[i] = in(name, do(p[name])) })
	}
	wg.Wait()
	return errors.Join(faults...)
}

// Put implements store.Store. What is invalid stores nothing in any region. When one of several regions is down, the
// others may have stored their part, which the contract allows of an ErrUnavailable.
func (s *Store) Put(ctx context.Context, ns []store.Session, rs []store.Record) error {
	if len(ns)+len(rs) == 0 {
		return s.stores[s.names[0]].Put(ctx, nil, nil)
	}
	p := parts{}
	for _, n := range ns {
		at, err := p.of(s, n.Kid)
		if err != nil {
			return err
		}
		at.sessions = append(at.sessions, n)
	}
	for _, r := range rs {
		at, err := p.of(s, r.Kid)
		if err != nil {
			return err
		}
		at.records = append(at.records, r)
	}
	if len(p) > 1 {
		if err := s.check(ctx, p); err != nil {
			return err
		}
	}
	return p.each(func(at *part) error { return at.store.Put(ctx, at.sessions, at.records) })
}

// check finds what one region would refuse before another has stored its part. A session that is not given is looked up
// where its records belong.
func (s *Store) check(ctx context.Context, p parts) error {
	return p.each(func(at *part) error {
		return store.Check(at.sessions, at.records, func(n store.Session) (known bool, err error) {
			stop := errors.New("seen enough")
			// The session before the one sought, in the order of ids.
			before := n
			for i := len(before.ID) - 1; i >= 0; i-- {
				if before.ID[i]--; before.ID[i] != 0xff {
					break
				}
			}
			after := &before
			if n.ID == [16]byte{} {
				after = nil
			}
			err = at.store.EachSession(ctx, after, func(have store.Session) error {
				known = have.ID == n.ID && have.Kid == n.Kid
				return stop
			})
			if errors.Is(err, stop) {
				err = nil
			}
			return known, err
		})
	})
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	region, st, err := s.ofToken(tok)
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	r, n, err := st.Get(ctx, tok)
	return r, n, in(region, err)
}

// ofToken is the store a token belongs to; any, for what is no token, as no store has it.
func (s *Store) ofToken(tok string) (string, store.Store, error) {
	parsed, err := token.Parse(tok)
	if err != nil {
		return s.names[0], s.stores[s.names[0]], nil
	}
	return s.of(parsed.Kid)
}

// Delete implements store.Store. n counts what the regions that answered removed, also beside an error.
func (s *Store) Delete(ctx context.Context, tokens []store.Tombstone) (int, error) {
	p := parts{}
	for i, t := range tokens {
		parsed, err := token.Parse(t.Token)
		if err != nil || t.Expires.IsZero() {
			return 0, fmt.Errorf("%w: tombstone %d is not one of a token or lacks its expiry", store.ErrInvalid, i)
		}
		at, err := p.of(s, parsed.Kid)
		if err != nil {
			return 0, err
		}
		at.erase = append(at.erase, t)
	}
	if len(p) == 0 {
		return s.stores[s.names[0]].Delete(ctx, nil)
	}
	var sum total
	err := p.each(func(at *part) error { return sum.add(at.store.Delete(ctx, at.erase)) })
	return sum.n, err
}

// total adds up what regions say at the same time.
type total struct {
	mu sync.Mutex
	n  int
}

func (t *total) add(n int, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n += n
	return err
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, tok string, session [16]byte) (bool, error) {
	region, st, err := s.ofToken(tok)
	if err != nil {
		return false, err
	}
	found, err := st.Discard(ctx, tok, session)
	return found, in(region, err)
}

// all is a part of every region.
func (s *Store) all() parts {
	p := parts{}
	for name, st := range s.stores {
		p[name] = &part{store: st}
	}
	return p
}

// DeleteExpired implements store.Store. A region that is down keeps no other from deleting; n counts beside an error.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int, error) {
	var sum total
	err := s.all().each(func(at *part) error { return sum.add(at.store.DeleteExpired(ctx, now)) })
	return sum.n, err
}

// EachRecord implements store.Store: region by region, in the order of their names.
func (s *Store) EachRecord(ctx context.Context, after string, fn func(store.Record) error) error {
	return eachToken(s, after, func(st store.Store, after string) error { return st.EachRecord(ctx, after, fn) })
}

// EachTombstone implements store.Store: region by region, in the order of their names.
func (s *Store) EachTombstone(ctx context.Context, after string, fn func(store.Tombstone) error) error {
	return eachToken(s, after, func(st store.Store, after string) error { return st.EachTombstone(ctx, after, fn) })
}

func eachToken(s *Store, after string, walk func(store.Store, string) error) error {
	from := ""
	if parsed, err := token.Parse(after); err == nil {
		from = s.regionOf(parsed.Kid)
	}
	for _, name := range s.names {
		if name < from {
			continue
		}
		start := ""
		if name == from {
			start = after
		}
		if err := in(name, walk(s.stores[name], start)); err != nil {
			return err
		}
	}
	return nil
}

// EachSession implements store.Store: region by region, in the order of their names.
func (s *Store) EachSession(ctx context.Context, after *store.Session, fn func(store.Session) error) error {
	from := ""
	if after != nil {
		from = s.regionOf(after.Kid)
	}
	for _, name := range s.names {
		if name < from {
			continue
		}
		start := after
		if name != from {
			start = nil
		}
		if err := in(name, s.stores[name].EachSession(ctx, start, fn)); err != nil {
			return err
		}
	}
	return nil
}

// Stats implements store.Store: the sum of all regions. It needs all of them.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	var mu sync.Mutex
	var sum store.Stats
	err := s.all().each(func(at *part) error {
		st, err := at.store.Stats(ctx)
		mu.Lock()
		defer mu.Unlock()
		sum.Records += st.Records
		sum.Tombstones += st.Tombstones
		sum.Bytes += st.Bytes
		return err
	})
	if err != nil {
		return store.Stats{}, err
	}
	return sum, nil
}

// Close implements store.Store. It closes the stores of all regions.
func (s *Store) Close() error {
	return s.all().each(func(at *part) error { return at.store.Close() })
}
