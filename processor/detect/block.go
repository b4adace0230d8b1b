package detect

// block is up to 64 bytes of a text as bit masks: bit i stands for the i-th of them. Questions about words and the bytes
// between them become a few instructions for all of them at once, without a branch a byte. Its layout is known to classify64.
type block struct {
	word      uint64 // letters, digits, _
	letter    uint64
	upper     uint64 // capitals
	digit     uint64
	separator uint64 // : = >
	sign      uint64 // + -
	other     uint64 // what else wakes the scan outside words
	escape    uint64 // may begin an escape sequence: \, %, ESC; of the others, too
}

const blockLen = 64

// The properties that a block has a mask for, in its order.
const (
	kindWord = iota
	kindLetter
	kindCapital
	kindNumeral
	kindSeparator
	kindSign
	kindOther
	kindEscape
)

// kinds holds the properties of every byte, each at the top of a byte of its own.
var kinds = func() (t [256]uint64) {
	for i := range 256 {
		c := byte(i)
		t[c] = property(kindWord, isWord(c)) | property(kindLetter, isLetter(c)) | property(kindCapital, isUpper(c)) |
			property(kindNumeral, isDigit(c)) | property(kindEscape, c == '\\' || c == '%' || c == escape)
		switch c {
		case ':', '=', '>':
			t[c] |= property(kindSeparator, true)
		case '+', '-':
			t[c] |= property(kindSign, true)
		default:
			t[c] |= property(kindOther, classes[c]&clsEvent != 0)
		}
	}
	return t
}()

func property(kind int, has bool) uint64 {
	if has {
		return 0x80 << (8 * kind)
	}
	return 0
}

// classifyByTable sets the masks of s, which is at most 64 bytes long: the same on every machine. A row holds the properties of
// eight bytes of s, those of one kind in a byte; masks are the columns.
func (b *block) classifyByTable(s string) {
	var rows [8]uint64
	i := 0
	for ; i+8 <= len(s); i += 8 {
		c := s[i : i+8]
		rows[i/8&7] = kinds[c[0]]>>7 | kinds[c[1]]>>6 | kinds[c[2]]>>5 | kinds[c[3]]>>4 |
			kinds[c[4]]>>3 | kinds[c[5]]>>2 | kinds[c[6]]>>1 | kinds[c[7]]
	}
	for ; i < len(s); i++ {
		rows[i/8&7] |= kinds[s[i]] >> (7 - i&7)
	}
	transpose(&rows)
	*b = block{rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7]}
}

// transpose exchanges rows and columns of eight times eight bytes (Warren, Hacker's Delight, 7-3).
func transpose(rows *[8]uint64) {
	exchange := func(a, b int, shift uint, mask uint64) {
		x := (rows[a]>>shift ^ rows[b]) & mask
		rows[a] ^= x << shift
		rows[b] ^= x
	}
	for i := range 4 {
		exchange(i, i+4, 32, 0x00000000FFFFFFFF)
	}
	for _, i := range [...]int{0, 1, 4, 5} {
		exchange(i, i+2, 16, 0x0000FFFF0000FFFF)
	}
	for i := 0; i < 8; i += 2 {
		exchange(i, i+1, 8, 0x00FF00FF00FF00FF)
	}
}

// keep forgets all but the first n bytes, n < 64.
func (b *block) keep(n int) { b.cut(^uint64(0) << n) }

// keepWords is keep where nothing but a word follows.
func (b *block) keepWords(n int) {
	mask := uint64(1)<<(n&63) - 1
	b.word &= mask
	b.letter &= mask
	b.upper &= mask
	b.digit &= mask
}

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
