package kafkastream_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

const letters = "cloakroom-dead-letters"

func cluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(1, letters)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// configure reads YAML over the defaults, for the cluster.
func configure(t testing.TB, c *kfake.Cluster, text string) *kafkastream.Config {
	t.Helper()
	cfg := kafkastream.NewFactory().CreateDefaultConfig().(*kafkastream.Config)
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	if err := confmap.NewFromStringMap(values).Unmarshal(cfg, confmap.WithForceUnmarshaler()); err != nil {
		t.Fatal(err)
	}
	if c != nil {
		cfg.Broker.Brokers = c.ListenAddrs()
	}
	return cfg
}

// logsExporter starts an exporter; options in YAML.
func logsExporter(t testing.TB, c *kfake.Cluster, text string) exporter.Logs {
	t.Helper()
	return logsExporterOf(t, c, exportertest.NewNopSettings(kafkastream.NewFactory().Type()), text)
}

func logsExporterOf(t testing.TB, c *kfake.Cluster, set exporter.Settings, text string) exporter.Logs {
	t.Helper()
	f := kafkastream.NewFactory()
	cfg := configure(t, c, text)
	if err := confmap.Validate(cfg); err != nil {
		t.Fatal(err)
	}
	e, err := f.CreateLogs(t.Context(), set, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// told tells records of a source partition as telemetry.
func told(t testing.TB, topic string, partition int32, recs []batch.Record, rules ...record.TopicRule) plog.Logs {
	t.Helper()
	c := record.DefaultConfig()
	c.Topics = rules
	m, err := record.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ld := plog.NewLogs()
	err = m.ToLogs(t.Context(), ld, topic, partition, recs, func(i int, u record.Undecodable) { t.Errorf("record %d: %v", i, u) })
	if err != nil {
		t.Fatal(err)
	}
	return ld
}

// readAll returns all records of a topic, by partition.
func readAll(t testing.TB, c *kfake.Cluster, topic string) map[int32][]*kgo.Record {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	want := 0
	for _, p := range c.PartitionInfos(topic) {
		want += int(p.HighWatermark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out := map[int32][]*kgo.Record{}
	for n := 0; n < want; {
		f := cl.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("%d of %d records of %s: %v", n, want, topic, err)
		}
		f.EachRecord(func(r *kgo.Record) {
			out[r.Partition] = append(out[r.Partition], r)
			n++
		})
	}
	return out
}

func header(r *kgo.Record, key string) (string, bool) {
	for _, h := range r.Headers {
		if h.Key == key {
			return string(h.Value), true
		}
	}
	return "", false
}

// numbered are records whose values tell their place.
func numbered(n int) []batch.Record {
	recs := make([]batch.Record, n)
	for i := range recs {
		recs[i] = batch.Record{Offset: int64(i), Timestamp: 1_700_000_000_000 + int64(i), Key: []byte{byte(i)}, Value: fmt.Appendf(nil, "record %06d", i)}
	}
	return recs
}

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
