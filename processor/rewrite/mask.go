package rewrite

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// appendMask appends the masked form of a canonical value. No detector takes it for a value again:
//
//	last4   ****1111                  card, phone, national ids, custom
//	domain  [email]@example.com       e-mail
//	prefix  203.0.113.*               IPv4, the first 24 bits
//	        2001:db8:85a3:*           IPv6, the first 48 bits, each group in full
//	        00:1a:2b:*                MAC address, the manufacturer
//	        411111****                card, the issuer
//
// A value that has no such part is hidden whole: ****. In a URL's authority, where brackets and colons have a meaning,
// forms that hold one give way to redaction.
func appendMask(dst []byte, part policy.Part, canonical []byte) []byte {
	const hidden = "****"
	switch part {
	case policy.Last4:
		dst = append(dst, hidden...)
		return append(dst, lastDigits(canonical)...)
	case policy.Domain:
		if at := bytes.LastIndexByte(canonical, '@'); at >= 0 {
			dst = append(dst, "[email]"...)
			return append(dst, canonical[at:]...)
		}
	case policy.Prefix:
		if n := len(dst); len(appendPrefix(dst, canonical)) > n {
			return appendPrefix(dst, canonical)
		}
	}
	return append(dst, hidden...)
}

func appendPrefix(dst []byte, canonical []byte) []byte {
	addr, _, _ := bytes.Cut(canonical, []byte("/"))
	if ip, err := netip.ParseAddr(string(addr)); err == nil {
		if ip = ip.Unmap(); ip.Is4() {
			for _, b := range ip.AsSlice()[:3] {
				dst = append(strconv.AppendUint(dst, uint64(b), 10), '.')
			}
			return append(dst, '*')
		}
		b := ip.As16()
		for i := 0; i < 6; i += 2 {
			dst = append(strconv.AppendUint(dst, uint64(b[i])<<8|uint64(b[i+1]), 16), ':')
		}
		return append(dst, '*')
	}
	if len(canonical) >= 17 && canonical[2] == ':' && canonical[5] == ':' && canonical[8] == ':' {
		dst = append(dst, canonical[:9]...)
		return append(dst, '*')
	}
	if len(canonical) >= 12 && len(bytes.TrimLeft(canonical, "0123456789")) == 0 {
		dst = append(dst, canonical[:6]...)
		return append(dst, "****"...)
	}
	return dst
}
