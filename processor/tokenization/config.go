package tokenization

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/rewrite"
)

// Config is the processor's configuration.
//
//	processors:
//	  tokenization:
//	    vault: token_vault
//	    presets: [default]
//	    rules:
//	      - {entities: [payment_card], action: tokenize, keep: last4}
type Config struct {
	// Vault is the id of the extension that issues the tokens. Required, except for a dry run: without a vault, a dry
	// run cannot tell tokens from other text and so does not count them, which is harmless, because nothing fires on
	// their letters.
	Vault component.ID `mapstructure:"vault"`

	// Policy says what is looked for and what is done with it: presets, scope, rules, patterns.
	Policy policy.Config `mapstructure:",squash"`

	// OnUnavailable says what to do while the vault cannot make tokens durable: wait (default) refuses batches with a
	// retryable error, so that senders hold back; one_way writes tokens that can never be revealed; redact writes
	// [entity]. The raw value is never passed on.
	OnUnavailable string `mapstructure:"on_unavailable"`

	// DryRun changes nothing and reports in the metrics what would be done.
	DryRun bool `mapstructure:"dry_run"`
}

var _ confmap.Validator = (*Config)(nil)

func defaultConfig() component.Config {
	return &Config{
		Policy:        policy.Config{Scope: policy.DefaultScope},
		OnUnavailable: rewrite.Wait.String(),
	}
}

// Validate reports every fault at once, each with its path in the YAML. What can fail is compiled here, so that
// `otelcol-cloakroom validate` finds it.
func (c *Config) Validate() error {
	var faults []error
	if c.Vault == (component.ID{}) && !c.DryRun {
		faults = append(faults, errors.New(`vault: required: the id of the extension that issues the tokens, such as "vault: token_vault"`))
	}
	if _, err := rewrite.ParseOnUnavailable(c.OnUnavailable); err != nil {
		faults = append(faults, fmt.Errorf("on_unavailable: %w", err))
	}
	if _, err := c.Policy.Compile(nil); err != nil {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			faults = append(faults, joined.Unwrap()...)
		} else {
			faults = append(faults, err)
		}
	}
	if len(faults) < 2 {
		return errors.Join(faults...)
	}
	return faultList(faults)
}

// faultList is the faults of one processor. The collector writes the processor's id before the first line of its error
// and nowhere else, so the first line counts the faults and each of them stands on a line of its own, indented:
//
//	processors::tokenization/eu: 2 faults:
//	  vault: required: the id of the extension that issues the tokens, such as "vault: token_vault"
//	  rules[2].entities[0]: unknown entity "emial" (did you mean "email"?)
type faultList []error

// Error is the list as a user reads it.
func (l faultList) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d faults:", len(l))
	for _, fault := range l {
		b.WriteString("\n  ")
		b.WriteString(strings.ReplaceAll(fault.Error(), "\n", "\n    "))
	}
	return b.String()
}

// Unwrap returns the faults.
func (l faultList) Unwrap() []error { return l }
