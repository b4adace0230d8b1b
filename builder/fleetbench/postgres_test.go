//go:build services && unix

package fleetbench

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	postgresserver "github.com/cloakroom/cloakroom/builder/postgres"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
)

// BenchmarkServiceEscrowPostgres is the same into PostgreSQL, with synchronous commits, server and vault on this machine.
func BenchmarkServiceEscrowPostgres(b *testing.B) {
	s, err := postgresserver.Start(context.Background(), postgresserver.Options{
		Cache: "../../.tools/postgres", Download: os.Getenv("CLOAKROOM_POSTGRES") == "download",
		Settings: []string{"shared_buffers=512MB", "max_wal_size=4GB"},
	})
	if err != nil {
		fmt.Printf("left out: no PostgreSQL: %v\n", err) // benchmarks do not print why they skip
		b.SkipNow()
	}
	defer func() { _ = s.Stop() }()
	var databases atomic.Int64
	database := func(b *testing.B) string {
		name := fmt.Sprintf("vault_%d", databases.Add(1))
		conn, err := pgx.Connect(context.Background(), s.URL())
		require.NoError(b, err)
		defer func() { _ = conn.Close(context.Background()) }()
		_, err = conn.Exec(context.Background(), "create database "+name)
		require.NoError(b, err)
		u, err := url.Parse(s.URL())
		require.NoError(b, err)
		u.Path = "/" + name
		return u.String()
	}
	escrowWays(b, func(b *testing.B) string { return fmt.Sprintf("postgres: {url: %q}", database(b)) }, func(b *testing.B) store.Store {
		st, err := postgres.Open(context.Background(), postgres.Options{URL: database(b)})
		require.NoError(b, err)
		return st
	})
}
