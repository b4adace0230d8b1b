package detect

import (
	"hash/crc32"
	"strings"
)

// span returns the end of the bytes from i on that ok accepts, at most n.
func (t *text) span(i, n int, ok func(byte) bool) int {
	end := min(len(t.s), i+n)
	for i < end && ok(t.s[i]) {
		i++
	}
	return i
}

func isTokenByte(c byte) bool { return isWord(c) || c == '-' }

func isUpperAlnum(c byte) bool { return isUpper(c) || isDigit(c) }

// diverse reports whether s has enough different bytes to be a key rather than an example: xxxx, 1234.
func diverse(s string) bool {
	var seen [4]uint64
	n := 0
	for i := range len(s) {
		c := s[i]
		if seen[c>>6]&(1<<(c&63)) == 0 {
			seen[c>>6] |= 1 << (c & 63)
			n++
		}
	}
	return n >= min(6, len(s))
}

// awsAccess verifies an access key id: a prefix of AWS and 16 characters of base 32.
func awsAccess(t *text, i int) {
	if !isUpper(t.s[i]) {
		return
	}
	end := t.span(i+4, 17, isUpperAlnum)
	if end-i != 20 || isAlnum(t.at(end)) || !diverse(t.s[i+4:end]) || isFiller(t.s[i+4:end]) || strings.ContainsAny(t.s[i+4:end], "0189") {
		return
	}
	t.add(AWSAccessKey, i, end, 0.98)
}

// github verifies a token of GitHub. The last six characters of the short ones are the CRC32 of the others in base 62;
// one that does not fit is still reported, with less confidence, as older tools wrote such tokens.
func github(t *text, i int) {
	s := t.s
	if t.hasFold(i, "github_pat_") {
		end := t.span(i, 255, isWord)
		if end-i >= 40 && !isWord(t.at(end)) && diverse(s[i+11:end]) {
			t.add(GitHubToken, i, end, 0.97)
		}
		return
	}
	if !isLower(s[i]) {
		return
	}
	end := t.span(i+4, 252, isWord)
	body := s[i+4 : end]
	if len(body) < 36 || isWord(t.at(end)) || !diverse(body) {
		return
	}
	conf := float32(0.95)
	if hasCRCTail(s[i:end]) {
		conf = 1
	}
	t.add(GitHubToken, i, end, conf)
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// hasCRCTail reports whether the last six characters are the checksum of those between the prefix and them.
func hasCRCTail(s string) bool {
	var sum uint64
	for _, c := range []byte(s[len(s)-6:]) {
		d := strings.IndexByte(base62, c)
		if d < 0 {
			return false
		}
		sum = sum*62 + uint64(d)
	}
	var buf [256]byte
	return uint64(crc32.ChecksumIEEE(buf[:copy(buf[:], s[4:len(s)-6])])) == sum
}

// slack verifies a token of Slack. The ids in it are long numbers; those of configurations are signed text of some 160
// characters.
func slack(t *text, i int) {
	j := i + 5
	least := 8
	switch {
	case !isLower(t.s[i]):
		return
	case t.s[i+3] == 'e' && t.s[i+4] == '.': // xoxe.xoxp-1-
		if !isLower(t.at(j)) || t.at(j+4) != '-' {
			return
		}
		j, least = j+5, 120
	case t.s[i+1] == 'o' && (t.s[i+3] == 'b' || t.s[i+3] == 'p' || t.s[i+3] == 'c'):
		if t.span(j, 8, isDigit) < j+8 {
			return
		}
		least = 20
	}
	end := t.span(j, 255, isTokenByte)
	if end-j < least || t.s[end-1] == '-' || isWord(t.at(end)) || isFiller(t.s[j:end]) || !diverse(t.s[j:end]) || !isRandom(t.s[j:end]) && !hasDigit(t.s[j:end]) {
		return
	}
	t.add(SlackToken, i, end, 0.97)
}

// slackHook verifies the path of a webhook of Slack.
func slackHook(t *text, i int) {
	const host = "hooks.slack.com/"
	from := i + len(host)
	end := from
	for end < len(t.s) && end < from+120 && (isWord(t.s[end]) || t.s[end] == '/') {
		end++
	}
	if end-from >= 40 && (strings.Count(t.s[from:end], "/") >= 2 || t.hasFold(from, "workflows/") && isRandom(t.s[from:end])) && !isFiller(t.s[from:end]) {
		t.add(SlackToken, from, end, 0.95)
	}
}

// stripe verifies a key of Stripe.
func stripe(t *text, i int) {
	from := i + 8
	if t.hasFold(i, "whsec_") {
		from = i + 6
	}
	end := t.span(from, 247, isAlnum)
	if end-from < 10 || isAlnum(t.at(end)) || !diverse(t.s[from:end]) || isFiller(t.s[from:end]) {
		return
	}
	t.add(StripeKey, i, end, 0.98)
}

// gcp verifies an API key of Google: AIza and 35 characters.
func gcp(t *text, i int) {
	if t.s[i:i+4] != "AIza" {
		return
	}
	end := t.span(i+4, 36, isTokenByte)
	if end-i == 40 && t.s[end-1] == '_' {
		end--
	}
	if end-i == 39 && !isAlnum(t.at(end)) && diverse(t.s[i+4:end]) {
		t.add(GCPAPIKey, i, end, 0.98)
	}
}

// awsSecretByKey verifies a secret access key under a key: 40 characters of base 64.
func awsSecretByKey(t *text, v value) {
	end := t.span(v.start, 41, func(c byte) bool { return isAlnum(c) || c == '/' || c == '+' || c == '=' })
	if end-v.start == 40 && end == v.end && diverse(t.s[v.start:end]) && !isFiller(t.s[v.start:end]) {
		t.emit(v, v.start, end, 0.99)
		return
	}
	if !v.weak() {
		v.ref.entity = Secret
		secretByKey(t, v)
	}
}
