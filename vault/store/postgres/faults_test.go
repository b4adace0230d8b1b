//go:build services

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
	"github.com/cloakroom/cloakroom/vault/token"
)

// writers put records until they are stopped and remember what was acknowledged.
type writers struct {
	stop  chan struct{}
	wg    sync.WaitGroup
	mu    sync.Mutex
	acked []store.Record
	count atomic.Int64
	fails atomic.Int64
}

func startWriters(t *testing.T, stores ...store.Store) *writers {
	w := &writers{stop: make(chan struct{})}
	var next atomic.Int64
	for g := range 4 {
		s := stores[g%len(stores)]
		w.wg.Go(func() {
			n := storetest.Session(token.Kid(g%2), g)
			for {
				select {
				case <-w.stop:
					return
				default:
				}
				rs := storetest.Records(n, int(next.Add(1))*20, 20)
				err := s.Put(context.Background(), []store.Session{n}, rs)
				if err != nil {
					w.fails.Add(1)
					if !errors.Is(err, store.ErrUnavailable) {
						t.Errorf("refused with %v", err)
					}
					time.Sleep(5 * time.Millisecond)
					continue
				}
				w.mu.Lock()
				w.acked = append(w.acked, rs...)
				w.mu.Unlock()
				w.count.Add(1)
			}
		})
	}
	return w
}

// progress waits until so many Puts more were acknowledged.
func (w *writers) progress(t *testing.T, puts int64) {
	t.Helper()
	until := w.count.Load() + puts
	require.Eventually(t, func() bool { return w.count.Load() >= until }, time.Minute, 2*time.Millisecond)
}

// requireAll: what was acknowledged is there, and counted once.
func (w *writers) requireAll(t *testing.T, s store.Store) {
	t.Helper()
	close(w.stop)
	w.wg.Wait()
	have := map[string][]byte{}
	require.NoError(t, s.EachRecord(t.Context(), "", func(r store.Record) error { have[r.Token] = r.Sealed; return nil }))
	for _, r := range w.acked {
		require.Equal(t, r.Sealed, have[r.Token], "acknowledged and lost")
	}
	st, err := s.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(have), st.Records, "counts are exact after all that")
	t.Logf("%d acknowledged, %d refused", w.count.Load(), w.fails.Load())
}

// proxy stands between a store and its database, so that the network can be cut.
type proxy struct {
	l    net.Listener
	mu   sync.Mutex
	cut  bool
	open map[net.Conn]struct{}
}

func startProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{l: l, open: map[net.Conn]struct{}{}}
	t.Cleanup(func() { l.Close(); p.set(true) })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			p.mu.Lock()
			if err != nil || p.cut {
				in.Close()
				if out != nil {
					out.Close()
				}
			} else {
				p.open[in], p.open[out] = struct{}{}, struct{}{}
				go func() { _, _ = io.Copy(out, in); out.Close() }()
				go func() { _, _ = io.Copy(in, out); in.Close() }()
			}
			p.mu.Unlock()
		}
	}()
	return p
}

// set cuts all connections and refuses new ones, or ends that.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	for c := range p.open {
		c.Close()
	}
	clear(p.open)
}

func through(t *testing.T, to, address string) string {
	u, err := url.Parse(to)
	require.NoError(t, err)
	u.Host = address
	return u.String()
}

// TestServiceFaults has writers of two stores at work while something breaks and heals. Nothing acknowledged is lost,
// nothing is refused but with ErrUnavailable, and the stores work again by themselves.
func TestServiceFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		parts postgres.Partitions
		fault func(t *testing.T, h *harmed)
		fails bool
	}{
		{"connections terminated", postgres.Auto, func(t *testing.T, h *harmed) {
			for range 5 {
				execSQL(t, h.s.URL(), "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cloakroom vault'")
				h.w.progress(t, 5)
			}
		}, true},
		{"network cut", postgres.Auto, func(t *testing.T, h *harmed) {
			for range 4 {
				h.p.set(true)
				time.Sleep(100 * time.Millisecond)
				h.p.set(false)
				h.w.progress(t, 5)
			}
		}, true},
		{"server killed", postgres.Auto, func(t *testing.T, h *harmed) {
			for range 2 {
				require.NoError(t, h.s.Restart(t.Context()))
				h.w.progress(t, 20)
			}
		}, true},
		{"server killed, plain", postgres.Off, func(t *testing.T, h *harmed) {
			require.NoError(t, h.s.Restart(t.Context()))
		}, true},
		{"server frozen", postgres.Auto, func(t *testing.T, h *harmed) {
			require.NoError(t, h.s.Pause())
			until := h.w.fails.Load() + 4
			require.Eventually(t, func() bool { return h.w.fails.Load() >= until }, time.Minute, 5*time.Millisecond, "calls end without an answer")
			require.NoError(t, h.s.Resume())
		}, true},
		{"serialization failures", postgres.Off, func(t *testing.T, h *harmed) {
			raises(t, h.at, "40001", "nextval('raised') % 4 = 0")
			h.w.progress(t, 100)
			raises(t, h.at, "40P01", "nextval('raised') % 5 = 0")
			h.w.progress(t, 100)
			require.Greater(t, scan[int64](t, h.at, "select last_value from raised"), int64(200), "there were some")
		}, false},
		{"partitions dropped", postgres.Auto, func(t *testing.T, h *harmed) {
			before := h.w.count.Load()
			for i := range 20 {
				kid := token.Kid(100 + i)
				n := storetest.Session(kid, 1)
				require.NoError(t, h.stores[0].Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 500)))
				// Everything of this kid; the writers' kids live on.
				execSQL(t, h.at, "update vault_tallies set first = 1, last = 1 where kid = $1", int(kid))
				gone, err := h.stores[1].DeleteExpired(t.Context(), time.Unix(10, 0))
				require.NoError(t, err)
				require.Equal(t, 500, gone)
			}
			require.Greater(t, h.w.count.Load(), before, "writers go on")
			require.EqualValues(t, 2, scan[int64](t, h.at, "select count(*) from pg_inherits where inhparent = 'vault_records'::regclass"))
			execSQL(t, h.at, "delete from vault_sessions where kid >= 100")
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := startServer()
			require.NoError(t, err)
			t.Cleanup(func() { _ = s.Stop() })
			at := database(t, s)
			p := startProxy(t, s.Address())
			o := postgres.Options{
				URL: through(t, at, p.l.Addr().String()), Partitions: c.parts,
				ConnectTimeout: 3 * time.Second, StatementTimeout: 3 * time.Second,
			}
			h := &harmed{s: s, p: p, at: at, stores: []store.Store{open(t, o), open(t, o)}}
			h.w = startWriters(t, h.stores...)
			h.w.progress(t, 20)
			c.fault(t, h)
			h.w.progress(t, 20)
			h.w.requireAll(t, h.stores[0])
			if c.fails {
				require.Positive(t, h.w.fails.Load(), "the fault was not felt")
			} else {
				require.Zero(t, h.w.fails.Load(), "the fault is repaired inside")
			}
		})
	}
}

// raises has the database refuse to count what is stored, with a SQLSTATE, when a condition holds.
func raises(t *testing.T, at, state, when string) {
	execScript(t, at, fmt.Sprintf(`create sequence if not exists raised;
create or replace function raise() returns trigger language plpgsql as $$
begin
	if %s then raise exception 'a message about alice@example.com' using errcode = '%s'; end if;
	return new;
end $$;
create or replace trigger raise before insert on vault_tallies for each row execute function raise();`, when, state))
}

// TestServiceSaysWhatFailed: the SQLSTATE becomes the error that callers act upon; what it says about values does not.
func TestServiceSaysWhatFailed(t *testing.T) {
	for _, c := range []struct {
		name, state string
		want        error
	}{
		{"disk full", "53100", store.ErrFull},
		{"too many connections", "53300", store.ErrUnavailable},
		{"damaged index", "XX002", store.ErrDamaged},
		{"an internal error", "XX000", store.ErrUnavailable},
		{"read only", "25006", store.ErrUnavailable},
		{"shutting down", "57P01", store.ErrUnavailable},
		{"conflicts without end", "40001", store.ErrUnavailable},
		{"what it cannot store", "22021", store.ErrInvalid},
		{"a constraint", "23505", store.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := database(t, db)
			s := open(t, postgres.Options{URL: at})
			raises(t, at, c.state, "true")
			n := storetest.Session(1, 1)
			err := s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 3))
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.state)
			if class := c.state[:2]; class == "22" || class == "23" {
				require.NotContains(t, err.Error(), "alice")
			}
			execSQL(t, at, "drop trigger raise on vault_tallies")
			require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 3)), "what failed left nothing behind")
			st, err := s.Stats(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 3, st.Records)
		})
	}
}

type harmed struct {
	s interface {
		URL() string
		Restart(context.Context) error
		Pause() error
		Resume() error
	}
	p      *proxy
	at     string
	stores []store.Store
	w      *writers
}

// TestServiceEraseRace: a Put and a Delete that meet never leave a record of an erased token, at any isolation level,
// whatever else happens to the row.
func TestServiceEraseRace(t *testing.T) {
	for _, level := range []string{"read committed", "serializable"} {
		t.Run(level, func(t *testing.T) {
			at := database(t, db)
			u, err := url.Parse(at)
			require.NoError(t, err)
			execSQL(t, at, "alter database "+u.Path[1:]+" set default_transaction_isolation = '"+level+"'")
			stores := []store.Store{open(t, postgres.Options{URL: at}), open(t, postgres.Options{URL: at})}
			const rounds, batch = 60, 30
			var total int64
			for i := range rounds {
				start := make(chan struct{})
				var wg sync.WaitGroup
				n := storetest.Session(1, i)
				rs := storetest.Records(n, i*batch, batch)
				var gone []store.Tombstone
				for _, r := range rs[:batch/2] {
					gone = append(gone, store.Tombstone{Token: r.Token, Expires: r.Expires})
				}
				for _, s := range stores {
					for _, do := range []func() error{
						func() error { return s.Put(t.Context(), []store.Session{n}, rs) },
						func() error { _, err := s.Delete(t.Context(), gone); return err },
						func() error { _, err := s.Discard(t.Context(), rs[0].Token, n.ID); return err },
					} {
						wg.Go(func() {
							<-start
							if err := do(); err != nil {
								t.Error(err)
							}
						})
					}
				}
				close(start)
				wg.Wait()
				for k, r := range rs {
					_, _, err := stores[k%2].Get(t.Context(), r.Token)
					if k < batch/2 {
						require.ErrorIs(t, err, store.ErrErased)
						continue
					}
					require.NoError(t, err)
					total++
				}
			}
			st, err := stores[0].Stats(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, total, st.Records)
			require.EqualValues(t, rounds*batch/2, st.Tombstones)
		})
	}
}

// TestServiceStatementTimeout: a statement that somebody keeps waiting ends.
func TestServiceStatementTimeout(t *testing.T) {
	at := database(t, db)
	s := open(t, postgres.Options{URL: at, StatementTimeout: 200 * time.Millisecond})
	n := storetest.Session(1, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 1)))
	conn, err := pgx.Connect(t.Context(), at)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "lock table vault_records in access exclusive mode")
	require.NoError(t, err)
	err = s.Put(t.Context(), nil, storetest.Records(n, 1, 1))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "statement timeout")
	_, err = s.DeleteExpired(t.Context(), storetest.Epoch(2))
	require.ErrorIs(t, err, store.ErrUnavailable, "expiry does not wait for ever either")
	require.NoError(t, tx.Rollback(t.Context()))
	require.NoError(t, s.Put(t.Context(), nil, storetest.Records(n, 1, 1)))
}

// TestServiceDropDoesNotQueueWriters: while a long reader keeps a partition from being dropped, writers are held up for
// a moment at a time only.
func TestServiceDropDoesNotQueueWriters(t *testing.T) {
	at := database(t, db)
	s := open(t, postgres.Options{URL: at, StatementTimeout: 5 * time.Second})
	old, live := storetest.Session(1, 1), storetest.Session(2, 1)
	live.Expires = storetest.Epoch(9)
	require.NoError(t, s.Put(t.Context(), []store.Session{old, live}, storetest.Records(old, 0, 10)))
	conn, err := pgx.Connect(t.Context(), at)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	var n int
	require.NoError(t, tx.QueryRow(t.Context(), "select count(*) from vault_records").Scan(&n))
	ended := make(chan error, 1)
	go func() { _, err := s.DeleteExpired(context.Background(), storetest.Epoch(2)); ended <- err }()
	var slowest time.Duration
	for i := 0; ; i++ {
		start := time.Now()
		r := storetest.Record(live, i)
		require.NoError(t, s.Put(t.Context(), nil, []store.Record{r}))
		slowest = max(slowest, time.Since(start))
		select {
		case err := <-ended:
			require.ErrorIs(t, err, store.ErrUnavailable)
			require.NoError(t, tx.Rollback(t.Context()))
			gone, err := s.DeleteExpired(t.Context(), storetest.Epoch(2))
			require.NoError(t, err)
			require.Equal(t, 10, gone)
			t.Logf("%d puts meanwhile, the slowest took %s", i, slowest)
			require.Greater(t, i, 5)
			return
		default:
		}
	}
}

// TestServiceUnprivileged: a role that owns nothing but its schema is enough; one without rights is told so.
func TestServiceUnprivileged(t *testing.T) {
	at := database(t, db)
	execSQL(t, at, "create role vault_role login password 'pa55-canary'")
	execSQL(t, at, "create role nobody_role login password 'pa55-canary'")
	execSQL(t, at, "create schema mine authorization vault_role")
	as := func(role, schema string) string {
		u, err := url.Parse(at)
		require.NoError(t, err)
		u.User = url.UserPassword(role, "pa55-canary")
		u.RawQuery += "&search_path=" + schema
		return u.String()
	}
	s := open(t, postgres.Options{URL: as("vault_role", "mine")})
	n := storetest.Session(1, 1)
	require.NoError(t, s.Put(t.Context(), []store.Session{n}, storetest.Records(n, 0, 5)))
	gone, err := s.DeleteExpired(t.Context(), storetest.Epoch(2))
	require.NoError(t, err)
	require.Equal(t, 5, gone)
	_, err = postgres.Open(t.Context(), postgres.Options{URL: as("nobody_role", "public")})
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorContains(t, err, "permission denied")
}

// TestServiceSecrets: a password is in no error, wherever it comes from.
func TestServiceSecrets(t *testing.T) {
	const canary = "pa55-canary"
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte(canary+"\n"), 0o600))
	good, err := url.Parse(db.URL())
	require.NoError(t, err)
	wrong := *good
	wrong.User = url.UserPassword("postgres", canary)
	for _, o := range []postgres.Options{
		{URL: wrong.String()},
		{URL: "postgres://postgres@" + good.Host + "/postgres?sslmode=disable", PasswordFile: file},
		{URL: "postgres://postgres:" + canary + "@127.0.0.1:1/x"},
		{URL: "postgres://postgres:" + canary + "@" + good.Host + "/x?sslmode=verify-full"},
		{URL: "postgres://postgres:" + canary + "@[::1/x"},
		{URL: "postgres://postgres:" + canary + " @host/x?sslmode=bogus"},
		{URL: "host=x password='" + canary},
		{URL: "password=" + canary + " port=none"},
		{URL: "postgres://u:" + canary + "@h/x?sslrootcert=/nowhere&sslmode=verify-full"},
	} {
		_, err := postgres.Open(t.Context(), o)
		require.Error(t, err)
		require.NotContains(t, err.Error(), canary)
		require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), canary)
		require.NotContains(t, err.Error(), "\n")
	}
	secret, _ := good.User.Password()
	require.NoError(t, os.WriteFile(file, []byte(secret+"\n"), 0o600))
	fresh, err := url.Parse(database(t, db))
	require.NoError(t, err)
	fresh.User = url.User("postgres")
	open(t, postgres.Options{URL: fresh.String(), PasswordFile: file})
}

// dumpOf is all rows of all tables, as text.
func dumpOf(t *testing.T, at string) string {
	conn, err := pgx.Connect(t.Context(), at)
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var out strings.Builder
	for _, table := range []string{"vault_records", "vault_sessions", "vault_tallies", "vault_schema"} {
		_, err := conn.PgConn().CopyTo(t.Context(), &out, "copy (select * from "+table+") to stdout")
		require.NoError(t, err)
	}
	return out.String()
}

// TestServiceDump: what a dump of the database holds is sealed.
func TestServiceDump(t *testing.T) {
	at := database(t, db)
	s := open(t, postgres.Options{URL: at})
	n := storetest.Session(1, 1)
	r := storetest.Record(n, 1)
	erased := storetest.Record(n, 2)
	erased.Sealed = []byte("erased-canary")
	require.NoError(t, s.Put(t.Context(), []store.Session{n}, []store.Record{r, erased}))
	_, err := s.Delete(t.Context(), []store.Tombstone{{Token: erased.Token, Expires: erased.Expires}})
	require.NoError(t, err)
	dump := dumpOf(t, at)
	require.Contains(t, dump, r.Token)
	require.Contains(t, dump, fmt.Sprintf("%x", r.Sealed))
	require.NotContains(t, dump, fmt.Sprintf("%x", erased.Sealed), "an erased record keeps nothing of what was sealed")
	require.Equal(t, 1, strings.Count(dump, erased.Token))
}
