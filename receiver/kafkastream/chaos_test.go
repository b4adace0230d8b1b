package kafkastream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/consumer/consumererror"
)

// TestChaos: everything that may fail does, again and again, while members come and go. Each record is taken or becomes a dead
// letter, those of a partition are first taken in their order, what is refused is never taken, and no commit goes back.
func TestChaos(t *testing.T) {
	const partitions, rounds, each = 4, 60, 10
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := newCluster(t, partitions)
	stopWatch := watchCommits(t, c)
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 1))
	oneIn := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n) == 0
	}
	var trips atomic.Int32
	quiet := make(chan struct{})
	trouble := func() bool {
		select {
		case <-quiet:
			return false
		default:
			return true
		}
	}
	c.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if !trouble() {
			return nil, nil, false
		}
		res, err, tripped := trip(req, oneIn)
		if tripped {
			trips.Add(1)
		}
		return res, err, tripped
	})

	refused := func(s seen) bool { return s.offset%37 == 36 }
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		if trouble() && oneIn(10) {
			return errors.New("away")
		}
		if slices.ContainsFunc(batch, refused) {
			return consumererror.NewPermanent(errors.New("refused"))
		}
		return nil
	}}
	change := func(cfg *Config) { cfg.Fetch.MaxBytes = 400 }
	var stops [3]func()
	for i := range stops {
		_, stops[i] = start(t, settings(t), c.config(change), p)
	}
	for round := range rounds {
		for partition := range int32(partitions) {
			c.produce(topic, partition, round*each, each)
		}
		time.Sleep(20 * time.Millisecond)
		if round%20 == 19 {
			i := round % len(stops)
			stops[i]()
			_, stops[i] = start(t, settings(t), c.config(change), p)
		}
	}
	close(quiet)
	wait(t, "not all is committed", func() bool {
		got := c.committed(topic)
		for partition := range int32(partitions) {
			if got[partition] != rounds*each {
				return false
			}
		}
		return true
	})
	for _, stop := range stops {
		stop()
	}
	stopWatch()
	var want []int64
	lettered := map[string]bool{}
	for offset := range int64(rounds * each) {
		if refused(seen{offset: offset}) {
			for partition := range partitions {
				lettered[fmt.Sprintf("orders/%d@%d refused", partition, offset)] = true
			}
		} else {
			want = append(want, offset)
		}
	}
	for partition := range int32(partitions) {
		if got := p.offsets(partition); !slices.Equal(got, want) {
			t.Errorf("partition %d: first taken in the order %v", partition, got)
		}
	}
	client := c.franz(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{letters: {0: kgo.NewOffset().AtStart()}}))
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for len(lettered) > 0 && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { delete(lettered, letterText(r)) })
	}
	if len(lettered) > 0 {
		t.Errorf("no dead letters: %v", lettered)
	}
	if trips.Load() < 10 {
		t.Errorf("only %d requests failed", trips.Load())
	}
	t.Logf("%d requests failed", trips.Load())
	t.Logf("%d records taken of %d", p.count(), partitions*len(want))
}

// trip answers some requests of consumers with an error.
func trip(req kmsg.Request, oneIn func(int) bool) (kmsg.Response, error, bool) {
	switch req := req.(type) {
	case *kmsg.FetchRequest:
		if len(req.Topics) != 1 || req.Topics[0].Topic != topic || !oneIn(8) {
			return nil, nil, false
		}
		if oneIn(4) {
			return nil, errors.New("the connection is closed"), true
		}
		res := answer(req, nil, 0)
		for _, code := range []kafka.Error{kafka.NotLeaderForPartition, kafka.UnknownTopicOrPartition, kafka.OffsetOutOfRange, kafka.FencedLeaderEpoch} {
			res.Topics[0].Partitions[0].ErrorCode = int16(code)
			if oneIn(3) {
				break
			}
		}
		return res, nil, true
	case *kmsg.HeartbeatRequest:
		if !oneIn(60) {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.HeartbeatResponse)
		res.ErrorCode = int16(kafka.UnknownMemberId)
		if oneIn(2) {
			res.ErrorCode = int16(kafka.RebalanceInProgress)
		}
		return res, nil, true
	case *kmsg.OffsetCommitRequest:
		if !oneIn(20) {
			return nil, nil, false
		}
		return refuseCommit(req, kafka.NotCoordinatorForGroup), nil, true
	case *kmsg.JoinGroupRequest:
		if !oneIn(5) {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.JoinGroupResponse)
		res.ErrorCode = int16(kafka.GroupCoordinatorNotAvailable)
		return res, nil, true
	case *kmsg.ListOffsetsRequest:
		if oneIn(4) {
			return nil, errors.New("the connection is closed"), true
		}
	}
	return nil, nil, false
}
