package standalone

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
)

// Config is vault.yaml. `cloakroom vault init` writes one with comments.
type Config struct {
	// Directory holds the keys, the audit log, the socket of administrators, and the store unless that is elsewhere.
	Directory string `yaml:"directory"`
	// Store is where sealed records rest. Default: pebble in the directory.
	Store Store `yaml:"store"`
	// Regions are further stores, by the region that a scope names. Rows of a region are in its own store only.
	Regions map[string]Store `yaml:"regions"`

	// TLS or SPIFFE is who the vault is, and whom it trusts.
	TLS    *TLS    `yaml:"tls"`
	SPIFFE *SPIFFE `yaml:"spiffe"`

	// Issuer is the listener of agents, Reveal the one of people and tools who reveal; empty: none. Telemetry serves
	// health and metrics, without TLS: keep it on the loopback interface or behind a network policy.
	Issuer    Listener `yaml:"issuer"`
	Reveal    Listener `yaml:"reveal"`
	Telemetry Listener `yaml:"telemetry"`

	// Epochs is how long one key mints, and how long after that its tokens can be revealed.
	Epochs Epochs `yaml:"epochs"`
	// Scopes are those that differ.
	Scopes map[string]Scope `yaml:"scopes"`
	// Grants says how long an agent may mint before it asks again.
	Grants Grants `yaml:"grants"`
	// Classes overrides who mints what: agents, or the vault alone.
	Classes Classes `yaml:"classes"`
	// Agents are who may mint. Nobody else may.
	Agents []Agent `yaml:"agents"`
	// Revealers are who may reveal over the network. Nobody else may.
	Revealers []Revealer `yaml:"revealers"`
	// Replayers are who may open dead letters of the Kafka mode over the network. Nobody else may, nor does a rule under
	// revealers allow it.
	Replayers []Replayer `yaml:"replayers"`
	// Admins are those who may administrate over the network, on the reveal listener. Default: nobody; the socket in
	// the directory is there for the vault's own user.
	Admins []string `yaml:"admins"`
	// Log is how the vault speaks of itself on standard error.
	Log Log `yaml:"log"`
}

// Store is one of the two.
type Store struct {
	Pebble   *Pebble   `yaml:"pebble"`
	Postgres *Postgres `yaml:"postgres"`
}

// Pebble is a store in files of this machine.
type Pebble struct {
	// Path is its directory.
	Path string `yaml:"path"`
	// MinFreeMiB is the room on the disk below which nothing more is taken. Default 128.
	MinFreeMiB uint64 `yaml:"min_free_mib"`
}

// Postgres is a store in a database that speaks PostgreSQL's protocol.
type Postgres struct {
	// URL is the database's, postgres://user@host/name?sslmode=verify-full, or key=value pairs. URLFile holds it in
	// its place.
	URL     string `yaml:"url"`
	URLFile string `yaml:"url_file"`
	// PasswordFile holds the password, so that the URL need not.
	PasswordFile string `yaml:"password_file"`
	// MaxConnections at once. Default 16.
	MaxConnections int `yaml:"max_connections"`
	// StatementTimeout bounds one statement. Default 30s.
	StatementTimeout time.Duration `yaml:"statement_timeout"`
}

// TLS names PEM files. They are read again when they are replaced.
type TLS struct {
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// CAFile holds the certificates of those who sign the callers'.
	CAFile string `yaml:"ca_file"`
}

// SPIFFE says where the Workload API is.
type SPIFFE struct {
	// Socket is its address. Default: what SPIFFE_ENDPOINT_SOCKET says.
	Socket string `yaml:"socket"`
	// TrustDomains are those whose members may connect. Default: the vault's own.
	TrustDomains []string `yaml:"trust_domains"`
}

// Listener is a TCP address.
type Listener struct {
	Listen string `yaml:"listen"`
	// MaxConnections at once; more wait. Default 4096.
	MaxConnections int `yaml:"max_connections"`
}

// Epochs are the lives of keys.
type Epochs struct {
	// Length is how long the same value keeps the same token. Default 720h.
	Length time.Duration `yaml:"length"`
	// Retention is how long after its epoch a token can be revealed. Default 2160h.
	Retention time.Duration `yaml:"retention"`
}

// Scope is what one scope has of its own.
type Scope struct {
	Epochs `yaml:",inline"`
	// Region names the store of its rows, see Config.Regions. Default: Config.Store.
	Region string `yaml:"region"`
}

// Grants of agents.
type Grants struct {
	// Life of one grant. Agents renew at less than half of it, so an outage of half of it ends none. Default 2h.
	Life time.Duration `yaml:"life"`
}

// Classes overrides the built-in table of who mints what. The words are the classes in tokens, such as card.
type Classes struct {
	Local []string `yaml:"local"`
	Issue []string `yaml:"issue"`
}

// Agent is a rule about who may mint. In patterns, * stands for any letters but a slash and ** for any letters.
type Agent struct {
	// Name is how metrics call those the rule is about.
	Name string `yaml:"name"`
	// ID is a SPIFFE ID, the name of a certificate, or a pattern of such.
	ID string `yaml:"id"`
	// Classes, Scopes and Regions are what they may mint, and where. No regions: any.
	Classes []string `yaml:"classes"`
	Scopes  []string `yaml:"scopes"`
	Regions []string `yaml:"regions"`
	// Issue bounds what the vault mints for each of them. Default: 200 values a second, 10000 at once.
	Issue Rate `yaml:"issue"`
}

// Rate is a token bucket, in values.
type Rate struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

// Revealer is a rule about who may reveal.
type Revealer struct {
	Name    string   `yaml:"name"`
	ID      string   `yaml:"id"`
	Classes []string `yaml:"classes"`
	Scopes  []string `yaml:"scopes"`
}

// Replayer is a rule about who may open dead letters.
type Replayer struct {
	ID     string   `yaml:"id"`
	Topics []string `yaml:"topics"`
	Scopes []string `yaml:"scopes"`
}

// Log of the vault itself.
type Log struct {
	// Level is debug, info, warn or error. Default info.
	Level string `yaml:"level"`
	// Format is json or console. Default json.
	Format string `yaml:"format"`
}

// Defaults of what a configuration leaves out.
const (
	defaultLife           = 2 * time.Hour
	defaultConnections    = 4096
	defaultMinFreeMiB     = 128
	defaultTelemetry      = "127.0.0.1:7445"
	defaultStatementLimit = 30 * time.Second
	defaultPool           = 16

	maxPool = 10_000
	minLife = time.Minute
	maxTime = 100 * 365 * 24 * time.Hour
)

// Read reads and checks a configuration. Every fault of it is in the error, by its key. Relative paths count from the
// file's directory. ${env:NAME} and ${env:NAME:-otherwise} stand for what the environment says.
func Read(path string) (*Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.complete(filepath.Dir(path))
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("%s:\n%w", path, err)
	}
	return c, nil
}

func parse(raw []byte) (*Config, error) {
	var root, more yaml.Node
	whole := yaml.NewDecoder(bytes.NewReader(raw))
	if err := whole.Decode(&root); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := whole.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("want one document: nothing after --- would count")
	}
	if err := emptyStore(&root); err != nil {
		return nil, err
	}
	var f faults
	expand(&root, &f)
	if err := errors.Join(f...); err != nil {
		return nil, err
	}
	c := &Config{}
	f.addYAML(unknownKeys(raw))
	var wrong *yaml.TypeError
	if err := root.Decode(c); errors.As(err, &wrong) {
		f.addYAML(wrong.Errors)
	} else if err != nil {
		return nil, err
	}
	if err := errors.Join(f...); err != nil {
		return nil, err
	}
	return c, nil
}

// emptyStore finds a store that is named and says nothing: it would be taken for the default one.
func emptyStore(root *yaml.Node) error {
	if len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	pairs := root.Content[0].Content
	for n := 0; n+1 < len(pairs); n += 2 {
		store := pairs[n+1]
		if pairs[n].Value != "store" || store.Kind != yaml.MappingNode {
			continue
		}
		for m := 0; m+1 < len(store.Content); m += 2 {
			if store.Content[m+1].Tag == "!!null" {
				return fmt.Errorf("store.%s: says nothing: want its settings, or leave store out for files in the directory", store.Content[m].Value)
			}
		}
	}
	return nil
}

var envReference = regexp.MustCompile(`\$\{env:([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expand puts in what the environment says, in values only: what a variable holds is never YAML.
func expand(n *yaml.Node, f *faults) {
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${env:") {
		whole := n.Value
		n.Value = envReference.ReplaceAllStringFunc(whole, func(ref string) string {
			m := envReference.FindStringSubmatch(ref)
			value, set := os.LookupEnv(m[1])
			switch {
			case set && value != "":
				return value
			case m[2] == "" && !set:
				f.add("line %d: the environment has no %s", n.Line, m[1])
			}
			return m[3]
		})
		if n.Style == 0 && n.Value != whole {
			n.Tag = "" // a number stays a number
			if n.Value != "" && n.ShortTag() == "!!null" {
				n.Tag = "!!str" // a password may be null
			}
		}
	}
	for _, c := range n.Content {
		expand(c, f)
	}
}

// complete fills in defaults.
func (c *Config) complete(base string) {
	under := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
	set(&c.Directory, ".")
	under(&c.Directory)
	if c.Store == (Store{}) {
		c.Store.Pebble = &Pebble{Path: filepath.Join(c.Directory, "store")}
	}
	stores := []Store{c.Store}
	for _, s := range c.Regions {
		stores = append(stores, s)
	}
	for _, s := range stores {
		if s.Pebble != nil {
			under(&s.Pebble.Path)
			set(&s.Pebble.MinFreeMiB, defaultMinFreeMiB)
		}
		if s.Postgres != nil {
			under(&s.Postgres.URLFile)
			under(&s.Postgres.PasswordFile)
			set(&s.Postgres.MaxConnections, defaultPool)
			set(&s.Postgres.StatementTimeout, defaultStatementLimit)
		}
	}
	if c.TLS != nil {
		under(&c.TLS.CertFile)
		under(&c.TLS.KeyFile)
		under(&c.TLS.CAFile)
	}
	set(&c.Telemetry.Listen, defaultTelemetry)
	for _, l := range []*Listener{&c.Issuer, &c.Reveal, &c.Telemetry} {
		set(&l.MaxConnections, defaultConnections)
	}
	set(&c.Epochs.Length, keyring.DefaultEpochLength)
	set(&c.Epochs.Retention, keyring.DefaultRetention)
	for name, s := range c.Scopes {
		set(&s.Length, c.Epochs.Length)
		set(&s.Retention, c.Epochs.Retention)
		c.Scopes[name] = s
	}
	set(&c.Grants.Life, defaultLife)
	for n := range c.Agents {
		set(&c.Agents[n].Name, fmt.Sprintf("agents[%d]", n))
	}
	for n := range c.Revealers {
		set(&c.Revealers[n].Name, fmt.Sprintf("revealers[%d]", n))
	}
	set(&c.Log.Level, "info")
	set(&c.Log.Format, "json")
}

func set[T comparable](p *T, otherwise T) {
	var zero T
	if *p == zero {
		*p = otherwise
	}
}

// faults collects what is wrong, each by its key.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Validate reports every fault, each by its key.
func (c *Config) Validate() error {
	var f faults
	c.Store.validate("store", &f)
	for name, s := range c.Regions {
		s.validate("regions."+name, &f)
	}
	c.validateIdentity(&f)
	c.validateListeners(&f)
	c.Epochs.validate("epochs", &f)
	for name, s := range c.Scopes {
		s.validate("scopes."+name, &f)
		if _, known := c.Regions[s.Region]; s.Region != "" && !known {
			f.add("scopes.%s.region: there is no regions.%s", name, s.Region)
		}
		if !keyring.ValidScope(name) {
			f.add("scopes: %q: %w", name, keyring.ErrScope)
		}
	}
	if c.Grants.Life < minLife || c.Grants.Life > maxTime {
		f.add("grants.life: %s: must be at least %s", c.Grants.Life, minLife)
	}
	if err := c.Rules().Validate(); err != nil {
		f = append(f, err)
	}
	c.Log.validate(&f)
	return errors.Join(f...)
}

func (c *Config) validateListeners(f *faults) {
	taken := map[string]string{}
	for _, l := range []struct {
		key string
		Listener
	}{{"issuer", c.Issuer}, {"reveal", c.Reveal}, {"telemetry", c.Telemetry}} {
		if l.Listen == "" {
			continue
		}
		_, port, err := net.SplitHostPort(l.Listen)
		switch other := taken[l.Listen]; {
		case err != nil || port == "":
			f.add("%s.listen: %q: want host:port, such as 0.0.0.0:7443", l.key, l.Listen)
		case other != "" && port != "0":
			f.add("%s.listen: %s is that of %s: each listener needs an address of its own", l.key, l.Listen, other)
		}
		taken[l.Listen] = l.key
		if l.MaxConnections < 1 {
			f.add("%s.max_connections: %d: must be at least 1", l.key, l.MaxConnections)
		}
	}
}

// Check looks at what a configuration names, beyond what Read does: the certificate's files, and whether there is a vault
// in the directory.
func (c *Config) Check() (warnings []string, err error) {
	if c.TLS != nil {
		err = identity.CheckServer(identity.FilesConfig{CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile, CAFile: c.TLS.CAFile})
		if err != nil {
			err = fmt.Errorf("tls: %w", err)
		}
	}
	if fault := c.hasKeys(); fault != nil {
		warnings = append(warnings, fault.Error())
	}
	return warnings, err
}

// hasKeys fails when there is no vault in the directory. To make new keys where the old ones were expected, on a disk that
// is not mounted for example, would be to lose all tokens unnoticed.
func (c *Config) hasKeys() error {
	if server.IsVault(c.Directory) {
		return nil
	}
	return fmt.Errorf("directory: %s holds no keys of a vault: `cloakroom vault init %s` makes them; those of an older vault come from its backup",
		c.Directory, c.Directory)
}

func (s Store) validate(key string, f *faults) {
	switch {
	case (s.Pebble == nil) == (s.Postgres == nil):
		f.add("%s: want one of pebble and postgres", key)
	case s.Pebble != nil && s.Pebble.Path == "":
		f.add("%s.pebble.path: must be set", key)
	case s.Postgres != nil:
		s.Postgres.validate(key+".postgres", f)
	}
}

func (p *Postgres) validate(key string, f *faults) {
	if (p.URL == "") == (p.URLFile == "") {
		f.add("%s: want one of url and url_file", key)
	}
	for name, path := range map[string]string{"url_file": p.URLFile, "password_file": p.PasswordFile} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			f.add("%s.%s: %w", key, name, err)
		}
	}
	if p.MaxConnections < 1 || p.MaxConnections > maxPool {
		f.add("%s.max_connections: %d: must be from 1 to %d", key, p.MaxConnections, maxPool)
	}
	if p.StatementTimeout < time.Millisecond {
		f.add("%s.statement_timeout: %s: must be at least 1ms", key, p.StatementTimeout)
	}
}

func (c *Config) validateIdentity(f *faults) {
	if c.Issuer.Listen == "" && c.Reveal.Listen == "" {
		f.add("issuer.listen: must be set: a vault without listeners serves nobody (an embedded vault needs no configuration)")
		return
	}
	switch {
	case (c.TLS == nil) == (c.SPIFFE == nil):
		f.add("tls, spiffe: the vault needs an identity: set one of both")
	case c.TLS != nil:
		for _, file := range []struct{ key, path string }{{"cert_file", c.TLS.CertFile}, {"key_file", c.TLS.KeyFile}, {"ca_file", c.TLS.CAFile}} {
			if file.path == "" {
				f.add("tls.%s: must be set", file.key)
			} else if _, err := os.Stat(file.path); err != nil {
				f.add("tls.%s: %w", file.key, err)
			}
		}
	}
}

func (e Epochs) validate(key string, f *faults) {
	if e.Length < time.Second || e.Length > maxTime {
		f.add("%s.length: %s: must be from 1s to %s", key, e.Length, maxTime)
	}
	if e.Retention < time.Second || e.Retention > maxTime {
		f.add("%s.retention: %s: must be from 1s to %s", key, e.Retention, maxTime)
	}
}

func (l Log) validate(f *faults) {
	switch l.Level {
	case "debug", "info", "warn", "error":
	default:
		f.add("log.level: %q: want debug, info, warn or error", l.Level)
	}
	if l.Format != "json" && l.Format != "console" {
		f.add("log.format: %q: want json or console", l.Format)
	}
}

// Rules is who may what, as the services ask it.
func (c *Config) Rules() *server.Rules {
	r := &server.Rules{
		Admins: c.Admins, Classes: server.ClassModes{Local: c.Classes.Local, Issue: c.Classes.Issue},
		Region: func(scope string) string { return c.Scopes[scope].Region },
	}
	for _, a := range c.Agents {
		r.Agents = append(r.Agents, server.AgentRule{
			Name: a.Name, ID: a.ID, Classes: a.Classes, Scopes: a.Scopes, Regions: a.Regions,
			Issue: server.Rate{PerSecond: a.Issue.PerSecond, Burst: a.Issue.Burst},
		})
	}
	for _, v := range c.Revealers {
		r.Revealers = append(r.Revealers, server.RevealerRule{Name: v.Name, ID: v.ID, Classes: v.Classes, Scopes: v.Scopes})
	}
	for _, v := range c.Replayers {
		r.Replayers = append(r.Replayers, server.ReplayerRule{ID: v.ID, Topics: v.Topics, Scopes: v.Scopes})
	}
	return r
}

// same reports whether two parts of a configuration say the same.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }
