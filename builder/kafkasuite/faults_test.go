package kafkasuite

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Brokers that refuse every third request, or take it and say that they did not, or throw the member out, cost duplicates and
// time, and neither a record nor the order: records come for the first time in the order in which they stood.
func TestKfakeFaults(t *testing.T) {
	const topic, n, partitions = "faults", 12_000, 4
	k, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(k.Close)
	c := &cluster{seeds: k.ListenAddrs()}
	c.topic(t, topic, partitions)
	recs := lines(topic, n, partitions)
	c.produce(t, recs, kgo.ProducerBatchMaxBytes(5_000))

	random := rand.New(rand.NewPCG(1, 2)) // of kfake's goroutine
	var faults []kfake.Fault
	for _, f := range []struct {
		key  kmsg.Key
		err  *kerr.Error
		odds int // one of so many
	}{
		{kmsg.Produce, kerr.NotEnoughReplicas, 8},
		{kmsg.Produce, kerr.NotEnoughReplicasAfterAppend, 8}, // it is stored
		{kmsg.Produce, kerr.RequestTimedOut, 8},              // it is stored as well
		{kmsg.Produce, kerr.NotLeaderForPartition, 16},
		{kmsg.Fetch, kerr.UnknownServerError, 8},
		{kmsg.Fetch, kerr.NotLeaderForPartition, 16},
		{kmsg.OffsetCommit, kerr.CoordinatorLoadInProgress, 3},
		{kmsg.Heartbeat, kerr.RebalanceInProgress, 6},
		{kmsg.Heartbeat, kerr.UnknownMemberID, 12},
	} {
		faults = append(faults, kfake.Fault{Keys: []kmsg.Key{f.key}, Err: f.err, Count: -1, When: func(kmsg.Request) bool { return random.IntN(f.odds) == 0 }})
	}
	handle := k.Fault(faults...)
	p := c.start(t, house(t), settings{topic: topic, receiver: map[string]any{
		"fetch":              map[string]any{"max_bytes": 10_000, "max_wait": "20ms"},
		"session_timeout":    "1s",
		"heartbeat_interval": "100ms", "rebalance_timeout": "1s", "commit_interval": "20ms",
		"retry": map[string]any{"initial_interval": "1ms", "max_interval": "20ms"},
	}, exporter: map[string]any{"retry": map[string]any{"initial_interval": "1ms", "max_interval": "20ms"}}})
	time.Sleep(2 * time.Second)
	require.Greater(t, handle.Hits(), 50)
	handle.Remove()
	c.wait(t, p)
	p.stop()

	got := c.read(t, topic+cleanSuffix)
	again := 0
	for partition, part := range got {
		again += len(part)
		got[partition] = once(t, part)
		again -= len(got[partition])
	}
	t.Logf("%d duplicates of %d records", again, n)
	require.NotZero(t, again, "the faults did nothing")
	sameRecords(t, got, expectAll(recs, tokenOf(t, got)))
	require.Empty(t, c.all(t, topic+deadSuffix))
}
