package audit

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Report is what Verify found.
type Report struct {
	Entries    uint64
	Signatures uint64
	// First is the action of the first entry.
	First string
	// Head is the end of the log.
	Head Head
	// Faults say what is wrong, first fault first; at most maxFaults. None: the log is whole.
	Faults []Fault
}

// Fault is one thing wrong with a log.
type Fault struct {
	// Line is where, counted from 1; 0 when it is about the log as a whole.
	Line uint64
	What string
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.What
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.What)
}

// Intact reports whether nothing is wrong.
func (r *Report) Intact() bool { return len(r.Faults) == 0 }

const maxFaults = 100

func (r *Report) fault(line uint64, what string) {
	if len(r.Faults) < maxFaults {
		r.Faults = append(r.Faults, Fault{line, what})
	}
}

// Verify reads the whole log at path and reports every cut, edit, swap and addition, and that its end is missing, as
// far as its head file or any of the known heads reach. An error says that the log could not be read, not that it is
// bad. For a log that is open in this process see [Log.Verify].
func Verify(ctx context.Context, path string, key ed25519.PublicKey, known ...Head) (*Report, error) {
	return verify(ctx, path, math.MaxInt64, key, known)
}

// Verify is the function Verify for this log, up to its end as of now; it knows that end from memory.
func (l *Log) Verify(ctx context.Context) (*Report, error) {
	l.mu.Lock()
	size, end := l.size, l.end
	l.mu.Unlock()
	return verify(ctx, l.path, size, l.PublicKey(), []Head{end})
}

func verify(ctx context.Context, path string, limit int64, key ed25519.PublicKey, known []Head) (*Report, error) {
	head, headErr := loadHead(path)
	r := &Report{Head: Head{Hash: zeroHash}}
	v := &verifier{report: r, key: key, hashes: map[uint64]string{}}
	known = append(known, head)
	for _, h := range known {
		v.hashes[h.Sequence] = ""
	}
	if err := scan(ctx, path, limit, v.line); err != nil {
		return nil, err
	}
	if v.unsigned > 0 {
		r.fault(0, fmt.Sprintf("the last %d lines are not signed: added or damaged later, or left by a crash and set aside at the vault's next start", v.unsigned))
	}
	switch {
	case headErr != nil:
		r.fault(0, "head file cannot be read or is damaged")
	case head.Sequence == 0 && r.Entries > 0:
		r.fault(0, "head file is missing or empty")
	case head.Sequence > 0 && !head.verify(key):
		r.fault(0, "head file is not signed by this vault")
	}
	for _, h := range known {
		if h.Sequence == 0 || limit < math.MaxInt64 && h.Sequence > known[0].Sequence {
			continue // nothing, or the head of what was appended since
		}
		if h.Sequence > r.Head.Sequence {
			r.fault(0, fmt.Sprintf("truncated: it ends at entry %d and was known to reach %d", r.Head.Sequence, h.Sequence))
		} else if got := v.hashes[h.Sequence]; got != h.Hash {
			r.fault(0, fmt.Sprintf("entry %d is not the one it was known to be", h.Sequence))
		}
	}
	return r, nil
}

func loadHead(path string) (Head, error) {
	f, err := os.Open(HeadPath(path))
	if errors.Is(err, os.ErrNotExist) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, err
	}
	defer func() { _ = f.Close() }()
	return readHead(f)
}

// verifier walks the chain.
type verifier struct {
	report   *Report
	key      ed25519.PublicKey
	n        uint64
	unsigned uint64
	hashes   map[uint64]string // of the sequences asked for
}

func (v *verifier) line(line []byte, whole bool) error {
	r := v.report
	v.n++
	v.unsigned++
	e, sum, err := parseLine(line)
	if err != nil || !whole {
		r.fault(v.n, "not an audit entry")
		return nil
	}
	r.Entries++
	if r.Entries == 1 {
		r.First = e.Action
	}
	if e.Sequence != r.Head.Sequence+1 {
		r.fault(v.n, fmt.Sprintf("entry %d follows entry %d: entries are missing, repeated or swapped", e.Sequence, r.Head.Sequence))
	}
	if e.Prev != r.Head.Hash {
		r.fault(v.n, "the chain is broken: it does not follow the entry before it")
	}
	if got := hex.EncodeToString(sum[:]); e.Hash != got {
		r.fault(v.n, "edited: its hash is not that of its content")
	}
	if e.Action == ActionTruncated {
		r.fault(v.n, "the vault found its log truncated: "+e.Reason)
	}
	if len(e.Signature) > 0 {
		if h := e.head(); h.verify(v.key) {
			r.Signatures++
			v.unsigned = 0
		} else {
			r.fault(v.n, "its signature is not the vault's")
		}
	}
	r.Head = e.head()
	if _, asked := v.hashes[e.Sequence]; asked {
		v.hashes[e.Sequence] = e.Hash
	}
	return nil
}

// scan calls fn for every line of the file's first limit bytes, whole when it ended with a newline and was not too
// long. The line is valid until fn returns.
func scan(ctx context.Context, path string, limit int64, fn func(line []byte, whole bool) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	r := bufio.NewReaderSize(io.LimitReader(f, limit), MaxLine)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		line, err := r.ReadSlice('\n')
		whole := err == nil
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		if tooLong {
			for line = nil; errors.Is(err, bufio.ErrBufferFull); {
				_, err = r.ReadSlice('\n')
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read audit log: %w", err)
		}
		if whole {
			line = line[:len(line)-1]
		}
		if whole || tooLong || len(line) > 0 {
			if err := fn(line, whole); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// Read calls fn for every entry of the log at path, in order, until fn returns an error, which Read returns. It checks
// nothing: see Verify. A line that is not an entry is passed over; bad counts them.
func Read(ctx context.Context, path string, fn func(Entry) error) (bad int, err error) {
	err = scan(ctx, path, math.MaxInt64, func(line []byte, whole bool) error {
		e, _, err := parseLine(line)
		if err != nil || !whole {
			bad++
			return nil
		}
		return fn(e)
	})
	return bad, err
}
