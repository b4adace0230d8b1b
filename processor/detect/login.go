package detect

import "strings"

// isLoginByte reports whether c may stand in the name of a user in a message or a path.
func isLoginByte(c byte) bool {
	return isWord(c) || c == '.' || c == '-' || c == '@' || c == '\\' || c >= 0x80
}

// notUsers are words of messages that stand where the name of a user does.
var notUsers = map[string]bool{
	"account": true, "user": true, "the": true, "this": true, "your": true, "username": true, "login": true, "invalid": true, "unknown": true, "email": true, "that": true, "an": true,
	"illegal": true, "accounts": true, "users": true, "all": true, "any": true, "not": true, "has": true, "is": true, "was": true, "and": true, "or": true, "with": true, "in": true, "on": true,
	"id": true, "name": true, "session": true, "authentication": true, "password": true, "from": true, "by": true, "to": true, "of": true, "service": true, "request": true, "requests": true, "found": true, "client": true, "undefined": true, "null": true, "none": true,
}

// isNobody reports whether s, perhaps with a realm (root@pam), names an account of the system or nobody.
func isNobody(s string) bool {
	if systemAccounts[s] {
		return true
	}
	if at := strings.IndexByte(s, '@'); at >= 0 {
		s = s[:at]
	}
	var low [16]byte
	if len(s) > len(low) {
		return false
	}
	for i := range len(s) {
		low[i] = lower(s[i])
	}
	return systemAccounts[string(low[:len(s)])] || notUsers[string(low[:len(s)])]
}

// loggedInAs verifies the user name after the words at i: logged in as maria.
func loggedInAs(t *text, i int) {
	start := i
	for n := 0; n < 3; n++ {
		start = t.wordEnd(start) + 1
		if t.hasFold(start-4, " as ") {
			break
		}
	}
	if t.hasFold(start, "user ") {
		start += len("user ")
	}
	t.login(start, func(int) bool { return true })
}

// userWord verifies the user name after the word user at i, where quotes or what follows say that it is one: User
// 'jdoe', User jdoe (uid=1001), user admin from 192.0.2.1.
func userWord(t *text, i int) {
	t.login(i+len("user "), func(end int) bool {
		switch {
		case t.hasFold(end, " (uid="), t.hasFold(end, "(uid="), t.hasFold(end, " logged "), t.hasFold(end, " authenticated"), t.hasFold(end, " signed in"), t.hasFold(end, " has logged"):
			return true
		case t.hasFold(end, " from "):
			from := end + len(" from ")
			is := t.hostAt(from) || t.hasFold(from, "tkt_") || t.hasFold(from, "ip ")
			t.near = t.near || !is // a token may come to stand there
			return is
		}
		return false
	})
}

// hostAt reports whether the start of an IP address stands at i.
func (t *text) hostAt(i int) bool {
	end := t.span(i, 4, isHex)
	return end > i && (t.at(end) == ':' || t.at(end) == '.' && isDigit(t.at(end+1)))
}

// login puts the user name at start, quoted or where follows accepts its end.
func (t *text) login(start int, follows func(end int) bool) {
	quote := t.at(start)
	if quote == '\\' && (t.at(start+1) == '"' || t.at(start+1) == '\'') {
		start++
		quote = t.at(start)
	}
	quoted := quote == '\'' || quote == '"' || quote == '`'
	if quoted {
		start++
	}
	end := t.span(start, maxLocal, isLoginByte)
	if quoted {
		for t.at(end-1) == '\\' && end > start {
			end--
		}
		if t.at(end) != quote && t.at(end) != '\\' {
			return
		}
	} else {
		end = t.trimSentence(start, end)
	}
	if end-start < 2 || isWord(t.at(end)) || !hasLetter(t.s[start:end]) || isNobody(t.s[start:end]) || t.tokenTouches(start, end) || isPlaceholder(t.s[start:end]) {
		return
	}
	if quoted || follows(end) {
		t.add(Username, start, end, 0.85)
	}
}

// failedFor verifies the user name after "for user" at i in a message about a login.
func failedFor(t *text, i int) {
	from, _ := t.around(i, i, cueReach)
	if t.cueIn(loginCues, from, i) {
		t.login(i+len("for user "), func(end int) bool {
			return end == len(t.s) || t.hasFold(end, " from ") || t.hasFold(end, " on ") || t.hasFold(end, " via ")
		})
	}
}

var loginCues = []string{"login", "logon", "log in", "password", "auth", "sign", "session", "denied"}

// sudoer verifies the user name in a line of sudo before the word TTY at i: jdoe : TTY=pts/0.
func sudoer(t *text, i int) {
	end := i - len(" : ")
	if !t.hasFold(end, " : tty=") {
		return
	}
	start := end
	for start > 0 && end-start < maxLocal && isLoginByte(t.s[start-1]) {
		start--
	}
	if end-start >= 2 && t.at(start-1) == ' ' && t.at(start) < 0x80 && !isNobody(t.s[start:end]) && !t.tokenTouches(start, end) {
		t.add(Username, start, end, 0.9)
	}
}

func hasLetter(s string) bool {
	for i := range len(s) {
		if isLetter(s[i]) || s[i] >= 0x80 {
			return true
		}
	}
	return false
}

// sharedHomes are directories of homes that belong to images, services and no one.
var sharedHomes = map[string]bool{
	"app": true, "user": true, "ubuntu": true, "ec2-user": true, "node": true, "runner": true, "jenkins": true, "git": true, "www": true, "admin": true, "administrator": true,
	"centos": true, "debian": true, "vagrant": true, "circleci": true, "travis": true, "build": true, "builder": true, "deploy": true, "docker": true, "airflow": true, "spark": true,
	"hadoop": true, "hdfs": true, "postgres": true, "mysql": true, "nginx": true, "appuser": true, "nonroot": true, "vscode": true, "gitpod": true, "opc": true, "azureuser": true,
	"pi": true, "linuxbrew": true, "shared": true, "public": true, "default": true, "index": true, "jovyan": true, "vsts": true, "service": true, "web": true, "worker": true, "lib": true,
	"bin": true, "root": true, "all": true, "runneradmin": true, "containeruser": true, "containeradministrator": true, "elasticsearch": true, "redis": true, "kafka": true, "test": true,
}

// home verifies the owner of a home directory whose parent's name is at i: /home/maria/x, /Users/maria/x,
// C:\Users\maria\x.
func home(t *text, i int) {
	sep := t.at(i - 1)
	name := t.wordEnd(i)
	start := name
	for t.at(start) == '\\' || t.at(start) == '/' {
		start++
	}
	switch {
	case start == name || t.s[name] != sep:
		return
	case sep == '\\': // C:\Users\maria, in JSON C:\\Users\\maria
		drive := i - 1
		for t.at(drive-1) == '\\' {
			drive--
		}
		if t.at(drive-1) != ':' || start-name != i-drive {
			return
		}
	case sep == '/' && start == name+1:
		if isUpper(t.s[i]) != (lower(t.s[i]) == 'u') || i > 1 && !t.pathRoot(i-1) {
			t.near = true // the word before may be part of another finding
			return
		}
	default:
		return
	}
	end := t.span(start, maxLocal, func(c byte) bool { return isLoginByte(c) && c != '\\' && c != '@' })
	if sep == '/' && t.at(i-2) == '=' && (t.at(end) == 0 || isSpace(t.at(end)) || t.at(end) == ';') { // PWD=/home/maria
		sep = t.at(end)
	}
	if t.at(end) != sep || !isAlnum(t.at(start)) || !hasLetter(t.s[start:end]) || t.sharedHome(start, end) || t.tokenTouches(start, end) {
		return
	}
	if t.s[i] == 'h' && (!isPathByte(t.at(end+1)) && !isSpace(sep) && sep != 0 && sep != ';' || i == 1 && !strings.Contains(t.s[start:end], ".")) {
		return // a whole value is the route of a site, more often
	}
	t.add(Username, start, end, 0.85)
}

func isPathByte(c byte) bool { return isAlnum(c) || c == '.' || c == '_' || c == '-' }

func (t *text) sharedHome(start, end int) bool {
	var low [maxLocal]byte
	n := 0
	for i := start; i < end; i++ {
		low[n] = lower(t.s[i])
		n++
	}
	return sharedHomes[string(low[:n])]
}

// pathRoot reports whether the slash at i begins the path of a file rather than being inside one, or one of a request:
// GET /home/x, where the whole text is a path, or after a key for one.
func (t *text) pathRoot(i int) bool {
	switch c := t.at(i - 1); {
	case isWord(c), c == '/', c == '.', c == '-', c == '}', c == ')', c == '*', c == '~', c == '%', c == ']', c >= 0x80:
		return false
	}
	end := i
	for end > 0 && end > i-4 && (t.s[end-1] == ' ' || t.s[end-1] == '"' || t.s[end-1] == ':' || t.s[end-1] == '=' || t.s[end-1] == '\\' || t.s[end-1] == '\'') {
		end--
	}
	start := end
	for start > 0 && start > end-16 && isLetter(t.s[start-1]) {
		start--
	}
	for _, w := range [...]string{"get", "post", "put", "delete", "head", "patch", "options", "uri", "url", "route", "endpoint", "location", "referer", "href", "request", "to"} {
		if equalFold(t.s[start:end], w) {
			return false
		}
	}
	return true
}
