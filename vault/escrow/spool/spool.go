// Package spool keeps sealed records on an agent's disk until the vault has them.
//
// [Spool.Append] returns when the records are on disk, with one fsync for all that append together; what was appended is
// shipped to the vault in the order it came, through outages of any length, restarts and crashes. What lies on disk is
// ciphertext that this agent cannot open: sealed records and the headers of their sessions, as they travel to the
// vault. A spool is bounded: when it is full, or its disk is, Append fails with [ErrFull] until the vault has taken
// something.
//
// The directory holds
//
//	lock                       one process at a time
//	vault                      which vault it belongs to: a hash of its recognition key
//	0000000000000001.seg       records in order of appending; removed when the vault has them all
//	denied-0000000000000001.seg  records that the vault may not take from this agent now: tried at start and hourly
//	reserve                    a little room for those, should the disk be full
//	quarantine/                bytes that do not read any more
package spool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Settings of a [Spool].
type Settings struct {
	// Directory is where it lives, mode 0700. Created when it is not there.
	Directory string
	// MaxBytes bounds its files. 0: 1 GiB. At least 64 KiB.
	MaxBytes int64
	// Timeout bounds one call to the vault. 0: 10 s.
	Timeout time.Duration
	// Logger. nil: nobody.
	Logger *zap.Logger
	Hooks  Hooks
}

// Hooks are told what the spool does, for metrics. Each may be nil, must be safe for concurrent use and must not call
// the spool.
type Hooks struct {
	// Shipped is called with the records that the vault has taken.
	Shipped func(records int)
	// Refused is called with the records that the vault refused and why: "invalid", "expired" or "denied".
	Refused func(reason string, records int)
	// Full is called with the records that were not appended because there was no room.
	Full func(records int)
	// Retry is called after a call to the vault that failed.
	Retry func(error)
	// Drained is called whenever the vault has all that was appended.
	Drained func()
	// Breaker is called when the circuit breaker changes: "closed", "half-open", "open".
	Breaker func(state string)
	// At is called at the points where a crash is interesting, by name: "before append", "after append", "before
	// sync", "after sync", "before ship", "after ship", "before remove", "after remove". For tests that kill.
	At func(point string)
}

// Defaults and bounds of [Settings].
const (
	DefaultMaxBytes = 1 << 30
	MinMaxBytes     = 64 << 10
	defaultTimeout  = 10 * time.Second
)

var (
	// ErrFull says that there is no room on disk. It wraps [token.ErrUnavailable]: room comes back as the vault takes
	// what is there.
	ErrFull = fmt.Errorf("%w: the spool is full", token.ErrUnavailable)
	// ErrForeign says that the spool holds records of another vault than the one it is to ship to.
	ErrForeign = fmt.Errorf("%w: the spool belongs to another vault", token.ErrUnavailable)
	// ErrClosed is returned after Close.
	ErrClosed = fmt.Errorf("%w: the spool is closed", token.ErrUnavailable)
	// ErrLocked says that another process uses the directory.
	ErrLocked = errors.New("spool is in use by another process")
)

// Stats is how a spool is doing.
type Stats struct {
	Depth       int       // records that the vault does not have yet
	Bytes       int64     // of all its files
	MaxBytes    int64     // what Bytes may become
	Oldest      time.Time // when the oldest of Depth was appended; zero when there is none
	Denied      int       // records set aside, not in Depth
	Quarantined int64     // bytes that do not read any more
	Breaker     string    // "closed"; "open", or after a while "half-open", from the failure that opened it to a call that succeeds

	// Running totals of this process.
	Appended, Shipped, Invalid, Expired, Full, Retries uint64
}

// Age is how long the oldest record has waited at now.
func (s Stats) Age(now time.Time) time.Duration {
	if s.Oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Oldest))
}

// Spool is safe for concurrent use.
type Spool struct {
	settings    Settings
	segmentSize int64
	unlock      func() error
	log         *zap.Logger

	mu          sync.Mutex
	segments    []*segment // oldest first; the last one is written to while active is set
	denied      []*segment
	nextSeq     uint64
	nextDenied  uint64
	bytes       int64 // of all files
	reserved    int64 // of appends under way
	quarantined int64
	shipped     int // records of segments[0] that the vault has
	oldest      int64
	group       *group
	belongs     string // the hash in the file "vault"; empty before the first
	foreign     error
	closed      bool

	fileMu   sync.Mutex // guards active and what is written to it; taken before mu
	active   *os.File
	sessions map[[16]byte]int64 // where each was last written in the active segment
	buf      []byte

	bound     chan struct{} // closed once the vault is known to be the spool's
	boundOnce sync.Once
	write     chan struct{}
	wake      chan struct{}
	kick      chan struct{}
	closing   chan struct{}
	writerEnd chan struct{}
	shipper   *shipper
	ctx       context.Context
	cancel    context.CancelFunc
	once      sync.Once
	err       error

	appended, sent, invalid, expired, full, retries atomic.Uint64
	limitRecords, limitBytes                        atomic.Int64
}

// group is what goes to disk with one fsync.
type group struct {
	parts   []part
	size    int64
	records int
	first   int64
	done    chan struct{}
	err     error
}

// Open opens the spool in a directory. It reads all that is there once, to cut what a crash tore and to count. Close
// it. Appending works at once; shipping begins with [Spool.Start] and [Spool.Bind].
func Open(s Settings) (*Spool, error) {
	s.MaxBytes = max(cmp.Or(s.MaxBytes, DefaultMaxBytes), MinMaxBytes)
	s.Timeout = cmp.Or(s.Timeout, defaultTimeout)
	if s.Logger == nil {
		s.Logger = zap.NewNop()
	}
	sp := &Spool{
		settings: s, log: s.Logger, segmentSize: min(max(s.MaxBytes/16, 16<<10), 4<<20),
		nextSeq: 1, nextDenied: 1, sessions: map[[16]byte]int64{},
		bound: make(chan struct{}), write: make(chan struct{}, 1), wake: make(chan struct{}, 1), kick: make(chan struct{}, 1),
		closing: make(chan struct{}), writerEnd: make(chan struct{}),
	}
	sp.limitRecords.Store(defaultRecords)
	sp.limitBytes.Store(defaultBytes)
	if err := sp.open(); err != nil {
		if sp.unlock != nil {
			err = errors.Join(err, sp.unlock())
		}
		return nil, fmt.Errorf("open spool %s: %w", s.Directory, err)
	}
	sp.ctx, sp.cancel = context.WithCancel(context.Background())
	sp.shipper = newShipper(sp)
	go sp.writer()
	return sp, nil
}

func (s *Spool) open() (err error) {
	if err := privateDir(s.settings.Directory); err != nil {
		return err
	}
	if s.unlock, err = lock(s.path("lock")); err != nil {
		return err
	}
	if err := s.readOwner(); err != nil {
		return err
	}
	if err := s.readSegments(); err != nil {
		return err
	}
	s.reserve()
	return nil
}

func (s *Spool) path(name string) string { return filepath.Join(s.settings.Directory, name) }

func (s *Spool) at(point string) {
	if s.settings.Hooks.At != nil {
		s.settings.Hooks.At(point)
	}
}

// privateDir makes a directory that only its owner can enter, or checks that the one there is.
func privateDir(dir string) error {
	if dir == "" {
		return errors.New("no directory")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("mode %#o lets others in: make it 0700", perm)
	}
	return nil
}

// Append writes the records of a request, with their sessions, and returns when they are on disk. It fails with
// [ErrFull], [ErrForeign] or [ErrClosed]. When ctx ends first, they may be appended all the same.
func (s *Spool) Append(ctx context.Context, r *vaultpb.EscrowRequest) error {
	now := time.Now()
	parts, size, err := encode(r, now)
	if err != nil {
		return fmt.Errorf("spool %d records: %w", len(r.Records), err)
	}
	g, err := s.join(parts, size, len(r.Records), now)
	if err != nil {
		return err
	}
	signal(s.write)
	select {
	case <-g.done:
		if g.err != nil {
			s.refuse(len(r.Records))
		}
		return g.err
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", token.ErrUnavailable, ctx.Err())
	}
}

// join reserves room and adds the parts to the group that is written next.
func (s *Spool) join(parts []part, size int64, records int, now time.Time) (*group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.foreign != nil:
		return nil, s.foreign
	case s.bytes+s.reserved+size > s.settings.MaxBytes:
		signal(s.wake) // the shipper gives back what it holds on to for economy
		s.refuse(records)
		return nil, fmt.Errorf("%w: %d of %d bytes are used", ErrFull, s.bytes+s.reserved, s.settings.MaxBytes)
	}
	s.reserved += size
	if s.group == nil {
		s.group = &group{done: make(chan struct{}), first: now.UnixNano()}
	}
	s.group.parts = append(s.group.parts, parts...)
	s.group.size += size
	s.group.records += records
	return s.group, nil
}

func (s *Spool) refuse(records int) {
	s.full.Add(uint64(records))
	if s.settings.Hooks.Full != nil {
		s.settings.Hooks.Full(records)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// SetLimits says how much one Escrow call may carry, as the vault's grants do.
func (s *Spool) SetLimits(records, bytes int) {
	s.limitRecords.Store(int64(max(1, records)))
	s.limitBytes.Store(int64(max(1, bytes)))
}

// Stats returns how the spool is doing.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{
		Bytes: s.bytes, MaxBytes: s.settings.MaxBytes, Quarantined: s.quarantined, Breaker: s.shipper.breaker.State().String(),
		Appended: s.appended.Load(), Shipped: s.sent.Load(), Invalid: s.invalid.Load(), Expired: s.expired.Load(),
		Full: s.full.Load(), Retries: s.retries.Load(),
	}
	for _, g := range s.segments {
		st.Depth += g.records
	}
	st.Depth -= s.shipped
	for _, g := range s.denied {
		st.Denied += g.records
	}
	if st.Depth > 0 && s.oldest > 0 {
		st.Oldest = time.Unix(0, s.oldest)
	}
	return st
}

// Close ends appending, ships what is there as far as ctx allows and the vault answers, and leaves the rest for the
// next start.
func (s *Spool) Close(ctx context.Context) error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		signal(s.write)
		<-s.writerEnd
		close(s.closing) // the last group is on disk, so the last attempt has it
		s.shipper.finish(ctx)
		s.cancel()
		s.fileMu.Lock()
		defer s.fileMu.Unlock()
		if s.active != nil {
			s.err = s.active.Close()
			s.active = nil
		}
		s.err = errors.Join(s.err, s.unlock())
	})
	return s.err
}
