package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
)

const personal = "maria.sander@example.com"

// shippedKafka starts the collector with a configuration of the repository on a Kafka of its own.
func shippedKafka(t *testing.T, config string, topics []string, env ...string) (r *running, kafka string) {
	t.Helper()
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, append(topics, "cloakroom-dead-letters")...))
	require.NoError(t, err)
	t.Cleanup(k.Close)
	kafka = k.ListenAddrs()[0]
	r = prepare(t, "")
	r.cfg = filepath.Join(repo, "config", config)
	_, port, err := net.SplitHostPort(r.metrics)
	require.NoError(t, err)
	for _, e := range append(env, "CLOAKROOM_KAFKA="+kafka, "CLOAKROOM_DATA="+r.dir, "CLOAKROOM_HEALTH="+r.health, "CLOAKROOM_METRICS_PORT="+port,
		"CLOAKROOM_GRPC="+r.grpc, "CLOAKROOM_HTTP="+r.http) {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	r.start()
	return r, kafka
}

// consumed waits for the one record of a topic.
func consumed(t *testing.T, r *running, kafka, topic string) (record *kgo.Record) {
	t.Helper()
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		records, err := brokertest.Consume(ctx, kafka, topic)
		if err != nil || len(records) != 1 {
			return false
		}
		record = records[0]
		return true
	}, time.Minute, 200*time.Millisecond, "nothing in %s; log:\n%s", topic, &r.log)
	return record
}

func requireTokenized(t *testing.T, text string) {
	t.Helper()
	require.Contains(t, text, "tkt_email_")
	require.NotContains(t, text, personal)
}

// otlpBackend keeps the logs it is sent, after it has refused to for some requests.
type otlpBackend struct {
	refuse atomic.Int32
	logs   chan string // as OTLP JSON
}

func (b *otlpBackend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := plogotlp.NewExportRequest()
	compressed, err := gzip.NewReader(r.Body)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(compressed)
	}
	if err != nil || r.URL.Path != "/v1/logs" || request.UnmarshalProto(body) != nil {
		http.Error(w, "no logs", http.StatusBadRequest)
		return
	}
	if b.refuse.Add(-1) >= 0 {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	text, _ := request.MarshalJSON()
	b.logs <- string(text)
}

func TestShippedKafkaToOTLP(t *testing.T) {
	backend := &otlpBackend{logs: make(chan string, 10)}
	backend.refuse.Store(1)
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	r, kafka := shippedKafka(t, "kafka-to-otlp.yaml", []string{"shop.raw"}, "CLOAKROOM_BACKEND="+server.URL)
	require.NoError(t, brokertest.Produce(t.Context(), kafka, []*kgo.Record{{Topic: "shop.raw", Key: []byte(personal), Value: []byte("mail from " + personal)}}))
	select {
	case got := <-backend.logs:
		requireTokenized(t, got)
		require.Contains(t, got, `"kafka.topic"`)
	case <-time.After(time.Minute):
		t.Fatalf("nothing arrives; log:\n%s", &r.log)
	}
	r.stop()
	require.NotContains(t, r.log.String(), personal)
}

func TestShippedOTLPToKafka(t *testing.T) {
	r, kafka := shippedKafka(t, "otlp-to-kafka.yaml", []string{"otlp_logs", "otlp_traces", "otlp_metrics"})
	body := `{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "mail from ` + personal + `"}}]}]}]}`
	resp, err := http.Post("http://"+r.http+"/v1/logs", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	got := consumed(t, r, kafka, "otlp_logs")
	request := plogotlp.NewExportRequest()
	require.NoError(t, request.UnmarshalProto(got.Value))
	requireTokenized(t, request.Logs().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
	r.stop()
}

// TestShippedKafkaFleet: two machines with one vault give one token to one value.
func TestShippedKafkaFleet(t *testing.T) {
	dir := newVault(t)
	ports := freePorts(t, 3)
	config := filepath.Join(dir, "vault.yaml")
	content, err := os.ReadFile(config)
	require.NoError(t, err)
	moved := strings.NewReplacer("0.0.0.0:7443", ports[0], "127.0.0.1:7444", ports[1], "127.0.0.1:7445", ports[2]).Replace(string(content))
	require.NoError(t, os.WriteFile(config, []byte(moved), 0o600))
	vault := exec.CommandContext(t.Context(), cli, "vault", "serve", "--config", config)
	var log lockedBuffer
	vault.Stdout, vault.Stderr = &log, &log
	require.NoError(t, vault.Start())
	t.Cleanup(func() { _ = vault.Process.Kill(); _ = vault.Wait() })
	require.Eventually(t, func() bool {
		_, err := get("http://" + ports[2] + "/readyz")
		return err == nil
	}, time.Minute, 100*time.Millisecond, "the vault does not serve:\n%s", &log)

	env := []string{"CLOAKROOM_VAULT_ENDPOINT=" + ports[0], "CLOAKROOM_VAULT_NAME=localhost", "CLOAKROOM_CERTS=" + filepath.Join(dir, "certs")}
	var tokens [2][]byte
	for i := range tokens {
		r, kafka := shippedKafka(t, "kafka-fleet.yaml", []string{"shop.raw", "shop.raw.clean"}, env...)
		require.NoError(t, brokertest.Produce(t.Context(), kafka, []*kgo.Record{{Topic: "shop.raw", Partition: 1, Key: []byte("k"), Value: []byte("mail from " + personal)}}))
		got := consumed(t, r, kafka, "shop.raw.clean")
		requireTokenized(t, string(got.Value))
		require.EqualValues(t, 1, got.Partition)
		require.Equal(t, "k", string(got.Key))
		tokens[i] = got.Value
		r.stop()
		_, err := os.Stat(r.vault)
		require.ErrorIs(t, err, os.ErrNotExist, "it keeps nothing on its disk")
	}
	require.True(t, bytes.Equal(tokens[0], tokens[1]), "%s, and %s", tokens[0], tokens[1])
}
