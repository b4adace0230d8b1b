package detect

import "net/netip"

// Range is the kind of network an ip_address belongs to.
type Range uint8

// The ranges. RangeNone is for findings that are no address.
const (
	RangeNone Range = iota
	Public
	Private
	Loopback
	LinkLocal
	Multicast
	Unspecified
	Documentation
	SharedCGNAT
)

var rangeNames = [...]string{
	"none", "public", "private", "loopback", "link_local", "multicast", "unspecified", "documentation", "shared_cgnat",
}

// String returns the name of the range in lower snake case.
func (r Range) String() string {
	if int(r) < len(rangeNames) {
		return rangeNames[r]
	}
	return "none"
}

// ParseRange is the inverse of [Range.String]; ok is false for an unknown name.
func ParseRange(name string) (r Range, ok bool) {
	for i, n := range rangeNames {
		if n == name {
			return Range(i), true
		}
	}
	return RangeNone, false
}

var (
	sharedCGNAT   = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	documentation = [...]netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), // RFC 5737
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"), // RFC 3849
		netip.MustParsePrefix("3fff::/20"),     // RFC 9637
	}
)

// rangeOf classifies an address; an IPv4-mapped one as the IPv4 address it maps.
func rangeOf(a netip.Addr) Range {
	a = a.Unmap().WithZone("")
	switch {
	case a.IsUnspecified():
		return Unspecified
	case a.IsLoopback():
		return Loopback
	case a.IsPrivate():
		return Private
	case a.IsLinkLocalUnicast():
		return LinkLocal
	case a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return Multicast
	case sharedCGNAT.Contains(a):
		return SharedCGNAT
	}
	for _, p := range documentation {
		if p.Contains(a) {
			return Documentation
		}
	}
	return Public
}
