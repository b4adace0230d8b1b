package detect

import "strings"

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemLabel = 48 // the longest label that is read
)

// pem verifies the block of a private key that starts at i. A block without its end, cut off, ends where its body does.
func (t *text) pem(i int) {
	from := i + len(pemBegin)
	label := strings.Index(t.s[from:min(len(t.s), from+pemLabel)], "-----")
	if label < 0 || !strings.Contains(t.s[from:from+label], "PRIVATE KEY") {
		return
	}
	body := from + label + len("-----")
	next := strings.Index(t.s[body:], "-----")
	if next >= 0 && strings.HasPrefix(t.s[body+next:], pemEnd) {
		tail := body + next + len(pemEnd)
		if dashes := strings.Index(t.s[tail:min(len(t.s), tail+pemLabel)], "-----"); dashes >= 0 && next >= 16 {
			t.add(PrivateKey, i, tail+dashes+len("-----"), 1)
			return
		}
	}
	end := body
	for end < len(t.s) && isPEMBody(t.s[end]) {
		end++
	}
	for end > body && !isAlnum(t.s[end-1]) && t.s[end-1] != '=' {
		end--
	}
	if end-body >= 16 {
		t.add(PrivateKey, i, end, 0.95)
	}
}

// isPEMBody reports whether c may stand in the body of a block, with line ends escaped or not.
func isPEMBody(c byte) bool {
	return isAlnum(c) || c == '+' || c == '/' || c == '=' || c == '\\' || isSpace(c)
}
