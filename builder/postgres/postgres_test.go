//go:build services

package postgres_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/builder/postgres"
)

// cache is .tools of the repository.
const cache = "../../.tools/postgres"

func query(t *testing.T, url, sql string) (answer string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, sql).Scan(&answer)
	return answer, err
}

// TestServiceLives takes both kinds of server through all a test can do to one.
func TestServiceLives(t *testing.T) {
	for _, c := range []struct {
		name string
		o    postgres.Options
	}{
		{"installed", postgres.Options{Cache: cache}},
		{"downloaded", postgres.Options{Cache: cache, Download: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := postgres.Start(t.Context(), c.o)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Stop()) })
			version, err := query(t, s.URL(), "select version()")
			require.NoError(t, err)
			t.Log(version)
			_, err = query(t, s.URL(), "select set_config('search_path', '', true)")
			require.NoError(t, err)

			conn, err := pgx.Connect(t.Context(), s.URL())
			require.NoError(t, err)
			defer func() { _ = conn.Close(context.Background()) }()
			_, err = conn.Exec(t.Context(), "create table kept as select 'x' as v")
			require.NoError(t, err)

			require.NoError(t, s.Pause())
			frozen, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			_, err = conn.Exec(frozen, "select 1")
			cancel()
			require.Error(t, err, "the connection that was there is frozen too")
			require.NoError(t, s.Resume())
			_, err = query(t, s.URL(), "select v from kept")
			require.NoError(t, err)

			require.NoError(t, s.Kill())
			_, err = query(t, s.URL(), "select v from kept")
			require.Error(t, err)
			require.NoError(t, s.Restart(t.Context()))
			v, err := query(t, s.URL(), "select v from kept")
			require.NoError(t, err)
			require.Equal(t, "x", v)
			require.NoError(t, s.Restart(t.Context()), "also while it runs")
			require.NoError(t, s.Shutdown())
			require.NoError(t, s.Restart(t.Context()))
		})
	}
}

// TestServiceDownloadOutOfReach: a cache below a directory that only this user may enter.
func TestServiceDownloadOutOfReach(t *testing.T) {
	hidden := t.TempDir()
	require.NoError(t, os.Chmod(hidden, 0o700))
	if _, err := os.Stat(cache); err == nil {
		require.NoError(t, os.CopyFS(filepath.Join(hidden, "cache"), os.DirFS(cache))) // what was downloaded once is enough
	}
	s, err := postgres.Start(t.Context(), postgres.Options{Cache: filepath.Join(hidden, "cache"), Download: true})
	require.NoError(t, err)
	_, err = query(t, s.URL(), "select version()")
	require.NoError(t, err)
	require.NoError(t, s.Stop())
}

// TestServiceKeepsData: with a directory of the caller's the data outlives the server.
func TestServiceKeepsData(t *testing.T) {
	above, err := os.MkdirTemp("", "cloakroom-test-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(above) })
	require.NoError(t, os.Chmod(above, 0o711))
	o := postgres.Options{Dir: filepath.Join(above, "pg"), Cache: cache}
	s, err := postgres.Start(t.Context(), o)
	require.NoError(t, err)
	_, err = query(t, s.URL(), "select set_config('a.b', 'c', false)")
	require.NoError(t, err)
	require.NoError(t, s.Stop())
	s, err = postgres.Start(t.Context(), o)
	require.NoError(t, err)
	_, err = query(t, s.URL(), "select version()")
	require.NoError(t, err, "the password is the same")
	require.NoError(t, s.Stop())
}
