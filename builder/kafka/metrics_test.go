//go:build services

package main

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// elsewhere are metrics that the collector of config/kafka.yaml does not export unless something is out of reach here.
var elsewhere = map[string]string{
	"otelcol_processor_tokenization_batches_refused": "a vault that fails",
	"otelcol_extension_token_vault_spool_age":        "a vault across the network",
}

// TestServiceWatchedMetrics starts a collector with config/kafka.yaml, has everything go wrong that a metric tells of, and
// wants every metric of the dashboard and the alerts in what it exports, with the labels that they are taken apart by.
func TestServiceWatchedMetrics(t *testing.T) {
	h := &house{settings: build(t)}
	t.Cleanup(func() { require.NoError(t, h.stop()) })
	require.NoError(t, h.startBroker(t.Context()))
	const large, lost = "shop.large.raw", "shop.lost.raw"
	big := map[string]string{"max.message.bytes": "4000000"}
	require.NoError(t, brokertest.CreateTopics(t.Context(), h.broker.Address(), append(
		topics(),
		brokertest.Topic{Name: large, Config: big},
		brokertest.Topic{Name: large + cleanSuffix},
		brokertest.Topic{Name: lost}, // what comes from it goes nowhere
	)...))
	records := []*kgo.Record{
		{Topic: large, Value: []byte(strings.Repeat("longer than max_message_bytes of the exporter ", 50_000))},
		{Topic: lost, Value: []byte("nowhere")},
	}
	for _, i := range sample() {
		records = append(records, i.record)
	}
	require.NoError(t, brokertest.Produce(t.Context(), h.broker.Address(), records))
	require.NoError(t, h.startCollector(t.Context()))

	want := named(t)
	maps.DeleteFunc(want, func(name, _ string) bool { return elsewhere[name] != "" })
	// These are told of once a broker has been away.
	outage := []string{
		"otelcol_exporter_kafka_stream_connections_failed",
		"otelcol_receiver_kafka_stream_commits_failed",
		"otelcol_receiver_kafka_stream_connections_failed",
	}
	var got map[string]map[string]bool
	missing := func() (out []string) {
		if now, err := scrape(t, h.metrics); err == nil {
			got = now
		}
		for name := range want {
			if got[name] == nil {
				out = append(out, name)
			}
		}
		return out
	}
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(missing(), func(name string) bool { return !slices.Contains(outage, name) })
	}, time.Minute, 200*time.Millisecond, "%v", want)
	// A broker goes away between a record and its commit, which is soon.
	for range 5 {
		require.NoError(t, brokertest.Produce(t.Context(), h.broker.Address(), []*kgo.Record{{Topic: rawTopic, Value: []byte("one more")}}))
		require.Eventually(t, func() bool {
			clean, err := brokertest.Ends(t.Context(), h.broker.Address(), rawTopic+cleanSuffix)
			raw, err2 := brokertest.Ends(t.Context(), h.broker.Address(), rawTopic)
			return err == nil && err2 == nil && clean[0] >= raw[0]
		}, time.Minute, 10*time.Millisecond)
		require.NoError(t, h.broker.Kill())
		for deadline := time.Now().Add(broker.WatchEvery + 5*time.Second); time.Now().Before(deadline) && len(missing()) > 0; {
			time.Sleep(200 * time.Millisecond)
		}
		if len(missing()) == 0 {
			break
		}
		require.NoError(t, h.broker.Restart(t.Context()))
	}
	for _, name := range missing() {
		t.Errorf("%s is not exported; %s names it", name, want[name])
	}
	for name, why := range elsewhere {
		require.Empty(t, got[name], "%s needs no %s", name, why)
	}
	labels(t, got)
}

// labels wants the labels that expressions keep in each of their metrics. Prometheus adds instance.
func labels(t *testing.T, got map[string]map[string]bool) {
	by := regexp.MustCompile(`by \(([^)]*)\)`)
	for where, exprs := range watched(t) {
		for _, expr := range exprs {
			for _, list := range by.FindAllStringSubmatch(expr, -1) {
				for _, label := range strings.Split(list[1], ", ") {
					for _, name := range metric.FindAllString(expr, -1) {
						if label != "instance" && elsewhere[name] == "" && !got[name][label] {
							t.Errorf("%s: %s has no label %s", where, name, label)
						}
					}
				}
			}
		}
	}
}

// scrape returns the metrics that are exported, and the labels each has.
func scrape(t *testing.T, url string) (map[string]map[string]bool, error) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	label := regexp.MustCompile(`[{,]([a-z_]+)="`)
	out := map[string]map[string]bool{}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		for _, l := range label.FindAllStringSubmatch(line, -1) {
			out[name][l[1]] = true
		}
	}
	return out, nil
}
