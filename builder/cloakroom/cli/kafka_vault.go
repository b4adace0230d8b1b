package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// letterVault says which vault opens dead letters. Unlike with other commands there may be none, so nothing but a flag names it.
type letterVault struct {
	vaultFlags
	purposeFlag
}

func (f *letterVault) add(c *cobra.Command) {
	f.remote.prefix = "vault-"
	f.vaultFlags.add(c)
	c.Flags().Lookup("vault").Usage = "`PATH` of the directory or socket of the vault that letters are sealed to"
	f.purposeFlag.add(c)
	c.Flags().Lookup("purpose").Usage = "why, for the vault's audit log: a ticket or a sentence (mandatory with a vault)"
}

func (f *letterVault) given() bool { return f.vault != "" || f.remote.endpoint != "" }

func (f *letterVault) check(c *cobra.Command) error {
	switch {
	case f.given():
		return f.checkPurpose(c)
	case f.purpose != "":
		return usage(c, "--purpose goes with --vault or --vault-endpoint")
	}
	return nil
}

// open connects to the vault; ask is nil where there is none.
func (f *letterVault) open(ctx context.Context) (ask deadletter.Ask, done func() error, err error) {
	if !f.given() {
		return nil, func() error { return nil }, nil
	}
	v, err := f.vaultFlags.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, at record.Source, sealed []byte) ([]byte, error) {
		letter := reveal.Letter{Sealed: sealed, Topic: at.Topic, Partition: at.Partition, Offset: at.Offset}
		key, outcome, err := v.OpenLetter(ctx, f.purpose, letter)
		if err != nil {
			return nil, vaultFault("", err)
		}
		return key, letterFault(outcome)
	}, v.close, nil
}

func letterFault(o vaultpb.LetterOutcome) error {
	switch o {
	case vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED:
		return nil
	case vaultpb.LetterOutcome_LETTER_OUTCOME_FOREIGN:
		return deadletter.ErrForeign
	case vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED:
		return deadletter.ErrKey
	case vaultpb.LetterOutcome_LETTER_OUTCOME_EXPIRED:
		return deadletter.ErrExpired
	case vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED:
		return deadletter.ErrDenied
	}
	return fmt.Errorf("open a dead letter: the vault answers what this version does not know (%d)", o)
}
