package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

const (
	// Dropping a partition locks out all writers for a moment. It does not wait longer than this for those under way, as
	// others queue behind it; it tries again instead.
	dropWait = 200 * time.Millisecond
	// Without partitions, so many rows are deleted at a time.
	batchRows = 5000
)

func partitionName(kid token.Kid) string { return "vault_records_" + kid.String() }

// partition is the name as it stands in a statement.
func partition(kid token.Kid) string { return pgx.Identifier{partitionName(kid)}.Sanitize() }

// makePartitions makes the partitions of kids that have none. again is set when one was missing that had been there.
//
// A partition is made as a table of its own and attached: that, unlike CREATE … PARTITION OF, keeps no writer out.
func (s *Store) makePartitions(ctx context.Context, kids []token.Kid, again bool) error {
	if !s.layout.partitioned {
		return nil
	}
	s.mu.Lock()
	missing := slices.DeleteFunc(slices.Clone(kids), func(kid token.Kid) bool {
		_, made := s.made[kid]
		return made && !again
	})
	s.mu.Unlock()
	if len(missing) == 0 {
		return nil
	}
	err := s.alone(ctx, func(tx pgx.Tx) error {
		for _, kid := range missing {
			if there, err := exists(ctx, tx, partitionName(kid)); err != nil {
				return err
			} else if there {
				continue
			}
			if _, err := tx.Exec(ctx, fmt.Sprintf("create table %s (like vault_records including defaults including storage including indexes)", partition(kid))); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, fmt.Sprintf("alter table vault_records attach partition %s for values in (%d)", partition(kid), uint32(kid))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kid := range missing {
		s.made[kid] = struct{}{}
	}
	return nil
}

// due is a kid of which something has expired.
type due struct {
	kid token.Kid
	all bool // so has everything
}

// DeleteExpired implements store.Store. A kid whose last row has expired goes with its partition; only kids with early
// expiries of their own, and those of a store without partitions, are deleted row by row, in batches. A kid that cannot
// be deleted does not keep the others from being.
func (s *Store) DeleteExpired(ctx context.Context, now time.Time) (int, error) {
	var dues []due
	err := s.try(ctx, "looking for expired records", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, "select kid, max(last) <= $1 from vault_tallies group by kid having min(first) <= $1 order by kid", now.Unix())
		if err != nil {
			return err
		}
		dues, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d due, err error) {
			var kid int32
			err = row.Scan(&kid, &d.all)
			d.kid = token.Kid(kid)
			return d, err
		})
		return err
	})
	if err != nil {
		return 0, err
	}
	n := 0
	var faults []error
	for _, d := range dues {
		gone, err := s.expire(ctx, d, now.Unix())
		n += gone
		if err != nil {
			faults = append(faults, err)
		}
	}
	return n, errors.Join(faults...)
}

// expire deletes what of a kid has expired: records, then their sessions, then what was counted, so that it can stop
// anywhere and the next one finds the rest.
func (s *Store) expire(ctx context.Context, d due, now int64) (n int, err error) {
	const doing = "deleting expired records"
	err = errLive
	if d.all && s.layout.partitioned {
		err = s.try(ctx, doing, func(ctx context.Context) (err error) {
			n, err = s.drop(ctx, d.kid, now)
			return err
		})
	}
	if errors.Is(err, errLive) {
		n, err = s.deleteRows(ctx, doing, d.kid, now)
	}
	if err != nil {
		return n, err
	}
	err = s.try(ctx, doing, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, "delete from vault_sessions where kid = $1 and expires <= $2", int32(d.kid), now)
		return err
	})
	if err != nil {
		return n, err
	}
	return n, s.try(ctx, doing, func(ctx context.Context) error { return s.forget(ctx, d.kid, now) })
}

// deleteRows deletes the expired rows of a kid.
func (s *Store) deleteRows(ctx context.Context, doing string, kid token.Kid, now int64) (n int, err error) {
	for {
		gone, rows := 0, 0
		err := s.try(ctx, doing, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, deleteSome, s.nextSlot(), int32(kid), now, batchRows).Scan(&gone, &rows)
		})
		if err != nil {
			return n, err
		}
		if n += gone; rows < batchRows {
			return n, nil
		}
	}
}

// deleteSome deletes up to $4 expired rows. What it counts in is neutral to the bounds of expiry.
const deleteSome = `with gone as (
	delete from vault_records where kid = $2 and token in (
		select token from vault_records where kid = $2 and expires <= $3 limit $4)
	returning kid, sealed is not null as record
), changed as (
	select kid, 9223372036854775807 as expires, case when record then -1 else 0 end as records,
		case when record then 0 else -1 end as tombstones from gone
), counted as (` + countOnly + `)
select coalesce(sum(case when record then 1 else 0 end), 0)::bigint, count(*) from gone`

// countOnly is count without bounds of expiry.
const countOnly = `insert into vault_tallies as t (kid, slot, records, tombstones, first, last)
select kid, $1, sum(records), sum(tombstones), 9223372036854775807, -9223372036854775808 from changed group by kid
on conflict (kid, slot) do update set records = t.records + excluded.records, tombstones = t.tombstones + excluded.tombstones`

// errLive says that somebody stored something that has not expired under a kid that had.
var errLive = errors.New("not expired any more")

// drop removes the records of a kid with its partition. The kid stays, with nothing counted, until its sessions are gone.
func (s *Store) drop(ctx context.Context, kid token.Kid, now int64) (n int, err error) {
	s.mu.Lock()
	delete(s.made, kid)
	s.mu.Unlock()
	err = s.alone(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fmt.Sprintf("set local lock_timeout = %d", dropWait.Milliseconds())); err != nil {
			return err
		}
		// The table before its partition, as writers do: the other way round the two would wait for each other.
		if _, err := tx.Exec(ctx, "lock table only vault_records in access exclusive mode"); err != nil {
			return err
		}
		sum, err := lockTallies(ctx, tx, kid)
		if err != nil {
			return err
		}
		if sum.last > now {
			return errLive
		}
		if _, err := tx.Exec(ctx, "drop table if exists "+partition(kid)); err != nil {
			return err
		}
		n = int(sum.records)
		_, err = tx.Exec(ctx, "update vault_tallies set records = 0, tombstones = 0 where kid = $1 and slot = any($2)", int32(kid), sum.slots)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// forget removes the tallies of a kid of which nothing is left, and says of others that nothing expired is left.
func (s *Store) forget(ctx context.Context, kid token.Kid, now int64) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		sum, err := lockTallies(ctx, tx, kid)
		if err != nil {
			return err
		}
		if sum.last > now {
			_, err := tx.Exec(ctx, "update vault_tallies set first = $2 where kid = $1 and first < $2", int32(kid), now+1)
			return err
		}
		var left bool
		err = tx.QueryRow(ctx, `select exists (select 1 from vault_records where kid = $1) or exists (select 1 from vault_sessions where kid = $1)`,
			int32(kid)).Scan(&left)
		if err != nil || left {
			return err
		}
		_, err = tx.Exec(ctx, "delete from vault_tallies where kid = $1 and slot = any($2)", int32(kid), sum.slots)
		return err
	})
}

// sum is what the slots of a kid, locked until the transaction ends, say together. Who counts in one of them waits; who
// counts in another makes a slot that is not removed with these.
type sum struct {
	kid           token.Kid
	slots         []int32
	records, last int64
}

func lockTallies(ctx context.Context, tx pgx.Tx, kid token.Kid) (sum, error) {
	s := sum{kid: kid, last: -1 << 63}
	rows, err := tx.Query(ctx, "select slot, records, last from vault_tallies where kid = $1 order by slot for update", int32(kid))
	if err != nil {
		return s, err
	}
	var slot int32
	var records, last int64
	_, err = pgx.ForEachRow(rows, []any{&slot, &records, &last}, func() error {
		s.slots = append(s.slots, slot)
		s.records += records
		s.last = max(s.last, last)
		return nil
	})
	return s, err
}

// Stats implements store.Store. It reads a few rows per kid, and asks the file system for sizes.
func (s *Store) Stats(ctx context.Context) (st store.Stats, err error) {
	sizes := "0::bigint"
	if s.layout.postgres {
		sizes = `(select pg_total_relation_size('vault_records') + pg_total_relation_size('vault_sessions') + pg_total_relation_size('vault_tallies')
			+ coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint from pg_inherits where inhparent = 'vault_records'::regclass)`
	}
	err = s.try(ctx, "counting records", func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, "select coalesce(sum(records), 0)::bigint, coalesce(sum(tombstones), 0)::bigint, "+sizes+" from vault_tallies").
			Scan(&st.Records, &st.Tombstones, &st.Bytes)
	})
	return st, err
}
