package main

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

const someToken = "tkt_email_abcde_abcdefghijklmnopqrstuvwxyzabcdefg"

func TestReplaced(t *testing.T) {
	mail := canaries[0]
	for _, c := range []struct {
		name          string
		before, after []byte
		want          bool
	}{
		{"nothing personal", []byte("a"), []byte("a"), true},
		{"nothing personal, changed", []byte("a"), []byte("b"), false},
		{"null", nil, nil, true},
		{"null is not empty", nil, []byte{}, false},
		{"a token", []byte("a " + mail + " b"), []byte("a " + someToken + " b"), true},
		{"two tokens", []byte(mail + mail), []byte(someToken + someToken), true},
		{"kept", []byte("a " + mail), []byte("a " + mail), false},
		{"what follows is lost", []byte(mail + " b"), []byte(someToken), false},
		{"more than there was", []byte(mail), []byte(someToken + "!"), false},
		{"no token", []byte(mail), []byte("***"), false},
	} {
		require.Equal(t, c.want, replaced(c.before, c.after), c.name)
	}
}

// clean is what is to become of an item.
func clean(i item) *kgo.Record {
	b := i.record
	put := func(v []byte) []byte {
		if !personal.Match(v) {
			return v
		}
		return personal.ReplaceAll(v, []byte(someToken))
	}
	out := &kgo.Record{Partition: b.Partition, Timestamp: b.Timestamp, Key: b.Key, Value: put(b.Value)}
	if b.Topic == customerTopic {
		out.Key = put(b.Key)
	}
	switch i.kind {
	case avroOf:
		out.Value = customer(someToken, 12, "calls from "+someToken)
	case otlpOf:
		out.Value = otlpWith("mail to " + someToken + " sent")
	}
	for _, h := range b.Headers {
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: h.Key, Value: put(h.Value)})
	}
	out.Headers = append(out.Headers, header("cloakroom-source-topic", b.Topic), header("cloakroom-source-partition", strconv.Itoa(int(b.Partition))), header("cloakroom-source-offset", "0"))
	return out
}

// TestSame: every record of the sample meets what is to become of it, and nothing that differs passes.
func TestSame(t *testing.T) {
	for _, i := range sample()[:16] {
		require.NoError(t, same(i, clean(i)), i.title)
		for name, spoil := range map[string]func(r *kgo.Record){
			"partition": func(r *kgo.Record) { r.Partition++ },
			"timestamp": func(r *kgo.Record) { r.Timestamp = r.Timestamp.Add(1e6) },
			"key":       func(r *kgo.Record) { r.Key = append(bytes.Clone(r.Key), 'x') },
			"value":     func(r *kgo.Record) { r.Value = append(bytes.Clone(r.Value), 'x') },
			"nullness": func(r *kgo.Record) {
				if r.Value == nil {
					r.Value = []byte{}
				} else {
					r.Value = nil
				}
			},
			"a header less":   func(r *kgo.Record) { r.Headers = r.Headers[:len(r.Headers)-1] },
			"a header's name": func(r *kgo.Record) { r.Headers[0].Key += "x" },
			"a header more":   func(r *kgo.Record) { r.Headers = append(r.Headers, header("x", "y")) },
		} {
			r := clean(i)
			spoil(r)
			require.Error(t, same(i, r), "%s: %s", i.title, name)
		}
	}
}
