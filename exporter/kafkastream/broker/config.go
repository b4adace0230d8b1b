package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

// Config says which cluster to speak to, and as whom. A component embeds it with `mapstructure:",squash"`, and asks Check in its
// own Validate: a Validate of this would be found by the Collector, which would put the name of the Go field into the path.
//
//	brokers: [kafka-1.example.org:9093, kafka-2.example.org:9093]
//	tls: {ca_file: /etc/kafka/ca.pem, reload_interval: 1h}
//	sasl: {mechanism: SCRAM-SHA-512, username: cloakroom, password_file: /run/secrets/kafka}
type Config struct {
	// Brokers are host:port of brokers to ask first. The others are learned from them.
	Brokers []string `mapstructure:"brokers"`
	// ClientID is the name by which the brokers log and throttle this client. Default cloakroom.
	ClientID string `mapstructure:"client_id"`
	// TLS to every broker. Its files, the certificates of authorities among them, are read again every reload_interval.
	TLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"tls"`
	// SASL is who this client is.
	SASL configoptional.Optional[SASL] `mapstructure:"sasl"`
	// DialTimeout bounds the opening of one connection. Default 10s.
	DialTimeout time.Duration `mapstructure:"dial_timeout"`
}

// Mechanism is a SASL mechanism by its registered name.
type Mechanism string

// The mechanisms. The first and the last show the broker a secret it could use elsewhere, and need TLS.
const (
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"
	OAuthBearer Mechanism = "OAUTHBEARER"
)

var mechanisms = []Mechanism{Plain, ScramSHA256, ScramSHA512, OAuthBearer}

// SASL is who this client is. Secrets in files are read at each authentication.
type SASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER.
	Mechanism Mechanism `mapstructure:"mechanism"`

	// Username, and Password or the PasswordFile that holds it, for PLAIN and SCRAM.
	Username     string              `mapstructure:"username"`
	Password     configopaque.String `mapstructure:"password"`
	PasswordFile string              `mapstructure:"password_file"`

	// TokenFile holds the token for OAUTHBEARER; or TokenURL gives one to ClientID with ClientSecret, or the secret in
	// ClientSecretFile, by OAuth2's client credentials.
	TokenFile        string              `mapstructure:"token_file"`
	TokenURL         string              `mapstructure:"token_url"`
	ClientID         string              `mapstructure:"client_id"`
	ClientSecret     configopaque.String `mapstructure:"client_secret"`
	ClientSecretFile string              `mapstructure:"client_secret_file"`
	Scopes           []string            `mapstructure:"scopes"`
	// TokenTLS to an https TokenURL, where the system's authorities do not do.
	TokenTLS configoptional.Optional[configtls.ClientConfig] `mapstructure:"token_tls"`
	// Extensions are sent along with the token, such as logicalCluster.
	Extensions map[string]string `mapstructure:"extensions"`

	// AllowPlaintext lets PLAIN and OAUTHBEARER show their secret to brokers without TLS. Brokers on the loopback
	// interface need no permission.
	AllowPlaintext bool `mapstructure:"allow_plaintext"`
}

const (
	defaultClientID    = "cloakroom"
	defaultDialTimeout = 10 * time.Second
)

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		ClientID: defaultClientID, DialTimeout: defaultDialTimeout,
		TLS:  configoptional.Default(configtls.NewDefaultClientConfig()),
		SASL: configoptional.Default(SASL{TokenTLS: configoptional.Default(configtls.NewDefaultClientConfig())}),
	}
}

// faults collects what is wrong, each by its path in the YAML.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Check reports every fault at once, each by its path in the YAML.
func (c *Config) Check() error {
	var f faults
	c.validateBrokers(&f)
	f = append(f, spelling.Time("dial_timeout", c.DialTimeout))
	encrypted := false
	if c.TLS.HasValue() {
		encrypted = c.validateTLS(&f)
	}
	if c.SASL.HasValue() {
		c.SASL.Get().validate(&f)
		c.validatePlaintext(&f, encrypted)
	}
	return errors.Join(f...)
}

// validateTLS finds files that are missing or hold no certificates now, not at the first connection, and tells whether there is TLS.
func (c *Config) validateTLS(f *faults) bool {
	t := c.TLS.Get()
	loaded, err := t.LoadTLSConfig(context.Background())
	if err != nil {
		var files []string // which the error does not always name
		for _, file := range []struct{ key, path string }{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}} {
			if file.path != "" {
				files = append(files, file.key+" "+file.path)
			}
		}
		f.add("tls: %s: want files of certificates and keys in PEM: %w", strings.Join(files, ", "), err)
	}
	return err != nil || loaded != nil
}

func (c *Config) validateBrokers(f *faults) {
	if len(c.Brokers) == 0 {
		f.add("brokers: must be set: host:port of at least one broker, such as kafka.example.org:9092")
	}
	for i, b := range c.Brokers {
		host, port, err := net.SplitHostPort(b)
		n, notNumber := strconv.ParseUint(port, 10, 16)
		if err != nil || host == "" || notNumber != nil || n == 0 || strings.ContainsAny(b, "/,@ ") {
			f.add("brokers[%d]: want host:port, such as kafka.example.org:9092", i)
		}
	}
}

func (c *Config) validatePlaintext(f *faults, encrypted bool) {
	s := c.SASL.Get()
	if encrypted || s.AllowPlaintext || !s.Mechanism.showsSecret() {
		return
	}
	for _, b := range c.Brokers {
		if host, _, err := net.SplitHostPort(b); err == nil && !loopback(host) {
			f.add("sasl.mechanism: %s shows the secret to whoever is on the way to %s: set tls, or sasl.allow_plaintext: true to accept that", s.Mechanism, b)
			return
		}
	}
}

func (m Mechanism) showsSecret() bool { return m == Plain || m == OAuthBearer }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *SASL) validate(f *faults) {
	switch s.Mechanism {
	case Plain, ScramSHA256, ScramSHA512:
		s.validatePassword(f)
	case OAuthBearer:
		s.validateToken(f)
	default:
		f.add("sasl.mechanism: %q: want one of %v", string(s.Mechanism), mechanisms)
	}
}

func (s *SASL) validatePassword(f *faults) {
	if s.Username == "" {
		f.add("sasl.username: must be set for %s", s.Mechanism)
	}
	if (s.Password == "") == (s.PasswordFile == "") {
		f.add("sasl.password, sasl.password_file: set one of both for %s", s.Mechanism)
	}
	f.readable("sasl.password_file", s.PasswordFile)
	if s.TokenFile != "" || s.TokenURL != "" || s.ClientID != "" || s.ClientSecret != "" || s.ClientSecretFile != "" || len(s.Scopes) > 0 || len(s.Extensions) > 0 {
		f.add("sasl.token_file, token_url, client_id, client_secret, client_secret_file, scopes, extensions: go with mechanism OAUTHBEARER")
	}
	if s.Mechanism != Plain && s.Password != "" {
		if _, err := s.scram(string(s.Password)); err != nil {
			f.add("sasl.password: %w", err)
		}
	}
}

func (s *SASL) validateToken(f *faults) {
	if s.Username != "" || s.Password != "" || s.PasswordFile != "" {
		f.add("sasl.username, password, password_file: go with PLAIN and SCRAM; OAUTHBEARER has token_file, or token_url with client_id and client_secret")
	}
	if (s.TokenFile == "") == (s.TokenURL == "") {
		f.add("sasl.token_file, sasl.token_url: set one of both for OAUTHBEARER")
	}
	f.readable("sasl.token_file", s.TokenFile)
	if s.TokenURL != "" {
		s.validateTokenURL(f)
	}
	for _, key := range sortedKeys(s.Extensions) {
		if !extension(key, s.Extensions[key]) {
			f.add("sasl.extensions: %q: want a name of letters other than auth, and a printable value", key)
		}
	}
}

func (s *SASL) validateTokenURL(f *faults) {
	u, err := url.Parse(s.TokenURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		f.add("sasl.token_url: want an https URL without a user, such as https://idp.example.org/oauth2/token")
	case u.Scheme == "http" && !s.AllowPlaintext && !loopback(u.Hostname()):
		f.add("sasl.token_url: %s would see client_secret in plain text on its way: use https, or set sasl.allow_plaintext: true to accept that", u.Host)
	}
	if s.ClientID == "" {
		f.add("sasl.client_id: must be set: who asks token_url for a token")
	}
	if (s.ClientSecret == "") == (s.ClientSecretFile == "") {
		f.add("sasl.client_secret, sasl.client_secret_file: set one of both with token_url")
	}
	f.readable("sasl.client_secret_file", s.ClientSecretFile)
	if s.TokenTLS.HasValue() {
		if _, err := s.TokenTLS.Get().LoadTLSConfig(context.Background()); err != nil {
			f.add("sasl.token_tls: %w", err)
		}
	}
}

// extension tells whether RFC 7628 lets the pair stand beside the token.
func extension(key, value string) bool {
	letter := func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
	printable := func(r rune) bool { return ' ' <= r && r <= '~' || r == '\t' || r == '\r' || r == '\n' }
	not := func(ok func(rune) bool) func(rune) bool { return func(r rune) bool { return !ok(r) } }
	return key != "" && key != "auth" && !strings.ContainsFunc(key, not(letter)) && !strings.ContainsFunc(value, not(printable))
}

// readable finds fault with a file of a secret that cannot be read, or is empty.
func (f *faults) readable(key, path string) {
	if path == "" {
		return
	}
	if _, err := readSecret(path); err != nil {
		f.add("%s: %w", key, err)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
