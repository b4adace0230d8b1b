package identity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesThatAreNone(t *testing.T) {
	for name, leaf := range map[string]*x509.Certificate{
		"a common name like a SPIFFE ID": {Subject: pkix.Name{CommonName: "spiffe://example.org/agent"}},
		"in other letters":               {Subject: pkix.Name{CommonName: "SPIFFE://example.org/agent"}},
		"a DNS name like a SPIFFE ID":    {DNSNames: []string{"spiffe://example.org/agent"}},
		"like somebody on the socket":    {Subject: pkix.Name{CommonName: "uid:0"}},
		"a query in a SPIFFE ID":         {URIs: []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/agent", RawQuery: "a"}}},
		"a user in a SPIFFE ID":          {URIs: []*url.URL{{Scheme: "spiffe", User: url.User("agent"), Host: "example.org", Path: "/a"}}},
		"a long SPIFFE ID":               {URIs: []*url.URL{{Scheme: "spiffe", Host: "example.org", Path: "/" + strings.Repeat("a", 2048)}}},
		"nobody could revoke it":         {Subject: pkix.Name{CommonName: strings.Repeat("a", 2049)}},
		"control characters":             {Subject: pkix.Name{CommonName: "agent\n"}},
		"not UTF-8":                      {Subject: pkix.Name{CommonName: "agent\xff"}},
		"a name with nothing to see":     {Subject: pkix.Name{CommonName: "agent\u200b"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := nameOf(leaf)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "agent")
		})
	}
	for _, name := range []string{"agent", "agent-1.example.org", "Agent of Jürgen", "*.example.org"} {
		got, err := nameOf(&x509.Certificate{Subject: pkix.Name{CommonName: name}})
		require.NoError(t, err)
		require.Equal(t, name, got)
	}
}
