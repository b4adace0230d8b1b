package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/cloakroom/cloakroom/vault/store"
)

var (
	// ErrDamaged says that files of the store are missing or are not what the store wrote. Nothing was changed.
	ErrDamaged = fmt.Errorf("%w: restore the directory from a backup", store.ErrDamaged)
	// ErrMissing says that there is no store where one must be.
	ErrMissing = fmt.Errorf("is missing or empty: restore it from a backup: %w", store.ErrUnavailable)
)

// ledger is the file STORE: it says that here is a store, and how much of its manifest was durable. Pebble takes a
// manifest that was cut for one that was never longer and deletes the tables it does not name; so the manifest is held
// against the ledger before Pebble may touch the directory.
//
// It is written over in place, in one write of less than a sector, after every sync of a manifest, and synced. So it is
// never ahead of the manifest:
//
//	cloakroom store v1 <CRC-32C of what follows, hex>
//	MANIFEST-000001 4711
//
// followed by spaces up to ledgerSize. A ledger without manifests is that of a store being created, which never
// acknowledged anything.
type ledger struct {
	fs   vfs.FS
	path string

	mu   sync.Mutex
	file vfs.File
	// creating keeps the file as it is: nothing is noted of a store before it is whole.
	creating bool
	// manifests are the current one and, until Pebble's marker names it, the next one.
	manifests []manifest
}

type manifest struct {
	name   string
	synced int64
}

const (
	ledgerName   = "STORE"
	ledgerHeader = "cloakroom store v1"
	ledgerSize   = 256

	manifestPrefix = "MANIFEST-"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (l *ledger) append(dst []byte) []byte {
	var body []byte
	for _, m := range l.manifests {
		body = fmt.Appendf(body, "%s %d\n", m.name, m.synced)
	}
	dst = fmt.Appendf(dst, "%s %08x\n%s", ledgerHeader, crc32.Checksum(body, castagnoli), body)
	return append(dst, bytes.Repeat([]byte{' '}, ledgerSize-len(dst))...)
}

func parseLedger(raw []byte) ([]manifest, error) {
	head, body, _ := bytes.Cut(bytes.TrimRight(raw, " "), []byte("\n"))
	if want := fmt.Sprintf("%s %08x", ledgerHeader, crc32.Checksum(body, castagnoli)); string(head) != want {
		return nil, fmt.Errorf("%s is not what was written there: %w", ledgerName, ErrDamaged)
	}
	var manifests []manifest
	for line := range strings.Lines(string(body)) {
		var m manifest
		if _, err := fmt.Sscanf(line, "%s %d\n", &m.name, &m.synced); err != nil {
			return nil, fmt.Errorf("%s: %w", ledgerName, ErrDamaged)
		}
		manifests = append(manifests, m)
	}
	return manifests, nil
}

// openLedger verifies the store in dir and changes nothing that is there. Where there is none yet, or one whose creation
// was interrupted, the ledger is, durably, that of a store being created; mustExist makes that ErrMissing.
func openLedger(fs vfs.FS, dir string, mustExist bool) (*ledger, error) {
	l := &ledger{fs: fs, path: fs.PathJoin(dir, ledgerName)}
	raw, err := readAll(fs, l.path)
	switch {
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	case len(bytes.Trim(raw, "\x00")) == 0: // or it was being created when the power went
		err = l.pristine(dir)
	default:
		l.manifests, err = parseLedger(raw)
	}
	if err != nil {
		return nil, err
	}
	if l.creating = len(l.manifests) == 0; l.creating {
		if mustExist {
			return nil, ErrMissing
		}
		return l, l.create(dir)
	}
	if err := l.verify(dir); err != nil {
		return nil, err
	}
	l.file, err = fs.OpenReadWrite(l.path, vfs.WriteCategoryUnspecified)
	return l, err
}

// pristine refuses a directory that holds parts of a store.
func (l *ledger) pristine(dir string) error {
	names, err := l.fs.List(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, name := range names {
		log, kept := strings.HasSuffix(name, ".log"), strings.HasPrefix(name, manifestPrefix) || strings.HasPrefix(name, "marker.")
		if log || kept || table(name) {
			return fmt.Errorf("%s is missing beside %s: %w", ledgerName, name, ErrDamaged)
		}
	}
	return nil
}

func (l *ledger) create(dir string) (err error) {
	if l.file, err = l.fs.Create(l.path, vfs.WriteCategoryUnspecified); err != nil {
		return err
	}
	if _, err := l.file.Write(l.append(nil)); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	d, err := l.fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// verify holds the current manifest against what was durable of it.
func (l *ledger) verify(dir string) error {
	desc, err := pebble.Peek(dir, l.fs)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if !desc.Exists {
		return fmt.Errorf("the marker of the current manifest is missing: %w", ErrDamaged)
	}
	name := l.fs.PathBase(desc.ManifestFilename)
	for _, m := range l.manifests {
		if m.name == name {
			// Others will never be current, and their names may come again.
			l.manifests = []manifest{m}
			return l.verifyManifest(l.fs.PathJoin(dir, name), m)
		}
	}
	return fmt.Errorf("%s is not the manifest that was in use: %w", name, ErrDamaged)
}

func (l *ledger) verifyManifest(path string, m manifest) error {
	f, err := l.fs.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", m.name, ErrDamaged, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < m.synced {
		return fmt.Errorf("%s is cut, %d of %d bytes are left: %w", m.name, info.Size(), m.synced, ErrDamaged)
	}
	// What follows the durable part, a crash may have torn.
	records := record.NewReader(io.LimitReader(f, m.synced), 0)
	for {
		r, err := records.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			return fmt.Errorf("%s does not read: %w: %w", m.name, ErrDamaged, err)
		}
	}
}

// createdWhole ends the creation of the store.
func (l *ledger) createdWhole() error {
	l.creating = false
	last := l.manifests[len(l.manifests)-1]
	return l.synced(last.name, last.synced)
}

// synced notes that so many bytes of a manifest are durable.
func (l *ledger) synced(name string, size int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.manifests) - 1
	if last < 0 || l.manifests[last].name != name {
		l.manifests = append(l.manifests, manifest{name: name})
		if last > 0 {
			l.manifests = l.manifests[last:] // the one before the last cannot become current any more
		}
		last = len(l.manifests) - 1
	}
	l.manifests[last].synced = size
	if l.creating {
		return nil
	}
	if _, err := l.file.WriteAt(l.append(make([]byte, 0, ledgerSize)), 0); err != nil {
		return err
	}
	return l.file.SyncData()
}

func (l *ledger) close() error {
	if l == nil || l.file == nil {
		return nil
	}
	return l.file.Close()
}

func readAll(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
