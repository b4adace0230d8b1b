package detect

import "strings"

// placeholders are words that stand where a value would: nothing is hidden by hiding them.
var placeholders = map[string]bool{
	"null": true, "nil": true, "none": true, "undefined": true, "true": true, "false": true, "yes": true, "no": true,
	"n/a": true, "na": true, "unknown": true, "empty": true, "unset": true, "missing": true, "invalid": true,
	"changeme": true, "change_me": true, "change-me": true, "redacted": true, "masked": true, "hidden": true,
	"filtered": true, "removed": true, "omitted": true, "secret-ref": true, "placeholder": true, "required": true,
	"optional": true, "string": true, "nan": true, "todo": true, "tbd": true, "default": true, "anonymous": true,
	"select": true, "insert": true, "where": true, "and": true, "or": true, "on": true, "off": true, "enabled": true,
	"str": true, "string!": true, "int": true, "integer": true, "bool": true, "boolean": true, "bytes": true, "bytea": true, "varchar": true, "object": true, "array": true, "number": true,
	"disabled": true, "ok": true, "example": true, "failed": true, "is": true, "set": true, "not": true,
	"incorrect": true, "expired": true, "wrong": true, "include": true, "same-origin": true,
}

const (
	longestPlaceholder = 11  // in the table
	maxPlaceholder     = 256 // of any kind, in bytes
)

// isPlaceholder reports whether s stands for a value rather than being one: templates, masks, nulls, redactions.
func isPlaceholder(s string) bool {
	if len(s) > maxPlaceholder {
		return false
	}
	s = strings.Trim(s, " \t.")
	if len(s) == 0 {
		return true
	}
	if isPlaceholderWord(s) {
		return true
	}
	if len(s) >= 16 && strings.Contains(s, "EXAMPLE") { // as in the documentation of vendors
		return true
	}
	first, last := s[0], s[len(s)-1]
	switch first {
	case '$':
		return len(s) == 1 || isUpperName(s[1:]) || (s[1] == '{' || s[1] == '(') && isTemplate(s[2:])
	case '<':
		return len(s) < 3 || last == '>' && isStandIn(s[1:len(s)-1])
	case '[':
		return last == ']' && isStandIn(s[1:len(s)-1])
	case '{':
		return last == '}' && (isStandIn(s[1:len(s)-1]) || s[1] == '{' && isTemplate(s[2:]))
	case '(':
		return last == ')' && isStandIn(s[1:len(s)-1])
	case ':', '@':
		return len(s) < 2 || isPlainWord(s[1:])
	case '%':
		return len(s) <= 3 && !isHex(last) || len(s) == 2 || last == '%' && isStandIn(s[1:len(s)-1])
	case '?', '.', '/':
		return isRun(s)
	case '-', '_', '=': // __REDACTED__
		return isRun(s) || last == first && (isPlaceholderWord(strings.Trim(s, s[:1])) || first == '_' && len(s) > 4 && isStandIn(s))
	}
	return isMask(s)
}

// isPlaceholderWord reports whether s is in the table, in any letter case.
func isPlaceholderWord(s string) bool {
	if len(s) > longestPlaceholder {
		return false
	}
	var low [longestPlaceholder]byte
	for i := range len(s) {
		low[i] = lower(s[i])
	}
	return placeholders[string(low[:len(s)])]
}

// isMask reports whether s is masked already: one character again and again, or a mask that leaves at most four
// characters to be read, or names of what it masks.
func isMask(s string) bool {
	if len(s) >= 3 && (isRun(s) || isCrosses(s)) && !isDigit(s[0]) {
		return true
	}
	if n := len(s) - 4; n >= 4 && isCrosses(s[:n]) { // the last four stay
		return true
	}
	if len(s) >= 2*shortestRun && longestRun(s)*2 >= len(s) {
		return true
	}
	masked, readable, words := false, 0, true
	for i := 0; i < len(s); {
		if n := maskRun(s[i:]); n > 0 {
			masked = true
			i += n
			continue
		}
		from := i
		for i < len(s) && maskRun(s[i:]) == 0 {
			if isAlnum(s[i]) || s[i] >= 0x80 {
				readable++
			}
			i++
		}
		if words = words && isStandIn(s[from:i]); !words && readable > 4 {
			return false
		}
	}
	return masked && (readable <= 4 || words)
}

// shortestRun is how often a character stands in a row in what somebody filled in, and in no key.
const shortestRun = 10

// longestRun returns how long the longest run of one byte in s is.
func longestRun(s string) int {
	longest, n := 0, 0
	for i := range len(s) {
		if i > 0 && s[i] != s[i-1] {
			n = 0
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

// maskRun returns the length of the mask that s starts with: three stars, bullets or dots, six crosses, or more; or 0.
func maskRun(s string) int {
	least, mark := 3, 1
	switch s[0] {
	case '*', '.':
	case 'x', 'X', '#':
		least = 6
	case 0xE2: // the first byte of both
		switch mark = 3; {
		case strings.HasPrefix(s, "•"):
		case strings.HasPrefix(s, "…"):
			least = 1
		default:
			return 0
		}
	default:
		return 0
	}
	n := 1
	for (n+1)*mark <= len(s) && s[n*mark:(n+1)*mark] == s[:mark] {
		n++
	}
	if n < least {
		return 0
	}
	return n * mark
}

// isRun reports whether s is one byte again and again.
func isRun(s string) bool {
	return strings.Count(s, s[:1]) == len(s)
}

// isCrosses reports whether s is of x and X, and hyphens between.
func isCrosses(s string) bool {
	n := 0
	for i := range len(s) {
		switch s[i] {
		case 'x', 'X', '#':
			n++
		case '-', ' ', '_':
		default:
			return false
		}
	}
	return n >= 3
}

// standIns are words, beside the names of entities and keys, of what stands in brackets in place of a value.
var standIns = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`your my the a an here insert enter replace with me value values data field hash name names id key keys api access auth client user
		email mail phone number date address ip db database service account app dummy example sample test fake xxx content information info env var variable private sensitive
		redacted masked hidden filtered removed omitted scrubbed sanitized suppressed censored obfuscated stripped truncated elided deleted protected by policy pii phi
		bytes pass passwd pwd login username chars characters object array html nil null none empty blank unset unknown undefined missing`) {
		m[w] = true
	}
	for w := range placeholders {
		m[w] = true
	}
	return m
}()

// isStandIn reports whether s, from inside brackets, names what belongs there rather than being it: email, REDACTED,
// redacted:ssn, your-api-key, DB_PASSWORD, 0.
func isStandIn(s string) bool {
	s = strings.Trim(s, " _-.:*")
	if len(s) <= 2 || isUpperName(s) {
		return true
	}
	for i := 0; i < len(s); {
		from := i
		for i < len(s) && isAlnum(s[i]) {
			i++
		}
		if !isStandInWord(s[from:i]) {
			return isKeyName(s)
		}
		for i < len(s) && !isAlnum(s[i]) {
			if !strings.ContainsRune(" _-.:*|/", rune(s[i])) {
				return false
			}
			i++
		}
	}
	return true
}

func isStandInWord(s string) bool {
	var low [16]byte
	if len(s) > len(low) {
		return false
	}
	for i := range len(s) {
		low[i] = lower(s[i])
	}
	return standIns[string(low[:len(s)])] || entityWords[string(low[:len(s)])] || len(s) <= 2
}

// isKeyName reports whether s, of letters and the signs between them, is the name of a key.
func isKeyName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c != '_' && c != '-' && c != '.' && c != ' ' {
			return false
		}
	}
	return len(s) <= maxKey && lookupKey(s).entity != None
}

// entityWords are the words of the names and the classes of the entities, which redaction writes in brackets.
var entityWords = map[string]bool{}

func init() {
	for _, info := range Builtins()[1:] {
		entityWords[info.Class] = true
		for _, w := range strings.Split(info.Name, "_") {
			entityWords[w] = true
		}
	}
}

// isTemplate reports whether s, what follows the opening bracket of a template, is one: the name of a variable or a
// path to one. A default value in it is a value.
func isTemplate(s string) bool {
	s = strings.Trim(s, "{})- ")
	if isStandIn(s) {
		return true
	}
	if strings.Contains(s, ":-") || strings.Contains(s, ":=") {
		return false
	}
	joined := false
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c) || c == '_' || c == '-':
		case c == '.' || c == ':' || c == '/' || c == ' ' || c == '#' || c == '(' || c == '|' || c == '$' || c == '"' || c == '\'':
			joined = true
		case isDigit(c) && i > 0 && s[i-1] == '_':
		default:
			return false
		}
	}
	return joined
}

// isUpperName reports whether s is the name of an environment variable, or the number of a parameter.
func isUpperName(s string) bool {
	under, digits := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '_':
			under = true
		case isDigit(s[i]):
			digits++
		case !isUpper(s[i]):
			return false
		}
	}
	return digits == 0 || under || len(s) <= 2
}

// isPlainWord reports whether s is the name of a parameter: password, p1, 1.
func isPlainWord(s string) bool {
	for i := range len(s) {
		if !isLower(s[i]) && s[i] != '_' && s[i] != '.' && (!isDigit(s[i]) || len(s) > 3) {
			return false
		}
	}
	return true
}
