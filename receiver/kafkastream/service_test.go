//go:build services

package kafkastream

import (
	"maps"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/builder/broker"
)

// TestServiceKafka runs against Apache Kafka what runs against kfake, and has it frozen, killed and started again.
func TestServiceKafka(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{Settings: []string{
		"group.min.session.timeout.ms=100", "group.initial.rebalance.delay.ms=0", "message.max.bytes=4194304", "auto.create.topics.enable=false",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	apache = s.Address()
	defer func() { apache = "" }()
	for _, tt := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"start", TestStart},
		{"resume", TestResume},
		{"rebalance", TestRebalance},
		{"new partitions", TestNewPartitions},
		{"topics by a regular expression", TestTopicsRegex},
		{"a topic that is missing", TestTopicMissing},
		{"a batch is left behind", TestLeftBehind},
		{"the pipeline fails", TestPipelineFails},
		{"the pipeline refuses", TestRefused},
		{"out of range", TestOutOfRange},
		{"deleted meanwhile", TestDeletedMeanwhile},
		{"transactions", TestTransactions},
		{"metrics", TestMetrics},
	} {
		t.Run(tt.name, tt.run)
	}
	t.Run("the broker is frozen and killed", func(t *testing.T) { brokerAway(t, s) })
}

// brokerAway: members find back to a broker that did not answer past their sessions, and to one that starts again.
func brokerAway(t *testing.T, s *broker.Server) {
	const partitions, each = 3, 50
	c := newCluster(t, partitions)
	var p pipeline
	for range 2 {
		start(t, settings(t), c.config(), &p)
	}
	total := 0
	produced := func() {
		for partition := range int32(partitions) {
			c.produce(topic, partition, total, each)
		}
		total += each
	}
	arrive := func() {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for partition := range int32(partitions) {
			for len(p.offsets(partition)) < total {
				if time.Now().After(deadline) {
					t.Fatalf("partition %d: %d of %d records", partition, len(p.offsets(partition)), total)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	}
	produced()
	arrive()
	for _, away := range []struct {
		name string
		f    func() error
		back func() error
	}{
		{"frozen", s.Pause, s.Resume},
		{"killed", s.Kill, func() error { return s.Restart(t.Context()) }},
	} {
		wait(t, "not all is committed", func() bool {
			n := int64(total)
			return maps.Equal(c.committed(topic), map[int32]int64{0: n, 1: n, 2: n})
		})
		if err := away.f(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second) // the session is 3 s
		if err := away.back(); err != nil {
			t.Fatal(err)
		}
		produced()
		arrive()
		t.Logf("after it was %s, %d records were taken of %d", away.name, p.count(), total*partitions)
	}
	// Each time, what was taken while nothing could be committed may be taken twice.
	if twice := p.count() - total*partitions; twice > 2*each*partitions {
		t.Errorf("%d records were taken twice", twice)
	}
	for partition := range int32(partitions) {
		got := p.offsets(partition)
		for i, offset := range got {
			if int64(i) != offset {
				t.Fatalf("partition %d: first taken in the order %v", partition, got)
			}
		}
	}
}
