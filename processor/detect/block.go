package detect

// block is up to 64 bytes of a text as bit masks: bit i stands for the i-th of them. Questions about words and the bytes
// between them become a few instructions for all of them at once, without a branch a byte.
type block struct {
	word   uint64 // letters, digits, _
	digit  uint64
	event  uint64 // wakes the scan outside words
	escape uint64 // may begin an escape sequence: \, %, ESC; events, too
}

const blockLen = 64

// kinds holds the four properties that a block has a mask for, a bit each.
var kinds = func() (t [256]uint8) {
	for c := range 256 {
		if isWord(byte(c)) {
			t[c] |= 1
		}
		if isDigit(byte(c)) {
			t[c] |= 2
		}
		if classes[c]&clsEvent != 0 {
			t[c] |= 4
		}
	}
	for _, c := range []byte{'\\', '%', escape} {
		t[c] |= 8
	}
	return t
}()

// classifyByTable returns the masks of s, which is at most 64 bytes long: the same on every machine.
func classifyByTable(s string) (b block) {
	const ones = 0x0101010101010101
	const gather = 0x0102040810204080 // brings the lowest bits of eight bytes together in the highest byte
	i := 0
	for ; i+8 <= len(s); i += 8 {
		c := s[i : i+8]
		x := uint64(kinds[c[0]]) | uint64(kinds[c[1]])<<8 | uint64(kinds[c[2]])<<16 | uint64(kinds[c[3]])<<24 |
			uint64(kinds[c[4]])<<32 | uint64(kinds[c[5]])<<40 | uint64(kinds[c[6]])<<48 | uint64(kinds[c[7]])<<56
		b.word |= (x & ones * gather >> 56) << i
		b.digit |= (x >> 1 & ones * gather >> 56) << i
		b.event |= (x >> 2 & ones * gather >> 56) << i
		b.escape |= (x >> 3 & ones * gather >> 56) << i
	}
	for ; i < len(s); i++ {
		k := uint64(kinds[s[i]])
		b.word |= k & 1 << i
		b.digit |= k >> 1 & 1 << i
		b.event |= k >> 2 & 1 << i
		b.escape |= k >> 3 & 1 << i
	}
	return b
}

// lettersByTable returns the masks of the letters, the capitals, the digits and the bytes of longer characters of s, which is
// at most 64 bytes long: the same on every machine.
func lettersByTable(s string) (letter, upper, digit, high uint64) {
	for i := range len(s) {
		switch c := s[i]; {
		case isLetter(c):
			letter |= 1 << i
			if isUpper(c) {
				upper |= 1 << i
			}
		case isDigit(c):
			digit |= 1 << i
		case c >= 0x80:
			high |= 1 << i
		}
	}
	return letter, upper, digit, high
}
