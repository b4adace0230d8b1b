package rewrite

import (
	"fmt"
	"time"
	"unsafe"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Scratch is the working memory of one telemetry batch, reused by Reset and pooled by the caller. Not for concurrent
// use.
type Scratch struct {
	// Batch collects the minted tokens until Commit.
	Batch token.Batch
	// Counts since the last Reset.
	Counts *Counts

	find     [depth]*detect.Scratch
	chunk    []byte // outputs, one behind the other; what is free goes on with the next batch
	arena    []byte // the output of one text that is too long for a chunk
	standIns []standIn
	canon    []byte
	degraded bool
	settled  int // of standIns
	begun    time.Time
	now      func() time.Time
}

// depth is how often the rewriter looks inside values that a rule keeps.
const depth = 3

// A look at the clock costs as much as a token: of many changed texts, one in clockEvery is timed.
const (
	clockEvery = 16
	clockFirst = 4
)

// keepArena is the memory a scratch keeps over Reset: one huge text must not pin its memory for ever, nor have it overwritten every
// time.
const keepArena = 64 << 10

// Outputs share chunks of memory: to allocate one for each costs as much as to find what is in a short text. So whoever keeps
// an output keeps up to chunkSize alive. What is longer than a sixteenth of it is allocated alone.
const (
	chunkSize  = 32 << 10
	perFinding = 64 // bytes more than the text, for a token or what else takes the place of a finding: a guess
	chunkSlack = 256
)

// room returns memory for an output of about n bytes. It may be outgrown.
func (s *Scratch) room(n int) []byte {
	n += chunkSlack
	if n > chunkSize/16 {
		return s.arena[:0]
	}
	if cap(s.chunk)-len(s.chunk) < n {
		s.chunk = make([]byte, 0, chunkSize)
	}
	return s.chunk[len(s.chunk):]
}

// output is what was written into room, as a string.
func (s *Scratch) output(out []byte) string {
	if n := len(s.chunk); n < cap(s.chunk) && unsafe.SliceData(out) == unsafe.SliceData(s.chunk[n:]) {
		s.chunk = s.chunk[:n+len(out)]
		return view(out) // nothing but Commit writes these bytes again
	}
	s.arena = out
	return string(out)
}

// standIn is a place in an output where the vault's token goes once it has come.
type standIn struct {
	out      []byte // the output; nil while its text is being rewritten
	from, to int
}

// settle puts the tokens that came with the commit in the place of their stand-ins. Nobody has looked at the outputs yet: they are
// changed where they are. A batch of which one stand-in would stay is refused.
func (s *Scratch) settle() error {
	if s.Batch.Pends() != len(s.standIns) {
		return fmt.Errorf("%w: %d tokens were to come from the vault, and %d places are known", ErrUnavailable, s.Batch.Pends(), len(s.standIns))
	}
	for _, at := range s.standIns[s.settled:] {
		tok := s.Batch.Settled(at.out[at.from:at.to])
		if tok == nil {
			return fmt.Errorf("%w: a token has not come from the vault", ErrUnavailable)
		}
		copy(at.out[at.from:at.to], tok)
		s.settled++ // a second commit begins behind it
	}
	return nil
}

// NewScratch returns a scratch for values of this Rewriter.
func (r *Rewriter) NewScratch() *Scratch {
	s := &Scratch{Counts: newCounts(r.infos), now: time.Now}
	for i := range s.find {
		s.find[i] = detect.NewScratch()
	}
	return s
}

// Reset readies the scratch for the next batch, and overwrites the values it held.
func (s *Scratch) Reset() {
	s.Batch.Reset()
	s.Counts.reset()
	clear(s.arena[:cap(s.arena)])
	clear(s.canon[:cap(s.canon)])
	s.arena, s.canon = s.arena[:0], s.canon[:0]
	clear(s.standIns)
	s.standIns, s.settled = s.standIns[:0], 0
	if cap(s.arena) > keepArena {
		s.arena = nil
	}
	if cap(s.canon) > keepArena {
		s.canon = nil
	}
	s.degraded = false
}

// Degrade resets the scratch so that the same batch is rewritten without revealable tokens, as Settings.OnUnavailable
// says. It holds until the next Reset.
func (s *Scratch) Degrade() {
	s.Reset()
	s.degraded = true
	s.Batch.Local = true // what only the vault mints would have to wait for it
}

// Begin and End enclose the calls of Text for one batch, or a section of it. The time between them, without what
// minting took, is counted as detection: two clock readings per section, and two for each of the first changed texts and
// one in clockEvery of the others. The caller's own walk between the calls is part of it.
func (s *Scratch) Begin() { s.begun = s.now() }

// End closes the section that Begin opened.
func (s *Scratch) End() {
	if !s.begun.IsZero() {
		s.Counts.section += s.now().Sub(s.begun)
		s.begun = time.Time{}
	}
}

// Counts is what happened since the last Reset of its Scratch. A dry run counts as found what would have been hidden, and
// mints nothing.
type Counts struct {
	// Mint is about the time spent on changed values: deciding, canonical forms, minting, splicing.
	Mint time.Duration
	// Degraded counts findings that got a one-way token or were redacted because the vault was away.
	Degraded int64

	changed    uint // texts
	section    time.Duration
	infos      []detect.Info
	found      tally // by signal, entity, action
	minted     tally // by signal, entity
	left       [signals]int64
	attributes [signals][actions]int64
}

// tally counts by number. It is mostly zeros: what a batch costs depends on what is in it, not on how many entities there are.
type tally struct {
	counts []int64
	used   []int // what has a count, in no order
}

func (t *tally) add(i int) {
	if t.counts[i] == 0 {
		t.used = append(t.used, i)
	}
	t.counts[i]++
}

func (t *tally) reset() {
	for _, i := range t.used {
		t.counts[i] = 0
	}
	t.used = t.used[:0]
}

func (t *tally) total() (total int64) {
	for _, i := range t.used {
		total += t.counts[i]
	}
	return total
}

const (
	signals = int(policy.Profiles) + 1
	actions = int(policy.Drop) + 1
)

func newCounts(infos []detect.Info) *Counts {
	return &Counts{
		infos:  infos,
		found:  tally{counts: make([]int64, signals*len(infos)*actions)},
		minted: tally{counts: make([]int64, signals*len(infos))},
	}
}

func (c *Counts) reset() {
	c.found.reset()
	c.minted.reset()
	*c = Counts{infos: c.infos, found: c.found, minted: c.minted}
}

// weigh counts a changed text and returns how many its time stands for.
func (c *Counts) weigh() time.Duration {
	c.changed++
	switch {
	case c.changed <= clockFirst:
		return 1
	case c.changed%clockEvery == 0:
		return clockEvery
	}
	return 0
}

func (c *Counts) addFound(sig policy.Signal, e detect.Entity, a policy.Action) {
	c.found.add((int(sig)*len(c.infos)+int(e))*actions + int(a))
}

func (c *Counts) addMinted(sig policy.Signal, e detect.Entity) {
	c.minted.add(int(sig)*len(c.infos) + int(e))
}

// Detect is the time between Begin and End that was not spent on minting.
func (c *Counts) Detect() time.Duration { return max(0, c.section-c.Mint) }

// EachFound calls f for every signal, entity and action with findings. The action is what happened in the end, also
// where the vault was away. Kept findings are counted under keep.
func (c *Counts) EachFound(f func(sig policy.Signal, entity string, a policy.Action, n int64)) {
	for _, i := range c.found.used {
		f(policy.Signal(i/actions/len(c.infos)), c.infos[i/actions%len(c.infos)].Name, policy.Action(i%actions), c.found.counts[i])
	}
}

// EachMinted calls f for every signal and entity with values that became tokens.
func (c *Counts) EachMinted(f func(sig policy.Signal, entity string, n int64)) {
	for _, i := range c.minted.used {
		f(policy.Signal(i/len(c.infos)), c.infos[i%len(c.infos)].Name, c.minted.counts[i])
	}
}

// EachLeft calls f for every signal in which tokens were recognized and left alone.
func (c *Counts) EachLeft(f func(sig policy.Signal, n int64)) {
	for sig, n := range c.left {
		if n > 0 {
			f(policy.Signal(sig), n)
		}
	}
}

// EachAttribute calls f for every signal and action with attributes that a rule covered as a whole.
func (c *Counts) EachAttribute(f func(sig policy.Signal, a policy.Action, n int64)) {
	for sig := range c.attributes {
		for a, n := range c.attributes[sig] {
			if n > 0 {
				f(policy.Signal(sig), policy.Action(a), n)
			}
		}
	}
}

// Found is the number of findings, Minted that of tokens written for them, Left that of tokens recognized and left.
func (c *Counts) Found() int64 { return c.found.total() }

// Minted is the number of values that became tokens.
func (c *Counts) Minted() int64 { return c.minted.total() }

// Left is the number of tokens that were recognized and left alone.
func (c *Counts) Left() (total int64) {
	for _, n := range c.left {
		total += n
	}
	return total
}
