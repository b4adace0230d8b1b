package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

const tokenPattern = `tkt_[a-z0-9]+_[a-z]{5}_[a-z]{33}`

var anyToken = regexp.MustCompile(tokenPattern)

// personal finds the canaries in a text.
var personal = regexp.MustCompile(strings.Join(quoted(canaries), "|"))

func quoted(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = regexp.QuoteMeta(t)
	}
	return out
}

// replaced reports whether after is before with a token in the place of every canary, and nothing else changed. Nil and
// empty are different.
func replaced(before, after []byte) bool {
	if (before == nil) != (after == nil) {
		return false
	}
	places := personal.FindAllIndex(before, -1)
	if len(places) == 0 {
		return bytes.Equal(before, after)
	}
	at, was := 0, 0
	for _, p := range places {
		kept := before[was:p[0]]
		if !bytes.HasPrefix(after[at:], kept) {
			return false
		}
		at += len(kept)
		t := anyToken.FindIndex(after[at:])
		if t == nil || t[0] != 0 {
			return false
		}
		at, was = at+t[1], p[1]
	}
	return bytes.Equal(after[at:], before[was:])
}

// same reports what of a record is not as it was, but for tokens and the coordinates of its source.
func same(before item, after *kgo.Record) error {
	b := before.record
	var faults []error
	expect := func(holds bool, what string) {
		if !holds {
			faults = append(faults, errors.New(what))
		}
	}
	expect(b.Partition == after.Partition, "another partition")
	expect(b.Timestamp.UnixMilli() == after.Timestamp.UnixMilli(), "another timestamp")
	if b.Topic == customerTopic {
		expect(replaced(b.Key, after.Key), "another key")
	} else {
		expect((b.Key == nil) == (after.Key == nil) && bytes.Equal(b.Key, after.Key), "another key")
	}
	was, err := comparable(before.kind, b.Value)
	is, err2 := comparable(before.kind, after.Value)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	expect(replaced(was, is), "another value")
	expect(sameHeaders(b, after), "other headers")
	return errors.Join(faults...)
}

// sameHeaders: the same in the same order, and then where the record was.
func sameHeaders(before, after *kgo.Record) bool {
	source := []kgo.RecordHeader{
		header("cloakroom-source-topic", before.Topic), header("cloakroom-source-partition", fmt.Sprint(before.Partition)), header("cloakroom-source-offset", fmt.Sprint(before.Offset)),
	}
	return slices.EqualFunc(append(slices.Clone(before.Headers), source...), after.Headers, func(a, b kgo.RecordHeader) bool {
		return a.Key == b.Key && replaced(a.Value, b.Value)
	})
}

// comparable is a value in a form in which a token has no other effect than to stand for what it replaced.
func comparable(k kind, value []byte) ([]byte, error) {
	switch k {
	case otlpOf:
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(value); err != nil {
			return nil, err
		}
		return r.MarshalJSON()
	case avroOf:
		return readCustomer(value)
	default:
		return value, nil
	}
}

// readCustomer writes a value of schema 7 as text.
func readCustomer(value []byte) ([]byte, error) {
	r := bytes.NewReader(value)
	var fault error
	number := func() int64 {
		n, err := binary.ReadVarint(r)
		fault = errors.Join(fault, err)
		return n
	}
	text := func() string {
		n := number()
		if fault != nil || n < 0 || n > int64(r.Len()) {
			fault = errors.Join(fault, errors.New("no Avro"))
			return ""
		}
		b := make([]byte, n)
		_, _ = r.Read(b)
		return string(b)
	}
	if !bytes.HasPrefix(value, framed(7, "")) {
		return nil, errors.New("another schema")
	}
	_, _ = r.Seek(int64(len(framed(7, ""))), 0)
	email, orders, branch, note := text(), number(), number(), text()
	rest := make([]byte, r.Len())
	_, _ = r.Read(rest)
	return fmt.Appendf(nil, "email %s, %d orders, branch %d: %s, active %x", email, orders, branch, note, rest), fault
}
