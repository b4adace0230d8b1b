package names

import (
	"unicode"
	"unicode/utf8"
)

// folded are the base letters of U+00C0 to U+017F: José and Jose are one name.
const folded = "aaaaaaaceeeeiiiidnooooo×ouuuuyts" + "aaaaaaaceeeeiiiidnooooo×ouuuuyty" +
	"aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs"

var foldTable = func() (t [0x180 - 0xC0]rune) {
	i := 0
	for _, r := range folded {
		t[i] = r
		i++
	}
	return t
}()

// fold returns a letter in lower case without its diacritics.
func fold(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r | 0x20
	case r < 0xC0:
		return r
	case r < 0x180:
		return foldTable[r-0xC0]
	case r == 0x218 || r == 0x219:
		return 's'
	case r == 0x21A || r == 0x21B:
		return 't'
	}
	return unicode.ToLower(r)
}

const (
	fnvOffset = 2166136261
	fnvPrime  = 16777619
)

// Hash is the hash of a word or of words with single spaces between, equal for all spellings that fold alike (FNV-1a).
func Hash(s string) uint32 {
	h := uint32(fnvOffset)
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		if !combining(r) {
			h = (h ^ uint32(fold(r))) * fnvPrime
		}
		i += n
	}
	return h
}

// combining reports whether r is an accent that belongs to the letter before it.
func combining(r rune) bool { return r >= 0x300 && r < 0x370 }
