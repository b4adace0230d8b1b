// Package policy decides what happens to a finding: which entity, under which key, in which signal and service, is
// tokenized, redacted, masked, dropped or kept.
//
// A [Config] holds one ordered list of rules; the rules of its presets follow it. The first rule that matches a
// finding decides; a finding no rule matches is kept. Within a rule every matcher narrows: a finding must satisfy
// entities and groups and keys and signals and ranges and when, as far as the rule names them.
//
// Compile checks everything at once and names every fault by its YAML path. The [Policy] it returns is immutable.
// Per resource, [Policy.View] evaluates the OTTL conditions once; [View.Decide] and [View.Attribute] are then table
// look-ups that do not allocate. All of them are safe for concurrent use.
package policy

import (
	"fmt"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Signal is one of OpenTelemetry's signals.
type Signal uint8

// The signals, in the order of their String names.
const (
	Traces Signal = iota
	Logs
	Metrics
	Profiles
	signalCount
)

var signalNames = [...]string{Traces: "traces", Logs: "logs", Metrics: "metrics", Profiles: "profiles"}

// String is the signal's name in configuration and metrics.
func (s Signal) String() string { return nameOf(signalNames[:], uint8(s), "signal") }

// Action is what happens to a finding.
type Action uint8

// The actions.
const (
	Keep     Action = iota // the value stays
	Tokenize               // the value becomes a token, see Decision.Kind and Decision.Keep
	Redact                 // the value becomes the entity's name in brackets
	Mask                   // all but one part of the value is hidden, see Decision.Keep
	Drop                   // the attribute or the log record that holds the value is removed
)

var actionNames = [...]string{Keep: "keep", Tokenize: "tokenize", Redact: "redact", Mask: "mask", Drop: "drop"}

// String is the action's name in configuration and metrics.
func (a Action) String() string { return nameOf(actionNames[:], uint8(a), "action") }

// Kind says how a token comes about. It mirrors the kinds of the token grammar, which a policy does not import.
type Kind uint8

// The kinds of tokens.
const (
	Deterministic Kind = iota // equal for equal values of one scope and epoch
	Random                    // a new token each time; never in metrics
	OneWay                    // deterministic and never escrowed: correlates, cannot be revealed
)

var kindNames = [...]string{Deterministic: "deterministic", Random: "random", OneWay: "one_way"}

// String is the kind's name in configuration.
func (k Kind) String() string { return nameOf(kindNames[:], uint8(k), "kind") }

// Part is the part of a value that stays readable beside a token or a mask.
type Part uint8

// The parts.
const (
	KeepNone Part = iota
	Last4         // the last four digits
	Domain        // the domain of an e-mail address
	Prefix        // 24 bits of an IPv4 and 48 of an IPv6 address, the OUI of a MAC address, the first six of a card
)

var partNames = [...]string{KeepNone: "", Last4: "last4", Domain: "domain", Prefix: "prefix"}

// String is the part's name in configuration; KeepNone has the empty one.
func (p Part) String() string { return nameOf(partNames[:], uint8(p), "part") }

func nameOf(names []string, i uint8, what string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}

// Rule matches findings and says what happens to them. Every list that is not empty narrows the rule; at least one
// of Entities, Groups, Keys and Ranges is needed.
type Rule struct {
	// Name is free text that `policy explain` shows.
	Name string `mapstructure:"name" yaml:"name"`
	// Entities the rule matches by name; "*" is every entity.
	Entities []string `mapstructure:"entities" yaml:"entities"`
	// Groups of entities the rule matches: personal, financial, government_id, credential, network, health.
	Groups []string `mapstructure:"groups" yaml:"groups"`
	// Keys are globs on attribute keys and on keys inside text; * is any run of bytes, ? is one. Letters match in
	// either case.
	Keys []string `mapstructure:"keys" yaml:"keys"`
	// Signals the rule applies to: traces, logs, metrics, profiles. Empty means all.
	Signals []string `mapstructure:"signals" yaml:"signals"`
	// Ranges of ip_address the rule matches: public, private, loopback, link_local, multicast, ...
	Ranges []string `mapstructure:"ranges" yaml:"ranges"`
	// Entity declares that the whole value of Keys is this entity, whatever it looks like. A name that is not an
	// entity yet becomes one when Class is given.
	Entity string `mapstructure:"entity" yaml:"entity"`
	// When is an OTTL condition on the resource. Where it fails at run time, a rule that hides values applies and a
	// rule that keeps them does not.
	When string `mapstructure:"when" yaml:"when"`
	// Action is tokenize, redact, mask, drop or keep. Redact, drop and keep on Keys alone cover whole attributes.
	Action string `mapstructure:"action" yaml:"action"`
	// Kind of the token: deterministic (default), random, one_way.
	Kind string `mapstructure:"kind" yaml:"kind"`
	// Keep is the part that stays readable: last4 or domain of a token; last4, domain or prefix of a mask. A token goes
	// without it where the part could not be told from the text after it, and without a domain where a percent-encoded
	// address stands in a URL's authority or has a domain beyond ASCII.
	Keep string `mapstructure:"keep" yaml:"keep"`
	// Scope of the token; empty means that of the configuration. Tokens of two scopes never link.
	Scope string `mapstructure:"scope" yaml:"scope"`
	// Class is written into the token in place of the entity's own: [a-z]{2,16}.
	Class string `mapstructure:"class" yaml:"class"`
}

// Pattern is an entity of the user's own, found by an RE2 expression.
type Pattern struct {
	// Name of the entity, lower snake case; rules refer to it.
	Name string `mapstructure:"name" yaml:"name"`
	// Regex in RE2 syntax. The value is the match, or its first group, and the rest of the word in which that ends.
	Regex string `mapstructure:"regex" yaml:"regex"`
	// Class written into the tokens: [a-z]{2,16}.
	Class string `mapstructure:"class" yaml:"class"`
	// Group of the entity; personal when empty.
	Group string `mapstructure:"group" yaml:"group"`
}

// DefaultScope is the scope of tokens when the configuration names none.
const DefaultScope = "default"

// Config is the policy as a user writes it.
type Config struct {
	// Presets are names of built-in policies or paths of policy files, applied in order after Rules.
	Presets []string `mapstructure:"presets" yaml:"presets"`
	// Scope of the tokens of rules that name none; empty means DefaultScope.
	Scope string `mapstructure:"scope" yaml:"scope"`
	// Rules, of which the first that matches decides.
	Rules []Rule `mapstructure:"rules" yaml:"rules"`
	// Patterns are entities of the user's own.
	Patterns []Pattern `mapstructure:"patterns" yaml:"patterns"`
}

// File is a policy file: a preset of config/policies or one of the user's.
type File struct {
	// Description says what the policy does and for whom.
	Description string `yaml:"description"`
	// Structural makes the detector look into the structural keys of the semantic conventions, too.
	Structural bool `yaml:"structural"`
	// Rules follow the user's own.
	Rules []Rule `yaml:"rules"`
	// Patterns are entities the rules may name.
	Patterns []Pattern `yaml:"patterns"`
}

// Decision is what a policy says about one finding or attribute. It is shared and must not be changed.
type Decision struct {
	Action Action
	Kind   Kind   // of the token
	Keep   Part   // that stays readable
	Class  string // of the token
	Scope  string // of the token
	Rule   string // that decided, by path: "rules[2]" or "default: rules[0]"; empty when none did
	// Whole is set when a rule about the attribute as a whole decided: what stands inside is not looked at.
	Whole bool
}

// Policy is a compiled Config, immutable and safe for concurrent use.
type Policy struct {
	detector   *detect.Detector
	rules      []*rule
	conditions []condition
	keys       keyCache
	views      viewCache
	acts       []bool // by entity: some rule may do something to it
}

// Detector finds the values this policy decides about.
func (p *Policy) Detector() *detect.Detector { return p.detector }

// Acts reports whether any rule, under any key, signal and resource, does anything but keep the entity.
func (p *Policy) Acts(e detect.Entity) bool { return int(e) < len(p.acts) && p.acts[e] }
