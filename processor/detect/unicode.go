package detect

import "unsafe"

// escapedReach is how far before the first escape the text that is read with it starts, in bytes.
const escapedReach = 64

// escapedASCII verifies what JSON escapes of plain characters hide, as some writers spell them: password\u003dx,
// 4111\u002d1111. The text around the escape at i is examined in plain, up to the end of the string, and what is found
// there across an escape is a finding here.
func (t *text) escapedASCII(i int) {
	if t.inner == nil || i < t.unescaped || escapedByte(t.s[i:]) == 0 {
		return
	}
	in := t.inner
	n, end := in.unescape(t.s, t.escapedStart(i))
	t.near = true
	t.unescaped = in.origin[n]
	if end < 0 { // cut off
		t.unescaped = max(i+1, in.origin[n*3/4])
	}
	level := t.escapeDepth(i)
	in.text.reset(t.d, Key{}, unsafe.String(&in.plain[0], n)) // read only until the next value is decoded
	in.text.findTokens()
	in.text.scan()
	for _, f := range in.text.out {
		from := f.Start
		if f.KeyStart >= 0 {
			from = min(from, f.KeyStart)
		}
		if in.origin[f.End]-in.origin[from] == f.End-from { // nothing escaped in it
			continue
		}
		f.Start, f.End = in.origin[f.Start], in.origin[f.End]
		f.Encoding |= level
		if f.KeyStart >= 0 {
			f.KeyStart, f.KeyEnd = in.origin[f.KeyStart], in.origin[f.KeyEnd]
		}
		t.out = append(t.out, f)
	}
}

// escapedByte returns the plain character that the JSON escape at the start of s stands for, or 0. Those that the HTML
// escaping of JSON writes, and the quotes, are read where they stand.
func escapedByte(s string) byte {
	if len(s) < 6 || s[1] != 'u' || s[2] != '0' || s[3] != '0' || !isHex(s[4]) || !isHex(s[5]) {
		return 0
	}
	switch c := unhex(s[4])<<4 | unhex(s[5]); c {
	case '"', '\\', '<', '>', '&', '\'', '@':
		return 0
	default:
		if c < ' ' || c > '~' {
			return 0
		}
		return c
	}
}

// escapedStart returns where the text that is read with the escape at i starts: after a quote, or with a word.
func (t *text) escapedStart(i int) int {
	start := i
	for start > 0 && t.s[start-1] != '"' && t.s[start-1] != '\n' {
		if i-start == escapedReach {
			for start < i && !isSpace(t.s[start]) {
				start++
			}
			break
		}
		start--
	}
	return start
}

// unescape decodes the string that goes on at i up to its end or its quote; end is -1 when it is longer than that.
func (in *decoded) unescape(s string, i int) (n, end int) {
	for ; n < maxEncoded; n++ {
		in.origin[n] = i
		if i >= len(s) || s[i] == '"' || s[i] == '\n' {
			return n, i
		}
		c, size := s[i], 1
		if c == '\\' {
			m := i
			for m+1 < len(s) && s[m+1] == '\\' && m < i+7 {
				m++
			}
			if m+1 < len(s) {
				switch next := s[m+1]; next {
				case '"':
					return n, i
				case '/':
					c, size = '/', m+2-i
				case 'n', 't', 'r':
					c, size = ' ', m+2-i
				case 'u':
					if e := escapedOrMarkup(s[m:]); e != 0 {
						c, size = e, m+6-i
					}
				}
			}
		}
		in.plain[n] = c
		i += size
	}
	in.origin[n] = i
	return n, -1
}

// escapedOrMarkup is escapedByte for what stands beside an escape, markup and @ with it.
func escapedOrMarkup(s string) byte {
	if len(s) < 6 || s[2] != '0' || s[3] != '0' || !isHex(s[4]) || !isHex(s[5]) {
		return 0
	}
	c := unhex(s[4])<<4 | unhex(s[5])
	if c < ' ' || c > '~' || c == '"' || c == '\\' {
		return 0
	}
	return c
}
