package detect

import "strings"

// longestUserinfo bounds user:password, in bytes.
const longestUserinfo = 256

// authority returns the end of the // at i, its slashes escaped as JSON writers may do, or 0.
func (t *text) authority(i int) int {
	for range 2 {
		for n := 0; n < 3 && t.at(i) == '\\'; n++ {
			i++
		}
		if t.at(i) != '/' {
			return 0
		}
		i++
	}
	return i
}

// plainUserinfo are the bytes of a user and a password that say nothing about where those end.
var plainUserinfo = func() (t [256]bool) {
	for c := range 256 {
		t[c] = isWord(byte(c)) || strings.IndexByte("-.~!$&*+;=", byte(c)) >= 0
	}
	return t
}()

// endsAuthority are the bytes behind which userinfo looks for nothing, whatever stands before them.
var endsAuthority = bytesOf("/?# \t\n\r\"'`<>\\{}()|^")

// userinfo verifies user:password of the URL whose "://" is at i and ends at start. The last @ before the path ends it, as passwords may
// hold one.
func (t *text) userinfo(i, start int) {
	if !isAlnum(t.at(i - 1)) {
		return
	}
	at, colon, named := -1, -1, false
scan:
	for j := start; j < len(t.s) && j < start+longestUserinfo; j++ {
		c := t.s[j]
		if plainUserinfo[c] {
			continue
		}
		switch {
		case endsAuthority[c]:
			break scan
		case c == '@':
			at = j
		case c == ':':
			if colon < 0 {
				colon = j
			}
		case c == ',':
			if !t.hasFold(i-len("ldap"), "ldap") && !t.hasFold(i-len("ldaps"), "ldaps") { // of a distinguished name
				break scan
			}
			named = true
		case c == '[':
			if at == j-1 {
				break scan
			}
		case c == '%':
			named = named || t.hasFold(j, "%40") && at < 0 && colon < 0
		}
	}
	if at <= start || named && colon < 0 { // an encoded address in place of a user
		return
	}
	if colon >= 0 && colon < at-1 {
		if !isPlaceholder(t.s[colon+1 : at]) {
			conf := float32(0.98)
			if named {
				conf = 1 // more than the address in it
			}
			t.add(URLCredentials, start, at, conf)
		}
		return
	}
	if colon < 0 && at-start >= 16 && isRandom(t.s[start:at]) { // a token in place of a user
		t.add(URLCredentials, start, at, 0.9)
	}
}

// dsn verifies user:password before the @ at i of a MySQL data source name: user:password@tcp(host:3306)/db.
func (t *text) dsn(i int) {
	if !t.hasFold(i+1, "tcp(") && !t.hasFold(i+1, "unix(") && !t.hasFold(i+1, "tcp6(") {
		return
	}
	start, colon := i, -1
	for start > 0 && i-start < longestUserinfo {
		c := t.s[start-1]
		if isSpace(c) || c == '"' || c == '\'' || c == '/' || c == '=' || c == '@' || c == '\\' || c >= 0x80 {
			break
		}
		start--
		if c == ':' {
			colon = start
		}
	}
	if colon > start && colon < i-1 && !isPlaceholder(t.s[colon+1:i]) {
		t.add(URLCredentials, start, i, 0.95)
	}
}

// isSecret reports whether s, under a key that also names other things (token, secret, session id), is a secret rather
// than a name: a word of eight or more with letters and digits, or letters of both cases as base 64 has them. Words of
// names (my-tls-secret, k8s-config-2) are shorter or plain, and pointers (0x7ffd) are none.
func isSecret(s string) bool {
	if len(s) < 8 || len(s) > 4096 || s[0] == '0' && s[1]|0x20 == 'x' {
		return false
	}
	digits, word := 0, 0 // of the word at hand
	mixed, upper, low, turns := false, 0, 0, 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isAlnum(s[i]) {
			switch c := s[i]; {
			case isDigit(c):
				digits++
			case isUpper(c):
				upper++
				if i > 0 && isLower(s[i-1]) {
					turns++
				}
			default:
				low++
			}
			word++
			continue
		}
		mixed = mixed || word >= 8 && digits >= 2 && digits < word
		digits, word = 0, 0
		if i < len(s) && !isSecretSign(s[i]) {
			return false
		}
	}
	letters := upper + low
	return (mixed || letters >= 20 && turns >= 4 && upper*10 >= letters*3 && low*10 >= letters*3) && diverse(s)
}

// isSecretSign reports whether c may stand between the words of a secret.
func isSecretSign(c byte) bool {
	switch c {
	case '-', '_', '.', '+', '/', '=', '~', '!', '$', '%', '#', '*', '^', ':', '|', '@', '&', '?', '\\':
		return true
	}
	return false
}

// isRandom reports whether s looks like a key rather than a name: letters and digits mixed, many of them different.
func isRandom(s string) bool {
	if len(s) < 8 || len(s) > 4096 {
		return false
	}
	letters, digits, others, turns := 0, 0, 0, 0
	var seen [4]uint64
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c):
			letters++
		case isDigit(c):
			digits++
		case c == '-', c == '_', c == '.', c == '+', c == '/', c == '=', c == '~', c == '!', c == '$', c == '%', c == '#', c == '*', c == '^', c == ':':
			others++
		default:
			return false
		}
		if i > 0 && classes[c]&clsAlnum != classes[s[i-1]]&clsAlnum {
			turns++
		}
		seen[c>>6] |= 1 << (c & 63)
	}
	distinct := 0
	for _, w := range seen {
		for ; w != 0; w &= w - 1 {
			distinct++
		}
	}
	return letters > 0 && digits > 0 && distinct >= min(len(s)/2, 10) && distinct >= 5 && others*3 <= len(s) && turns >= 2
}
