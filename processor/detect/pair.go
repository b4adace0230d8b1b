package detect

import "strings"

// Pairs whose key stands elsewhere than right before the separator: {"name":"email","value":"x"}, a part of a form, the
// columns of a constraint, the argument of a function.

// valueKeys are keys of objects that hold the value for a name beside them.
var valueKeys = []string{"value", "val", "stringvalue", "string_value", "intvalue", "int_value"}

// nameKeys are the keys beside them that hold the name.
var nameKeys = []string{"name", "key", "field", "param", "parameter", "header", "attribute", "property", "column", "label", "id"}

func isOneOf(s string, words []string) bool {
	for _, w := range words {
		if equalFold(s, w) {
			return true
		}
	}
	return false
}

// isValueKey reports whether key is one of valueKeys; hardly any key costs more than a look at its last byte.
func isValueKey(key string) bool {
	return mayEndValueKey(key[len(key)-1]) && len(key) >= 3 && isOneOf(key, valueKeys)
}

// mayEndValueKey reports whether one of valueKeys ends in c.
func mayEndValueKey(c byte) bool { return c|0x20 == 'e' || c|0x20 == 'l' }

// namedBefore returns the name that the pair before k gives its value: "key":"email", before "value":, name: email before value:, or
// before "value":{ and "stringValue":.
func (t *text) namedBefore(k sepKey) (name sepKey, ok bool) {
	j := t.quotesBefore(k.start)
	if i := t.blanksBefore(j); t.at(i-1) == '{' { // the value of OTLP in JSON is an object
		if i = t.blanksBefore(i - 1); t.at(i-1) != ':' {
			return name, false
		}
		outer, ok := t.keyBefore(i - 1)
		if !ok || !isOneOf(t.s[outer.start:outer.end], valueKeys) {
			return name, false
		}
		j = t.quotesBefore(outer.start)
	}
	j = t.blanksBefore(j)
	if t.at(j-1) == ',' {
		j = t.blanksBefore(j - 1)
	}
	switch q := t.at(j - 1); {
	case q == '"' || q == '\'':
		name, ok = t.quotedKeyBefore(j-1, q)
	case k.quote == 0: // - name: DB_PASSWORD and value: on the next line, or name=DB_PASSWORD value=
		name, ok = t.bareKey(j)
	}
	if !ok {
		return name, false
	}
	j = t.blanksBefore(t.quotesBefore(name.start))
	if c := t.at(j - 1); c != ':' && c != '=' {
		return name, false
	}
	label, ok := t.keyBefore(j - 1)
	return name, ok && isOneOf(t.s[label.start:label.end], nameKeys)
}

// quotesBefore returns the start of the quote, with its backslashes, that ends at i.
func (t *text) quotesBefore(i int) int {
	if c := t.at(i - 1); c != '"' && c != '\'' {
		return i
	}
	return i - 1 - t.slashesBefore(i-1)
}

// maxBlanks is how many blanks are skipped backwards.
const maxBlanks = 32

// blanksBefore returns the start of the blanks that end at i, line ends escaped or not.
func (t *text) blanksBefore(i int) int {
	for n := 0; n < maxBlanks; n++ {
		switch {
		case i > 0 && isSpace(t.s[i-1]):
			i--
		case i > 1 && t.s[i-2] == '\\' && (t.s[i-1] == 'n' || t.s[i-1] == 't' || t.s[i-1] == 'r'):
			i -= 2 + t.slashesBefore(i-2)
		default:
			return i
		}
	}
	return i
}

// formPart verifies the value of a part of a form whose name is quoted at i, RFC 7578 section 4.2: name="x", an empty
// line, and the value up to the end of its line.
func (t *text) formPart(i int) {
	i += t.slashes(i)
	end := t.span(i+1, maxKey, isKeyByte)
	j := end + t.slashes(end)
	if t.at(i) != '"' || end == i+1 || t.at(j) != '"' {
		return
	}
	j++
	for lines := 0; lines < 2; {
		switch {
		case t.at(j) == '\r':
			j++
		case t.at(j) == '\n':
			j, lines = j+1, lines+1
		case t.at(j) == '\\' && t.at(j+1) == 'r':
			j += 2
		case t.at(j) == '\\' && t.at(j+1) == 'n':
			j, lines = j+2, lines+1
		default:
			return
		}
	}
	stop := t.span(j, maxEncoded, func(c byte) bool { return c != '\r' && c != '\n' && c != '\\' && c != '"' })
	if stop > j && stop-j < maxEncoded {
		t.columnValue(sepKey{start: i + 1, end: end}, value{start: j, end: stop, closed: true})
	}
}

// slashes returns how many backslashes stand at i.
func (t *text) slashes(i int) int {
	n := 0
	for n < 7 && t.at(i+n) == '\\' {
		n++
	}
	return n
}

// maxTuple is how many columns of a constraint are read.
const maxTuple = 8

// tuple verifies the values after the = at i of a constraint, as PostgreSQL reports them: Key (email, ssn)=(a, b).
func (t *text) tuple(i int) {
	from := max(0, i-maxTable)
	open := strings.LastIndexByte(t.s[from:i], '(')
	if open < 0 {
		return
	}
	var columns [maxTuple]sepKey
	n, end := t.columns(from+open+1, columns[:])
	if n == 0 || end != i {
		return
	}
	j := i + 2
	for c := range n {
		stop := t.span(j, maxTable, func(c byte) bool { return c != '\n' && c != '"' && c != ',' && c != ')' })
		if last := c == n-1; t.at(stop) == ')' != last || !last && t.at(stop) != ',' {
			return
		}
		if stop > j {
			t.columnValue(columns[c], value{start: j, end: stop, closed: true})
		}
		j = t.blanks(stop + 1)
	}
}

// argumentKey reads the column that ends before the parenthesis at i, the argument of a function that an SQL literal is
// compared with at op: lower(email) = 'x'.
func (t *text) argumentKey(i, op int) (k sepKey, ok bool) {
	for op < len(t.s) && (t.s[op] == '=' || t.s[op] == '!' || t.s[op] == ' ') && op < i+8 {
		op++
	}
	if t.at(op) != '\'' {
		return k, false
	}
	k, ok = t.bareKey(i)
	return k, ok && t.at(k.start-1) == '(' && isLetter(t.at(k.start-2))
}

// wrappers are functions and types whose only or first argument is the value: Some("x"), crypt('x', salt).
var wrappers = []string{
	"some", "just", "optional", "ok", "string", "str", "int", "long", "secretstr", "secret", "sensitive", "lower", "upper", "trim", "crypt", "md5", "sha1", "sha2", "sha256", "hex", "encrypt",
	"pgp_sym_encrypt", "aes_encrypt", "password", "digest", "hash", "cast", "to_date", "date",
}

// unwrap returns the start of the argument of the wrapper at i, or i.
func (t *text) unwrap(i int) int {
	end := t.span(i, len("pgp_sym_encrypt")+1, isWord)
	if c := t.at(end); c != '(' && c != '[' || !isOneOf(t.s[i:end], wrappers) {
		return i
	}
	if size := t.span(end+1, 8, isDigit); size > end+1 && t.at(size) == ')' && t.at(size+1) == ' ' && (t.at(size+2) == '"' || t.at(size+2) == '\\') {
		return size + 2 // string(7) "x", as PHP dumps it
	}
	return end + 1
}

// serialized verifies the string after the colon at i of a pair as PHP serializes it: s:8:"password";s:7:"hunter2".
func (t *text) serialized(i int) {
	j := i
	for j > 0 && i-j < 8 && isDigit(t.s[j-1]) {
		j--
	}
	if !t.hasFold(j-len(`";s:`), `";s:`) {
		return
	}
	if k, ok := t.quotedKeyBefore(j-len(`";s:`), '"'); ok {
		t.columnValue(k, t.valueAfter(k, '=', i+1))
	}
}

// quotedPrintable verifies an address in angle brackets whose @ is spelled =40 at i, RFC 2045 section 6.7. Elsewhere it
// is a number.
func (t *text) quotedPrintable(i int) {
	start := i
	for start > 0 && i-start < maxLocal && isLocalByte(t.s[start-1]) {
		start--
	}
	if t.at(start-1) == '<' {
		if end, ok := t.domain(i + len("=40")); ok && t.at(end) == '>' {
			t.emailAround(i, i+len("=40"), 0)
		}
	}
}

// isExpression reports whether an unquoted value is source code rather than a value: another variable of that name
// (u.password, $password), a call of a function (getenv('X')), or the number of a field in a declaration.
func (t *text) isExpression(k sepKey, v value) bool {
	s := t.s[v.start:v.end]
	name := t.s[k.start:k.end]
	name = name[strings.LastIndexByte(name, '.')+1:]
	if n := len(s) - len(name); n > 0 && n < maxKey && equalBoth(s[n:], name) {
		switch s[n-1] {
		case '.', '$', ':', '@', '>':
			return t.span(v.start, n, isKeyByte) >= v.start+n-1
		}
	}
	end := t.span(v.start, maxKey, func(c byte) bool { return isLetter(c) || c == '_' || c == '.' })
	if t.at(end) == '(' && end >= v.start+3 && (t.at(end+1) == '\'' || t.at(end+1) == '"' || t.at(end+1) == '\\') {
		return true
	}
	digits := t.span(v.start, 5, isDigit)
	if digits == v.start || t.at(digits) != ';' || t.at(k.start-1) != ' ' {
		return false
	}
	for _, w := range [...]string{"string", "bytes", "int32", "int64", "bool"} {
		if t.hasFold(k.start-1-len(w), w) {
			return true
		}
	}
	return false
}

// equalBoth reports whether a and b are equal in any letter case; they have the same length.
func equalBoth(a, b string) bool {
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
