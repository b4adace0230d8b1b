package detect

import "strings"

// authByKey verifies the credentials of an Authorization value: all that follows the scheme.
func authByKey(t *text, v value) {
	start, end := v.start, v.end
	if start < t.authEnd {
		return
	}
	scheme := t.wordEnd(start)
	for t.at(scheme) == '-' && isLetter(t.at(scheme+1)) {
		scheme = t.wordEnd(scheme + 1)
	}
	switch {
	case (scheme < end || !v.closed) && t.at(scheme) == ' ' && isScheme(t.s[start:scheme]):
		start = t.skip(scheme, " ")
		switch {
		case v.closed:
		case t.hasParams(start): // to the end of the line, which authEnd keeps from being read again
			end = t.lineEnd(start)
		default:
			end = t.bracketEnd(start, t.runEnd(start))
		}
	case v.closed:
	default:
		end = t.bracketEnd(start, t.runEnd(start))
	}
	end = t.trimRight(start, end)
	if start >= end || isPlaceholder(t.s[start:end]) || isScheme(t.s[start:end]) || !v.closed && isCommand(t.s[start:end]) {
		return
	}
	if start == v.start { // no scheme: a word of a sentence, perhaps
		if end-start < 6 || t.tokenTouches(start, end) || v.prose && !isRandom(t.s[start:end]) {
			return
		}
	}
	t.authEnd = end
	t.emit(v, start, end, 0.99)
}

// hasParams reports whether the credentials at start are a list of parameters, as those of Digest and of AWS are.
func (t *text) hasParams(start int) bool {
	for i := start; i < len(t.s) && i < start+40; i++ {
		switch c := t.s[i]; {
		case c == '=':
			return i > start && (t.at(i+1) == '"' || t.at(i+1) == '\\' || isWord(t.at(i+1)))
		case !isWord(c) && c != '-':
			return false
		}
	}
	return false
}

// lineEnd returns the end of the header line that i is in, its line end escaped or not, or of the string around it.
func (t *text) lineEnd(i int) int {
	open := false // inside the quoted value of a parameter
	for ; i < len(t.s); i++ {
		switch t.s[i] {
		case '\n', '\r', '\'', '`':
			return i
		case '"':
			if !open && t.at(i-1) != '=' {
				return i
			}
			open = !open
		case '\\':
			if t.escapeAt(i) > i {
				return i
			}
		}
	}
	return i
}

var schemes = []string{
	"bearer", "basic", "digest", "token", "negotiate", "apikey", "hawk", "aws4-hmac-sha256", "ntlm", "dpop", "key", "jwt", "splunk",
	"aws", "bot", "geniekey", "goog4-hmac-sha256", "goog4-rsa-sha256", "oauth", "sharedaccesssignature", "sharedkey", "sharedkeylite", "ssws", "vapid",
}

func isScheme(s string) bool {
	for _, name := range schemes {
		if equalFold(s, name) {
			return true
		}
	}
	return false
}

// bearer verifies credentials after a scheme in prose: "Bearer abc", "Basic dXNlcjpwYXNz".
func bearer(t *text, i int) {
	end := t.wordEnd(i)
	if t.at(end) != ' ' || !isUpper(t.s[i]) || !isScheme(t.s[i:end]) {
		return
	}
	start := end + 1
	stop := start
	for stop < len(t.s) && (isAlnum(t.s[stop]) || t.s[stop] == '-' || t.s[stop] == '.' || t.s[stop] == '_' || t.s[stop] == '~' || t.s[stop] == '+' || t.s[stop] == '/') {
		stop++
	}
	for t.at(stop) == '=' {
		stop++
	}
	stop = t.trimSentence(start, stop)
	if stop-start < 12 || isWord(t.at(stop)) || !isRandom(t.s[start:stop]) && !hasMixedCase(t.s[start:stop]) || isPlaceholder(t.s[start:stop]) || t.tokenTouches(start, stop) {
		return
	}
	t.add(HTTPAuthorization, start, stop, 0.9)
}

// hasMixedCase reports whether s mixes letter cases as base 64 does, not as a name does.
func hasMixedCase(s string) bool {
	turns := 0
	for i := 1; i < len(s); i++ {
		if isUpper(s[i]) && isLower(s[i-1]) {
			turns++
		}
	}
	return turns >= 3
}

// cookieByKey verifies every value of a Cookie header. The names stay, so that a person who debugs still sees which
// cookies were sent; of Set-Cookie, the attributes (Path, Expires, ...) stay as well. A value without any name is a
// cookie as a whole.
func cookieByKey(t *text, v value) {
	end := v.end
	if v.start < t.cookieEnd {
		return
	}
	if !v.closed {
		end = t.lineEnd(v.start)
	}
	i, named := v.start, false
	for i < end {
		for i < end && (t.s[i] == ' ' || t.s[i] == ';') {
			i++
		}
		name := i
		for i < end && t.s[i] != '=' && t.s[i] != ';' && t.s[i] != ' ' {
			i++
		}
		if i >= end {
			break
		}
		if t.s[i] != '=' {
			continue
		}
		from := i + 1
		for i < end && t.s[i] != ';' {
			i++
		}
		named = true
		stop := t.trimRight(from, i)
		if stop-from >= 2 && t.s[from] == '"' && t.s[stop-1] == '"' {
			from, stop = from+1, stop-1
		}
		if from < stop && !isCookieAttribute(t.s[name:from-1]) && !isPlaceholder(t.s[from:stop]) {
			t.emit(v, from, stop, 0.95)
		}
	}
	t.cookieEnd = end
	if !named && v.end-v.start >= 8 && !v.prose {
		if s := t.s[v.start:v.end]; isRandom(s) {
			t.emit(v, v.start, v.end, 0.9)
		}
	}
}

func isCookieAttribute(name string) bool {
	for _, a := range [...]string{"path", "domain", "expires", "max-age", "samesite", "version", "priority"} {
		if equalFold(name, a) {
			return true
		}
	}
	return false
}

// secretByKey verifies a secret under a key. A weak key, such as token, wants a value that looks like one.
func secretByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || s[0] == '{' && t.at(v.start+1) != '{' || len(s) < 3 || v.weak() && (!isSecret(s) || isQualifiedName(s)) {
		return
	}
	if v.prose && !v.closed && !t.proseValue(v) {
		return
	}
	if isReference(s) || !v.closed && isCommand(s) || isCut(s) || strings.IndexByte(s[:min(len(s), maxPlaceholder)], ' ') >= 0 && !hasSecretWord(s) {
		return
	}
	end := v.end
	if !v.closed && v.prose {
		end = t.trimSentence(v.start, end)
	}
	if end > v.start {
		t.emit(v, v.start, end, 0.95)
	}
}

// isCut reports whether s says itself that it is the begin of a secret only.
func isCut(s string) bool { return strings.HasSuffix(s, "...") || strings.HasSuffix(s, "…") }

// hasSecretWord reports whether one of the words of s is a secret: secrets hold no blanks, but a scheme may precede one.
func hasSecretWord(s string) bool {
	for s != "" {
		var word string
		word, s, _ = strings.Cut(s, " ")
		if isSecret(word) {
			return true
		}
	}
	return false
}

// isSlashed reports whether s is base 64 that begins with a slash rather than a path: padded, or of one part.
func isSlashed(s string) bool {
	return len(s) >= 24 && strings.IndexByte(s, '.') < 0 && (s[len(s)-1] == '=' || strings.LastIndexByte(s, '/') == 0) && isSecret(s)
}

// isQualifiedName reports whether s is the name of a type or an element with its namespace: clm69454:CodeContentType.
func isQualifiedName(s string) bool {
	space, name, ok := strings.Cut(s, ":")
	if !ok || space == "" || !isLetter(space[0]) || len(name) < 4 {
		return false
	}
	turns := 0
	for i := range len(name) {
		if !isLetter(name[i]) {
			return false
		}
		if i > 0 && isUpper(name[i]) {
			turns++
		}
	}
	return turns*5 <= len(name) // base 64 has more
}

// isReference reports whether s says where a secret is rather than being one: a path, a URL, an expression.
func isReference(s string) bool {
	if s[0] == '/' && !isSlashed(s) || s[0] == '.' && len(s) > 1 && (s[1] == '/' || s[1] == '.') {
		return true
	}
	for _, p := range [...]string{"http://", "https://", "arn:", "vault:", "env:", "file:", "ref+", "os.", "process.env"} {
		if len(s) >= len(p) && s[:len(p)] == p {
			return true
		}
	}
	return s[len(s)-1] == ')' || s[len(s)-1] == '('
}

// isCommand reports whether s is the first word of a command of a shell: $(cat of $(cat /run/secrets/key).
func isCommand(s string) bool {
	if len(s) < 4 || s[0] != '$' || s[1] != '(' {
		return false
	}
	for i := 2; i < len(s); i++ {
		if !isLower(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// passwordByKey verifies a password under a key: any value that is no placeholder, and in prose no plain word.
func passwordByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || s[0] == '{' && s[len(s)-1] != '}' && !v.closed || v.weak() && len(s) < 4 && isDigits(s) { // a pin of a chip
		return
	}
	if v.prose && !v.closed && (!t.proseValue(v) || t.s[v.keyStart:v.keyEnd] == "PASS") || t.isWorkingDirectory(v) || !v.closed && isCommand(s) {
		return
	}
	t.emit(v, v.start, t.semicolonEnd(v), 0.97)
}

// isWorkingDirectory reports whether the value is a path that a shell keeps in PWD and OLDPWD.
func (t *text) isWorkingDirectory(v value) bool {
	if v.attr() || t.s[v.start] != '/' || v.keyEnd-v.keyStart < 3 || !equalFold(t.s[v.keyEnd-3:v.keyEnd], "pwd") {
		return false
	}
	if key := t.s[v.keyStart:v.keyEnd]; key == "PWD" || key == "OLDPWD" {
		return true
	}
	for i := v.start; i < v.end; i++ {
		if c := t.s[i]; !isLower(c) && c != '/' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// passwordWord verifies the word after "password is", "password" or "passwd" in prose: letters mixed with digits.
func passwordWord(t *text, i int) {
	start := t.wordEnd(i) + 1
	if t.at(start) == '\'' && t.hasPasswordClause(i) {
		t.sqlLiteral(start)
		return
	}
	for _, verb := range [...]string{"is ", "was "} {
		if t.hasFold(start, verb) {
			start += len(verb)
			break
		}
	}
	end := start
	for end < len(t.s) && t.s[end] > ' ' && t.s[end] != '"' && t.s[end] != '\'' && t.s[end] != '`' {
		end++
	}
	for end = t.trimSentence(start, end); t.at(end) == '!'; {
		end++ // passwords end in one more often than sentences about them
	}
	letters, digits := 0, 0
	for j := start; j < end; j++ {
		switch c := t.s[j]; {
		case isLetter(c):
			letters++
		case isDigit(c):
			digits++
		case !isSecretSign(c) || c == '=' || c == ':' || c == '/' || c == '\\':
			return
		}
	}
	s := t.s[start:end]
	if len(s) < 6 || letters < 3 || digits == 0 || isAlgorithm(s) || isPlaceholder(s) || t.tokenTouches(start, end) {
		return
	}
	t.add(Password, start, end, 0.85)
}

// isAlgorithm reports whether s is the name of a hash, an encoding or a protocol.
func isAlgorithm(s string) bool {
	for _, p := range [...]string{"sha", "md5", "md4", "base", "pbkdf", "argon", "utf", "oauth", "aes", "x509", "mysql", "http", "ldap", "rfc", "ipv", "iso", "bcrypt", "scrypt", "ed25519"} {
		if len(s) >= len(p) && len(s) <= len(p)+6 && equalFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}

// hasPasswordClause reports whether the word at i is the keyword of SQL before a password: WITH LOGIN ENCRYPTED PASSWORD.
func (t *text) hasPasswordClause(i int) bool {
	for _, word := range [...]string{"with ", "encrypted ", "login "} {
		if t.hasFold(i-len(word), word) {
			return true
		}
	}
	return false
}

// sqlPassword verifies the password of an account in SQL: IDENTIFIED BY 'x', IDENTIFIED WITH plugin BY 'x'.
func sqlPassword(t *text, i int) {
	const plugin = 64 // bytes
	for j := i; j < min(i+plugin, len(t.s)); j++ {
		if t.s[j] == '\'' {
			if t.hasFold(j-len(" by "), " by ") {
				t.sqlLiteral(j)
			}
			return
		}
	}
}

// sqlLiteral notes the literal that starts at the quote at i as a password.
func (t *text) sqlLiteral(i int) {
	const longest = 128 // bytes
	n := strings.IndexByte(t.s[i+1:min(i+1+longest, len(t.s))], t.s[i])
	if n <= 0 {
		return
	}
	start, end := i+1, i+1+n
	if s := t.s[start:end]; s == "?" || isPlaceholder(s) || isReference(s) || t.tokenTouches(start, end) {
		return
	}
	t.add(Password, start, end, 0.95)
}
