package detect

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how a value is spelled inside text: 0-3 levels of JSON string escaping, and percent-encoding.
type Encoding uint8

// Percent marks a percent-encoded value (RFC 3986); a plus sign stands for itself.
const Percent Encoding = 4

const levels Encoding = 3

// Append appends plain to dst, spelled so that the text around stays well-formed. Tokens need no encoding.
func (e Encoding) Append(dst []byte, plain string) []byte {
	from := len(dst)
	dst = append(dst, plain...)
	if e&Percent != 0 {
		dst = appendPercent(dst[:from], string(dst[from:]))
	}
	for range e & levels {
		dst = appendEscaped(dst[:from], string(dst[from:]))
	}
	return dst
}

// Decode appends the plain form of s to dst. What is no valid escape stands for itself.
func (e Encoding) Decode(dst []byte, s string) []byte {
	from := len(dst)
	dst = append(dst, s...)
	for range e & levels {
		dst = unescape(dst, from)
	}
	if e&Percent != 0 {
		dst = unpercent(dst, from)
	}
	return dst
}

const hexDigits = "0123456789ABCDEF"

func appendPercent(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case isAlnum(c), c == '-', c == '.', c == '_', c == '~', c == '*', c == '[', c == ']':
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// unescape undoes one level of JSON string escaping in b[from:], in place: the plain form is never longer.
func unescape(b []byte, from int) []byte {
	w := from
	for r := from; r < len(b); {
		if b[r] != '\\' || r+1 == len(b) {
			b[w] = b[r]
			w, r = w+1, r+1
			continue
		}
		if b[r+1] == 'u' {
			if c, n := unicodeEscape(b[r:]); n > 0 {
				w += utf8.EncodeRune(b[w:], c)
				r += n
				continue
			}
			b[w] = b[r]
			w, r = w+1, r+1
			continue
		}
		c := b[r+1]
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		}
		b[w] = c
		w, r = w+1, r+2
	}
	return b[:w]
}

// unicodeEscape reads \uXXXX, or a surrogate pair of two, at the start of b; n is its length or 0.
func unicodeEscape(b []byte) (c rune, n int) {
	if len(b) < 6 {
		return 0, 0
	}
	v, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return 0, 0
	}
	c = rune(v)
	if !utf16.IsSurrogate(c) {
		return c, 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, err := strconv.ParseUint(string(b[8:12]), 16, 16); err == nil {
			if pair := utf16.DecodeRune(c, rune(low)); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func unpercent(b []byte, from int) []byte {
	w := from
	for r := from; r < len(b); w++ {
		if b[r] == '%' && r+2 < len(b) && isHex(b[r+1]) && isHex(b[r+2]) {
			b[w] = unhex(b[r+1])<<4 | unhex(b[r+2])
			r += 3
			continue
		}
		b[w] = b[r]
		r++
	}
	return b[:w]
}
