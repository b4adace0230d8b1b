package token

// alphabet has no vowel and no digit: no word, no number, nothing a detector could fire on.
const alphabet = "bcdfghjklmnpqrstvwxz"

const base = uint64(len(alphabet))

// Kids is the number of distinct kids.
const Kids Kid = 20 * 20 * 20 * 20 * 20

// Kid is the vault's id for one scope and epoch, less than [Kids]. A vault never uses one twice.
type Kid uint32

// String spells the kid in 5 letters. It panics when k is not below [Kids].
func (k Kid) String() string {
	if k >= Kids {
		panic("token: kid out of range")
	}
	var b [kidLen]byte
	putLetters(b[:], uint64(k))
	return string(b[:])
}

// ParseKid reads the 5 letters of a kid.
func ParseKid(s string) (Kid, error) {
	if len(s) != kidLen {
		return 0, ErrMalformed
	}
	v, ok := readLetters(s)
	if !ok {
		return 0, ErrMalformed
	}
	return Kid(v), nil
}

// pairs spells every two-letter number, which halves the divisions of putLetters.
var pairs = func() (p [base * base][2]byte) {
	for i := range p {
		p[i] = [2]byte{alphabet[uint64(i)/base], alphabet[uint64(i)%base]}
	}
	return p
}()

// digits maps a letter to its value, everything else to invalid.
var digits = func() (d [256]uint8) {
	for i := range d {
		d[i] = invalid
	}
	for i := range alphabet {
		d[alphabet[i]] = uint8(i)
	}
	return d
}()

const invalid = 0x80

// putLetters fills dst with v in base 20, most significant letter first. v must fit.
func putLetters(dst []byte, v uint64) {
	i := len(dst)
	for ; i >= 2; i -= 2 {
		q := v / (base * base)
		p := pairs[v-q*base*base]
		dst[i-2], dst[i-1] = p[0], p[1]
		v = q
	}
	if i == 1 {
		dst[0] = alphabet[v]
	}
}

// readLetters reads all of s, at most 14 letters.
func readLetters(s string) (v uint64, ok bool) {
	var bad uint8
	for i := 0; i < len(s); i++ {
		d := digits[s[i]]
		bad |= d
		v = v*base + uint64(d)
	}
	return v, bad&invalid == 0
}
