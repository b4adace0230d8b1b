package kafkastream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

func attackAnswer(req kmsg.Request, end int64, set func(offset int64) []byte) kmsg.Response {
	f := req.(*kmsg.FetchRequest)
	res := f.ResponseKind().(*kmsg.FetchResponse)
	for _, t := range f.Topics {
		rt := kmsg.NewFetchResponseTopic()
		rt.Topic, rt.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			rp := kmsg.NewFetchResponseTopicPartition()
			rp.Partition = p.Partition
			rp.HighWatermark, rp.LastStableOffset = end, end
			rp.RecordBatches = set(p.FetchOffset)
			rt.Partitions = append(rt.Partitions, rp)
		}
		res.Topics = append(res.Topics, rt)
	}
	return res
}

// One answer that is cut short must not cost a record.
func TestHostileShortAnswer(t *testing.T) {
	for _, n := range []int{1, 11, 16, 30} {
		c := newCluster(t, 1)
		var once atomic.Bool
		c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			if f := req.(*kmsg.FetchRequest); len(f.Topics) == 1 && f.Topics[0].Topic == topic && once.CompareAndSwap(false, true) {
				return attackAnswer(req, 3, func(int64) []byte {
					full := batch.Encode(nil, []batch.Record{{Value: []byte("0")}}, batch.None)
					return full[:n]
				}), nil, true
			}
			return nil, nil, false
		})
		for i := range 3 {
			c.produce(topic, 0, i, 1)
		}
		p := &pipeline{}
		_, stop := start(t, settings(t), c.config(), p)
		wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 3 })
		if got := p.offsets(0); !slices.Equal(got, upTo(3)) {
			t.Errorf("one answer of %d bytes: took %v, the rest are dead letters: %v", n, got, c.deadLetters(1))
		}
		stop()
	}
}

// A broker that answers at once that there is nothing.
func TestHostileEmptyAnswers(t *testing.T) {
	for name, end := range map[string]int64{"behind the end": 10, "at the end": 0} {
		c := newCluster(t, 1)
		var fetches atomic.Int64
		c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			fetches.Add(1)
			return attackAnswer(req, end, func(int64) []byte { return nil }), nil, true
		})
		_, stop := start(t, settings(t), c.config(func(cfg *Config) { cfg.Fetch.MaxWait = 500 * time.Millisecond }), &pipeline{})
		time.Sleep(2 * time.Second)
		if n := fetches.Load(); n > 40 {
			t.Errorf("%s: %d fetches in 2s: a hot loop", name, n)
		} else {
			t.Logf("%s: %d fetches", name, n)
		}
		stop()
	}
}

// Every batch is broken, and the broker has ever more of them.
func TestHostileAllCorrupt(t *testing.T) {
	for name, harm := range map[string]func(b []byte){
		"checksum":       func(b []byte) { b[len(b)-1] ^= 1 },
		"magic":          func(b []byte) { b[16] = 9 },
		"length":         func(b []byte) { binary.BigEndian.PutUint32(b[8:], 0) },
		"negative delta": func(b []byte) { binary.BigEndian.PutUint32(b[23:], 1<<31) },
		"same offset":    func(b []byte) { binary.BigEndian.PutUint64(b, 0); b[16] = 9 },
	} {
		c := newCluster(t, 1)
		var fetches atomic.Int64
		c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
			c.KeepControl()
			if f := req.(*kmsg.FetchRequest); len(f.Topics) == 0 || f.Topics[0].Topic != topic {
				return nil, nil, false
			}
			fetches.Add(1)
			return attackAnswer(req, 1<<40, func(at int64) []byte {
				b := batch.Encode(nil, []batch.Record{{Value: []byte("0")}}, batch.None)
				binary.BigEndian.PutUint64(b, uint64(at))
				harm(b)
				return b
			}), nil, true
		})
		m, stop := start(t, settings(t), c.config(), &pipeline{})
		time.Sleep(time.Second)
		totals := m.metrics.of(place{topic, 0})
		totals.mu.Lock()
		t.Logf("%s: %d fetches in 1s, letters %v", name, fetches.Load(), totals.letters)
		totals.mu.Unlock()
		stop()
	}
}

// The pipeline refuses for good a chunk in which many are undecodable.
func TestHostileManyFaults(t *testing.T) {
	const n = 200_000
	recs := make([]batch.Record, n)
	var faults []fault
	for i := 0; i < n; i += 2 {
		faults = append(faults, fault{at: i})
	}
	began := time.Now()
	without(recs, faults)
	if took := time.Since(began); took > time.Second {
		t.Errorf("%v for %d records with %d faults", took, n, len(faults))
	}
}

// The dead-letter topic is not there: the partition waits, and does not spin.
func TestHostileNoLettersTopic(t *testing.T) {
	c := newCluster(t, 1)
	cfg := c.config(func(cfg *Config) { cfg.DeadLetter.Topic = "nowhere"; cfg.Retry.MaxInterval = 500 * time.Millisecond })
	cfg.Formats = append(cfg.Formats, jsonRule())
	var metas atomic.Int64
	c.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) { c.KeepControl(); metas.Add(1); return nil, nil, false })
	if err := c.client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("{")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	m, _ := start(t, settings(t), cfg, &pipeline{})
	time.Sleep(2 * time.Second)
	t.Logf("%d metadata requests, %d retries, problem %v, committed %v", metas.Load(), m.metrics.of(place{topic, 0}).retries.Load(), m.problem("orders/0"), c.committed(topic))
	if c.committed(topic)[0] > 0 {
		t.Error("committed without a letter")
	}
}

func jsonRule() record.TopicRule { return record.TopicRule{Topic: topic, Format: record.JSON} }

// What one batch of many small records takes, through the receiver.
func TestHostileBigBatch(t *testing.T) {
	set := batch.Encode(nil, make([]batch.Record, 1<<20), batch.Zstd)
	c := newCluster(t, 1)
	c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if f := req.(*kmsg.FetchRequest); len(f.Topics) == 0 || f.Topics[0].Topic != topic || f.Topics[0].Partitions[0].FetchOffset > 0 {
			return nil, nil, false
		}
		return attackAnswer(req, 1<<20, func(int64) []byte { return set }), nil, true
	})
	var peak, n atomic.Uint64
	p := &pipeline{before: func(_ context.Context, b []seen) error {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		peak.Store(max(peak.Load(), s.HeapAlloc))
		n.Add(uint64(len(b)))
		return errors.New("wait")
	}}
	start(t, settings(t), c.config(), p)
	wait(t, "nothing comes", func() bool { return n.Load() > 0 })
	t.Logf("%d bytes on the wire: %d MB live while %d records are with the pipeline", len(set), peak.Load()>>20, n.Load())
	if peak.Load() > 300<<20 {
		t.Errorf("%d MB", peak.Load()>>20)
	}
}

// A batch that cannot be read and whose end nobody knows: its letter has to name all that was passed over.
func TestHostileLetterNamesAll(t *testing.T) {
	c := newCluster(t, 1)
	var left atomic.Int64
	left.Store(12)
	c.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if f := req.(*kmsg.FetchRequest); len(f.Topics) == 0 || f.Topics[0].Topic != topic || left.Add(-1) < 0 {
			return nil, nil, false
		}
		return attackAnswer(req, 20, func(int64) []byte {
			b := batch.Encode(nil, []batch.Record{{Value: []byte("0")}}, batch.None)
			b[16] = 9
			return b
		}), nil, true
	})
	c.produce(topic, 0, 0, 20)
	p := &pipeline{}
	start(t, settings(t), c.config(), p)
	wait(t, "not all is committed", func() bool { return c.committed(topic)[0] == 20 })
	t.Logf("one broken batch at 0: taken %v, letters %v", p.offsets(0), c.deadLetters(1))
	if got, want := c.deadLetters(1)[0], fmt.Sprintf("orders/0@0 corrupt_magic next %d", p.offsets(0)[0]); got != want {
		t.Errorf("letter %q, want %q", got, want)
	}
}
