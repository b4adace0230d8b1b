package tokenization

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/cloakroom/cloakroom/processor/policy"
)

func TestConfigFromYAML(t *testing.T) {
	conf, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	cfg := defaultConfig()
	require.NoError(t, conf.Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	assert.Equal(t, &Config{
		Vault: component.MustNewIDWithName("token_vault", "eu"),
		Policy: policy.Config{
			Presets: []string{"default"},
			Scope:   "shop",
			Rules: []policy.Rule{
				{Entities: []string{"payment_card"}, Action: "tokenize", Keep: "last4", Scope: "payments"},
				{Groups: []string{"credential"}, Action: "tokenize", Kind: "one_way"},
				{Keys: []string{"user.id", "enduser.*"}, Entity: "user_id", Action: "tokenize"},
				{When: `resource.attributes["service.name"] == "edge"`, Entities: []string{"ip_address"}, Action: "keep"},
			},
			Patterns: []policy.Pattern{{Name: "order_ref", Regex: "ORD-[0-9]{8}", Class: "order"}},
		},
		OnUnavailable: "redact",
		DryRun:        true,
	}, cfg)
}

// Every fault is reported at once, each by where it stands.
func TestValidateReportsEveryFault(t *testing.T) {
	cfg := testConfig(func(c *Config) {
		c.Vault = component.ID{}
		c.OnUnavailable = "pass"
		c.Policy.Scope = "no scope!"
		c.Policy.Presets = []string{"defalt"}
		c.Policy.Rules = []policy.Rule{
			{Entities: []string{"emial"}, Action: "tokenize"},
			{Entities: []string{"email"}, Action: "hide", When: "resource.attributes["},
		}
		c.Policy.Patterns = []policy.Pattern{{Name: "order_ref", Regex: "ORD-[0-9", Class: "order"}}
	})
	err := confmap.Validate(cfg)
	require.Error(t, err)
	for _, want := range []string{
		"vault: required", "on_unavailable:", "scope:", "presets[0]", "rules[0].entities[0]", `did you mean "email"`,
		"rules[1].action", "rules[1].when", "patterns[0].regex",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.GreaterOrEqual(t, strings.Count(err.Error(), "\n"), 7)
}

// The collector names a processor once per error, so the layout has to tell whose fault a line is.
func TestFaultsOfSeveralProcessorsAreToldApart(t *testing.T) {
	faulty := func(rules ...policy.Rule) component.Config {
		return testConfig(func(c *Config) { c.Policy.Rules = rules })
	}
	collector := struct {
		Processors map[component.ID]component.Config `mapstructure:"processors"`
	}{map[component.ID]component.Config{
		component.MustNewIDWithName("tokenization", "a"): faulty(
			policy.Rule{Entities: []string{"emial"}, Action: "keep"}, policy.Rule{Entities: []string{"email"}, Action: "hide"},
		),
		component.MustNewIDWithName("tokenization", "b"): faulty(policy.Rule{Entities: []string{"fone"}, Action: "keep"}),
	}}
	err := confmap.Validate(collector)
	require.Error(t, err)
	var owner string
	lines := map[string][]string{}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, " ") {
			owner, line, _ = strings.Cut(line, ": ")
		}
		lines[owner] = append(lines[owner], line)
	}
	require.Len(t, lines, 2)
	a := lines["processors::tokenization/a"]
	require.Len(t, a, 3)
	assert.Equal(t, "2 faults:", a[0])
	assert.Equal(t, `  rules[0].entities[0]: unknown entity "emial" (did you mean "email"?)`, a[1])
	assert.Regexp(t, `^  rules\[1\]\.action: unknown action "hide"`, a[2])
	b := lines["processors::tokenization/b"]
	require.Len(t, b, 1)
	assert.Regexp(t, `^rules\[0\]\.entities\[0\]: unknown entity "fone"`, b[0])
}

func TestUnknownSettingIsRefused(t *testing.T) {
	for _, yaml := range []map[string]any{
		{"vaultt": "token_vault"},
		{"rules": []any{map[string]any{"entity_names": []any{"email"}}}},
	} {
		require.Error(t, confmap.NewFromStringMap(yaml).Unmarshal(defaultConfig()))
	}
}

func TestConfigThatHidesNothingIsRefused(t *testing.T) {
	cfg := defaultConfig().(*Config)
	cfg.Vault = vaultID
	require.EqualError(t, confmap.Validate(cfg), "presets: no presets and no rules: nothing would be hidden; for example presets: [default]")
}

func TestDryRunNeedsNoVault(t *testing.T) {
	cfg := testConfig(func(c *Config) { c.Vault = component.ID{} })
	require.ErrorContains(t, confmap.Validate(cfg), "vault: required")
	cfg.DryRun = true
	require.NoError(t, confmap.Validate(cfg))
}
