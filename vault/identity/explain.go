package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
)

// Explain says in words what an operator can act on why two parties do not come together, or "" when err is about
// something else. A server's refusal of one's own certificate arrives as an alert, which says little.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	if why := explainTheirs(err); why != "" {
		return why
	}
	return explainAlert(err.Error())
}

// explainTheirs is about a certificate that was looked at here.
func explainTheirs(err error) string {
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the other side's certificate has expired or is not valid yet: renew it, and compare the clocks"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "the other side's certificate is not made for this use: clients need the extended key usage clientAuth, servers serverAuth"
	case errors.As(err, &authority):
		return "the other side's certificate is signed by nobody trusted here: compare the CA files of both sides"
	case errors.As(err, &host):
		return "the server's certificate is for another name: correct the endpoint or the expected server"
	case errors.As(err, &record):
		return "the other side does not speak TLS: the port is another service's"
	case errors.Is(err, errOther):
		return otherID
	case errors.Is(err, errForeign):
		return "the other side is of a trust domain that may not connect: add it to trust_domains, and federate its bundle"
	}
	return ""
}

const otherID = "the other side has another SPIFFE ID than expected"

// alerts are what a peer says before it hangs up (RFC 8446 section 6.2), as crypto/tls words them. HTTP clients hand
// them on as text only.
var alerts = []struct{ text, why string }{
	{"remote error: tls: expired certificate", "the other side refuses this certificate: it has expired. Renew it, and compare the clocks"},
	{"remote error: tls: unknown certificate authority", "the other side does not trust who signed this certificate: compare the CA files of both sides"},
	{"remote error: tls: certificate required", "the other side wants a certificate, and none was shown"},
	{"remote error: tls: bad certificate", "the other side refuses this certificate: expired, foreign, or not for clients. Its log says which"},
	{"remote error: tls: protocol version not supported", "the other side does not speak TLS 1.3"},
	{"remote error: tls: handshake failure", "the two sides have no cryptography in common"},
	{"unexpected ID", otherID},
	{"no X.509 bundle", "the other side is of a trust domain whose bundle is not known here: federate it"},
	{"server gave HTTP response to HTTPS client", "the other side does not speak TLS: the port is another service's"},
}

func explainAlert(text string) string {
	for _, a := range alerts {
		if strings.Contains(text, a.text) {
			return a.why
		}
	}
	return ""
}
