// Package terminal knows what may be written to a terminal and whether there is one.
package terminal

import (
	"fmt"
	"unicode/utf8"
)

// AppendPrintable appends s with everything escaped that a terminal would obey rather than show: control characters
// (tab excepted), bytes that are not UTF-8, and marks that turn the direction of writing. Text from a log must not be
// able to clear the screen, set a title or hide a part of itself.
func AppendPrintable(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != 0x7f || c == '\t' {
			dst = append(dst, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		dst = appendRune(dst, s[i:i+n], r)
		i += n
	}
	return dst
}

func appendRune(dst []byte, spelled string, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == utf8.RuneError && len(spelled) == 1:
		return fmt.Appendf(dst, `\x%02x`, spelled[0])
	case r < ' ' || r == 0x7f:
		return fmt.Appendf(dst, `\x%02x`, r)
	case r >= 0x80 && r < 0xa0 || turnsDirection(r):
		return fmt.Appendf(dst, `\u%04x`, r)
	}
	return append(dst, spelled...)
}

// turnsDirection is true for the marks, embeddings, overrides and isolates of the Unicode bidirectional algorithm (UAX 9).
func turnsDirection(r rune) bool {
	return r == 0x061c || r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
