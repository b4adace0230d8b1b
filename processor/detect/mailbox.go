package detect

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Local parts of addresses other than words: quoted ones, and ones of scripts whose letters take three bytes.

// quotedEmail verifies an address whose local part is a quoted string (RFC 5321, section 4.1.2) that ends before the @
// at at: "jane doe"@example.com. Its quotes may be escaped, as inside JSON.
func (t *text) quotedEmail(at, after int) {
	slashes := t.slashesBefore(at - 1)
	end := at - 1 - slashes
	start := end
	for start > 0 && end-start < maxLocal && isQuotedLocal(t.s[start-1]) {
		start--
	}
	open := start - 1 - slashes
	if start == end || open < 0 || t.s[start-1] != '"' || t.slashesBefore(start-1) != slashes || t.at(open-1) == '\\' {
		return
	}
	switch t.at(open - 1) {
	case 0, ' ', '\t', '\n', '<', '(', ',', ';', ':', '=', '"', '\'', '[', '>':
	default:
		return
	}
	stop, ok := t.domain(after)
	if !ok {
		return
	}
	if t.tokenTouches(open, stop) {
		t.near = true
		return
	}
	t.add(Email, open, stop, 0.97)
	t.out[len(t.out)-1].Encoding = Encoding(escapeLevel(slashes, '\''))
}

// isQuotedLocal reports whether c may stand in a quoted local part. What structures a text is left out, so that no two
// strings of it are taken for one.
func isQuotedLocal(c byte) bool {
	return isAlnum(c) || c >= 0x80 || c == ' ' || strings.IndexByte(".!#$%&'*+-/?^_`|~@()", c) >= 0
}

// wideLocal returns the start of the local part before at that is written in a script of three-byte letters. As such
// scripts have no spaces between words, it must begin where a value does; otherwise at.
func (t *text) wideLocal(at int) int {
	i := at
	for i > 2 && at-i < maxLocal && t.wideLetter(i-3) == 3 {
		i -= 3
	}
	switch t.at(i - 1) {
	case 0, ' ', '\t', '\n', '<', '(', ',', ';', ':', '=', '"', '\'', '[', '>':
		return i
	}
	return at
}

// wideLetter returns 3 when a letter of three bytes starts at i, else 0.
func (t *text) wideLetter(i int) int {
	if c := t.at(i); c < 0xE0 || c > 0xEF || i+3 > len(t.s) {
		return 0
	}
	if r, n := utf8.DecodeRuneInString(t.s[i:]); n == 3 && (unicode.IsLetter(r) || unicode.IsMark(r)) {
		return 3
	}
	return 0
}
