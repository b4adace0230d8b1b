package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// pageRows are read at a time, each page in a statement of its own: a long walk keeps no snapshot that would keep
// vacuum from its work.
const pageRows = 1000

// EachRecord implements store.Store. Records come in the order of kid and token.
func (s *Store) EachRecord(ctx context.Context, after string, fn func(store.Record) error) error {
	const page = `select token, expires, session, scope, sealed from vault_records
where kid = $1 and token > $2 and sealed is not null order by token limit $3`
	return eachToken(ctx, s, page, after, func(kid token.Kid, row pgx.CollectableRow) (string, store.Record, error) {
		r := store.Record{Kid: kid}
		var expires int64
		var session pgtype.UUID
		err := row.Scan(&r.Token, &expires, &session, &r.Scope, &r.Sealed)
		r.Expires, r.Session = unix(expires), session.Bytes
		return r.Token, r, err
	}, fn)
}

// EachTombstone implements store.Store. Tombstones come in the order of kid and token.
func (s *Store) EachTombstone(ctx context.Context, after string, fn func(store.Tombstone) error) error {
	const page = `select token, expires from vault_records
where kid = $1 and token > $2 and sealed is null order by token limit $3`
	return eachToken(ctx, s, page, after, func(_ token.Kid, row pgx.CollectableRow) (string, store.Tombstone, error) {
		var t store.Tombstone
		var expires int64
		err := row.Scan(&t.Token, &expires)
		t.Expires = unix(expires)
		return t.Token, t, err
	}, fn)
}

// eachToken walks one kid after the other, so that every page is a range of one partition's key.
func eachToken[R any](ctx context.Context, s *Store, page, after string, scan func(token.Kid, pgx.CollectableRow) (string, R, error), fn func(R) error) error {
	kid := int32(-1)
	if parsed, err := token.Parse(after); err == nil {
		kid = int32(parsed.Kid) - 1 // its own kid comes next
	} else {
		after = ""
	}
	for {
		var next *int32
		err := s.try(ctx, "reading records", func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, "select min(kid) from vault_tallies where kid > $1", kid).Scan(&next)
		})
		if err != nil || next == nil {
			return err
		}
		if after != "" && *next != kid+1 {
			after = "" // the kid of the cursor is gone
		}
		kid = *next
		if err := eachPage(ctx, s, page, token.Kid(kid), after, scan, fn); err != nil {
			return err
		}
		after = ""
	}
}

func eachPage[R any](ctx context.Context, s *Store, page string, kid token.Kid, after string, scan func(token.Kid, pgx.CollectableRow) (string, R, error), fn func(R) error) error {
	for {
		var got []R
		last := after
		err := s.try(ctx, "reading records", func(ctx context.Context) error {
			rows, err := s.pool.Query(ctx, page, int32(kid), after, pageRows)
			if err != nil {
				return err
			}
			got, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r R, err error) {
				last, r, err = scan(kid, row)
				return r, err
			})
			return err
		})
		if err != nil {
			return err
		}
		if err := call(ctx, got, fn); err != nil || len(got) < pageRows {
			return err
		}
		after = last
	}
}

// EachSession implements store.Store. Sessions come in the order of kid and id.
func (s *Store) EachSession(ctx context.Context, after *store.Session, fn func(store.Session) error) error {
	kid, id := int32(-1), uuid([16]byte{})
	if after != nil {
		kid, id = int32(after.Kid), uuid(after.ID)
	}
	for {
		var got []store.Session
		err := s.try(ctx, "reading sessions", func(ctx context.Context) error {
			rows, err := s.pool.Query(ctx, `select kid, id, suite, expires, enc from vault_sessions
where (kid, id) > ($1, $2) order by kid, id limit $3`, kid, id, pageRows)
			if err != nil {
				return err
			}
			got, err = pgx.CollectRows(rows, scanSession)
			return err
		})
		if err != nil {
			return err
		}
		if err := call(ctx, got, fn); err != nil || len(got) < pageRows {
			return err
		}
		last := got[len(got)-1]
		kid, id = int32(last.Kid), uuid(last.ID)
	}
}

func scanSession(row pgx.CollectableRow) (n store.Session, err error) {
	var kid int32
	var id pgtype.UUID
	var suite, expires int64
	err = row.Scan(&kid, &id, &suite, &expires, &n.Enc)
	n.Kid, n.ID, n.Suite, n.Expires = token.Kid(kid), id.Bytes, uint32(suite), unix(expires)
	return n, err
}

func call[R any](ctx context.Context, rows []R, fn func(R) error) error {
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}
