package archive

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/cloakroom/cloakroom/vault/store"
)

// ImportOptions say where from and by whose key.
type ImportOptions struct {
	// Dir holds a complete archive.
	Dir string
	// Identities are age identities; Passphrase takes their place.
	Identities []age.Identity
	Passphrase string
	// Target names the store, always alike. An import into it that was killed goes on after the last segment it stored
	// whole, as it is noted in the archive's directory. Empty, or when nothing can be written there: all is stored again.
	Target string
	// Now decides what has expired. Default time.Now.
	Now func() time.Time
	// Progress is told how many bytes of all that are to be read were.
	Progress func(read, total int64)
}

// Imported is what an import did.
type Imported struct {
	// Totals is what the archive holds.
	Totals
	// Expired is how many of these rows were left out because they have expired.
	Expired int64
	// Before is how many segments an earlier import into the same store had brought.
	Before int
}

// batchRows are stored at a time.
const batchRows = 1000

type importer struct {
	ImportOptions
	m    *manifest
	s    store.Store
	done Imported
	read int64
	all  int64
}

// Import stores what an archive holds, after it has verified all of it. It never replaces what the store holds, except
// that what was erased in the archive is erased there.
func Import(ctx context.Context, s store.Store, o ImportOptions) (Imported, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	i := &importer{ImportOptions: o, s: s}
	if err := i.verify(ctx); err != nil {
		return Imported{}, err
	}
	i.done.Totals = i.m.Totals
	marks := readMarks(i.Dir, i.Target)
	// First what must not come back, then what records need.
	for _, table := range []string{tombstones, sessions, records} {
		for _, seg := range i.m.Segments {
			if seg.Table != table {
				continue
			}
			if i.brought(ctx, seg, marks) {
				i.done.Before++
				i.tell(int(seg.Size))
				continue
			}
			if err := i.segment(ctx, seg); err != nil {
				return Imported{}, fmt.Errorf("%s: %w", seg.Name, err)
			}
			marks.add(seg.SHA256)
		}
	}
	return i.done, nil
}

func (i *importer) tell(n int) {
	i.read += int64(n)
	i.Progress(i.read, i.all)
}

// verify finds the keys, and holds every file against the manifest and the manifest against the encrypted end.
func (i *importer) verify(ctx context.Context) (err error) {
	i.m, err = readManifest(i.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds no archive: %w", i.Dir, err)
	}
	if err != nil {
		return err
	}
	if !i.m.Complete {
		return fmt.Errorf("%s holds an export that did not end: run it again, it goes on", i.Dir)
	}
	if i.Passphrase != "" {
		key, err := openKey(i.Dir, i.Passphrase)
		if err != nil {
			return err
		}
		i.Identities = []age.Identity{key}
	}
	if len(i.Identities) == 0 {
		return errors.New("an archive is encrypted: give an identity or a passphrase")
	}
	for _, seg := range i.m.Segments {
		i.all += 2 * seg.Size
	}
	if err := i.ending(ctx); err != nil {
		return err
	}
	for _, seg := range i.m.Segments {
		sum, size, err := digestOf(ctx, filepath.Join(i.Dir, seg.Name), i.tell)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is missing: %w", seg.Name, ErrDamaged)
		}
		if err != nil {
			return err
		}
		if sum != seg.SHA256 || size != seg.Size {
			return fmt.Errorf("%s is not what was written: %w", seg.Name, ErrDamaged)
		}
	}
	return nil
}

// ending holds the manifest against the last segment.
func (i *importer) ending(ctx context.Context) error {
	n := len(i.m.Segments)
	if n == 0 || i.m.Segments[n-1].Table != end {
		return fmt.Errorf("%s lacks the end of the archive: %w", manifestName, ErrDamaged)
	}
	last := i.m.Segments[n-1]
	var e ending
	rows := 0
	err := i.rows(ctx, last, func(b []byte) error {
		rows++
		if json.Unmarshal(b, &e) != nil {
			return errRow
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", last.Name, err)
	}
	if rows != 1 || e.Digest != i.m.digest() || e.Totals != i.m.Totals || e.Totals != i.m.count() {
		return fmt.Errorf("%s names other segments than the archive ended with: %w", manifestName, ErrDamaged)
	}
	return nil
}

// rows calls fn for the rows of a segment, which are fn's to keep.
func (i *importer) rows(ctx context.Context, seg segment, fn func([]byte) error) error {
	f, err := os.Open(filepath.Join(i.Dir, seg.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it is missing: %w", ErrDamaged)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := age.Decrypt(bufio.NewReaderSize(&watched{ctx, f, i.tell}, 1<<17), i.Identities...)
	if err != nil {
		var none *age.NoIdentityMatchError
		if errors.As(err, &none) || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	in := bufio.NewReaderSize(plain, 1<<16)
	head, err := readRow(in)
	if err != nil {
		return damaged(ctx, err)
	}
	h := row{rest: head}
	if id, name := h.string(), h.string(); h.end() != nil || id != i.m.ID || name != seg.Name {
		return fmt.Errorf("%w: it is another file's content", ErrDamaged)
	}
	for {
		b, err := readRow(in)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return damaged(ctx, err)
		}
		if err := fn(b); err != nil {
			return err
		}
	}
}

func damaged(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// segment stores the rows of a segment.
func (i *importer) segment(ctx context.Context, seg segment) error {
	switch seg.Table {
	case tombstones:
		return bring(ctx, i, seg, parseTombstone, func(t store.Tombstone) time.Time { return t.Expires }, func(ts []store.Tombstone) error {
			_, err := i.s.Delete(ctx, ts)
			return err
		})
	case sessions:
		return bring(ctx, i, seg, parseSession, func(n store.Session) time.Time { return n.Expires }, func(ns []store.Session) error {
			return i.s.Put(ctx, ns, nil)
		})
	case records:
		return bring(ctx, i, seg, parseRecord, func(r store.Record) time.Time { return r.Expires }, func(rs []store.Record) error {
			return i.s.Put(ctx, nil, rs)
		})
	}
	return nil
}

// bring puts what has not expired of a segment, in batches. A session that had expired may be missing in an archive whose
// records of it were read earlier.
func bring[R any](ctx context.Context, i *importer, seg segment, parse func([]byte) (R, error), expires func(R) time.Time, put func([]R) error) error {
	var n int64
	batch := make([]R, 0, batchRows)
	err := i.rows(ctx, seg, func(raw []byte) error {
		r, err := parse(raw)
		if err != nil {
			return err
		}
		n++
		if !expires(r).After(i.Now()) {
			i.done.Expired++
			return nil
		}
		if batch = append(batch, r); len(batch) < batchRows {
			return nil
		}
		err = put(batch)
		batch = batch[:0]
		return err
	})
	if err == nil && n != seg.Rows {
		err = fmt.Errorf("%w: it holds %d rows, not %d", ErrDamaged, n, seg.Rows)
	}
	if err == nil && len(batch) > 0 {
		err = put(batch)
	}
	return err
}

// marks are the digests of the segments that were stored whole, by store.
type marks struct {
	dir, target string
	all         map[string][]string
}

const marksName = "imported.json"

func readMarks(dir, target string) *marks {
	m := &marks{dir: dir, target: target, all: map[string][]string{}}
	if raw, err := os.ReadFile(filepath.Join(dir, marksName)); err != nil || json.Unmarshal(raw, &m.all) != nil || m.all == nil {
		m.all = map[string][]string{}
	}
	return m
}

func (m *marks) add(sum string) {
	if m.target == "" {
		return
	}
	m.all[m.target] = append(m.all[m.target], sum)
	if raw, err := json.MarshalIndent(m.all, "", "  "); err == nil {
		_ = writeFile(m.dir, marksName, append(raw, '\n')) // an archive that cannot be written is read again in full
	}
}

// brought reports whether a segment of records is in the store already: it is marked, and its last record, which was
// stored last, is there. A mark alone may be that of a store that was emptied since.
func (i *importer) brought(ctx context.Context, seg segment, m *marks) bool {
	if seg.Table != records || i.Target == "" || !slices.Contains(m.all[i.Target], seg.SHA256) {
		return false
	}
	_, _, err := i.s.Get(ctx, seg.Last)
	return err == nil || errors.Is(err, store.ErrErased)
}
