package detect

import "unicode/utf8"

// personWords are last words of keys whose object is a person.
var personWords = []string{
	"user", "customer", "client", "patient", "employee", "member", "person", "contact", "owner", "author", "buyer",
	"seller", "sender", "recipient", "guest", "passenger", "student", "subscriber", "applicant", "beneficiary",
	"cardholder", "account", "profile", "shopper", "payer", "payee", "holder", "enduser", "billing", "shipping",
}

// nameByKey verifies the name of a person under a key.
func nameByKey(t *text, v value) {
	v.end = t.phraseEnd(v)
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || !t.isPersonName(v) {
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
		case c == ' ' || c == '+':
			words++
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
	return t.cueIn(personCues, from, v.keyStart) || t.cueIn(personCues, v.keyEnd, v.start) || t.cueIn(personCues, v.end, to)
}

var personCues = []string{
	"user", "customer", "client ", "patient", "employee", "member ", "person", "passenger", "guest ", "student",
	"ssn ", "email", "dob ", "birth", "phone", "cardholder", "recipient", "subscriber", "contact ", "applicant",
}

// titled verifies a name after a title at i: Mr. John Smith.
func titled(t *text, i int) {
	if !isUpper(t.s[i]) {
		return
	}
	end := t.wordEnd(i)
	if !isTitle(t.s[i:end]) {
		return
	}
	if t.at(end) == '.' {
		end++
	}
	if t.at(end) != ' ' {
		return
	}
	if last := t.capitalWords(end+1, 3); last > end+1 {
		t.add(PersonName, end+1, last, 0.85)
	}
}

func isTitle(s string) bool {
	return s == "Mr" || s == "Mrs" || s == "Ms" || s == "Dr" || s == "Miss"
}

// cuedName verifies a name of two words or more after a word for a person at i; one word is enough after "my name is".
func cuedName(t *text, i int) {
	cue := t.s[i:t.wordEnd(i)]
	start, least := i+len(cue)+1, 2
	if len(cue) == 2 {
		start, least = i+len("my name is "), 1
	}
	end := t.capitalWords(start, 3)
	if end <= start || len(splitWords(t.s[start:end])) < least {
		return
	}
	for _, w := range splitWords(t.s[start:end]) {
		if notNames[w] || isUpper(w[len(w)-1]) && len(w) > 1 {
			return
		}
	}
	t.add(PersonName, start, end, 0.75)
}

// notNames are words with a capital that follow such a cue without being a name.
var notNames = map[string]bool{
	"Service": true, "Services": true, "Support": true, "Portal": true, "Id": true, "Account": true, "Accounts": true, "Care": true, "Success": true, "Data": true, "Record": true,
	"Records": true, "Name": true, "Number": true, "Management": true, "Relations": true, "Experience": true, "Self": true, "Center": true, "Not": true, "Created": true, "Updated": true,
	"Deleted": true, "Found": true, "Manager": true, "Team": true, "Profile": true, "Order": true, "Api": true, "Controller": true, "Repository": true, "With": true, "Has": true, "Was": true, "Is": true,
}

// capitalWords returns the end of at most n words from i on that look like a name, or i.
func (t *text) capitalWords(i, n int) int {
	end := i
	for range n {
		if !isUpper(t.at(i)) {
			break
		}
		j := i + 1
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

// usernameByKey verifies a user name under a key: one word or address, and no account of the system.
func usernameByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || systemAccounts[s] || s[0] == '{' || s[0] == '[' || s[0] == '/' || t.hasFold(v.start, "system:") {
		return
	}
	if v.weak() && !t.isHandle(v) {
		return
	}
	if v.prose && !v.closed && !t.proseValue(v) {
		return
	}
	end := v.end
	if !v.closed {
		end = t.trimSentence(v.start, end)
	}
	if end > v.start {
		t.emit(v, v.start, end, 0.9)
	}
}

// systemAccounts name nobody.
var systemAccounts = map[string]bool{
	"root": true, "system": true, "nobody": true, "daemon": true, "SYSTEM": true, "www-data": true, "-": true,
	"anonymous": true, "unknown": true, "guest": true, "N/A": true, "kubernetes-admin": true,
}

// isHandle reports whether the value is one short word of letters, digits and the signs of user names.
func (t *text) isHandle(v value) bool {
	letters := 0
	for i := v.start; i < v.end; i++ {
		c := t.s[i]
		if isLetter(c) {
			letters++
		}
		if !isWord(c) && c != '.' && c != '-' && c != '@' && c != '\\' && c != '+' && c < 0x80 {
			return false
		}
	}
	return letters >= 2 && v.end-v.start <= 64
}

// proseValue reports whether an unquoted value after a colon is a value rather than the next word of a sentence: it
// holds more than lower-case letters, or nothing but another pair follows it.
func (t *text) proseValue(v value) bool {
	for i := v.start; i < v.end; i++ {
		if c := t.s[i]; !isLower(c) && (i > v.start || !isUpper(c)) && c != '.' && c != ',' {
			return true
		}
	}
	if t.at(v.end) != ' ' {
		return true
	}
	return t.pairAt(v.end + 1)
}

// trimSentence returns end without the punctuation of a sentence before it.
func (t *text) trimSentence(start, end int) int {
	for end > start && (t.s[end-1] == '.' || t.s[end-1] == ',' || t.s[end-1] == ';' || t.s[end-1] == ':' || t.s[end-1] == '!') {
		end--
	}
	return end
}

// loginFor verifies the user name in the messages of sshd and PAM after the words at i.
func loginFor(t *text, i int) {
	start := i
	for n := 0; n < 5 && isLetter(t.at(start)); n++ { // the words of the message
		end := t.wordEnd(start)
		word := t.s[start:end]
		if t.at(end) != ' ' {
			return
		}
		start = end + 1
		if equalFold(word, "user") || equalFold(word, "for") && !t.hasFold(start, "user ") {
			break
		}
	}
	end := t.span(start, maxLocal, func(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '@' || c == '\\' })
	if end == start || isNobody(t.s[start:end]) || t.hasFold(start, "invalid user") || t.tokenTouches(start, end) {
		return
	}
	if t.hasFold(end, " from ") || t.hasFold(end, "(uid=") || t.hasFold(end, " by ") || end == len(t.s) {
		t.add(Username, start, end, 0.9)
	}
}

// accessLogUser verifies the user of an access log line in the common log format, after the hyphen at i:
// 192.0.2.1 - jane [10/Oct/2026:13:55:36 +0000].
func (t *text) accessLogUser(i int) {
	start := i + 2
	end := t.span(start, maxLocal, func(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == '@' || c == '\\' })
	if !t.hasFold(end, " [") || !isDigit(t.at(end+2)) || t.at(end+4) != '/' || !isLetter(t.at(end+5)) || end == start {
		return
	}
	if s := t.s[start:end]; s != "-" && !systemAccounts[s] && !t.tokenTouches(start, end) {
		t.add(Username, start, end, 0.9)
	}
}

// isUUID reports whether s is one, RFC 9562.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

// userIDByKey verifies the id of a user under a key.
func userIDByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || s[0] == '{' || s[0] == '[' || s[0] == '/' || s == "0" || s == "-1" {
		return
	}
	if v.weak() && (len(s) < 6 || isUUID(s)) || v.prose && !v.closed && !t.proseValue(v) {
		return
	}
	end := v.end
	if !v.closed {
		end = t.trimSentence(v.start, end)
	}
	if end > v.start {
		t.emit(v, v.start, end, 0.9)
	}
}
