//go:build services

package postgres_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

const newest = 2

// atVersion makes the tables as an earlier version of the vault left them, with rows in them.
func atVersion(t *testing.T, at, layout string, version int) {
	t.Helper()
	execSQL(t, at, `create table vault_schema (version integer primary key, layout text not null, applied timestamptz not null default now())`)
	files, err := os.ReadDir("sql/" + layout)
	require.NoError(t, err)
	for i, f := range files[:version] {
		raw, err := os.ReadFile("sql/" + layout + "/" + f.Name())
		require.NoError(t, err)
		execScript(t, at, string(raw))
		execSQL(t, at, "insert into vault_schema (version, layout) values ($1, $2)", i+1, layout)
	}
	if version == 0 {
		return
	}
	n := storetest.Session(1, 1)
	r := storetest.Record(n, 1)
	if layout == "partitioned" {
		name := "vault_records_" + n.Kid.String()
		execScript(t, at, fmt.Sprintf("create table %s (like vault_records including all); alter table vault_records attach partition %s for values in (%d)", name, name, n.Kid))
	}
	execSQL(t, at, "insert into vault_sessions (kid, id, suite, expires, enc) values ($1, $2, 1, $3, $4)", int(n.Kid), n.ID, n.Expires.Unix(), n.Enc)
	execSQL(t, at, "insert into vault_records (kid, token, expires, session, scope, sealed) values ($1, $2, $3, $4, $5, $6)",
		int(r.Kid), r.Token, r.Expires.Unix(), r.Session, r.Scope, r.Sealed)
	execSQL(t, at, "insert into vault_tallies (kid, slot, records, tombstones, first, last) values ($1, 1, 1, 0, $2, $2)", int(n.Kid), r.Expires.Unix())
}

// requireWorks: the tables are the newest and hold what they held.
func requireWorks(t *testing.T, at string, held bool) {
	t.Helper()
	s := open(t, postgres.Options{URL: at})
	require.EqualValues(t, newest, scan[int32](t, at, "select count(*) from vault_schema"))
	n := storetest.Session(1, 1)
	if held {
		r, session, err := s.Get(t.Context(), storetest.Record(n, 1).Token)
		require.NoError(t, err)
		require.Equal(t, storetest.Record(n, 1), r)
		require.Equal(t, n, session)
	}
	require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 1, 10)))
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, st.Records)
	require.NoError(t, s.Close())
}

func TestServiceMigrates(t *testing.T) {
	for _, layout := range []string{"partitioned", "plain"} {
		for version := range newest + 1 {
			t.Run(fmt.Sprintf("%s from version %d", layout, version), func(t *testing.T) {
				at := database(t, db)
				atVersion(t, at, layout, version)
				requireWorks(t, at, version > 0)
				if version > 0 {
					require.Equal(t, layout, scan[string](t, at, "select max(layout) from vault_schema"), "the layout stays what it was")
				}
			})
		}
	}
}

func TestServiceRefusesNewerSchema(t *testing.T) {
	at := database(t, db)
	atVersion(t, at, "plain", newest)
	execSQL(t, at, "insert into vault_schema (version, layout) values (7, 'plain')")
	_, err := postgres.Open(t.Context(), postgres.Options{URL: at})
	require.ErrorIs(t, err, postgres.ErrNewer)
	require.ErrorContains(t, err, "have version 7, it knows 2")
}

// TestServiceStartsTogether opens many stores on an empty database at once.
func TestServiceStartsTogether(t *testing.T) {
	at := database(t, db)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), postgres.Options{URL: at, MaxConns: 2})
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	wg.Wait()
	requireWorks(t, at, false)
}

// TestServiceKilledInMigration kills a vault in the middle of every statement that changes tables: an event trigger
// keeps it waiting in the one it is to die in.
func TestServiceKilledInMigration(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for version := range newest {
		for nth := 1; ; nth++ {
			at := database(t, db)
			atVersion(t, at, "partitioned", version)
			execScript(t, at, fmt.Sprintf(`
create sequence commands;
create function wait_there() returns event_trigger language plpgsql as $$
begin
	if nextval('commands') = %d then perform pg_sleep(30); end if;
end $$;
create event trigger there on ddl_command_end execute function wait_there();`, nth))
			execSQL(t, at, "select setval('commands', 1, false)")
			cmd := exec.Command(self)
			cmd.Env = append(os.Environ(), openEnv+"="+at)
			out := &strings.Builder{}
			cmd.Stdout = out
			require.NoError(t, cmd.Start())
			ended := make(chan struct{})
			go func() { _ = cmd.Wait(); close(ended) }()
			sleeping := func() bool {
				return scan[bool](t, at, "select exists (select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database())")
			}
			killed := false
			require.Eventually(t, func() bool {
				select {
				case <-ended:
					return true
				default:
				}
				if killed = sleeping(); killed {
					_ = cmd.Process.Kill()
				}
				return killed
			}, time.Minute, 10*time.Millisecond)
			<-ended
			if !killed {
				require.Equal(t, "open\n", out.String())
				require.Greater(t, nth, 2, "it was killed at least once or twice per version")
				break
			}
			require.EqualValues(t, 0, scan[int32](t, at, fmt.Sprintf("select count(*) from vault_schema where version >= %d", newest)), "it died before the end")
			// The server notices that its client is gone when it next speaks to it.
			execSQL(t, at, "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
			execScript(t, at, "drop event trigger there")
			requireWorks(t, at, version > 0)
		}
	}
}
