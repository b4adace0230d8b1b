package detect

// The entities of this family.
const (
	IPAddress Entity = iota + endDemographic
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
				Not:    "Versions of four parts (Chrome/120.0.0.0), object identifiers, times (12:34:56), C++ scopes",
				Source: "RFC 4291, RFC 4632, RFC 4007",
			},
			keys:  keys("client ip", "remote ip", "source ip", "ip address", "ip addr", "remote addr", "peer ip", "user ip", "ipv4", "ipv6"),
			value: addressByKey,
			examples: examples{
				positive: []string{
					"from «203.0.113.7»:443 to «10.0.0.1»", "«192.168.0.0/16» dev eth0", "[«2001:db8::1»]:443", "«fe80::1%eth0» up", "«::ffff:192.0.2.1»",
					"x-forwarded-for: «203.0.113.7», «70.41.3.18»", "ip=«::1»", `"«1.2.3.4»"`, "«2001:db8:85a3::8a2e:370:7334»/", "http://«10.1.2.3»/x",
					"«10.0.0.1»-«10.0.0.9»", "GET /lookup/«1.2.3.4»", "resolver «1.1.1.1» answered", "net «2001:db8::/32»", "client.address|«2001:db8::1»", "{SourceIp:«2a00:1450:5490::7337» Active:true}", "{SourceIp:«::ffff:1.2.3.4» Active:true}", "?host_ip=«%3A%3Affff%3A142.1.36.31»&x=1",
					"Forwarded: for=«192.0.2.60»;proto=http;by=«203.0.113.43»", `Forwarded: for="[«2001:db8:cafe::17»]:4711", for=«198.51.100.17»`, `{"x-forwarded-for":"«203.0.113.195», «2001:db8:85a3::8a2e:370:7334», «150.172.238.178»:8080"}`, "update from «10.0.0.1» received", "moved from «10.0.0.1» to «10.0.0.2»", "XFF=«203.0.113.7»,«10.0.0.2»,«::1»",
					"http.request.header.x-forwarded-for|«203.0.113.7», «70.41.3.18»", "[«::ffff:203.0.113.7»]:443", "client.address|«203.0.113.7»:51234", "http.request.header.forwarded|for=«192.0.2.60»:8080;host=x",
				},
				negative: []string{
					"version 1.2.3.4", "kernel 5.10.0.12", "ratio 1.1.1.1", "Linux kernel: 5.15.0.91", "build=10.0.19041.1", "is older than 3.11.8.32", "Chrome/60.0.3112.113 Safari", "v1.2.3.4", "1.2.3.4.5", "nginx-1.2.3.4.tar", "256.1.1.1", "12:34:56", "std::string", "Foo::Bar", "cafe::add",
					"01.02.03.04", "1.2.3.4-rc1", "a:b:c", "::", "Edge/18.0.1.2", "Mozilla/5.0 (X11; Linux i686; rv:1.9.2.3) Gecko", `{"appVersion": "1.2.3.4"}`, `{\"version\": \"1.2.3.4\"}`, "ver. 2.1.0.3", "upgraded foo from 1.2.3.4 to 1.2.3.5", "Updating package nginx 1.25.3.1 to 1.25.4.1", "Python 3.8.10.1", `oldVersion="0.0.0.0-4.0.0.0" newVersion="4.0.0.0"`, "section 4.1.2.3 of", "1.3.6.1.4.1.311", "oid 1.3.6.1", "host-1.2.3.4.example.com",
				},
			},
		},
		{
			entity: MACAddress,
			Info: Info{
				Name: "mac_address", Class: "mac", Group: Network,
				Rule:   "Six octets in one of the three usual layouts; without separators by key",
				Not:    "Fingerprints and digests of more than six octets, PCI addresses; twelve digits without a key",
				Source: "IEEE 802",
			},
			keys:     keys("mac", "mac address", "mac addr", "macaddress", "macaddr", "hwaddr", "hw addr", "hardware address", "ethernet address", "bssid", "client mac", "wifi mac", "bluetooth mac", "bluetooth address", "chaddr", "src mac", "dst mac"),
			value:    macByKey,
			prefixes: after(MACAddress, 0.9, bareMACAt, "mac address", "mac addr", "bssid"),
			examples: examples{
				positive: []string{
					"eth0 «00:1A:2B:3C:4D:5E» up", "«00-1a-2b-3c-4d-5e»", "«001a.2b3c.4d5e»", "mac=«a4:83:e7:12:34:56»", "{DeviceMac:«3c:32:37:90:ee:02» Active:true}", "?mac=«02%3A1c%3A38%3Aeb%3A60%3Aae»&x",
					"mac=«001a2b3c4d5e» up", "station «3c:90:5a:d1:b3:a4» joined", "«b3:90:5a:d1:00:a4» left", "mac address «001A2B3C4D5E» joined", `{"macAddress":"«A483E7123456»"}`, "device.mac|«a483e7-123456»", "IN=eth0 OUT= MAC=«b8:27:eb:1c:aa:01»:«00:1b:21:aa:0b:02»:08:00 SRC=x",
				},
				negative: []string{
					"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "fingerprint 00:1a:2b:3c:4d:5e:6f:70", "12:34:56", "00:1a:2b:3c:4d", "2023-01-02-03-04-05", "mac=null", "mac=000000000000", "mac=hmac-sha256", "mac=9f86d081884c7d659a2feaa0c55ad015", "mac=123456789012",
				},
			},
		},
	}
}
