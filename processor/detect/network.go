package detect

// The entities of this family.
const (
	IPAddress Entity = iota + endContact
	MACAddress
	endNetwork
)

func networkRules() []rule {
	return []rule{
		{
			entity: IPAddress,
			Info: Info{
				Name: "ip_address", Class: "ip", Group: Network,
				Rule:   "IPv4 or IPv6 address, with its prefix length and zone",
				Source: "RFC 4291, RFC 6943, RFC 4007",
			},
		},
		{
			entity: MACAddress,
			Info: Info{
				Name: "mac_address", Class: "mac", Group: Network,
				Rule:   "Six octets in one of the three usual layouts",
				Source: "IEEE 802",
			},
		},
	}
}
