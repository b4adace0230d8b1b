package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
	"github.com/cloakroom/cloakroom/builder/demo"
)

// show is what is shown, and how much of it did not hold.
type show struct {
	house  *house
	out    *demo.Screen
	items  []item
	faults int

	clean map[coordinates]*kgo.Record // by where they came from
	order map[string][]*kgo.Record    // of each clean topic, by partition and offset
	dead  []*kgo.Record
}

// coordinates are where a raw record stands.
type coordinates struct {
	topic             string
	partition, offset string
}

func (i item) coordinates() coordinates {
	return coordinates{i.record.Topic, fmt.Sprint(i.record.Partition), fmt.Sprint(i.record.Offset)}
}

// source is where a record says it came from.
func source(r *kgo.Record) coordinates {
	return coordinates{headerOf(r, "cloakroom-source-topic"), headerOf(r, "cloakroom-source-partition"), headerOf(r, "cloakroom-source-offset")}
}

func headerOf(r *kgo.Record, key string) string {
	for _, h := range slices.Backward(r.Headers) {
		if h.Key == key {
			return string(h.Value)
		}
	}
	return ""
}

// expect says that something holds, or remembers that it does not.
func (s *show) expect(holds bool, format string, args ...any) {
	if holds {
		s.out.Done(format, args...)
		return
	}
	s.faults++
	s.out.Bad("NOT SO  "+format, args...)
}

// start starts the broker, fills its topics, and starts the collector on them.
func (s *show) start(ctx context.Context) error {
	h := s.house
	s.out.Heading("Cloakroom between Kafka topics")
	err := s.out.Wait("starting Apache Kafka "+broker.Version+" (39 MB are downloaded the first time)", "Apache Kafka "+broker.Version+" answers", func() error { return h.startBroker(ctx) })
	if err != nil {
		return err
	}
	if err := brokertest.CreateTopics(ctx, h.broker.Address(), topics()...); err != nil {
		return err
	}
	var records []*kgo.Record
	for _, i := range s.items {
		records = append(records, i.record)
	}
	if err := brokertest.Produce(ctx, h.broker.Address(), records, kgo.ProducerBatchCompression(kgo.ZstdCompression())); err != nil {
		return err
	}
	s.out.Done("wrote %s to %s", demo.Count(len(records), "record"), strings.Join(rawTopics, ", "))
	return s.out.Wait("starting the collector", "the collector is ready", func() error { return h.startCollector(ctx) })
}

// arrive waits until every record is in a clean topic or a dead letter, and the group has committed them.
func (s *show) arrive(ctx context.Context) error {
	h := s.house
	return s.out.Wait("waiting for the records", "the group has passed all of them on", func() error {
		return h.collector.Poll(ctx, h.settings.patience, "not every record was passed on", func() (bool, error) {
			lag, err := s.lags(ctx)
			if err != nil {
				return false, err
			}
			for _, l := range lag {
				if l.committed < l.end {
					return false, nil
				}
			}
			return true, s.collect(ctx)
		})
	})
}

// collect reads the clean topics and the dead letters.
func (s *show) collect(ctx context.Context) (err error) {
	s.clean, s.order = map[coordinates]*kgo.Record{}, map[string][]*kgo.Record{}
	at := s.house.broker.Address()
	for _, t := range rawTopics {
		records, err := brokertest.Consume(ctx, at, t+cleanSuffix)
		if err != nil {
			return err
		}
		s.order[t] = records
		for _, r := range records {
			s.clean[source(r)] = r
		}
	}
	s.dead, err = brokertest.Consume(ctx, at, deadTopic)
	return err
}

// records shows each kind of record before and after.
func (s *show) records(context.Context) error {
	s.out.Heading("Before and after")
	for _, i := range s.items {
		after := s.clean[i.coordinates()]
		if i.quiet || i.dead || after == nil {
			continue
		}
		s.out.Line("%s%s", s.out.Paint(demo.Cyan, i.title), s.out.Paint(demo.Dim, fmt.Sprintf("  %s, partition %d", i.record.Topic, i.record.Partition)))
		s.out.Print("    " + s.out.Paint(demo.Red, "-") + " " + s.line(i.record, i.kind, demo.Yellow))
		s.out.Print("    " + s.out.Paint(demo.Green, "+") + " " + s.line(after, i.kind, demo.Green))
	}
	return nil
}

// line writes a record for a person.
func (s *show) line(r *kgo.Record, k kind, color string) string {
	parts := []string{"key " + readable(r.Key)}
	for _, h := range r.Headers {
		if !strings.HasPrefix(h.Key, "cloakroom-source-") {
			parts = append(parts, h.Key+": "+readable(h.Value))
		}
	}
	value := r.Value
	if text, err := comparable(k, value); err == nil && k != bytesOf {
		value = text
	}
	framing := ""
	if len(value) > 5 && value[0] == 0 {
		framing, value = fmt.Sprintf("(schema %d) ", binary.BigEndian.Uint32(value[1:])), value[5:]
	}
	text := strings.Join(append(parts, framing+readable(value)), "  ")
	paint := func(t string) string { return s.out.Paint(color, t) }
	return anyToken.ReplaceAllStringFunc(personal.ReplaceAllStringFunc(text, paint), paint)
}

// readable is a key or value as text.
func readable(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) == 0:
		return "(empty)"
	}
	text := strconv.Quote(string(b))
	return strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`)
}

// letters shows the dead letters: where each record stands and why it did not go on.
func (s *show) letters(context.Context) error {
	s.out.Heading("Dead letters, in " + deadTopic)
	reasons := map[coordinates]string{}
	for _, r := range s.dead {
		at := source(r)
		reasons[at] = headerOf(r, "cloakroom-reason")
		schema := ""
		if id := headerOf(r, "cloakroom-schema-id"); id != "" {
			schema = ", schema " + id
		}
		s.out.Line("%s, partition %s, offset %s: %s%s", at.topic, at.partition, at.offset, s.out.Paint(demo.Yellow, reasons[at]), schema)
		s.expect(r.Value == nil, "the letter holds nothing of the record")
	}
	want := 0
	for _, i := range s.items {
		if i.dead {
			want++
			s.expect(reasons[i.coordinates()] != "", "%s became a dead letter", i.title)
		}
	}
	s.expect(len(s.dead) == want, "%s, and no more", demo.Count(want, "dead letter"))
	return nil
}

// lag is how far the group is in a partition.
type lag struct {
	topic          string
	partition      int32
	committed, end int64
}

func (s *show) lags(ctx context.Context) (out []lag, err error) {
	at := s.house.broker.Address()
	committed, err := brokertest.Committed(ctx, at, group)
	if err != nil {
		return nil, err
	}
	for _, t := range rawTopics {
		ends, err := brokertest.Ends(ctx, at, t)
		if err != nil {
			return nil, err
		}
		for p := range int32(len(ends)) {
			out = append(out, lag{t, p, committed[t][p], ends[p]})
		}
	}
	return out, nil
}

// lag shows how far the group is.
func (s *show) lag(ctx context.Context) error {
	s.out.Heading("The group " + group)
	all, err := s.lags(ctx)
	if err != nil {
		return err
	}
	left := int64(0)
	for _, l := range all {
		s.out.Line("%-20s  partition %d  committed %4d of %4d", l.topic, l.partition, l.committed, l.end)
		left += l.end - l.committed
	}
	s.expect(left == 0, "lag: %d", left)
	return nil
}

// reveal has the command line tool say whom a token stands for.
func (s *show) reveal(ctx context.Context) error {
	s.out.Heading("Revealing one, for a purpose")
	first := s.clean[s.items[0].coordinates()]
	if first == nil {
		return errors.New("the first record did not come out")
	}
	tok := anyToken.FindString(string(first.Value))
	if tok == "" {
		s.expect(false, "the first record holds a token")
		return nil
	}
	args := []string{"reveal", "--purpose", "INC-9 order of a customer", tok}
	s.out.Line("%s", s.out.Paint(demo.Dim, "$ cloakroom reveal --purpose 'INC-9 order of a customer' "+tok))
	cmd := exec.CommandContext(ctx, s.house.settings.cli, args...)
	cmd.Env = append(os.Environ(), "CLOAKROOM_VAULT="+s.house.path("vault"))
	answer, err := cmd.CombinedOutput()
	for l := range strings.Lines(strings.TrimSpace(string(answer))) {
		s.out.Folded(strings.TrimRight(l, "\n"))
	}
	s.expect(err == nil && strings.Contains(string(answer), canaries[0]), "the token stands for the customer of the first record")
	return nil
}

// fidelity checks that every record is there, with nothing changed but what is personal, in its partition and its order.
func (s *show) fidelity(context.Context) error {
	s.out.Heading("Check")
	missing, different, want := 0, 0, map[string][]coordinates{}
	for _, i := range s.items {
		if i.dead {
			continue
		}
		want[fmt.Sprintf("%s %d", i.record.Topic, i.record.Partition)] = append(want[fmt.Sprintf("%s %d", i.record.Topic, i.record.Partition)], i.coordinates())
		after := s.clean[i.coordinates()]
		if after == nil {
			missing++
			continue
		}
		if err := same(i, after); err != nil {
			different++
			s.expect(false, "%s, offset %d: %s", i.title, i.record.Offset, strings.ReplaceAll(err.Error(), "\n", ", "))
		}
	}
	s.expect(missing == 0, "%s came out: no record was lost", demo.Count(len(s.clean), "record"))
	s.expect(different == 0, "keys, values, headers and timestamps are as they were, but for tokens; null is null, empty is empty")
	got := map[string][]coordinates{}
	for topic, records := range s.order {
		for _, r := range records {
			at := fmt.Sprintf("%s %d", topic, r.Partition)
			if c := source(r); !slices.Contains(got[at], c) { // at least once: what came again is not out of order
				got[at] = append(got[at], c)
			}
		}
	}
	ordered := len(got) == len(want)
	for at := range want {
		ordered = ordered && slices.Equal(want[at], got[at])
	}
	s.expect(ordered, "every record is in the partition it was in, and in the same order: %s", demo.Count(len(want), "partition"))
	return nil
}
