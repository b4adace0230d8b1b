//go:build services

package kafkastream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
)

// real starts an exporter that writes to a real broker.
func real(t *testing.T, s *broker.Server, yaml string) exporter.Logs {
	t.Helper()
	return realAt(t, s.Address(), yaml)
}

func realAt(t *testing.T, address, yaml string) exporter.Logs {
	t.Helper()
	cfg := configure(t, nil, yaml)
	cfg.Broker.Brokers = []string{address}
	f := kafkastream.NewFactory()
	e, err := f.CreateLogs(t.Context(), exportertest.NewNopSettings(f.Type()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), componenttest.NewNopHost()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Shutdown(context.Background()) })
	return e
}

func TestServiceExporter(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{Settings: []string{"auto.create.topics.enable=false"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	ctx, at := t.Context(), s.Address()
	create := func(t *testing.T, topics ...brokertest.Topic) {
		t.Helper()
		if err := brokertest.CreateTopics(ctx, at, topics...); err != nil {
			t.Fatal(err)
		}
	}
	read := func(t *testing.T, topic string) []*kgo.Record {
		t.Helper()
		recs, err := brokertest.Consume(ctx, at, topic)
		if err != nil {
			t.Fatal(err)
		}
		return recs
	}
	create(t, brokertest.Topic{Name: letters}, brokertest.Topic{Name: "orders", Partitions: 3})

	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run("fidelity, "+codec, func(t *testing.T) {
			out := "out-" + codec
			create(t, brokertest.Topic{Name: out, Partitions: 3})
			recs := variety()
			if err := real(t, s, "topic: "+out+"\ncompression: "+codec).ConsumeLogs(ctx, told(t, "orders", 2, recs)); err != nil {
				t.Fatal(err)
			}
			got := read(t, out)
			if len(got) != len(recs) {
				t.Fatalf("%d records of %d", len(got), len(recs))
			}
			for i, r := range got {
				if diff := different(r, &recs[i]); diff != "" || r.Partition != 2 {
					t.Errorf("record %d in partition %d: %s", i, r.Partition, diff)
				}
			}
		})
	}

	t.Run("what the topic does not take", func(t *testing.T) {
		create(t, brokertest.Topic{Name: "narrow", Config: map[string]string{"max.message.bytes": "10000", "cleanup.policy": "compact"}})
		recs := numbered(100)
		recs[3].Value, recs[50].Key = noise(20_000), nil // a compacted topic wants keys
		if err := real(t, s, "topic: narrow").ConsumeLogs(ctx, told(t, "orders", 0, recs)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, "narrow"); len(got) != 98 {
			t.Errorf("%d records, want 98", len(got))
		}
		reasons := map[string]string{}
		for _, r := range read(t, letters) {
			offset, _ := header(r, "cloakroom-source-offset")
			reasons[offset], _ = header(r, deadletter.HeaderReason)
		}
		if want := map[string]string{"3": "too_large", "50": "refused"}; fmt.Sprint(reasons) != fmt.Sprint(want) {
			t.Errorf("dead letters %v, want %v", reasons, want)
		}
	})

	t.Run("a topic that is not there", func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		err := real(t, s, "topic: missing").ConsumeLogs(short, told(t, "orders", 0, numbered(1)))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "create it") {
			t.Errorf("want it to wait and say what to do: %v", err)
		}
	})

	t.Run("kill -9, a pause and a restart", func(t *testing.T) {
		create(t, brokertest.Topic{Name: "orders.clean", Partitions: 3})
		e := real(t, s, "max_batch_bytes: 20000\ntimeout: 2s\nretry: {max_interval: 500ms}")
		const batches, perBatch = 120, 50
		recs := numbered(batches * perBatch)
		done := make(chan error, 1)
		go func() {
			for b := range batches {
				if err := e.ConsumeLogs(ctx, told(t, "orders", 1, recs[b*perBatch:(b+1)*perBatch])); err != nil {
					done <- err
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			done <- nil
		}()
		time.Sleep(300 * time.Millisecond)
		if err := errors.Join(s.Pause(), sleep(700*time.Millisecond), s.Resume(), sleep(300*time.Millisecond), s.Kill(), s.Restart(ctx)); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		// kill -9 may take what only the page cache of a single replica had; this one's machine went on.
		inOrder(t, 1, read(t, "orders.clean"), recs)
	})
}

func sleep(d time.Duration) error {
	time.Sleep(d)
	return nil
}

// TestServiceSessions has a broker that ends authenticated sessions while records are written (KIP-368): kafka-go does not
// authenticate again within a connection.
func TestServiceSessions(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{
		Users: []broker.User{{Name: "pipeline", Password: "open-sesame"}}, Settings: []string{"connections.max.reauth.ms=700"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	if err := brokertest.CreateTopics(t.Context(), s.Address(), brokertest.Topic{Name: letters}, brokertest.Topic{Name: "orders"}, brokertest.Topic{Name: "orders.clean"}); err != nil {
		t.Fatal(err)
	}
	e := realAt(t, s.Listener(broker.SASLPlaintext), "sasl: {mechanism: SCRAM-SHA-512, username: pipeline, password: open-sesame}\nretry: {max_elapsed_time: 20s}")
	recs := numbered(40)
	for i := range recs {
		if err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, recs[i:i+1])); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	got, err := brokertest.Consume(t.Context(), s.Address(), "orders.clean")
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, 0, got, recs)
}
