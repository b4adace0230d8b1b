// Package scan runs a detector over files and streams of any size, line by line, in bounded memory and on every core.
//
// Run cuts the input into chunks of whole lines, finds in them in parallel, and writes what was found in the order of the
// input. A line that does not fit a chunk is read in windows that overlap, so that a line of a gigabyte is scanned like any
// other: see cut.go for what that means at the seams.
package scan

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Input is one file or stream. Open is called when its turn comes, so that a thousand files do not need a thousand
// descriptors.
type Input struct {
	Name string
	Open func() (io.ReadCloser, error)
	// Live says that what can be read now is to be scanned now: a pipe or a terminal, not a file.
	Live bool
}

// Settings of a run.
type Settings struct {
	Detector *detect.Detector
	// Key is the meaning of the attribute key whose value every line is; the zero Key is none.
	Key detect.Key
	// Decide says whether a finding is reported, and with which action beside it; nil reports all, with none. It is
	// called from several goroutines.
	Decide func(f *detect.Finding, line string) (action string, report bool)
	// Format writes what is found.
	Format Format
	// Fault is told of an input that could not be opened or read to its end; the run goes on with the next.
	Fault func(name string, err error)
	// Workers is how many goroutines find; 0 is one per core.
	Workers int
}

// Totals sums up a run. Counts is by entity.
type Totals struct {
	Bytes, Lines, LinesWith, Findings int64
	Counts                            []int64
}

// Scanner is one run over inputs.
type Scanner struct {
	settings Settings
	inputs   []Input
	scanned  atomic.Int64
}

// New prepares a run.
func New(s Settings, inputs []Input) *Scanner {
	if s.Workers == 0 {
		s.Workers = runtime.GOMAXPROCS(0)
	}
	return &Scanner{settings: s, inputs: inputs}
}

// Scanned is the number of bytes whose findings are written. It may be called while Run runs.
func (s *Scanner) Scanned() int64 { return s.scanned.Load() }

// Run scans all inputs in their order and writes to w. When ctx ends it stops after the chunk at hand, closes the output
// properly and returns the cause; a Read that blocks is left behind. Any other error is one of writing.
func (s *Scanner) Run(ctx context.Context, w io.Writer) (Totals, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newConveyor(2*s.settings.Workers + 1)
	go s.cutAll(ctx, c)
	var workers sync.WaitGroup
	for range s.settings.Workers {
		workers.Go(func() { s.findAll(c.work) })
	}
	totals, err := s.writeAll(ctx, w, c)
	if err == nil {
		workers.Wait()
	}
	return totals, err
}

// conveyor carries chunks: empty ones wait in free; a filled one goes to work and, in the order of the input, to order.
type conveyor struct {
	free, work, order chan *chunk
}

func newConveyor(n int) *conveyor {
	c := &conveyor{make(chan *chunk, n), make(chan *chunk, n), make(chan *chunk, n)}
	for range n {
		c.free <- &chunk{buf: make([]byte, chunkSize), done: make(chan struct{}, 1)}
	}
	return c
}
