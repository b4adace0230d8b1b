// Package authority is a certificate authority in one process, for trying out and for tests: it keeps its key in memory
// or in one file, knows no revocation and asks nobody. A fleet has SPIRE, cert-manager or a PKI of its own.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// Authority signs certificates. Safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Life of what an authority signs unless asked otherwise, and of itself.
const (
	defaultLife = 90 * 24 * time.Hour
	rootLife    = 10 * 365 * 24 * time.Hour
	// early is how long before now certificates begin: clocks differ.
	early = 10 * time.Minute
)

// New makes an authority with a new key.
func New(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-early), NotAfter: now.Add(rootLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{cert, key}, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return n
}

// Request says what a certificate is for.
type Request struct {
	// Name is the common name.
	Name string
	// SPIFFEID, such as spiffe://example.org/agent. May be empty.
	SPIFFEID string
	// Hosts are DNS names and IP addresses.
	Hosts []string
	// NotBefore and NotAfter. Zero: from a little before now, for 90 days.
	NotBefore, NotAfter time.Time
}

// Pair is a certificate with its key, PEM.
type Pair struct{ Cert, Key []byte }

// CA is the authority's own certificate, PEM.
func (a *Authority) CA() []byte { return block("CERTIFICATE", a.cert.Raw) }

// Certificate is the authority's own.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Sign makes a key and a certificate for it, for servers and clients alike.
func (a *Authority) Sign(r Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: r.Name}, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-early)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(defaultLife)
	}
	if r.SPIFFEID != "" {
		id, err := url.Parse(r.SPIFFEID)
		if err != nil || id.Scheme != "spiffe" {
			return Pair{}, fmt.Errorf("SPIFFE ID %q: want spiffe://trust.domain/path", r.SPIFFEID)
		}
		template.URIs = []*url.URL{id}
	}
	for _, h := range r.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return Pair{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{block("CERTIFICATE", der), block("PRIVATE KEY", pkcs8)}, nil
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Write puts a pair into dir as NAME.crt and NAME.key, mode 0600, each by a rename, so that no reader sees half a file.
func (p Pair) Write(dir, name string) error {
	if err := write(filepath.Join(dir, name+".key"), p.Key); err != nil {
		return err
	}
	return write(filepath.Join(dir, name+".crt"), p.Cert)
}

// WriteCA puts the authority's certificate into dir as ca.crt.
func (a *Authority) WriteCA(dir string) error { return write(filepath.Join(dir, "ca.crt"), a.CA()) }

func write(path string, content []byte) error {
	pending := path + ".new"
	if err := os.WriteFile(pending, content, 0o600); err != nil {
		return err
	}
	return os.Rename(pending, path)
}
