package archive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/archive"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
	"github.com/cloakroom/cloakroom/vault/token"
)

const killEnv = "CLOAKROOM_ARCHIVE_KILL_TEST"

func TestMain(m *testing.M) {
	if job := os.Getenv(killEnv); job != "" {
		if err := runJob(strings.Split(job, "|")); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// before is a time when nothing of storetest's has expired.
func before() time.Time { return storetest.Epoch(0) }

// fill puts n records of three epochs and two sessions each, and erases every tenth.
func fill(t testing.TB, s store.Store, n int) {
	t.Helper()
	for kid := range 3 {
		for half := range 2 {
			session := storetest.Session(token.Kid(kid), half)
			rs := storetest.Records(session, half*n, n/6)
			require.NoError(t, s.Put(t.Context(), []store.Session{session}, rs))
			var gone []store.Tombstone
			for i := 0; i < len(rs); i += 10 {
				gone = append(gone, store.Tombstone{Token: rs[i].Token, Expires: rs[i].Expires})
			}
			_, err := s.Delete(t.Context(), gone)
			require.NoError(t, err)
		}
	}
}

func openPebble(t testing.TB, dir string) store.Store {
	t.Helper()
	s, err := pebble.Open(dir, pebble.Options{MinFree: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return id
}

// TestRoundTrip takes one store's content through all kinds of store and compares all of it.
func TestRoundTrip(t *testing.T) {
	id := identity(t)
	for _, c := range []struct {
		name string
		out  archive.ExportOptions
		in   archive.ImportOptions
	}{
		{"recipient", archive.ExportOptions{Recipients: []string{id.Recipient().String()}}, archive.ImportOptions{Identities: []age.Identity{id}}},
		{"passphrase", archive.ExportOptions{Passphrase: "correct horse"}, archive.ImportOptions{Passphrase: "correct horse"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chain := []store.Store{openPebble(t, t.TempDir()), memory.New(), openPebble(t, t.TempDir())}
			fill(t, chain[0], 6000)
			want := storetest.Read(t, chain[0]).Sorted()
			for i, from := range chain[:len(chain)-1] {
				c.out.Dir = t.TempDir()
				c.out.SegmentSize = 50_000
				c.in.Dir, c.in.Now = c.out.Dir, before
				out, err := archive.Export(t.Context(), from, c.out)
				require.NoError(t, err)
				in, err := archive.Import(t.Context(), chain[i+1], c.in)
				require.NoError(t, err)
				require.Equal(t, out, in.Totals)
				require.Equal(t, want, storetest.Read(t, chain[i+1]).Sorted())
				require.Equal(t, archive.Totals{Records: 5400, Tombstones: 600, Sessions: 6}, out)

				again, err := archive.Export(t.Context(), from, c.out)
				require.NoError(t, err, "an export that is complete is complete")
				require.Equal(t, out, again)
				_, err = archive.Import(t.Context(), chain[i+1], c.in)
				require.NoError(t, err)
				require.Equal(t, want, storetest.Read(t, chain[i+1]).Sorted(), "an import repeated changes nothing")
			}
			requireSecret(t, c.out.Dir, want)
		})
	}
}

// requireSecret: the segments show neither tokens nor what is sealed.
func requireSecret(t *testing.T, dir string, c storetest.Contents) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.age"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		require.NotContains(t, string(raw), c.Records[0].Token[:20])
		require.NotContains(t, string(raw), "sealed")
		info, err := os.Stat(f)
		require.NoError(t, err)
		require.EqualValues(t, 0o600, info.Mode().Perm())
	}
}

func TestEmptyStore(t *testing.T) {
	dir := t.TempDir()
	_, err := archive.Export(t.Context(), memory.New(), archive.ExportOptions{Dir: dir, Passphrase: "x"})
	require.NoError(t, err)
	got, err := archive.Import(t.Context(), memory.New(), archive.ImportOptions{Dir: dir, Passphrase: "x"})
	require.NoError(t, err)
	require.Zero(t, got)
}

// TestImportErases: what is erased in the archive is erased in the target, and what the target has stays.
func TestImportErases(t *testing.T) {
	id := identity(t)
	from, to := memory.New(), memory.New()
	fill(t, from, 600)
	ours := storetest.Session(0, 9)
	erased, kept := storetest.Record(ours, 0), storetest.Record(ours, 1)
	require.NoError(t, to.Put(t.Context(), []store.Session{ours}, []store.Record{erased, kept}))
	dir := t.TempDir()
	_, err := archive.Export(t.Context(), from, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}})
	require.NoError(t, err)
	_, err = archive.Import(t.Context(), to, archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: before})
	require.NoError(t, err)
	_, _, err = to.Get(t.Context(), erased.Token)
	require.ErrorIs(t, err, store.ErrErased)
	got, _, err := to.Get(t.Context(), kept.Token)
	require.NoError(t, err)
	require.Equal(t, ours.ID, got.Session)
}

func TestImportLeavesOutTheExpired(t *testing.T) {
	id := identity(t)
	from, to := memory.New(), memory.New()
	fill(t, from, 600)
	dir := t.TempDir()
	_, err := archive.Export(t.Context(), from, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}})
	require.NoError(t, err)
	got, err := archive.Import(t.Context(), to, archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: func() time.Time { return storetest.Epoch(1) }})
	require.NoError(t, err)
	require.EqualValues(t, 540+60+6, got.Expired)
	require.Empty(t, storetest.Read(t, to))
}

// TestDamage harms an archive in one way each. It is refused before anything is stored.
func TestDamage(t *testing.T) {
	id, other := identity(t), identity(t)
	flip := func(t *testing.T, path string, at int) {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		if at < 0 {
			at += len(raw)
		}
		raw[at] ^= 1
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
	export := func(t *testing.T, n int) string {
		s := memory.New()
		fill(t, s, n)
		dir := t.TempDir()
		_, err := archive.Export(t.Context(), s, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}, SegmentSize: 20_000})
		require.NoError(t, err)
		return dir
	}
	swap := func(t *testing.T, a, b string) {
		require.NoError(t, os.Rename(a, a+".x"))
		require.NoError(t, os.Rename(b, a))
		require.NoError(t, os.Rename(a+".x", b))
	}
	edit := func(t *testing.T, dir string, change func(string) string) {
		path := filepath.Join(dir, "manifest.json")
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		changed := change(string(raw))
		require.NotEqual(t, string(raw), changed)
		require.NoError(t, os.WriteFile(path, []byte(changed), 0o600))
	}
	for _, c := range []struct {
		name string
		harm func(t *testing.T, dir string)
		want string
	}{
		{"a flipped bit", func(t *testing.T, dir string) { flip(t, filepath.Join(dir, "000001-records.age"), 5000) }, "000001-records.age"},
		{"a flipped bit in the end", func(t *testing.T, dir string) {
			all, err := filepath.Glob(filepath.Join(dir, "*-end.age"))
			require.NoError(t, err)
			flip(t, all[0], -1)
		}, "-end.age"},
		{"a truncated segment", func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "000002-records.age"), 7000))
		}, "000002-records.age"},
		{"a missing segment", func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "000002-records.age")))
		}, "000002-records.age is missing"},
		{"swapped segments", func(t *testing.T, dir string) {
			swap(t, filepath.Join(dir, "000001-records.age"), filepath.Join(dir, "000002-records.age"))
		}, "000001-records.age"},
		{"a segment of another archive", func(t *testing.T, dir string) {
			swap(t, filepath.Join(dir, "000001-records.age"), filepath.Join(export(t, 1200), "000001-records.age"))
		}, "000001-records.age"},
		{"the end of another archive", func(t *testing.T, dir string) {
			all, err := filepath.Glob(filepath.Join(dir, "*-end.age"))
			require.NoError(t, err)
			swap(t, all[0], filepath.Join(export(t, 1200), filepath.Base(all[0])))
		}, "another file's content"},
		{"a manifest with other counts", func(t *testing.T, dir string) {
			edit(t, dir, func(s string) string {
				return strings.Replace(s, `"tombstones": 120`, `"tombstones": 119`, 1)
			})
		}, "manifest.json"},
		{"a manifest without its end", func(t *testing.T, dir string) {
			edit(t, dir, func(s string) string { return strings.Replace(s, `"table": "end"`, `"table": "records"`, 1) })
		}, "manifest.json"},
		{"a manifest that names a file elsewhere", func(t *testing.T, dir string) {
			edit(t, dir, func(s string) string { return strings.Replace(s, "000001-records.age", "../secret", 1) })
		}, "manifest.json"},
		{"a manifest cut short", func(t *testing.T, dir string) { edit(t, dir, func(s string) string { return s[:len(s)/2] }) }, "manifest.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := export(t, 1200)
			c.harm(t, dir)
			to := memory.New()
			_, err := archive.Import(t.Context(), to, archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: before})
			require.ErrorIs(t, err, archive.ErrDamaged)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, storetest.Read(t, to), "nothing is stored of an archive that is not whole")
		})
	}

	t.Run("another identity", func(t *testing.T) {
		_, err := archive.Import(t.Context(), memory.New(), archive.ImportOptions{Dir: export(t, 60), Identities: []age.Identity{other}})
		require.ErrorContains(t, err, "did not match any of the recipients")
	})
	t.Run("no archive", func(t *testing.T) {
		_, err := archive.Import(t.Context(), memory.New(), archive.ImportOptions{Dir: t.TempDir(), Identities: []age.Identity{other}})
		require.ErrorContains(t, err, "holds no archive")
	})
}

func TestExportRefuses(t *testing.T) {
	id, other := identity(t).Recipient().String(), identity(t).Recipient().String()
	used := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(used, "holiday.jpg"), nil, 0o600))
	mine := t.TempDir()
	_, err := archive.Export(t.Context(), memory.New(), archive.ExportOptions{Dir: mine, Recipients: []string{id}})
	require.NoError(t, err)
	locked := t.TempDir()
	_, err = archive.Export(t.Context(), memory.New(), archive.ExportOptions{Dir: locked, Passphrase: "one"})
	require.NoError(t, err)
	for _, c := range []struct {
		name string
		o    archive.ExportOptions
		want string
	}{
		{"no key", archive.ExportOptions{Dir: t.TempDir()}, "is encrypted"},
		{"two kinds of key", archive.ExportOptions{Dir: t.TempDir(), Recipients: []string{id}, Passphrase: "x"}, "is encrypted"},
		{"a directory in use", archive.ExportOptions{Dir: used, Recipients: []string{id}}, "holiday.jpg"},
		{"not a recipient", archive.ExportOptions{Dir: t.TempDir(), Recipients: []string{"age1nobody"}}, "not one of age"},
		{"another's archive", archive.ExportOptions{Dir: mine, Recipients: []string{other}}, "other recipients"},
		{"another passphrase", archive.ExportOptions{Dir: locked, Passphrase: "two"}, "is it the passphrase"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := archive.Export(t.Context(), memory.New(), c.o)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// runJob is what the re-executed test binary does until it is killed: export|STORE|DIR|RECIPIENT or
// import|STORE|DIR|IDENTITY.
func runJob(job []string) error {
	s, err := pebble.Open(job[1], pebble.Options{MinFree: 1, MemTableSize: 256 << 10})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if job[0] == "export" {
		_, err = archive.Export(ctx, s, archive.ExportOptions{Dir: job[2], Recipients: []string{job[3]}, SegmentSize: 100_000})
	} else {
		var id *age.X25519Identity
		if id, err = age.ParseX25519Identity(job[3]); err == nil {
			_, err = archive.Import(ctx, s, archive.ImportOptions{Dir: job[2], Identities: []age.Identity{id}, Target: "here", Now: before})
		}
	}
	return errors.Join(err, s.Close())
}

// TestKill kills an export, and then an import, again and again until it ends by itself. Nothing is missing.
func TestKill(t *testing.T) {
	id := identity(t)
	fromDir, toDir, dir := t.TempDir(), t.TempDir(), t.TempDir()
	from := openPebble(t, fromDir)
	fill(t, from, 60_000)
	want := storetest.Read(t, from).Sorted()
	require.NoError(t, from.Close())
	for _, job := range []string{
		strings.Join([]string{"export", fromDir, dir, id.Recipient().String()}, "|"),
		strings.Join([]string{"import", toDir, dir, id.String()}, "|"),
	} {
		kills := 0
		for life := 60 * time.Millisecond; ; life += life / 8 {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), killEnv+"="+job)
			out := &strings.Builder{}
			cmd.Stdout = out
			require.NoError(t, cmd.Start())
			killer := time.AfterFunc(life, func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			killer.Stop()
			require.Empty(t, out.String())
			if err == nil {
				break
			}
			kills++
		}
		t.Logf("%s: killed %d times", job[:6], kills)
		require.Positive(t, kills)
	}
	require.Equal(t, want, storetest.Read(t, openPebble(t, toDir)).Sorted())
}

// TestImportGoesOn: segments that were stored are not stored again, and a store that was emptied gets all.
func TestImportGoesOn(t *testing.T) {
	id := identity(t)
	from, to := memory.New(), memory.New()
	fill(t, from, 6000)
	dir := t.TempDir()
	_, err := archive.Export(t.Context(), from, archive.ExportOptions{Dir: dir, Recipients: []string{id.Recipient().String()}, SegmentSize: 50_000})
	require.NoError(t, err)
	o := archive.ImportOptions{Dir: dir, Identities: []age.Identity{id}, Now: before, Target: "here"}
	var read, total int64
	o.Progress = func(r, all int64) { read, total = r, all }
	first, err := archive.Import(t.Context(), to, o)
	require.NoError(t, err)
	require.Zero(t, first.Before)
	require.Equal(t, total, read)
	second, err := archive.Import(t.Context(), to, o)
	require.NoError(t, err)
	require.Greater(t, second.Before, 3)
	require.Equal(t, total, read)
	emptied := memory.New()
	third, err := archive.Import(t.Context(), emptied, o)
	require.NoError(t, err)
	require.Zero(t, third.Before)
	require.Equal(t, storetest.Read(t, from), storetest.Read(t, emptied))
}
