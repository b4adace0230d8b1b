package batch

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Query is what to fetch of one partition.
type Query struct {
	Topic     string
	Partition int32
	Offset    int64
	// MinBytes is what the broker waits for, at most MaxWait long.
	MinBytes, MaxBytes int32
	MaxWait            time.Duration
	// Uncommitted asks for records of transactions that are still open too.
	Uncommitted bool
	// MaxResponse bounds the response, in bytes; 128 MiB when zero. A broker sends the first batch whole, be it larger than MaxBytes.
	MaxResponse int
	// Rack is where this client is. Replica is the broker to ask that an earlier answer preferred, nil for the leader.
	Rack    string
	Replica *int32
}

// Fetched is what a broker answered about one partition.
type Fetched struct {
	// Set is the record set for [Decode], in memory that belongs to the caller.
	Set                                 []byte
	HighWatermark, LastStable, LogStart int64 // -1 from a broker too old to tell
	Aborted                             []Aborted
	// PreferredReplica is the broker to ask instead, -1 for none.
	PreferredReplica int32
	// Err is the broker's error about the partition, a [kafka.Error].
	Err error
}

// Fetch asks the leader of a partition for records. A [kafka.Error] is also what a request meets that reaches no leader,
// kafka-go's metadata being as old as its TTL: BrokerNotAvailable as long as no broker was ever reached,
// UnknownTopicOrPartition, LeaderNotAvailable; and what the broker says of the request as a whole. A response larger than
// q allows is a [*TooLargeError]. A call lasts at most half a minute longer than MaxWait.
func Fetch(ctx context.Context, rt kafka.RoundTripper, addr net.Addr, q Query) (Fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, q.MaxWait+patience)
	defer cancel()
	m, err := rt.RoundTrip(ctx, addr, &fetchRequest{exchange: exchange{client: clientID(rt)}, q: q})
	if err != nil {
		return Fetched{}, fmt.Errorf("fetch: %w", lateness(err))
	}
	res := m.(*fetchResponse)
	return res.Fetched, res.err
}

// patience is how long a broker may take beyond the time it was given. Without a deadline a lost answer would keep its connection for good.
const patience = 30 * time.Second

// lateness makes one error of the two there are, of the connection and of the context, whichever notices first.
func lateness(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

func clientID(rt kafka.RoundTripper) string {
	if t, ok := rt.(*kafka.Transport); ok {
		return t.ClientID
	}
	return ""
}

type fetchRequest struct {
	exchange
	q Query
}

type fetchResponse struct {
	Fetched
	err error // about the request as a whole; an error of the exchange would end the connection
}

func (*fetchRequest) ApiKey() protocol.ApiKey  { return protocol.Fetch }
func (*fetchResponse) ApiKey() protocol.ApiKey { return protocol.Fetch }

func (r *fetchRequest) Broker(c protocol.Cluster) (protocol.Broker, error) {
	if r.q.Replica != nil {
		if b, ok := c.Brokers[*r.q.Replica]; ok {
			return b, nil
		}
		return protocol.Broker{}, kafka.ReplicaNotAvailable
	}
	return leader(c, r.q.Topic, r.q.Partition)
}

func leader(c protocol.Cluster, topic string, partition int32) (protocol.Broker, error) {
	if len(c.Brokers) == 0 {
		return protocol.Broker{}, kafka.BrokerNotAvailable // there never was an answer about the cluster
	}
	p, ok := c.Topics[topic].Partitions[partition]
	if !ok {
		return protocol.Broker{}, kafka.UnknownTopicOrPartition
	}
	b, ok := c.Brokers[p.Leader]
	if !ok {
		return protocol.Broker{}, kafka.LeaderNotAvailable
	}
	return b, nil
}

// RawExchange is how a message of kafka-go speaks to the broker itself: protocol.RegisterOverride changes the type of a
// request but not that of its response.
func (r *fetchRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	q, v := &r.q, r.version
	b := r.begin(protocol.Fetch)
	b = be.AppendUint32(b, minusOne) // no replica
	b = be.AppendUint32(b, uint32(q.MaxWait.Milliseconds()))
	b = be.AppendUint32(b, uint32(q.MinBytes))
	if v >= 3 {
		b = be.AppendUint32(b, uint32(q.MaxBytes))
	}
	if v >= 4 {
		b = append(b, 1)
		if q.Uncommitted {
			b[len(b)-1] = 0
		}
	}
	if v >= 7 {
		b = be.AppendUint32(b, 0)
		b = be.AppendUint32(b, minusOne) // no session
	}
	b = be.AppendUint32(b, 1)
	b = appendString(b, q.Topic)
	b = be.AppendUint32(b, 1)
	b = be.AppendUint32(b, uint32(q.Partition))
	if v >= 9 {
		b = be.AppendUint32(b, minusOne) // no leader epoch
	}
	b = be.AppendUint64(b, uint64(q.Offset))
	if v >= 5 {
		b = be.AppendUint64(b, 1<<64-1) // the log start of a follower
	}
	b = be.AppendUint32(b, uint32(q.MaxBytes))
	if v >= 7 {
		b = be.AppendUint32(b, 0) // nothing forgotten
	}
	if v >= 11 {
		b = appendString(b, q.Rack)
	}
	if err := r.send(rw, b, nil); err != nil {
		return nil, err
	}
	body, err := r.receive(rw, int(q.MaxBytes)+1024, cmp.Or(q.MaxResponse, 128<<20))
	var large *TooLargeError
	if errors.As(err, &large) {
		if res, err := parseFetched(body, v, q, true); err == nil {
			large.Next = endOf(res.Set)
		}
		return nil, large
	}
	if err != nil {
		return nil, err
	}
	return parseFetched(body, v, q, false)
}

// parseFetched reads a response, of which the record set may be cut off.
func parseFetched(body []byte, v int16, q *Query, cut bool) (*fetchResponse, error) {
	c := cursor{b: body}
	if v >= 1 {
		c.take(4) // how long the broker mutes this connection
	}
	if v >= 7 {
		if code := c.uint16(); code != 0 {
			return &fetchResponse{err: kafka.Error(int16(code))}, nil
		}
		c.take(4)
	}
	one := c.int32() == 1 && c.string() == q.Topic && c.int32() == 1 && c.int32() == q.Partition
	code := kafka.Error(int16(c.uint16()))
	f := Fetched{HighWatermark: c.int64(), LastStable: -1, LogStart: -1, PreferredReplica: -1}
	if v >= 4 {
		f.LastStable = c.int64()
	}
	if v >= 5 {
		f.LogStart = c.int64()
	}
	if v >= 4 {
		n := int64(c.int32())
		if n > int64(len(c.b)/16) {
			c.fail()
		}
		if n > 0 && !c.bad {
			f.Aborted = make([]Aborted, n)
			for i := range f.Aborted {
				f.Aborted[i] = Aborted{ProducerID: c.int64(), FirstOffset: c.int64()}
			}
		}
	}
	if v >= 11 {
		f.PreferredReplica = c.int32()
	}
	if n := int64(c.int32()); n > 0 {
		if cut {
			n = min(n, int64(len(c.b)))
		}
		f.Set = c.take(n)
	}
	if c.bad || !one {
		return nil, errors.New("the broker's answer is not one about the partition that was asked for")
	}
	if code != 0 {
		f.Err = code
	}
	return &fetchResponse{Fetched: f}, nil
}

var (
	be          = binary.BigEndian
	correlation atomic.Int32
)

const minusOne = 1<<32 - 1

// exchange is one request and its response on a connection that carries nothing else meanwhile.
type exchange struct {
	client  string
	version int16
	id      int32
}

// Prepare is told the version of the API that was agreed on.
func (e *exchange) Prepare(version int16) { e.version = version }

// Required is true: neither kafka-go's own encoding nor its decoding is used.
func (*exchange) Required(map[protocol.ApiKey]int16) bool { return true }

func (e *exchange) begin(key protocol.ApiKey) []byte {
	e.id = correlation.Add(1)
	b := make([]byte, 4, 256)
	b = be.AppendUint16(b, uint16(key))
	b = be.AppendUint16(b, uint16(e.version))
	b = be.AppendUint32(b, uint32(e.id))
	return appendString(b, e.client)
}

func appendString(b []byte, s string) []byte {
	b = be.AppendUint16(b, uint16(len(s)))
	return append(b, s...)
}

func (c *cursor) string() string { return string(c.take(int64(int16(c.uint16())))) }

// send writes a request that begin began, with tail behind it.
func (*exchange) send(w io.Writer, b, tail []byte) error {
	be.PutUint32(b, uint32(len(b)-4+len(tail)))
	if len(tail) <= 16<<10 {
		b, tail = append(b, tail...), nil
	}
	_, err := w.Write(b)
	if err == nil && len(tail) > 0 {
		_, err = w.Write(tail)
	}
	return err
}

// receive reads a response without its correlation id. What it allocates grows with what has come in, beyond the size that is expected.
// Of a response that is too large it returns the beginning, beside the error.
func (e *exchange) receive(r io.Reader, expected, most int) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, noEOF(err)
	}
	size := int(int32(be.Uint32(head[:]))) - 4
	if size < 0 || int32(be.Uint32(head[4:])) != e.id {
		return nil, errors.New("the broker's answer is not one to the request")
	}
	if size > most {
		b := make([]byte, beginning)
		n, _ := io.ReadFull(r, b) // the error that counts is another
		return b[:n], &TooLargeError{Need: size}
	}
	b := make([]byte, 0, min(size, max(expected, 1024)))
	for len(b) < size {
		b = slices.Grow(b, 1)
		n, err := io.ReadFull(r, b[len(b):min(size, cap(b))])
		b = b[:len(b)+n]
		if err != nil {
			return nil, noEOF(err)
		}
	}
	return b, nil
}

// beginning is how much of a response holds the header of its first batch, after the transactions that were rolled back.
const beginning = 64 << 10

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
