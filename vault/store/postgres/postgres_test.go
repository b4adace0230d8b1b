//go:build services

package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	server "github.com/cloakroom/cloakroom/builder/postgres"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

// db is the server the tests share. Those that harm a server start their own.
var db *server.Server

func TestMain(m *testing.M) {
	if url := os.Getenv(openEnv); url != "" {
		openAndExit(url)
	}
	os.Exit(func() int {
		var err error
		if db, err = startServer(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = db.Stop() }()
		return m.Run()
	}())
}

// startServer starts the installed PostgreSQL, or with CLOAKROOM_POSTGRES=download the release that is downloaded.
func startServer(settings ...string) (*server.Server, error) {
	return server.Start(context.Background(), server.Options{
		Cache: "../../../.tools/postgres", Download: os.Getenv("CLOAKROOM_POSTGRES") == "download", Settings: settings,
	})
}

func execSQL(t testing.TB, url, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), sql, args...)
	require.NoError(t, err)
}

// execScript runs several statements.
func execScript(t testing.TB, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.PgConn().Exec(context.Background(), sql).ReadAll()
	require.NoError(t, err)
}

func scan[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	require.NoError(t, conn.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

var databases atomic.Int64

// database makes an empty database on a server.
func database(t testing.TB, s *server.Server) string {
	t.Helper()
	name := fmt.Sprintf("vault_%d", databases.Add(1))
	execSQL(t, s.URL(), "create database "+name)
	u, err := url.Parse(s.URL())
	require.NoError(t, err)
	u.Path = "/" + name
	return u.String()
}

func open(t testing.TB, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestServiceStore runs the suite in both layouts, and with the isolation level that some relatives have.
func TestServiceStore(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts postgres.Partitions
		level string
	}{
		{"partitioned", postgres.Auto, "read committed"},
		{"plain", postgres.Off, "read committed"},
		{"partitioned and serializable", postgres.Auto, "serializable"},
		{"plain and serializable", postgres.Off, "serializable"},
		{"plain and repeatable read", postgres.Off, "repeatable read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			urls := map[store.Store]string{}
			storetest.Run(t, storetest.Opener{
				New: func(t *testing.T) store.Store {
					at := database(t, db)
					u, err := url.Parse(at)
					require.NoError(t, err)
					execSQL(t, at, fmt.Sprintf("alter database %s set default_transaction_isolation = '%s'", u.Path[1:], c.level))
					s := open(t, postgres.Options{URL: at, Partitions: c.parts})
					urls[s] = at
					return s
				},
				Reopen: func(t *testing.T, closed store.Store) store.Store {
					return open(t, postgres.Options{URL: urls[closed]})
				},
			})
		})
	}
}

const openEnv = "CLOAKROOM_POSTGRES_OPEN_TEST"

// openAndExit is what the re-executed test binary does: open a store, say so, and wait to be killed.
func openAndExit(url string) {
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url, StatementTimeout: time.Minute})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("open")
	_ = s.Close()
	os.Exit(0)
}
