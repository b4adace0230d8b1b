//go:build services

package kafkachaos

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// domain marks the driver's addresses: none of them may be anywhere but in the topics that the driver wrote.
const domain = "kafka-canary.example"

var token = regexp.MustCompile(`tkt_email_[a-z]{5}_[a-z]{33}`)

// kind is what a record of the driver looks like.
type kind int

const (
	jsonKind kind = iota
	textKind
	logfmtKind
	tombstoneKind
	emptyKind
	brokenKind // cut off JSON: a dead letter in a topic of format json
)

// made is a record of the driver.
type made struct {
	kind    kind
	address string // what a token stands for
	record  *kgo.Record
}

const (
	rawTopic    = "raw"        // any format
	jsonTopic   = "raw-json"   // format json: what is no JSON becomes a dead letter
	peopleTopic = "raw-people" // keys are addresses, and are tokenized
	cleanSuffix = ".clean"
	deadTopic   = "raw.dead"
	group       = "chaos"
	numberKey   = "n"       // header: the record's number
	contactKey  = "contact" // header: an address
)

var sources = []string{rawTopic, jsonTopic, peopleTopic}

// makeRecord returns the record of a number: of the same seed and number always the same one.
func makeRecord(seed uint64, n int, partitions int32) made {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	address := fmt.Sprintf("p%d@%s", r.IntN(20_000), domain)
	m := made{address: address, record: &kgo.Record{
		Topic:     sources[weighted(r)],
		Partition: r.Int32N(partitions),
		Key:       strconv.AppendInt(nil, int64(n), 36),
		Headers:   []kgo.RecordHeader{{Key: numberKey, Value: strconv.AppendInt(nil, int64(n), 10)}, {Key: "empty", Value: []byte{}}, {Key: "null"}},
	}}
	m.kind = kind(r.IntN(3))
	if m.record.Topic == jsonTopic {
		m.kind = jsonKind
	}
	switch r.IntN(100) {
	case 0:
		m.kind = tombstoneKind
	case 1:
		m.kind = emptyKind
	case 2:
		if m.record.Topic == jsonTopic {
			m.kind = brokenKind
		}
	}
	if m.record.Topic == peopleTopic {
		m.record.Key = []byte(address)
	}
	if r.IntN(4) == 0 {
		m.record.Headers = append(m.record.Headers, kgo.RecordHeader{Key: contactKey, Value: []byte(address)}, kgo.RecordHeader{Key: "twice", Value: []byte("1")}, kgo.RecordHeader{Key: "twice", Value: []byte("2")})
	}
	m.record.Value = m.value(r, n)
	return m
}

// weighted is 0 for half of the records.
func weighted(r *rand.Rand) int { return []int{0, 0, 1, 2}[r.IntN(4)] }

func (m *made) value(r *rand.Rand, n int) []byte {
	padding := bytes.Repeat([]byte("shipped from warehouse north, "), r.IntN(10))
	switch m.kind {
	case jsonKind:
		return fmt.Appendf(nil, `{"level":"info", "n" : %d.50, "email":"%s","msg":"%s"}`, n, m.address, padding)
	case textKind:
		return fmt.Appendf(nil, "2026-01-02T03:04:05Z order %d confirmed to %s, %s", n, m.address, padding)
	case logfmtKind:
		return fmt.Appendf(nil, `level=info n=%d email=%s msg="%s"`, n, m.address, padding)
	case emptyKind:
		return []byte{}
	case brokenKind:
		return fmt.Appendf(nil, `{"level":"info","n":%d,"email":"%s","msg":"%s`, n, m.address, padding)
	}
	return nil
}

// withSource adds the coordinates that a republished record has.
func withSource(r *kgo.Record, topic string, partition int32, offset int64) *kgo.Record {
	r.Headers = append(r.Headers, kgo.RecordHeader{Key: record.SourceTopic, Value: []byte(topic)},
		kgo.RecordHeader{Key: record.SourcePartition, Value: strconv.AppendInt(nil, int64(partition), 10)},
		kgo.RecordHeader{Key: record.SourceOffset, Value: strconv.AppendInt(nil, offset, 10)})
	return r
}

// numberOf is the number of a record of the driver, raw or republished.
func numberOf(r *kgo.Record) (int, error) {
	for _, h := range r.Headers {
		if h.Key == numberKey {
			return strconv.Atoi(string(h.Value))
		}
	}
	return 0, errors.New("a record without a number")
}

// judge holds a republished record against the one it was made from. tokens is what every address has become so far.
func (m *made) judge(r *kgo.Record, tokens map[string]string) error {
	const own = 3 // source coordinates
	switch {
	case m.kind == brokenKind:
		return errors.New("a record that is no JSON came through")
	case r.Topic != m.record.Topic+cleanSuffix || r.Partition != m.record.Partition:
		return fmt.Errorf("came out in %s[%d], want partition %d of %s", r.Topic, r.Partition, m.record.Partition, m.record.Topic+cleanSuffix)
	case len(r.Headers) != len(m.record.Headers)+own:
		return fmt.Errorf("%d headers, want %d", len(r.Headers), len(m.record.Headers)+own)
	}
	if err := m.same(m.record.Key, r.Key, tokens); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if err := m.same(m.record.Value, r.Value, tokens); err != nil {
		return fmt.Errorf("value: %w", err)
	}
	for i, h := range m.record.Headers {
		if r.Headers[i].Key != h.Key {
			return fmt.Errorf("header %d has another name", i)
		}
		if err := m.same(h.Value, r.Headers[i].Value, tokens); err != nil {
			return fmt.Errorf("header %s: %w", h.Key, err)
		}
	}
	return nil
}

// same reports how out differs from in, where the address has become a token.
func (m *made) same(in, out []byte, tokens map[string]string) error {
	if (in == nil) != (out == nil) {
		return fmt.Errorf("null became empty, or the other way round: nil was %t, is %t", in == nil, out == nil)
	}
	before, after, has := bytes.Cut(in, []byte(m.address))
	if !has {
		if !bytes.Equal(in, out) {
			return errors.New("bytes that hold no address have changed")
		}
		return nil
	}
	if len(out) < len(before)+len(after) || !bytes.HasPrefix(out, before) || !bytes.HasSuffix(out, after) {
		return errors.New("bytes around an address have changed")
	}
	got := string(out[len(before) : len(out)-len(after)])
	if token.FindString(got) != got {
		return errors.New("an address became something else than one token")
	}
	if old, seen := tokens[m.address]; seen && old != got {
		return errors.New("one address has two tokens")
	}
	tokens[m.address] = got
	return nil
}

// coordinates are where a republished record came from.
func coordinates(r *kgo.Record) (record.Source, error) {
	var s record.Source
	var err error
	var seen int
	for _, h := range r.Headers {
		switch h.Key {
		case record.SourceTopic:
			s.Topic = string(h.Value)
			seen |= 1
		case record.SourcePartition:
			var n int64
			n, err = strconv.ParseInt(string(h.Value), 10, 32)
			s.Partition = int32(n)
			seen |= 2
		case record.SourceOffset:
			s.Offset, err = strconv.ParseInt(string(h.Value), 10, 64)
			seen |= 4
		}
	}
	if seen != 7 || err != nil {
		return s, errors.New("a record without its source's coordinates")
	}
	return s, nil
}

// canaries are the ways in which an address could be written down.
var canaries = [][]byte{[]byte(domain), []byte(hex.EncodeToString([]byte(domain))), []byte(base64Core(0)), []byte(base64Core(1)), []byte(base64Core(2))}

// base64Core is what base64 makes of the domain with so many bytes before it, without what its neighbors decide.
func base64Core(shift int) string {
	s := base64.StdEncoding.EncodeToString(append(make([]byte, shift), domain...))
	return s[4 : len(s)-4]
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// plain reports whether b holds a canary.
func plain(b []byte) bool {
	lower := bytes.ToLower(b)
	for i, c := range canaries {
		if i < 2 && bytes.Contains(lower, c) || bytes.Contains(b, c) {
			return true
		}
	}
	return false
}

// plainRecord reports whether any part of a record holds a canary.
func plainRecord(r *kgo.Record) bool {
	if plain(r.Key) || plain(r.Value) {
		return true
	}
	for _, h := range r.Headers {
		if plain([]byte(h.Key)) || plain(h.Value) {
			return true
		}
	}
	return false
}

// ledger is what has come out of one source partition.
type ledger struct {
	seen     []bool // by offset
	came     int    // distinct
	again    int    // duplicates
	last     int64  // the highest first occurrence
	disorder int
}

func newLedger(end int64) *ledger { return &ledger{seen: make([]bool, end), last: -1} }

// note takes one republished record by its source offset, in the order of the output partition.
func (l *ledger) note(offset int64) error {
	if offset < 0 || offset >= int64(len(l.seen)) {
		return fmt.Errorf("offset %d, which the source never had", offset)
	}
	if l.seen[offset] {
		l.again++
		return nil
	}
	l.seen[offset] = true
	l.came++
	if offset < l.last {
		l.disorder++
	}
	l.last = max(l.last, offset)
	return nil
}

// noteDead takes a dead letter, which stands in a topic of its own: its order is nobody's promise.
func (l *ledger) noteDead(offset int64) {
	if l.seen[offset] {
		l.again++
		return
	}
	l.seen[offset] = true
	l.came++
}

// missing are offsets that never came, at most a few.
func (l *ledger) missing() (out []int64) {
	for offset, seen := range l.seen {
		if !seen && len(out) < 5 {
			out = append(out, int64(offset))
		}
	}
	return out
}
