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
	kindHouse  // what names of streets start with
	kindAny
)

var (
	kindOf = func() (t [256]uint8) {
		for c := range 256 {
			switch {
			case isDigit(byte(c)):
				t[c] = kindDigit
			case isUpper(byte(c)):
				t[c] = kindUpper | kindHouse
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
	// numberSeconds has, by what separates a number from another one and its length less one, the lengths of the other with
	// which they may be something, 31 and more being one.
	numberSeconds [5][maxGated]uint32
)

// openGates sets the gates by the layouts that are entered.
func openGates() {
	for n := 1; n <= maxGated; n++ {
		numberSeconds[0][n-1] = ^uint32(0)
		for _, c := range []byte("-./ ") {
			sep := separators[c]
			gate := &numberGates[c][n-1]
			if digitFirst>>n&1 != 0 || digitPairs[sep][n] != 0 || shapePairs[digitsThenDigit][sep][n] != 0 || c == '.' && n <= 3 {
				*gate |= kindDigit
			}
			if shapePairs[digitsThenLetter][sep][n] != 0 {
				*gate |= kindUpper | kindLower
			}
			switch second := &numberSeconds[sep][n-1]; {
			case digitFirst>>n&1 != 0 || c == '.' && n <= 3:
				*second = ^uint32(0)
			default:
				*second |= uint32(int32(int16(digitPairs[sep][n]))) | shapePairs[digitsThenDigit][sep][n]
			}
		}
		space := &numberGates[' '][n-1]
		if n <= 5 { // 123 Main Street
			*space |= kindHouse
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

// What a word of letters and digits may be, a bit each.
const (
	gateShape  = 1 << iota // one of wordTable
	gateLayout             // a layout of one group
	gateGroups             // the first group of a layout
	gatePrefix             // the begin of a prefix that starts with a digit
)

// wordGates has, by the length of a word of letters and digits in a block and by which of its first eight bytes are digits, what it
// may be.
var wordGates [blockLen][gateWidth]uint8

const gateWidth = 1 << 8

// openWords opens a gate for the words of from to to bytes with digits at some places and none at others.
func openWords(gate uint8, from, to int, digits, others uint64) {
	for n := from; n <= min(to, blockLen-1); n++ {
		for choice := range uint64(gateWidth) {
			if (choice^digits)&(digits|others)&(gateWidth-1) == 0 {
				wordGates[n][choice] |= gate
			}
		}
	}
}
