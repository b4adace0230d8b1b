package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/archive"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
)

const aboutArchives = `The archive holds the sealed records, the erasures and what else the store needs, encrypted by age. It holds no keys:
copy the vault's directory keys/ yourself, by another way, or nothing in it can ever be revealed.

Stop the collector or vault first: an embedded store is open to one process at a time, and what is put into or erased
from a shared one meanwhile may be missing.`

// storeFlags name a token store.
type storeFlags struct {
	vaultFlags
	store, password string
}

func (f *storeFlags) add(c *cobra.Command) {
	f.vaultFlags.add(c)
	c.Flags().StringVar(&f.store, "store", "", "`STORE`: pebble:PATH or postgres://... (default: the embedded store of the vault's directory)")
	c.Flags().StringVar(&f.password, "store-password-file", "", "`FILE` with the password of a PostgreSQL store")
}

// spec is what the store is, and its name without secrets.
func (f *storeFlags) spec() (kind, where, name string, err error) {
	const pebblePrefix = "pebble:"
	where = f.store
	if where == "" {
		where = pebblePrefix + filepath.Join(f.path(), "store")
	}
	if path, ok := strings.CutPrefix(where, pebblePrefix); ok {
		if path == "" {
			return "", "", "", errors.New("--store pebble: lacks its path")
		}
		path, err = filepath.Abs(path)
		return "pebble", path, pebblePrefix + path, err
	}
	if !strings.HasPrefix(where, "postgres://") && !strings.HasPrefix(where, "postgresql://") {
		return "", "", "", errors.New("--store must be pebble:PATH or a connection string that begins with postgres://")
	}
	c, err := pgconn.ParseConfig(where)
	if err != nil {
		return "", "", "", errors.New("--store cannot be parsed: must be postgres://user@host:port/database?sslmode=verify-full, special characters escaped")
	}
	return "postgres", where, fmt.Sprintf("postgres:%s:%d/%s %s", c.Host, c.Port, c.Database, c.RuntimeParams["search_path"]), nil
}

// open opens the store. One that is to be read must be there.
func (f *storeFlags) open(c *cobra.Command, read bool) (store.Store, string, error) {
	kind, where, name, err := f.spec()
	if err != nil {
		return nil, "", usage(c, "%w", err)
	}
	if kind == "postgres" {
		s, err := postgres.Open(c.Context(), postgres.Options{URL: where, PasswordFile: f.password})
		if err != nil {
			return nil, "", err
		}
		return s, name, nil
	}
	if f.password != "" {
		return nil, "", usage(c, "--store-password-file is for a PostgreSQL store")
	}
	if _, err := os.Stat(where); err != nil && read {
		return nil, "", fmt.Errorf("no token store at %s: name it with --store, or %s", where, nameIt)
	}
	s, err := pebble.Open(where, pebble.Options{MustExist: read})
	switch {
	case errors.Is(err, pebble.ErrInUse):
		return nil, "", fmt.Errorf("%w; stop the collector or vault that runs on it", err)
	case err != nil:
		return nil, "", err
	}
	return s, name, nil
}

func newVaultExport() *cobra.Command {
	var f storeFlags
	var out, passphrase string
	var recipients []string
	c := &cobra.Command{
		Use:   "export --out DIR (--recipient AGE... | --passphrase-file FILE)",
		Short: "Write all a token store holds into an encrypted archive",
		Long: `Writes all a token store holds into an archive, from which import brings it into another store, of whatever kind.

` + aboutArchives + `

An export that was interrupted goes on when it is run again.`,
		Example: `  cloakroom vault export --out /backup/vault --recipient age1pq1...
  cloakroom vault export --store postgres://vault@db/vault?sslmode=verify-full --out /backup/vault --passphrase-file f`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			o := archive.ExportOptions{Dir: out, Recipients: recipients}
			if o.Passphrase, err = secretFile(passphrase); err != nil {
				return err
			}
			return runExport(c, f, o)
		},
	}
	f.add(c)
	c.Flags().StringVar(&out, "out", "", "`DIR` of the archive: new, empty, or that of an interrupted export")
	c.Flags().StringArrayVar(&recipients, "recipient", nil, "age `RECIPIENT` who can import it; repeat for several")
	c.Flags().StringVar(&passphrase, "passphrase-file", "", "`FILE` with the passphrase, in place of recipients")
	required(c, "out")
	c.MarkFlagsOneRequired("recipient", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("recipient", "passphrase-file")
	return c
}

func required(c *cobra.Command, flag string) {
	if err := errors.Join(c.MarkFlagRequired(flag), c.MarkFlagDirname(flag)); err != nil {
		panic(err) // the flag does not exist: a mistake of this package
	}
}

// secretFile is the first line of a file; "" without one.
func secretFile(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: its first line must be the passphrase", name)
	}
	return line, nil
}

func runExport(c *cobra.Command, f storeFlags, o archive.ExportOptions) error {
	s, _, err := f.open(c, true)
	if err != nil {
		return err
	}
	var rows atomic.Int64
	o.Progress = rows.Store
	stop := showLine(exported(c.Context(), s, &rows))
	totals, err := archive.Export(c.Context(), s, o)
	stop()
	if err := errors.Join(err, s.Close()); err != nil {
		return archiveFault("export", err)
	}
	printTotals(totals)
	return nil
}

// exported is the line of progress of an export.
func exported(ctx context.Context, s store.Store, rows *atomic.Int64) func(time.Duration) string {
	st, _ := s.Stats(ctx)
	total := st.Records + st.Tombstones
	return func(since time.Duration) string {
		n := rows.Load()
		rate := int64(float64(n) / since.Seconds())
		if total == 0 {
			return fmt.Sprintf("%d rows, %d/s", n, rate)
		}
		return fmt.Sprintf("%3d%%  %d of %d rows, %d/s", min(100*n/total, 100), n, total, rate)
	}
}

func newVaultImport() *cobra.Command {
	var f storeFlags
	var in, identity, passphrase string
	c := &cobra.Command{
		Use:   "import --in DIR (--identity FILE | --passphrase-file FILE)",
		Short: "Bring an archive into a token store",
		Long: `Brings what export wrote into a token store, which is made when there is none. All of the archive is verified before
the first record is stored.

` + aboutArchives + `

What the store holds stays, but for what was erased where the archive comes from: that is erased here too. What has
expired is left out. An import may be repeated; one that was interrupted goes on.`,
		Example: `  cloakroom vault import --in /backup/vault --identity key.txt --store postgres://vault@db/vault?sslmode=verify-full
  cloakroom vault import --in /backup/vault --passphrase-file pass --vault /var/lib/cloakroom/vault`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			o := archive.ImportOptions{Dir: in}
			if o.Passphrase, err = secretFile(passphrase); err != nil {
				return err
			}
			if identity != "" {
				if o.Identities, err = readIdentities(identity); err != nil {
					return err
				}
			}
			return runImport(c, f, o)
		},
	}
	f.add(c)
	c.Flags().StringVar(&in, "in", "", "`DIR` of the archive")
	c.Flags().StringVar(&identity, "identity", "", "`FILE` with age identities, as age-keygen writes it")
	c.Flags().StringVar(&passphrase, "passphrase-file", "", "`FILE` with the passphrase, when the archive has one")
	required(c, "in")
	c.MarkFlagsOneRequired("identity", "passphrase-file")
	c.MarkFlagsMutuallyExclusive("identity", "passphrase-file")
	return c
}

func readIdentities(name string) ([]age.Identity, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ids, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("%s holds no age identities, as age-keygen writes them", name) // age's error may quote a key
	}
	return ids, nil
}

func runImport(c *cobra.Command, f storeFlags, o archive.ImportOptions) error {
	s, name, err := f.open(c, false)
	if err != nil {
		return err
	}
	var read, total atomic.Int64
	o.Target = name
	o.Progress = func(r, t int64) { read.Store(r); total.Store(t) }
	stop := showLine(func(since time.Duration) string { return progress(read.Load(), total.Load(), since) })
	done, err := archive.Import(c.Context(), s, o)
	stop()
	if err := errors.Join(err, s.Close()); err != nil {
		return archiveFault("import", err)
	}
	printTotals(done.Totals)
	if done.Expired > 0 {
		say("left out %s that had expired", plural(done.Expired, "row"))
	}
	return nil
}

func printTotals(t archive.Totals) {
	fmt.Printf("records %d\ntombstones %d\nsessions %d\n", t.Records, t.Tombstones, t.Sessions)
}

// archiveFault says what to do.
func archiveFault(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		say("run the same command again to go on")
		return err
	}
	hint := ""
	if errors.Is(err, store.ErrUnavailable) {
		hint = "; run the same command again to go on"
	}
	return fmt.Errorf("%s: %w%s", cmp.Or(doing, "archive"), err, hint)
}
