package scan

import "bytes"

// A private key stands in a file as a PEM block (RFC 7468) of many lines, of which only the first looks like one. So a line
// that begins a block is read together with the lines up to the block's end.
var (
	blockBegin = []byte("-----BEGIN ")
	blockEnd   = []byte("-----END ")
)

// blockLimit bounds a block in bytes: a 16384-bit RSA key has 12.7 kB.
const blockLimit = 16 << 10

// block is the length of the block that text, which starts with the given line, begins with: up to the end of the line that
// ends it. 0 is none.
func block(text, line []byte) int {
	begin := bytes.Index(line, blockBegin)
	if begin < 0 {
		return 0
	}
	text = text[:min(len(text), blockLimit)]
	end := bytes.Index(text[begin:], blockEnd)
	if begin+end < len(line) {
		return 0
	}
	end += begin
	if i := bytes.IndexByte(text[end:], '\n'); i >= 0 {
		return end + i
	}
	return len(text)
}

// beforeOpenBlock is where to end text[:end], a number of whole lines, so that no block is cut in two: at end, or before
// the line that begins a block which text[:end] does not end.
func beforeOpenBlock(text []byte, end int) int {
	from := max(0, end-blockLimit)
	tail := text[from:end]
	begin := bytes.LastIndex(tail, blockBegin)
	if begin < 0 || bytes.Contains(tail[begin:], blockEnd) {
		return end
	}
	if start := bytes.LastIndexByte(text[:from+begin], '\n') + 1; start > 0 {
		return start
	}
	return end
}
