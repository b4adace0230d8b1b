// Package archive moves what a token store holds into a directory of encrypted files and from there into another store.
//
// [Export] writes segments: files of rows, each encrypted by age and finished before the manifest names it, so that an
// export that was killed goes on after the last whole one. [Import] holds every segment against its digest and all of
// them against an encrypted end before it stores the first row; storing is put-if-absent, so it may be repeated and
// killed at will. Memory is bounded by a page of rows, whatever the size of the store.
//
// The rows are the sealed ones of the store: an archive holds no plaintext and no key. Its encryption hides what the
// store itself shows, tokens and times. It detects damage, and forgery by who does not know the recipient; it is no
// signature.
package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// ErrDamaged says that an archive is not what an export wrote.
var ErrDamaged = errors.New("the archive is damaged")

// Totals counts rows.
type Totals struct {
	Records    int64 `json:"records"`
	Tombstones int64 `json:"tombstones"`
	Sessions   int64 `json:"sessions"`
}

func (t *Totals) add(o Totals) {
	t.Records += o.Records
	t.Tombstones += o.Tombstones
	t.Sessions += o.Sessions
}

// The tables, in the order of an export. A record may be seen before the tombstone that a later erasure leaves, and is
// never seen before its session was stored: so its tombstone and its session come later in the archive, and earlier in
// an import.
const (
	records    = "records"
	tombstones = "tombstones"
	sessions   = "sessions"
	end        = "end"
)

// manifest describes an archive. It is replaced in one stroke after every segment.
type manifest struct {
	Format int `json:"format"`
	// ID is random; every segment repeats it, so that none of another archive is taken for one of this.
	ID string `json:"id"`
	// Recipients are those the segments are encrypted to. With a passphrase it is one made for the archive, whose
	// identity is in the file key.age.
	Recipients []string  `json:"recipients"`
	Complete   bool      `json:"complete"`
	Totals     Totals    `json:"totals"`
	Segments   []segment `json:"segments"`
}

// segment is one file.
type segment struct {
	Name   string `json:"name"`
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Last is the token of the last row, where the next segment begins; empty for sessions.
	Last string `json:"last,omitempty"`
}

const (
	format       = 1
	manifestName = "manifest.json"
	keyName      = "key.age"
	unfinished   = ".unfinished"
)

func readManifest(dir string) (*manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := json.Unmarshal(raw, m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, ErrDamaged)
	}
	if m.Format != format {
		return nil, fmt.Errorf("%s: format %d is not known to this version", manifestName, m.Format)
	}
	for i, s := range m.Segments {
		if s.Name != name(s.Table, i) || s.Table == "" {
			return nil, fmt.Errorf("%s: segment %d is not called as it must be: %w", manifestName, i, ErrDamaged)
		}
	}
	return m, nil
}

func (m *manifest) write(dir string) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(dir, manifestName, append(raw, '\n'))
}

// digest ties the segments before the end together, in their order.
func (m *manifest) digest() string {
	h := sha256.New()
	for _, s := range m.Segments {
		if s.Table != end {
			fmt.Fprintf(h, "%s %d %d %s\n", s.Name, s.Rows, s.Size, s.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (m *manifest) count() Totals {
	var t Totals
	for _, s := range m.Segments {
		t.add(countOf(s.Table, s.Rows))
	}
	return t
}

func countOf(table string, rows int64) Totals {
	switch table {
	case records:
		return Totals{Records: rows}
	case tombstones:
		return Totals{Tombstones: rows}
	case sessions:
		return Totals{Sessions: rows}
	}
	return Totals{}
}

func name(table string, i int) string { return fmt.Sprintf("%06d-%s.age", i, table) }

// writeFile replaces a file in one stroke, durably.
func writeFile(dir, name string, content []byte) error {
	f, err := os.OpenFile(filepath.Join(dir, name+unfinished), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return finish(f, dir, name, err)
}

// finish closes a file that was written under its unfinished name and gives it the final one, durably.
func finish(f *os.File, dir, name string, err error) error {
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// digestOf is the digest and size of a file.
func digestOf(ctx context.Context, path string, read func(n int)) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, &watched{ctx, f, read})
	return hex.EncodeToString(h.Sum(nil)), n, err
}

// watched is a reader that ends with its context and says how much was read.
type watched struct {
	ctx  context.Context
	r    io.Reader
	read func(n int)
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.read(n)
	return n, err
}

// newKey makes the archive's own identity and writes it, encrypted with the passphrase. So the passphrase is stretched
// once, not once for every segment.
func newKey(dir, passphrase string) (recipient string, err error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", err
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(filepath.Join(dir, keyName+unfinished), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	w, err := age.Encrypt(f, r)
	if err == nil {
		_, err = io.WriteString(w, id.String()+"\n")
		err = cmp.Or(err, w.Close())
	}
	return id.Recipient().String(), finish(f, dir, keyName, err)
}

// openKey is the archive's own identity.
func openKey(dir, passphrase string) (*age.HybridIdentity, error) {
	f, err := os.Open(filepath.Join(dir, keyName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the archive was not made with a passphrase: give an identity")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, err
	}
	r, err := age.Decrypt(f, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: is it the passphrase of this archive?", keyName, err)
	}
	raw, err := io.ReadAll(io.LimitReader(r, 1<<14))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyName, err)
	}
	if len(raw) == 0 {
		return nil, fmt.Errorf("%s: %w", keyName, ErrDamaged)
	}
	key, err := age.ParseHybridIdentity(string(raw[:len(raw)-1]))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyName, ErrDamaged) // age's error may quote the key
	}
	return key, nil
}
