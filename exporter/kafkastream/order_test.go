package kafkastream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/cloakroom/cloakroom/exporter/kafkastream"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// seldom is true once in n times, from a seed.
func seldom(seed uint64, n int) func() bool {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, seed))
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n) == 0
	}
}

// flaky is a listener whose connections are cut: before a request is read, or before an answer is sent.
type flaky struct {
	net.Listener
	reads, writes func() bool
}

func (f *flaky) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &flakyConn{Conn: conn, f: f}, nil
}

type flakyConn struct {
	net.Conn
	f *flaky
}

func (c *flakyConn) Read(b []byte) (int, error) {
	if c.f.reads() {
		c.Close()
		return 0, errors.New("cut")
	}
	return c.Conn.Read(b)
}

func (c *flakyConn) Write(b []byte) (int, error) {
	if c.f.writes() {
		c.Close()
		return 0, errors.New("cut")
	}
	return c.Conn.Write(b)
}

// TestOrder writes to several partitions while brokers fail in every way, and wants every record there, first seen in order.
func TestOrder(t *testing.T) {
	const partitions, batches, perBatch = 4, 25, 20
	never := func() bool { return false }
	broken := func(err *kerr.Error) func(*kfake.Cluster, uint64) {
		return func(c *kfake.Cluster, seed uint64) {
			now := seldom(seed, 4)
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: err, Count: -1, When: func(kmsg.Request) bool { return now() }})
		}
	}
	for _, tt := range []struct {
		name          string
		fault         func(c *kfake.Cluster, seed uint64)
		reads, writes int // cut one in so many
		during        func(c *kfake.Cluster)
		splits        bool // what fails is not tried again but taken apart
	}{
		{name: "NOT_LEADER_OR_FOLLOWER", fault: broken(kerr.NotLeaderForPartition)},
		{name: "REQUEST_TIMED_OUT, after it was written", fault: broken(kerr.RequestTimedOut)},
		{name: "NOT_ENOUGH_REPLICAS_AFTER_APPEND, after it was written", fault: broken(kerr.NotEnoughReplicasAfterAppend)},
		{name: "NOT_ENOUGH_REPLICAS", fault: broken(kerr.NotEnoughReplicas)},
		{name: "KAFKA_STORAGE_ERROR", fault: broken(kerr.KafkaStorageError)},
		{name: "CORRUPT_MESSAGE", fault: broken(kerr.CorruptMessage)},
		{name: "THROTTLING and what nobody knows", fault: broken(kerr.UnknownServerError)},
		{name: "MESSAGE_TOO_LARGE for more than one record", splits: true, fault: func(c *kfake.Cluster, seed uint64) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.MessageTooLarge, Count: -1, When: func(r kmsg.Request) bool {
				return len(r.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records) > 200
			}})
		}},
		{name: "connections cut before the request", reads: 12},
		{name: "connections cut before the answer", writes: 12},
		{name: "leaders that move", during: func(c *kfake.Cluster) { c.ShufflePartitionLeaders() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var quiet atomic.Bool // so that reading it all back is not disturbed
			cut := func(n int, seed uint64) func() bool {
				if n == 0 {
					return never
				}
				now := seldom(seed, n)
				return func() bool { return !quiet.Load() && now() }
			}
			reads, writes := cut(tt.reads, seed), cut(tt.writes, seed+1)
			c := cluster(t, kfake.SeedTopics(partitions, "orders", "orders.clean"), kfake.ListenFn(func(network, address string) (net.Listener, error) {
				l, err := net.Listen(network, address)
				return &flaky{Listener: l, reads: reads, writes: writes}, err
			}))
			tel := componenttest.NewTelemetry()
			defer tel.Shutdown(context.Background())
			set := exportertest.NewNopSettings(kafkastream.NewFactory().Type())
			set.TelemetrySettings = tel.NewTelemetrySettings()
			e := logsExporterOf(t, c, set, "compression: snappy\nmax_batch_bytes: 1024\nretry: {initial_interval: 1ms, max_interval: 20ms}")
			if tt.fault != nil {
				tt.fault(c, seed)
			}
			stop := make(chan struct{})
			var background sync.WaitGroup
			if tt.during != nil {
				background.Go(func() {
					for {
						select {
						case <-stop:
							return
						case <-time.After(15 * time.Millisecond):
							tt.during(c)
						}
					}
				})
			}
			recs := numbered(batches * perBatch)
			var writers sync.WaitGroup
			for p := range int32(partitions) {
				writers.Go(func() {
					for b := range batches {
						if err := e.ConsumeLogs(t.Context(), told(t, "orders", p, recs[b*perBatch:(b+1)*perBatch])); err != nil {
							t.Errorf("partition %d, batch %d: %v", p, b, err)
							return
						}
						if tt.during != nil {
							time.Sleep(2 * time.Millisecond)
						}
					}
				})
			}
			writers.Wait()
			close(stop)
			background.Wait()
			quiet.Store(true)
			if !tt.splits {
				failures := int64(0)
				for _, n := range points(t, tel, "otelcol_exporter_kafka_stream_retries") {
					failures += n
				}
				if failures == 0 {
					t.Error("nothing failed")
				}
			}
			got := readAll(t, c, "orders.clean")
			for p := range int32(partitions) {
				inOrder(t, p, got[p], recs)
			}
		})
	}
}

// inOrder fails unless every record is there, first seen in order.
func inOrder(t *testing.T, partition int32, got []*kgo.Record, want []batch.Record) {
	t.Helper()
	next := 0
	for _, r := range got {
		var n int
		if _, err := fmt.Sscanf(string(r.Value), "record %d", &n); err != nil || n > next {
			t.Errorf("partition %d: record %d where %d is due", partition, n, next)
			return
		}
		if n == next {
			next++
		}
	}
	if next != len(want) {
		t.Errorf("partition %d: %d of %d records", partition, next, len(want))
	}
}

// TestGivesUp wants an error, and nothing written behind what failed, when retrying is over.
func TestGivesUp(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders", "orders.clean"))
	var seen atomic.Int32
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.NotEnoughReplicas, Count: -1, When: func(kmsg.Request) bool { return seen.Add(1) > 3 }})
	e := logsExporter(t, c, "max_batch_bytes: 1024\nretry: {initial_interval: 1ms, max_interval: 5ms, max_elapsed_time: 60ms}")
	err := e.ConsumeLogs(t.Context(), told(t, "orders", 0, numbered(1000)))
	if err == nil {
		t.Fatal("accepted what is not written")
	}
	got := readAll(t, c, "orders.clean")[0]
	if len(got) == 0 || len(got) >= 1000 {
		t.Fatalf("%d records, want some", len(got))
	}
	inOrder(t, 0, got, numbered(len(got)))
}

// TestWaits wants records to wait for a topic, with a clear reason, and to go on when it is there.
func TestWaits(t *testing.T) {
	for _, tt := range []struct {
		name string
		hide func(c *kfake.Cluster) (show func())
		says string
	}{
		{"for a topic that is not there", func(c *kfake.Cluster) func() {
			return func() { c.CreateTopic("orders.clean", 1, nil) }
		}, "create it"},
		{"for permission", func(c *kfake.Cluster) func() {
			c.CreateTopic("orders.clean", 1, nil)
			f := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders.clean", Err: kerr.TopicAuthorizationFailed, Count: -1})
			return f.Remove
		}, "may not write"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := cluster(t, kfake.SeedTopics(1, "orders"))
			show := tt.hide(c)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			e := logsExporter(t, c, "retry: {initial_interval: 10ms, max_interval: 50ms}")
			err := e.ConsumeLogs(ctx, told(t, "orders", 0, numbered(3)))
			if !errors.Is(err, context.DeadlineExceeded) || !contains(err, tt.says) || !contains(err, "orders.clean") {
				t.Fatalf("want an error that says %q: %v", tt.says, err)
			}
			done := make(chan error, 1)
			go func() { done <- e.ConsumeLogs(t.Context(), told(t, "orders", 0, numbered(3))) }()
			select {
			case err := <-done:
				t.Fatalf("it did not wait: %v", err)
			case <-time.After(100 * time.Millisecond):
			}
			show()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, c, "orders.clean")[0]; len(got) != 3 {
				t.Errorf("%d records, want 3", len(got))
			}
		})
	}
}

func TestShutdownEndsRetries(t *testing.T) {
	c := cluster(t, kfake.SeedTopics(1, "orders"))
	e := logsExporter(t, c, "")
	done := make(chan error, 1)
	ld := told(t, "orders", 0, numbered(1))
	go func() { done <- e.ConsumeLogs(context.Background(), ld) }()
	time.Sleep(50 * time.Millisecond)
	if err := e.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err == nil {
			t.Error("accepted what is not written")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it goes on trying")
	}
}
