package deadletter

import (
	"time"

	"filippo.io/age"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// Seal makes the record that Write writes.
func Seal(l Letter, now time.Time, to ...age.Recipient) (batch.Record, error) {
	return (&Writer{recipients: to}).letter(&l, now)
}

// SealToVault makes the record that Write writes where a vault is named.
func SealToVault(l Letter, now time.Time, v Vault, scope string) (batch.Record, error) {
	return (&Writer{vault: v, scope: scope}).letter(&l, now)
}
