package deadletter

import (
	"context"
	"errors"
	"fmt"

	"filippo.io/age"
	"go.opentelemetry.io/collector/component"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// Vault is what seals to a vault: the extension token_vault is one. It can open nothing.
type Vault interface {
	// SealLetter seals the key of a letter, 16 bytes, about the record at a place; the seal is for that place alone. The topic is
	// empty for telemetry that did not come from Kafka.
	SealLetter(scope, topic string, partition int32, offset int64, key []byte) (sealed []byte, err error)
}

// Ask asks a vault for the key that [Vault] sealed. Its errors are [ErrForeign], [ErrDenied], [ErrExpired], [ErrKey], or those of a
// vault that gave no answer.
type Ask func(ctx context.Context, at record.Source, sealed []byte) (key []byte, err error)

// Why a vault does not open a letter.
var (
	ErrForeign = fmt.Errorf("the letter is sealed to another vault: %w", age.ErrIncorrectIdentity)
	ErrDenied  = errors.New("the vault lets this caller open no letter of this topic and scope")
	ErrExpired = errors.New("the vault's retention of the letter is over")
	ErrKey     = errors.New("what seals the letter was changed, or is another letter's")
)

// FromVault opens a letter by asking a vault. It is for this letter alone: the vault is told where its record stood.
func FromVault(ctx context.Context, letter batch.Record, ask Ask) age.Identity {
	s, fromKafka := record.SourceOf(letter.Headers)
	if !fromKafka {
		s = record.Source{}
	}
	return vaultIdentity{ctx, sealedPlace(s), ask}
}

// sealedPlace is the place that a vault is told: letters about telemetry that did not come from Kafka have all the same.
func sealedPlace(s record.Source) record.Source {
	if s.Topic == "" {
		return record.Source{Partition: -1, Offset: -1}
	}
	return s
}

// stanzaType names, in age's header, a file key that is sealed to a vault.
const stanzaType = "cloakroom-vault"

// maxSealedKey is more than a vault takes a 16-byte key to be, once it is sealed.
const maxSealedKey = 4 << 10

type vaultRecipient struct {
	vault Vault
	scope string
	at    record.Source
}

// Wrap implements age.Recipient.
func (r vaultRecipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	at := sealedPlace(r.at)
	sealed, err := r.vault.SealLetter(r.scope, at.Topic, at.Partition, at.Offset, fileKey)
	if err != nil {
		return nil, err
	}
	return []*age.Stanza{{Type: stanzaType, Body: sealed}}, nil
}

type vaultIdentity struct {
	ctx context.Context
	at  record.Source
	ask Ask
}

// Unwrap implements age.Identity.
func (i vaultIdentity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != stanzaType {
			continue
		}
		// A vault refuses a question that nobody of ours would ask as a whole, and whoever wrote the letter could have it refused.
		if len(s.Body) > maxSealedKey || i.at.Topic != "" && !produce.TopicName(i.at.Topic) {
			return nil, ErrKey
		}
		key, err := i.ask(i.ctx, i.at, s.Body) // a letter has one: a vault is asked once for each
		if err != nil {
			return nil, err // age would use a key beside the error
		}
		return key, nil
	}
	return nil, age.ErrIncorrectIdentity
}

// findVault returns the extension that the configuration names.
func findVault(host component.Host, id component.ID) (Vault, error) {
	ext, ok := host.GetExtensions()[id]
	if !ok {
		return nil, fmt.Errorf("dead_letter.vault: the collector has no extension %q: define it under \"extensions:\" and list it under "+
			"\"service: extensions:\"", id)
	}
	v, ok := ext.(Vault)
	if !ok {
		return nil, fmt.Errorf("dead_letter.vault: the extension %q does not seal: name a token_vault extension", id)
	}
	return v, nil
}
