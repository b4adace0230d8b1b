package detect

// block is up to 64 bytes of a text as bit masks: bit i stands for the i-th of them. Questions about words and the bytes
// between them become a few instructions for all of them at once, without a branch a byte. Its layout is known to classify64.
type block struct {
	word      uint64 // letters, digits, _
	letter    uint64
	upper     uint64 // capitals
	digit     uint64
	separator uint64 // : = >
	sign      uint64 // ( + -
	other     uint64 // what else wakes the scan outside words
	escape    uint64 // may begin an escape sequence: \, %, ESC; of the others, too
}

const blockLen = 64

// The properties that a block has a mask for.
const (
	kindWord = 1 << iota
	kindLetter
	kindCapital
	kindNumeral
	kindSeparator
	kindSign
	kindOther
	kindEscape
)

// kinds holds the properties of every byte.
var kinds = func() (t [256]uint8) {
	for i := range 256 {
		c := byte(i)
		if isWord(c) {
			t[c] |= kindWord
		}
		if isLetter(c) {
			t[c] |= kindLetter
		}
		if isUpper(c) {
			t[c] |= kindCapital
		}
		if isDigit(c) {
			t[c] |= kindNumeral
		}
		switch c {
		case ':', '=', '>':
			t[c] |= kindSeparator
		case '(', '+', '-':
			t[c] |= kindSign
		default:
			if classes[c]&clsEvent != 0 {
				t[c] |= kindOther
			}
		}
	}
	for _, c := range []byte{'\\', '%', escape} {
		t[c] |= kindEscape
	}
	return t
}()

// classifyByTable sets the masks of s, which is at most 64 bytes long: the same on every machine.
func (b *block) classifyByTable(s string) {
	const gather = 0x0102040810204080 // brings the lowest bits of eight bytes together in the highest byte
	var masks [8]uint64
	i := 0
	for ; i+8 <= len(s); i += 8 {
		c := s[i : i+8]
		x := uint64(kinds[c[0]]) | uint64(kinds[c[1]])<<8 | uint64(kinds[c[2]])<<16 | uint64(kinds[c[3]])<<24 |
			uint64(kinds[c[4]])<<32 | uint64(kinds[c[5]])<<40 | uint64(kinds[c[6]])<<48 | uint64(kinds[c[7]])<<56
		for k := range masks {
			masks[k] |= (x >> k & ones8 * gather >> 56) << i
		}
	}
	for ; i < len(s); i++ {
		for k := range masks {
			masks[k] |= uint64(kinds[s[i]]) >> k & 1 << i
		}
	}
	*b = block{masks[0], masks[1], masks[2], masks[3], masks[4], masks[5], masks[6], masks[7]}
}

// keep forgets all but the first n bytes, n < 64.
func (b *block) keep(n int) { b.cut(^uint64(0) << n) }

// cut forgets the bytes of a mask.
func (b *block) cut(mask uint64) {
	b.word &^= mask
	b.letter &^= mask
	b.upper &^= mask
	b.digit &^= mask
	b.separator &^= mask
	b.sign &^= mask
	b.other &^= mask
	b.escape &^= mask
}

// drop forgets the first n bytes.
func (b *block) drop(n int) {
	b.word >>= n
	b.letter >>= n
	b.upper >>= n
	b.digit >>= n
	b.separator >>= n
	b.sign >>= n
	b.other >>= n
	b.escape >>= n
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
