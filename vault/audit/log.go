package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Log is an open audit log. Its methods are safe for concurrent use; one process at a time may have a log open.
type Log struct {
	path string
	key  ed25519.PrivateKey
	file file
	head file
	held os.FileInfo // the file as it was opened: while path leads elsewhere, nothing written counts
	// fresh: Open found no entry.
	fresh bool

	mu      sync.Mutex
	closed  bool
	writing bool       // somebody is the leader
	idle    *sync.Cond // writing became false
	pending []*waiter

	// The leader's: size of the durable file, the end of its chain, and why nothing can be written any more.
	size   int64
	end    Head
	sum    digest
	broken error
}

// file is what the log needs of an *os.File.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Stat() (os.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// waiter is one Append that waits for its group's fsync.
type waiter struct {
	event Event
	entry Entry
	err   error
	done  chan struct{}
}

// groupBytes bounds what is written with one fsync.
const groupBytes = 1 << 20

// Append records the event. When it returns nil the entry, signed or followed by a signed one, is on disk. Concurrent
// calls share one fsync. ErrUnavailable: it is not, whatever the reason; the caller must deny what it was about to do.
// When ctx ends while waiting the event may be recorded nevertheless.
func (l *Log) Append(ctx context.Context, ev Event) (Entry, error) {
	entries, err := l.AppendAll(ctx, []Event{ev})
	if err != nil {
		return Entry{}, err
	}
	return entries[0], nil
}

// AppendAll records several events, in order, with as few fsyncs as one. When it fails, some may be recorded.
func (l *Log) AppendAll(ctx context.Context, evs []Event) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	waiters := make([]*waiter, len(evs))
	for i, ev := range evs {
		if ev.Time.IsZero() {
			ev.Time = time.Now()
		}
		ev.Time = ev.Time.UTC()
		waiters[i] = &waiter{event: ev, done: make(chan struct{})}
	}
	if err := l.enqueue(waiters); err != nil {
		return nil, err
	}
	entries := make([]Entry, len(evs))
	for i, w := range waiters {
		select {
		case <-w.done:
			if w.err != nil {
				return nil, w.err
			}
			entries[i] = w.entry
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return entries, nil
}

func (l *Log) enqueue(waiters []*waiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("%w: it is closed", ErrUnavailable)
	}
	l.pending = append(l.pending, waiters...)
	if !l.writing {
		l.writing = true
		go l.lead()
	}
	return nil
}

// lead writes groups until nobody waits.
func (l *Log) lead() {
	for {
		l.mu.Lock()
		group := l.pending
		l.pending = nil
		if len(group) == 0 {
			l.writing = false
			l.idle.Broadcast()
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for len(group) > 0 {
			n := l.writeGroup(group)
			for _, w := range group[:n] {
				close(w.done)
			}
			group = group[n:]
		}
	}
}

// writeGroup writes events of the group as one and returns how many of them it has dealt with.
func (l *Log) writeGroup(group []*waiter) int {
	var buf []byte
	end, sum := l.end, l.sum
	var written []*waiter
	n := 0
	for ; n < len(group) && len(buf) < groupBytes; n++ {
		w := group[n]
		before := len(buf)
		line, next, err := appendLine(buf, end.Sequence+1, w.event, sum)
		if err != nil {
			w.err = err
			buf = buf[:before]
			continue
		}
		buf, sum = append(line, '\n'), next
		w.entry = Entry{Sequence: end.Sequence + 1, Event: w.event, Prev: end.Hash, Hash: fmt.Sprintf("%x", next)}
		end.Sequence, end.Hash = w.entry.Sequence, w.entry.Hash
		written = append(written, w)
	}
	if len(written) == 0 {
		return n
	}
	buf, end = sign(buf[:len(buf)-1], l.key, end.Sequence, sum)
	buf = append(buf, '\n')
	written[len(written)-1].entry.Signature = end.Signature
	if err := l.write(buf); err != nil {
		for _, w := range written {
			w.entry, w.err = Entry{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return n
	}
	l.mu.Lock()
	l.size += int64(len(buf))
	l.end, l.sum = end, sum
	l.mu.Unlock()
	l.writeHead(end)
	return n
}

// write appends buf durably, or leaves the file as it was. After a failed fsync nobody knows what is on disk: then the
// log stays unavailable until it is opened again.
func (l *Log) write(buf []byte) error {
	if l.broken != nil {
		return l.broken
	}
	if err := l.inPlace(); err != nil {
		return err
	}
	if _, err := l.file.WriteAt(buf, l.size); err != nil {
		if cut := l.file.Truncate(l.size); cut != nil {
			l.broken = errors.Join(err, cut)
		}
		return err
	}
	if err := l.file.Sync(); err != nil {
		l.broken = fmt.Errorf("until it is opened again: %w", err)
		return l.broken
	}
	return l.inPlace()
}

// inPlace reports an error when the log's path no longer leads to the file that is written. An entry in a file that
// was moved away or deleted is in no audit log.
func (l *Log) inPlace() error {
	info, err := os.Stat(l.path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(info, l.held):
		l.broken = errors.New("the log was moved, replaced or deleted; until it is opened again")
		return l.broken
	default:
		return err
	}
}

// headSize is the fixed length of the head file: it is overwritten in place, in one write of less than a sector.
const headSize = 256

// writeHead notes the newest end. It is not synced each time and may fail: behind the log it is merely less sharp, and
// ahead of the durable log it cannot be.
func (l *Log) writeHead(h Head) {
	b, err := json.Marshal(h)
	if err != nil || len(b) >= headSize {
		return
	}
	b = append(b, bytes.Repeat([]byte{' '}, headSize-1-len(b))...)
	_, _ = l.head.WriteAt(append(b, '\n'), 0)
}

// readHead reads a head file; the zero Head when it is empty.
func readHead(r io.ReaderAt) (Head, error) {
	b, err := io.ReadAll(io.NewSectionReader(r, 0, headSize))
	if err != nil || len(bytes.TrimSpace(b)) == 0 {
		return Head{}, err
	}
	var h Head
	if err := json.Unmarshal(b, &h); err != nil {
		return Head{}, fmt.Errorf("damaged: %w", errLine)
	}
	return h, nil
}

// Fresh reports whether Open found no entry.
func (l *Log) Fresh() bool { return l.fresh }

// Head is the end of the chain as of now.
func (l *Log) Head() Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end
}

// Path is where the log is.
func (l *Log) Path() string { return l.path }

// PublicKey checks the log's signatures.
func (l *Log) PublicKey() ed25519.PublicKey { return l.key.Public().(ed25519.PublicKey) }

// Close waits for the events being written and closes the files.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	for l.writing {
		l.idle.Wait()
	}
	return errors.Join(l.head.Sync(), l.head.Close(), l.file.Close())
}
