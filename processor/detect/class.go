package detect

// class is a set of properties of a byte, so that every question about one is a table look-up and a mask.
type class uint8

const (
	clsLetter class = 1 << iota // a-z A-Z
	clsDigit                    // 0-9
	clsUnder                    // _: together with letters and digits, a word
	clsHex                      // 0-9 a-f A-F
	clsEvent                    // wakes the scan outside words
	clsSpace                    // space, tab, line ends
	clsLocal                    // in the local part of an e-mail address
	clsHigh                     // part of a multi-byte UTF-8 sequence

	clsAlnum = clsLetter | clsDigit
	clsWord  = clsAlnum | clsUnder
)

// events are the bytes outside words that may begin or join something.
const events = `@:=%\-+(>` + "\x1b\n"

// The first bytes of U+00C0 to U+017F in UTF-8, the accented letters of Latin: a name may begin with a capital one.
const (
	firstAccented = 0xC3
	lastAccented  = 0xC5
)

var classes = func() (t [256]class) {
	for c := range 256 {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			t[c] |= clsLetter | clsLocal
		case c >= '0' && c <= '9':
			t[c] |= clsDigit | clsHex | clsLocal
		case c >= 0x80:
			t[c] |= clsHigh
		}
		if c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			t[c] |= clsHex
		}
	}
	t['_'] |= clsUnder
	for _, c := range " \t\r\n" {
		t[c] |= clsSpace
	}
	for _, c := range "._%+-'" {
		t[c] |= clsLocal
	}
	for _, c := range events {
		t[c] |= clsEvent
	}
	for c := firstAccented; c <= lastAccented; c++ {
		t[c] |= clsEvent
	}
	return t
}()

func isLetter(c byte) bool { return classes[c]&clsLetter != 0 }
func isDigit(c byte) bool  { return classes[c]&clsDigit != 0 }
func isAlnum(c byte) bool  { return classes[c]&clsAlnum != 0 }
func isWord(c byte) bool   { return classes[c]&clsWord != 0 }
func isHex(c byte) bool    { return classes[c]&clsHex != 0 }
func isSpace(c byte) bool  { return classes[c]&clsSpace != 0 }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool  { return c >= 'a' && c <= 'z' }

// lower returns the ASCII lower-case form of a letter, and any other byte as it is.
func lower(c byte) byte {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// bytesOf is the set of the bytes of a text.
func bytesOf(chars string) (t [256]bool) {
	for _, c := range []byte(chars) {
		t[c] = true
	}
	return t
}
