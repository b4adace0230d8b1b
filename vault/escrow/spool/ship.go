package spool

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"connectrpc.com/connect"
	"github.com/cenkalti/backoff/v5"
	"github.com/sony/gobreaker/v2"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Send is a call of the vault's Escrow.
type Send func(context.Context, *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error)

const (
	defaultRecords = 1000
	defaultBytes   = 1 << 20

	firstPause  = 250 * time.Millisecond
	longestWait = 30 * time.Second // half as much again with jitter
	tripAfter   = 5                // failures one after the other
	openFor     = 15 * time.Second
	askDenied   = time.Hour
	idle        = time.Second // before the file of what was shipped is emptied
)

// shipper takes records to the vault, one call at a time, in order.
type shipper struct {
	spool   *Spool
	send    Send
	breaker *gobreaker.CircuitBreaker[*vaultpb.EscrowResponse]
	pause   *backoff.ExponentialBackOff

	started bool
	ended   chan struct{}

	// What was read of the first segment and not shipped yet.
	segment  *segment
	offset   int64 // up to which it was read
	queue    []item
	sessions map[[16]byte]*vaultpb.EscrowSession
	most     int // records of the next call, after the vault refused one as a whole; 0: as the limits say
}

func newShipper(s *Spool) *shipper {
	p := &shipper{spool: s, ended: make(chan struct{}), sessions: map[[16]byte]*vaultpb.EscrowSession{}}
	p.pause = &backoff.ExponentialBackOff{
		InitialInterval: firstPause, Multiplier: 2, RandomizationFactor: 0.5, MaxInterval: longestWait,
	}
	p.pause.Reset()
	p.breaker = gobreaker.NewCircuitBreaker[*vaultpb.EscrowResponse](gobreaker.Settings{
		Name: "spool", Timeout: openFor,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return err == nil || refusesWhole(err) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			s.log.Debug("spool: circuit breaker", zap.Stringer("state", to))
			if s.settings.Hooks.Breaker != nil {
				s.settings.Hooks.Breaker(to.String())
			}
		},
	})
	return p
}

// Start begins shipping through send, once the vault is known to be the right one: see [Spool.Bind]. Only the first
// call counts.
func (s *Spool) Start(send Send) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shipper.started || s.closed {
		return
	}
	s.shipper.started, s.shipper.send = true, send
	go s.shipper.run()
}

// Kick tells the spool that the vault answers: it need not wait any longer to try.
func (s *Spool) Kick() { signal(s.kick) }

// finish waits for the last attempt to end.
func (p *shipper) finish(ctx context.Context) {
	p.spool.mu.Lock()
	started := p.started
	p.spool.mu.Unlock()
	if !started {
		return
	}
	stop := context.AfterFunc(ctx, p.spool.cancel)
	defer stop()
	<-p.ended
}

// run ships until the spool closes.
func (p *shipper) run() {
	defer close(p.ended)
	s := p.spool
	select {
	case <-s.bound:
	case <-s.closing:
		select {
		case <-s.bound:
		default:
			return
		}
	}
	denied := time.Now()
	for {
		closing := isClosed(s.closing)
		if !closing && !time.Now().Before(denied) {
			if p.askDenied() != nil {
				denied = time.Now().Add(p.pause.NextBackOff())
			} else {
				denied = time.Now().Add(askDenied)
			}
		}
		more, err := p.step()
		switch {
		case err == nil && more:
			continue
		case closing:
			if err == nil {
				p.empty(0)
			}
			return
		case err != nil:
			p.wait(p.pause.NextBackOff(), s.kick) // new records are no reason to try sooner
			continue
		}
		if s.settings.Hooks.Drained != nil {
			s.settings.Hooks.Drained()
		}
		if woken := p.wait(idle, s.wake); !woken {
			p.empty(0)
			p.wait(max(idle, time.Until(denied)), s.wake)
		} else {
			p.empty(s.settings.MaxBytes / 8)
		}
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// wait returns after d, or true when c or the spool's end came before.
func (p *shipper) wait(d time.Duration, c <-chan struct{}) (woken bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return false
	case <-p.spool.closing:
	case <-c:
	}
	return true
}

// step ships one call's records. More is true when there may be more.
func (p *shipper) step() (more bool, err error) {
	s := p.spool
	for len(p.queue) == 0 {
		read, err := p.read()
		if err != nil {
			s.log.Error("spool: a file cannot be read", zap.Error(err))
			return false, err
		}
		if !read {
			return false, nil
		}
	}
	n := p.fits(p.queue)
	denied, answered, err := p.ship(p.queue[:n])
	if err != nil {
		return false, err
	}
	if !answered {
		return true, nil // once more with fewer
	}
	if len(denied) > 0 {
		if err := s.setAside(denied, time.Now()); err != nil {
			// On a full disk only shipping makes room: their file stays in the place of a new one.
			s.log.Error("spool: records that the vault denied could not be set aside; their file is kept", zap.Error(err))
			p.segment.keep = true
		}
	}
	p.advance(n)
	return true, nil
}

// fits is how many of the records one call may carry: always one.
func (p *shipper) fits(queue []item) int {
	most, bytes := int(p.spool.limitRecords.Load()), int(p.spool.limitBytes.Load())
	if p.most > 0 {
		most = min(most, p.most)
	}
	n, size := 0, 0
	for n < len(queue) && n < most {
		if size += len(queue[n].sealed); n > 0 && size > bytes {
			break
		}
		n++
	}
	return n
}

// ship makes one call. answered is false when the vault refused it as a whole for something in it: then the next call
// carries half as much, until the record that is to blame stands alone.
func (p *shipper) ship(items []item) (denied []item, answered bool, err error) {
	s := p.spool
	s.at("before ship")
	response, err := p.breaker.Execute(func() (*vaultpb.EscrowResponse, error) {
		ctx, cancel := context.WithTimeout(s.ctx, s.settings.Timeout)
		defer cancel()
		return p.send(ctx, request(items))
	})
	switch {
	case err == nil:
		s.at("after ship")
		p.pause.Reset()
		if p.most *= 2; p.most > int(s.limitRecords.Load()) {
			p.most = 0
		}
		return p.refused(items, response.GetRefused()), true, nil
	case refusesWhole(err) && len(items) > 1:
		p.most = len(items) / 2
		return nil, false, nil
	case connect.CodeOf(err) == connect.CodeInvalidArgument:
		return p.refused(items, []*vaultpb.RefusedRecord{{Refusal: vaultpb.Refusal_REFUSAL_INVALID}}), true, nil
	case refusesWhole(err):
		return p.refused(items, []*vaultpb.RefusedRecord{{Refusal: vaultpb.Refusal_REFUSAL_DENIED}}), true, nil
	}
	if !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) && s.ctx.Err() == nil {
		s.retries.Add(1)
		if s.settings.Hooks.Retry != nil {
			s.settings.Hooks.Retry(err)
		}
		s.log.Debug("spool: the vault did not take records; trying again", zap.Int("records", len(items)), zap.Error(err))
	}
	return nil, false, err
}

// refusesWhole reports whether a vault refuses a request for one of its records, as those do that do not know of
// results per record.
func refusesWhole(err error) bool {
	code := connect.CodeOf(err)
	return err != nil && (code == connect.CodeInvalidArgument || code == connect.CodeFailedPrecondition)
}

// refused counts what the vault did not take, and returns what it may take another day.
func (p *shipper) refused(items []item, refused []*vaultpb.RefusedRecord) (denied []item) {
	s := p.spool
	invalid, expired := 0, 0
	for _, r := range refused {
		switch {
		case int(r.Record) >= len(items):
		case r.Refusal == vaultpb.Refusal_REFUSAL_INVALID:
			invalid++
		case r.Refusal == vaultpb.Refusal_REFUSAL_EXPIRED:
			expired++
		default: // a reason that a newer vault has is no reason to drop
			denied = append(denied, items[r.Record])
		}
	}
	s.invalid.Add(uint64(invalid))
	s.expired.Add(uint64(expired))
	shipped := len(items) - invalid - expired - len(denied)
	s.sent.Add(uint64(shipped))
	if s.settings.Hooks.Shipped != nil {
		s.settings.Hooks.Shipped(shipped)
	}
	for reason, n := range map[string]int{"invalid": invalid, "expired": expired, "denied": len(denied)} {
		if n == 0 {
			continue
		}
		s.log.Error("spool: the vault refused records", zap.String("reason", reason), zap.Int("records", n))
		if s.settings.Hooks.Refused != nil {
			s.settings.Hooks.Refused(reason, n)
		}
	}
	return denied
}

func request(items []item) *vaultpb.EscrowRequest {
	r := &vaultpb.EscrowRequest{Partial: true, Records: make([]*vaultpb.EscrowRecord, len(items))}
	index := map[[16]byte]uint32{}
	rows := make([]vaultpb.EscrowRecord, len(items))
	for n, it := range items {
		id := [16]byte(it.session.Id)
		at, known := index[id]
		if !known {
			at = uint32(len(r.Sessions))
			index[id] = at
			r.Sessions = append(r.Sessions, it.session)
		}
		row := &rows[n]
		row.Token, row.Session, row.ExpiresUnix, row.Sealed = string(it.token), at, it.expires, it.sealed
		r.Records[n] = row
	}
	return r
}

// read reads on in the oldest segment, and reports whether there was anything.
func (p *shipper) read() (bool, error) {
	s := p.spool
	s.mu.Lock()
	if len(s.segments) == 0 {
		s.mu.Unlock()
		return false, nil
	}
	g, size := s.segments[0], s.segments[0].size
	finished := len(s.segments) > 1 // what was once not the last is written no more
	s.mu.Unlock()
	if p.segment != g {
		p.segment, p.offset = g, int64(len(fileMagic))
		clear(p.sessions)
	}
	if p.offset >= size {
		if !finished {
			return false, nil
		}
		return true, s.remove(g)
	}
	b, err := readAt(g.path, p.offset, size)
	if err != nil {
		return false, err
	}
	queue, err := s.parse(g, b, p.offset, p.sessions)
	if err != nil {
		return false, err
	}
	p.queue, p.offset = queue, size
	if len(queue) > 0 {
		s.mu.Lock()
		s.oldest = queue[0].written
		s.mu.Unlock()
	}
	return true, nil
}

// advance forgets the first n records of the queue.
func (p *shipper) advance(n int) {
	s := p.spool
	p.queue = p.queue[n:]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped += n
	switch {
	case len(p.queue) > 0:
		s.oldest = p.queue[0].written
	case len(s.segments) > 1:
		s.oldest = s.segments[1].oldest
	default:
		s.oldest = time.Now().UnixNano() // what came since this was read; Stats looks at it only if there is any
	}
}

func readAt(path string, from, to int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, to-from)
	_, err = io.ReadFull(io.NewSectionReader(f, from, to-from), b)
	return b, err
}
