package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
)

// reader reads the topic of the letters, and the cluster's metadata.
type reader struct {
	conn     *broker.Connection
	topic    string
	patience time.Duration
	reached  bool // the cluster has answered
}

// span is what is to be read of a partition.
type span struct {
	number  int32
	at, end int64
}

const (
	fetchBytes = 1 << 20
	fetchWait  = 500 * time.Millisecond
	// maxLetterBytes is the largest batch of letters that is read: dead_letter.max_message_bytes is no more.
	maxLetterBytes = 1 << 30
	slack          = 1 << 20 // of a response, beside its batches
)

// persist calls once until it succeeds, for as long as patience is. A cluster that never answered is not waited for.
func (r *reader) persist(ctx context.Context, once func() error) error {
	wait := 50 * time.Millisecond
	for began := time.Now(); ; wait = min(2*wait, 2*time.Second) {
		err := once()
		if err == nil {
			r.reached = true
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !r.mayPass(err) || time.Since(began)+wait > r.patience {
			return r.conn.Explain(err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
		r.conn.Refresh()
	}
}

// mayPass tells whether an error may be over soon.
func (r *reader) mayPass(err error) bool {
	if corrupt, large := (*batch.CorruptError)(nil), (*batch.TooLargeError)(nil); errors.As(err, &corrupt) || errors.As(err, &large) {
		return false
	}
	var code kafka.Error
	if errors.As(err, &code) {
		return code.Temporary() && (r.reached || code != kafka.BrokerNotAvailable)
	}
	return r.reached
}

// partitions is the number of partitions of a topic: 0 where it is not there, is the cluster's own, or not for this client to see.
func (r *reader) partitions(ctx context.Context, topic string) (n int32, err error) {
	err = r.persist(ctx, func() error {
		m, err := r.conn.Client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		if err != nil {
			return err
		}
		t := m.Topics[0]
		switch {
		case t.Internal, errors.Is(t.Error, kafka.UnknownTopicOrPartition), errors.Is(t.Error, kafka.TopicAuthorizationFailed), errors.Is(t.Error, kafka.InvalidTopic):
			n = 0
			return nil
		}
		n = int32(len(t.Partitions))
		return t.Error
	})
	return n, err
}

// spans are what is to be read: up to where each partition ends now.
func (r *replay) spans(ctx context.Context) ([]span, error) {
	n, err := r.partitions(ctx, r.Topic)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for topic %s: %w", r.Topic, err)
	case n == 0:
		return nil, fmt.Errorf("topic %s is not there, or this client may not see it: %w", r.Topic, kafka.UnknownTopicOrPartition)
	case r.Partition >= n:
		return nil, fmt.Errorf("topic %s has %d partitions: there is no partition %d", r.Topic, n, r.Partition)
	}
	out := make([]span, 0, n)
	for p := range n {
		if r.Partition >= 0 && p != r.Partition {
			continue
		}
		s, err := r.span(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (r *replay) span(ctx context.Context, p int32) (span, error) {
	s := span{number: p}
	where := fmt.Sprintf("%s, partition %d", r.Topic, p)
	var first, at int64
	err := r.persist(ctx, func() (err error) {
		first, s.end, err = r.offsets(ctx, p)
		return err
	})
	if err != nil {
		return s, fmt.Errorf("offsets of %s: %w", where, err)
	}
	if r.Group != "" {
		if at, err = r.committed(ctx, r.Group, p); err != nil {
			return s, err
		}
		if at > s.end {
			return s, fmt.Errorf("group %s stands at offset %d of %s, which ends at %d: was the topic made again? Name another group", r.Group, at, where, s.end)
		}
	}
	if r.From > 0 {
		at = r.From
	}
	if r.Until > 0 {
		s.end = min(s.end, r.Until)
	}
	s.at = max(first, at)
	s.end = max(s.end, s.at)
	return s, nil
}

func (r *reader) offsets(ctx context.Context, p int32) (first, last int64, err error) {
	res, err := r.conn.Client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{r.topic: {kafka.FirstOffsetOf(int(p)), kafka.LastOffsetOf(int(p))}}, IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return 0, 0, err
	}
	for _, o := range res.Topics[r.topic] {
		if o.Partition == int(p) {
			return o.FirstOffset, o.LastOffset, o.Error
		}
	}
	return 0, 0, kafka.UnknownTopicOrPartition
}

// read fetches letters from p.at on, and the offset behind them. A batch that cannot be read is a [*batch.CorruptError], after
// the letters before it.
func (r *reader) read(ctx context.Context, p span) (letters []batch.Record, next int64, err error) {
	size := fetchBytes
	err = r.persist(ctx, func() error {
		for {
			letters, next, err = r.fetch(ctx, p, size)
			large := (*batch.TooLargeError)(nil)
			if !errors.As(err, &large) || large.Need > maxLetterBytes || large.Need <= size {
				return err
			}
			size = large.Need
		}
	})
	return letters, next, err
}

func (r *reader) fetch(ctx context.Context, p span, size int) (letters []batch.Record, next int64, err error) {
	got, err := batch.Fetch(ctx, r.conn.Transport, r.conn.Addr, batch.Query{
		Topic: r.topic, Partition: p.number, Offset: p.at, MinBytes: 1, MaxBytes: int32(size), MaxWait: fetchWait, MaxResponse: maxLetterBytes + slack,
	})
	if err == nil {
		err = got.Err
	}
	if err != nil {
		return nil, 0, err
	}
	letters, next, err = batch.Decode(nil, got.Set, p.at, got.Aborted, batch.Limits{MaxDecompressed: maxLetterBytes})
	if err == nil && next <= p.at {
		err = errNothing
	}
	return letters, next, err
}

var errNothing = errors.New("the broker answers with nothing, before the end it told")

// committed is where a group stands, 0 where it has not been.
func (r *reader) committed(ctx context.Context, group string, p int32) (at int64, err error) {
	err = r.persist(ctx, func() error {
		res, err := r.conn.Client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{r.topic: {int(p)}}})
		if err == nil {
			err = res.Error
		}
		if errors.Is(err, kafka.GroupIdNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, o := range res.Topics[r.topic] {
			at = max(o.CommittedOffset, 0)
			err = errors.Join(err, o.Error)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("where group %s stands: %w", group, err)
	}
	return at, nil
}

// commit says that a group has done everything before an offset. The group must have no members.
func (r *reader) commit(ctx context.Context, group string, p int32, at int64) error {
	err := r.persist(ctx, func() error {
		res, err := r.conn.Client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
			GroupID: group, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{r.topic: {{Partition: int(p), Offset: at}}},
		})
		if err != nil {
			return err
		}
		for _, o := range res.Topics[r.topic] {
			err = errors.Join(err, o.Error)
		}
		return err
	})
	switch {
	case errors.Is(err, kafka.UnknownMemberId), errors.Is(err, kafka.RebalanceInProgress), errors.Is(err, kafka.IllegalGeneration):
		return fmt.Errorf("group %s has consumers: name one that only replays: %w", group, err)
	case err != nil:
		return fmt.Errorf("remember where group %s stands: %w", group, err)
	}
	return nil
}
