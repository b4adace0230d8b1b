//go:build services

package archive_test

import (
	"context"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	server "github.com/cloakroom/cloakroom/builder/postgres"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/archive"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

func startPostgres(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.Start(t.Context(), server.Options{Cache: "../../../.tools/postgres"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() })
	return s
}

// TestServiceRoundTrip takes a store from Pebble through memory into PostgreSQL and back, and compares all of it.
func TestServiceRoundTrip(t *testing.T) {
	id := identity(t)
	db, err := postgres.Open(t.Context(), postgres.Options{URL: startPostgres(t).URL()})
	require.NoError(t, err)
	chain := []store.Store{openPebble(t, t.TempDir()), memory.New(), db, openPebble(t, t.TempDir())}
	fill(t, chain[0], 12_000)
	want := storetest.Read(t, chain[0]).Sorted()
	for i, from := range chain[:len(chain)-1] {
		dir := t.TempDir()
		out, err := archive.Export(t.Context(), from, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}, SegmentSize: 200_000})
		require.NoError(t, err)
		in, err := archive.Import(t.Context(), chain[i+1], archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: before})
		require.NoError(t, err)
		require.Equal(t, out, in.Totals)
		require.Equal(t, want, storetest.Read(t, chain[i+1]).Sorted())
		st, err := chain[i+1].Stats(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, len(want.Records), st.Records)
		require.EqualValues(t, len(want.Tombstones), st.Tombstones)
	}
	require.NoError(t, db.Close())
}

// TestServiceImportThroughCrashes kills the server while an import runs: it is repeated until it gets through.
func TestServiceImportThroughCrashes(t *testing.T) {
	id := identity(t)
	srv := startPostgres(t)
	from := memory.New()
	fill(t, from, 60_000)
	dir := t.TempDir()
	_, err := archive.Export(t.Context(), from, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}, SegmentSize: 300_000})
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), postgres.Options{URL: srv.URL()})
	require.NoError(t, err)
	failed := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		killed := make(chan error, 1)
		if failed < 3 {
			time.AfterFunc(time.Duration(150+100*failed)*time.Millisecond, func() { killed <- srv.Restart(context.Background()) })
		} else {
			killed <- nil
		}
		_, err := archive.Import(ctx, db, archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: before, Target: "db"})
		require.NoError(t, <-killed)
		cancel()
		if err == nil {
			break
		}
		require.ErrorIs(t, err, store.ErrUnavailable)
		failed++
	}
	require.Positive(t, failed)
	// The last restart may have come after the import: the connections of before it are dead.
	require.NoError(t, db.Close())
	db, err = postgres.Open(t.Context(), postgres.Options{URL: srv.URL()})
	require.NoError(t, err)
	require.Equal(t, storetest.Read(t, from).Sorted(), storetest.Read(t, db).Sorted())
	require.NoError(t, db.Close())
}
