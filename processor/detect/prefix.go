package detect

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// prefix is a word start in lower case, of three bytes or more. One that ends in whole is words that introduce a value:
// they may be in the plural, and a space or a colon follows.
type prefix struct {
	text   string
	verify func(t *text, i int)
}

// starter is a prefix as the tables hold it.
type starter struct {
	prefix
	head  uint64 // its first bytes, eight at most, as small letters are
	mask  uint64 // the bytes of head that count
	form  *form  // of the key that the prefix begins, whose letter case counts; nil: none
	whole bool
}

const whole = "|"

// at reports whether the prefix, and all of its form, starts at i.
func (p *starter) at(s string, i int) bool {
	switch {
	case len(s)-i < len(p.text):
		return false
	case p.form != nil:
		return s[i:i+len(p.text)] == p.text && p.form.end(s, i) > 0
	}
	end := i + len(p.text)
	return equalFold(s[i:end], p.text) && (!p.whole || introduces(s, end))
}

// introduces reports whether the words that end at i, perhaps in the plural, are whole and something follows them.
func introduces(s string, i int) bool {
	if i < len(s) && lower(s[i]) == 's' {
		i++
	}
	return i < len(s) && (s[i] == ' ' || s[i] == ':' || s[i] == '.' || s[i] == '#')
}

var (
	// prefixBits has a bit for the hash of the first four bytes of every prefix, folded to 5 bits each.
	prefixBits [1 << prefixHash / 64]uint64
	// fifthBytes has by another hash of those four the bytes, folded, that may stand behind them.
	fifthBytes [1 << fifthHash]uint32
	// prefixTable holds the prefixes by their first three bytes.
	prefixTable [1 << 15][]starter
	// keyPrefixTable holds those of keys, which may follow an underscore inside a word.
	keyPrefixTable [1 << 15][]starter
	// behindDigits has what follows the digits that a prefix starts with.
	behindDigits [256]bool
	// prefixes are all of them.
	prefixes []starter
)

const (
	prefixHash = 15 // few enough bits to stay near
	fifthHash  = 11
	// with these factors few words of our own corpora and code fall on the bits of others
	prefixFactor = 0xd8cb4147
	fifthFactor  = 0xf2cd7935
	fold4        = 0x1f1f1f1f
	prefixReach  = 5 // bytes of a word that tell
)

// fold3 maps three bytes to 15 bits, the same for both letter cases.
func fold3(a, b, c byte) uint { return uint(a&31) | uint(b&31)<<5 | uint(c&31)<<10 }

// prefixBit maps four folded bytes to their place in prefixBits.
func prefixBit(folded uint32) uint32 { return folded * prefixFactor >> (32 - prefixHash) }

// fifthSlot maps them to theirs in fifthBytes.
func fifthSlot(folded uint32) uint32 { return folded * fifthFactor >> (32 - fifthHash) }

// mayBePrefix reports whether a prefix may start with the bytes at i.
func mayBePrefix(s string, i int) bool {
	var folded uint32
	switch {
	case i+4 <= len(s):
		folded = (uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24) & fold4
	case i+3 == len(s):
		folded = (uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16) & fold4
	default:
		return false
	}
	bit := prefixBit(folded)
	return prefixBits[bit>>6]&(1<<(bit&63)) != 0 && (i+5 > len(s) || fifthBytes[fifthSlot(folded)]>>(s[i+4]&31)&1 != 0)
}

// prefixesAt returns the prefixes that start with the three bytes at i.
func prefixesAt(s string, i int) []starter { return prefixTable[fold3(s[i], s[i+1], s[i+2])] }

// isPrefixed reports whether a prefix starts at i.
func isPrefixed(s string, i int) bool {
	return mayBePrefix(s, i) && startsWithOne(prefixesAt(s, i), s, i)
}

// isKeyPrefixed reports whether a prefix of a key starts at i.
func isKeyPrefixed(s string, i int) bool {
	return mayBePrefix(s, i) && startsWithOne(keyPrefixTable[fold3(s[i], s[i+1], s[i+2])], s, i)
}

// startsWithOne reports whether one of the prefixes starts at i.
func startsWithOne(prefixes []starter, s string, i int) bool {
	x := load8(s, i) | smalls8
	for k := range prefixes {
		if p := &prefixes[k]; x&p.mask == p.head && p.at(s, i) {
			return true
		}
	}
	return false
}

// load8 returns the eight bytes at i, the first of them lowest; zeros stand for those behind the text.
func load8(s string, i int) (x uint64) {
	if i+8 <= len(s) {
		return eight(s, i)
	}
	for k := range len(s) - i {
		x |= uint64(s[i+k]) << (8 * k)
	}
	return x
}

// eight is load8 where all of them are in s, which is for the caller to see to: no look-up of the text is as frequent.
func eight(s string, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:])
}

// pair is eight for two bytes.
func pair(s string, i int) uint16 {
	return binary.LittleEndian.Uint16((*[2]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:])
}

// headOf returns the first bytes of a text, eight at most, as small letters are, and which bytes of eight those are.
func headOf(text string) (head, mask uint64) {
	mask = ^uint64(0) >> (64 - 8*min(len(text), 8))
	return (load8(text, 0) | smalls8) & mask, mask
}

// prefixed runs the verifiers of the prefixes that start at i.
func (t *text) prefixed(i int) { t.runPrefixes(prefixesAt(t.s, i), i) }

func (t *text) runPrefixes(prefixes []starter, i int) {
	for k := range prefixes {
		if prefixes[k].at(t.s, i) {
			prefixes[k].verify(t, i)
		}
	}
}

func addPrefix(p starter, isKey bool) {
	p.text, p.whole = strings.CutSuffix(p.text, whole)
	p.head, p.mask = headOf(p.text)
	if n := digitRun(p.text, 0); n > 0 {
		p.openDigits()
		behindDigits[p.text[n]] = true
		numberGates[p.text[n]][n-1] = ^uint8(0)
		numberSeconds[separators[p.text[n]]][n-1] = ^uint32(0)
	}
	slot := fold3(p.text[0], p.text[1], p.text[2])
	prefixTable[slot] = append(prefixTable[slot], p)
	prefixes = append(prefixes, p)
	if isKey && !strings.Contains(p.text, " ") {
		keyPrefixTable[slot] = append(keyPrefixTable[slot], p)
	}
	folded := (uint32(p.text[0]) | uint32(p.text[1])<<8 | uint32(p.text[2])<<16) & fold4
	for fourth := range uint32(32) {
		if p.mayHold(3)>>fourth&1 != 0 {
			bit := prefixBit(folded | fourth<<24)
			prefixBits[bit>>6] |= 1 << (bit & 63)
			fifthBytes[fifthSlot(folded|fourth<<24)] |= p.mayHold(4)
		}
	}
}

// openDigits opens the gate for the words that start with a prefix which starts with a digit.
func (p *starter) openDigits() {
	digits, n := uint64(0), 0
	for n < len(p.text) && isWord(p.text[n]) {
		if isDigit(p.text[n]) {
			digits |= 1 << n
		}
		n++
	}
	longest := n
	if n == len(p.text) { // the word may go on
		longest = blockLen
	}
	openWords(gatePrefix, n, longest, digits, ^digits&(1<<n-1))
}

// mayHold has a bit for every byte, folded, that may stand at a place of the prefix or right behind it.
func (p *starter) mayHold(at int) (folded uint32) {
	switch {
	case at < len(p.text):
		return 1 << (p.text[at] & 31)
	case at > len(p.text) || !p.whole:
		return ^uint32(0)
	}
	for _, c := range []byte("s :.#") { // as introduces has it
		folded |= 1 << (c & 31)
	}
	return folded
}
