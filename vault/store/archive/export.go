package archive

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/cloakroom/cloakroom/vault/store"
)

// ExportOptions say where to and for whom.
type ExportOptions struct {
	// Dir is a new or empty directory, or that of an export of the same store that did not end, which goes on then.
	Dir string
	// Recipients are age recipients, age1…; Passphrase takes their place.
	Recipients []string
	Passphrase string
	// SegmentSize is how many bytes of rows end a segment. Default 64 MiB. What a killed export does again.
	SegmentSize int64
	// Progress is told after every row how many are in the archive.
	Progress func(rows int64)
}

// exporter is an export under way.
type exporter struct {
	ExportOptions
	m          *manifest
	recipients []age.Recipient
	rows       int64 // in finished segments and in this one
	now        *writer
	buf        []byte
}

// Export writes what s holds into a directory. What is stored or erased meanwhile may be in it or not.
//
// An export that goes on reads tombstones and sessions from their beginning, as some may have come since; the records
// it had stay.
func Export(ctx context.Context, s store.Store, o ExportOptions) (Totals, error) {
	if o.SegmentSize <= 0 {
		o.SegmentSize = 64 << 20
	}
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	e := &exporter{ExportOptions: o}
	if err := e.begin(); err != nil {
		return Totals{}, err
	}
	if e.m.Complete {
		return e.m.Totals, nil
	}
	if err := e.tables(ctx, s); err != nil {
		if e.now != nil {
			err = errors.Join(err, e.now.file.Close())
		}
		return Totals{}, err
	}
	return e.m.Totals, e.seal()
}

// begin makes the directory, or finds what an earlier export left in it.
func (e *exporter) begin() (err error) {
	if (e.Passphrase == "") == (len(e.Recipients) == 0) {
		return errors.New("an archive is encrypted: give either recipients or a passphrase")
	}
	if err := os.MkdirAll(e.Dir, 0o700); err != nil {
		return err
	}
	e.m, err = readManifest(e.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = e.create()
	} else if err == nil {
		err = e.resume()
	}
	if err != nil {
		return err
	}
	e.recipients, err = age.ParseRecipients(strings.NewReader(strings.Join(e.m.Recipients, "\n")))
	return err
}

func (e *exporter) create() error {
	there, err := os.ReadDir(e.Dir)
	if err != nil {
		return err
	}
	for _, f := range there {
		// What an export leaves that was killed before it wrote its manifest.
		if f.Name() != keyName && !strings.HasSuffix(f.Name(), unfinished) {
			return fmt.Errorf("%s is neither empty nor an archive: it holds %s", e.Dir, f.Name())
		}
	}
	recipients := e.Recipients
	if e.Passphrase != "" {
		own, err := newKey(e.Dir, e.Passphrase)
		if err != nil {
			return err
		}
		recipients = []string{own}
	}
	// Before anything is written that nobody could read.
	if _, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n"))); err != nil {
		return fmt.Errorf("a recipient is not one of age: %w", err)
	}
	e.m = &manifest{Format: format, ID: rand.Text(), Recipients: recipients}
	return e.m.write(e.Dir)
}

func (e *exporter) resume() error {
	if e.Passphrase != "" {
		key, err := openKey(e.Dir, e.Passphrase)
		if err != nil {
			return err
		}
		e.Recipients = []string{key.Recipient().String()}
	}
	if !slices.Equal(e.Recipients, e.m.Recipients) {
		return fmt.Errorf("%s holds an export for other recipients", e.Dir)
	}
	if e.m.Complete {
		return nil
	}
	keep := 0
	for keep < len(e.m.Segments) && e.m.Segments[keep].Table == records {
		e.rows += e.m.Segments[keep].Rows
		keep++
	}
	e.m.Segments = e.m.Segments[:keep]
	return e.m.write(e.Dir)
}

func (e *exporter) tables(ctx context.Context, s store.Store) error {
	after := ""
	if n := len(e.m.Segments); n > 0 {
		after = e.m.Segments[n-1].Last
	}
	err := s.EachRecord(ctx, after, func(r store.Record) error {
		e.buf = appendRecord(e.buf[:0], &r)
		return e.add(records, r.Token)
	})
	if err = errors.Join(err, e.cut(err)); err != nil {
		return err
	}
	err = s.EachTombstone(ctx, "", func(t store.Tombstone) error {
		e.buf = appendTombstone(e.buf[:0], &t)
		return e.add(tombstones, t.Token)
	})
	if err = errors.Join(err, e.cut(err)); err != nil {
		return err
	}
	err = s.EachSession(ctx, nil, func(n store.Session) error {
		e.buf = appendSession(e.buf[:0], &n)
		return e.add(sessions, "")
	})
	return errors.Join(err, e.cut(err))
}

// add writes the row in buf.
func (e *exporter) add(table, last string) (err error) {
	if e.now == nil {
		if e.now, err = e.open(table); err != nil {
			return err
		}
	}
	if err := e.now.row(e.buf); err != nil {
		return err
	}
	e.now.Rows++
	e.now.Last = last
	e.rows++
	e.Progress(e.rows)
	if e.now.plain < e.SegmentSize {
		return nil
	}
	return e.cut(nil)
}

// cut finishes the segment that is being written, unless the export failed.
func (e *exporter) cut(failed error) error {
	if e.now == nil || failed != nil {
		return nil
	}
	w := e.now
	e.now = nil
	if err := w.finish(e.Dir); err != nil {
		return err
	}
	e.m.Segments = append(e.m.Segments, w.segment)
	return e.m.write(e.Dir)
}

// ending is the row of the last segment.
type ending struct {
	Totals Totals `json:"totals"`
	Digest string `json:"digest"`
}

// seal ends the archive.
func (e *exporter) seal() (err error) {
	e.m.Totals = e.m.count()
	if e.now, err = e.open(end); err != nil {
		return err
	}
	if e.buf, err = json.Marshal(ending{e.m.Totals, e.m.digest()}); err != nil {
		return err
	}
	if err := e.now.row(e.buf); err != nil {
		return err
	}
	e.m.Complete = true // written together with the segment
	return e.cut(nil)
}

// writer writes a segment.
type writer struct {
	segment
	file   *os.File
	out    *bufio.Writer // to file and digest
	digest hash.Hash
	age    io.WriteCloser
	in     *bufio.Writer // to age
	plain  int64         // bytes of rows
	head   [binary.MaxVarintLen64]byte
}

func (e *exporter) open(table string) (*writer, error) {
	w := &writer{segment: segment{Name: name(table, len(e.m.Segments)), Table: table}, digest: sha256.New()}
	var err error
	if w.file, err = os.OpenFile(filepath.Join(e.Dir, w.Name+unfinished), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err != nil {
		return nil, err
	}
	w.out = bufio.NewWriterSize(io.MultiWriter(w.file, w.digest), 1<<17)
	if w.age, err = age.Encrypt(w.out, e.recipients...); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	w.in = bufio.NewWriterSize(w.age, 1<<16)
	if err := w.row(appendString(appendString(nil, e.m.ID), w.Name)); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	return w, nil
}

func (w *writer) row(b []byte) error {
	n := binary.PutUvarint(w.head[:], uint64(len(b)))
	w.plain += int64(n + len(b))
	if _, err := w.in.Write(w.head[:n]); err != nil {
		return err
	}
	_, err := w.in.Write(b)
	return err
}

func (w *writer) finish(dir string) error {
	err := w.in.Flush()
	if err == nil {
		err = w.age.Close()
	}
	if err == nil {
		err = w.out.Flush()
	}
	if info, e := w.file.Stat(); e == nil {
		w.Size = info.Size()
	}
	w.SHA256 = hex.EncodeToString(w.digest.Sum(nil))
	return finish(w.file, dir, w.Name, err)
}
