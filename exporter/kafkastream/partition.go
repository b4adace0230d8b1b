package kafkastream

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// lane is a partition that is written to.
type lane struct {
	topic     string
	partition int32
}

// route is where records of one topic go.
type route struct {
	from, topic string
	// partitions of the topic they go to, and of the one they came from: 0 where that is not in this cluster.
	partitions, sources int32
}

func (s *stream) route(ctx context.Context, o *record.Out) (*route, error) {
	r := &route{from: o.Topic, topic: s.cfg.telemetryTopic(s.signal)}
	if o.FromKafka {
		r.topic = strings.ReplaceAll(s.cfg.Topic, sourceTopic, o.Topic)
	}
	var err error
	if r.partitions, err = s.producer.Partitions(ctx, r.topic); err != nil {
		return nil, err
	}
	if o.FromKafka && s.cfg.Partition == BySource {
		r.sources, err = s.producer.PartitionsIfThere(ctx, o.Topic)
	}
	return r, err
}

// partition chooses the partition of a record.
func (s *stream) partition(r *route, o *record.Out) int32 {
	switch s.cfg.Partition {
	case BySource:
		if o.FromKafka && o.Partition < r.partitions && (r.sources == r.partitions || r.sources == 0) {
			return o.Partition
		}
	case ByKey:
		if o.Record.Key != nil {
			return record.PartitionOf(record.Murmur2(o.Record.Key), r.partitions)
		}
		return s.keyless(r, o)
	case ByTrace:
		if id := traceOf(o); id != nil {
			return record.PartitionOf(record.Murmur2(id), r.partitions)
		}
	}
	if hash, ok := o.Hash(); ok {
		return record.PartitionOf(hash, r.partitions)
	}
	return s.keyless(r, o)
}

// keyless keeps records of one source partition together, so that they stay in order.
func (s *stream) keyless(r *route, o *record.Out) int32 {
	if o.FromKafka {
		return o.Partition % r.partitions
	}
	return int32(s.turn.Add(1) % uint32(r.partitions))
}

// traceOf returns the trace id in hex, nil where there is none.
//
// Source: W3C Trace Context, "traceparent Header".
func traceOf(o *record.Out) []byte {
	if !o.FromKafka {
		return o.Record.Key
	}
	for i := len(o.Record.Headers) - 1; i >= 0; i-- {
		if h := &o.Record.Headers[i]; strings.EqualFold(h.Key, "traceparent") {
			return traceIn(h)
		}
	}
	return nil
}

func traceIn(h *batch.Header) []byte {
	const from, to = 3, 35 // 00-<32 hex digits>-
	v := h.Value
	if len(v) <= to || v[from-1] != '-' || v[to] != '-' {
		return nil
	}
	var id [16]byte
	if _, err := hex.Decode(id[:], v[from:to]); err != nil || id == [16]byte{} {
		return nil
	}
	return v[from:to]
}
