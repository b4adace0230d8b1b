package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// zeroHash is the prev of the first entry.
var zeroHash = hex.EncodeToString(make([]byte, len(digest{})))

// HeadPath is where the newest signed end of the log at path is kept.
func HeadPath(path string) string { return path + ".head" }

// Open opens the log at path, mode 0600, and creates it when there is none. What follows the last signed line was never
// answered for: it is set aside in <path>.torn-<sequence> and the log says so in an entry of its own. A log that ends
// before its head does was truncated: it goes on, and an entry says so for ever.
func Open(path string, key ed25519.PrivateKey) (*Log, error) {
	l := &Log{path: path, key: key}
	l.idle = sync.NewCond(&l.mu)
	if err := l.open(); err != nil {
		if l.file != nil {
			_ = l.file.Close()
		}
		if l.head != nil {
			_ = l.head.Close()
		}
		return nil, fmt.Errorf("open audit log %s: %w", path, err)
	}
	return l, nil
}

func (l *Log) open() (err error) {
	if l.file, err = openFile(l.path); err != nil {
		return err
	}
	if l.held, err = l.file.Stat(); err != nil {
		return err
	}
	if l.head, err = openFile(HeadPath(l.path)); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(l.path)); err != nil {
		return err
	}
	size, last, err := lastSigned(l.file, l.PublicKey())
	if err != nil {
		return err
	}
	l.fresh = last == nil
	if err := l.resume(size, last); err != nil {
		return err
	}
	head, headErr := readHead(l.head)
	torn, err := l.setAside()
	if err != nil {
		return err
	}
	return l.report(torn, head, headErr)
}

func openFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err // not a nil *os.File in an interface
	}
	return f, nil
}

// resume sets the log to the end after size bytes.
func (l *Log) resume(size int64, last *Entry) error {
	l.size, l.end = size, Head{Hash: zeroHash}
	if last == nil {
		return nil
	}
	l.end = last.head()
	_, err := hex.Decode(l.sum[:], []byte(last.Hash))
	return err
}

// report records what Open found that must not pass in silence.
func (l *Log) report(torn int64, head Head, headErr error) error {
	was := l.end
	if torn > 0 {
		ev := Event{Actor: "vault", Action: ActionRecovered, Outcome: OutcomeOK, Count: int(torn), Reason: "bytes after the last signed entry set aside in " +
			filepath.Base(l.tornPath(was.Sequence))}
		if _, err := l.Append(context.Background(), ev); err != nil {
			return err
		}
	}
	reason := ""
	switch {
	case headErr != nil:
		reason = "head file is damaged"
	case head.Sequence == 0 && was.Sequence > 0:
		reason = "head file is missing"
	case head.Sequence == 0:
		return nil
	case !head.verify(l.PublicKey()):
		reason = "head file is not signed by this vault"
	case head.Sequence > was.Sequence:
		reason = "log ended at entry " + strconv.FormatUint(was.Sequence, 10) + ", its head at " + strconv.FormatUint(head.Sequence, 10)
	case head.Sequence == was.Sequence && head.Hash != was.Hash:
		reason = "log and its head end differently"
	default:
		return nil
	}
	_, err := l.Append(context.Background(), Event{Actor: "vault", Action: ActionTruncated, Outcome: OutcomeFailed, Reason: reason})
	return err
}

func (l *Log) tornPath(seq uint64) string { return fmt.Sprintf("%s.torn-%d", l.path, seq) }

// setAside moves what follows the durable end into a file of its own.
func (l *Log) setAside() (int64, error) {
	info, err := l.file.Stat()
	if err != nil {
		return 0, err
	}
	torn := info.Size() - l.size
	if torn <= 0 {
		return 0, nil
	}
	// Appending: a second crash at the same entry must not overwrite what the first left.
	aside, err := os.OpenFile(l.tornPath(l.end.Sequence), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(aside, io.NewSectionReader(l.file, l.size, torn))
	if err := errors.Join(err, aside.Sync(), aside.Close()); err != nil {
		return 0, err
	}
	return torn, errors.Join(l.file.Truncate(l.size), l.file.Sync())
}

// lastSigned finds the last line that bears a valid signature, and the size of the file up to its end. It reads
// backwards, so opening a long log is as quick as a short one; whether the chain before it is whole is for Verify.
func lastSigned(f file, key ed25519.PublicKey) (int64, *Entry, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, nil, err
	}
	end := info.Size()
	for window := int64(64 << 10); ; window *= 4 {
		start := max(0, end-window)
		buf := make([]byte, end-start)
		if _, err := f.ReadAt(buf, start); err != nil && !errors.Is(err, io.EOF) {
			return 0, nil, err
		}
		for stop := len(buf); stop > 0; {
			nl := bytes.LastIndexByte(buf[:stop], '\n')
			if nl < 0 {
				break
			}
			first := bytes.LastIndexByte(buf[:nl], '\n') + 1
			if first == 0 && start > 0 {
				break // the line begins before the window
			}
			if e, sum, err := parseLine(buf[first:nl]); err == nil && e.Hash == hex.EncodeToString(sum[:]) {
				if h := e.head(); h.verify(key) {
					return start + int64(nl) + 1, &e, nil
				}
			}
			stop = first
		}
		if start == 0 {
			return 0, nil, nil
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
