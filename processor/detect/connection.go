package detect

import "strings"

// oracleThin verifies user/password after the name of Oracle's thin driver at i: jdbc:oracle:thin:scott/tiger@host:1521:sid.
func oracleThin(t *text, i int) {
	t.slashUserinfo(i + len("oracle:thin:"))
}

// sqlplus verifies user/password after the name of the program at i.
func sqlplus(t *text, i int) {
	start := i + len("sqlplus ")
	if t.hasFold(start, "-s ") || t.hasFold(start, "-l ") {
		start += len("-s ")
	}
	t.slashUserinfo(start)
}

// slashUserinfo verifies user/password@ at start.
func (t *text) slashUserinfo(start int) {
	slash := t.span(start, maxLocal, isLoginByte)
	if slash == start || t.at(slash) != '/' {
		return
	}
	end := slash + 1
	for end < len(t.s) && end < slash+longestUserinfo && t.s[end] > ' ' && t.s[end] != '@' && t.s[end] != '"' && t.s[end] != '\'' && t.s[end] != '/' {
		end++
	}
	if t.at(end) != '@' || end == slash+1 || isPlaceholder(t.s[slash+1:end]) || t.tokenTouches(start, end) {
		return
	}
	t.add(URLCredentials, start, end, 1)
}

// settingAt reports whether a key of several words starts at i, as connection strings have them: User Id=.
func (t *text) settingAt(i int) bool {
	j := i
	for j < i+maxKey/2 && (isLetter(t.at(j)) || t.at(j) == ' ' && isLetter(t.at(j-1)) && isLetter(t.at(j+1))) {
		j++
	}
	return j > i && t.at(j) == '='
}

// semicolonEnd returns the end of a value with blanks in a connection string, whose pairs end in semicolons:
// Server=db;Password=a b;Encrypt=True.
func (t *text) semicolonEnd(v value) int {
	if v.closed || t.at(v.keyStart-1) != ';' || t.at(v.end) != ' ' {
		return v.end
	}
	for i := v.end; i < len(t.s) && i < v.end+maxPhrase; i++ {
		switch t.s[i] {
		case ';':
			if t.runStops(i) {
				return t.trimRight(v.start, i)
			}
		case '"', '\'', '\n', '=', '\\', ':':
			return v.end
		}
	}
	return v.end
}

// shells are programs with a short option for a password: attached to it, or the word after it.
var shells = map[byte]struct{ attached, apart []string }{
	'a': {apart: []string{"redis-cli ", "redis"}},
	'p': {attached: []string{"mysql", "mariadb"}, apart: []string{"sshpass ", "docker login", "podman login", "helm registry login", "mongo ", "mongosh ", "mongodump "}},
}

// passwordOption verifies the password after the short option at i of one of the programs that take it there.
func (t *text) passwordOption(i int) {
	if t.at(i-1) != ' ' {
		return
	}
	shell, known := shells[t.at(i+1)]
	if !known {
		return
	}
	start, cues := i+2, shell.attached
	if t.at(start) == ' ' {
		start, cues = start+1, shell.apart
	}
	from, _ := t.around(i, i, 4*cueReach)
	if !t.programBefore(cues, from, i) {
		return
	}
	v := t.valueAfter(sepKey{start: i + 1, end: i + 2}, '=', start)
	if v.start != start && !v.closed || v.start >= v.end || t.s[v.start] == '-' || isPlaceholder(t.s[v.start:v.end]) || t.tokenTouches(v.start, v.end) {
		return
	}
	t.add(Password, v.start, v.end, 0.9)
}

// programBefore reports whether one of the names starts the last command between from and to.
func (t *text) programBefore(names []string, from, to int) bool {
	if last := strings.LastIndexAny(t.s[from:to], "|;&\n"); last >= 0 {
		from += last + 1
	}
	for _, name := range names {
		for k := from; k+len(name) <= to; k++ {
			if t.s[k] == name[0] && strings.HasPrefix(t.s[k:to], name) && (k == 0 || !isWord(t.s[k-1])) {
				return true
			}
		}
	}
	return false
}

// longestPuTTY is how far the private part of a key of PuTTY may reach, in bytes.
const longestPuTTY = 8 << 10

// putty verifies a key file of PuTTY at i, line ends escaped or not: to the end of its message authentication code.
func putty(t *text, i int) {
	const begin, private, mac = "PuTTY-User-Key-File-", "Private-Lines:", "Private-MAC:"
	if !strings.HasPrefix(t.s[i:], begin) {
		return
	}
	rest := t.s[i+len(begin) : min(len(t.s), i+longestPuTTY)]
	if next := strings.Index(rest, begin); next >= 0 {
		rest = rest[:next]
	}
	lines := strings.Index(rest, private)
	if lines < 0 {
		return
	}
	base := i + len(begin)
	end := base + lines + len(private)
	if at := strings.Index(rest[lines:], mac); at >= 0 {
		end = base + lines + at + len(mac)
		for t.at(end) == ' ' {
			end++
		}
		end = t.span(end, 64, isHex)
	} else { // cut off
		for end < len(t.s) && end < i+longestPuTTY && (isPEMBody(t.s[end]) || t.s[end] == ' ') {
			end++
		}
		for !isAlnum(t.s[end-1]) && t.s[end-1] != '=' {
			end--
		}
	}
	if end-base-lines > 40 {
		t.add(PrivateKey, i, end, 0.98)
	}
}
