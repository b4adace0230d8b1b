package detect

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewReportsEveryFault(t *testing.T) {
	_, err := New(Settings{
		Patterns: []Pattern{{Name: "ok", Regex: "["}, {Name: "Bad Name", Regex: "x"}, {Name: "email", Regex: "x"}, {Name: "empty", Regex: "a*"}},
		Keys:     []KeyRule{{Glob: "", Entity: "email"}, {Glob: "x", Entity: "new", Class: "UPPER"}},
	})
	require.Error(t, err)
	for _, part := range []string{"patterns[0]", "patterns[1]", "patterns[2]", "patterns[3]", "keys[0]", "keys[1]"} {
		require.Contains(t, err.Error(), part)
	}
}

func TestCustomEntities(t *testing.T) {
	d := testDetector(t)
	e, ok := d.Lookup("order_ref")
	require.True(t, ok)
	require.Equal(t, Info{Name: "order_ref", Class: "order", Group: Personal, Rule: "Custom pattern", Source: "configuration", Custom: true}, d.Entities()[e])
	_, ok = d.Lookup("nothing")
	require.False(t, ok)
}

func TestCustomPatternGroup(t *testing.T) {
	d, err := New(Settings{Patterns: []Pattern{{Name: "desk", Regex: `desk-(\pL+)`}, {Name: "digits", Regex: `\b[0-9]{5}\b`}}})
	require.NoError(t, err)
	require.Equal(t, `desk "Zoë", digits "12345", `, describe(d, "at desk-Zoë, 12345", d.Find(NewScratch(), Key{}, "at desk-Zoë, 12345")))
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		glob, s string
		want    bool
	}{
		{"user.id", "User.ID", true},
		{"enduser.*", "enduser.id", true},
		{"*_token", "a_token", true},
		{"a?c", "abc", true},
		{"a*b*c", "aXbYc", true},
		{"a*b", "ac", false},
		{"", "a", false},
		{"*", "", true},
		{"a*a*a*a*b", strings.Repeat("a", 60), false},
	} {
		require.Equal(t, c.want, globFold(c.glob, c.s), c)
	}
}

func TestRanges(t *testing.T) {
	for addr, want := range map[string]string{
		"8.8.8.8": "public", "10.1.2.3": "private", "172.16.0.1": "private", "192.168.1.1": "private", "127.0.0.1": "loopback", "169.254.1.1": "link_local",
		"224.0.0.1": "multicast", "255.255.255.255": "multicast", "0.0.0.0": "unspecified", "203.0.113.9": "documentation", "100.64.0.1": "shared_cgnat",
		"2606:4700::1": "public", "fd00::1": "private", "::1": "loopback", "fe80::1%eth0": "link_local", "2001:db8::1": "documentation", "::ffff:10.0.0.1": "private",
	} {
		r := rangeOf(netip.MustParseAddr(addr))
		require.Equal(t, want, r.String(), addr)
		parsed, ok := ParseRange(want)
		require.True(t, ok && parsed == r)
	}
	d := testDetector(t)
	require.Equal(t, Private, d.Find(NewScratch(), Key{}, "x 10.0.0.1")[0].Range)
}

func TestEncodings(t *testing.T) {
	for _, e := range []Encoding{0, 1, 2, 3, Percent, Percent | 1} {
		for _, plain := range []string{"", "jane", "a\"b\\c\n\t\x01", "Zoë 小明 😀", "100% a+b&c"} {
			require.Equal(t, plain, string(e.Decode(nil, string(e.Append(nil, plain)))), "%d %q", e, plain)
		}
	}
	require.Equal(t, "é😀/", string(Encoding(1).Decode(nil, `\u00e9\ud83d\ude00\/`)))
	require.Equal(t, `\u12 \`, string(Encoding(1).Decode(nil, `\u12 \`)))
	require.Equal(t, "a%4", string(Percent.Decode(nil, "a%4")))
}

func FuzzEncoding(f *testing.F) {
	f.Add(uint8(1), `a\u00e9"`)
	f.Fuzz(func(t *testing.T, e uint8, s string) {
		enc := Encoding(e) & (Percent | levels)
		enc.Decode(nil, s)
		require.Equal(t, s, string(enc.Decode(nil, string(enc.Append(nil, s)))))
	})
}
