package kafkasuite

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/builder/cloakroom/kafka"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
)

// Records that cannot be read (a dead letter of the receiver) or are too large for their topic (one of the exporter) are sealed to
// the pipeline's vault. It opens both, on record, and they go back to where they came from, as the vault's letters tell.
func testSealedToVault(t *testing.T, c *cluster) {
	const topic = "sealed"
	h := house(t)
	c.topic(t, topic, 1)
	bad := &kgo.Record{Topic: topic, Key: []byte("bad"), Value: []byte(`{"mail":"` + address), Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("1")}, {Key: "h"}}}
	large := &kgo.Record{Topic: topic, Key: []byte("large"), Value: append([]byte(`{"a":"`), append(bytes.Repeat([]byte("x"), 60_000), `"}`...)...)}
	c.produce(t, []*kgo.Record{{Topic: topic, Value: []byte(`{"mail":"` + address + `"}`)}, bad, large, {Topic: topic, Value: []byte(`{"a":1}`)}})
	letters := map[string]any{"topic": topic + deadSuffix, "vault": vaultID.String()}
	c.drain(t, h, settings{
		topic:    topic,
		receiver: map[string]any{"dead_letter": letters, "formats": []any{map[string]any{"topic": topic, "format": "json"}}},
		exporter: map[string]any{"dead_letter": letters, "max_message_bytes": 20_000},
	})
	require.Len(t, c.read(t, topic+cleanSuffix)[0], 2)
	dead := c.read(t, topic+deadSuffix)[0]
	require.Len(t, dead, 2)
	for _, d := range dead {
		require.Equal(t, "vault", header(d, "cloakroom-sealed"))
		require.False(t, bytes.Contains(d.Value, []byte(address)))
	}

	vault, err := reveal.Dial(t.Context(), h.vault)
	require.NoError(t, err)
	defer vault.Close()
	cfg := broker.DefaultConfig()
	cfg.Brokers = c.seeds
	conn, err := cfg.Open(t.Context(), zap.NewNop())
	require.NoError(t, err)
	defer conn.Close()
	totals, err := kafka.Replay(t.Context(), kafka.Settings{
		Connection: conn, Topic: topic + deadSuffix, Partition: -1, Patience: 30 * time.Second,
		Vault: func(ctx context.Context, at record.Source, sealed []byte) ([]byte, error) {
			key, _, err := vault.OpenLetter(ctx, "INC-42", reveal.Letter{Sealed: sealed, Topic: at.Topic, Partition: at.Partition, Offset: at.Offset})
			return key, err
		},
	})
	require.NoError(t, err)
	require.EqualValues(t, 2, totals.Replayed)
	again := c.read(t, topic)[0][4:]
	require.Len(t, again, 2)
	for _, got := range again {
		want := map[string]*kgo.Record{"bad": bad, "large": large}[string(got.Key)]
		require.NotNil(t, want)
		require.True(t, bytes.Equal(want.Value, got.Value))
		for n, h := range want.Headers { // the exporter's has the source's behind them
			require.Equal(t, h, got.Headers[n])
		}
	}
	var places []string
	_, err = audit.Read(t.Context(), filepath.Join(h.vault, "audit.log"), func(e audit.Entry) error {
		if e.Action == audit.ActionLetter {
			require.Equal(t, audit.OutcomeOK, e.Outcome)
			places = append(places, e.Letter)
		}
		return nil
	})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"sealed/0/1", "sealed/0/2"}, places)
}
