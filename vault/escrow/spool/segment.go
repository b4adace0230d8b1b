package spool

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// segment is one file of frames.
type segment struct {
	path    string
	seq     uint64
	size    int64 // of what is synced
	records int
	oldest  int64 // Unix nanoseconds of its first record
	keep    bool  // it holds denied records that could not be written elsewhere
}

const (
	ownerFile     = "vault"
	quarantineDir = "quarantine"
	suffix        = ".seg"
	deniedPrefix  = "denied-"
)

func segmentName(prefix string, seq uint64) string {
	return fmt.Sprintf("%s%016d%s", prefix, seq, suffix)
}

// readSegments finds what an earlier process left. What a crash tore off the end of the last segment was never
// acknowledged: it is cut.
func (s *Spool) readSegments() error {
	entries, err := os.ReadDir(s.settings.Directory)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, isSegment := strings.CutSuffix(e.Name(), suffix)
		number, isDenied := strings.CutPrefix(name, deniedPrefix)
		seq, err := strconv.ParseUint(number, 10, 64)
		switch {
		case strings.HasSuffix(e.Name(), ".tmp"):
			if err := os.Remove(s.path(e.Name())); err != nil {
				return err
			}
			continue
		case !isSegment || err != nil:
			continue
		}
		g := &segment{path: s.path(e.Name()), seq: seq}
		if isDenied {
			s.denied, s.nextDenied = append(s.denied, g), max(s.nextDenied, seq+1)
		} else {
			s.segments, s.nextSeq = append(s.segments, g), max(s.nextSeq, seq+1)
		}
	}
	bySeq := func(a, b *segment) int { return cmp.Compare(a.seq, b.seq) }
	slices.SortFunc(s.segments, bySeq)
	slices.SortFunc(s.denied, bySeq)
	for n, g := range s.segments {
		if err := s.readSegment(g, n == len(s.segments)-1); err != nil {
			return err
		}
	}
	for _, g := range s.denied {
		if err := s.readSegment(g, true); err != nil {
			return err
		}
	}
	if len(s.segments) > 0 {
		s.oldest = s.segments[0].oldest
	}
	return s.countQuarantine()
}

func (s *Spool) readSegment(g *segment, last bool) error {
	b, err := os.ReadFile(g.path)
	if err != nil {
		return err
	}
	g.size = int64(len(b))
	body := min(len(b), len(fileMagic))
	sessions := map[[16]byte]*vaultpb.EscrowSession{}
	end := frames(b[body:], func(_ int, payload []byte) {
		if payload[0] == frameRecords {
			records(payload, sessions, func(it item) {
				g.records++
				if g.oldest == 0 {
					g.oldest = it.written
				}
			})
		}
	}, func(int, int) {}) // what is damaged is reported when its turn comes
	if torn := len(b) - body - end; last && torn > 0 {
		s.log.Warn("spool: the end of a file was torn by a crash and is cut; none of it was acknowledged",
			zap.String("file", g.path), zap.Int("bytes", torn))
		g.size = int64(body + end)
		if err := os.Truncate(g.path, g.size); err != nil {
			return err
		}
	}
	s.bytes += g.size
	return nil
}

func (s *Spool) countQuarantine() error {
	entries, err := os.ReadDir(s.path(quarantineDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		s.quarantined += info.Size()
	}
	s.bytes += s.quarantined
	return nil
}

// quarantine puts bytes of a segment aside that do not read: nobody can ship them, and somebody may want to look. The
// name says where they stood, so that doing it again changes nothing.
func (s *Spool) quarantine(g *segment, at int64, b []byte) error {
	dir := s.path(quarantineDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.bad", filepath.Base(g.path), at))
	_, missing := os.Stat(path)
	if err := writeSynced(path, b); err != nil {
		return err
	}
	if missing != nil {
		s.mu.Lock()
		s.quarantined += int64(len(b))
		s.bytes += int64(len(b))
		s.mu.Unlock()
	}
	s.log.Error("spool: damaged records were put aside; they cannot be shipped and what they hold can be revealed only if it is seen again",
		zap.String("file", g.path), zap.Int64("offset", at), zap.Int("bytes", len(b)), zap.String("quarantine", path))
	return nil
}

// readOwner reads which vault the spool belongs to.
func (s *Spool) readOwner() error {
	b, err := os.ReadFile(s.path(ownerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.belongs = strings.TrimSpace(string(b))
	return err
}

// Bind tells the spool by its recognition key which vault it ships to; nothing is shipped before. A spool that holds
// records of another vault fails with [ErrForeign], ships nothing and takes nothing: to the other vault they would be
// garbage.
func (s *Spool) Bind(recognitionKey []byte) error {
	sum := sha256.Sum256(append([]byte("cloakroom v1 spool's vault|"), recognitionKey...))
	owner := hex.EncodeToString(sum[:16])
	s.mu.Lock()
	belongs, empty := s.belongs, len(s.denied) == 0 && s.group == nil
	for _, g := range s.segments {
		empty = empty && g.records == 0
	}
	s.mu.Unlock()
	if belongs != owner {
		if belongs != "" && !empty {
			err := fmt.Errorf("%w: %s holds records of the vault this agent had before; let it ship them there, or move the directory away", ErrForeign, s.settings.Directory)
			s.mu.Lock()
			s.foreign = err
			s.mu.Unlock()
			return err
		}
		if err := writeSynced(s.path(ownerFile), []byte(owner+"\n")); err != nil {
			// On a full disk only shipping makes room. The next grant tells once more.
			s.log.Error("spool: cannot note which vault it belongs to", zap.Error(err))
			owner = belongs
		}
	}
	s.mu.Lock()
	s.belongs, s.foreign = owner, nil
	s.mu.Unlock()
	s.boundOnce.Do(func() { close(s.bound) })
	return nil
}

// writeSynced replaces a file as a whole and durably.
func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path+".tmp"))
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
