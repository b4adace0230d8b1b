package detect

import (
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect/names"
)

// The forms of streets outside English. The house number follows, but in French, where it stands before.

// streetEnds end words that name a street. The weak ones end other words too, so that a postal code with a city must follow.
var streetEnds = []struct {
	text string
	weak bool
}{
	{"straße", false},
	{"strasse", false},
	{"str.", false},
	{"straat", false},
	{"gracht", false},
	{"gatan", false},
	{"vägen", false},
	{"gade", true},
	{"vej", true},
	{"veien", true},
	{"gata", true},
	{"katu", true},
	{"weg", true},
	{"platz", true},
	{"allee", true},
	{"gasse", true},
	{"ring", true},
	{"damm", true},
	{"ufer", true},
	{"laan", true},
	{"plein", true},
	{"kade", true},
	{"singel", true},
	{"postfach", false},
	{"postbus", false},
}

// mayBeStreet reports whether the word at i may begin a street whose house number follows.
func mayBeStreet(s string, i int) bool {
	if !isUpper(s[i]) || i+4 >= len(s) || !isLower(s[i+1]) {
		return false
	}
	end := i + 1
	for end < len(s) && end < i+maxStreetWord && (isLetter(s[end]) || s[end] >= 0x80 || s[end] == '-' || s[end] == '.') {
		end++
	}
	if end+1 >= len(s) || s[end] != ' ' {
		return false
	}
	if isDigit(s[end+1]) {
		_, ok := streetEnd(s[i:end])
		return ok
	}
	return isStreetKind(s[i:end])
}

const (
	maxStreetWord = 32 // bytes of the name of a street in one word
	maxStreetName = 5  // words of the name of a street
)

func streetEnd(word string) (weak, ok bool) {
	for _, e := range streetEnds {
		if n := len(word) - len(e.text); n >= 0 && equalFold(word[n:], e.text) {
			return e.weak, true
		}
	}
	return false, false
}

// streetKind reports whether the word stands before the name of a street. A weak one is a word for other things too: then
// a word of the name must be known, or a postal code with a city must follow.
func streetKind(word string) (weak, ok bool) {
	switch word {
	case "Calle", "Avenida", "Paseo", "Carrer", "Rua", "Travessa", "Viale", "Piazza", "Vicolo", "Rue", "Chaussée", "Ulica":
		return false, true
	case "Via", "Plaza", "Corso", "Boulevard", "Avenue":
		return true, true
	}
	return false, false
}

func isStreetKind(word string) bool {
	_, ok := streetKind(word)
	return ok
}

// streetAndNumber verifies Musterstraße 12, 10115 Berlin and Calle Mayor 5 at i, for which mayBeStreet said yes.
func (t *text) streetAndNumber(i int) {
	if i > 0 && strings.IndexByte("._/\\@-$#", t.s[i-1]) >= 0 {
		return
	}
	end := strings.IndexByte(t.s[i:], ' ') + i
	if isDigit(t.at(end + 1)) {
		weak, _ := streetEnd(t.s[i:end])
		start := i
		if t.hasFold(i, "straße") || t.hasFold(i, "strasse") || t.hasFold(i, "str.") { // Lange Straße
			if start = t.capitalBefore(i); start == i {
				return
			}
		}
		t.street(start, end+1, weak)
		return
	}
	weak, _ := streetKind(t.s[i:end])
	known := false
	for j, n := end+1, 0; n < maxStreetName; n++ {
		word := j
		for j < len(t.s) && j < word+maxStreetWord && (isLetter(t.s[j]) || t.s[j] >= 0x80 || t.s[j] == '\'' || t.s[j] == '-' || t.s[j] == '.') {
			j++
		}
		if j == word {
			return
		}
		switch t.s[word:j] {
		case "de", "del", "della", "delle", "dei", "di", "da", "do", "dos", "das", "du", "des", "la", "las", "los", "le", "les", "y", "e", "San":
		default:
			if t.capitalAt(word) == 0 {
				return
			}
			kind := names.Lookup(t.s[word:j])
			known = known || kind&(names.First|names.Last|names.City) != 0 && kind&names.Veto == 0
		}
		if t.at(j) == ',' {
			j++
		}
		if t.at(j) != ' ' {
			return
		}
		j++
		if isDigit(t.at(j)) {
			t.street(i, j, weak && !known)
			return
		}
	}
}

// capitalBefore returns the start of the word with a capital before the word at i, or i.
func (t *text) capitalBefore(i int) int {
	if i < 3 || t.s[i-1] != ' ' {
		return i
	}
	start := i - 1
	for start > 0 && start > i-maxStreetWord && (isLetter(t.s[start-1]) || t.s[start-1] >= 0x80) {
		start--
	}
	if t.capitalAt(start) == 0 || t.wordBefore(start) {
		return i
	}
	return start
}

// street puts the street that starts at start with its house number at i. A weak one wants a postal code and a city.
func (t *text) street(start, i int, weak bool) {
	end := t.houseEnd(i)
	if end == i {
		return
	}
	whole := t.codeAndCity(end)
	if weak && whole == end || t.tokenTouches(start, whole) {
		t.near = true
		return
	}
	t.add(StreetAddress, start, whole, 0.8)
}

// houseEnd returns the end of the house number at i (12, 12a, 12-14, 12/3), or i.
func (t *text) houseEnd(i int) int {
	end := t.span(i, 5, isDigit)
	if end == i || end-i > 4 || t.s[i] == '0' {
		return i
	}
	if isLetter(t.at(end)) && !isWord(t.at(end+1)) {
		end++
	} else if c := t.at(end); c == '-' || c == '/' {
		if next := t.span(end+1, 5, isDigit); next > end+1 && next-end <= 5 && !isWord(t.at(next)) {
			end = next
		}
	}
	switch c := t.at(end); {
	case isWord(c), c == '%', c == '=', c == '/', c == '-', c == '\\':
		return i
	case (c == '.' || c == ':' || c == ',') && isDigit(t.at(end+1)):
		return i
	}
	return end
}

// codeAndCity returns the end of a postal code and a city after a house number: ", 10115 Berlin", " 28013 Madrid",
// ", 1012 AB Amsterdam", ", Berlin". It returns i when there are none.
func (t *text) codeAndCity(i int) int {
	j := i
	if t.at(j) == ',' {
		j++
	}
	if t.at(j) != ' ' {
		return i
	}
	j++
	if isUpper(t.at(j)) && (t.at(j+1) == '-' || isUpper(t.at(j+1)) && t.at(j+2) == '-') { // D-10115
		j = strings.IndexByte(t.s[j:], '-') + j + 1
	}
	code := t.span(j, 6, isDigit)
	if code == j {
		if t.at(i) != ',' {
			return i
		}
		end := t.cityEnd(j)
		if end > j && names.Lookup(t.s[j:end])&names.City != 0 {
			return end
		}
		return i
	}
	n := code - j
	if t.at(code) == '-' && (n == 2 || n == 4 || n == 5) { // 00-950, 1000-001, 01310-100
		if end := t.span(code+1, 4, isDigit); end == code+4 {
			code, n = end, 5
		}
	}
	if n < 4 || n > 6 || t.at(code) != ' ' {
		return i
	}
	if n == 4 && isUpper(t.at(code+1)) && isUpper(t.at(code+2)) && t.at(code+3) == ' ' { // 1012 AB
		code += 3
	}
	if end := t.cityEnd(code + 1); end > code+1 {
		return end
	}
	return i
}

// cityEnd returns the end of the name of a city at i, or i: Berlin, Frankfurt am Main, Saint-Denis.
func (t *text) cityEnd(i int) int {
	end := i
	for range 4 {
		j := i
		for j < len(t.s) && j < i+maxStreetWord && (isLetter(t.s[j]) || t.s[j] >= 0x80 || (t.s[j] == '-' || t.s[j] == '\'') && isLetter(t.at(j+1))) {
			j++
		}
		if j == i || isWord(t.at(j)) {
			return end
		}
		switch t.s[i:j] {
		case "am", "an", "der", "im", "de", "la", "del", "do", "da", "sur", "den", "les":
			if end == i {
				return end
			}
		default:
			if t.capitalAt(i) == 0 || end > i && i > 0 && names.Lookup(t.s[i:j])&names.Veto != 0 {
				return end
			}
			end = j
		}
		if t.at(j) != ' ' {
			return end
		}
		i = j + 1
	}
	return end
}

// frenchStarts is what those start with.
const frenchStarts = "rabtciqp"

// frenchSeconds has a bit for the letters that follow those.
var frenchSeconds = [256]uint32{
	'r': 1 << ('u' & 31), 'a': 1<<('v'&31) | 1<<('l'&31), 'b': 1<<('o'&31) | 1<<('i'&31), 't': 1 << ('e' & 31),
	'c': 1 << ('h' & 31), 'i': 1 << ('m' & 31), 'q': 1 << ('u' & 31), 'p': 1 << ('l' & 31),
}

// frenchStreet is the kind of a street in French at i, after the house number, with the blank after it; empty when there
// is none.
func frenchStreet(s string, i int) string {
	if i+5 > len(s) || frenchSeconds[s[i]]>>(s[i+1]&31)&1 == 0 {
		return ""
	}
	kind := ""
	switch s[i] {
	case 'r':
		kind = "rue "
	case 'a':
		kind = "avenue "
		if s[i+1] == 'l' {
			kind = "allée "
		}
	case 'b':
		kind = "boulevard "
		if s[i+1] == 'i' {
			kind = "bis rue "
		}
	case 't':
		kind = "ter rue "
	case 'c':
		kind = "chemin "
	case 'i':
		kind = "impasse "
	case 'q':
		kind = "quai "
	case 'p':
		kind = "place "
	default:
		return ""
	}
	if s[i+1] != kind[1] || !strings.HasPrefix(s[i:], kind) {
		return ""
	}
	return kind
}

// frenchFollows reports whether the kind of a street in French follows the number that ends at end: 12 rue, 12, rue.
func frenchFollows(s string, end int) bool {
	if end < len(s) && s[end] == ',' {
		end++
	}
	return end < len(s) && s[end] == ' ' && frenchStreet(s, end+1) != ""
}

// frenchAddress verifies 12 rue de Rivoli, 75001 Paris at the number that starts at start, whose street is at i. A name
// with a capital must follow the kind, and "place" takes a postal code too.
func (t *text) frenchAddress(start, i int) {
	kind := frenchStreet(t.s, i)
	weak := kind == "place " || kind == "chemin " || kind == "impasse "
	end, capitals := i, 0
	for n := 0; n < maxStreetName+2; n++ {
		j := i
		for j < len(t.s) && j < i+maxStreetWord && (isLetter(t.s[j]) || t.s[j] >= 0x80 || (t.s[j] == '\'' || t.s[j] == '-') && (isLetter(t.at(j+1)) || t.at(j+1) >= 0x80)) {
			j++
		}
		if j == i {
			break
		}
		switch word := t.s[i:j]; {
		case t.capitalAt(i) > 0 || (strings.HasPrefix(word, "l'") || strings.HasPrefix(word, "d'")) && t.capitalAt(i+2) > 0:
			capitals++
			end = j
		case capitals > 0 && word != "de" && word != "du" && word != "des" && word != "la" && word != "et":
			n = maxStreetName + 2
		case capitals == 0 && n > 0 && word != "de" && word != "du" && word != "des" && word != "la" && word != "le" && word != "les" && word != "rue":
			return
		}
		if t.at(j) == ',' && capitals == 0 && t.at(j+1) == ' ' {
			j++
		}
		if t.at(j) != ' ' {
			break
		}
		i = j + 1
	}
	if capitals == 0 {
		return
	}
	whole := t.codeAndCity(end)
	if weak && whole == end || t.tokenTouches(start, whole) {
		t.near = true
		return
	}
	t.add(StreetAddress, start, whole, 0.8)
}

// poBox verifies P.O. Box 1234 at i.
func poBox(t *text, i int) {
	j := i
	for _, form := range [...]string{"p.o. box ", "po box ", "p.o.box "} {
		if t.hasFold(i, form) {
			j = i + len(form)
			break
		}
	}
	if j == i || !isUpper(t.s[i]) || !isUpper(t.s[j-4]) {
		return
	}
	end := t.span(j, 7, isDigit)
	if end == j || end-j > 6 || isWord(t.at(end)) || t.at(end) == '.' && isDigit(t.at(end+1)) || t.tokenTouches(i, end) {
		return
	}
	t.add(StreetAddress, i, t.locality(end), 0.8)
}
