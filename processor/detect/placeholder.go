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
	"disabled": true, "ok": true, "failed": true, "is": true, "set": true, "not": true,
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
	if len(s) <= longestPlaceholder {
		var low [longestPlaceholder]byte
		for i := range len(s) {
			low[i] = lower(s[i])
		}
		if placeholders[string(low[:len(s)])] {
			return true
		}
	}
	first, last := s[0], s[len(s)-1]
	switch first {
	case '$':
		return len(s) == 1 || s[1] == '{' || s[1] == '(' || isWord(s[1]) && isUpperName(s[1:])
	case '<':
		return last == '>' || len(s) < 3
	case '[':
		return last == ']' && isRedaction(s[1:len(s)-1])
	case '{':
		return last == '}' && (len(s) == 2 || s[1] == '{' || isRedaction(s[1:len(s)-1]))
	case '(':
		return last == ')' && isRedaction(s[1:len(s)-1])
	case ':', '@':
		return len(s) < 2 || isPlainWord(s[1:])
	case '%':
		return len(s) <= 3 && !isHex(last) || last == '%' || len(s) == 2
	case '?', '-', '_', '=', '.', '/':
		return isRun(s)
	}
	return isMask(s)
}

// isMask reports whether s is masked already: three stars or more, or one character again and again.
func isMask(s string) bool {
	if strings.Contains(s, "xxxxxx") || strings.Contains(s, "XXXXXX") || strings.Contains(s, "######") {
		return true
	}
	if strings.Contains(s, "***") || strings.Contains(s, "•••") || strings.Contains(s, "...") && len(s) < 12 {
		return true
	}
	return len(s) >= 3 && (isRun(s) || isCrosses(s)) && !isDigit(s[0])
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

// isRedaction reports whether s, inside brackets, is the name of what was taken out: email, REDACTED, redacted:ssn.
func isRedaction(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isWord(c) && c != ' ' && c != '-' && c != ':' && c != '.' && c != '*' {
			return false
		}
	}
	return true
}

// isUpperName reports whether s is the name of an environment variable.
func isUpperName(s string) bool {
	for i := range len(s) {
		if !isUpper(s[i]) && s[i] != '_' && !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isPlainWord(s string) bool {
	for i := range len(s) {
		if !isLower(s[i]) && s[i] != '_' && !isDigit(s[i]) && s[i] != '.' {
			return false
		}
	}
	return true
}
