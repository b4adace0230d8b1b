package kafka_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/cloakroom/cloakroom/builder/cloakroom/kafka"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// plain is a vault that seals nothing and a collector that has it: what a key looks like is the vault's matter.
type plain struct {
	component.StartFunc
	component.ShutdownFunc
}

func (plain) SealLetter(_, _ string, _ int32, _ int64, key []byte) ([]byte, error) {
	return append([]byte("sealed "), key...), nil
}

func (p plain) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{component.MustNewID("token_vault"): p}
}

// writeSealed writes dead letters sealed to a vault.
func (r *rig) writeSealed(t *testing.T, letters ...deadletter.Letter) {
	t.Helper()
	cfg := deadletter.DefaultConfig()
	cfg.Topic, cfg.Vault = r.dead, component.MustNewID("token_vault")
	w, err := deadletter.New(cfg, produce.New(produce.DefaultConfig(), r.conn, produce.Hooks{}), plain{})
	require.NoError(t, err)
	require.NoError(t, w.Write(t.Context(), letters))
}

// vaultAnswers: each answer is an outcome of its letter, and those that are opened go where they came from.
func vaultAnswers(t *testing.T, r *rig) {
	for n := range int64(5) {
		r.writeSealed(t, r.letter(0, n, record.ReasonJSON))
	}
	r.write(t, r.id, r.letter(0, 5, record.ReasonJSON))
	s := r.settings()
	answers := map[int64]error{1: deadletter.ErrForeign, 2: deadletter.ErrDenied, 3: deadletter.ErrExpired, 4: deadletter.ErrKey}
	s.Vault = func(_ context.Context, at record.Source, sealed []byte) ([]byte, error) {
		require.Equal(t, r.orders, at.Topic)
		return sealed[len("sealed "):], answers[at.Offset]
	}
	totals, told := r.run(t, s)
	require.EqualValues(t, 2, totals.Replayed)
	require.Equal(t, map[kafka.Outcome]int64{kafka.OtherReads: 1, kafka.Denied: 1, kafka.Expired: 1}, totals.Skipped)
	require.Equal(t, map[kafka.Outcome]int64{kafka.Damaged: 1}, totals.Failed)
	require.Equal(t, []string{"damaged 0/4 invalid_json", "denied 0/2 invalid_json", "expired 0/3 invalid_json", "other_recipient 0/1 invalid_json"}, told)
	require.Equal(t, []string{"0/0", "0/5"}, r.replayed(t))
}

// vaultAway: a vault that gives no answer ends the replay, which remembers nothing of the letters it did not open.
func vaultAway(t *testing.T, r *rig) {
	r.writeSealed(t, r.letter(0, 1, record.ReasonJSON), r.letter(0, 2, record.ReasonJSON))
	s := r.settings()
	s.Group = r.dead
	away := errors.New("no answer")
	s.Vault = func(_ context.Context, at record.Source, sealed []byte) ([]byte, error) {
		if at.Offset == 2 && away != nil {
			return nil, away
		}
		return sealed[len("sealed "):], nil
	}
	totals, told, err := r.try(t.Context(), s)
	require.ErrorIs(t, err, away)
	require.Zero(t, totals.Replayed)
	require.Empty(t, told)
	away = nil
	totals, _ = r.run(t, s)
	require.EqualValues(t, 2, totals.Replayed)
	require.Equal(t, []string{"0/1", "0/2"}, r.replayed(t))
}
