package detect

import (
	"unicode"
	"unicode/utf8"
)

// nameByKey verifies the name of a person under a key.
func nameByKey(t *text, v value) {
	if v.ref.person {
		t.nameOfPerson(v)
		return
	}
	v.end = t.phraseEnd(v)
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || !t.isPersonName(v) || !v.closed && t.at(v.end) == '(' {
		return
	}
	if v.weak() && t.isFormName(v) {
		t.emit(v, v.start, v.end, 0.8)
		return
	}
	if v.weak() && (!isFullName(s) || !t.personNear(v)) {
		return
	}
	if v.prose && !v.closed && !isCapital(s) {
		return
	}
	t.emit(v, v.start, v.end, 0.9)
}

// nameOfPerson verifies a full name under a key that names the person as a whole: Jane Doe, John Q. Public, Müller, Jürgen.
func (t *text) nameOfPerson(v value) {
	end := t.capitalWords(v.start, 4)
	words := splitWords(t.s[v.start:end])
	if len(words) == 1 && t.at(end) == ',' && t.at(end+1) == ' ' { // last name first
		if last := t.capitalWords(end+2, 2); last > end+2 {
			end = last
			words = append(words, splitWords(t.s[v.start:end])[1:]...)
		}
	}
	if len(words) < 2 || end-v.start > maxName || v.closed && end != v.end || t.tokenTouches(v.start, end) {
		return
	}
	for _, w := range words {
		if notNames[w] || isUpper(w[len(w)-1]) && len(w) > 2 {
			return
		}
	}
	t.emit(v, v.start, end, 0.85)
}

// isFormName reports whether the value is a full name in the body of a form: name=Anna+Kowalska.
func (t *text) isFormName(v value) bool {
	if v.closed || t.at(v.keyEnd) != '=' || t.at(v.keyStart-1) == '?' {
		return false
	}
	words, letters := 1, 0
	for i := v.start; i < v.end; i++ {
		switch c := t.s[i]; {
		case c == '+' && letters >= 2 && i+1 < v.end && isUpper(t.s[i+1]):
			words, letters = words+1, 0
		case isLetter(c) && isLower(c) == (letters > 0):
			letters++
		default:
			return false
		}
	}
	return words >= 2 && words <= 3 && letters >= 2
}

// splitWords returns the words of a short name; it does not allocate for up to four.
func splitWords(s string) []string {
	words := make([]string, 0, 4)
	for from := 0; from <= len(s); {
		end := from
		for end < len(s) && s[end] != ' ' {
			end++
		}
		if end > from {
			words = append(words, s[from:end])
		}
		from = end + 1
	}
	return words
}

// maxName is the longest name of a person, in bytes.
const maxName = 80

// isPersonName reports whether the value is letters, blanks and the few signs of names, at most six words.
func (t *text) isPersonName(v value) bool {
	if v.end-v.start < 2 || v.end-v.start > maxName {
		return false
	}
	var buf [maxName]byte
	words, letters := 1, 0
	plain := t.plain(buf[:0], v)
	for i := 0; i < len(plain); {
		c := plain[i]
		switch {
		case isLetter(c):
			letters++
		case c >= 0x80:
			r, n := utf8.DecodeRune(plain[i:])
			if r == utf8.RuneError {
				return false
			}
			letters++
			i += n
			continue
		case c == ' ' || c == '+' && i > 0 && plain[i-1] != ' ' && i+1 < len(plain) && plain[i+1] != ' ':
			words++
		case c == '.' && (i == 0 || i+1 < len(plain) && isLower(plain[i+1])): // notes.txt
			return false
		case c == '-' || c == '\'' || c == '.' || c == ',' || c == '(' || c == ')':
		default:
			return false
		}
		i++
	}
	return letters >= 2 && words <= 6
}

// isFullName reports whether s is two to four words that all start with a capital or a particle.
func isFullName(s string) bool {
	words, capitals := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' || i > 0 && s[i-1] != ' ' {
			continue
		}
		words++
		if isUpper(s[i]) || s[i] >= 0x80 {
			capitals++
		}
	}
	return words >= 2 && words <= 4 && capitals >= 2
}

func isCapital(s string) bool { return len(s) > 0 && (isUpper(s[0]) || s[0] >= 0x80) }

// personReach is how far around the key "name" something else of a person may stand.
const personReach = 120

// personNear reports whether the key "name" is one of a person: its object, its attribute or its neighbors say so.
func (t *text) personNear(v value) bool {
	if v.attr() {
		return false
	}
	from, to := t.around(v.keyStart, v.end, personReach)
	return t.cueIn(personCues, from, v.keyStart) || t.cueIn(personCues, v.keyEnd, min(v.start, v.keyEnd+personReach)) || t.cueIn(personCues, v.end, to)
}

var personCues = []string{
	"user", "customer", "client ", "patient", "employee", "member ", "person", "passenger", "guest ", "student",
	"ssn ", "email", "dob ", "birth", "phone", "cardholder", "recipient", "subscriber", "contact ", "applicant",
}

func isTitle(s string) bool {
	return s == "Mr" || s == "Mrs" || s == "Ms" || s == "Dr" || s == "Miss"
}

// notNames are words with a capital that follow a key of a person without being a name.
var notNames = map[string]bool{
	"Service": true, "Services": true, "Support": true, "Portal": true, "Id": true, "Account": true, "Accounts": true, "Care": true, "Success": true, "Data": true, "Record": true,
	"Records": true, "Name": true, "Number": true, "Management": true, "Relations": true, "Experience": true, "Self": true, "Center": true, "Not": true, "Created": true, "Updated": true,
	"Deleted": true, "Found": true, "Manager": true, "Team": true, "Profile": true, "Order": true, "Api": true, "Controller": true, "Repository": true, "With": true, "Has": true, "Was": true, "Is": true, "System": true, "Corp": true, "Inc": true, "Ltd": true, "Group": true, "Department": true, "Delivery": true, "List": true, "Type": true,
}

// capitalAt returns the length of the capital letter at i, or 0.
func (t *text) capitalAt(i int) int {
	if c := t.at(i); c < 0xC3 {
		if isUpper(c) {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(t.s[i:]); unicode.IsUpper(r) {
		return n
	}
	return 0
}

// capitalWords returns the end of at most n words from i on that look like a name, or i.
func (t *text) capitalWords(i, n int) int {
	end := i
	for range n {
		capital := t.capitalAt(i)
		if capital == 0 {
			break
		}
		j := i + capital
		for j < len(t.s) && (isLetter(t.s[j]) || t.s[j] >= 0x80 || (t.s[j] == '-' || t.s[j] == '\'') && isLetter(t.at(j+1))) {
			j++
		}
		if j-i == 1 && t.at(j) == '.' {
			j++
		}
		if isWord(t.at(j)) || t.at(j) == '=' || t.at(j) == ':' && j-i > 2 && end > i || j-i < 2 || isTitle(t.s[i:j]) {
			break
		}
		end = j
		if t.at(j) != ' ' {
			break
		}
		i = j + 1
	}
	return end
}
