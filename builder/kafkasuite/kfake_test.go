package kafkasuite

import (
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// suite is what holds on every cluster.
func suite(t *testing.T, c *cluster) {
	for _, tc := range []struct {
		name string
		run  func(*testing.T, *cluster)
	}{
		{"fidelity", testFidelity},
		{"timestamps", testTimestamps},
		{"frames", testFrames},
		{"order", testOrder},
		{"fewer partitions", testFewerPartitions},
		{"tokenized keys", testTokenizedKeys},
		{"compacted", testCompacted},
		{"transactions", testTransactions},
		{"members", testMembers},
		{"duplicates", testDuplicates},
		{"out of range", testOutOfRange},
		{"corrupt batches", testCorruptBatches},
		{"bad records", testBadRecords},
		{"dead letters sealed to the vault", testSealedToVault},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, c) })
	}
}

func TestKfake(t *testing.T) {
	k, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(100*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(k.Close)
	harmed := &harmed{sets: map[string][][]byte{}}
	k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		return harmed.answer(req.(*kmsg.FetchRequest))
	})
	suite(t, &cluster{
		seeds:   k.ListenAddrs(),
		compact: func(*testing.T, string) { k.Compact() },
		damage: func(t *testing.T, topic string, partition int32, harm func([][]byte)) {
			require.Zero(t, partition)
			rt := &kafka.Transport{}
			defer rt.CloseIdleConnections()
			f, err := batch.Fetch(t.Context(), rt, kafka.TCP(k.ListenAddrs()...), batch.Query{Topic: topic, MaxBytes: 1 << 20, MinBytes: 1, MaxWait: time.Second})
			require.NoError(t, err)
			batches := split(f.Set)
			harm(batches)
			harmed.put(topic, batches)
		},
	})
}

// harmed answers fetches of partition 0 of topics with batches that kfake would not store.
type harmed struct {
	mu   sync.Mutex
	sets map[string][][]byte // by topic
}

func (h *harmed) put(topic string, batches [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sets[topic] = batches
}

// answer is given for a request of one partition only, and not where the batches end: kfake then waits for more.
func (h *harmed) answer(req *kmsg.FetchRequest) (kmsg.Response, error, bool) {
	if len(req.Topics) != 1 || len(req.Topics[0].Partitions) != 1 || req.Topics[0].Partitions[0].Partition != 0 {
		return nil, nil, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := req.Topics[0].Partitions[0]
	var set []byte
	end := int64(0)
	for _, b := range h.sets[req.Topics[0].Topic] {
		if end = first(b) + int64(be.Uint32(b[23:])) + 1; end > asked.FetchOffset {
			set = append(set, b...)
		}
	}
	if set == nil {
		return nil, nil, false
	}
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	rt := kmsg.NewFetchResponseTopic()
	rt.Topic = req.Topics[0].Topic
	rp := kmsg.NewFetchResponseTopicPartition()
	rp.HighWatermark, rp.LastStableOffset, rp.LogStartOffset, rp.RecordBatches = end, end, 0, set
	rt.Partitions = append(rt.Partitions, rp)
	resp.Topics = append(resp.Topics, rt)
	return resp, nil, true
}
