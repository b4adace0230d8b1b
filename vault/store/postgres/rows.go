package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// count is the end of a statement whose CTE changed says what it did to each kid: it adds that to the kid's slot $1.
const count = `insert into vault_tallies as t (kid, slot, records, tombstones, first, last)
select kid, $1, sum(records), sum(tombstones), min(expires), max(expires) from changed group by kid order by kid
on conflict (kid, slot) do update set records = t.records + excluded.records, tombstones = t.tombstones + excluded.tombstones,
	first = least(t.first, excluded.first), last = greatest(t.last, excluded.last)`

const putSessions = `with fresh as (
	insert into vault_sessions (kid, id, suite, expires, enc)
	select * from unnest($2::integer[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bytea[])
	on conflict do nothing returning kid, expires
), changed as (select kid, expires, 0 as records, 0 as tombstones from fresh) ` + count

// putRecords stores records that share all but token and sealed value, as those of a batch mostly do.
const putRecords = `with fresh as (
	insert into vault_records (expires, session, kid, token, scope, sealed)
	select $4::bigint, $5::uuid, $2::integer, r.token, $3::text, r.sealed from unnest($6::text[], $7::bytea[]) as r(token, sealed)
	on conflict do nothing returning 1
), changed as (select $2::integer as kid, $4::bigint as expires, count(*) as records, 0 as tombstones from fresh having count(*) > 0) ` + count

// group is records that one statement stores.
type group struct {
	kid     token.Kid
	scope   string
	expires int64
	session [16]byte
}

type columns struct {
	tokens []string
	sealed [][]byte
}

// Put implements store.Store.
func (s *Store) Put(ctx context.Context, ns []store.Session, rs []store.Record) error {
	if len(ns)+len(rs) == 0 {
		return s.try(ctx, "storing records", func(context.Context) error { return nil })
	}
	rs = ordered(rs)
	return s.try(ctx, "storing records", func(ctx context.Context) error {
		for remade := false; ; remade = true {
			if err := s.check(ctx, ns, rs); err != nil {
				return err
			}
			if err := s.makePartitions(ctx, kidsOf(rs), remade); err != nil {
				return err
			}
			// A batch without BEGIN is one transaction and one round trip.
			err := s.pool.SendBatch(ctx, s.putBatch(ns, rs)).Close()
			if s.layout.partitioned && !remade && stateOf(err) == checkViolation {
				continue // another vault dropped a partition
			}
			return err
		}
	})
}

// ordered is the records in the order of their tokens, the first of each: writers that meet at several tokens lock them
// in the same order.
func ordered(rs []store.Record) []store.Record {
	rs = slices.Clone(rs)
	slices.SortStableFunc(rs, func(a, b store.Record) int { return strings.Compare(a.Token, b.Token) })
	return rs
}

func kidsOf(rs []store.Record) []token.Kid {
	var kids []token.Kid
	for i := range rs {
		if i == 0 || rs[i].Kid != rs[i-1].Kid {
			kids = append(kids, rs[i].Kid)
		}
	}
	slices.Sort(kids)
	return slices.Compact(kids)
}

// check is store.Check with the sessions that were not given asked for at once.
func (s *Store) check(ctx context.Context, ns []store.Session, rs []store.Record) error {
	given := make(map[[16]byte]struct{}, len(ns))
	for i := range ns {
		given[ns[i].ID] = struct{}{}
	}
	var missing []pgtype.UUID
	for i := range rs {
		if _, ok := given[rs[i].Session]; !ok {
			given[rs[i].Session] = struct{}{}
			missing = append(missing, uuid(rs[i].Session))
		}
	}
	stored := map[[16]byte]map[token.Kid]struct{}{}
	if len(missing) > 0 {
		var kids []int32
		for _, kid := range kidsOf(rs) {
			kids = append(kids, int32(kid))
		}
		rows, err := s.pool.Query(ctx, "select kid, id from vault_sessions where kid = any($1) and id = any($2)", kids, missing)
		if err != nil {
			return err
		}
		var kid int32
		var id pgtype.UUID
		if _, err := pgx.ForEachRow(rows, []any{&kid, &id}, func() error {
			if stored[id.Bytes] == nil {
				stored[id.Bytes] = map[token.Kid]struct{}{}
			}
			stored[id.Bytes][token.Kid(kid)] = struct{}{}
			return nil
		}); err != nil {
			return err
		}
	}
	return store.Check(ns, rs, func(n store.Session) (bool, error) {
		_, ok := stored[n.ID][n.Kid]
		return ok, nil
	})
}

func (s *Store) putBatch(ns []store.Session, rs []store.Record) *pgx.Batch {
	b := &pgx.Batch{}
	slot := s.nextSlot()
	if len(ns) > 0 {
		kids, ids := make([]int32, len(ns)), make([]pgtype.UUID, len(ns))
		suites, expires, encs := make([]int64, len(ns)), make([]int64, len(ns)), make([][]byte, len(ns))
		for i, n := range ns {
			kids[i], ids[i], suites[i], expires[i], encs[i] = int32(n.Kid), uuid(n.ID), int64(n.Suite), n.Expires.Unix(), n.Enc
		}
		b.Queue(putSessions, slot, kids, ids, suites, expires, encs)
	}
	var order []group
	groups := map[group]*columns{}
	for i := range rs {
		r := &rs[i]
		if i > 0 && r.Token == rs[i-1].Token {
			continue
		}
		g := group{r.Kid, r.Scope, r.Expires.Unix(), r.Session}
		c := groups[g]
		if c == nil {
			c = &columns{}
			groups[g] = c
			order = append(order, g)
		}
		c.tokens, c.sealed = append(c.tokens, r.Token), append(c.sealed, r.Sealed)
	}
	for _, g := range order {
		c := groups[g]
		b.Queue(putRecords, slot, int32(g.kid), g.scope, g.expires, uuid(g.session), c.tokens, c.sealed)
	}
	return b
}

func uuid(id [16]byte) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

const getRecord = `select r.expires, r.session, r.scope, r.sealed, s.suite, s.expires, s.enc
from vault_records r left join vault_sessions s on s.kid = r.kid and s.id = r.session
where r.kid = $1 and r.token = $2`

// Get implements store.Store.
func (s *Store) Get(ctx context.Context, tok string) (store.Record, store.Session, error) {
	parsed, err := token.Parse(tok)
	if err != nil {
		parsed.Kid = token.Kids // no token has it: the state of store and context still counts
	}
	r := store.Record{Token: tok, Kid: parsed.Kid}
	n := store.Session{Kid: parsed.Kid}
	err = s.try(ctx, "reading a record", func(ctx context.Context) error {
		var expires int64
		var session pgtype.UUID
		var suite, until *int64
		err := s.pool.QueryRow(ctx, getRecord, int32(parsed.Kid), tok).
			Scan(&expires, &session, &r.Scope, &r.Sealed, &suite, &until, &n.Enc)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return store.ErrNotFound
		case err != nil:
			return err
		case r.Sealed == nil:
			return store.ErrErased
		case suite == nil || until == nil:
			return store.ErrNotFound // both are just being deleted
		}
		r.Expires, r.Session = unix(expires), session.Bytes
		n.ID, n.Suite, n.Expires = session.Bytes, uint32(*suite), unix(*until)
		return nil
	})
	if err != nil {
		return store.Record{}, store.Session{}, err
	}
	return r, n, nil
}

// Erasing first claims the tokens that have no row, then turns the records among the others into tombstones, and then
// looks whether any token escaped in between, discarded and stored again.
const (
	putTombstones = `with fresh as (
	insert into vault_records (expires, kid, token, scope)
	select expires, kid, token, '' from unnest($2::bigint[], $3::integer[], $4::text[]) as d(expires, kid, token)
	on conflict do nothing returning kid, expires
), changed as (select kid, expires, 0 as records, 1 as tombstones from fresh) ` + count

	eraseRecords = `with gone as (
	update vault_records r set sealed = null, session = null, scope = '', expires = d.expires
	from unnest($2::bigint[], $3::integer[], $4::text[]) as d(expires, kid, token)
	where r.kid = d.kid and r.token = d.token and r.sealed is not null
	returning r.kid, r.expires
), changed as (select kid, expires, -1 as records, 1 as tombstones from gone), counted as (` + count + `)
select count(*) from gone`

	escaped = `select count(*) from unnest($1::integer[], $2::text[]) as d(kid, token)
where not exists (select 1 from vault_records r where r.kid = d.kid and r.token = d.token and r.sealed is null)`
)

// Delete implements store.Store.
func (s *Store) Delete(ctx context.Context, tokens []store.Tombstone) (int, error) {
	tokens = slices.Clone(tokens)
	slices.SortStableFunc(tokens, func(a, b store.Tombstone) int { return strings.Compare(a.Token, b.Token) })
	tokens = slices.CompactFunc(tokens, func(a, b store.Tombstone) bool { return a.Token == b.Token })
	kids, expires, texts := make([]int32, len(tokens)), make([]int64, len(tokens)), make([]string, len(tokens))
	var distinct []token.Kid
	for i, t := range tokens {
		parsed, err := token.Parse(t.Token)
		if err != nil || t.Expires.IsZero() {
			return 0, fmt.Errorf("%w: a tombstone is not one of a token or lacks its expiry", store.ErrInvalid)
		}
		kids[i], expires[i], texts[i] = int32(parsed.Kid), t.Expires.Unix(), t.Token
		distinct = append(distinct, parsed.Kid)
	}
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	n := 0
	err := s.try(ctx, "erasing records", func(ctx context.Context) error {
		for left, remade := len(tokens), false; left > 0; {
			if err := s.makePartitions(ctx, distinct, remade); err != nil {
				return err
			}
			gone := 0
			slot := s.nextSlot()
			b := &pgx.Batch{}
			b.Queue(putTombstones, slot, expires, kids, texts)
			b.Queue(eraseRecords, slot, expires, kids, texts).QueryRow(func(row pgx.Row) error { return row.Scan(&gone) })
			b.Queue(escaped, kids, texts).QueryRow(func(row pgx.Row) error { return row.Scan(&left) })
			err := s.pool.SendBatch(ctx, b).Close()
			if s.layout.partitioned && !remade && stateOf(err) == checkViolation {
				remade = true
				continue
			}
			if err != nil {
				return err
			}
			n += gone
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

const discardRecord = `with gone as (
	delete from vault_records where kid = $2 and token = $3 and session = $4 and sealed is not null returning kid, expires
), changed as (select kid, expires, -1 as records, 0 as tombstones from gone), counted as (` + count + `)
select count(*) > 0 from gone`

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, tok string, session [16]byte) (found bool, err error) {
	parsed, err := token.Parse(tok)
	if err != nil {
		parsed.Kid = token.Kids // no token has it
	}
	err = s.try(ctx, "discarding a record", func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, discardRecord, s.nextSlot(), int32(parsed.Kid), tok, uuid(session)).Scan(&found)
	})
	return found, err
}
