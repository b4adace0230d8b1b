package rewrite

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Canonical appends the canonical form of the finding f in text: equal for every spelling of a value, so that spellings
// get one token, and what a reveal gives back. The canonical form of a canonical form is itself.
//
//	email                        decoded, lower case
//	payment_card                 digits only
//	compact ones, as ids are     upper case without separators
//	phone                        E.164; without a country code digits only, as the region cannot be known
//	iban                         upper case without separators
//	ip_address                   the form of RFC 5952; IPv4 mapped into IPv6 as IPv4; a prefix length that covers the
//	                             whole address is left out
//	mac_address                  lower case, octets separated by colons
//	card_expiry                  month and year of two digits: 12/27
//	date_of_birth                year-month-day where the order of its numbers is certain
//	gender, nationality          lower case
//	crypto_wallet                hexadecimal and bech32 forms, which have no case of their own, in lower case
//	all others                   decoded, byte for byte
func Canonical(dst []byte, entity detect.Entity, f detect.Finding, text string) []byte {
	from := len(dst)
	dst = f.Encoding.Decode(dst, text[f.Start:f.End])
	value := dst[from:]
	switch entity {
	case detect.Email, detect.Gender, detect.Nationality:
		return appendLower(dst, from)
	case detect.CardExpiry:
		return canonicalExpiry(dst, from)
	case detect.DateOfBirth:
		return canonicalDate(dst, from)
	case detect.PaymentCard:
		return filter(dst, from, digit)
	case detect.Phone:
		return canonicalPhone(dst, from)
	case detect.IBAN:
		dst = filter(dst, from, alphanumeric)
		upperASCII(dst[from:])
	case detect.IPAddress:
		return canonicalIP(dst, from)
	case detect.MACAddress:
		return canonicalMAC(dst, from)
	case detect.CryptoWallet:
		if bytes.HasPrefix(value, []byte("0x")) || bytes.HasPrefix(value, []byte("0X")) || bech32(value) {
			lowerASCII(value)
		}
	default:
		if entity.IsCompact() {
			return canonicalCompact(dst, from)
		}
	}
	return dst
}

// canonicalCompact keeps letters and digits, in upper case. What has other signs than the separators of such ids, which
// only a key can declare, stays.
func canonicalCompact(dst []byte, from int) []byte {
	for _, c := range dst[from:] {
		if !alphanumeric(c) && strings.IndexByte(" -./+_:", c) < 0 { // a form has + for blanks
			return dst
		}
	}
	dst = filter(dst, from, alphanumeric)
	upperASCII(dst[from:])
	return dst
}

// appendLower lower-cases dst[from:]. Bytes that are no UTF-8 stay.
func appendLower(dst []byte, from int) []byte {
	ascii, capitals := inCase(dst[from:])
	if ascii {
		if capitals {
			lowerASCII(dst[from:])
		}
		return dst
	}
	value := string(dst[from:])
	dst = dst[:from]
	for len(value) > 0 {
		r, n := utf8.DecodeRuneInString(value)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, value[0])
		} else {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		value = value[n:]
	}
	return dst
}

// filter keeps the bytes of dst[from:] that ok accepts; when it accepts none, it keeps all: no value is empty.
func filter(dst []byte, from int, ok func(byte) bool) []byte {
	kept := from
	for _, c := range dst[from:] {
		if ok(c) {
			dst[kept] = c
			kept++
		}
	}
	if kept == from {
		return dst
	}
	return dst[:kept]
}

// canonicalIP is netip's form. A value that is no address, which only a key can declare, stays.
func canonicalIP(dst []byte, from int) []byte {
	value := view(dst[from:])
	value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")
	bits := ""
	if i := strings.LastIndexByte(value, '/'); i >= 0 {
		value, bits = value[:i], value[i+1:]
	}
	addr, err := netip.ParseAddr(value)
	if err != nil {
		return dst
	}
	length := -1
	if bits != "" {
		if length = small(bits); length < 0 || length > addr.BitLen() {
			return dst
		}
	}
	if addr.Is4In6() {
		if length >= 0 && length < 96 {
			return dst // a prefix that is wider than the mapping is no IPv4 prefix
		}
		length -= 96
		addr = addr.Unmap()
	}
	dst = addr.AppendTo(dst[:from])
	if length >= 0 && length < addr.BitLen() {
		dst = append(dst, '/')
		dst = appendSmall(dst, length)
	}
	return dst
}

// small reads a prefix length of at most three digits, or -1.
func small(s string) int {
	n := 0
	for i := range len(s) {
		if !digit(s[i]) || i == 3 {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

func appendSmall(dst []byte, n int) []byte {
	if n >= 100 {
		dst = append(dst, byte('0'+n/100))
	}
	if n >= 10 {
		dst = append(dst, byte('0'+n/10%10))
	}
	return append(dst, byte('0'+n%10))
}

// canonicalMAC turns the EUI-48 and EUI-64 spellings (separated by colons, hyphens, dots or nothing) into octets
// separated by colons.
func canonicalMAC(dst []byte, from int) []byte {
	var hex [16]byte
	n := 0
	for _, c := range dst[from:] {
		switch {
		case digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f':
			if n == len(hex) {
				return dst
			}
			hex[n] = c
			n++
		case c != ':' && c != '-' && c != '.' && c != ' ':
			return dst
		}
	}
	if n != 12 && n != 16 {
		return dst
	}
	lowerASCII(hex[:n])
	dst = dst[:from]
	for i := 0; i < n; i += 2 {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hex[i], hex[i+1])
	}
	return dst
}

// bech32 reports whether the value looks like a bech32 address (BIP 173): one case, a human-readable part, the
// separator 1, and a data part without the characters that bech32 leaves out.
func bech32(value []byte) bool {
	sep := bytes.LastIndexByte(value, '1')
	if sep < 1 || sep > 8 || len(value)-sep < 8 {
		return false
	}
	upper, lower := false, false
	for i, c := range value {
		upper = upper || 'A' <= c && c <= 'Z'
		lower = lower || 'a' <= c && c <= 'z'
		if !alphanumeric(c) || i > sep && strings.IndexByte("1bio", c|0x20) >= 0 {
			return false
		}
		if i < sep && digit(c) {
			return false
		}
	}
	return upper != lower
}

const (
	ones  = 0x0101010101010101
	highs = 0x80 * ones
)

// inCase reports whether all of b is ASCII, and whether there are capitals in it: eight bytes at once, the last ones perhaps twice.
func inCase(b []byte) (ascii, capitals bool) {
	var all, big uint64
	n := len(b)
	if n < 8 {
		for _, c := range b {
			all |= uint64(c)
			capitals = capitals || 'A' <= c && c <= 'Z'
		}
		return all < utf8.RuneSelf, capitals
	}
	for i := 0; ; i += 8 {
		i = min(i, n-8)
		x := binary.LittleEndian.Uint64(b[i:])
		all |= x
		big |= capitals8(x)
		if i == n-8 {
			return all&highs == 0, big != 0
		}
	}
}

// capitals8 has the high bit of every capital among eight bytes.
func capitals8(x uint64) uint64 {
	low := x &^ highs
	return (low + (0x80-'A')*ones) &^ (low + (0x80-'Z'-1)*ones) &^ x & highs
}

func lowerASCII(b []byte) {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}

func upperASCII(b []byte) {
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c + 'A' - 'a'
		}
	}
}
