package kafkastream

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// TestPipelineFails: a partition waits while its pipeline fails and then goes on with nothing lost, in order; others do not wait,
// and the member stays in the group.
func TestPipelineFails(t *testing.T) {
	c := newCluster(t, 2)
	c.produce(topic, 0, 0, 10)
	var away atomic.Bool
	away.Store(true)
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		if batch[0].partition == 0 && away.Load() {
			return errors.New("the vault is away")
		}
		return nil
	}}
	host := new(statusHost)
	tel := componenttest.NewTelemetry()
	m, _ := startOn(t, host, settings(t, tel), c.config(func(cfg *Config) {
		cfg.SessionTimeout, cfg.HeartbeatInterval = 300*time.Millisecond, 50*time.Millisecond
	}), p)
	for i := range 5 {
		c.produce(topic, 0, 10+i*10, 10)
		c.produce(topic, 1, i*10, 10)
	}
	wait(t, "the other partition waits", func() bool { return len(p.offsets(1)) == 50 })
	wait(t, "nothing tells of the problem", func() bool { return host.last().Status() == componentstatus.StatusRecoverableError })
	if err := host.last().Err(); !strings.Contains(err.Error(), "topic orders partition 0 waits: the vault is away") {
		t.Errorf("told %v", err)
	}
	time.Sleep(time.Second) // three sessions
	if got := p.offsets(0); len(got) > 0 {
		t.Errorf("took %v", got)
	}
	if n := m.metrics.of(place{topic, 0}).retries.Load(); n < 3 {
		t.Errorf("%d retries", n)
	}
	if got, want := sum(t, tel, "otelcol_receiver_kafka_stream_rebalances"), int64(1); got != want {
		t.Errorf("%d generations, want %d", got, want)
	}
	away.Store(false)
	wait(t, "the partition does not go on", func() bool { return len(p.offsets(0)) == 60 })
	if got := p.offsets(0); !slices.Equal(got, upTo(60)) {
		t.Errorf("took %v", got)
	}
	wait(t, "the health stays bad", func() bool { return host.last().Status() == componentstatus.StatusOK })
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 60 })
	if p.count() != 110 {
		t.Errorf("took %d records, want 110", p.count())
	}
}

// TestRefused: records that the pipeline refuses for good become dead letters, one by one, and all others go on, in order.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  []int64
	}{
		{"one in the middle", []int64{7}},
		{"the first and the last", []int64{0, 19}},
		{"neighbors", []int64{9, 10, 11}},
		{"all", upTo(20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1)
			c.produce(topic, 0, 0, 20)
			failed := false
			p := &pipeline{before: func(_ context.Context, batch []seen) error {
				for _, s := range batch {
					if slices.Contains(tt.bad, s.offset) {
						if failed = !failed; failed {
							return errors.New("for now")
						}
						return fmt.Errorf("no: %w", consumererror.NewPermanent(errors.New("refused")))
					}
				}
				return nil
			}}
			m, _ := start(t, settings(t), c.config(), p)
			var want []string
			good := upTo(20)
			for _, offset := range tt.bad {
				want = append(want, fmt.Sprintf("orders/0@%d refused", offset))
				good = slices.DeleteFunc(good, func(o int64) bool { return o == offset })
			}
			if got := c.deadLetters(len(want)); !slices.Equal(got, want) {
				t.Errorf("dead letters %v, want %v", got, want)
			}
			wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 20 })
			if got := p.offsets(0); !slices.Equal(got, good) || p.count() != len(good) {
				t.Errorf("took %v (%d), want %v", got, p.count(), good)
			}
			totals := m.metrics.of(place{topic, 0})
			totals.mu.Lock()
			defer totals.mu.Unlock()
			if n := totals.letters["refused"]; n != int64(len(tt.bad)) {
				t.Errorf("%d dead letters counted", n)
			}
		})
	}
}

// TestRefusedByOneOfTwo: while one exporter of a pipeline is away, what another one refuses for good is not given up: the first has it not.
func TestRefusedByOneOfTwo(t *testing.T) {
	away, refused := errors.New("away"), consumererror.NewPermanent(errors.New("refused"))
	for _, tt := range []struct {
		name        string
		away, after error
		letters     []string
	}{
		{"and then taken", errors.Join(refused, away), nil, nil},
		{"and then by both", fmt.Errorf("no: %w", errors.Join(away, refused)), errors.Join(refused, refused), []string{"orders/0@0 refused"}},
		{"as a whole, whatever it says of them", consumererror.NewPermanent(errors.Join(away, away)), nil, []string{"orders/0@0 refused"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1)
			c.produce(topic, 0, 0, 1)
			var attempts atomic.Int32
			p := &pipeline{before: func(context.Context, []seen) error {
				if attempts.Add(1) < 4 {
					return tt.away
				}
				return tt.after
			}}
			start(t, settings(t), c.config(), p)
			wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 1 })
			if len(tt.letters) > 0 {
				if got := c.deadLetters(1); !slices.Equal(got, tt.letters) {
					t.Errorf("dead letters %v, want %v", got, tt.letters)
				}
			} else if p.count() != 1 {
				t.Errorf("took %d records, want 1", p.count())
			}
		})
	}
}

// TestUndecodable: what cannot be decoded becomes a dead letter and the partition goes on, also where the pipeline refuses others.
func TestUndecodable(t *testing.T) {
	c := newCluster(t, 1)
	values := []string{`{"a":1}`, `{"a":`, `{"b":2}`, `nothing`, `{"c":3}`}
	var recs []*kgo.Record
	for _, v := range values {
		recs = append(recs, &kgo.Record{Topic: topic, Value: []byte(v)})
	}
	if err := c.client.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		if slices.ContainsFunc(batch, func(s seen) bool { return s.offset == 2 }) {
			return consumererror.NewPermanent(errors.New("refused"))
		}
		return nil
	}}
	start(t, settings(t), c.config(func(cfg *Config) { cfg.Formats = []record.TopicRule{{Topic: topic, Format: record.JSON}} }), p)
	got := c.deadLetters(3)
	slices.Sort(got)
	if want := []string{"orders/0@1 invalid_json", "orders/0@2 refused", "orders/0@3 invalid_json"}; !slices.Equal(got, want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 5 })
	if got := p.offsets(0); !slices.Equal(got, []int64{0, 4}) {
		t.Errorf("took %v, want 0 and 4", got)
	}
}

// TestSealed: whoever holds the identity reads the record that was refused out of its dead letter.
func TestSealed(t *testing.T) {
	c := newCluster(t, 1)
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sent := &kgo.Record{
		Topic: topic, Key: []byte("k"), Value: []byte("v"), Timestamp: time.UnixMilli(1700000000000),
		Headers: []kgo.RecordHeader{{Key: "h", Value: []byte{0xff}}, {Key: "h"}},
	}
	if err := c.client.ProduceSync(t.Context(), sent).FirstErr(); err != nil {
		t.Fatal(err)
	}
	p := &pipeline{before: func(context.Context, []seen) error { return consumererror.NewPermanent(errors.New("refused")) }}
	start(t, settings(t), c.config(func(cfg *Config) { cfg.DeadLetter.SealTo = []string{identity.Recipient().String()} }), p)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 1 })
	client := c.franz(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{letters: {0: kgo.NewOffset().AtStart()}}))
	got := client.PollFetches(t.Context()).Records()
	if len(got) != 1 {
		t.Fatalf("%d dead letters", len(got))
	}
	l := batch.Record{Value: got[0].Value}
	for _, h := range got[0].Headers {
		l.Headers = append(l.Headers, batch.Header{Key: h.Key, Value: h.Value})
	}
	rec, source, err := deadletter.Open(t.Context(), l, identity)
	if err != nil {
		t.Fatal(err)
	}
	want := batch.Record{Timestamp: 1700000000000, Key: []byte("k"), Value: []byte("v"), Headers: []batch.Header{{Key: "h", Value: []byte{0xff}}, {Key: "h"}}}
	if !reflect.DeepEqual(rec, want) || source != (record.Source{Topic: topic}) {
		t.Error("the letter holds another record, or one from elsewhere")
	}
}

// TestHealth: the Collector is told of problems as they come and go, in every pipeline, and not again of what it knows.
func TestHealth(t *testing.T) {
	var h health
	first, second := new(statusHost), new(statusHost)
	h.add(first)
	check := func(when string, hosts []*statusHost, events int, status componentstatus.Status, err string) {
		t.Helper()
		for i, host := range hosts {
			e := host.last()
			text := ""
			if e.Err() != nil {
				text = e.Err().Error()
			}
			if e.Status() != status || text != err {
				t.Errorf("%s: host %d was told %v %q, want %v %q", when, i, e.Status(), text, status, err)
			}
		}
		if first.events != events {
			t.Errorf("%s: %d events, want %d", when, first.events, events)
		}
	}
	check("nothing happened", []*statusHost{first}, 0, componentstatus.StatusNone, "")
	h.set("b", nil)
	check("a problem that never was ends", []*statusHost{first}, 0, componentstatus.StatusNone, "")
	h.set("b", errors.New("b is bad"))
	check("one problem", []*statusHost{first}, 1, componentstatus.StatusRecoverableError, "b is bad")
	h.set("b", errors.New("b is bad"))
	check("the same again", []*statusHost{first}, 1, componentstatus.StatusRecoverableError, "b is bad")
	h.add(second)
	both := []*statusHost{first, second}
	check("another pipeline starts", both, 1, componentstatus.StatusRecoverableError, "b is bad")
	h.set("a", errors.New("a is bad"))
	check("two problems", both, 2, componentstatus.StatusRecoverableError, "a is bad\nb is bad")
	h.set("b", nil)
	check("one ends", both, 3, componentstatus.StatusRecoverableError, "a is bad")
	h.set("a", nil)
	check("none is left", both, 4, componentstatus.StatusOK, "")
	for i := range 9 {
		h.set(fmt.Sprint(i), fmt.Errorf("%d is bad", i))
	}
	check("too many to tell", both, 13, componentstatus.StatusRecoverableError, "0 is bad\n1 is bad\n2 is bad\n3 is bad\n4 is bad")
	h.stop("c", errors.New("c has stopped"))
	check("what does not end by itself", both, 14, componentstatus.StatusPermanentError, "c has stopped")
	h.set("c", nil)
	h.set("d", errors.New("d is bad"))
	check("the Collector takes nothing after it", both, 14, componentstatus.StatusPermanentError, "c has stopped")
}

// TestRefuse: a record that the configuration refuses stops its partition there, with all before it taken and committed.
func TestRefuse(t *testing.T) {
	c := newCluster(t, 2)
	framed := append([]byte{0, 0, 0, 0, 7}, "\x0a\x01x"...)
	for _, v := range [][]byte{[]byte("a"), []byte("b"), framed, []byte("c")} {
		if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: v}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	c.produce(topic, 1, 0, 3)
	var p pipeline
	m, stop := start(t, settings(t), c.config(func(cfg *Config) {
		cfg.SchemaRegistry.Enabled = true
		cfg.SchemaRegistry.Schemas = []record.Schema{{ID: 7, Type: "protobuf", Schema: `syntax = "proto3"; message M { string a = 1; }`}}
		cfg.SchemaRegistry.Protobuf = "refuse"
	}), &p)
	wait(t, "nothing stops", func() bool { return m.problem("orders/0") != nil })
	if err := m.problem("orders/0").Error(); !strings.Contains(err, "offset 2 is refused") {
		t.Error(err)
	}
	wait(t, "the other partition waits", func() bool { return len(p.offsets(1)) == 3 })
	stop()
	if got := p.offsets(0); !slices.Equal(got, upTo(2)) {
		t.Errorf("took %v, want 0 and 1", got)
	}
	if got := c.committed(topic)[0]; got != 2 {
		t.Errorf("committed %d, want 2", got)
	}
}

// TestDeadLetterWaits: while dead letters cannot be written, the partition waits; nothing is passed over without one.
func TestDeadLetterWaits(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 3)
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		if slices.ContainsFunc(batch, func(s seen) bool { return s.offset == 1 }) {
			return consumererror.NewPermanent(errors.New("refused"))
		}
		return nil
	}}
	m, _ := start(t, settings(t), c.config(func(cfg *Config) { cfg.DeadLetter.Topic = "graveyard" }), p)
	wait(t, "nothing tells of the problem", func() bool {
		err := m.problem("orders/0")
		return err != nil && strings.Contains(err.Error(), "graveyard")
	})
	c.produce(topic, 0, 3, 2)
	time.Sleep(100 * time.Millisecond)
	if got := c.committed(topic)[0]; got > 0 {
		t.Errorf("committed %d", got)
	}
	c.createTopic("graveyard", 1)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 5 })
	if got := p.offsets(0); !slices.Equal(got, []int64{0, 2, 3, 4}) {
		t.Errorf("took %v", got)
	}
	if err := m.problem("orders/0"); err != nil {
		t.Error(err)
	}
}

func TestOutOfRange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		choice Choice
		at     int64 // committed before
		want   []int64
		commit int64
		stop   string
	}{
		{"deleted, earliest", Earliest, 2, []int64{5, 6, 7, 8, 9}, 10, ""},
		{"deleted, latest", Latest, 2, nil, 10, ""},
		{"deleted, fail", Fail, 2, nil, 2, "offset 2 to go on at is out of range, the partition holds 5 to 10: retention or deletion"},
		{"cut off, earliest", Earliest, 100, []int64{5, 6, 7, 8, 9}, 10, ""},
		{"cut off, latest", Latest, 100, nil, 10, ""},
		{"cut off, fail", Fail, 100, nil, 100, "offset 100 to go on at is out of range, the partition holds 5 to 10: the log was cut off"},
		{"at the beginning", Fail, 5, []int64{5, 6, 7, 8, 9}, 10, ""},
		{"at the end", Fail, 10, nil, 10, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 2)
			c.produce(topic, 0, 0, 10)
			c.deleteBefore(topic, 0, 5)
			c.commit(topic, 0, tt.at)
			c.produce(topic, 1, 0, 3)
			var p pipeline
			host := new(statusHost)
			_, stop := startOn(t, host, settings(t), c.config(func(cfg *Config) { cfg.OnOffsetOutOfRange = tt.choice }), &p)
			wait(t, "the other partition is not consumed", func() bool { return len(p.offsets(1)) == 3 })
			if tt.stop != "" {
				wait(t, "the health is good", func() bool { return host.last().Status() == componentstatus.StatusPermanentError })
				if err := host.last().Err(); !strings.Contains(err.Error(), tt.stop) {
					t.Errorf("told %v", err)
				}
			} else {
				wait(t, "it does not go on", func() bool { return c.committed(topic)[0] == tt.commit })
				c.produce(topic, 0, 10, 1)
				tt.want = append(slices.Clone(tt.want), 10)
				tt.commit++
				wait(t, "nothing new is taken", func() bool { return len(p.offsets(0)) >= len(tt.want) })
			}
			stop()
			if got := p.offsets(0); !slices.Equal(got, tt.want) {
				t.Errorf("took %v, want %v", got, tt.want)
			}
			if got := c.committed(topic)[0]; got != tt.commit {
				t.Errorf("committed %d, want %d", got, tt.commit)
			}
		})
	}
}

// TestDeletedMeanwhile: records that are deleted while the partition waits are told, not skipped in silence.
func TestDeletedMeanwhile(t *testing.T) {
	c := newCluster(t, 1)
	for i := range 5 {
		c.produce(topic, 0, i*10, 10)
	}
	c.deleteBefore(topic, 0, 50)
	c.produce(topic, 0, 50, 1)
	c.commit(topic, 0, 10)
	var p pipeline
	m, _ := start(t, settings(t), c.config(), &p)
	wait(t, "nothing tells of it", func() bool { return m.problem("orders/0") != nil })
	if got := p.offsets(0); len(got) > 0 {
		t.Errorf("took %v", got)
	}
}

// TestCorrupt: batches that cannot be read become dead letters and the partition goes on; what was damaged on the way is read when
// it is fetched again.
func TestCorrupt(t *testing.T) {
	flip := func(set []byte) []byte { set[len(set)-1] ^= 1; return set }
	for _, tt := range []struct {
		name    string
		damage  func(set []byte) []byte // of the batch with offsets 4 and 5
		times   int32                   // how many fetches see it; 0 is all
		want    []int64
		letters []string
	}{
		{"a checksum", flip, 0, []int64{0, 1, 2, 3, 6, 7, 8, 9}, []string{"orders/0@4 corrupt_checksum next 6"}},
		{"on the way", flip, 1, upTo(10), nil},
		{"a magic", func(set []byte) []byte { set[16] = 9; return set }, 0, []int64{0, 1, 2, 3, 6, 7, 8, 9}, []string{"orders/0@4 corrupt_magic next 6"}},
		{"a codec", func(set []byte) []byte { set[22] |= 7; return sign(set) }, 0, []int64{0, 1, 2, 3, 6, 7, 8, 9}, []string{"orders/0@4 corrupt_codec next 6"}},
		{
			"a count", func(set []byte) []byte { binary.BigEndian.PutUint32(set[57:], 1<<30); return sign(set) }, 0,
			[]int64{0, 1, 2, 3, 6, 7, 8, 9},
			[]string{"orders/0@4 corrupt_record next 6"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCluster(t, 1)
			for i := range 5 {
				c.produce(topic, 0, 2*i, 2)
			}
			var served atomic.Int32
			c.ControlKey(int16(kmsg.Fetch), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
				c.KeepControl()
				req := kreq.(*kmsg.FetchRequest)
				if len(req.Topics) != 1 || req.Topics[0].Topic != topic || req.Topics[0].Partitions[0].FetchOffset > 5 {
					return nil, nil, false
				}
				if n := served.Add(1); tt.times > 0 && n > tt.times {
					return nil, nil, false
				}
				var set []byte
				for base := req.Topics[0].Partitions[0].FetchOffset &^ 1; base < 6; base += 2 {
					one := encode(base, 2)
					if base == 4 {
						one = tt.damage(one)
					}
					set = append(set, one...)
				}
				return answer(req, set, 10), nil, true
			})
			var p pipeline
			start(t, settings(t), c.config(), &p)
			if got := c.deadLetters(len(tt.letters)); !slices.Equal(got, tt.letters) {
				t.Errorf("dead letters %v, want %v", got, tt.letters)
			}
			wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 10 })
			if got := p.offsets(0); !slices.Equal(got, tt.want) {
				t.Errorf("took %v, want %v", got, tt.want)
			}
		})
	}
}

// encode is a batch of n records at an offset.
func encode(base int64, n int) []byte {
	recs := make([]batch.Record, n)
	for i := range recs {
		recs[i].Value = []byte(strconv.Itoa(int(base) + i))
	}
	set := batch.Encode(nil, recs, batch.None)
	binary.BigEndian.PutUint64(set, uint64(base))
	return set
}

// sign writes the checksum of a batch that was changed.
func sign(set []byte) []byte {
	binary.BigEndian.PutUint32(set[17:], crc(set[21:]))
	return set
}

func answer(req *kmsg.FetchRequest, set []byte, end int64) *kmsg.FetchResponse {
	res := req.ResponseKind().(*kmsg.FetchResponse)
	t := kmsg.NewFetchResponseTopic()
	t.Topic = req.Topics[0].Topic
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition = req.Topics[0].Partitions[0].Partition
	p.HighWatermark, p.LastStableOffset, p.RecordBatches = end, end, set
	t.Partitions = append(t.Partitions, p)
	res.Topics = append(res.Topics, t)
	return res
}

// TestTransactions: records of a transaction are taken when it is committed, and never when it was rolled back.
func TestTransactions(t *testing.T) {
	c := newCluster(t, 1)
	var p pipeline
	start(t, settings(t), c.config(), &p)
	client := c.franz(kgo.TransactionalID("tx"))
	transact := func(end kgo.TransactionEndTry) {
		t.Helper()
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("a")}, &kgo.Record{Topic: topic, Value: []byte("b")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Millisecond)
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	transact(kgo.TryAbort)  // 0 1, marker 2
	transact(kgo.TryCommit) // 3 4, marker 5
	c.produce(topic, 0, 0, 1)
	transact(kgo.TryAbort) // 7 8, marker 9
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 10 })
	if got := p.offsets(0); !slices.Equal(got, []int64{3, 4, 6}) {
		t.Errorf("took %v, want 3, 4 and 6", got)
	}
}

// TestLarge: a batch larger than a fetch is taken as long as it is not larger than allowed; else it becomes a dead letter. Brokers send
// the first batch whole, but those older than 0.10.1 and proxies cut it off.
func TestLarge(t *testing.T) {
	sizes := []int{10, 50_000, 500_000, 1_500_000, 10, 5_000}
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut off %t", cut), func(t *testing.T) {
			c := newCluster(t, 1)
			for _, size := range sizes {
				if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: bytes.Repeat([]byte("x"), size)}).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			if cut {
				c.ControlKey(int16(kmsg.Fetch), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
					c.KeepControl()
					req := kreq.(*kmsg.FetchRequest)
					if len(req.Topics) != 1 || req.Topics[0].Topic != topic || req.Topics[0].Partitions[0].FetchOffset >= int64(len(sizes)) {
						return nil, nil, false
					}
					at := req.Topics[0].Partitions[0]
					var set []byte
					for base := int(at.FetchOffset); base < len(sizes); base++ {
						one := batch.Encode(nil, []batch.Record{{Value: bytes.Repeat([]byte("x"), sizes[base])}}, batch.None)
						binary.BigEndian.PutUint64(one, uint64(base))
						set = append(set, one...)
					}
					return answer(req, set[:min(len(set), int(at.PartitionMaxBytes))], int64(len(sizes))), nil, true
				})
			}
			var p pipeline
			start(t, settings(t), c.config(func(cfg *Config) { cfg.Fetch.MaxBytes, cfg.Fetch.MaxRecordBytes = 1000, 60_000 }), &p)
			if got, want := c.deadLetters(2), []string{"orders/0@2 too_large next 3", "orders/0@3 too_large next 4"}; !slices.Equal(got, want) {
				t.Errorf("dead letters %v, want %v", got, want)
			}
			wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == int64(len(sizes)) })
			if got, want := p.offsets(0), []int64{0, 1, 4, 5}; !slices.Equal(got, want) {
				t.Errorf("took %v, want %v", got, want)
			}
		})
	}
}

// TestPieces: what is much once it is decompressed is handed on in pieces, and a batch that is too much becomes a dead letter.
func TestPieces(t *testing.T) {
	c := newCluster(t, 1)
	client := c.franz(kgo.ProducerBatchCompression(kgo.GzipCompression()))
	for range 20 {
		var recs []*kgo.Record
		for range 5 {
			recs = append(recs, &kgo.Record{Topic: topic, Value: bytes.Repeat([]byte("x"), 500)})
		}
		if err := client.ProduceSync(t.Context(), recs...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	for _, size := range []int{20_000, 100_000, 10} {
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: bytes.Repeat([]byte("x"), size)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	want := append(upTo(100), 100, 102)
	var most atomic.Int64
	p := &pipeline{before: func(_ context.Context, batch []seen) error {
		most.Store(max(most.Load(), int64(len(batch))))
		return nil
	}}
	start(t, settings(t), c.config(func(cfg *Config) { cfg.Fetch.MaxBytes, cfg.Fetch.MaxRecordBytes = 1000, 10_000 }), p)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 103 })
	if got := p.offsets(0); !slices.Equal(got, want) || p.count() != len(want) {
		t.Errorf("took %v, want %v", got, want)
	}
	if most.Load() > 8 {
		t.Errorf("%d records of 500 bytes handed on at once, where 4000 bytes are allowed", most.Load())
	}
	if got, want := c.deadLetters(1), []string{"orders/0@101 corrupt_limit next 102"}; !slices.Equal(got, want) {
		t.Errorf("dead letters %v, want %v", got, want)
	}
}

// TestSignals: one member serves the pipelines of all signals, each topic the one its rule names, and stops with the first of them.
func TestSignals(t *testing.T) {
	c := newCluster(t, 1)
	c.createTopic("spans", 1)
	td := ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName("s")
	value, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: "spans", Value: value}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	c.produce(topic, 0, 0, 3)
	cfg := c.config(func(cfg *Config) {
		cfg.Topics = append(cfg.Topics, "spans")
		cfg.Formats = []record.TopicRule{{Topic: "spans", Signal: record.Traces, Format: record.OTLPProto}}
	})
	var logs pipeline
	var traces consumertest.TracesSink
	f := NewFactory()
	l, err := f.CreateLogs(t.Context(), settings(t), cfg, &logs)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := f.CreateTraces(t.Context(), settings(t), cfg, &traces)
	if err != nil {
		t.Fatal(err)
	}
	if l != tr {
		t.Fatal("two members for one component")
	}
	for _, r := range []component.Component{l, tr} {
		if err := r.Start(t.Context(), nopHost{}); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "logs do not arrive", func() bool { return logs.count() == 3 })
	wait(t, "spans do not arrive", func() bool { return traces.SpanCount() == 1 })
	for _, r := range []component.Component{l, tr} {
		if err := r.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	again, err := f.CreateLogs(t.Context(), settings(t), cfg, &logs)
	if err != nil || again == l {
		t.Errorf("a member that was shut down is used again, or %v", err)
	}
	if err := again.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNoPipeline: a topic of a signal without a pipeline is refused at the start where it is named, and stops its partitions where
// it is found.
func TestNoPipeline(t *testing.T) {
	c := newCluster(t, 1)
	c.produce(topic, 0, 0, 3)
	rules := func(cfg *Config) {
		cfg.Formats = []record.TopicRule{{Topic: topic, Signal: record.Metrics, Format: record.OTLPProto}}
	}
	r, err := NewFactory().CreateLogs(t.Context(), settings(t), c.config(rules), new(pipeline))
	if err != nil {
		t.Fatal(err)
	}
	const want = "topic orders holds metrics, as formats says, and the receiver is in no pipeline of metrics"
	if err := r.Start(t.Context(), nopHost{}); err == nil || err.Error() != want {
		t.Errorf("started: %v", err)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	m, _ := start(t, settings(t), c.config(rules, func(cfg *Config) { cfg.Topics, cfg.TopicsRegex = nil, "ord.*" }), new(pipeline))
	wait(t, "nothing stops", func() bool { return m.problem("orders/0") != nil })
	if err := m.problem("orders/0"); err.Error() != want {
		t.Error(err)
	}
	if got := c.committed(topic)[0]; got > 0 {
		t.Errorf("committed %d", got)
	}
}

// TestMetrics: what is told of partitions is told of those assigned, and no longer than they are.
func TestMetrics(t *testing.T) {
	c := newCluster(t, 2)
	for partition := range int32(2) {
		c.produce(topic, partition, 0, 10)
	}
	var away atomic.Bool
	p := &pipeline{before: func(context.Context, []seen) error {
		if away.Load() {
			return errors.New("away")
		}
		return nil
	}}
	tel := componenttest.NewTelemetry()
	start(t, settings(t, tel), c.config(), p)
	wait(t, "records do not arrive", func() bool { return p.count() == 20 })
	const prefix = "otelcol_receiver_kafka_stream_"
	wait(t, "the lag is not 0", func() bool {
		return points(t, tel, prefix+"records")["orders/0"] == 10 && points(t, tel, prefix+"lag")["orders/0"] == 0
	})
	away.Store(true)
	for i := range 3 {
		c.produce(topic, 0, 10+10*i, 10)
	}
	wait(t, "the lag does not grow to 30 while the pipeline is away", func() bool { return points(t, tel, prefix+"lag")["orders/0"] == 30 })
	time.Sleep(50 * time.Millisecond)
	if got := points(t, tel, prefix+"lag_time"); got["orders/0"] < 0.05 || got["orders/0"] > 60 || got["orders/1"] != 0 {
		t.Errorf("lag in time: %v", got)
	}
	if got := points(t, tel, prefix+"bytes"); got["orders/0"] < 100 || got["orders/1"] < 100 {
		t.Errorf("bytes: %v", got)
	}
	if got := points(t, tel, prefix+"retries"); got["orders/0"] == 0 || got["orders/1"] != 0 {
		t.Errorf("retries: %v", got)
	}
	away.Store(false)
	wait(t, "the lag stays", func() bool { return points(t, tel, prefix+"lag")["orders/0"] == 0 })

	if got := sum(t, tel, "otelcol_receiver_accepted_log_records"); got != 50 {
		t.Errorf("the Collector counts %d records, want 50", got)
	}

	_, stop := start(t, settings(t), c.config(), p)
	wait(t, "both partitions are told of", func() bool { return len(points(t, tel, prefix+"lag")) == 1 })
	for _, name := range []string{"records", "bytes", "retries", "lag_time"} {
		if got := points(t, tel, prefix+name); len(got) > 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
	stop()
	wait(t, "not both partitions are told of again", func() bool { return len(points(t, tel, prefix+"records")) == 2 })
	if got := points(t, tel, prefix+"records"); got["orders/0"] != 40 || got["orders/1"] != 10 {
		t.Errorf("records after all: %v", got)
	}
}

// points are the values of a metric by partition.
func points(t *testing.T, tel *componenttest.Telemetry, name string) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	add := func(set attribute.Set, v float64) {
		topic, _ := set.Value("topic")
		partition, _ := set.Value("partition")
		out[topic.AsString()+"/"+strconv.FormatInt(partition.AsInt64(), 10)] += v
	}
	m, err := tel.GetMetric(name)
	if err != nil {
		return out
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, d := range data.DataPoints {
			add(d.Attributes, float64(d.Value))
		}
	case metricdata.Gauge[int64]:
		for _, d := range data.DataPoints {
			add(d.Attributes, float64(d.Value))
		}
	case metricdata.Gauge[float64]:
		for _, d := range data.DataPoints {
			add(d.Attributes, d.Value)
		}
	}
	return out
}

func sum(t *testing.T, tel *componenttest.Telemetry, name string) (n int64) {
	t.Helper()
	for _, v := range points(t, tel, name) {
		n += int64(v)
	}
	return n
}

// statusHost keeps what the component reports.
type statusHost struct {
	nopHost
	mu     sync.Mutex
	event  *componentstatus.Event
	events int
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.event = e
	h.events++
}

func (h *statusHost) last() *componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.event == nil {
		return componentstatus.NewEvent(componentstatus.StatusNone)
	}
	return h.event
}
