package detect

// sepKey is a key read backwards from a separator inside the text.
type sepKey struct {
	start, end int
	quote      byte // around the key, or 0
	level      int  // levels of JSON escaping of the quote
}

// separator handles ':' and '=' at i: the scheme of a URL, colons of an address, or a key before and a value after.
func (t *text) separator(i int) {
	c := t.s[i]
	if c == ':' {
		if start := t.authority(i + 1); start > 0 {
			t.userinfo(i, start)
			return
		}
		if t.colons(i) || t.telegramBot(i) {
			return
		}
	}
	if i == 0 {
		return
	}
	from := i
	if c == '=' { // ?=, .=, ::= as well
		for from > 0 && from > i-3 && (t.s[from-1] == ':' || t.s[from-1] == '?' || t.s[from-1] == '.' || t.s[from-1] == '+') {
			from--
		}
		if from == i-1 && t.s[from] == ':' || from == 0 {
			return // the colon was the separator
		}
	}
	switch t.s[from-1] {
	case '=', ':', '<', '>', '~', '+':
		return
	}
	if isDigit(t.s[i-1]) && isDigit(t.at(i+1)) && !t.numberedKey(i) {
		return
	}
	if c == ':' && isDigit(t.s[i-1]) && (t.at(i+1) == '"' || t.at(i+1) == '\\') {
		t.serialized(i)
		return
	}
	if c == '=' && t.at(i+1) == '4' && t.at(i+2) == '0' {
		t.quotedPrintable(i)
	}
	if c == '=' && t.s[i-1] == ')' && t.at(i+1) == '(' {
		t.tuple(i)
		return
	}
	k, ok := t.keyBefore(from)
	if !ok {
		return
	}
	if c == '=' && k.quote == 0 && equalFold(t.s[k.start:k.end], "string") { // var apiToken string = "..."
		if typed, ok := t.bareKey(k.start - 1); ok && t.s[k.start-1] == ' ' {
			k = typed
		}
	}
	after := i + 1
	for after < len(t.s) && after < i+3 && (t.s[after] == '=' || t.s[after] == '>' || t.s[after] == ':') {
		after++
	}
	t.keyValue(k, c, after)
}

// numberedKey reports whether what ends at the equals sign at i is a key with a number at its end, cvv2=123, rather than
// a number.
func (t *text) numberedKey(i int) bool {
	if t.s[i] != '=' {
		return false
	}
	start := i
	for start > 0 && start > i-3 && isDigit(t.s[start-1]) {
		start--
	}
	return start > 0 && isLetter(t.s[start-1])
}

// keyValue looks up the key and verifies the value after the separator sep.
func (t *text) keyValue(k sepKey, sep byte, after int) {
	key := t.s[k.start:k.end]
	if e := t.d.customKey(key); e != None {
		v := t.valueAfter(k, sep, after)
		v.ref = keyRef{entity: e}
		t.anything(v)
		return
	}
	if isValueKey(key) {
		if name, ok := t.namedBefore(k); ok {
			t.columnValue(name, t.valueAfter(k, sep, after))
			return
		}
	}
	ref, known := t.places.keys.lookup(t.s, k.start, k.end)
	if !known {
		return
	}
	if sep == '=' && k.quote == 0 && ref.entity == PersonName && equalFold(key, "name") {
		t.formPart(after)
	}
	if k.quote == 0 && t.at(k.start-1) == ' ' {
		if more := t.spacedKey(k); more.start < k.start {
			if r := t.places.spaced.lookup(t.s[more.start:more.end]); r.entity != None {
				ref = r
			}
		}
	}
	if ref.entity == None && k.quote != 0 {
		ref = t.nestedKey(k)
	}
	if sep == ':' && k.quote == 0 && t.at(k.start-1) == '/' && t.at(k.start-2) == '/' && t.at(after) != ' ' { // the user of a URL
		return
	}
	if ref.entity == None || t.d.isCredential(ref.entity) && isNegated(key) {
		return
	}
	if t.at(after) == '{' && t.at(after+1) == '"' && sep != '%' { // an object, most often
		return
	}
	v := t.valueAfter(k, sep, after)
	if !v.closed && v.end-v.start <= 1 && t.at(v.start) == '{' {
		return
	}
	if !v.closed && t.isExpression(k, v) {
		t.near = true
		return
	}
	v.ref = ref
	t.keyed(v)
}

// keyBefore reads the key that ends before the separator at i.
func (t *text) keyBefore(i int) (k sepKey, ok bool) {
	end := i
	for end > 0 && end > i-4 && (t.s[end-1] == ' ' || t.s[end-1] == '\t' || t.s[end-1] == '!') {
		end--
	}
	end = t.controlBefore(end) // password in color
	if end == 0 {
		return k, false
	}
	switch c := t.s[end-1]; c {
	case '.': // an abbreviation: Tel.: 030 901820
		if t.at(i) == ':' && isLetter(t.at(end-2)) {
			return t.bareKey(end - 1)
		}
		return k, false
	case '"', '\'', '`':
		if t.endsNoName(end - 1) {
			return k, false
		}
		return t.quotedKeyBefore(end-1, c)
	case ']':
		if q := t.at(end - 2); q == '"' || q == '\'' { // ["password"]=>
			return t.quotedKeyBefore(end-2, q)
		}
		if t.at(end-2) == '[' { // password[]=
			return t.bareKey(end - 2)
		}
		return t.bareKey(end - 1)
	case ')':
		return t.argumentKey(end-1, i)
	case ';':
		return t.entityKeyBefore(end)
	default:
		if t.endsNoName(end) {
			return k, false
		}
		return t.bareKey(end)
	}
}

// endsNoName reports whether no key that ends at end names anything, by its last letters: most keys are not even read.
// Letters that may be the end of an escape sequence do not count.
func (t *text) endsNoName(end int) bool {
	if end < 4 || len(t.d.keys) > 0 || !namesNothing(t.s[end-3:end]) {
		return false
	}
	switch c := t.s[end-4]; c {
	case '"', '_', '-', '.', ' ', ',', '{', '&', '?':
		return true
	default:
		return isLetter(c) && !isHex(c)
	}
}

// quotedKeyBefore reads the key whose closing quote stands at q. The opening quote has the same number of backslashes.
func (t *text) quotedKeyBefore(q int, quote byte) (k sepKey, ok bool) {
	end := q
	for end > 0 && t.s[end-1] == '\\' {
		end--
	}
	slashes := q - end
	for start, limit := end, max(0, end-maxKey); start > limit; start-- {
		c := t.s[start-1]
		if isLetter(c) {
			continue
		}
		if c == quote {
			return sepKey{start: start, end: end, quote: quote, level: escapeLevel(slashes, quote)}, start < end
		}
		if !isKeyByte(c) && c != ' ' && c != '/' && c != ':' {
			return k, false
		}
	}
	return k, false
}

// escapeLevel returns how deep inside JSON strings a quote with so many backslashes is: 0 for none.
func escapeLevel(slashes int, quote byte) int {
	level := 0
	for n := slashes; n > 0; n >>= 1 {
		level++
	}
	if quote == '"' {
		level++
	}
	return min(level, int(levels))
}

// isKeyByte reports whether c may stand in an unquoted key.
func isKeyByte(c byte) bool {
	return isWord(c) || c == '-' || c == '.' || c == '$' || c == '@'
}

// bareKey reads an unquoted key of one word backwards from end.
func (t *text) bareKey(end int) (k sepKey, ok bool) {
	for t.hasFold(end-len("%5d"), "%5d") { // user%5Bpassword%5D=, list%5B%5D=
		if end -= len("%5d"); t.hasFold(end-len("%5b"), "%5b") {
			end -= len("%5b")
		}
	}
	if !isWord(t.at(end - 1)) {
		return k, false
	}
	start, limit := end, max(0, end-maxKey)
	for start > limit && isKeyByte(t.s[start-1]) {
		start--
	}
	if start > 0 {
		if esc := t.escapeAt(start - 1); esc > start {
			start = min(esc, end)
		}
		if t.s[start-1] == '[' {
			start = min(t.pastControl(start), end)
		}
	}
	for start < end && !isWord(t.s[start]) {
		start++
	}
	return sepKey{start: start, end: end}, start < end
}

// pastControl returns the end of the control sequence whose bracket stands before i, or i.
func (t *text) pastControl(i int) int {
	for _, esc := range escapes {
		if from := i - 1 - len(esc); t.hasFold(from, esc) {
			if end := t.escapeAt(from); end > i {
				return end
			}
		}
	}
	return i
}

// maxKeyWords is how many words at single spaces a key in prose may have: date of birth.
const maxKeyWords = 3

// spacedKey adds the words before a bare key.
func (t *text) spacedKey(k sepKey) sepKey {
	limit := max(0, k.end-maxKey)
	for range maxKeyWords - 1 {
		j := k.start - 1
		if j <= limit || t.s[j] != ' ' || !isLetter(t.s[j-1]) {
			break
		}
		for j > limit && isLetter(t.s[j-1]) {
			j--
		}
		if j > 0 {
			if esc := t.escapeAt(j - 1); esc > j {
				j = esc
			}
		}
		if j >= k.start-1 {
			break
		}
		k.start = j
	}
	return k
}

// nestedReach is how far before a key the object that encloses it may start, in bytes.
const nestedReach = 512

// nestedKey resolves id, which names a person's only inside the object of one: {"user":{"id":7}}.
func (t *text) nestedKey(k sepKey) keyRef {
	if equalFold(t.s[k.start:k.end], "value") { // {"password":{"value":"x"}}
		if parent, ok := t.parentKey(k.start); ok {
			if ref := lookupKey(parent); !ref.weak && (ref.entity == Password || ref.entity == Secret) {
				return ref
			}
		}
		return keyRef{}
	}
	if !equalFold(t.s[k.start:k.end], "id") {
		return keyRef{}
	}
	if parent, ok := t.parentKey(k.start); !ok || !isPerson(parent) {
		return keyRef{}
	}
	return keyRef{entity: UserID}
}

// parentKey returns the key of the JSON object that i is in, when it is near.
func (t *text) parentKey(i int) (string, bool) {
	from, _ := t.around(i, i, nestedReach)
	depth := 0
	for j := i - 1; j >= from; j-- {
		switch t.s[j] {
		case '}':
			depth++
		case '{':
			if depth--; depth >= 0 {
				continue
			}
			for j--; j > 0 && (t.s[j] == ' ' || t.s[j] == ':' || t.s[j] == '='); j-- {
			}
			if t.at(j) == '"' || t.at(j) == '\'' {
				k, ok := t.quotedKeyBefore(j, t.s[j])
				return t.s[k.start:k.end], ok
			}
			k, ok := t.bareKey(j + 1)
			return t.s[k.start:k.end], ok
		}
	}
	return "", false
}

// isPerson reports whether the last word of a key is a person.
func isPerson(key string) bool {
	for _, p := range personWords {
		if n := len(key) - len(p); n >= 0 && equalFold(key[n:], p) && (n == 0 || boundaryAt(key, n)) {
			return true
		}
	}
	return false
}
