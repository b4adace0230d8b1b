package batch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
)

// peer answers one request of a version with what answer makes of the request's body, framed by frame where that is set.
type peer struct {
	version int16
	answer  func(body []byte) []byte
	frame   func(id uint32, body []byte) []byte
}

func framed(id uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
	return append(binary.BigEndian.AppendUint32(b, id), body...)
}

func (p peer) RoundTrip(_ context.Context, _ net.Addr, req kafka.Request) (kafka.Response, error) {
	req.(protocol.PreparedMessage).Prepare(p.version)
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		head := make([]byte, 4)
		if _, err := io.ReadFull(theirs, head); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(theirs, b); err != nil {
			return
		}
		if int16(binary.BigEndian.Uint16(b[2:])) != p.version {
			return
		}
		client := int(binary.BigEndian.Uint16(b[8:]))
		frame := p.frame
		if frame == nil {
			frame = framed
		}
		_, _ = theirs.Write(frame(binary.BigEndian.Uint32(b[4:]), p.answer(b[10+client:])))
	}()
	return req.(protocol.RawExchanger).RawExchange(ours)
}

var query = batch.Query{Topic: topic, Partition: 3, Offset: 1 << 40, MinBytes: 5, MaxBytes: 6000, MaxWait: 70 * time.Millisecond, Rack: "r1"}

func answer(version int16) *kmsg.FetchResponse {
	p := kmsg.NewFetchResponseTopicPartition()
	p.Partition, p.HighWatermark, p.LastStableOffset, p.LogStartOffset, p.PreferredReadReplica = 3, 100, 90, 10, 2
	p.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 7, FirstOffset: 80}, {ProducerID: 8, FirstOffset: 81}}
	p.RecordBatches = plain(10, 4, nil).bytes()
	return &kmsg.FetchResponse{Version: version, SessionID: 5, ThrottleMillis: 1, Topics: []kmsg.FetchResponseTopic{{Topic: topic, Partitions: []kmsg.FetchResponseTopicPartition{p}}}}
}

func TestFetchVersions(t *testing.T) {
	for version := range int16(12) {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			req := kmsg.NewFetchRequest()
			var unread error
			f, err := batch.Fetch(t.Context(), peer{version: version, answer: func(body []byte) []byte {
				req.Version = version
				unread = req.ReadFrom(body)
				if again := req.AppendTo(nil); !bytes.Equal(again, body) {
					unread = errors.New("written in another way by franz-go")
				}
				return answer(version).AppendTo(nil)
			}}, kafka.TCP("unused"), query)
			if err := errors.Join(err, unread); err != nil {
				t.Fatal(err)
			}
			want := batch.Fetched{Set: plain(10, 4, nil).bytes(), HighWatermark: 100, LastStable: -1, LogStart: -1, PreferredReplica: -1}
			wanted := kmsg.NewFetchRequest()
			wanted.Version, wanted.MaxWaitMillis, wanted.MinBytes, wanted.SessionEpoch = version, 70, 5, -1
			p := kmsg.NewFetchRequestTopicPartition()
			p.Partition, p.FetchOffset, p.PartitionMaxBytes = 3, 1<<40, 6000
			wanted.Topics = []kmsg.FetchRequestTopic{{Topic: topic, Partitions: []kmsg.FetchRequestTopicPartition{p}}}
			if version < 7 {
				wanted.SessionEpoch = req.SessionEpoch
			}
			if version >= 3 {
				wanted.MaxBytes = 6000
			} else {
				wanted.MaxBytes = req.MaxBytes
			}
			if version >= 4 {
				wanted.IsolationLevel = 1
				want.LastStable = 90
				want.Aborted = []batch.Aborted{{ProducerID: 7, FirstOffset: 80}, {ProducerID: 8, FirstOffset: 81}}
			}
			if version >= 5 {
				want.LogStart = 10
			}
			if version >= 11 {
				wanted.Rack = "r1"
				want.PreferredReplica = 2
			}
			if got := req.AppendTo(nil); !bytes.Equal(got, wanted.AppendTo(nil)) {
				t.Errorf("asked for %+v, want %+v", req, wanted)
			}
			if !reflect.DeepEqual(f, want) {
				t.Errorf("answered %+v, want %+v", f, want)
			}
		})
	}
}

func TestProduceVersions(t *testing.T) {
	for _, size := range []int{100, 100_000} {
		for version := int16(2); version <= 8; version++ {
			t.Run(fmt.Sprintf("%d bytes, version %d", size, version), func(t *testing.T) {
				set := batch.Encode(nil, []batch.Record{{Value: make([]byte, size)}}, batch.None)
				req := kmsg.NewProduceRequest()
				var unread error
				base, err := batch.Produce(t.Context(), peer{version: version, answer: func(body []byte) []byte {
					req.Version = version
					unread = req.ReadFrom(body)
					p := kmsg.NewProduceResponseTopicPartition()
					p.Partition, p.BaseOffset = 3, 1<<41
					return (&kmsg.ProduceResponse{Version: version, Topics: []kmsg.ProduceResponseTopic{{Topic: topic, Partitions: []kmsg.ProduceResponseTopicPartition{p}}}}).AppendTo(nil)
				}}, kafka.TCP("unused"), topic, 3, set, 1234*time.Millisecond, kafka.RequireAll)
				if version < 3 {
					if err == nil {
						t.Error("a batch is sent to a broker that knows none")
					}
					return
				}
				if err := errors.Join(err, unread); err != nil || base != 1<<41 {
					t.Fatalf("base offset %d, %v", base, err)
				}
				wanted := kmsg.NewProduceRequest()
				wanted.Version, wanted.Acks, wanted.TimeoutMillis = version, -1, 1234
				wanted.Topics = []kmsg.ProduceRequestTopic{{Topic: topic, Partitions: []kmsg.ProduceRequestTopicPartition{{Partition: 3, Records: set}}}}
				if !bytes.Equal(req.AppendTo(nil), wanted.AppendTo(nil)) {
					t.Error("the request is another")
				}
			})
		}
	}
}

// TestAnswers: what a broker may not answer is an error, and never an allocation of the size it claims.
func TestAnswers(t *testing.T) {
	with := func(change func(*kmsg.FetchResponse)) []byte {
		r := answer(11)
		change(r)
		return r.AppendTo(nil)
	}
	valid := answer(11).AppendTo(nil)
	size := func(n int32) func(uint32, []byte) []byte {
		return func(id uint32, body []byte) []byte {
			b := framed(id, body)
			binary.BigEndian.PutUint32(b, uint32(n))
			return b
		}
	}
	type answerCase struct {
		name  string
		body  []byte
		frame func(uint32, []byte) []byte
		want  error
	}
	cases := []answerCase{
		{"an error of the request", with(func(r *kmsg.FetchResponse) { r.ErrorCode = 71 }), nil, kafka.Error(71)},
		{"another topic", with(func(r *kmsg.FetchResponse) { r.Topics[0].Topic = "out" }), nil, nil},
		{"another partition", with(func(r *kmsg.FetchResponse) { r.Topics[0].Partitions[0].Partition = 4 }), nil, nil},
		{"no topic", with(func(r *kmsg.FetchResponse) { r.Topics = nil }), nil, nil},
		{"the answer to another request", valid, func(id uint32, b []byte) []byte { return framed(id+1, b) }, nil},
		{"a negative size", valid, size(-1), nil},
		{"a size without a header", valid, size(3), nil},
		{"a size beyond the limit", valid, size(math.MaxInt32), &batch.TooLargeError{Need: math.MaxInt32 - 4}},
		{"a size that never comes", valid, size(100 << 20), io.ErrUnexpectedEOF},
		{"nothing", nil, func(uint32, []byte) []byte { return nil }, io.ErrUnexpectedEOF},
	}
	// The last four bytes before the set are its length; those before the aborted transactions their count.
	for _, at := range []int{len(valid) - len(plain(10, 4, nil).bytes()) - 4, bytes.Index(valid, binary.BigEndian.AppendUint64([]byte{0, 0, 0, 2}, 7))} {
		b := bytes.Clone(valid)
		binary.BigEndian.PutUint32(b[at:], math.MaxInt32)
		cases = append(cases, answerCase{fmt.Sprintf("a count of 2 GiB at byte %d", at), b, nil, nil})
	}
	for n := range valid {
		cases = append(cases, answerCase{fmt.Sprintf("cut off after %d bytes", n), valid[:n], nil, nil})
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := batch.Fetch(t.Context(), peer{version: 11, answer: func([]byte) []byte { return tc.body }, frame: tc.frame}, kafka.TCP("unused"), query)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("taken for an answer")
			}
			var large, want *batch.TooLargeError
			if tc.want != nil && !errors.Is(err, tc.want) && (!errors.As(err, &large) || !errors.As(tc.want, &want) || large.Need != want.Need) {
				t.Errorf("%v, want %v", err, tc.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
				t.Errorf("%d bytes allocated", n)
			}
		})
	}
}
