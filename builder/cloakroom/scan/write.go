package scan

import (
	"bufio"
	"context"
	"io"
	"unicode/utf8"
)

// writer puts what the finders found together in the order of the input.
type writer struct {
	*Scanner
	out    *bufio.Writer
	totals Totals
	bare   bool // nothing is written yet between head and tail

	scratch []byte
	long    bool  // in a line of several windows
	hasHit  bool  // the long line has a finding
	until   int64 // end of the long line's last finding
	runes   int64 // code points before the window at hand
}

func (s *Scanner) writeAll(ctx context.Context, w io.Writer, c *conveyor) (Totals, error) {
	out := &writer{Scanner: s, out: bufio.NewWriterSize(w, 64<<10), bare: true}
	out.totals.Counts = make([]int64, len(s.settings.Detector.Entities()))
	out.write(s.settings.Format.Head(nil))
	err := out.follow(ctx, c)
	if err == nil || ctx.Err() != nil {
		out.abandon()
		out.write(s.settings.Format.Tail(nil))
	}
	if fault := out.out.Flush(); fault != nil {
		err = fault
	}
	return out.totals, err
}

// follow writes chunk after chunk. It flushes when it has to wait, so that a live input is answered at once.
func (w *writer) follow(ctx context.Context, c *conveyor) error {
	for {
		var next *chunk
		select {
		case next = <-c.order:
		default:
			if err := w.out.Flush(); err != nil {
				return err
			}
			select {
			case next = <-c.order:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if next == nil {
			return context.Cause(ctx)
		}
		select {
		case <-next.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := w.chunk(next); err != nil {
			return err
		}
		c.free <- next
	}
}

func (w *writer) chunk(c *chunk) error {
	t := &w.totals
	t.Bytes += int64(c.fresh)
	if c.window == nil {
		t.Lines += c.sums.lines
		t.LinesWith += c.sums.linesWith
		t.add(&c.sums)
		w.put(c.out)
	} else {
		w.window(c)
	}
	w.scanned.Add(int64(c.fresh))
	_, err := w.out.Write(nil) // bufio keeps the first fault
	return err
}

func (t *Totals) add(s *sums) {
	t.Findings += s.findings
	for i, n := range s.counts {
		t.Counts[i] += n
	}
}

// window writes the findings of a part of a long line. The findings of a window may reach into the next, which then
// must not report what lies within them.
func (w *writer) window(c *chunk) {
	format, buf := w.settings.Format, w.scratch[:0]
	place := w.place(c)
	if !w.long {
		buf = format.Open(buf, place)
		w.long, w.hasHit, w.until, w.runes = true, false, 0, 0
	}
	hits := c.hits
	for len(hits) > 0 && c.window.at+int64(hits[0].Start) < w.until {
		w.totals.Counts[hits[0].Entity]--
		w.totals.Findings--
		hits = hits[1:]
	}
	if len(hits) > 0 {
		part := Part{Text: view(c.text), At: c.window.at, Runes: w.runes, Later: w.hasHit}
		buf = format.Findings(buf, place, part, hits)
		w.hasHit = true
		w.until = c.window.at + int64(hits[len(hits)-1].End)
	}
	w.totals.add(&c.sums)
	w.runes += int64(utf8.RuneCount(c.buf[:c.window.next]))
	if c.window.last {
		buf = format.Close(buf, place)
		w.endLong()
	}
	w.put(buf)
	w.scratch = buf
}

func (w *writer) place(c *chunk) Place {
	p := Place{Input: w.inputs[c.input].Name, Line: c.line, Offset: c.offset}
	p.Offset -= c.window.at
	return p
}

func (w *writer) endLong() {
	w.long = false
	w.totals.Lines++
	if w.hasHit {
		w.totals.LinesWith++
	}
}

// abandon closes a long line that an interrupted run is in the middle of.
func (w *writer) abandon() {
	if w.long {
		w.put(w.settings.Format.Close(nil, Place{}))
		w.endLong()
	}
}

// put writes what a format rendered. A format whose findings are separated by commas begins each with one, as it cannot
// know which comes first: that one's comma is dropped.
func (w *writer) put(rendered []byte) {
	if len(rendered) == 0 {
		return
	}
	if w.bare && rendered[0] == ',' {
		rendered = rendered[1:]
	}
	w.bare = false
	w.write(rendered)
}

// write leaves faults in the buffered writer, which gives them back at the next flush.
func (w *writer) write(b []byte) { _, _ = w.out.Write(b) }
