package rewrite

import (
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// extent is what a replacement takes the place of: the finding, and the brackets around an IPv6 address where a port
// follows or a URL goes before, since [::1] may hold nothing but an address.
func (w *splice) extent(f *detect.Finding) (start, end int) {
	start, end = f.Start, f.End
	if f.Entity != detect.IPAddress || start <= w.pos || end >= len(w.text) || w.text[start-1] != '[' || w.text[end] != ']' {
		return start, end
	}
	if strings.IndexByte(w.text[start:end], ':') < 0 {
		return start, end
	}
	before, after := w.text[:start-1], w.text[end+1:]
	if strings.HasPrefix(after, ":") || strings.HasSuffix(before, "/") || strings.HasSuffix(before, "@") {
		return start - 1, end + 1
	}
	return start, end
}

// inAuthority reports whether the offset lies between "://" and the path of a URL, where brackets stand for an address.
func inAuthority(text string, at int) bool {
	const look = 512
	for i := at - 1; i >= max(0, at-look); i-- {
		switch c := text[i]; {
		case c == '/':
			return i >= 2 && text[i-1] == '/' && text[i-2] == ':'
		case c <= ' ' || strings.IndexByte(`"'<>{}?#`, c) >= 0:
			return false
		}
	}
	return false
}

// jsonState follows JSON string quotes through a text, at every level of escaping: \" opens a string inside a string.
type jsonState struct {
	pos  int
	open [4]int // where the content of the open string of each level starts, or 0
}

// advance reads the quotes of text before to.
func (j *jsonState) advance(text string, to int) {
	for j.pos < to {
		i := strings.IndexByte(text[j.pos:to], '"')
		if i < 0 {
			j.pos = to
			return
		}
		i += j.pos
		slashes := 0
		for i-slashes > j.pos && text[i-slashes-1] == '\\' {
			slashes++
		}
		j.pos = i + 1
		level := levelOf(slashes)
		if level >= len(j.open) {
			continue
		}
		if j.open[level] == 0 {
			j.open[level] = i + 1
		} else {
			j.open[level] = 0
		}
		clear(j.open[level+1:])
	}
}

// levelOf is the nesting of a quote with so many backslashes before it. An even number of them are escaped backslashes:
// the quote is real. An odd number escapes it for one level, and the next level sees half of them.
func levelOf(slashes int) int {
	level := 0
	for slashes%2 == 1 {
		slashes /= 2
		level++
	}
	return level
}

// slashesOf is the number of backslashes before a quote of the level.
func slashesOf(level int) int { return 1<<level - 1 }

// bareNumber reports whether the extent lies in a JSON number (or other value without quotes), so that what replaces it
// needs quotes for the JSON to stay valid. lo and hi enclose the whole number; slashes is the number of backslashes
// before the quotes, or -1 when none are needed.
func (w *splice) bareNumber(start, end int) (lo, hi, slashes int) {
	if start == 0 || !beforeNumber[w.text[start-1]] {
		return start, end, -1
	}
	lo, hi = start, end
	for lo > w.pos && numberByte(w.text[lo-1]) {
		lo--
	}
	for hi < w.next && numberByte(w.text[hi]) {
		hi++
	}
	before, after := skipBack(w.text, lo), skipOn(w.text, hi)
	if before == 0 || after < len(w.text) && strings.IndexByte(",]}", w.text[after]) < 0 {
		return start, end, -1
	}
	switch w.text[before-1] {
	case ':':
		q := skipBack(w.text, before-1)
		if q == 0 || w.text[q-1] != '"' {
			return start, end, -1
		}
		level := levelOf(backslashes(w.text, q-1))
		if w.json.advance(w.text, lo); level < len(w.json.open) && w.json.open[level] == 0 {
			return lo, hi, slashesOf(level)
		}
	case '[', ',':
		if after == len(w.text) {
			break
		}
		w.json.advance(w.text, lo)
		if level, ok := w.structure(before - 1); ok {
			return lo, hi, slashesOf(level)
		}
	}
	return start, end, -1
}

// beforeNumber are the bytes that may stand before a part of a JSON number: those of numbers, of white space, escaped or not, and
// what separates values.
var beforeNumber = func() (t [256]bool) {
	for c := range t {
		t[c] = numberByte(byte(c)) || strings.IndexByte(" \t\n\rntr:[,", byte(c)) >= 0
	}
	return t
}()

// structure reports whether the offset lies between the values of a JSON array, and at which level of escaping: in no
// string, or in one that starts like JSON itself.
func (w *splice) structure(at int) (level int, ok bool) {
	begin := 0
	for l, content := range w.json.open {
		if content > 0 {
			level, begin = l+1, content
		}
	}
	if level > 3 {
		return 0, false
	}
	if i := skipOn(w.text, begin); i < len(w.text) && (w.text[i] == '{' || w.text[i] == '[') {
		return level, true
	}
	// JSON behind other text: the array stands under a key.
	for at > begin && (numberByte(w.text[at]) || strings.IndexByte(" ,[", w.text[at]) >= 0) {
		at--
	}
	if w.text[at] != ':' {
		return 0, false
	}
	q := skipBack(w.text, at)
	return level, q > begin && w.text[q-1] == '"' && levelOf(backslashes(w.text, q-1)) == level
}

// backslashes counts those right before the offset.
func backslashes(text string, at int) int {
	n := 0
	for n < at && text[at-n-1] == '\\' {
		n++
	}
	return n
}

func appendQuote(dst []byte, slashes int) []byte {
	for range slashes {
		dst = append(dst, '\\')
	}
	return append(dst, '"')
}

func numberByte(c byte) bool {
	return digit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

// skipBack returns the offset behind the last byte before at that is no white space, escaped white space included.
func skipBack(text string, at int) int {
	for at > 0 {
		switch c := text[at-1]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			at--
		case at > 1 && (c == 'n' || c == 't' || c == 'r') && text[at-2] == '\\':
			at -= 1 + backslashes(text, at-1)
		default:
			return at
		}
	}
	return 0
}

// skipOn returns the offset of the first byte from at on that is no white space, escaped white space included.
func skipOn(text string, at int) int {
	for at < len(text) {
		switch text[at] {
		case ' ', '\t', '\n', '\r':
			at++
		case '\\':
			end := at
			for end < len(text) && text[end] == '\\' {
				end++
			}
			if end == len(text) || strings.IndexByte("ntr", text[end]) < 0 {
				return at
			}
			at = end + 1
		default:
			return at
		}
	}
	return at
}
