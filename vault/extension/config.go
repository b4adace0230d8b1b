package extension

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/docker/go-units"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

// Config of the extension `token_vault`: an embedded vault, or the endpoint of one that serves many Collectors.
type Config struct {
	// Embedded runs the vault in this Collector.
	Embedded configoptional.Optional[Embedded] `mapstructure:"embedded"`

	// Endpoint is the host and port of a vault's issuer listener, such as vault.example.org:7443. This Collector can
	// then write to the vault and not read from it.
	Endpoint string `mapstructure:"endpoint"`
	// TLS is this Collector's identity, in files. This or SPIFFE goes with Endpoint.
	TLS configoptional.Optional[TLS] `mapstructure:"tls"`
	// SPIFFE is this Collector's identity, from the SPIFFE Workload API.
	SPIFFE configoptional.Optional[SPIFFE] `mapstructure:"spiffe"`
	// Spool keeps sealed records on disk until the vault has taken them, so that telemetry goes on while the vault is
	// away. Without it every batch waits for the vault.
	Spool configoptional.Optional[Spool] `mapstructure:"spool"`
	// Timeout bounds one call to the vault. Default 10s.
	Timeout time.Duration `mapstructure:"timeout"`

	// emptyEndpoint tells an endpoint that says nothing, as that of a variable nobody set, from none.
	emptyEndpoint bool
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if err := conf.Unmarshal(c); err != nil {
		return err
	}
	c.emptyEndpoint = conf.IsSet("endpoint") && c.Endpoint == ""
	return nil
}

// Embedded configures a vault in this Collector.
type Embedded struct {
	// Path is the vault's directory, created at the first start with mode 0700. Whoever can read it can reveal. One
	// Collector at a time may use it.
	Path string `mapstructure:"path"`
	// Epoch is how long the same value keeps the same token. Default 720h (30 days). It holds for epochs that begin
	// from now on.
	Epoch time.Duration `mapstructure:"epoch"`
	// Retention is how long after its epoch a token can still be revealed. Then its key is destroyed. Default 2160h
	// (90 days).
	Retention time.Duration `mapstructure:"retention"`
	// MinFreeMiB is the room on the disk below which telemetry is held back rather than escrowed, so that the vault
	// can still flush and erase. Default 128.
	MinFreeMiB uint64 `mapstructure:"min_free_mib"`
}

// TLS names the PEM files of an identity. They are read again when they are replaced.
type TLS struct {
	// CertFile holds this Collector's certificate, KeyFile its private key.
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
	// CAFile holds the certificates of those who sign the vault's.
	CAFile string `mapstructure:"ca_file"`
	// ServerName is the name the vault's certificate is for. Default: the endpoint's host.
	ServerName string `mapstructure:"server_name"`
}

// SPIFFE says where the Workload API is, and who the vault is.
type SPIFFE struct {
	// Socket is the Workload API's address. Default: what SPIFFE_ENDPOINT_SOCKET says.
	Socket string `mapstructure:"socket"`
	// ServerID is the vault's SPIFFE ID, such as spiffe://example.org/vault.
	ServerID string `mapstructure:"server_id"`
}

// Spool is where sealed records wait for the vault.
type Spool struct {
	// Directory is created with mode 0700. One Collector at a time may use it. It holds no plain value and no key.
	Directory string `mapstructure:"directory"`
	// MaxSize is the most room it takes, such as 512MiB. Default 1GiB. When it is full, on_unavailable decides.
	MaxSize Size `mapstructure:"max_size"`
	// Unlinked gives values that only the vault may mint, such as card numbers, unlinked tokens while the vault does not
	// answer: they can be revealed, and are others than those of the same value elsewhere or at another time. When it is
	// false, telemetry with such values waits for the vault, spool or not. Default true.
	Unlinked bool `mapstructure:"unlinked"`
}

// Size is a number of bytes, written such as 512MiB or 1GiB.
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler. Units count in 1,024.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := units.RAMInBytes(string(text))
	if err != nil {
		return fmt.Errorf("%q is no size: want a number with a unit, such as 512MiB", text)
	}
	*s = Size(n)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Size) String() string { return strings.ReplaceAll(units.BytesSize(float64(s)), " ", "") }

const (
	minEpoch          = time.Second
	maxTime           = 100 * 365 * 24 * time.Hour
	defaultMinFreeMiB = 128
	defaultTimeout    = 10 * time.Second
	minSpool          = 1 << 20
	defaultSpool      = 1 << 30
)

func defaultConfig() component.Config {
	return &Config{
		Embedded: configoptional.Default(Embedded{
			Epoch: keyring.DefaultEpochLength, Retention: keyring.DefaultRetention, MinFreeMiB: defaultMinFreeMiB,
		}),
		TLS:     configoptional.Default(TLS{}),
		SPIFFE:  configoptional.Default(SPIFFE{}),
		Spool:   configoptional.Default(Spool{MaxSize: defaultSpool, Unlinked: true}),
		Timeout: defaultTimeout,
	}
}

// faults collects what is wrong, each by its path in the YAML.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Validate reports every fault at once, each by its path in the YAML.
func (c *Config) Validate() error {
	var f faults
	switch {
	case c.Embedded.HasValue() && c.Endpoint != "":
		f.add("embedded, endpoint: one vault or the other: a Collector with an endpoint keeps no vault of its own")
	case c.Embedded.HasValue():
		c.Embedded.Get().validate(&f)
		if c.TLS.HasValue() || c.SPIFFE.HasValue() || c.Spool.HasValue() {
			f.add("tls, spiffe, spool: go with endpoint; an embedded vault is in this process")
		}
	case c.emptyEndpoint:
		f.add("endpoint: is empty: want host:port of the vault's issuer listener; " +
			"is the variable set that it comes from, such as CLOAKROOM_VAULT_ENDPOINT?")
	case c.Endpoint == "":
		f.add("embedded: must be set, for example embedded: {path: ./data/vault}; or endpoint, of a vault that serves many Collectors")
	default:
		c.validateRemote(&f)
	}
	return errors.Join(f...)
}

func (c *Config) validateRemote(f *faults) {
	if host, port, err := net.SplitHostPort(c.Endpoint); err != nil || host == "" || port == "" || strings.Contains(c.Endpoint, "/") {
		f.add("endpoint: %q: want host:port of the vault's issuer listener, such as vault.example.org:7443", c.Endpoint)
	}
	switch {
	case c.TLS.HasValue() == c.SPIFFE.HasValue():
		f.add("tls, spiffe: this Collector needs an identity: set one of both")
	case c.TLS.HasValue():
		c.TLS.Get().validate(f)
	case c.SPIFFE.Get().ServerID == "":
		f.add("spiffe.server_id: must be set: who the vault is, such as spiffe://example.org/vault")
	case !strings.HasPrefix(c.SPIFFE.Get().ServerID, "spiffe://"):
		f.add("spiffe.server_id: %q: want spiffe://trust.domain/path", c.SPIFFE.Get().ServerID)
	}
	if c.Spool.HasValue() {
		c.Spool.Get().validate(f)
	}
	if c.Timeout <= 0 {
		f.add("timeout: %s: must be more than 0", c.Timeout)
	}
}

func (t *TLS) validate(f *faults) {
	for _, file := range []struct{ key, path, what string }{
		{"cert_file", t.CertFile, "this Collector's certificate"},
		{"key_file", t.KeyFile, "the private key of cert_file"},
		{"ca_file", t.CAFile, "the certificates of those who sign the vault's"},
	} {
		if file.path == "" {
			f.add("tls.%s: must be set: %s, in PEM", file.key, file.what)
		} else if _, err := os.Stat(file.path); err != nil {
			f.add("tls.%s: %w", file.key, err)
		}
	}
}

func (s *Spool) validate(f *faults) {
	if s.Directory == "" {
		f.add("spool.directory: must be set: where sealed records wait for the vault")
	}
	f.privateDirectory("spool.directory", s.Directory, "it holds sealed records")
	if s.MaxSize < minSpool {
		f.add("spool.max_size: %s: must be at least %s", s.MaxSize, Size(minSpool))
	}
}

// privateDirectory finds fault with what is there and is no directory, or one that lets others in.
func (f *faults) privateDirectory(key, path, why string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil: // not there yet
	case !info.IsDir():
		f.add("%s: %s is not a directory", key, path)
	case info.Mode().Perm()&0o077 != 0:
		f.add("%s: mode %#o of %s lets others in, and %s: make it 0700", key, info.Mode().Perm(), path, why)
	}
}

func (e *Embedded) validate(f *faults) {
	if e.Path == "" {
		f.add("embedded.path: must be set: the directory for keys, records and audit log")
	}
	f.privateDirectory("embedded.path", e.Path, "it holds keys")
	if e.Epoch < minEpoch || e.Epoch > maxTime {
		f.add("embedded.epoch: %s: must be from %s to %s", e.Epoch, minEpoch, maxTime)
	}
	if e.Retention <= 0 || e.Retention > maxTime {
		f.add("embedded.retention: %s: must be more than 0 and at most %s", e.Retention, maxTime)
	}
}
