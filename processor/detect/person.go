package detect

import "strings"

// personWords are last words of keys whose object is a person.
var personWords = []string{
	"user", "customer", "client", "patient", "employee", "member", "person", "contact", "owner", "author", "buyer",
	"seller", "sender", "recipient", "guest", "passenger", "student", "subscriber", "applicant", "beneficiary",
	"cardholder", "account", "profile", "shopper", "payer", "payee", "holder", "enduser", "billing", "shipping",
}

// usernameByKey verifies a user name under a key: one word or address, and no account of the system.
func usernameByKey(t *text, v value) {
	s := t.s[v.start:v.end]
	if isPlaceholder(s) || isSystemAccount(s) || s[0] == '{' || s[0] == '[' || s[0] == '/' || t.hasFold(v.start, "system:") {
		return
	}
	if v.weak() && !t.isHandle(v) {
		return
	}
	if v.prose && !v.closed && (!t.proseValue(v) || v.weak() && isNobody(s)) {
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
	"anonymous": true, "unknown": true, "guest": true, "N/A": true, "kubernetes-admin": true, "anonymoususer": true, "sa": true, "sys": true, "bin": true, "sshd": true,
	"postgres": true, "mysql": true, "redis": true, "nginx": true, "apache": true, "httpd": true, "tomcat": true, "hadoop": true, "hdfs": true, "kafka": true, "elastic": true, "elasticsearch": true,
	"ansible": true, "vagrant": true, "jenkins": true, "ubuntu": true, "ec2-user": true, "systemd": true, "systemd-network": true, "zookeeper": true, "rabbitmq": true, "mongodb": true,
}

// isSystemAccount reports whether s, perhaps with a realm (root@pam), names an account of the system, of an image or of a
// server rather than of a person.
func isSystemAccount(s string) bool {
	const longest = 16
	if at := strings.IndexByte(s[:min(len(s), longest+1)], '@'); at > 0 && strings.IndexByte(s[at:], '.') < 0 {
		s = s[:at]
	}
	var low [longest]byte
	if len(s) > len(low) {
		return false
	}
	for i := range len(s) {
		low[i] = lower(s[i])
	}
	return systemAccounts[s] || systemAccounts[string(low[:len(s)])]
}

// isWellKnownSID reports whether s is a Windows security identifier of no person: S-1-5-18. Those of accounts have a
// domain, S-1-5-21-..., or are of Entra ID, S-1-12-1-....
func isWellKnownSID(s string) bool {
	return strings.HasPrefix(s, "S-1-") && !strings.HasPrefix(s, "S-1-5-21-") && !strings.HasPrefix(s, "S-1-12-1-")
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
	end := accessLogUserEnd(t.s, start)
	if end == 0 {
		return
	}
	if s := t.s[start:end]; s != "-" && !systemAccounts[s] && !t.tokenTouches(start, end) {
		t.add(Username, start, end, 0.9)
	}
}

// logUser are the bytes of the names of users in access logs.
var logUser = func() (t [256]bool) {
	for c := range 256 {
		t[c] = isWord(byte(c)) || c == '.' || c == '-' || c == '@' || c == '\\'
	}
	return t
}()

// accessLogUserEnd returns the end of the word at i that the date of an access log follows, or 0.
func accessLogUserEnd(s string, i int) int {
	end := i
	for end < len(s) && end < i+maxLocal && logUser[s[end]] {
		end++
	}
	if end == i || end+5 >= len(s) || s[end] != ' ' || s[end+1] != '[' || !isDigit(s[end+2]) || s[end+4] != '/' || !isLetter(s[end+5]) {
		return 0
	}
	return end
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
	if isPlaceholder(s) || s[0] == '{' || s[0] == '[' || s[0] == '/' || s == "0" || s == "-1" || isWellKnownSID(s) || isSystemAccount(s) {
		return
	}
	if v.weak() && (len(s) < 6 || isUUID(s) || t.isProcessOwner(v)) || t.isClusterMember(v) || v.prose && !v.closed && !t.proseValue(v) {
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

// isProcessOwner reports whether v is the id of an operating system's account: uid=1000(jane) as id prints it, or beside the ids of
// a group or a process.
func (t *text) isProcessOwner(v value) bool {
	const longest = 16 // digits of an id
	s := t.s[v.start:min(v.end, v.start+longest)]
	if i := strings.IndexByte(s, '('); i > 0 && isDigits(s[:i]) {
		return true
	}
	i := v.end
	for i < len(t.s) && (t.s[i] == ',' || t.s[i] == ' ') {
		i++
	}
	return isDigits(s) && (t.hasFold(i, "pid") || t.hasFold(i, "gid") || t.hasFold(i, "euid"))
}

// isClusterMember reports whether v is the id of a member of an etcd cluster: 64 bits in hexadecimal.
func (t *text) isClusterMember(v value) bool {
	if n := v.end - v.start; n != 15 && n != 16 || v.attr() || v.keyEnd-v.keyStart < len("member-id") || countHex(t.s[v.start:v.end]) != n {
		return false
	}
	key := t.s[:v.keyEnd]
	return equalFold(key[len(key)-len("member-id"):len(key)-len("-id")], "member")
}

// countHex counts the digits of s in hexadecimal.
func countHex(s string) (n int) {
	for i := range len(s) {
		if isHex(s[i]) {
			n++
		}
	}
	return n
}
