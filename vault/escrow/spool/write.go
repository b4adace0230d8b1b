package spool

import (
	"errors"
	"fmt"
	"os"

	"go.uber.org/zap"
)

// writer writes groups until the spool closes.
func (s *Spool) writer() {
	defer close(s.writerEnd)
	for {
		<-s.write
		s.mu.Lock()
		g, closed := s.group, s.closed
		s.group = nil
		s.mu.Unlock()
		if g != nil {
			g.err = s.writeGroup(g)
			close(g.done)
			signal(s.wake)
		}
		if closed {
			return
		}
	}
}

// writeGroup appends a group to the active segment and syncs it.
func (s *Spool) writeGroup(g *group) error {
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	wrote, err := s.appendGroup(g)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved -= g.size
	if err != nil {
		s.log.Error("spool: records could not be written", zap.String("directory", s.settings.Directory), zap.Error(err))
		return fmt.Errorf("%w: %w", ErrFull, err) // of the disk, or of what it can bear
	}
	seg := s.segments[len(s.segments)-1]
	if seg.records == 0 {
		seg.oldest = g.first
		if len(s.segments) == 1 {
			s.oldest = g.first
		}
	}
	seg.size += wrote
	seg.records += g.records
	s.bytes += wrote
	s.appended.Add(uint64(g.records))
	return nil
}

// appendGroup returns how many bytes are on disk now. After an error the segment ends where it ended before.
func (s *Spool) appendGroup(g *group) (int64, error) {
	size, err := s.room(g.size)
	if err != nil {
		return 0, err
	}
	b := s.buf[:0]
	for n := range g.parts {
		p := &g.parts[n]
		id, at := [16]byte(p.session.Id), size+int64(len(b))
		if last, written := s.sessions[id]; !written || at-last > repeatSession {
			if b, err = appendSession(b, p.session); err != nil {
				return 0, err
			}
			s.sessions[id] = at
		}
		b = append(b, p.frames...)
	}
	if s.buf = b; cap(b) > 4<<20 {
		s.buf = nil // one huge value must not pin its memory for ever
	}
	s.at("before append")
	if _, err = s.active.WriteAt(b, size); err == nil {
		s.at("after append")
		s.at("before sync")
		if err = s.active.Sync(); err == nil {
			s.at("after sync")
			return int64(len(b)), nil
		}
	}
	// After a failed write or sync nobody knows what the file holds: go on in another one.
	err = errors.Join(err, s.active.Truncate(size), s.active.Close())
	s.active = nil
	return 0, err
}

// room makes sure that there is an active segment with room for a group, and returns where it ends.
func (s *Spool) room(size int64) (int64, error) {
	if s.active != nil {
		s.mu.Lock()
		end := s.segments[len(s.segments)-1].size
		s.mu.Unlock()
		if end == int64(len(fileMagic)) || end+size <= s.segmentSize {
			return end, nil
		}
		if err := s.active.Close(); err != nil {
			return 0, err
		}
		s.active = nil
	}
	s.mu.Lock()
	seq := s.nextSeq
	s.nextSeq++
	s.mu.Unlock()
	g := &segment{seq: seq, path: s.path(segmentName("", seq)), size: int64(len(fileMagic))}
	f, err := create(g.path)
	if err != nil {
		return 0, err
	}
	if err := syncDir(s.settings.Directory); err != nil {
		return 0, errors.Join(err, f.Close(), os.Remove(g.path))
	}
	s.active = f
	clear(s.sessions)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = append(s.segments, g)
	s.bytes += g.size
	return g.size, nil
}

// create makes an empty segment file.
func create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteString(fileMagic); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}
