package kafkastream

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// vaultHost is a collector with a vault that may be away.
type vaultHost struct {
	component.StartFunc
	component.ShutdownFunc
	away atomic.Bool
}

var vaultID = component.MustNewID("token_vault")

func (h *vaultHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{vaultID: h}
}

func (h *vaultHost) SealLetter(_, _ string, _ int32, _ int64, key []byte) ([]byte, error) {
	if h.away.Load() {
		return nil, errors.New("the vault is away")
	}
	return key, nil
}

// TestVaultAway: a record that cannot be read holds its partition up until the vault can seal it: it is neither passed over nor
// written without what it was.
func TestVaultAway(t *testing.T) {
	c := newCluster(t, 1)
	for _, v := range []string{`{"a":1}`, "no json", `{"a":2}`} {
		if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(v)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	h := &vaultHost{}
	h.away.Store(true)
	cfg := c.config(func(cfg *Config) {
		cfg.Formats = []record.TopicRule{{Topic: topic, Format: record.JSON}}
		cfg.DeadLetter.Vault = vaultID
	})
	p := new(pipeline)
	m, _ := startOn(t, h, settings(t), cfg, p)
	wait(t, "nothing waits", func() bool {
		err := m.problem("orders/0")
		return err != nil && strings.Contains(err.Error(), "the vault is away")
	})
	if got := c.committed(topic)[0]; got > 1 {
		t.Errorf("committed %d, behind the record that is in no topic", got)
	}
	h.away.Store(false)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 3 })
	if got := c.deadLetters(1); len(got) != 1 || !strings.HasPrefix(got[0], "orders/0@1 ") {
		t.Errorf("dead letters %v", got)
	}
}

// TestVaultMissing: a vault that the collector does not have is told at the start.
func TestVaultMissing(t *testing.T) {
	c := newCluster(t, 1)
	cfg := c.config(func(cfg *Config) { cfg.DeadLetter.Vault = vaultID })
	r, err := NewFactory().CreateLogs(t.Context(), settings(t), cfg, new(pipeline))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(t.Context(), nopHost{}); err == nil || !strings.Contains(err.Error(), `dead_letter.vault: the collector has no extension "token_vault"`) {
		t.Errorf("started: %v", err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}
