package detect

import (
	"errors"
	"net/netip"
	"strings"
)

// ipv4 verifies a dotted address whose first octet starts at i.
func (t *text) ipv4(i int) {
	octets, end, ok := t.octets(i)
	if !ok {
		return
	}
	if !t.addressMayStart(i) || !t.ipv4MayEnd(end) || t.versionBefore(i, end) {
		t.near = true
		return
	}
	a := netip.AddrFrom4(octets)
	t.address(i, t.prefixLength(end, 32), a, 0.95)
}

// octets reads four octets without leading zeros.
func (t *text) octets(i int) (o [4]byte, end int, ok bool) {
	s := t.s
	for n := range o {
		if n > 0 {
			if i >= len(s) || s[i] != '.' {
				return o, i, false
			}
			i++
		}
		from, v := i, 0
		for limit := min(from+3, len(s)); i < limit && s[i]-'0' < 10; i++ {
			v = v*10 + int(s[i]-'0')
		}
		if i == from || v > 255 || i-from > 1 && s[from] == '0' {
			return o, i, false
		}
		o[n] = byte(v)
	}
	return o, i, true
}

// addressMayStart vetoes what runs on to the left: longer dotted numbers, names with a hyphen, colons of IPv6.
func (t *text) addressMayStart(i int) bool {
	if i == 0 {
		return true
	}
	switch c := t.s[i-1]; c {
	case '.', '-', '+':
		return !isWord(t.at(i-2)) && t.at(i-2) != c || t.escapeBefore(i-1) != i-1 || c == '-' && t.octetsEnd(i-1)
	case ':':
		return !isHex(t.at(i-2)) && t.at(i-2) != ':' || !t.hexColonsBefore(i)
	}
	return true
}

// octetsEnd reports whether a dotted address ends at i, as in a range of addresses.
func (t *text) octetsEnd(i int) bool {
	start := i
	for start > 0 && start > i-15 && (isDigit(t.s[start-1]) || t.s[start-1] == '.') {
		start--
	}
	_, end, ok := t.octets(start)
	return ok && end == i
}

// hexColonsBefore reports whether i may be inside an IPv6 address: at least two colons among hexadecimal digits before
// it.
func (t *text) hexColonsBefore(i int) bool {
	colons := 0
	for i--; i >= 0 && (isHex(t.s[i]) || t.s[i] == ':'); i-- {
		if t.s[i] == ':' {
			colons++
		}
	}
	return colons >= 2
}

// ipv4MayEnd vetoes what runs on to the right: longer dotted numbers, versions and file names.
func (t *text) ipv4MayEnd(i int) bool {
	switch c := t.at(i); c {
	case '.':
		return !isWord(t.at(i + 1))
	case '-', '+', '~':
		if !isWord(t.at(i + 1)) {
			return true
		}
		_, _, ok := t.octets(i + 1)
		return ok && c == '-'
	case '_':
		return !t.isPlatform(i + 1)
	default:
		return !isWord(c)
	}
}

// isPlatform reports whether the word at i is the one that follows the version in the name of a package: tool_1.2.3.4_amd64.
func (t *text) isPlatform(i int) bool {
	for _, p := range [...]string{"amd64", "arm", "x86", "x64", "i386", "all", "linux", "darwin", "windows", "win", "any", "noarch", "ppc64", "s390x"} {
		if t.hasFold(i, p) {
			return true
		}
	}
	return false
}

// versionWords stand before a number that is a version, not an address.
var versionWords = []string{
	"version", "ver", "v", "release", "rev", "build", "firmware", "oid", "than", "kernel", "ratio", "driver", "patch", "rv", "revision", "versions", "sdk", "python", "java", "jdk", "jre", "php", "ruby", "perl", "openssl", "glibc", "gcc", "firefox", "chrome", "chromium",
	"safari", "webkit", "android", "ios", "windows", "framework", "runtime", "edition", "snapshot", "tag", "schema", "migration", "package", "section", "chapter", "clause", "paragraph", "appendix", "step",
}

// versionEnds has by the last letter of such a word a bit for the one before it: few words are compared with them.
var versionEnds = func() (t [32]uint32) {
	for _, w := range versionWords {
		n := len(w)
		if n == 1 { // anything may stand before it
			t[w[0]&31] = ^uint32(0)
			continue
		}
		t[w[n-1]&31] |= 1 << (w[n-2] & 31)
	}
	return t
}()

// versionBefore reports whether the dotted number [i, stop) is a version: after such a word, or in a product token as user
// agents write them, Name/1.2.3.4.
func (t *text) versionBefore(i, stop int) bool {
	if t.at(i-1) == '-' { // the end of a range, 0.0.0.0-4.0.0.0
		for from := i; i > max(0, from-len("-255.255.255.255")) && (t.s[i-1] == '-' || isDigit(t.s[i-1]) || t.s[i-1] == '.'); i-- {
		}
		var ok bool
		if _, stop, ok = t.octets(i); !ok {
			stop = len(t.s)
		}
	}
	if t.upgraded(i, stop) {
		return true
	}
	end := i
	for end > 0 && end > i-7 && (t.s[end-1] == ' ' || t.s[end-1] == ':' || t.s[end-1] == '=' || t.s[end-1] == '"' || t.s[end-1] == '\'' || t.s[end-1] == '\\' || t.s[end-1] == '/' || t.s[end-1] == '_' || t.s[end-1] == '.' && t.s[end] == ' ') {
		end--
	}
	if end > 0 && end < i && (t.s[end-1] == '\n' || t.s[end] == '\\' && t.escapeAt(end) > end) {
		return false
	}
	start := end
	for start > 0 && start > end-24 && (isWord(t.s[start-1]) || t.s[start-1] == '-' || t.s[start-1] == '.') {
		start--
	}
	word := t.s[start:end]
	if len(word) == 0 || !t.standsAlone(start) {
		return false
	}
	if t.s[i-1] == '/' && end == i-1 && isLetter(word[0]) {
		switch t.at(start - 1) {
		case 0, ' ', '"', '(', ';', '\'':
			return true
		}
	}
	if n := len(word); versionEnds[word[n-1]&31]>>(word[max(n-2, 0)]&31)&1 == 0 {
		return false
	}
	for _, w := range versionWords {
		if n := len(word) - len(w); n >= 0 && equalFold(word[n:], w) && (n == 0 || boundaryAt(word, n)) {
			return true
		}
	}
	return false
}

// upgradeCues say that dotted numbers with "to" between are versions.
var upgradeCues = []string{"upgrad", "downgrad", "updating", "updated", "bump"}

// upgraded reports whether the dotted number [i, end) is one of two in: upgraded from 1.2.3.4 to 1.2.3.5.
func (t *text) upgraded(i, end int) bool {
	const to = " to "
	other := t.hasFold(i-len(to), to) && t.octetsEnd(i-len(to))
	if !other {
		if !t.hasFold(end, to) {
			return false
		}
		if _, _, other = t.octets(end + len(to)); !other {
			return false
		}
	}
	from, _ := t.around(i, i, cueReach)
	return t.cueIn(upgradeCues, from, i)
}

// standsAlone reports whether a word at i begins a text, a string or a bracket, or follows a blank: it is then no part
// of a value, so that it is still there when the values around are replaced.
func (t *text) standsAlone(i int) bool {
	switch c := t.at(i - 1); c {
	case 0, ' ', '\t', '\n', '\r', '"', '\'':
		return true
	case '(', '[', '{':
		return t.at(i-2) == 0 || isSpace(t.at(i-2))
	default:
		return t.escapeBefore(i) != i
	}
}

// prefixLength returns the end of the CIDR suffix at end, which belongs to the address, or end.
func (t *text) prefixLength(end, bits int) int {
	if t.at(end) != '/' || !isDigit(t.at(end+1)) {
		return end
	}
	i, n := end+1, 0
	for i < end+4 && isDigit(t.at(i)) {
		n = n*10 + int(t.s[i]-'0')
		i++
	}
	if n > bits || isWord(t.at(i)) || t.at(i) == '/' || t.at(i) == ':' || t.at(i) == '.' && isDigit(t.at(i+1)) {
		return end
	}
	return i
}

func (t *text) address(start, end int, a netip.Addr, conf float32) {
	t.out = append(t.out, Finding{
		Start: start, End: end, Entity: IPAddress, Confidence: conf, Range: rangeOf(a), KeyStart: -1, KeyEnd: -1,
	})
}

// longestIPv6 is the longest spelling: eight groups, the last two as IPv4.
const longestIPv6 = 45

// colons handles the colon at i as the first one of an IPv6 address. It reports whether i is a colon between groups,
// so that no key ends there.
func (t *text) colons(i int) bool {
	next := t.at(i + 1)
	afterColon := t.at(i-1) == ':'
	if afterColon && next == ':' && t.at(i+2) != ':' && t.keyColon(i-1) { // a key's colon, then ::
		afterColon = false
	}
	if next != ':' && !isHex(next) || afterColon {
		t.near = t.near || afterColon
		return next == ':' || afterColon
	}
	if t.clock(i) {
		return false
	}
	start := i
	for start > 0 && isHex(t.s[start-1]) && i-start < 5 {
		start--
	}
	t.near = t.near || next == ':'
	if i-start > 4 || t.wordBefore(start) || start == i && next != ':' || t.at(start-1) == ':' && start < i && !t.keyColon(start-1) || t.at(start-1) == '.' {
		return false
	}
	end, groups, double, dots, digits := t.ipv6Run(start)
	t.near = t.near || double || groups > 4
	if end-start < 2 || groups < 8 && !double && dots == 0 {
		return false
	}
	if t.at(end-1) == ':' && (end-start < 2 || t.s[end-2] != ':') {
		end--
	}
	return t.ipv6(start, end, digits, groups)
}

// keyColon reports whether the byte at i is a colon after a key rather than inside an address: SourceIp:2001:db8::1.
func (t *text) keyColon(i int) bool {
	if t.at(i) != ':' {
		return false
	}
	hex := true
	start := i
	for start > 0 && i-start < maxKey && isWord(t.s[start-1]) {
		hex = hex && isHex(t.s[start-1])
		start--
	}
	return start < i && !hex && isLetter(t.s[start]) && isLetter(t.s[i-1]) && t.at(start-1) != ':' && !t.tokenTouches(start, i)
}

// clock reports whether the colon at i is the first of a time of day, 02:14:33, which is no address.
func (t *text) clock(i int) bool { return isClock(t.s, i) }

func isClock(s string, i int) bool {
	if i < 2 || i+6 > len(s) || !isTime(load8(s, i-2)) || i > 2 && (isHex(s[i-3]) || s[i-3] == ':') {
		return false
	}
	if i+6 == len(s) {
		return true
	}
	c := s[i+6]
	return !isHex(c) && c != ':' && (c != '.' || i+7 == len(s) || !isDigit(s[i+7]) || !dotsFollow(s, i+7))
}

// dotsFollow reports whether a second dot follows the digits from i on, as in the dotted end of a mapped address.
func dotsFollow(s string, i int) bool {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i < len(s) && s[i] == '.'
}

// ipv6Run reads hexadecimal groups, colons and dots from start on.
func (t *text) ipv6Run(start int) (end, groups int, double bool, dots, digits int) {
	for end = start; end < len(t.s) && end < start+longestIPv6+1; end++ {
		switch c := t.s[end]; {
		case c == ':':
			if t.at(end+1) == ':' {
				double = true
			}
		case c == '.':
			if !isDigit(t.at(end + 1)) {
				return end, groups, double, dots, digits
			}
			dots++
		case isHex(c):
			if end == start || t.s[end-1] == ':' {
				groups++
			}
			if isDigit(c) {
				digits++
			}
		default:
			return end, groups, double, dots, digits
		}
	}
	return end, groups, double, dots, digits
}

// mostGroups are the groups of an address with a port behind it.
const mostGroups = 9

func (t *text) ipv6(start, end, digits, groups int) bool {
	if c := t.at(end); isWord(c) || end-start > longestIPv6 {
		return false
	}
	if groups < 7 && !strings.Contains(t.s[start:end], "::") || groups > mostGroups {
		return false // a clock time, most often, or the octets of a frame: ParseAddr would allocate to refuse it
	}
	a, err := netip.ParseAddr(t.s[start:end])
	if err != nil {
		if a, end, err = t.withoutPort(start, end); err != nil {
			return false
		}
	}
	if a.IsUnspecified() && end-start == 2 && !t.bracketed(start, end) {
		return true
	}
	if digits == 0 && !a.IsUnspecified() && groups < 3 && !t.bracketed(start, end) {
		return true // cafe::add is more often a path of a program
	}
	if groups == 8 && end-start == 23 { // eight octets: an EUI-64 or the start of a fingerprint
		return true
	}
	conf := float32(0.98)
	if t.at(end) == '%' && isAlnum(t.at(end+1)) && t.escapeAt(end) == end {
		for end++; isWord(t.at(end)) || t.at(end) == '-'; end++ {
		}
	}
	t.address(start, t.prefixLength(end, 128), a, conf)
	return true
}

// withoutPort parses ::ffff:192.0.2.1:443, an IPv4-mapped address with a port.
func (t *text) withoutPort(start, end int) (netip.Addr, int, error) {
	for i := end - 1; i > start && i > end-7; i-- {
		if t.s[i] == ':' {
			a, err := netip.ParseAddr(t.s[start:i])
			return a, i, err
		}
	}
	return netip.Addr{}, end, errNoPort
}

var errNoPort = errors.New("no address with a port")

// bracketed reports whether the address stands in brackets, or has a prefix length.
func (t *text) bracketed(start, end int) bool {
	return t.at(start-1) == '[' && t.at(end) == ']' || t.at(end) == '/' && isDigit(t.at(end+1))
}

// addressByKey verifies an address under a key: whole, with a port, or a list of them.
func addressByKey(t *text, v value) {
	if v.attr() || v.quote != 0 {
		s := t.s[v.start:v.end]
		if !isAddressText(s) {
			return
		}
		if a, err := netip.ParseAddr(s); err == nil {
			t.emit(v, v.start, v.end, 1)
			t.out[len(t.out)-1].Range = rangeOf(a)
		}
	}
}

// isAddressText reports whether s has the characters of an address: ParseAddr would allocate to refuse another.
func isAddressText(s string) bool {
	colons, dots := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '%':
			return colons > 1
		case c == ':':
			colons++
		case c == '.':
			dots++
		case !isHex(c):
			return false
		}
	}
	return colons > 1 && colons < mostGroups || colons == 0 && dots == 3
}

// mac verifies a MAC address whose first octet starts at i: aa:bb:cc:dd:ee:ff, aa-bb-cc-dd-ee-ff, aabb.ccdd.eeff.
func (t *text) mac(i int) {
	if !isHex(t.s[i]) || !isHex(t.at(i+1)) {
		return
	}
	step, end := 2, i+17
	sep := t.at(i + 2)
	if sep != ':' && sep != '-' {
		if step, end, sep = 4, i+14, t.at(i+4); sep != '.' {
			return
		}
	}
	if end > len(t.s) || isWord(t.at(end)) || t.at(end) == sep && isWord(t.at(end+1)) || t.at(i-1) == sep && isWord(t.at(i-2)) && !t.keyColon(i-1) {
		return
	}
	same := true
	for j := i; j < end; j++ {
		if (j-i)%(step+1) == step {
			if t.s[j] != sep {
				return
			}
			continue
		}
		if !isHex(t.s[j]) {
			return
		}
		same = same && t.s[j]|0x20 == t.s[i]|0x20
	}
	if same && (t.s[i] == '0' || t.s[i]|0x20 == 'f') { // nobody, everybody
		return
	}
	t.add(MACAddress, i, end, 0.97)
}

// macByKey verifies an address under a key: without separators, or halves at a hyphen or a colon; and those of receiver
// and sender as netfilter writes them before the type of the frame, fourteen octets.
func macByKey(t *text, v value) {
	octets, hex, letters := 0, 0, 0
	i := v.start
	for i < len(t.s) && hex <= 28 {
		c := t.s[i]
		switch {
		case isHex(c):
			hex++
			if isLetter(c) {
				letters++
			}
		case c == ':' && hex == 2*octets+2, (c == '-' || c == ':') && hex == 6 && octets == 0:
			octets++
		default:
			c = 0
		}
		if c == 0 {
			break
		}
		i++
	}
	const pair = len("00:00:00:00:00:00")
	switch {
	case isWord(t.at(i)) || v.closed && i != v.end:
	case hex == 28 && octets == 13:
		t.emit(v, v.start, v.start+pair, 0.95)
		t.emit(v, v.start+pair+1, v.start+2*pair+1, 0.95)
	case hex == 12 && octets <= 1 && letters > 0 && t.valueEnds(i):
		t.emit(v, v.start, i, 0.95)
	}
}

// bareMACAt returns the end of the twelve hexadecimal digits at i, or 0. Some are letters, and not all of them.
func bareMACAt(t *text, i int) int {
	end := t.span(i, 13, isHex)
	if digits := t.countDigits(i, end); end-i != 12 || digits == 0 || digits == 12 || !t.valueEnds(end) {
		return 0
	}
	return end
}
