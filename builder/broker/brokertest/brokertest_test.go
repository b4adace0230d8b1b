//go:build services

package brokertest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
)

func TestServiceRecords(t *testing.T) {
	s, err := broker.Start(t.Context(), broker.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop()) })
	ctx, at := t.Context(), s.Address()

	t.Run("fidelity", func(t *testing.T) {
		kinds := [][]byte{nil, {}, []byte("text"), {0xff, 0}}
		for name, codec := range map[string]kgo.CompressionCodec{
			"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
		} {
			t.Run(name, func(t *testing.T) {
				topic := "fidelity-" + name
				require.NoError(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: topic, Partitions: 3}))
				var sent []*kgo.Record
				for _, key := range kinds {
					for _, value := range kinds {
						for _, header := range kinds {
							sent = append(sent, &kgo.Record{
								Topic: topic, Partition: 2, Key: key, Value: value, Timestamp: time.UnixMilli(int64(1 + len(sent))),
								Headers: []kgo.RecordHeader{{Key: "b", Value: header}, {Key: "a"}, {Key: "b", Value: header}},
							})
						}
					}
				}
				require.NoError(t, brokertest.Produce(ctx, at, sent, kgo.ProducerBatchCompression(codec)))
				got, err := brokertest.Consume(ctx, at, topic)
				require.NoError(t, err)
				require.Len(t, got, len(sent))
				for i, r := range got {
					require.Equal(t, int32(2), r.Partition)
					require.Equal(t, int64(i), r.Offset)
					require.Equal(t, sent[i].Timestamp.UnixMilli(), r.Timestamp.UnixMilli())
					require.Equal(t, sent[i].Key, r.Key)
					require.Equal(t, sent[i].Value, r.Value)
					require.Equal(t, sent[i].Headers, r.Headers)
				}
			})
		}
	})

	t.Run("transactions", func(t *testing.T) {
		require.NoError(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: "tx"}))
		value := func(v string) []*kgo.Record { return []*kgo.Record{{Topic: "tx", Value: []byte(v)}} }
		require.NoError(t, brokertest.Transact(ctx, at, "one", true, value("kept")))
		require.NoError(t, brokertest.Transact(ctx, at, "one", false, value("gone")))
		got, err := brokertest.Consume(ctx, at, "tx")
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, "kept", string(got[0].Value))
		all, err := brokertest.Consume(ctx, at, "tx", kgo.FetchIsolationLevel(kgo.ReadUncommitted()))
		require.NoError(t, err)
		require.Len(t, all, 2)
		ends, err := brokertest.Ends(ctx, at, "tx")
		require.NoError(t, err)
		require.Equal(t, map[int32]int64{0: 4}, ends, "two records, two markers")
	})

	t.Run("broker's time", func(t *testing.T) {
		require.NoError(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: "append", Config: map[string]string{"message.timestamp.type": "LogAppendTime"}}))
		require.NoError(t, brokertest.Produce(ctx, at, []*kgo.Record{{Topic: "append", Timestamp: time.UnixMilli(1)}}))
		got, err := brokertest.Consume(ctx, at, "append")
		require.NoError(t, err)
		require.EqualValues(t, 1, got[0].Attrs.TimestampType())
		require.WithinDuration(t, time.Now(), got[0].Timestamp, time.Minute)
	})

	t.Run("groups", func(t *testing.T) {
		require.NoError(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: "g"}))
		require.NoError(t, brokertest.Commit(ctx, at, "group", "g", 0, 7))
		got, err := brokertest.Committed(ctx, at, "group")
		require.NoError(t, err)
		require.Equal(t, map[string]map[int32]int64{"g": {0: 7}}, got)
	})

	t.Run("names", func(t *testing.T) {
		require.ErrorIs(t, brokertest.CreateTopics(ctx, at, brokertest.Topic{Name: "g"}), kerr.TopicAlreadyExists)
		names, err := brokertest.Topics(ctx, at)
		require.NoError(t, err)
		require.Contains(t, names, "g")
		require.Contains(t, names, "__consumer_offsets")
	})

	t.Run("a set that is no set", func(t *testing.T) {
		_, err := brokertest.ProduceSet(ctx, at, "g", 0, bytes.Repeat([]byte{1}, 70))
		require.Error(t, err)
		ends, err := brokertest.Ends(ctx, at, "g")
		require.NoError(t, err)
		require.Equal(t, map[int32]int64{0: 0}, ends)
	})
}
