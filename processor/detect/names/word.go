package names

import (
	"unicode"
	"unicode/utf8"
)

// word is one capitalized word of a window.
type word struct {
	start, end int
	kind       Kind
	initial    bool // J.
	suffix     uint32
	hash       uint32
	shape      uint32
}

// word reads the capitalized word at i.
func (w *window) word(i int) (word, bool) {
	s, j, letters, inner, accents := w.s, i, 0, 0, false
	if i >= w.hi {
		return word{}, false
	}
	limit := min(w.hi, i+maxWord+1)
	for j < limit {
		c := s[j]
		switch {
		case isLower(c):
			letters++
		case isUpper(c):
			if j > i && isLower(s[j-1]) && !capitalPrefix(s[i:j]) {
				return word{}, false // FooService
			}
			if letters++; j > i && isUpper(s[j-1]) {
				inner++
			}
		case c >= 0x80:
			r, n := utf8.DecodeRuneInString(s[j:])
			if (r == '’' || combining(r)) && j > i {
				j += n
				continue
			}
			if !unicode.IsLetter(r) || j == i && !unicode.IsUpper(r) {
				if j == i {
					return word{}, false
				}
				goto end
			}
			accents, letters = true, letters+1
			j += n
			continue
		case (c == '\'' || c == '-') && j > i && j+1 < limit && (isLetter(s[j+1]) || s[j+1] >= 0x80):
			if c == '\'' && s[j+1] == 's' && (j+2 == len(s) || !isLetter(s[j+2])) {
				goto end
			}
			if c == '-' && isLower(s[j+1]) {
				return word{}, false
			}
		default:
			goto end
		}
		if j == i && !isUpper(c) {
			return word{}, false
		}
		j++
	}
end:
	if j >= limit && limit < w.hi || j >= w.hi && j < len(s) && s[j] >= 0x80 || letters == 0 || inner > 0 {
		return word{}, false // too long, cut off, or all capitals
	}
	next := word{start: i, end: j}
	if letters == 1 {
		if j >= w.hi || s[j] != '.' {
			return word{}, false
		}
		next.end, next.initial = j+1, true
		j++
	}
	if j < len(s) && codeAfter(s, j) {
		return word{}, false
	}
	if !next.initial {
		next.hash = Hash(s[i:j])
		next.kind = lookup(next.hash)
		if next.kind == 0 {
			next.kind = parts(s[i:j])
		}
		next.suffix = Hash(s[max(i, j-3):j])
		next.shape = uint32(min(letters, 12)) << 1
		if accents {
			next.shape |= 1
		}
	}
	return next, true
}

// codeAfter reports whether a word that ends at i is part of an identifier, an address, a path or a call.
func codeAfter(s string, i int) bool {
	switch c := s[i]; {
	case isLetter(c), isDigit(c), c == '_', c == '/', c == '\\', c == '@', c == '=', c == '(', c == '[', c == '{', c == '$', c == '#', c == '%', c == '+', c == '*', c == '~':
		return true
	case c == '.', c == ':', c == '-':
		return i+1 < len(s) && (isLetter(s[i+1]) || isDigit(s[i+1]) || s[i+1] == ':' || s[i+1] == '/' || s[i+1] == '\\' || s[i+1] == '-')
	}
	return false
}

// parts returns what both parts of a word with a hyphen are known as.
func parts(s string) Kind {
	for i := range len(s) {
		if s[i] == '-' {
			return Lookup(s[:i]) & Lookup(s[i+1:]) & (known | Common | Veto)
		}
	}
	return 0
}

// capitalPrefix reports whether a capital letter may follow p inside a name.
func capitalPrefix(p string) bool {
	switch p {
	case "Mc", "Mac", "De", "La", "Le", "Di", "Da", "Van", "Fitz":
		return true
	}
	return p[len(p)-1] == '-'
}

// particle returns where the word after a particle of names at i starts, or i.
func particle(s string, i int) int {
	end := i
	for end < len(s) && end <= i+maxParticle && isLower(s[end]) {
		end++
	}
	if end+1 >= len(s) || s[end] != ' ' {
		return i
	}
	switch s[i:end] {
	case "van", "von", "der", "den", "de", "da", "di", "do", "dos", "das", "del", "la", "le", "du", "bin", "el", "al", "ter", "zu", "ten":
		return end + 1
	}
	return i
}

// accented reports whether a capital letter of several bytes starts a word at i.
func accented(s string, i int) bool {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return unicode.IsUpper(r) && (i == 0 || !partOfWord(s[i-1]))
}

func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool  { return c >= 'a' && c <= 'z' }
func isLetter(c byte) bool { return isLower(c | 0x20) }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
