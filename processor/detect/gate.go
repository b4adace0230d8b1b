package detect

import "strings"

// Most short numbers are nothing, by their length and the two bytes behind them alone.

// maxGated is the length of the longest numbers that have a gate, in digits.
const maxGated = 8

// The kinds of the byte after what follows a number, a bit each.
const (
	kindDigit = 1 << iota
	kindUpper
	kindLower
	kindSpace
	kindStreet // what the French words for a street start with
	kindAny
)

var (
	kindOf = func() (t [256]uint8) {
		for c := range 256 {
			switch {
			case isDigit(byte(c)):
				t[c] = kindDigit
			case isUpper(byte(c)):
				t[c] = kindUpper
			case strings.IndexByte(frenchStarts, byte(c)) >= 0:
				t[c] = kindLower | kindStreet
			case isLower(byte(c)):
				t[c] = kindLower
			case c == ' ':
				t[c] = kindSpace
			default:
				t[c] = kindAny
			}
		}
		return t
	}()
	// numberGates has, by what follows a number and its length less one, the kinds of the next byte with which it may be
	// something; all where a prefix may start with the number.
	numberGates [256][maxGated]uint8
)

// openGates sets the gates by the layouts that are entered.
func openGates() {
	for n := 1; n <= maxGated; n++ {
		for _, c := range []byte("-./ ") {
			sep := separators[c]
			gate := &numberGates[c][n-1]
			if digitFirst>>n&1 != 0 || digitPairs[sep][n] != 0 || shapePairs[digitsThenDigit][sep][n] != 0 || c == '.' && n <= 3 {
				*gate |= kindDigit
			}
			if shapePairs[digitsThenLetter][sep][n] != 0 {
				*gate |= kindUpper | kindLower
			}
		}
		space := &numberGates[' '][n-1]
		if n <= 5 { // 123 Main Street
			*space |= kindUpper
		}
		if n <= 4 { // 12 rue, 12, rue
			*space |= kindStreet
			numberGates[','][n-1] |= kindSpace
		}
		if n == 4 { // 4111  1111, 4111+1111
			*space |= kindSpace
			numberGates['+'][n-1] |= kindDigit | kindUpper | kindLower | kindSpace
		}
	}
}

// wordGate has a bit for every choice of digits among the first eight bytes of a word.
type wordGate [gateWidth / 64]uint64

const gateWidth = 1 << 8

func (g *wordGate) open(digits uint64) { g[digits>>6%(gateWidth/64)] |= 1 << (digits & 63) }

func (g *wordGate) passes(digits uint64) bool {
	return g[digits>>6%(gateWidth/64)]>>(digits&63)&1 != 0
}
