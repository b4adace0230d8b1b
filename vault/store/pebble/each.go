package pebble

import (
	"bytes"
	"context"

	"github.com/cockroachdb/pebble/v2"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// A page ends after so many rows or bytes. Between pages no iterator is open: a long walk pins no tables that
// compactions want to delete, and does not keep a failed engine from being closed.
const (
	pageRows  = 1000
	pageBytes = 1 << 20
)

// EachRecord implements store.Store. Records come in the order of kid and token.
func (s *Store) EachRecord(ctx context.Context, after string, fn func(store.Record) error) error {
	return s.eachRow(ctx, records, afterToken(records, after), func(k, v []byte) (func() error, error) {
		r, err := parseRecord(k, v)
		return func() error { return fn(r) }, err
	})
}

// EachTombstone implements store.Store. Tombstones come in the order of kid and token.
func (s *Store) EachTombstone(ctx context.Context, after string, fn func(store.Tombstone) error) error {
	return s.eachRow(ctx, tombstones, afterToken(tombstones, after), func(k, v []byte) (func() error, error) {
		t, err := parseTombstone(k, v)
		return func() error { return fn(t) }, err
	})
}

// EachSession implements store.Store. Sessions come in the order of kid and id.
func (s *Store) EachSession(ctx context.Context, after *store.Session, fn func(store.Session) error) error {
	start := []byte{sessions}
	if after != nil {
		start = append(key(sessions, after.Kid, string(after.ID[:])), 0)
	}
	return s.eachRow(ctx, sessions, start, func(k, v []byte) (func() error, error) {
		if len(k) != keyHead+16 {
			return nil, errRow
		}
		n, err := parseSession([16]byte(k[keyHead:]), kidOf(k), v)
		return func() error { return fn(n) }, err
	})
}

// afterToken is the first key that can follow a token's.
func afterToken(table byte, tok string) []byte {
	parsed, err := token.Parse(tok)
	if err != nil {
		return []byte{table}
	}
	return append(key(table, parsed.Kid, tok), 0)
}

// eachRow calls what parse makes of each row of a table from start on.
func (s *Store) eachRow(ctx context.Context, table byte, start []byte, parse func(k, v []byte) (func() error, error)) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		page, next, err := s.page(start, []byte{table + 1}, parse)
		if err != nil {
			return err
		}
		for _, call := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := call(); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		start = next
	}
}

// page parses the first rows in [lower, upper); next is where the following page begins, nil after the last one.
func (s *Store) page(lower, upper []byte, parse func(k, v []byte) (func() error, error)) (page []func() error, next []byte, err error) {
	e, err := s.acquire()
	if err != nil {
		return nil, nil, err
	}
	defer e.release()
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, nil, unavailable("reading the token store", err)
	}
	size := 0
	for it.First(); it.Valid(); it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			break // the iterator reports it again
		}
		k := bytes.Clone(it.Key())
		if len(page) == pageRows || size >= pageBytes {
			next = k
			break
		}
		size += len(k) + len(v)
		call, err := parse(k, bytes.Clone(v))
		if err != nil {
			_ = it.Close()
			return nil, nil, unavailable("reading the token store", err)
		}
		page = append(page, call)
	}
	if err := it.Close(); err != nil {
		return nil, nil, unavailable("reading the token store", err)
	}
	return page, next, nil
}
