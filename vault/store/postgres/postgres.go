// Package postgres is the token store of a fleet: tables in a database that speaks PostgreSQL's protocol, shared by any
// number of vaults.
//
// A token is one row under one unique key, so races are decided by the database at any isolation level, and a batch is
// one round trip. [Open] makes the tables and brings older ones up to date. They lie in the first schema of the
// connection's search_path and are called vault_…; those of different vaults need different schemas or databases.
//
// On PostgreSQL the records of an epoch are a partition, and expiry drops it. On CockroachDB, YugabyteDB and Citus, or
// with Partitions off, there is one table and expiry deletes in batches. Tests run on PostgreSQL 15 and 17; for
// the others see the comments at layout.
package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Options are settings of a store. URL is the only one without a default.
type Options struct {
	// URL is a connection string, postgres://… or key=value pairs, with TLS settings as PostgreSQL's own clients take
	// them: sslmode=verify-full, sslrootcert and so on. What it leaves open comes from PGHOST, PGPASSFILE and the like.
	URL string
	// PasswordFile holds the password. It is read at every new connection, so it may change while the store is open.
	PasswordFile string
	// MaxConns bounds the connections. Default 8.
	MaxConns int
	// ConnectTimeout bounds the making of a connection. Default 10 s, or what URL says.
	ConnectTimeout time.Duration
	// StatementTimeout bounds a statement at the server, and, with a margin, a call that gets no answer. Default 30 s.
	StatementTimeout time.Duration
	// Partitions says whether expiry drops partitions. It counts when the tables are made; later, what they are.
	Partitions Partitions
	// Logger hears of migrations and of settings that endanger what is stored. Default: nobody.
	Logger *zap.Logger
}

// Partitions says whether the records of an epoch are a partition.
type Partitions string

// Auto is on for PostgreSQL itself and off for its relatives.
const (
	Auto Partitions = ""
	On   Partitions = "on"
	Off  Partitions = "off"
)

func (o Options) withDefaults() Options {
	if o.MaxConns <= 0 {
		o.MaxConns = 8
	}
	if o.StatementTimeout <= 0 {
		o.StatementTimeout = 30 * time.Second
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	return o
}

const (
	defaultConnect = 10 * time.Second
	// A server that was cut off or frozen never says that a statement took too long.
	answerMargin = 2 * time.Second
	// slots is how many writers can count at once without waiting for each other.
	slots = 64
)

// Store is a store.Store in a database. Safe for concurrent use, also by other processes.
type Store struct {
	o      Options
	pool   *pgxpool.Pool
	layout layout
	closed atomic.Bool
	slot   atomic.Uint32

	mu sync.Mutex
	// made are kids whose partition was seen. Another vault may have dropped one since: then storing fails and it is made.
	made map[token.Kid]struct{}
}

var _ store.Store = (*Store)(nil)

// Open connects, and makes the tables or brings them up to date. ErrUnavailable when the database cannot be reached;
// ErrNewer when a newer vault's tables are there. ctx bounds Open only.
func Open(ctx context.Context, o Options) (*Store, error) {
	o = o.withDefaults()
	if o.Partitions != Auto && o.Partitions != On && o.Partitions != Off {
		return nil, fmt.Errorf("partitions: %q: must be on, off or empty", o.Partitions)
	}
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fault("connecting to the token store's database", err)
	}
	s := &Store{o: o, pool: pool, made: map[token.Kid]struct{}{}}
	s.slot.Store(uint32(time.Now().UnixNano())) // other vaults begin elsewhere
	if err := s.prepare(ctx); err != nil {
		pool.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

func configure(o Options) (*pgxpool.Config, error) {
	if o.URL == "" {
		return nil, errors.New("the token store's database has no connection string")
	}
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, unparsed(err)
	}
	c := config.ConnConfig
	config.MaxConns = int32(o.MaxConns)
	config.PingTimeout = answerMargin
	switch {
	case o.ConnectTimeout > 0:
		c.ConnectTimeout = o.ConnectTimeout
	case c.ConnectTimeout == 0:
		c.ConnectTimeout = defaultConnect
	}
	setDefault(c.RuntimeParams, "application_name", "cloakroom vault")
	setDefault(c.RuntimeParams, "statement_timeout", strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10))
	// A vault that is frozen in the middle of a transaction keeps nobody else waiting for ever.
	setDefault(c.RuntimeParams, "idle_in_transaction_session_timeout", strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10))
	if o.PasswordFile != "" {
		if _, err := readPassword(o.PasswordFile); err != nil {
			return nil, err
		}
		config.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) (err error) {
			c.Password, err = readPassword(o.PasswordFile)
			return err
		}
	}
	config.AfterConnect = durable
	if c.TLSConfig == nil && !local(c.Host) {
		o.Logger.Warn("the connection to the token store's database is not encrypted; set sslmode=verify-full", zap.String("host", c.Host))
	} else if insecure(c.TLSConfig) {
		o.Logger.Warn("the token store's database is not verified; set sslmode=verify-full", zap.String("host", c.Host))
	}
	return config, nil
}

func setDefault(params map[string]string, key, value string) {
	if _, set := params[key]; !set {
		params[key] = value
	}
}

func insecure(c *tls.Config) bool {
	return c != nil && c.InsecureSkipVerify && c.VerifyPeerCertificate == nil && c.VerifyConnection == nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// unparsed says what is wrong with a connection string without quoting it: a malformed one hides its password too well
// to be cut out.
func unparsed(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("the connection string of the token store's database: %w", path)
	}
	return errors.New("the connection string of the token store's database cannot be parsed; it is not shown, as it may hold a password: " +
		"give postgres://user@host:port/database?sslmode=verify-full, with special characters escaped, and the password in a file")
}

func readPassword(file string) (string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("password of the token store's database: %w", err)
	}
	password := strings.TrimRight(string(raw), "\r\n")
	if password == "" {
		return "", fmt.Errorf("password of the token store's database: %s is empty", file)
	}
	return password, nil
}

// durable makes sure that an acknowledged commit is on disk, whatever the database's default. Stronger settings, which
// wait for replicas, stay.
func durable(ctx context.Context, c *pgx.Conn) error {
	var is string
	if err := c.QueryRow(ctx, "show synchronous_commit").Scan(&is); err != nil {
		return err
	}
	if is != "off" {
		return nil
	}
	_, err := c.Exec(ctx, "set synchronous_commit = on")
	return err
}

// prepare finds out what the database is and migrates.
func (s *Store) prepare(ctx context.Context) error {
	if err := s.detect(ctx); err != nil {
		return err
	}
	if s.layout.postgres {
		var fsync string
		if err := s.pool.QueryRow(ctx, "show fsync").Scan(&fsync); err == nil && fsync == "off" {
			s.o.Logger.Error("the token store's database runs with fsync = off: what is stored is lost when its machine fails")
		}
	}
	return s.migrate(ctx)
}

// nextSlot is the slot a write counts in.
func (s *Store) nextSlot() int32 { return int32(s.slot.Add(1) % slots) }

// Close implements store.Store. It waits for calls under way.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.pool.Close()
	}
	return nil
}
