package detect

import "math"

// alphabet is a set of ASCII characters.
type alphabet [2]uint64

func (a *alphabet) has(c byte) bool { return c < 0x80 && a[c>>6]&(1<<(c&63)) != 0 }

// alphabets are those that keys of providers are written in, by the name that forms call them.
var alphabets = map[string]*alphabet{
	"digit":  newAlphabet("09"),
	"hex":    newAlphabet("09af"),
	"HEX":    newAlphabet("09AF"),
	"anyhex": newAlphabet("09afAF"),
	"lower":  newAlphabet("09az"),
	"upper":  newAlphabet("09AZ"),
	"alpha":  newAlphabet("azAZ"),
	"alnum":  newAlphabet("09azAZ"),
	"word":   newAlphabet("09azAZ__"),
	"url":    newAlphabet("09azAZ__--"),   // base 64 of RFC 4648, section 5
	"url=":   newAlphabet("09azAZ__--=="), // padded
	"url.":   newAlphabet("09azAZ__--.."),
	"url~":   newAlphabet("09azAZ__--..~~"),
	"base64": newAlphabet("09azAZ++//"), // RFC 4648, section 4
	"pad64":  newAlphabet("09azAZ++//=="),
	"any64":  newAlphabet("09azAZ++//==__--"),
	"base32": newAlphabet("27az"),
	"bech32": newAlphabet("0029AACHJNPZ"), // of BIP 173, in capitals
	"query":  newAlphabet("09azAZ%%"),
}

// newAlphabet returns the set of the characters between each pair of bounds.
func newAlphabet(bounds string) *alphabet {
	a := new(alphabet)
	for i := 0; i+1 < len(bounds); i += 2 {
		for c := bounds[i]; c <= bounds[i+1]; c++ {
			a[c>>6] |= 1 << (c & 63)
		}
	}
	return a
}

// countBits holds n log2 n, for the entropy of strings of up to 511 bytes.
var countBits = func() (t [512]float32) {
	for n := 2; n < len(t); n++ {
		t[n] = float32(n) * float32(math.Log2(float64(n)))
	}
	return t
}()

// entropy returns the Shannon entropy of the bytes of s, in bits a byte. Of a long s the begin counts.
func entropy(s string) float32 {
	var counts [256]uint16
	s = s[:min(len(s), len(countBits)-1)]
	if len(s) == 0 {
		return 0
	}
	for i := range len(s) {
		counts[s[i]]++
	}
	sum := countBits[len(s)]
	for _, n := range counts {
		sum -= countBits[n]
	}
	return sum / float32(len(s))
}

// leastEntropy returns how much entropy, in bits a byte, n random bytes of a key have at the least: 16 hexadecimal digits
// fall below it once in some 10,000, longer keys never.
func leastEntropy(n int) float32 {
	if n >= 25 {
		return 3
	}
	return 0.64 * countBits[n] / float32(max(n, 1))
}
