package standalone

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/identity/authority"
)

func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), ConfigFile)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestReadReportsEveryFault at once, by its key.
func TestReadReportsEveryFault(t *testing.T) {
	_, err := Read(write(t, `
store: {pebble: {path: ./a}, postgres: {url: "postgres://db/x"}}
regions:
  eu: {}
  us: {postgres: {url: a, url_file: ./nowhere, max_connections: -1, statement_timeout: 1us}}
tls: {cert_file: ./nowhere.crt, ca_file: ./nowhere-ca.crt}
spiffe: {}
issuer: {listen: "7443", max_connections: -1}
reveal: {listen: "0.0.0.0:"}
epochs: {length: 1ms, retention: -1h}
scopes:
  payments: {region: mars, length: 1ns}
grants: {life: 1s}
classes: {local: [ssn, "no way"], issue: [ssn]}
agents:
  - {name: twin, id: a, classes: ["*"], scopes: ["*"]}
  - {name: twin, classes: ["Card"], issue: {per_second: .nan, burst: -1}}
revealers: [{id: b}]
replayers: [{}]
admins: ["**"]
log: {level: loud, format: xml}
`))
	for _, key := range []string{
		"store: want one", "regions.eu: want one", "regions.us.postgres: want one", "regions.us.postgres.url_file: ",
		"regions.us.postgres.max_connections", "regions.us.postgres.statement_timeout", "tls, spiffe: ", "issuer.listen: ",
		"issuer.max_connections", "reveal.listen", "epochs.length", "epochs.retention", "scopes.payments.region: there is no regions.mars",
		"scopes.payments.length", "grants.life", "classes.local[1]", `classes: "ssn"`, "agents[1].name", "agents[1].id", "agents[1].classes[0]",
		"agents[1].scopes", "agents[1].issue.per_second", "agents[1].issue.burst", "revealers[0].classes", "revealers[0].scopes",
		"replayers[0].id", "replayers[0].topics", "replayers[0].scopes", "admins[0]", "log.level", "log.format",
	} {
		require.ErrorContains(t, err, key)
	}
	_, err = Read(write(t, "issuer: {listen: \":7443\"}\ntls: {cert_file: ./no.crt, ca_file: ./no-ca.crt}"))
	for _, key := range []string{"tls.cert_file: ", "tls.key_file: must be set", "tls.ca_file: "} {
		require.ErrorContains(t, err, key)
	}
	require.ErrorContains(t, err, ConfigFile)
	_, err = Read(write(t, ""))
	require.ErrorContains(t, err, "issuer.listen: must be set")
}

func TestReadFaultsOfForm(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "stroe: {pebble: {path: a}}", "line 1: no such key: stroe"},
		{"unknown key below", "# a\n\n\nstore: {pebble: {paht: a}}", "line 4: no such key: paht"},
		{"both", "a: 1\nissuer: {b: 1}", "line 2: no such key: b"},
		{"no YAML", "a: [", "yaml"},
		{"a list", "- a", "line 1: want keys with values"},
		{"no duration", "# a\n\ngrants: {life: 2 days}", "line 3: want a duration such as 2h"},
		{"no list", "agents:\n  - {id: a, classes: email, scopes: [default]}", "line 2: want a list"},
		{"no number", "issuer: {max_connections: many}", "line 1: want a whole number"},
		{"no rate", "agents: [{issue: {per_second: fast}}]", "line 1: want a number"},
		{"no text", "directory: [a]", "line 1: want text"},
		{"no store", "store: pebble", "line 1: want keys with values"},
		{"a key twice", "log: {level: info}\nlog: {level: info}", "already defined at line 1"},
		{"two faults", "issure: {}\ngrants: {life: 5}", "issure\nline 2: want a duration"},
		{"one address twice", "issuer: {listen: \":7443\"}\nreveal: {listen: \":7443\"}", "reveal.listen: :7443 is that of issuer"},
		{"a second document", "log: {level: info}\n---\nadmins: [root]", "one document"},
		{"two variables that are not there", "directory: ${env:CLOAKROOM_NO_A}\nlog:\n  level: ${env:CLOAKROOM_NO_B}", "line 3: the environment has no CLOAKROOM_NO_B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(write(t, c.text))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "standalone.", "nobody who writes YAML knows Go's types")
		})
	}
	_, err := Read(filepath.Join(t.TempDir(), "none"))
	require.True(t, errors.Is(err, os.ErrNotExist))
}

// example is a line of vault.yaml that shows what may be written: a key, or a rule of a list.
var example = regexp.MustCompile(`(?m)^( *)# ( *(?:- \{|[a-z_]+:).*)$`)

// TestExamples: who takes the comment signs off the examples has a sound configuration.
func TestExamples(t *testing.T) {
	replaced := func(lines ...string) func(string) string {
		return func(text string) string {
			for _, l := range lines {
				require.Contains(t, text, l)
				text = strings.Replace(text, l, "", 1)
			}
			return text
		}
	}
	for _, c := range []struct {
		name  string
		devCA bool
		but   func(string) string // what examples take the place of
		want  string              // empty: sound
	}{
		{"with certificates made", true, replaced("  pebble: {path: ./store}\n", "\ntls: {cert_file: ./certs/vault.crt, key_file: ./certs/vault.key, ca_file: ./certs/ca.crt}"), ""},
		{"with certificates of one's own", false, replaced("  pebble: {path: ./store}\n", "\ntls: {cert_file: ./certs/vault.crt, key_file: ./certs/vault.key, ca_file: ./certs/ca.crt}"), ""},
		{"beside what they take the place of", true, replaced(), "store: want one of pebble and postgres\ntls, spiffe: the vault needs an identity: set one of both"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "v")
			_, err := Init(InitOptions{Directory: dir, Issuer: "a:1", Reveal: "a:2", Telemetry: "a:3", DevCA: c.devCA})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "db-password"), nil, 0o600))
			raw, err := os.ReadFile(filepath.Join(dir, ConfigFile))
			require.NoError(t, err)
			require.GreaterOrEqual(t, len(example.FindAllString(string(raw), -1)), 10)
			text := c.but(example.ReplaceAllString(string(raw), "$1$2"))
			require.NotRegexp(t, `(?m)^ *# *(- |[a-z_]+:)`, text, "an example that was not found")
			require.NoError(t, os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o600))
			cfg, err := Read(filepath.Join(dir, ConfigFile))
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Contains(t, cfg.Scopes, "payments")
			require.GreaterOrEqual(t, len(cfg.Agents), 2)
			require.NotEmpty(t, cfg.Revealers)
			require.NotEmpty(t, cfg.Replayers)
		})
	}
}

// TestCheck: what is named is looked at before anybody relies on it.
func TestCheck(t *testing.T) {
	a, err := authority.New("test")
	require.NoError(t, err)
	past := time.Now().Add(-time.Hour)
	for _, c := range []struct {
		name   string
		harm   func(dir string)
		fault  string // empty: none
		warned string
	}{
		{"sound", func(string) {}, "", ""},
		{"another's key", func(dir string) {
			pair, err := a.Sign(authority.Request{Name: "other"})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "vault.key"), pair.Key, 0o600))
		}, "tls: certificate .*private key does not match", ""},
		{"expired", func(dir string) {
			pair, err := a.Sign(authority.Request{Name: "vault", NotBefore: past.Add(-time.Hour), NotAfter: past})
			require.NoError(t, err)
			require.NoError(t, pair.Write(dir, "vault"))
		}, "tls: certificate .*expired on", ""},
		{"no keys", func(dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, keysDir))) }, "", "holds no keys of a vault: `cloakroom vault init "},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "v")
			_, err := Init(InitOptions{Directory: dir, Issuer: "a:1", Reveal: "a:2", Telemetry: "a:3", DevCA: true})
			require.NoError(t, err)
			c.harm(filepath.Join(dir, certsDir))
			if c.warned != "" {
				c.harm(dir)
			}
			cfg, err := Read(filepath.Join(dir, ConfigFile))
			require.NoError(t, err)
			warnings, err := cfg.Check()
			if c.fault == "" {
				require.NoError(t, err)
			} else {
				require.Regexp(t, c.fault, err)
			}
			require.Contains(t, strings.Join(warnings, "\n"), c.warned)
			require.Equal(t, c.warned != "", len(warnings) > 0)
		})
	}
}

// TestEnvironment: a variable is a value, whatever is in it.
func TestEnvironment(t *testing.T) {
	t.Setenv("CLOAKROOM_NUMBER", "7")
	t.Setenv("CLOAKROOM_LIFE", "3h")
	t.Setenv("CLOAKROOM_EMPTY", "")
	c, err := parse([]byte(`
issuer: {max_connections: "${env:CLOAKROOM_NUMBER}0"}
`))
	require.Error(t, err, "quoted, it is text: %v", c)
	c, err = parse([]byte(`
directory: ${env:CLOAKROOM_NONE:-/var/lib/vault}
store: {pebble: {path: "/srv/${env:CLOAKROOM_NUMBER}/${env:CLOAKROOM_EMPTY:-store}"}}
issuer:
  max_connections: ${env:CLOAKROOM_NUMBER}
grants:
  life: ${env:CLOAKROOM_LIFE}
# ${env:CLOAKROOM_NONE} in a comment is nothing
`))
	require.NoError(t, err)
	require.Equal(t, "/var/lib/vault", c.Directory)
	require.Equal(t, "/srv/7/store", c.Store.Pebble.Path)
	require.Equal(t, 7, c.Issuer.MaxConnections)
	require.Equal(t, 3*time.Hour, c.Grants.Life)

	for _, text := range []string{
		"a: b", "[a, b]", "{a: b}", "x\ny: z", "# no comment", "a # b", "&a", "*a", "!!int 3", "'", `"`, "- a", "| a", "%", "@", "`", "a\tb", " a ", "true",
		"12", "0x10", "null", "~", "<<", "2026-11-26", "x\n---\nadmins: [root]", "${env:CLOAKROOM_NUMBER}",
	} {
		t.Run(text, func(t *testing.T) {
			t.Setenv("CLOAKROOM_TEXT", text)
			for _, yaml := range []string{"store:\n  postgres:\n    url: ${env:CLOAKROOM_TEXT}", `store: {postgres: {url: "${env:CLOAKROOM_TEXT}"}}`} {
				c, err := parse([]byte(yaml))
				require.NoError(t, err)
				require.Equal(t, text, c.Store.Postgres.URL)
				require.Empty(t, c.Admins)
			}
		})
	}
}

func TestRelativePathsCountFromTheFile(t *testing.T) {
	c := &Config{Directory: "v", TLS: &TLS{CertFile: "a.crt", KeyFile: "/k"}, Regions: map[string]Store{"eu": {Postgres: &Postgres{URLFile: "u", PasswordFile: "p"}}}}
	c.complete("/etc/cloakroom")
	require.Equal(t, "/etc/cloakroom/v", c.Directory)
	require.Equal(t, "/etc/cloakroom/v/store", c.Store.Pebble.Path)
	require.Equal(t, []string{"/etc/cloakroom/a.crt", "/k", ""}, []string{c.TLS.CertFile, c.TLS.KeyFile, c.TLS.CAFile})
	require.Equal(t, []string{"/etc/cloakroom/u", "/etc/cloakroom/p"}, []string{c.Regions["eu"].Postgres.URLFile, c.Regions["eu"].Postgres.PasswordFile})
}

// FuzzConfig: whatever a file holds, reading it is an answer.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(configTemplate))
	for _, s := range []string{
		"", "~", "- a", "a: &a [*a]", "directory: &a ${env:HOME}\nadmins: [*a, *b]", "scopes: {x: {length: 1h, region: eu}, <<: {y: {}}}",
		"agents:\n  - {id: '**', classes: ['*'], scopes: ['*'], issue: {per_second: 1e400, burst: -1}}", "store: {pebble: }\nregions: {eu: }",
		"tls: {cert_file: \"\\0\"}", "log: !!binary aGk=", "? [a]\n: b", "a: 1\n---\nb: 2", "directory: |\n  x\n  ${env:PATH:-}", "%YAML 1.2\n---\n\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if strings.Count(string(raw), "file") > 8 || len(raw) > 1<<16 {
			return // it looks for files
		}
		c, err := parse(raw)
		if err != nil {
			return
		}
		c.complete("/nowhere")
		if c.Validate() == nil {
			c.Rules()
		}
	})
}

// TestEmptyStore: a store that is named and says nothing is not taken for files in the directory.
func TestEmptyStore(t *testing.T) {
	for _, text := range []string{"store: {postgres: }", "store:\n  pebble:\n"} {
		_, err := parse([]byte(text))
		require.ErrorContains(t, err, "says nothing", text)
	}
	_, err := parse([]byte("directory: x"))
	require.NoError(t, err)
}
