package token

import "strings"

// Next returns the extent of the next grammatical token of s at or after from, or -1, -1. The extent ends at a word
// boundary and does not include a kept part. Nothing is verified. Text without tokens costs a search for one byte.
func Next(s string, from int) (start, end int) {
	const under = len(Prefix) - 1 // the prefix is found by its underscore, the rarest of its bytes
	for i := from + under; i < len(s); {
		j := strings.IndexByte(s[i:], '_')
		if j < 0 {
			break
		}
		i += j
		if s[i-under:i] != Prefix[:under] {
			// An underscore inside the three bytes before the next one would spoil the prefix.
			i += len(Prefix)
			continue
		}
		if _, n := parsePrefix(s[i-under:]); n > 0 && boundary(s, i-under+n) {
			return i - under, i - under + n
		}
		i += len(Prefix)
	}
	return -1, -1
}

// boundary reports whether a token of s may end at end. An underscore follows when a part of the value was kept, and
// a second token may follow at once where two values stood side by side.
func boundary(s string, end int) bool {
	return end == len(s) || !alphanumeric(s[end]) || strings.HasPrefix(s[end:], Prefix)
}

const (
	maxKeptDigits   = 4
	maxDomain       = 253 // RFC 1035 section 2.3.4, as text without the root's dot
	maxLabel        = 63
	maxDomainDigits = 6 // fewer than any national id or phone number has
)

// Kept returns the end of the part of the value that the policy kept readable behind the token ending at end:
// "_" and 1 to 4 digits, or "@" and a domain name. Without one it returns end.
//
// A kept part is protected like its token though no tag covers it, so its form is narrow: a domain has a dot, ends
// in a top-level label of letters, is not followed by another @, and holds at most 6 digits.
func Kept(s string, end int) int {
	if end >= len(s) {
		return end
	}
	var n int
	switch s[end] {
	case '_':
		n = digitsLen(s[end+1:])
	case '@':
		n = domainLen(s[end+1:])
	}
	if n == 0 {
		return end
	}
	return end + 1 + n
}

func digitsLen(s string) int {
	n := 0
	for n < len(s) && n <= maxKeptDigits && digit(s[n]) {
		n++
	}
	if n > maxKeptDigits || n < len(s) && alphanumeric(s[n]) {
		return 0
	}
	return n
}

// domainLen is the length of the domain name s starts with, or 0. A dot that ends a sentence is not part of it.
func domainLen(s string) int {
	end, label, dots, digits := 0, 0, 0, 0
	i := 0
	for ; i < len(s) && i <= maxDomain; i++ {
		c := s[i]
		if c == '.' {
			if i == label || i+1 >= len(s) || !domainByte(s[i+1]) || s[i+1] == '-' {
				break
			}
			label, dots = i+1, dots+1
			continue
		}
		if !domainByte(c) || c == '-' && i == label || i-label >= maxLabel {
			break
		}
		if digit(c) {
			digits++
		}
	}
	end = i
	if dots == 0 || end > maxDomain || digits > maxDomainDigits || !topLevel(s[label:end]) {
		return 0
	}
	// What goes on with @ is no domain but the local part of somebody's address, glued to a token to hide behind it.
	if end < len(s) && (s[end] == '_' || s[end] == '@' || domainByte(s[end])) {
		return 0
	}
	return end
}

// topLevel reports whether s can be a top-level label: letters only, or an internationalised one.
func topLevel(s string) bool {
	if len(s) < 2 || s[len(s)-1] == '-' {
		return false
	}
	if len(s) > 4 && strings.EqualFold(s[:4], "xn--") {
		return true
	}
	for i := 0; i < len(s); i++ {
		if digit(s[i]) || s[i] == '-' {
			return false
		}
	}
	return true
}

// domainByte accepts letters, digits, hyphens and the bytes of UTF-8 outside ASCII (RFC 6531).
func domainByte(c byte) bool { return alphanumeric(c) || c == '-' || c >= 0x80 }

func digit(c byte) bool { return '0' <= c && c <= '9' }

func alphanumeric(c byte) bool { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }
