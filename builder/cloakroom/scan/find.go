package scan

import (
	"bytes"
	"unsafe"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Found is a finding that is reported. Start and End count from the start of its line.
type Found struct {
	detect.Finding
	Action string
}

// sums counts what was reported of one chunk.
type sums struct {
	lines, linesWith, findings int64
	counts                     []int64
}

// finder finds in chunks. Each worker has its own.
type finder struct {
	*Scanner
	scratch *detect.Scratch
	found   []Found // of the line at hand
	block   []Found // of the block at hand; offsets count from its start
}

// findAll works off chunks until there are no more.
func (s *Scanner) findAll(work <-chan *chunk) {
	f := &finder{Scanner: s, scratch: detect.NewScratch()}
	for c := range work {
		f.find(c)
		c.done <- struct{}{}
	}
}

func (f *finder) find(c *chunk) {
	if c.sums.counts == nil {
		c.sums.counts = make([]int64, len(f.settings.Detector.Entities()))
	}
	clear(c.sums.counts)
	c.sums = sums{counts: c.sums.counts}
	c.out, c.hits = c.out[:0], c.hits[:0]
	if c.window != nil {
		f.findWindow(c)
		return
	}
	place := Place{Input: f.inputs[c.input].Name, Line: c.line, Offset: c.offset}
	rest := c.text
	for len(rest) > 0 {
		line, next := firstLine(rest)
		if n := block(rest, line); n > 0 && f.findBlock(rest[:n]) {
			next = f.renderBlock(c, &place, rest, n)
		} else {
			f.found = f.report(f.found[:0], line)
			f.render(c, &place, line, next)
		}
		rest = rest[next:]
	}
}

// firstLine is the first line of text without its end, and where the next one starts.
func firstLine(text []byte) (line []byte, next int) {
	next = len(text)
	line = text
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		line, next = text[:i], i+1
	}
	return withoutReturn(line), next
}

// withoutReturn takes off the carriage return of a line that ends as on Windows.
func withoutReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// report appends what is to be reported of text.
func (f *finder) report(dst []Found, text []byte) []Found {
	s := view(text)
	all := f.settings.Detector.Find(f.scratch, f.settings.Key, s)
	for i := range all {
		if all[i].Entity == detect.Token {
			continue
		}
		action, report := "", true
		if f.settings.Decide != nil {
			action, report = f.settings.Decide(&all[i], s)
		}
		if report {
			dst = append(dst, Found{all[i], action})
		}
	}
	return dst
}

// view is text as a string without copying it. The chunk that holds it stays as it is while anybody looks.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

// render writes one line's findings and moves place on to the next line.
func (f *finder) render(c *chunk, place *Place, line []byte, next int) {
	format := f.settings.Format
	c.out = format.Open(c.out, *place)
	if len(f.found) > 0 {
		c.out = format.Findings(c.out, *place, Part{Text: view(line)}, f.found)
		c.sums.linesWith++
	}
	c.out = format.Close(c.out, *place)
	c.sums.lines++
	c.sums.add(f.found)
	place.Line++
	place.Offset += int64(next)
}

func (s *sums) add(found []Found) {
	s.findings += int64(len(found))
	for i := range found {
		s.counts[found[i].Entity]++
	}
}

// findBlock finds in the lines of a block as one text. It returns false when nothing there is longer than a line: then the
// lines are better read one by one.
func (f *finder) findBlock(text []byte) bool {
	f.block = f.report(f.block[:0], text)
	for i := range f.block {
		if bytes.IndexByte(text[f.block[i].Start:f.block[i].End], '\n') >= 0 {
			return true
		}
	}
	return false
}

// renderBlock writes the findings of the block text[:n] line by line, each line with its part of them, and returns where
// the first line after the block starts.
func (f *finder) renderBlock(c *chunk, place *Place, text []byte, n int) int {
	at := 0
	for at < n {
		line, next := firstLine(text[at:])
		f.found = f.found[:0]
		for _, b := range f.block {
			b.Start, b.End = max(b.Start-at, 0), min(b.End-at, len(line))
			if b.Start < b.End {
				f.found = append(f.found, b)
			}
		}
		f.render(c, place, line, next)
		at += next
	}
	return at
}

// findWindow keeps the findings that start in the window's own stretch.
func (f *finder) findWindow(c *chunk) {
	w, text := c.window, c.text
	if w.last {
		text = withoutReturn(text)
	}
	c.hits = f.report(c.hits, text)
	own := c.hits[:0]
	for _, h := range c.hits {
		if h.Start >= w.start && (h.Start < w.end || w.last) {
			own = append(own, h)
		}
	}
	c.hits = own
	c.sums.add(own)
}
