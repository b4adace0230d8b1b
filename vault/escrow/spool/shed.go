package spool

import (
	"errors"
	"os"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// parse reads the frames in b, which stand in g from offset on. What does not read is quarantined.
func (s *Spool) parse(g *segment, b []byte, offset int64, sessions map[[16]byte]*vaultpb.EscrowSession) (queue []item, err error) {
	aside := func(from, to int) { err = errors.Join(err, s.quarantine(g, offset+int64(from), b[from:to])) }
	end := frames(b, func(_ int, payload []byte) {
		if payload[0] == frameSession {
			if one := readSession(payload); one != nil && sessions[[16]byte(one.Id)] == nil {
				sessions[[16]byte(one.Id)] = one
			}
		}
	}, func(int, int) {})
	frames(b, func(at int, payload []byte) {
		if payload[0] == frameSession {
			return
		}
		from := len(queue)
		known, ok := false, false
		if payload[0] == frameRecords {
			known, ok = records(payload, sessions, func(it item) { queue = append(queue, it) })
		}
		if !known || !ok { // its session is lost, or it was written by somebody else's rules
			queue = queue[:from]
			aside(at, at+frameHeader+len(payload))
		}
	}, aside)
	if end < len(b) {
		aside(end, len(b))
	}
	return queue, err
}

// remove removes the oldest segment, all of which the vault has, or has denied.
func (s *Spool) remove(g *segment) error {
	s.at("before remove")
	if g.keep {
		return s.moveAside(g)
	}
	if err := os.Remove(g.path); err != nil {
		return err
	}
	s.at("after remove")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = slices.Delete(s.segments, 0, 1)
	s.bytes -= g.size
	s.shipped = 0
	s.reserve()
	return nil
}

// reserve makes sure of a little room on disk, in which denied records can be set aside when there is none: without it
// a few of them would keep all the room that others took.
func (s *Spool) reserve() {
	path := s.path(reserveFile)
	if _, err := os.Stat(path); err == nil {
		return
	}
	if err := writeSynced(path, make([]byte, reserveSize)); err != nil {
		s.log.Debug("spool: no room for a reserve", zap.Error(err))
	}
}

const (
	reserveFile = "reserve"
	reserveSize = 32 << 10 // not counted: it is there to be given up
)

// moveAside makes a whole segment one of denied records: what of it the vault has is merely offered again.
func (s *Spool) moveAside(g *segment) error {
	s.mu.Lock()
	path := s.path(segmentName(deniedPrefix, s.nextDenied))
	s.nextDenied++
	s.mu.Unlock()
	if err := errors.Join(os.Rename(g.path, path), syncDir(s.settings.Directory)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g.path, g.keep = path, false
	s.segments = slices.Delete(s.segments, 0, 1)
	s.denied = append(s.denied, g)
	s.shipped = 0
	return nil
}

// empty gives the disk back what the last segment holds, once the vault has all of it and it is longer than least. It
// is not removed, so that a steady trickle of records makes no new file each time.
func (p *shipper) empty(least int64) {
	s := p.spool
	if len(p.queue) > 0 {
		return
	}
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) != 1 || s.segments[0] != p.segment || p.segment.keep || p.offset != p.segment.size || p.segment.size <= max(least, int64(len(fileMagic))) {
		return
	}
	if s.active == nil { // of an earlier process
		s.mu.Unlock()
		err := s.remove(p.segment)
		s.mu.Lock()
		if err != nil {
			s.log.Error("spool: a file that was shipped cannot be removed", zap.Error(err))
			return
		}
		p.segment = nil
		return
	}
	s.at("before remove")
	if err := s.active.Truncate(int64(len(fileMagic))); err != nil {
		s.log.Error("spool: a file that was shipped cannot be emptied", zap.Error(err))
		return
	}
	s.at("after remove")
	s.bytes -= p.segment.size - int64(len(fileMagic))
	p.segment.size, p.segment.records, p.segment.oldest = int64(len(fileMagic)), 0, 0
	s.shipped, s.oldest = 0, 0
	s.reserve()
	p.offset = p.segment.size
	clear(s.sessions)
	clear(p.sessions)
}

// setAside writes records that the vault denied to a file of their own, before they are passed over.
func (s *Spool) setAside(items []item, now time.Time) error {
	b := []byte(fileMagic)
	parts, _, err := encode(request(items), now)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if b, err = appendSession(b, p.session); err != nil {
			return err
		}
		b = append(b, p.frames...)
	}
	s.mu.Lock()
	seq := s.nextDenied
	s.nextDenied++
	s.mu.Unlock()
	g := &segment{
		seq: seq, path: s.path(segmentName(deniedPrefix, seq)), size: int64(len(b)), records: len(items), oldest: items[0].written,
	}
	err = writeSynced(g.path, b)
	if err != nil && os.Remove(s.path(reserveFile)) == nil {
		err = writeSynced(g.path, b)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = append(s.denied, g)
	s.bytes += g.size
	return nil
}

// keepDenied is how long after their expiry denied records are kept: the vault's clock decides, and ours may be wrong.
const keepDenied = 24 * time.Hour

// askDenied offers everything that was set aside again. What is still denied is written together in new files.
func (p *shipper) askDenied() error {
	s := p.spool
	s.mu.Lock()
	waiting := slices.Clone(s.denied)
	s.mu.Unlock()
	for len(waiting) > 0 {
		// As many files together as make a segment: each may hold a handful.
		n, size := 0, int64(0)
		for n < len(waiting) && (n == 0 || size+waiting[n].size <= s.segmentSize) {
			size += waiting[n].size
			n++
		}
		if err := p.offer(waiting[:n]); err != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

func (p *shipper) offer(files []*segment) error {
	s := p.spool
	var queue, still []item
	for _, g := range files {
		b, err := readAt(g.path, int64(len(fileMagic)), g.size)
		if err != nil {
			return err
		}
		items, err := s.parse(g, b, int64(len(fileMagic)), map[[16]byte]*vaultpb.EscrowSession{})
		if err != nil {
			return err
		}
		queue = append(queue, items...)
	}
	over := time.Now().Add(-keepDenied).Unix()
	before := len(queue)
	queue = slices.DeleteFunc(queue, func(it item) bool { return it.expires < over })
	s.expired.Add(uint64(before - len(queue)))
	for len(queue) > 0 {
		n := p.fits(queue)
		denied, answered, err := p.ship(queue[:n])
		if err != nil {
			return err
		}
		if answered {
			still, queue = append(still, denied...), queue[n:]
		}
	}
	if len(still) > 0 && len(files) == 1 && len(still) == files[0].records {
		return nil // nothing changed
	}
	if len(still) > 0 {
		if err := s.setAside(still, time.Now()); err != nil {
			return err
		}
	}
	for _, g := range files {
		if err := os.Remove(g.path); err != nil {
			return err
		}
		s.mu.Lock()
		s.denied = slices.DeleteFunc(s.denied, func(d *segment) bool { return d == g })
		s.bytes -= g.size
		s.mu.Unlock()
	}
	return nil
}
