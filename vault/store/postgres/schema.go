package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
)

// ErrNewer says that the tables are those of a newer vault.
var ErrNewer = errors.New("the token store's tables were made by a newer vault: update this one")

//go:embed sql
var files embed.FS

// layout is what the database is and how the tables lie in it.
//
// Tests run on PostgreSQL, with partitions and without. What is built on for the others was read and not run:
// CockroachDB accepts pg_advisory_xact_lock and does not lock, so migrations that meet fail with 40001 or on the primary
// key of vault_schema, and are repeated; it runs at SERIALIZABLE, whose failures are repeated like any. YugabyteDB knows
// advisory locks in newer releases only: there nothing is locked, so start the first vault alone. On Citus the tables
// are ordinary ones of the coordinator; distributing them by kid keeps every statement here on one shard.
type layout struct {
	partitioned bool
	postgres    bool // and nothing derived from it: sizes can be asked for
	advisory    bool // pg_advisory_xact_lock can be called
}

func (l layout) name() string {
	if l.partitioned {
		return "partitioned"
	}
	return "plain"
}

func (s *Store) detect(ctx context.Context) error {
	var version string
	var citus bool
	err := s.try(ctx, "connecting to the token store's database", func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, `select version(), exists (select 1 from pg_extension where extname = 'citus')`).Scan(&version, &citus)
	})
	if err != nil {
		return err
	}
	yugabyte := strings.Contains(version, "-YB-")
	s.layout.postgres = strings.HasPrefix(version, "PostgreSQL") && !yugabyte
	s.layout.advisory = !yugabyte
	s.layout.partitioned = s.o.Partitions == On || s.o.Partitions == Auto && s.layout.postgres && !citus
	return nil
}

// migrations are the statements that lead from each version to the next; version n is the state after the n-th.
func migrations(layout string) ([]string, error) {
	names, err := fs.Glob(files, "sql/"+layout+"/*.sql") // in order
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all = append(all, string(raw))
	}
	return all, nil
}

// migrate brings the tables to the newest version: a transaction per step, each under a lock that all vaults share, so
// that a vault killed in the middle leaves a whole version, and several that start at once take turns.
func (s *Store) migrate(ctx context.Context) error {
	version, err := s.version(ctx)
	for err == nil {
		var steps []string
		if steps, err = migrations(s.layout.name()); err != nil {
			return err
		}
		if version > len(steps) {
			return fmt.Errorf("%w: they have version %d, it knows %d", ErrNewer, version, len(steps))
		}
		if version == len(steps) {
			return nil
		}
		version, err = s.step(ctx, steps)
	}
	return err
}

// version is that of the tables, 0 when there are none. It also learns how they lie.
func (s *Store) version(ctx context.Context) (version int, err error) {
	err = s.try(ctx, "reading the version of the token store's tables", func(ctx context.Context) (err error) {
		version, err = s.readVersion(ctx, s.pool)
		return err
	})
	return version, err
}

type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// exists reports whether there is a table. It reads the catalog, not to_regclass, which a connection answers from memory:
// after waiting for a lock, what another one made meanwhile would be missing.
func exists(ctx context.Context, q querier, table string) (there bool, err error) {
	err = q.QueryRow(ctx, `select count(*) > 0 from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = current_schema() and c.relname = $1`, table).Scan(&there)
	return there, err
}

func (s *Store) readVersion(ctx context.Context, q querier) (int, error) {
	if there, err := exists(ctx, q, "vault_schema"); err != nil || !there {
		return 0, err
	}
	var version int
	var name string
	err := q.QueryRow(ctx, "select version, layout from vault_schema order by version desc limit 1").Scan(&version, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	if err == nil {
		s.layout.partitioned = name == "partitioned"
	}
	return version, err
}

// step makes the next version, unless another vault just did, and returns the version there is then.
func (s *Store) step(ctx context.Context, steps []string) (version int, err error) {
	err = s.try(ctx, "migrating the token store's tables", func(ctx context.Context) error {
		return s.alone(ctx, func(tx pgx.Tx) error {
			was := s.layout.partitioned
			if version, err = s.readVersion(ctx, tx); err != nil {
				return err
			}
			if version >= len(steps) || s.layout.partitioned != was {
				return nil
			}
			// Several statements at once need the simple protocol.
			if _, err := tx.Conn().PgConn().Exec(ctx, schemaTable+steps[version]).ReadAll(); err != nil {
				return err
			}
			version++
			_, err := tx.Exec(ctx, "insert into vault_schema (version, layout) values ($1, $2)", version, s.layout.name())
			return err
		})
	})
	if err == nil {
		s.o.Logger.Info("the token store's tables have a new version", zap.Int("version", version), zap.String("layout", s.layout.name()))
	}
	return version, err
}

const schemaTable = `create table if not exists vault_schema (
	version integer primary key,
	layout  text not null,
	applied timestamptz not null default now()
);
`

// alone runs a transaction that no other vault's runs beside, in this schema. It is to see what they did before, so it
// looks at the database after it has waited for them, whatever the isolation level of others.
func (s *Store) alone(ctx context.Context, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if s.layout.advisory {
			if err := lockSchema(ctx, tx); err != nil {
				return err
			}
		}
		return do(tx)
	})
}

func lockSchema(ctx context.Context, tx pgx.Tx) error {
	h := fnv.New32a()
	var schema string
	if err := tx.QueryRow(ctx, "select coalesce(current_schema(), '')").Scan(&schema); err != nil {
		return err
	}
	_, _ = h.Write([]byte(schema))
	_, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1, $2)", int32(lockSpace), int32(h.Sum32()))
	return err
}

// lockSpace keeps our advisory locks apart from those of others in the database: "clkr".
const lockSpace = 0x636c6b72
