package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, ns []store.Session, rs []store.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := store.Check(ns, rs, s.knows); err != nil {
		return err
	}
	p := planPut(ns, rs)
	return s.write(ctx, true, func(e *engine) error {
		return e.write(p.stripes, func(b *pebble.Batch) error { return e.fillPut(b, p) })
	})
}

// knows reports whether a session is stored already.
func (s *Store) knows(n store.Session) (bool, error) {
	e, err := s.acquire()
	if err != nil {
		return false, err
	}
	defer e.release()
	return e.has(key(sessions, n.Kid, string(n.ID[:])))
}

// fillPut writes the rows that are absent. The stripes of the plan are held, so nobody adds what it looks for meanwhile.
func (e *engine) fillPut(b *pebble.Batch, p *plan) (err error) {
	rows, err := e.look()
	if err != nil {
		return err
	}
	defer rows.close(&err)
	var erased *lookups
	if e.erasures.Load() {
		if erased, err = e.look(); err != nil {
			return err
		}
		defer erased.close(&err)
	}
	sums := map[token.Kid]tally{}
	var tombstone []byte
	for i := range p.rows {
		r := &p.rows[i]
		if i > 0 && bytes.Equal(r.key, p.rows[i-1].key) {
			continue // the first of equal ones counts
		}
		there, err := rows.has(r.key)
		if err != nil {
			return err
		}
		if !there && r.key[0] == records && erased != nil {
			tombstone = append(tombstone[:0], r.key...)
			tombstone[0] = tombstones
			if there, err = erased.has(tombstone); err != nil {
				return err
			}
		}
		if there {
			continue
		}
		if err := b.Set(r.key, r.value, nil); err != nil {
			return err
		}
		t, ok := sums[r.kid]
		if !ok {
			t = emptyTally()
		}
		if r.key[0] == records {
			t.records++
		}
		t.expiry(r.expires)
		sums[r.kid] = t
	}
	return mergeTallies(b, sums)
}

// lookups look for many keys, in their order, which takes a third of what as many Gets take. They see what was there when
// they began. Close them.
type lookups struct{ it *pebble.Iterator }

func (e *engine) look() (*lookups, error) {
	// Most keys are new: a filter saves reading what is next to them.
	it, err := e.db.NewIter(&pebble.IterOptions{KeyTypes: pebble.IterKeyTypePointsOnly, UseL6Filters: true})
	if err != nil {
		return nil, unavailable("reading the token store", err)
	}
	return &lookups{it}, nil
}

func (l *lookups) has(key []byte) (bool, error) {
	if l.it.SeekPrefixGE(key) {
		return true, nil // the whole key is the prefix
	}
	if err := l.it.Error(); err != nil {
		return false, unavailable("reading the token store", err)
	}
	return false, nil
}

// close sets err when there was none before.
func (l *lookups) close(err *error) {
	if fault := l.it.Close(); fault != nil && *err == nil {
		*err = unavailable("reading the token store", fault)
	}
}

func mergeTallies(b *pebble.Batch, sums map[token.Kid]tally) error {
	for kid, t := range sums {
		if err := b.Merge(key(tallies, kid, ""), t.append(nil), nil); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) has(key []byte) (bool, error) {
	_, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable("reading the token store", err)
	}
	return true, closer.Close()
}

// get returns a copy of a row; pebble.ErrNotFound when there is none.
func (e *engine) get(key []byte) ([]byte, error) {
	v, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, unavailable("reading the token store", err)
	}
	defer func() { _ = closer.Close() }()
	return bytes.Clone(v), nil
}

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	if err := ctx.Err(); err != nil {
		return store.Record{}, store.Session{}, err
	}
	e, err := s.acquire()
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	defer e.release()
	parsed, err := token.Parse(tok)
	if err != nil {
		return store.Record{}, store.Session{}, store.ErrNotFound
	}
	k := key(records, parsed.Kid, tok)
	v, err := e.get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		err = store.ErrNotFound
		if erased, err2 := e.has(key(tombstones, parsed.Kid, tok)); err2 != nil {
			err = err2
		} else if erased {
			err = store.ErrErased
		}
	}
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	r, err := parseRecord(k, v)
	if err != nil {
		return store.Record{}, store.Session{}, unavailable("reading a record", err)
	}
	v, err = e.get(key(sessions, r.Kid, string(r.Session[:])))
	if errors.Is(err, pebble.ErrNotFound) {
		return store.Record{}, store.Session{}, store.ErrNotFound // both are just being deleted
	}
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	n, err := parseSession(r.Session, r.Kid, v)
	if err != nil {
		return store.Record{}, store.Session{}, unavailable("reading a session", err)
	}
	return r, n, nil
}

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, tokens []store.Tombstone) (int, error) {
	p, err := planDelete(tokens)
	if err != nil {
		return 0, err
	}
	var n int
	// A nearly full disk does not keep anybody from erasing.
	err = s.write(ctx, false, func(e *engine) error {
		e.erasures.Store(true) // before the stripes: a Put that did not see it is over before they are ours
		return e.write(p.stripes, func(b *pebble.Batch) (err error) {
			n, err = e.fillDelete(b, p)
			return err
		})
	})
	if err != nil {
		return 0, err // n may still be written to
	}
	return n, nil
}

func (e *engine) fillDelete(b *pebble.Batch, p *plan) (n int, err error) {
	sums := map[token.Kid]tally{}
	fresh := make(map[string]struct{}, len(p.rows))
	for i := range p.rows {
		r := &p.rows[i]
		if _, twice := fresh[string(r.key)]; twice {
			continue
		}
		if there, err := e.has(r.key); err != nil || there {
			if err != nil {
				return 0, err
			}
			continue
		}
		fresh[string(r.key)] = struct{}{}
		if err := b.Set(r.key, r.value, nil); err != nil {
			return 0, err
		}
		t, ok := sums[r.kid]
		if !ok {
			t = emptyTally()
		}
		t.tombstones++
		t.expiry(r.expires)
		record := bytes.Clone(r.key)
		record[0] = records
		there, err := e.has(record)
		if err != nil {
			return 0, err
		}
		if there {
			n++
			t.records--
			if err := b.Delete(record, nil); err != nil {
				return 0, err
			}
		}
		sums[r.kid] = t
	}
	return n, mergeTallies(b, sums)
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, tok string, session [16]byte) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	parsed, err := token.Parse(tok)
	if err != nil {
		return false, nil // there is none
	}
	k := key(records, parsed.Kid, tok)
	found := false
	err = s.write(ctx, false, func(e *engine) error {
		return e.write(1<<stripeOf(tok), func(b *pebble.Batch) error {
			v, err := e.get(k)
			if errors.Is(err, pebble.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			r, err := parseRecord(k, v)
			if err != nil {
				return unavailable("reading a record", err)
			}
			if found = r.Session == session; !found {
				return nil
			}
			t := emptyTally()
			t.records--
			return errors.Join(b.Delete(k, nil), mergeTallies(b, map[token.Kid]tally{parsed.Kid: t}))
		})
	})
	if err != nil {
		return false, err // found may still be written to
	}
	return found, nil
}

// DeleteExpired implements store.Store. A kid whose last row has expired goes as a range; only kids with early
// expiries of their own are read through.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int, error) {
	var n int
	err := s.write(ctx, false, func(e *engine) error {
		due := map[token.Kid]tally{}
		err := e.eachTally(func(kid token.Kid, t tally) {
			if t.first <= now.Unix() {
				due[kid] = t
			}
		})
		if err != nil || len(due) == 0 {
			return err
		}
		return e.write(^uint64(0), func(b *pebble.Batch) error {
			for kid := range due {
				gone, err := e.fillExpired(b, kid, now.Unix())
				if err != nil {
					return err
				}
				n += gone
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// fillExpired deletes what of a kid has expired. All stripes are held.
func (e *engine) fillExpired(b *pebble.Batch, kid token.Kid, now int64) (n int, err error) {
	tallyKey := key(tallies, kid, "")
	v, err := e.get(tallyKey)
	if err != nil {
		return 0, err
	}
	t, err := parseTally(v)
	if err != nil {
		return 0, unavailable("reading the token store", err)
	}
	if t.last <= now {
		for _, table := range []byte{records, sessions, tombstones} {
			lower, upper := span(table, kid)
			if err := b.DeleteRange(lower, upper, nil); err != nil {
				return 0, err
			}
		}
		return int(t.records), b.Delete(tallyKey, nil)
	}
	left := emptyTally()
	for _, table := range []byte{records, sessions, tombstones} {
		lower, upper := span(table, kid)
		err := e.scan(lower, upper, func(k, v []byte) error {
			unix, _, err := cutExpiry(v)
			if err != nil {
				return err
			}
			if unix <= now {
				if table == records {
					n++
				}
				return b.Delete(k, nil)
			}
			switch table {
			case records:
				left.records++
			case tombstones:
				left.tombstones++
			}
			left.expiry(unix)
			return nil
		})
		if err != nil {
			return 0, unavailable("deleting expired records", err)
		}
	}
	return n, b.Set(tallyKey, left.append(nil), nil)
}

// scan calls fn for the rows in [lower, upper). Slices are valid until fn returns.
func (e *engine) scan(lower, upper []byte, fn func(k, v []byte) error) error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for it.First(); it.Valid(); it.Next() {
		v, err := it.ValueAndErr()
		if err == nil {
			err = fn(it.Key(), v)
		}
		if err != nil {
			_ = it.Close()
			return err
		}
	}
	return it.Close()
}

func (e *engine) eachTally(fn func(token.Kid, tally)) error {
	err := e.scan([]byte{tallies}, []byte{tallies + 1}, func(k, v []byte) error {
		t, err := parseTally(v)
		if err == nil {
			fn(kidOf(k), t)
		}
		return err
	})
	if err != nil {
		return unavailable("reading the token store", err)
	}
	return nil
}

// Stats implements store.Store. It costs a read per kid.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	if err := ctx.Err(); err != nil {
		return store.Stats{}, err
	}
	e, err := s.acquire()
	if err != nil {
		return store.Stats{}, err
	}
	defer e.release()
	var st store.Stats
	if err := e.eachTally(func(_ token.Kid, t tally) {
		st.Records += t.records
		st.Tombstones += t.tombstones
	}); err != nil {
		return store.Stats{}, fmt.Errorf("counting: %w", err)
	}
	st.Bytes = int64(e.db.Metrics().DiskSpaceUsage())
	return st, nil
}
