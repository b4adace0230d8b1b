package scan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"
)

// A chunk is chunkSize bytes at most. A line that is longer is cut into windows of that size, each of which owns a stretch
// of the line and sees some of its surroundings too: contextBefore bytes before, for the keys and cues that name a value, and
// contextAfter bytes after, for the rest of a value that starts in the stretch. A finding belongs to the window that owns its
// first byte. So a value of at most contextAfter bytes is found whole wherever it stands; a longer one may be found in
// parts, and a key further than contextBefore from its value's start does not name it.
const (
	chunkSize     = 256 << 10
	contextBefore = 4 << 10
	contextAfter  = 32 << 10
	// seamSearch is how far back from its limit a window ends early to end between words.
	seamSearch = 1 << 10
)

// chunk is a piece of one input and what was found in it.
type chunk struct {
	buf  []byte
	text []byte // the part of buf that is filled: whole lines, or a window of one line

	input  int   // index of the input
	line   int64 // number of the first line, from 1
	offset int64 // of text[0] in the input
	fresh  int   // bytes of the input that are done with when this chunk is

	window *window // nil: whole lines

	out  []byte  // whole lines: rendered
	hits []Found // window: findings in the own stretch, and those after it are cut off
	sums sums
	done chan struct{}
}

// window is a chunk's place in a line that is longer than a chunk.
type window struct {
	at         int64 // offset of text[0] in the line
	start, end int   // the own stretch, in text
	last       bool  // the line ends with it
	next       int   // where the next window's text begins in this one's
}

// cutter cuts one input into chunks.
type cutter struct {
	conveyor *conveyor
	reader   io.Reader
	live     bool

	current *chunk
	filled  int
	input   int
	line    int64
	offset  int64 // of current.buf[0] in the input
	at      int64 // of current.buf[0] in its line
	own     int   // bytes of current.buf that earlier windows own
	fault   error // why nothing more can be read: io.EOF or worse
}

// cutAll reads every input and hands its chunks on, until all are read or ctx ends.
func (s *Scanner) cutAll(ctx context.Context, c *conveyor) {
	defer close(c.order)
	defer close(c.work)
	for i := range s.inputs {
		if ctx.Err() != nil {
			return
		}
		if err := s.cutOne(ctx, c, i); err != nil && ctx.Err() == nil {
			s.settings.Fault(s.inputs[i].Name, err)
		}
	}
}

func (s *Scanner) cutOne(ctx context.Context, c *conveyor, input int) (err error) {
	in := s.inputs[input]
	r, err := in.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	cut := &cutter{conveyor: c, reader: r, live: in.Live, input: input, line: 1}
	if !cut.take(ctx, nil) {
		return nil
	}
	for {
		cut.fill()
		if !cut.cut(ctx, cut.fault != nil) {
			return nil
		}
		if cut.fault != nil && cut.filled == 0 {
			c.free <- cut.current
			if errors.Is(cut.fault, io.EOF) {
				return nil
			}
			return cut.fault
		}
	}
}

// take gets an empty chunk and begins it with rest. It returns false when ctx ends.
func (c *cutter) take(ctx context.Context, rest []byte) bool {
	select {
	case c.current = <-c.conveyor.free:
		c.filled = copy(c.current.buf, rest)
		return true
	case <-ctx.Done():
		return false
	}
}

// fill reads until the chunk is full or the input ends; from a live input, until there is a whole line.
func (c *cutter) fill() {
	looked := c.own
	for c.fault == nil && c.filled < len(c.current.buf) {
		if c.live && bytes.IndexByte(c.current.buf[looked:c.filled], '\n') >= 0 {
			return
		}
		looked = c.filled
		n, err := c.reader.Read(c.current.buf[c.filled:])
		c.filled += n
		c.fault = err
	}
}

// cut hands on as much of what is filled as can be, and begins the next chunk with the rest. ended says that nothing
// follows what is filled. It returns false when ctx ends.
func (c *cutter) cut(ctx context.Context, ended bool) bool {
	text := c.current.buf[:c.filled]
	if c.own > 0 {
		return c.cutWindow(ctx, text, ended)
	}
	end := bytes.LastIndexByte(text, '\n') + 1
	switch {
	case end > 0:
		if !ended && !c.live {
			end = beforeOpenBlock(text, end)
		}
	case ended:
		end = len(text)
	case len(text) == len(c.current.buf):
		return c.cutWindow(ctx, text, false)
	}
	if end == 0 {
		return true
	}
	lines := int64(bytes.Count(text[:end], newline))
	return c.hand(ctx, text, end, end, nil, lines)
}

var newline = []byte{'\n'}

// cutWindow hands on a window: up to the end of the line if that is in text, else as much as leaves enough context.
func (c *cutter) cutWindow(ctx context.Context, text []byte, ended bool) bool {
	w := &window{at: c.at, start: c.own}
	if i := bytes.IndexByte(text[c.own:], '\n'); i >= 0 || ended {
		end, next := len(text), len(text)
		if i >= 0 {
			end, next = c.own+i, c.own+i+1
		}
		w.end, w.last, w.next = end, true, next
		c.own, c.at = 0, 0
		return c.hand(ctx, text, end, next, w, 1)
	}
	if len(text) < len(c.current.buf) {
		return true
	}
	w.end = seam(text, len(text)-contextAfter)
	w.next = runeStart(text, w.end-contextBefore)
	c.own, c.at = w.end-w.next, c.at+int64(w.next)
	return c.hand(ctx, text, len(text), w.next, w, 0)
}

// hand gives text[:end] to be found in, and begins the next chunk with text[next:].
func (c *cutter) hand(ctx context.Context, text []byte, end, next int, w *window, lines int64) bool {
	full := c.current
	full.text, full.window = text[:end], w
	full.input, full.line, full.offset = c.input, c.line, c.offset
	full.fresh = next
	if !c.take(ctx, text[next:]) {
		return false
	}
	c.line += lines
	c.offset += int64(next)
	c.conveyor.order <- full
	c.conveyor.work <- full
	return true
}

// seam is the end of the last word in text[:limit], or the start of the character at limit if there is none near.
func seam(text []byte, limit int) int {
	if i := bytes.LastIndexAny(text[limit-seamSearch:limit], " \t,;&"); i >= 0 {
		return limit - seamSearch + i + 1
	}
	return runeStart(text, limit)
}

// runeStart moves i back to the start of the character it stands in; in text that is not UTF-8 it stays near.
func runeStart(text []byte, i int) int {
	for back := 0; back < utf8.UTFMax && i-back > 0; back++ {
		if utf8.RuneStart(text[i-back]) {
			return i - back
		}
	}
	return i
}
