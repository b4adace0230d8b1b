package detect

import (
	"math/bits"
	"strings"
	"unsafe"
)

// Many fields of records differ from what they were before in nothing but a value: a duration, a status, the address of a customer.
// Where the value is a short number behind its key, or an address between quotes, such a field is remembered without it. Whether
// digits wake the scan there depends on how many they are, not on which; and what wakes it in such an address may be anything, but
// is settled for the address, as the whole of it is found with no less confidence than its parts.

// longestNumber is the longest number that a field is remembered without, in digits.
const longestNumber = 6

// leastBefore is the least that stands in a field before its value, in bytes: valueHash reads as much.
const leastBefore = 8

// The kinds of values that fields are remembered without. A number of n digits is of the kind n.
const kindAddress = '@'

// mayHaveValue reports whether a field that ends in the eight bytes may be remembered without its value: it ends in a digit, in a
// bracket, or in a quote with a dot before it and small letters between them, as few do.
func mayHaveValue(end uint64) bool {
	switch c := byte(end >> 56); c {
	case '"':
		before := end << 8
		dots := before ^ '.'*ones8
		dots = (dots - ones8) &^ dots & (0x80 * ones8)
		behind := ^uint64(0) << (bits.Len64(dots) & 63) // the last one
		return dots != 0 && ^before&(0x60*ones8)&behind == 0
	case '}', ']':
		return true
	default:
		return isDigit(c)
	}
}

// valueOf returns where the value of the field s[from:to], which is as long as one that is remembered, stands when it is one that the
// field may be remembered without. Its kind is 0 when there is none.
func valueOf(s string, from, to int) (start, end int, kind byte) {
	const colon, spaced = uint64('"') | ':'<<8, uint64('"') | ':'<<8 | ' '<<16
	least := from + leastBefore
	x := eight(s, to-8)
	for end = to; ; x = eight(s, end-8) {
		if c := byte(x >> 56); c != '}' && c != ']' || end == least {
			break
		}
		end--
	}
	if x>>56 == '"' {
		end--
		if start = addressBefore(s, least, end); start < end {
			kind = kindAddress
		}
		return start, end, kind
	}
	n := bits.LeadingZeros64(notDigits(x)) / 8
	if before := x << (8 * n & 63); n > 0 && n <= longestNumber && (before>>48 == colon || before>>40 == spaced) && end-n >= least {
		kind = byte(n)
	}
	return end - n, end, kind
}

// addressBefore returns the start of the plain address that ends at end, before which a quote stands, or end when there is none. A plain
// address is of words of small letters and digits that start with a letter, between dots, hyphens and one @, of which none is like the begin of
// something else. least is the least start.
func addressBefore(s string, least, end int) int {
	from := max(0, end-blockLen)
	n := end - from
	if end-least < len("a@b.cd") {
		return end
	}
	letter, upper, digit, _ := lettersOf(s, from, n)
	alnum, at, next, starts := letter|digit, -1, n, uint64(0)
	if alnum>>((n-1)&63) == 0 {
		return end
	}
	for m := ^alnum & (^uint64(0) >> (blockLen - n)); m != 0; {
		bit := bits.Len64(m) - 1
		m ^= 1 << (bit & 63)
		first := (bit + 1) & 63 // of a word, next is behind its last
		if letter>>first&1 == 0 {
			return end
		}
		starts |= 1 << first
		switch i := from + bit; s[i] {
		case '.':
			size := next - bit - 1
			if next == n && (size < 2 || size > longestTLD || ^letter>>first&(1<<(size&63)-1) != 0 || isNotDomain(s[i+1:end]) || i+1+prefixReach > len(s)) {
				return end
			}
		case '-':
			if next == n {
				return end
			}
		case '@':
			if at >= 0 || next == n || s[i+1] == 'v' && isDigit(s[i+2]) { // a version
				return end
			}
			at = bit
		case '"':
			if at < 0 || i < least || upper>>first != 0 || beginsOne(s, from, starts) {
				return end
			}
			return i + 1
		default:
			return end
		}
		next = bit
	}
	return end
}

// beginsOne reports whether a prefix starts at one of the places; a bit counts from from.
func beginsOne(s string, from int, places uint64) bool {
	for m := mayBePrefixes(s, from, places); m != 0; m &= m - 1 {
		if i := from + bits.TrailingZeros64(m); startsWithOne(prefixesAt(s, i), s, i) {
			return true
		}
	}
	return false
}

// addressAt is what Find finds in the value of a field that is an address.
func addressAt(start, end int) Finding {
	return Finding{Start: start, End: end, Entity: Email, Confidence: emailConf, KeyStart: -1, KeyEnd: -1}
}

// knownValues finds the fields that are remembered without their values among those that are not remembered whole. It reports
// whether others are left, apart from the first one of a text that is headed.
func (f *fields) knownValues(s string, headed bool) (left bool) {
	starts := f.starts
	for i, known := range f.stirred {
		m := ^known
		if i == 0 && headed {
			m &^= 1
		}
		for ; m != 0; m &= m - 1 {
			k := 64*i + bits.TrailingZeros64(m)
			if k+1 >= len(starts) {
				break
			}
			from, to := int(starts[k]), int(starts[k+1])
			if !isFieldSize(to-from) || !mayHaveValue(eight(s, to-8)) {
				left = true
				continue
			}
			start, end, kind := valueOf(s, from, to)
			seat := f.memory.without(s, from, start, end, to, kind, f.isOuter(k))
			switch {
			case seat == nil:
				left = true
				continue
			case kind == kindAddress:
				f.values = append(f.values, addressAt(start, end))
			case seat.last != eight(s, end-8):
				seat.last = eight(s, end-8)
			default: // the same again: whole, it is known sooner
				f.memory.remember(s[from:to], f.isOuter(k))
			}
			f.stir(k)
		}
	}
	return left
}

// valueHash tells fields apart by what stands before the value of the kind, n bytes of s from from on, and by how many bytes stand behind
// it.
func valueHash(s string, from, n, behind int, kind byte, outer bool) uint64 {
	h := eight(s, from)*0x9E3779B97F4A7C15 ^ eight(s, from+n-8) ^ uint64(n<<16|behind<<8|int(kind))<<32
	if outer {
		h = ^h
	}
	return h * 0xD6E8FEB86659FD93
}

// without returns where the field s[from:to] is remembered without its value s[start:end], or nil.
func (m *fieldMemory) without(s string, from, start, end, to int, kind byte, outer bool) *field {
	if kind == 0 {
		return nil
	}
	n, behind := start-from, to-end
	hash := valueHash(s, from, n, behind, kind, outer)
	seat, other := m.seatsOf(hash)
	if seat.hash != hash {
		seat = other
	}
	if seat.hash != hash || seat.cut != uint8(n) || seat.n != uint8(n+1+behind) {
		return nil
	}
	text := unsafe.String(&seat.text[0], longestField)
	for i := 0; i < n-8; i += 8 { // by words: most are short
		if eight(text, i) != eight(s, from+i) {
			return nil
		}
	}
	if eight(text, n-8) != eight(s, start-8) || text[n] != kind {
		return nil
	}
	for ; end < to; end++ {
		if n++; text[n] != s[end] {
			return nil
		}
	}
	return seat
}

// rememberWithout notes the field s[from:to] without its value s[start:end], unless something before the value might look at what it is.
func (m *fieldMemory) rememberWithout(s string, from, start, end, to int, kind byte, outer bool) (done bool) {
	before, behind := s[from:start], s[end:to]
	for i, c := range []byte(before) {
		switch {
		case isWord(c), strings.IndexByte(`":{[, .`, c) >= 0:
		case c == '-' && i > 0 && isWord(before[i-1]) && isWord(before[i+1]):
		default:
			return false
		}
	}
	hash := valueHash(s, from, len(before), len(behind), kind, outer)
	f := m.give(hash)
	n := copy(f.text[:], before)
	f.text[n] = kind
	f.hash, f.cut, f.n = hash, uint8(n), uint8(n+1+copy(f.text[n+1:], behind))
	return true
}

// learnNumber remembers a field in which nothing was noted, and which does not end in a quote, without its value, if that is a number.
func (f *fields) learnNumber(s string, k int) bool {
	from, to := int(f.starts[k]), int(f.starts[k+1])
	start, end, kind := valueOf(s, from, to)
	return kind != 0 && kind != kindAddress && f.memory.rememberWithout(s, from, start, end, to, kind, f.isOuter(k))
}

// learnAddress remembers the field in which nothing but an @ was noted without its value, if that is an address and all that was
// found in it.
func (f *fields) learnAddress(s string, found []Finding) {
	from, to := int(f.starts[f.lone]), int(f.starts[f.lone+1])
	if !isFieldSize(to - from) {
		return
	}
	start, end, kind := valueOf(s, from, to)
	for len(found) > 0 && found[0].End <= from {
		found = found[1:]
	}
	if kind == kindAddress && len(found) > 0 && found[0] == addressAt(start, end) && (len(found) == 1 || found[1].Start >= to) {
		f.memory.rememberWithout(s, from, start, end, to, kind, f.isOuter(f.lone))
	}
}
