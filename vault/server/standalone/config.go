package standalone

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
)

// Config is a vault.yaml. Its fields are explained in the file that `cloakroom vault init` writes.
type Config struct {
	Directory string            `yaml:"directory"`
	Identity  Identity          `yaml:"identity"`
	Issuer    Listener          `yaml:"issuer"`
	Reveal    Listener          `yaml:"reveal"`
	Telemetry Listener          `yaml:"telemetry"`
	Store     Store             `yaml:"store"`
	Epoch     Duration          `yaml:"epoch"`
	Retention Duration          `yaml:"retention"`
	GrantLife Duration          `yaml:"grant_life"`
	Scopes    map[string]*Scope `yaml:"scopes"`
	Agents    []Agent           `yaml:"agents"`
	Revealers []Revealer        `yaml:"revealers"`
	Admins    []string          `yaml:"admins"`
	Classes   Classes           `yaml:"classes"`
}

// Identity is where the vault's certificate comes from: files or the SPIFFE Workload API.
type Identity struct {
	Files  *Files  `yaml:"files"`
	SPIFFE *SPIFFE `yaml:"spiffe"`
}

// Files are PEM files, read again when they change.
type Files struct {
	Cert string `yaml:"cert_file"`
	Key  string `yaml:"key_file"`
	CA   string `yaml:"ca_file"`
}

// SPIFFE is the Workload API.
type SPIFFE struct {
	Socket       string   `yaml:"socket"`
	TrustDomains []string `yaml:"trust_domains"`
}

// Listener is an address to listen on.
type Listener struct {
	Listen string `yaml:"listen"`
}

// Store is where sealed records rest.
type Store struct {
	Pebble *Pebble `yaml:"pebble"`
}

// Pebble is a store on this machine's disk.
type Pebble struct {
	MinFreeMiB uint64 `yaml:"min_free_mib"`
}

// Scope says where a scope differs.
type Scope struct {
	Epoch     Duration `yaml:"epoch"`
	Retention Duration `yaml:"retention"`
	Region    string   `yaml:"region"`
}

// Agent is a rule for agents.
type Agent struct {
	Name    string   `yaml:"name"`
	ID      string   `yaml:"id"`
	Classes []string `yaml:"classes"`
	Scopes  []string `yaml:"scopes"`
	Regions []string `yaml:"regions"`
	Issue   struct {
		PerSecond float64 `yaml:"per_second"`
		Burst     int     `yaml:"burst"`
	} `yaml:"issue"`
}

// Revealer is a rule for those who reveal.
type Revealer struct {
	Name    string   `yaml:"name"`
	ID      string   `yaml:"id"`
	Classes []string `yaml:"classes"`
	Scopes  []string `yaml:"scopes"`
}

// Classes are the class map.
type Classes struct {
	Issue []string `yaml:"issue"`
	Local []string `yaml:"local"`
}

// Duration is a time.Duration that YAML spells as Go does: 720h.
type Duration time.Duration

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: not a duration: want one like 720h or 30m", n.Line)
	}
	*d = Duration(v)
	return nil
}

// Load reads and validates a configuration. It reports every fault at once, each by its path in the YAML.
func Load(path string) (*Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads and validates a configuration.
func Parse(raw []byte) (*Config, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	// In the values of the tree, so that what a variable holds can be no YAML of its own.
	if err := expand(&root); err != nil {
		return nil, err
	}
	expanded, err := yaml.Marshal(&root)
	if err != nil {
		return nil, err
	}
	c := &Config{}
	d := yaml.NewDecoder(bytes.NewReader(expanded))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return c, c.validate()
}

var variable = regexp.MustCompile(`\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}`)

func expand(n *yaml.Node) error {
	var faults []error
	if n.Kind == yaml.ScalarNode && variable.MatchString(n.Value) {
		n.Value = variable.ReplaceAllStringFunc(n.Value, func(s string) string {
			name := variable.FindStringSubmatch(s)[1]
			v, ok := os.LookupEnv(name)
			if !ok {
				faults = append(faults, fmt.Errorf("line %d: the environment has no variable %s", n.Line, name))
			}
			return v
		})
	}
	for _, child := range n.Content {
		faults = append(faults, expand(child))
	}
	return errors.Join(faults...)
}

func (c *Config) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Directory == "" {
		fault("directory: must be set: where keys, audit log and socket are")
	}
	switch f := c.Identity.Files; {
	case (f == nil) == (c.Identity.SPIFFE == nil):
		fault("identity: want one of files and spiffe: there is no listener without certificates")
	case f != nil:
		for key, v := range map[string]string{"cert_file": f.Cert, "key_file": f.Key, "ca_file": f.CA} {
			if v == "" {
				fault("identity.files.%s: must be set", key)
			}
		}
	}
	for key, l := range map[string]Listener{"issuer": c.Issuer, "reveal": c.Reveal, "telemetry": c.Telemetry} {
		if l.Listen == "" && key != "issuer" {
			continue
		}
		if _, _, err := net.SplitHostPort(l.Listen); err != nil {
			fault("%s.listen: %q: want host:port", key, l.Listen)
		}
	}
	lives := func(path string, epoch, retention Duration) {
		if epoch < 0 || epoch > 0 && time.Duration(epoch) < time.Second {
			fault("%sepoch: must be at least 1s", path)
		}
		if retention < 0 {
			fault("%sretention: must not be negative", path)
		}
	}
	lives("", c.Epoch, c.Retention)
	if c.GrantLife < 0 || c.GrantLife > 0 && time.Duration(c.GrantLife) < time.Minute {
		fault("grant_life: must be at least 1m")
	}
	for name, s := range c.Scopes {
		if !keyring.ValidScope(name) {
			fault("scopes: %q: %w", name, keyring.ErrScope)
		}
		if s != nil {
			lives("scopes."+name+".", s.Epoch, s.Retention)
		}
	}
	return errors.Join(append(faults, c.rules().Validate())...)
}

// rules are what the configuration allows.
func (c *Config) rules() *server.Rules {
	r := &server.Rules{
		Admins: c.Admins, Classes: server.ClassModes{Issue: c.Classes.Issue, Local: c.Classes.Local},
		Region: func(scope string) string {
			if s := c.Scopes[scope]; s != nil {
				return s.Region
			}
			return ""
		},
	}
	for n, a := range c.Agents {
		r.Agents = append(r.Agents, server.AgentRule{
			Name: cmp.Or(a.Name, fmt.Sprintf("agents[%d]", n)), ID: a.ID, Classes: a.Classes, Scopes: a.Scopes, Regions: a.Regions,
			Issue: server.Rate{PerSecond: a.Issue.PerSecond, Burst: a.Issue.Burst},
		})
	}
	for n, v := range c.Revealers {
		r.Revealers = append(r.Revealers, server.RevealerRule{
			Name: cmp.Or(v.Name, fmt.Sprintf("revealers[%d]", n)), ID: v.ID, Classes: v.Classes, Scopes: v.Scopes,
		})
	}
	return r
}
