//go:build services

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
)

// TestServiceDocumentedKafka runs the commands of docs/kafka.md beside a collector that has set a record aside, sealed in each of the
// ways that it describes.
func TestServiceDocumentedKafka(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	for _, way := range []struct {
		name, key string
		value     any
		other     string // what marks the commands of the other way
	}{
		{"sealed to recipients", "seal_to", []string{identity.Recipient().String()}, "--vault"},
		{"sealed to the vault", "vault", "token_vault", "--identity"},
	} {
		t.Run(way.name, func(t *testing.T) { documentedKafka(t, identity, way.key, way.value, way.other) })
	}
}

func documentedKafka(t *testing.T, identity *age.X25519Identity, key string, value any, other string) {
	server, err := broker.Start(t.Context(), broker.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop() })
	addr := server.Address()
	const source, letters = "shop.json.raw", "cloakroom-dead-letters"
	require.NoError(t, brokertest.CreateTopics(t.Context(), addr, brokertest.Topic{Name: source}, brokertest.Topic{Name: source + ".clean"}, brokertest.Topic{Name: letters}))

	r := prepare(t, "")
	require.NoError(t, os.WriteFile(filepath.Join(r.dir, "age.key"), []byte(identity.String()+"\n"), 0o600))
	content, err := os.ReadFile(filepath.Join(repo, "config", "kafka.yaml"))
	require.NoError(t, err)
	var whole map[string]map[string]any
	require.NoError(t, yaml.Unmarshal(content, &whole))
	for _, kind := range []string{"receivers", "exporters"} {
		component, ok := whole[kind]["kafka_stream"].(map[string]any)
		require.True(t, ok)
		component["dead_letter"] = map[string]any{"topic": letters, key: value}
	}
	changed, err := yaml.Marshal(whole)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(r.cfg, changed, 0o600))
	_, port, err := net.SplitHostPort(r.metrics)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"CLOAKROOM_KAFKA": addr, "CLOAKROOM_DATA": r.dir, "CLOAKROOM_HEALTH": r.health, "CLOAKROOM_METRICS_PORT": port, "KAFKA": addr,
	} {
		t.Setenv(name, value)
	}
	r.start()

	broken := &kgo.Record{Topic: source, Key: []byte("order-1"), Value: []byte(`{"email": "maria.sander@example.com"`)}
	require.NoError(t, brokertest.Produce(t.Context(), addr, []*kgo.Record{broken}))
	require.Eventually(t, func() bool {
		found, err := brokertest.Consume(t.Context(), addr, letters)
		return err == nil && len(found) == 1
	}, time.Minute, 200*time.Millisecond, "no dead letter; collector log:\n%s", &r.log)
	r.stop()

	bin := t.TempDir()
	require.NoError(t, os.Symlink(cli, filepath.Join(bin, "cloakroom")))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ran := 0
	for _, b := range blocks(t, "sh") {
		if b.file != kafkaGuide || strings.HasPrefix(b.body, "make ") || strings.Contains(b.body, other) {
			continue
		}
		cmd := exec.Command("bash", "-euo", "pipefail", "-c", b.body)
		cmd.Dir = r.dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", b.name(), out)
		require.NotContains(t, string(out), "maria.sander")
		ran++
	}
	require.NotZero(t, ran)
	again, err := brokertest.Consume(t.Context(), addr, source)
	require.NoError(t, err)
	require.Len(t, again, 2, "the record is where it came from")
	require.Equal(t, broken.Value, again[1].Value)
	require.Equal(t, broken.Key, again[1].Key)
}
