package detect

import (
	"strconv"
	"strings"
)

// form is what the keys of a provider look like: text that is always the same, and random characters in braces, as in
// "glsa_{alnum 32}_{hex 8}". Inside braces stand an alphabet and how many characters of it, one number or two. {uuid} is
// a UUID in lower case, {UUID} one in any letter case.
type form struct {
	prefix string // the text it starts with; letter case counts
	parts  []formPart
	bits   float32 // least entropy of what follows the prefix, in bits a byte; 0: as leastEntropy says; below: not asked
	alone  bool    // the prefix is short or a word: a neighbor that joins words makes the key part of something else
	tailed bool    // the last six characters are a checksum, mostly
	check  func(key string) bool
}

type formPart struct {
	text     string
	set      *alphabet // nil: text
	from, to int
}

// ordinary are words that some keys begin with, as names of anything do.
var ordinary = map[string]bool{"access": true, "pubkey": true, "sandbox": true, "secret": true}

// parseForm compiles the notation. A fault in it is one of the tables, and panics.
func parseForm(s string) *form {
	s = strings.ReplaceAll(s, "{uuid}", "{hex 8}-{hex 4}-{hex 4}-{hex 4}-{hex 12}")
	s = strings.ReplaceAll(s, "{UUID}", "{anyhex 8}-{anyhex 4}-{anyhex 4}-{anyhex 4}-{anyhex 12}")
	f := &form{}
	f.prefix, _, _ = strings.Cut(s, "{")
	for rest := s[len(f.prefix):]; rest != ""; {
		if text, _, _ := strings.Cut(rest, "{"); text != "" {
			f.parts = append(f.parts, formPart{text: text})
			rest = rest[len(text):]
			continue
		}
		inner, after, closed := strings.Cut(rest[1:], "}")
		name, size, sized := strings.Cut(inner, " ")
		least, most, ranged := strings.Cut(size, "-")
		from, err := strconv.Atoi(least)
		to := from
		if ranged && err == nil {
			to, err = strconv.Atoi(most)
		}
		if !closed || !sized || err != nil || alphabets[name] == nil {
			panic("detect: form " + s)
		}
		f.parts = append(f.parts, formPart{set: alphabets[name], from: from, to: to})
		rest = after
	}
	f.alone = len(f.prefix) <= 5 || ordinary[strings.Trim(f.prefix, "-_.")]
	return f
}

// end returns the end of the key of this form that starts at i, or 0. The characters at hand are all taken: a run that
// is longer than the form has room for is something else.
func (f *form) end(s string, i int) int {
	i += len(f.prefix)
	for k := range f.parts {
		p := &f.parts[k]
		if p.set == nil {
			if len(s)-i < len(p.text) || s[i:i+len(p.text)] != p.text {
				return 0
			}
			i += len(p.text)
			continue
		}
		start := i
		for most := min(len(s), i+p.to); i < most && p.set.has(s[i]); {
			i++
		}
		if i-start < p.from {
			return 0
		}
		if k == len(f.parts)-1 {
			for i > start && s[i-1] == '.' { // the end of a sentence
				i--
			}
		}
	}
	if i < len(s) && isWord(s[i]) {
		return 0
	}
	return i
}

// isRandom reports whether what varies in a key is drawn at random, and is no example: the entropy is that of a key, the
// letters are no words, and nobody put crosses in.
func (f *form) isRandom(key string) bool {
	body := key[len(f.prefix):]
	if isFiller(body) {
		return false
	}
	if f.check != nil && !f.check(key) {
		return false
	}
	switch {
	case f.bits < 0:
		return true
	case f.bits > 0:
		return entropy(body) >= f.bits
	}
	return entropy(body) >= leastEntropy(len(body)) && (len(body) < 12 || hasDigit(body) || hasMixedCase(body))
}

// isFiller reports whether s holds what stands in for a key in documentation: crosses, EXAMPLE.
func isFiller(s string) bool {
	return strings.Contains(s, "xxxx") || strings.Contains(s, "XXXX") || strings.Contains(s, "EXAMPLE") || strings.Contains(s, "example")
}

func hasDigit(s string) bool {
	for i := range len(s) {
		if isDigit(s[i]) {
			return true
		}
	}
	return false
}

// joins reports whether c makes one name of the words on both sides of it, or one text in base 64.
func joins(c byte) bool { return c == '-' || c == '.' || c == '+' || c == '_' }

// verifier returns the verifier of keys of the form of an entity.
func (f *form) verifier(e Entity) func(t *text, i int) {
	return func(t *text, i int) {
		end := f.end(t.s, i)
		if end == 0 || !f.isRandom(t.s[i:end]) {
			return
		}
		if f.alone && (i > 1 && joins(t.s[i-1]) && isAlnum(t.s[i-2]) || joins(t.at(end)) && isAlnum(t.at(end+1))) {
			t.near = true
			return
		}
		t.add(e, i+f.secretAt(), end, f.confidence(t.s[i:end]))
	}
}

// secretAt returns where in a key what is secret begins: behind the host and path of a webhook.
func (f *form) secretAt() int { return strings.LastIndexByte(f.prefix, '/') + 1 }

// confidence is certainty where the checksum at the end of the key is right. A wrong one is no proof that there is none, as
// older keys have none.
func (f *form) confidence(key string) float32 {
	if f.tailed && hasCRCTail(key) {
		return 1
	}
	return 0.98
}

// byteAt returns s[i], or 0 outside s.
func byteAt(s string, i int) byte {
	if uint(i) < uint(len(s)) {
		return s[i]
	}
	return 0
}

// runOf returns the end of the bytes of s from i on that ok accepts, at most n.
func runOf(s string, i, n int, ok func(byte) bool) int {
	for most := min(len(s), i+n); i < most && ok(s[i]); {
		i++
	}
	return i
}
