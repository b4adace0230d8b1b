package identity

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// FilesConfig names the PEM files of an identity.
type FilesConfig struct {
	// CertFile holds the certificate, followed by intermediate ones; KeyFile its private key.
	CertFile, KeyFile string
	// CAFile holds the certificates of those who sign the peers'.
	CAFile string
	// ReloadInterval is how old a look at the files may be. Default 10 s.
	ReloadInterval time.Duration
	// AllowExpired starts with a certificate that is not valid now: nobody lets it in, until its files are replaced.
	AllowExpired bool
	// Logger is told when the files were replaced and when what replaced them cannot be used. Default: nobody.
	Logger *zap.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

const defaultReload = 10 * time.Second

// Files returns the identity in files. When they are replaced, connections begun from then on use the new ones; while
// what replaced them cannot be used (half of it is there, the key is another's), the old ones stay, and the log says
// so. It fails when the files cannot be used to begin with, which a certificate that expired cannot unless that is allowed.
func Files(c FilesConfig) (*Source, error) {
	c.ReloadInterval = cmp.Or(c.ReloadInterval, defaultReload)
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	f := &files{config: c}
	stamps, err := f.stat()
	if err != nil {
		return nil, err
	}
	m, err := f.load()
	if err != nil {
		return nil, err
	}
	if err := expired(m.cert.Leaf, c.Now()); err != nil {
		err = fmt.Errorf("certificate %s: %w", c.CertFile, err)
		if !c.AllowExpired {
			return nil, err
		}
		c.Logger.Warn("identity: this certificate is refused until its files are replaced; nothing has to be restarted", zap.Error(err))
	}
	f.material, f.stamps, f.looked = m, stamps, c.Now()
	return &Source{
		server: f.server, client: f.client, close: func() error { return nil },
		self: func() (Peer, error) { return peerOf(f.current().cert.Leaf) },
	}, nil
}

// CheckServer finds fault with the identity in files, for one who serves: what Files refuses, and a certificate that is
// for clients only.
func CheckServer(c FilesConfig) error {
	s, err := Files(c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	cert, err := s.server().GetCertificate(nil)
	if err != nil {
		return err
	}
	leaf := cert.Leaf
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return fmt.Errorf("certificate %s is not made for servers: it needs the extended key usage serverAuth", c.CertFile)
	}
	return nil
}

// files are reloaded when somebody connects, so that there is nothing to stop.
type files struct {
	config FilesConfig

	mu       sync.Mutex
	material *material
	stamps   [3]stamp
	failed   [3]stamp // what could not be used and was reported
	looked   time.Time
}

type material struct {
	cert  *tls.Certificate
	roots *x509.CertPool
}

// stamp tells one content of a file from another without reading it.
type stamp struct {
	modified time.Time
	size     int64
	inode    fs.FileInfo
}

func (s stamp) same(o stamp) bool {
	return s.modified.Equal(o.modified) && s.size == o.size && s.inode != nil && o.inode != nil && os.SameFile(s.inode, o.inode)
}

func same(a, b [3]stamp) bool { return a[0].same(b[0]) && a[1].same(b[1]) && a[2].same(b[2]) }

func (f *files) stat() (out [3]stamp, err error) {
	for n, path := range []string{f.config.CertFile, f.config.KeyFile, f.config.CAFile} {
		info, err := os.Stat(path)
		if err != nil {
			return out, err
		}
		out[n] = stamp{info.ModTime(), info.Size(), info}
	}
	return out, nil
}

// load reads the files and checks that they belong together.
func (f *files) load() (*material, error) {
	c := f.config
	cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", c.CertFile, c.KeyFile, err)
	}
	if _, err := nameOf(cert.Leaf); err != nil {
		return nil, fmt.Errorf("certificate %s: %w", c.CertFile, err)
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", c.CAFile)
	}
	return &material{&cert, roots}, nil
}

// current looks at the files when the last look is old and returns what to use.
func (f *files) current() *material {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.config.Now()
	if age := now.Sub(f.looked); age >= 0 && age < f.config.ReloadInterval {
		return f.material
	}
	f.looked = now
	stamps, err := f.stat()
	if err == nil && same(stamps, f.stamps) {
		return f.material
	}
	var m *material
	if err == nil {
		m, err = f.load()
	}
	if err == nil {
		err = expired(m.cert.Leaf, now)
	}
	if err != nil {
		if !same(stamps, f.failed) {
			f.config.Logger.Error("identity: the certificate's files changed and cannot be used; the old ones stay in use",
				zap.Error(err), zap.Time("old_one_expires", f.material.cert.Leaf.NotAfter))
		}
		f.failed = stamps
		return f.material
	}
	f.material, f.stamps = m, stamps
	if p, err := peerOf(m.cert.Leaf); err == nil {
		f.config.Logger.Info("identity: new certificate", zap.String("id", p.ID), zap.String("fingerprint", p.Fingerprint), zap.Time("expires", p.NotAfter))
	}
	return m
}

func (f *files) server() *tls.Config {
	config := base()
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		m := f.current()
		now := base()
		now.ClientAuth, now.ClientCAs, now.Certificates = tls.RequireAndVerifyClientCert, m.roots, []tls.Certificate{*m.cert}
		now.VerifyConnection = func(cs tls.ConnectionState) error { return named(cs) }
		return now, nil
	}
	// What a server shows when nobody asks for a configuration, as some HTTP servers check at start.
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current().cert, nil }
	return config
}

// named refuses who is trusted and has no name.
func named(cs tls.ConnectionState) error {
	_, err := peerOf(cs.PeerCertificates[0])
	return err
}

func (f *files) client(id ServerID) (*tls.Config, error) {
	config := base()
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return f.current().cert, nil }
	config.ServerName = id.Name
	// The roots may have been replaced since: verified below, by those of now.
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(cs tls.ConnectionState) error { return f.verifyServer(cs, id) }
	return config, nil
}

func (f *files) verifyServer(cs tls.ConnectionState, id ServerID) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the server shows no certificate")
	}
	leaf, rest := cs.PeerCertificates[0], x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		rest.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		DNSName: id.Name, Roots: f.current().roots, Intermediates: rest, CurrentTime: f.config.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
	}
	if id.SPIFFEID == "" {
		return nil
	}
	name, err := nameOf(leaf)
	if err == nil && name != id.SPIFFEID {
		err = fmt.Errorf("%w: %s, not %s", errOther, name, id.SPIFFEID)
	}
	return err
}

var errOther = errors.New("the server has another SPIFFE ID")
