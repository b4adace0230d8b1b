package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Produce sends a record set that [Encode] made to the leader of a partition and tells the offset of its first record, -1
// with [kafka.RequireNone]. A refusal is a [kafka.Error], as it is of [Fetch].
//
// After an error the set may still be on its way: it can have been stored, and its memory must not be written again.
func Produce(ctx context.Context, rt kafka.RoundTripper, addr net.Addr, topic string, partition int32, set []byte, timeout time.Duration, acks kafka.RequiredAcks) (base int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout+patience)
	defer cancel()
	m, err := rt.RoundTrip(ctx, addr, &produceRequest{
		exchange: exchange{client: clientID(rt)}, topic: topic, partition: partition, set: set, timeout: timeout, acks: acks,
	})
	if err != nil {
		return -1, fmt.Errorf("produce: %w", lateness(err))
	}
	res := m.(*produceResponse)
	return res.base, res.err
}

type produceRequest struct {
	exchange
	topic     string
	partition int32
	set       []byte
	timeout   time.Duration
	acks      kafka.RequiredAcks
}

type produceResponse struct {
	base int64
	err  error
}

func (*produceRequest) ApiKey() protocol.ApiKey  { return protocol.Produce }
func (*produceResponse) ApiKey() protocol.ApiKey { return protocol.Produce }

func (r *produceRequest) Broker(c protocol.Cluster) (protocol.Broker, error) {
	return leader(c, r.topic, r.partition)
}

// RawExchange: see [fetchRequest.RawExchange].
func (r *produceRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if r.version < 3 {
		return nil, errors.New("the broker is older than record batches, which came with Kafka 0.11")
	}
	b := r.begin(protocol.Produce)
	b = be.AppendUint16(b, 1<<16-1) // no transaction
	b = be.AppendUint16(b, uint16(r.acks))
	b = be.AppendUint32(b, uint32(r.timeout.Milliseconds()))
	b = be.AppendUint32(b, 1)
	b = appendString(b, r.topic)
	b = be.AppendUint32(b, 1)
	b = be.AppendUint32(b, uint32(r.partition))
	b = be.AppendUint32(b, uint32(len(r.set)))
	if err := r.send(rw, b, r.set); err != nil {
		return nil, err
	}
	if r.acks == kafka.RequireNone {
		return &produceResponse{base: -1}, nil
	}
	body, err := r.receive(rw, 1024, 1<<20)
	if err != nil {
		return nil, err
	}
	return r.parse(body)
}

func (r *produceRequest) parse(body []byte) (protocol.Message, error) {
	c := cursor{b: body}
	one := c.int32() == 1 && c.string() == r.topic && c.int32() == 1 && c.int32() == r.partition
	code := kafka.Error(int16(c.uint16()))
	base := c.int64()
	if c.bad || !one {
		return nil, errors.New("the broker's answer is not one about the partition that was asked for")
	}
	// What the broker says of single records is left unread: it may quote them.
	if code != 0 {
		return &produceResponse{base: -1, err: code}, nil
	}
	return &produceResponse{base: base}, nil
}
