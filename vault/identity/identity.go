// Package identity is who speaks to whom between agents and vault: mutual TLS 1.3 with certificates from files that
// may be replaced at any time ([Files]) or from the SPIFFE Workload API ([SPIFFE]). There is no way to speak without.
//
// A [Source] gives TLS configurations that always use the newest certificate and the newest trust. Nothing is resumed:
// every connection proves who it is anew, so a certificate that expired or a trust that was withdrawn lets nobody back
// in. What is open already is for the server to end: see [Peer.NotAfter].
package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Source holds an identity of one's own and whom it trusts. Safe for concurrent use.
type Source struct {
	server func() *tls.Config
	client func(ServerID) (*tls.Config, error)
	self   func() (Peer, error)
	close  func() error
}

// ServerID is who a client expects to meet: one of the two.
type ServerID struct {
	// Name is a host name or address that the server's certificate is for.
	Name string
	// SPIFFEID is the server's, such as spiffe://example.org/vault.
	SPIFFEID string
}

// Server returns the configuration of a listener: TLS 1.3, and every client shows a certificate of those trusted.
func (s *Source) Server() *tls.Config { return s.server() }

// Client returns the configuration for connections to one server. It fails when id names nobody.
func (s *Source) Client(id ServerID) (*tls.Config, error) {
	if (id.Name == "") == (id.SPIFFEID == "") {
		return nil, errors.New("a server is expected by its name or by its SPIFFE ID: want one of both")
	}
	return s.client(id)
}

// Self is who this source is now.
func (s *Source) Self() (Peer, error) { return s.self() }

// Close ends the source's own connections. TLS configurations it gave stop working for a source from the Workload API.
func (s *Source) Close() error { return s.close() }

// Peer is who is at the other end of a connection.
type Peer struct {
	// ID is the SPIFFE ID where the certificate has one, and otherwise its first DNS name or else its common name. It
	// is never empty.
	ID string
	// Fingerprint is the SHA-256 of the certificate, lower hex.
	Fingerprint string
	// NotAfter is when the certificate expires. A connection may live longer: whoever serves requests looks at it.
	NotAfter time.Time
}

// PeerOf tells who is at the other end of a connection whose handshake is complete. It fails when there is no
// certificate, or one that names nobody.
func PeerOf(cs *tls.ConnectionState) (Peer, error) {
	if cs == nil || !cs.HandshakeComplete || len(cs.PeerCertificates) == 0 {
		return Peer{}, errors.New("the connection shows no certificate")
	}
	return peerOf(cs.PeerCertificates[0])
}

func peerOf(leaf *x509.Certificate) (Peer, error) {
	id, err := nameOf(leaf)
	if err != nil {
		return Peer{}, err
	}
	sum := sha256.Sum256(leaf.Raw)
	return Peer{ID: id, Fingerprint: hex.EncodeToString(sum[:]), NotAfter: leaf.NotAfter}, nil
}

// maxName is the length of the longest name in bytes: that of a SPIFFE ID, and of what can be revoked.
const maxName = 2048

var uidName = regexp.MustCompile(`^uid:[0-9]`)

// nameOf is the one name a certificate is known by. A certificate with a SPIFFE ID has exactly one URI (X509-SVID
// specification, section 2): with more, it would be unclear who it is.
func nameOf(leaf *x509.Certificate) (string, error) {
	for _, uri := range leaf.URIs {
		if uri.Scheme != "spiffe" {
			continue
		}
		if len(leaf.URIs) > 1 {
			return "", errors.New("the certificate has a SPIFFE ID and other URIs beside it")
		}
		id, err := spiffeid.FromURI(uri)
		if err != nil || len(id.String()) > maxName {
			return "", errors.New("the certificate has a malformed SPIFFE ID")
		}
		return id.String(), nil
	}
	name := leaf.Subject.CommonName
	if len(leaf.DNSNames) > 0 {
		name = leaf.DNSNames[0]
	}
	if name == "" {
		return "", errors.New("the certificate has neither a SPIFFE ID nor a DNS name nor a common name")
	}
	// Rules and revocations go by the name. It must not be taken for another kind of identity, and be one they can write.
	if strings.Contains(name, "/") || uidName.MatchString(name) {
		return "", errors.New("the certificate's name looks like a SPIFFE ID or a user of the vault's machine, and is neither")
	}
	if len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("the certificate's name is none: want at most %d bytes of printable UTF-8", maxName)
	}
	return name, nil
}

// base is what all configurations have in common.
func base() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2", "http/1.1"},
		// A resumed session would not be verified again.
		SessionTicketsDisabled: true,
	}
}

// expired says since when, or "" while a certificate is valid.
func expired(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Errorf("expired on %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return fmt.Errorf("not valid before %s: compare the clocks", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}
