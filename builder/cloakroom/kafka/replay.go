// Package kafka replays dead letters: it opens what was sealed in them and writes the records to the topics they came from,
// as they were.
//
//	totals, err := kafka.Replay(ctx, kafka.Settings{Connection: conn, Topic: "cloakroom-dead-letters", Partition: -1, Identities: ids})
//
// Key, value, headers (order and duplicates), timestamp and partition of a record are those it had; null stays null and empty
// stays empty. Letters are read once, from where the group stands, or the earliest, to where the topic ended at the start: what
// a replayed record leads to is not replayed again. Delivery is at least once: after an error, or a run without a group, records
// may be there twice.
//
// A letter says where its record goes, and does not prove who wrote it: who may write to the topic of the letters may have
// records written to any topic that this client may write to, unless Settings.To names one.
//
// Nothing of a record is in an error or a [Report]: only where it stood, and a reason of a closed list.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"
	"github.com/segmentio/kafka-go"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// Settings of a replay.
type Settings struct {
	// Connection to the cluster; it stays the caller's to close.
	Connection *broker.Connection
	// Topic of the dead letters.
	Topic string
	// To is the topic records are written to. Empty: the one each came from.
	To string
	// Identities open letters, and so does a Vault, which is asked for the key of each that is sealed to it. Without either, and
	// only in a dry run, sealed letters are not opened.
	Identities []age.Identity
	Vault      deadletter.Ask
	// Reasons of the letters to replay, of deadletter.Reasons. Empty: all.
	Reasons []string
	// Group remembers, in the cluster, how far the letters were read. Empty: nothing is remembered.
	Group string
	// Partition of Topic to read, -1 for all. From and Until, in a single partition, are the first offset to read and the one
	// not to read any more; 0 is where the group stands, or the earliest, and the end.
	Partition   int32
	From, Until int64
	// DryRun opens letters and looks for the topics, but writes nothing and remembers nothing.
	DryRun bool
	// Tell, if set, is told of each letter that is not replayed; in a dry run, of every one but those of other reasons.
	Tell func(Report)
	// Progress, if set, is told how many offsets of how many are done.
	Progress func(done, total int64)
	// Patience is how long the cluster may fail before the replay does, 30 s when 0.
	Patience time.Duration
}

// Totals are the letters that were read.
type Totals struct {
	// Replayed is how many records were written; in a dry run, how many would be.
	Replayed int64
	// Skipped and Failed letters, by why.
	Skipped, Failed map[Outcome]int64
	// Filtered is how many letters have another reason than Settings.Reasons.
	Filtered int64
}

func (t *Totals) count(o Outcome) {
	switch {
	case o == Replayed:
		t.Replayed++
	case o.skipped():
		t.Skipped[o]++
	default:
		t.Failed[o]++
	}
}

const (
	defaultPatience = 30 * time.Second
	// finish is how long what is being written may take after the context has ended.
	finish = 10 * time.Second
	// pendingBytes is how much of opened records is gathered before it is written, beside the one that exceeds it.
	pendingBytes = 4 << 20
	// maxRecordBytes is the largest request that is sent: a broker closes connections over requests of 100 MiB.
	maxRecordBytes = 64 << 20
)

// Replay reads the letters and writes their records. When ctx ends, it finishes the batch under way, for ten seconds at most,
// and returns the cause. The totals count what was done until then.
func Replay(ctx context.Context, s Settings) (Totals, error) {
	r := newReplay(s)
	ps, err := r.spans(ctx)
	if err != nil {
		return r.totals, err
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(finish, cancel) })()
	for _, p := range ps {
		r.total += p.end - p.at
	}
	for _, p := range ps {
		if err := r.partition(ctx, work, p); err != nil {
			return r.totals, err
		}
	}
	return r.totals, nil
}

// replay is one call of Replay.
type replay struct {
	Settings
	reader
	producer *produce.Producer
	counts   map[string]int32 // partitions of topics to write to, 0 for those that are not there
	totals   Totals
	pending  map[lane]*gathered
	bytes    int // of the records in pending

	done, total int64
}

// lane is a partition that is written to.
type lane struct {
	topic     string
	partition int32
}

// gathered are records for one lane, and the letters they were in.
type gathered struct {
	recs    []batch.Record
	reports []Report
}

func newReplay(s Settings) *replay {
	if s.Patience <= 0 {
		s.Patience = defaultPatience
	}
	if s.Tell == nil {
		s.Tell = func(Report) {}
	}
	if s.Progress == nil {
		s.Progress = func(int64, int64) {}
	}
	cfg := produce.DefaultConfig()
	cfg.Compression, cfg.MaxMessageBytes, cfg.Retry.MaxElapsedTime = batch.Zstd, maxRecordBytes, s.Patience
	return &replay{
		Settings: s, reader: reader{conn: s.Connection, topic: s.Topic, patience: s.Patience},
		producer: produce.New(cfg, s.Connection, produce.Hooks{}),
		counts:   map[string]int32{}, pending: map[lane]*gathered{},
		totals: Totals{Skipped: map[Outcome]int64{}, Failed: map[Outcome]int64{}},
	}
}

// partition replays the letters of one partition. ctx says when to stop, work when to give up what is being written.
func (r *replay) partition(ctx, work context.Context, p span) error {
	for p.at < p.end {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		letters, next, err := r.read(ctx, p)
		if corrupt := (*batch.CorruptError)(nil); errors.As(err, &corrupt) {
			next = max(next, corrupt.NextOffset)
			r.settle(Report{Letter: record.Source{Topic: r.Topic, Partition: p.number, Offset: corrupt.BaseOffset}, Outcome: Unreadable})
		} else if err != nil {
			return fmt.Errorf("read %s, partition %d: %w", r.Topic, p.number, err)
		}
		for i := range letters {
			if letters[i].Offset >= p.end {
				break
			}
			if err := r.take(ctx, p.number, letters[i]); err != nil {
				return err
			}
			if r.bytes < pendingBytes {
				continue
			}
			if err := r.flush(ctx, work, &p, letters[i].Offset+1); err != nil {
				return err
			}
		}
		if err := r.flush(ctx, work, &p, min(next, p.end)); err != nil {
			return err
		}
	}
	return nil
}

// take opens a letter and puts its record where it waits to be written.
func (r *replay) take(ctx context.Context, partition int32, letter batch.Record) error {
	rep := reportOf(letter)
	rep.Letter.Topic, rep.Letter.Partition = r.Topic, partition
	if !r.wanted(rep.Reason) {
		r.totals.Filtered++
		return nil
	}
	rec, out, err := r.open(ctx, letter, &rep)
	if err != nil {
		return err
	}
	if out == "" {
		if rep.To, rep.ToPartition, err = r.target(ctx, rep.Source, rec.Key); err != nil {
			return err
		}
		if rep.To == "" {
			out = NoTopic
		}
	}
	if rep.Outcome = out; out != "" {
		r.settle(rep)
		return nil
	}
	to := lane{rep.To, rep.ToPartition}
	g := r.pending[to]
	if g == nil {
		g = new(gathered)
		r.pending[to] = g
	}
	rep.Outcome = Replayed
	g.recs, g.reports = append(g.recs, rec), append(g.reports, rep)
	r.bytes += rec.Size()
	return nil
}

func (r *replay) settle(rep Report) {
	r.totals.count(rep.Outcome)
	if rep.Outcome != Replayed || r.DryRun {
		r.Tell(rep)
	}
}

// flush writes what waits, and remembers that all letters before next are done.
func (r *replay) flush(ctx, work context.Context, p *span, next int64) error {
	for to, g := range r.pending {
		if err := r.send(work, to, g); err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		delete(r.pending, to)
	}
	r.bytes = 0
	if r.Group != "" && !r.DryRun {
		if err := r.commit(work, r.Group, p.number, next); err != nil {
			return err
		}
	}
	r.done += next - p.at
	p.at = next
	r.Progress(r.done, r.total)
	if ctx.Err() != nil && (r.done < r.total) {
		return context.Cause(ctx)
	}
	return nil
}

// send writes records to one partition, where they stay in the order of their letters.
func (r *replay) send(ctx context.Context, to lane, g *gathered) error {
	if !r.DryRun {
		refused, err := r.producer.Send(ctx, to.topic, to.partition, g.recs)
		if err != nil {
			return err
		}
		for _, no := range refused {
			g.reports[no.Index].Outcome = Refused
			if no.TooLarge {
				g.reports[no.Index].Outcome = TooLarge
			}
		}
	}
	for _, rep := range g.reports {
		r.settle(rep)
	}
	return nil
}

// target is where a record goes. The topic is empty where there is none.
func (r *replay) target(ctx context.Context, s record.Source, key []byte) (string, int32, error) {
	topic := s.Topic
	if r.To != "" {
		topic = r.To
	}
	if !produce.TopicName(topic) {
		return "", 0, nil
	}
	n, known := r.counts[topic]
	if !known {
		found, err := r.partitions(ctx, topic)
		if err != nil {
			return "", 0, fmt.Errorf("look for topic %s: %w", topic, err)
		}
		n = found
		r.counts[topic] = n
	}
	switch {
	case n == 0 && r.To != "":
		return "", 0, fmt.Errorf("topic %s is not there, or this client may not see it: %w", topic, kafka.UnknownTopicOrPartition)
	case n == 0:
		return "", 0, nil
	case s.Topic != "" && s.Partition >= 0 && s.Partition < n:
		return topic, s.Partition, nil
	case key != nil:
		return topic, record.PartitionOf(record.Murmur2(key), n), nil
	}
	return topic, max(s.Partition, 0) % n, nil
}
