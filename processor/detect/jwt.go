package detect

import (
	"bytes"
	"encoding/base64"
)

// longestJWT bounds the length of a token, in bytes.
const longestJWT = 16 << 10

// jwt verifies a compact JWS (three parts) or JWE (five) that starts at i.
func jwt(t *text, i int) {
	if t.s[i+1] != 'y' { // eyJ is {" in base 64: letter case counts
		return
	}
	var ends [5]int
	n := 0
	j := i
	for n < len(ends) && j-i < longestJWT {
		from := j
		j = t.base64End(j, n)
		if j == from && n < 2 {
			return
		}
		ends[n] = j
		n++
		if t.at(j) != '.' || n < len(ends) && n >= 3 && !isBase64URL(t.at(j+1)) && t.at(j+1) != '.' {
			break
		}
		j++
	}
	if n < 2 || !isJWTHeader(t.s[i:ends[0]]) {
		return
	}
	conf, end := float32(0.99), ends[min(n, 3)-1]
	if n == 5 {
		end = ends[4]
	}
	if n == 2 { // cut off before its signature
		conf = 0.9
	}
	t.add(JWT, i, end, conf)
}

// jwtInBase64 verifies a token that is encoded in base 64 once more: its header shows in the first characters.
func jwtInBase64(t *text, i int) {
	end := t.span(i, longestJWT, alphabets["any64"].has)
	if end-i < 80 || isWord(t.at(end)) {
		return
	}
	var src [256]byte
	var buf [192]byte
	n, _ := base64.StdEncoding.Decode(buf[:], src[:copy(src[:], t.s[i:end])&^3])
	if dot := bytes.IndexByte(buf[:n], '.'); dot > 0 && isJWTHeader(buf[:dot]) {
		t.add(JWT, i, end, 0.97)
	}
}

// base64End returns the end of the run of base 64 that i is in: part n of a token. The end is the same for every start
// inside a run.
func (t *text) base64End(i, n int) int {
	m := &t.jwtParts[n]
	if m.start <= i && i < m.end {
		return m.end
	}
	end := i
	for end < len(t.s) && isBase64URL(t.s[end]) {
		end++
	}
	*m = extent{i, end}
	return end
}

func isBase64URL(c byte) bool { return isWord(c) || c == '-' }

// isJWTHeader reports whether s decodes to a JSON object that names an algorithm or a type.
func isJWTHeader[S string | []byte](s S) bool {
	var src [256]byte
	var buf [192]byte
	k, err := base64.RawURLEncoding.Decode(buf[:], src[:copy(src[:], s)])
	if err != nil || k < 8 || buf[0] != '{' || buf[1] != '"' {
		return false
	}
	return containsAny(buf[:k], `"alg"`, `"typ"`, `"enc"`, `"kid"`)
}

func containsAny(b []byte, words ...string) bool {
	for _, w := range words {
		for i := 0; i+len(w) <= len(b); i++ {
			if string(b[i:i+len(w)]) == w {
				return true
			}
		}
	}
	return false
}
