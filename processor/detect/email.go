package detect

import (
	"math/bits"
	"strings"
)

// Bounds of RFC 5321, section 4.5.3.1.
const (
	maxLocal  = 64
	maxDomain = 253
)

// emailConf is the confidence in an address.
const emailConf = 0.99

// email verifies an address around the @ at i.
func (t *text) email(i int) { t.emailAround(i, i+1, 0) }

// percent handles a percent sign or a backslash: a percent-encoded @ or plus sign, an @ as JSON escapes it.
func (t *text) percent(i int) {
	if strings.HasPrefix(t.s[i:], `\u0040`) { // JSON knows no capital U
		level := t.escapeDepth(i)
		t.emailAround(i-t.slashesBefore(i), i+6, level)
		return
	}
	if t.s[i] == '\\' && t.at(i+1) == 'u' {
		t.escapedASCII(i)
	}
	if t.s[i] != '%' || t.escapeAt(i) == i {
		return
	}
	t.encodedValue(i)
	switch {
	case t.at(i+1)|0x20 == 'b' && isDigit(t.at(i+2)):
		t.track1(i + 2)
	case t.hasFold(i+1, "3d"), t.hasFold(i+1, "3a"):
		t.encodedPair(i)
	case t.hasFold(i+1, "2540"):
		t.emailAround(i, i+len("%2540"), Percent)
	case t.hasFold(i+1, "252540"):
		t.emailAround(i, i+len("%252540"), Percent)
	case t.hasFold(i+1, "40"):
		t.emailAround(i, i+3, Percent)
	case t.hasFold(i+1, "2b"):
		t.phoneInternational(i, i+3, Percent)
	}
}

// emailAround verifies an address whose @ is spelled from at to after.
func (t *text) emailAround(at, after int, enc Encoding) {
	if t.at(at-1) == '"' {
		t.quotedEmail(at, after)
		return
	}
	if at == 0 || !isLocalByte(t.s[at-1]) || t.s[at-1] == '.' {
		return
	}
	start, end := t.plainEmail(at, after)
	if end == 0 {
		var ok bool
		if end, ok = t.domain(after); !ok {
			return
		}
	}
	if start == at {
		var level Encoding
		start, level = t.localStart(at)
		enc = max(enc, level)
	}
	if start == at || t.inUserinfo(start) {
		t.near = true
		return
	}
	local := t.s[start:at]
	if (local == "git" || local == "hg") && (t.at(end) == ':' || t.at(end) == '/') || t.tokenTouches(start, end) || t.isMessageID(start) {
		t.near = true
		return
	}
	if t.at(start-1) == '<' {
		t.mailboxName(start - 1)
	}
	t.add(Email, start, end, emailConf)
	t.out[len(t.out)-1].Encoding = enc
}

// plainEmail returns where the address starts and ends whose @, before which something stands, is spelled from at to after, by masks, as far as they tell: at where the
// local part is more than a word of letters and digits between bytes that cannot be part of it, and 0 where the domain is more than
// such words between dots, or the last one no top-level domain. What they do not tell may be an address all the same.
func (t *text) plainEmail(at, after int) (start, end int) {
	const reach = blockLen/2 - 1 // of the local part
	s, from := t.s, max(0, at-reach)
	if after != at+1 {
		return at, 0
	}
	letter, _, digit, _ := lettersOf(s, from, min(len(s)-from, blockLen))
	alnum := letter | digit
	start = at - bits.LeadingZeros64(^(alnum << (-(at - from) & 63)))
	if start > 0 && mayEndLocal(s[start-1]) {
		start = at
	}
	for first := after; ; after = end + 1 {
		bit := after - from
		n := bits.TrailingZeros64(^(alnum >> (bit & 63)))
		end = after + n
		next := t.at(end)
		switch {
		case n == 0, bit+n >= blockLen-1, next == '-', next == '\\', next >= 0x80, after == first && t.isVersion(after, end):
			return start, 0
		case next == '.' && alnum>>((bit+n+1)&63)&1 != 0:
			continue
		case next == '.' && (t.at(end+1) == '\\' || t.at(end+1) >= 0x80):
			return start, 0
		}
		if after == first || n < 2 || n > longestTLD || ^letter>>(bit&63)&(1<<n-1) != 0 || isNotDomain(s[after:end]) {
			return start, 0
		}
		return start, end
	}
}

// isMessageID reports whether the address at i is the id of a message, RFC 5322 section 3.6.4.
func (t *text) isMessageID(i int) bool {
	if t.at(i-1) != '<' {
		return false
	}
	i = i - 1
	for t.at(i-1) == ' ' || t.at(i-1) == ':' || t.at(i-1) == '=' {
		i--
	}
	for _, key := range [...]string{"message-id", "messageid", "message_id", "in-reply-to"} {
		if from := i - len(key); t.hasFold(from, key) && t.standsAlone(from) {
			return true
		}
	}
	return false
}

// mailboxName verifies the name before the angle bracket at i: Jane Doe <jane@example.com>.
func (t *text) mailboxName(i int) {
	end := i
	for end > 0 && (t.s[end-1] == ' ' || t.s[end-1] == '"' || t.s[end-1] == '\\') {
		end--
	}
	if end == i {
		return
	}
	start, words := end, 0
	for start > 0 && end-start < maxName && words < 4 {
		from := start
		for from > 0 && (isLetter(t.s[from-1]) || t.s[from-1] >= 0x80 || t.s[from-1] == '-' || t.s[from-1] == '\'' || t.s[from-1] == '.') && end-from < maxName {
			from--
		}
		if from == start || !isUpper(t.s[from]) && t.s[from] < 0xC0 || t.escapeBefore(from) != from {
			break
		}
		start = from
		words++
		if t.at(from-1) != ' ' {
			break
		}
		start--
	}
	for start < end && t.s[start] == ' ' {
		start++
	}
	if words >= 2 && !t.wordBefore(start) {
		t.add(PersonName, start, end, 0.85)
	}
}

func isLocalByte(c byte) bool { return classes[c]&(clsLocal|clsHigh) != 0 }

// slashesBefore returns how many backslashes end at i.
func (t *text) slashesBefore(i int) int {
	n := 0
	for n < 7 && t.at(i-n-1) == '\\' {
		n++
	}
	return n
}

// escapeDepth returns how deep inside JSON strings the \u escape at i is: every level doubles the backslashes.
func (t *text) escapeDepth(i int) Encoding {
	return Encoding(min(escapeLevel(t.slashesBefore(i)+1, '\''), int(levels)))
}

// escapedLetter returns the start, with all backslashes, of the JSON escape at i when it stands for a letter of an
// alphabet, a plus sign or a hyphen; else -1.
func (t *text) escapedLetter(i int) int {
	if t.at(i) != '\\' || t.at(i+1) != 'u' || t.escapeAt(i) != i+6 {
		return -1
	}
	r := rune(unhex(t.s[i+2]))<<12 | rune(unhex(t.s[i+3]))<<8 | rune(unhex(t.s[i+4]))<<4 | rune(unhex(t.s[i+5]))
	if r >= 0xC0 && r < 0x800 || r == '+' || r == '-' {
		return i - t.slashesBefore(i)
	}
	return -1
}

// localStart reads the local part backwards from at. It ends at an escape sequence other than %2B and those of letters,
// at letters of scripts that are written without spaces, and before leading punctuation. level is that of the escaped
// letters.
func (t *text) localStart(at int) (start int, level Encoding) {
	if start = t.plainLocal(at); start < at {
		return start, level
	}
	for start > 0 && at-start < maxLocal {
		c := t.s[start-1]
		if c >= 0x80 {
			n := t.alphabetBefore(start)
			if n == 0 && start == at {
				return t.wideLocal(at), level
			}
			if n == 0 {
				break
			}
			start -= n
			continue
		}
		if !isLocalByte(c) {
			break
		}
		if esc := t.escapeBefore(start); esc != start {
			if letter := t.escapedLetter(esc); letter >= 0 {
				level = max(level, t.escapeDepth(esc))
				start = letter
				continue
			}
			if !t.hasFold(esc, "%2b") {
				break
			}
			start = esc
			continue
		}
		if c == '%' && t.escapeAt(start-1) != start-1 || c == '.' && t.at(start) == '.' {
			break
		}
		start--
	}
	for start < at && (t.s[start] == '.' || t.s[start] == '\'' || t.s[start] == '-' || t.s[start] == '+' || t.s[start] == '%' && t.escapeAt(start) == start) {
		start++
	}
	return start, level
}

// plainLocal is localStart where neither escape sequences nor letters of two bytes can be part of it: nearly everywhere. It
// returns at where they can.
func (t *text) plainLocal(at int) int {
	s, start := t.s, at
	for limit := max(0, at-maxLocal); start > limit; start-- {
		c := s[start-1]
		if isAlnum(c) {
			continue
		}
		if classes[c]&clsLocal == 0 {
			break
		}
		if c == '%' || c == '.' && s[start] == '.' {
			return at
		}
	}
	if start > 0 && mayEndLocal(s[start-1]) {
		return at
	}
	for start < at && !isWord(s[start]) {
		start++
	}
	return start
}

// mayEndLocal reports whether c may be the last byte of a local part, of an escape sequence, or of what one begins with.
func mayEndLocal(c byte) bool {
	return c >= 0x80 || c == '\\' || c == '[' || isParameter(c) || isLocalByte(c)
}

// alphabetBefore returns the length of the two-byte UTF-8 letter (Latin, Greek, Cyrillic, ...) that ends at i, or 0.
func (t *text) alphabetBefore(i int) int {
	if i < 2 {
		return 0
	}
	if a, b := t.s[i-2], t.s[i-1]; a >= 0xC3 && a <= 0xDF && b&0xC0 == 0x80 {
		return 2
	}
	return 0
}

// notDomains are last labels that are no top-level domain but the ends of file, unit and package names.
var notDomains = map[string]bool{
	"png": true, "jpg": true, "jpeg": true, "gif": true, "svg": true, "webp": true, "ico": true, "css": true,
	"js": true, "json": true, "xml": true, "html": true, "htm": true, "txt": true, "log": true, "yaml": true,
	"yml": true, "jar": true, "class": true, "go": true, "java": true, "php": true, "exe": true, "dll": true,
	"service": true, "socket": true, "slice": true, "timer": true, "target": true, "mount": true, "scope": true,
	"device": true, "path": true, "conf": true, "cfg": true, "ini": true, "tar": true, "gz": true, "tgz": true,
}

const longestNotDomain = len("service")

// notDomainEnds has by the first letter of a label a bit for its last one, so that few others are looked up.
var notDomainEnds = func() (t [32]uint32) {
	for label := range notDomains {
		t[label[0]&31] |= 1 << (label[len(label)-1] & 31)
	}
	return t
}()

// domain reads a domain name from i: two labels or more, the last of them letters.
func (t *text) domain(i int) (end int, ok bool) {
	s := t.s[:min(len(t.s), i+maxDomain)]
	for dots := 0; ; dots++ {
		label := i
		for i < len(s) {
			c := s[i]
			if isAlnum(c) || c == '-' && i > label {
				i++
				continue
			}
			if c < 0x80 && c != '\\' {
				break
			}
			n := t.labelByte(i, label)
			if n == 0 {
				break
			}
			i += n
		}
		stop := i
		for stop > label && t.s[stop-1] == '-' {
			stop--
		}
		if stop == label || dots == 0 && t.isVersion(label, stop) {
			return end, ok
		}
		if dots > 0 && t.isTLD(label, stop) {
			end, ok = stop, true
		}
		if stop != i || t.at(i) != '.' || !isAlnum(t.at(i+1)) && t.labelByte(i+1, i+1) == 0 {
			return end, ok
		}
		i++
	}
}

// labelByte returns how many bytes at i are part of a label that starts at label: 1, more for the escape of a letter, or
// 0.
func (t *text) labelByte(i, label int) int {
	switch c := t.at(i); {
	case isAlnum(c), c == '-' && i > label, t.alphabetAt(i):
		return 1
	case c >= 0xE0 && t.s[label] >= 0xE0:
		return t.wideLetter(i)
	case c == '\\':
		j := i
		for t.at(j+1) == '\\' && j < i+7 {
			j++
		}
		if t.escapedLetter(j) == i {
			return j + 6 - i
		}
	}
	return 0
}

// isVersion reports whether [i, end) is the start of a version: 4 or v1.
func (t *text) isVersion(i, end int) bool {
	if t.s[i] == 'v' && end > i+1 {
		i++
	}
	for ; i < end; i++ {
		if !isDigit(t.s[i]) {
			return false
		}
	}
	return true
}

// alphabetAt reports whether i is a byte of a two-byte UTF-8 letter.
func (t *text) alphabetAt(i int) bool {
	c := t.at(i)
	return c >= 0xC3 && c <= 0xDF && t.at(i+1)&0xC0 == 0x80 || c&0xC0 == 0x80 && i > 0 && t.s[i-1] >= 0xC3 && t.s[i-1] <= 0xDF
}

// longestTLD is the longest top-level domain of ASCII letters alone.
const longestTLD = 24

// isTLD reports whether [label, end) can be a top-level domain: letters, of any alphabet and escaped or not.
func (t *text) isTLD(label, end int) bool {
	n := end - label
	if n < 2 || n > 64 {
		return false
	}
	s := t.s[label:end]
	if n >= 4 && equalFold(s[:4], "xn--") {
		return true
	}
	foreign := false
	for i := 0; i < n; i++ {
		switch c := s[i]; {
		case isLetter(c) && i < longestTLD:
		case c >= 0x80:
			foreign = true
		case c == '\\':
			foreign = true
			for i++; i < n && s[i] == '\\'; i++ {
			}
			i += 4
		default:
			return false
		}
	}
	return foreign || !isNotDomain(s)
}

// isNotDomain reports whether the label of two letters or more is one of notDomains.
func isNotDomain(label string) bool {
	var low [longestNotDomain]byte
	n := len(label)
	if n > len(low) || notDomainEnds[label[0]&31]>>(label[n-1]&31)&1 == 0 {
		return false
	}
	for i := range n {
		low[i] = lower(label[i])
	}
	return notDomains[string(low[:n])]
}

// inUserinfo reports whether i is in the userinfo of a URL: what looks like an address is a user or a password, and a
// host.
func (t *text) inUserinfo(i int) bool {
	for j := i - 1; j >= 1 && i-j < maxLocal; j-- {
		switch c := t.s[j]; {
		case c == '/':
			return t.s[j-1] == '/' && t.at(j-2) == ':'
		case isSpace(c), c == '"', c == '?', c == '#', c == '\'', c == '=', c == ',', c == ';', c == '<', c == '(':
			return false
		}
	}
	return false
}
