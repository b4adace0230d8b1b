package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// star matches every entity.
var star = []string{"*"}

func TestCompileFaults(t *testing.T) {
	tests := map[string]struct {
		config Config
		faults []string // all of them, in order; each a part of one line
	}{
		"unknown entity with suggestion": {
			Config{Rules: []Rule{{Entities: []string{"emial"}, Action: "keep"}}},
			[]string{`rules[0].entities[0]: unknown entity "emial" (did you mean "email"?)`},
		},
		"suggestion by word": {
			Config{Rules: []Rule{{Entities: []string{"card", "ssn", "ip"}, Action: "keep"}}},
			[]string{`(did you mean "payment_card"?)`, `(did you mean "us_ssn"?)`, `(did you mean "ip_address"?)`},
		},
		"unknown group": {
			Config{Rules: []Rule{{Groups: []string{"credentials"}, Action: "keep"}}},
			[]string{`rules[0].groups[0]: unknown group "credentials" (did you mean "credential"?)`},
		},
		"unknown signal": {
			Config{Rules: []Rule{{Entities: star, Signals: []string{"events"}, Action: "keep"}}},
			[]string{`rules[0].signals[0]: unknown signal "events" (known: traces, logs, metrics, profiles)`},
		},
		"unknown range": {
			Config{Rules: []Rule{{Ranges: []string{"privat", "none"}, Action: "keep"}}},
			[]string{`rules[0].ranges[0]: unknown range "privat" (did you mean "private"?)`, `rules[0].ranges[1]: unknown range "none"`},
		},
		"unknown action, kind, keep": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Action: "tokenise"},
				{Entities: []string{"phone"}, Action: "tokenize", Kind: "oneway"},
				{Entities: []string{"iban"}, Action: "mask", Keep: "last"},
				{Entities: []string{"jwt"}},
			}},
			[]string{
				`rules[0].action: unknown action "tokenise" (did you mean "tokenize"?)`,
				`rules[1].kind: unknown kind "oneway" (did you mean "one_way"?)`,
				`rules[2].keep: unknown part "last" (did you mean "last4"?)`,
				`rules[3].action: missing (known: keep, tokenize, redact, mask, drop)`,
			},
		},
		"bad globs": {
			Config{Rules: []Rule{{Keys: []string{"", " a", "x[0]"}, Action: "keep"}}},
			[]string{`rules[0].keys[0]: bad glob "": empty`, `keys[1]: bad glob " a": has white space`, `keys[2]: bad glob "x[0]": only * and ?`},
		},
		"bad OTTL": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Action: "keep", When: `resource.attributes["a"] =`},
				{Entities: []string{"email"}, Action: "keep", When: `attributes["a"] == "b"`},
				{Entities: []string{"email"}, Action: "keep", When: `set(resource.attributes["a"], "b")`},
			}},
			[]string{"rules[0].when: not an OTTL condition", "rules[1].when: not an OTTL condition", "rules[2].when: not an OTTL condition"},
		},
		"keys without quotes in OTTL": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Action: "keep", When: `resource.attributes[service.name] == "x[y]"`},
				{Entities: []string{"email"}, Action: "keep", When: `resource.attributes['k8s.pod-name'] == "x"`},
				{Entities: []string{"email"}, Action: "keep", When: `IsMatch(resource.attributes["a"], "^[a-z]+$") and resource.attributes[b] == "x"`},
			}},
			[]string{
				`(put keys in double quotes: resource.attributes["service.name"])`, `(put keys in double quotes: resource.attributes["k8s.pod-name"])`,
				`(put keys in double quotes: resource.attributes["b"])`,
			},
		},
		"bad class and scope": {
			Config{Scope: "A|b", Rules: []Rule{{Entities: []string{"email"}, Action: "tokenize", Class: "E-Mail", Scope: "a b"}}},
			[]string{"scope: a scope is", "rules[0].scope: a scope is", "rules[0].class: a class is"},
		},
		"random on metrics": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Action: "tokenize", Kind: "random"},
				{Entities: []string{"phone"}, Action: "tokenize", Kind: "random", Signals: []string{"metrics"}},
				{Entities: []string{"iban"}, Action: "tokenize", Kind: "random", Signals: []string{"traces", "logs"}},
			}},
			[]string{"rules[0].kind: random on metrics", "rules[1].kind: random on metrics"},
		},
		"keep part that does not fit": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Action: "mask", Keep: "last4"},
				{Groups: []string{"financial"}, Action: "mask", Keep: "prefix"},
				{Entities: []string{"ip_address"}, Action: "tokenize", Keep: "prefix"},
				{Entities: []string{"mac_address"}, Action: "mask"},
				{Entities: []string{"jwt"}, Action: "redact", Keep: "last4"},
				{Entities: []string{"cookie", "phone"}, Action: "tokenize", Keep: "last4"},
			}},
			[]string{
				"rules[0].keep: last4 does not fit email",
				"rules[1].keep: prefix does not fit iban, crypto_wallet",
				"rules[2].keep: a token keeps last4 or domain",
				"rules[3].keep: missing",
				"rules[4].keep: action redact keeps no part",
				"rules[5].keep: last4 does not fit cookie",
			},
		},
		"token fields on other actions": {
			Config{Rules: []Rule{{Entities: []string{"email"}, Action: "redact", Kind: "random", Scope: "x", Class: "mail"}}},
			[]string{"rules[0].kind: action redact has none", "rules[0].scope: action redact has none", "rules[0].class: action redact has none"},
		},
		"empty rule": {
			Config{Rules: []Rule{{Action: "keep"}, {Signals: []string{"logs"}, Action: "redact"}}},
			[]string{"rules[0]: matches nothing", "rules[1]: matches nothing"},
		},
		"keys alone need to say what to tokenize": {
			Config{Rules: []Rule{{Keys: []string{"a"}, Action: "tokenize"}, {Keys: []string{"b"}, Action: "mask", Keep: "last4"}}},
			[]string{"rules[0].entity: missing", "rules[1].entity: missing", "rules[1].keep: last4 does not fit"},
		},
		"matchers that contradict": {
			Config{Rules: []Rule{
				{Entities: []string{"email", "jwt"}, Groups: []string{"credential"}, Action: "keep"},
				{Entities: []string{"email", "ip_address"}, Ranges: []string{"private"}, Action: "keep"},
				{Groups: []string{"health"}, Ranges: []string{"private"}, Action: "keep"},
				{Entity: "email", Action: "keep"},
				{Entity: "email", Keys: []string{"a"}, Entities: []string{"email"}, Action: "keep"},
				{Entity: "ip_address", Keys: []string{"b"}, Ranges: []string{"private"}, Action: "keep"},
			}},
			[]string{
				"rules[0].entities[0]: contradicts groups: email is in group personal",
				"rules[1].ranges: only ip_address has ranges, and the rule also names email",
				"rules[2].ranges: contradict groups",
				"rules[3].entity: needs keys",
				"rules[4].entity: contradicts entities",
				"rules[5].ranges: contradict entity",
			},
		},
		"entity of a key": {
			Config{Rules: []Rule{
				{Keys: []string{"a"}, Entity: "usrname", Action: "tokenize"},
				{Keys: []string{"b"}, Entity: "Case", Class: "case", Action: "tokenize"},
				{Keys: []string{"c"}, Entity: "redacted", Class: "gone", Action: "tokenize"},
				{Keys: []string{"d"}, Entity: "tenant", Action: "tokenize"},
			}},
			[]string{
				`rules[0].entity: unknown entity "usrname" (did you mean "username"?); a new entity needs a class`,
				"rules[1].entity: a name is", `rules[2].entity: "redacted" is reserved`, `rules[3].entity: unknown entity "tenant"`,
			},
		},
		"patterns": {
			Config{Rules: []Rule{{Entities: star, Action: "redact"}}, Patterns: []Pattern{
				{Name: "order_ref", Regex: "ORD-[0-9]{8}", Class: "order"},
				{Name: "order_ref", Regex: "ORD-[0-9]{9}", Class: "order"},
				{Name: "email", Regex: "x", Class: "mail"},
				{Name: "Bad", Regex: "(", Class: "B", Group: "people"},
				{Name: "token", Regex: "[a-z]*", Class: "tok"},
				{Name: "none_given", Class: "none"},
			}},
			[]string{
				`patterns[1].name: duplicate pattern "order_ref"`, `patterns[2].name: "email" is a built-in entity`,
				"patterns[3].name: a name is", "patterns[3].class: a class is", `patterns[3].group: unknown group "people"`,
				"patterns[3].regex: not RE2", `patterns[4].name: "token" is reserved`,
				"patterns[4].regex: matches the empty string", "patterns[5].regex: missing",
			},
		},
		"presets": {
			Config{Presets: []string{"defalt", "nope", "default", "default", "./missing.yaml"}},
			[]string{
				`presets[0]: unknown preset "defalt" (did you mean "default"? known: default, gdpr, hipaa, pci, secrets_only, strict;`,
				`presets[1]: unknown preset "nope" (known: default,`, `presets[3]: "default" is named twice`, "presets[4]: read policy file:",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := test.config.Compile(nil)
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			var starts []string // OTTL's errors span lines
			for _, l := range lines {
				if strings.HasPrefix(l, "rules") || strings.HasPrefix(l, "patterns") || strings.HasPrefix(l, "presets") || strings.HasPrefix(l, "scope") {
					starts = append(starts, l)
				}
			}
			require.Len(t, starts, len(test.faults), "%v", err)
			for i, f := range test.faults {
				require.Contains(t, starts[i], f)
			}
		})
	}
}

// What hides nothing passes everything in plain: nobody means that.
func TestCompileRefusesToHideNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	pattern := []Pattern{{Name: "order_ref", Regex: "ORD-[0-9]{8}", Class: "order"}}
	for name, test := range map[string]struct {
		config Config
		fault  string
	}{
		"nothing":           {Config{}, "presets: no presets and no rules: nothing would be hidden; for example presets: [default]"},
		"patterns alone":    {Config{Patterns: pattern}, "presets: no presets and no rules"},
		"empty policy file": {Config{Presets: []string{file}}, "presets[0] (" + file + "): rules: missing: nothing would be hidden"},
		"empty policy file beside rules": {
			Config{Presets: []string{file}, Rules: []Rule{{Entities: star, Action: "redact"}}}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.config.Compile(nil)
			if test.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.fault)
		})
	}
}

// What a faulty rule, pattern or scope will mean once it is put right is not known, so nothing is concluded from it.
func TestFaultyRulesPutNoneOutOfReach(t *testing.T) {
	for name, c := range map[string]Config{
		"the rule before": {Rules: []Rule{{Entities: star, Action: "hide"}, {Entities: []string{"email"}, Action: "keep"}}},
		"the rule itself": {Rules: []Rule{{Entities: []string{"email"}, Action: "keep"}, {Entities: []string{"email"}, When: "x", Action: "redact"}}},
		"a rule on whole attributes": {Rules: []Rule{
			{Entities: star, Action: "tokenize"}, {Keys: []string{"debug.*"}, Action: "keep"}, {Keys: []string{"cvv"}, Action: "redcat"},
		}},
		"the scope": {Scope: "Shop", Rules: []Rule{
			{Entities: []string{"user_id"}, Action: "tokenize"}, {Keys: []string{"enduser.*"}, Entity: "user_id", Scope: "shop", Action: "tokenize"},
		}},
		"the preset before": {Presets: []string{"secret_only", "pci"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Compile(nil)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "match", "%v", err)
		})
	}
}

func TestQuoteHintOnlyWhereAKeyHasNoQuotes(t *testing.T) {
	for _, when := range []string{`resource.attributes["a"] =`, `attributes["a"] == "b[c]"`, `resource.attributes[`, `resource.attributes["a"][0] = 1`} {
		require.Empty(t, quoteHint(when), when)
	}
}

func TestCompileReportsFaultsOfPolicyFilesByPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.yaml")
	require.NoError(t, os.WriteFile(file, []byte("rules:\n  - {entities: [emial], action: keep}\n"), 0o600))
	_, err := Config{Presets: []string{"default", file}}.Compile(nil)
	require.ErrorContains(t, err, "presets[1] ("+file+`): rules[0].entities[0]: unknown entity "emial"`)

	require.NoError(t, os.WriteFile(file, []byte("rules:\n  - {entitys: [email], action: keep}\n"), 0o600))
	_, err = Config{Presets: []string{file}}.Compile(nil)
	require.ErrorContains(t, err, "presets[0]: policy file "+file)
	require.ErrorContains(t, err, "entitys")
}

func TestCompileFindsRulesOutOfReach(t *testing.T) {
	prod := `resource.attributes["env"] == "prod"`
	tests := map[string]struct {
		config Config
		fault  string // empty: none
	}{
		"same entity twice": {
			Config{Rules: []Rule{{Entities: []string{"email"}, Action: "keep"}, {Entities: []string{"email"}, Action: "redact"}}},
			"rules[1]: never matches: rules[0] matches everything it could",
		},
		"behind a catch-all": {
			Config{Rules: []Rule{{Entities: star, Action: "redact"}, {Groups: []string{"network"}, Action: "keep"}}},
			"rules[1]: never matches",
		},
		"taken by several together": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Signals: []string{"logs", "traces"}, Action: "keep"},
				{Groups: []string{"personal"}, Signals: []string{"metrics", "profiles"}, Action: "keep"},
				{Entities: []string{"email"}, Action: "redact"},
			}},
			"rules[2]: never matches: rules[0], rules[1] match everything it could",
		},
		"beside faults of other rules": {
			Config{Rules: []Rule{
				{Entities: []string{"emial"}, Action: "keep"}, {Entities: []string{"phone"}, Action: "keep"}, {Entities: []string{"phone"}, Action: "redact"},
			}},
			"rules[2]: never matches: rules[1] matches everything it could",
		},
		"one signal is left": {
			Config{Rules: []Rule{
				{Entities: []string{"email"}, Signals: []string{"logs", "traces"}, Action: "keep"},
				{Entities: []string{"email"}, Action: "redact"},
			}}, "",
		},
		"ranges taken one by one": {
			Config{Rules: []Rule{
				{Ranges: []string{"private"}, Action: "keep"},
				{Ranges: []string{"loopback"}, Action: "keep"},
				{Ranges: []string{"private", "loopback"}, Action: "redact"},
			}}, "rules[2]: never matches",
		},
		"a range is left": {
			Config{Rules: []Rule{{Ranges: []string{"private"}, Action: "keep"}, {Ranges: []string{"private", "public"}, Action: "redact"}}}, "",
		},
		"wider glob before": {
			Config{Rules: []Rule{
				{Keys: []string{"user.*"}, Entities: star, Action: "keep"},
				{Keys: []string{"user.*.email", "USER.id"}, Entities: []string{"email"}, Action: "redact"},
			}}, "rules[1]: never matches",
		},
		"narrower glob before": {
			Config{Rules: []Rule{
				{Keys: []string{"user.id"}, Entities: star, Action: "keep"},
				{Keys: []string{"user.*"}, Entities: []string{"email"}, Action: "redact"},
			}}, "",
		},
		"same condition before": {
			Config{Rules: []Rule{
				{Entities: star, When: prod, Action: "redact"}, {Entities: []string{"email"}, When: prod, Action: "keep"},
			}}, "rules[1]: never matches",
		},
		"same condition, but it may fail": {
			Config{Rules: []Rule{
				{Entities: star, When: prod, Action: "keep"}, {Entities: []string{"email"}, When: prod, Action: "redact"},
			}}, "",
		},
		"other condition before": {
			Config{Rules: []Rule{{Entities: star, When: prod, Action: "redact"}, {Entities: []string{"email"}, Action: "keep"}}}, "",
		},
		"a user's rule before a preset's": {
			Config{Presets: []string{"default"}, Rules: []Rule{{Groups: []string{"credential"}, Action: "redact"}}}, "",
		},
		"a preset behind a catch-all preset": {
			Config{Presets: []string{"default", "secrets_only"}}, "presets[1] (secrets_only): none of its rules can match",
		},
		"a preset before a catch-all preset": {Config{Presets: []string{"pci", "default"}}, ""},
		"a declaration whose rule decides nothing new": {
			Config{Rules: []Rule{
				{Entities: []string{"user_id"}, Action: "tokenize"}, {Keys: []string{"enduser.*"}, Entity: "user_id", Action: "tokenize"},
			}}, "",
		},
		"a declaration whose action never happens": {
			Config{Rules: []Rule{
				{Entities: []string{"user_id"}, Action: "tokenize"}, {Keys: []string{"enduser.*"}, Entity: "user_id", Action: "redact"},
			}}, "rules[1]: never matches",
		},
		"a whole attribute dropped behind a catch-all": {
			Config{Rules: []Rule{{Entities: star, Action: "tokenize"}, {Keys: []string{"debug.*"}, Action: "drop"}}}, "",
		},
		"a whole attribute kept behind a catch-all": {
			Config{Rules: []Rule{{Entities: star, Action: "tokenize"}, {Keys: []string{"debug.*"}, Action: "keep"}}}, "rules[1]: never matches",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := test.config.Compile(nil)
			if test.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.fault)
		})
	}
}
