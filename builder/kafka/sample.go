package main

import (
	"encoding/binary"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/cloakroom/cloakroom/builder/broker/brokertest"
)

// Topics of the demonstration; config/kafka.yaml says how each is read.
const (
	rawTopic      = "shop.raw"
	jsonTopic     = "shop.json.raw"
	otlpTopic     = "shop.otlp-logs.raw"
	customerTopic = "shop.customers.raw"
	cleanSuffix   = ".clean"
	deadTopic     = "cloakroom-dead-letters"
	partitions    = 3
)

var rawTopics = []string{rawTopic, jsonTopic, otlpTopic, customerTopic}

// canaries are all the personal values of the demonstration, as they are spelled in records.
var canaries = []string{
	"maria.sander@example.com", "4111 1111 1111 1111", "+49 30 901820", "DE89 3704 0044 0532 0130 00",
	"ben.okafor@example.net", "carla.header@example.org", "dead.letter@example.com", "eve.avro@example.com", "otto.otlp@example.com",
}

// topics are those to create: the clean ones with as many partitions as the raw ones.
func topics() (out []brokertest.Topic) {
	for _, t := range rawTopics {
		config := map[string]string{}
		if t == customerTopic {
			config["cleanup.policy"] = "compact"
		}
		out = append(out, brokertest.Topic{Name: t, Partitions: partitions, Config: config},
			brokertest.Topic{Name: t + cleanSuffix, Partitions: partitions, Config: config})
	}
	return append(out, brokertest.Topic{Name: deadTopic})
}

// kind says how two values are compared.
type kind int

const (
	bytesOf kind = iota // what is not personal is the same, byte for byte
	otlpOf              // as OTLP/JSON
	avroOf              // the fields of a customer
)

// item is a record of the demonstration, and what is to become of it.
type item struct {
	title  string
	record *kgo.Record
	kind   kind
	dead   bool // it is to become a dead letter
	quiet  bool // checked, not shown
}

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func header(key, value string) kgo.RecordHeader {
	return kgo.RecordHeader{Key: key, Value: []byte(value)}
}

// sample is what the topics hold, in the order of each partition.
func sample() []item {
	at := time.UnixMilli(1_700_000_000_000)
	next := func() time.Time { at = at.Add(time.Second); return at }
	in := func(topic string, partition int32, key, value []byte, headers ...kgo.RecordHeader) *kgo.Record {
		return &kgo.Record{Topic: topic, Partition: partition, Key: key, Value: value, Headers: headers, Timestamp: next()}
	}
	text := func(s string) []byte { return []byte(s) }
	items := []item{
		{title: "text", record: in(rawTopic, 0, text("order-1"), text("order of maria.sander@example.com paid with 4111 1111 1111 1111, took 17 ms"), header("traceparent", traceparent), header("origin", "web"), header("origin", "web-2"))},
		{title: "JSON", record: in(rawTopic, 0, text("order-2"), text(`{"msg":"refund",  "iban":"DE89 3704 0044 0532 0130 00", "amount": 1.50e2, "ok":true}`))},
		{title: "logfmt", record: in(rawTopic, 1, nil, text(`level=info msg="call back" phone="+49 30 901820" attempt=3`))},
		{title: "a personal header", record: in(rawTopic, 1, text(""), text("nothing personal in here"), header("x-user", "carla.header@example.org"), header("traceparent", traceparent), kgo.RecordHeader{Key: "nothing"}, header("empty", ""))},
		{title: "a tombstone", record: in(rawTopic, 2, text("order-3"), nil)},
		{title: "an empty value", record: in(rawTopic, 2, nil, []byte{})},
		{title: "bytes that are no text", record: in(rawTopic, 2, text("blob"), []byte{0xff, 0xfe, 1, 2, 3}), quiet: true},
		{title: "a topic of JSON", record: in(jsonTopic, 0, nil, text(`{"user":{"email":"ben.okafor@example.net","age":41},"price":10.0}`))},
		{title: "no JSON there", record: in(jsonTopic, 0, text("order-4"), text(`{"user":{"email":"dead.letter@example.com"`)), dead: true},
		{title: "the one after it", record: in(jsonTopic, 0, nil, text(`{"n": 1E+2}`)), quiet: true},
		{title: "OTLP protobuf", record: in(otlpTopic, 1, text("node-1"), otlp()), kind: otlpOf},
		{title: "Avro, schema 7", record: in(customerTopic, 0, text("maria.sander@example.com"), customer("eve.avro@example.com", 12, "calls from +49 30 901820")), kind: avroOf},
		{title: "JSON Schema, schema 8", record: in(customerTopic, 0, text("ben.okafor@example.net"), framed(8, `{"email": "ben.okafor@example.net", "orders": 3}`))},
		{title: "Protobuf, schema 9", record: in(customerTopic, 0, text("order-5"), framed(9, "\x00\x0a\x17dead.letter@example.com")), dead: true},
		{title: "an unknown schema", record: in(customerTopic, 1, text("order-6"), framed(99, "dead.letter@example.com")), dead: true},
		{title: "a customer leaves", record: in(customerTopic, 0, text("maria.sander@example.com"), nil)},
	}
	for range 300 { // so that there is an order to keep
		p := int32(len(items) % partitions)
		items = append(items, item{title: "a line", record: in(rawTopic, p, nil, text("GET /cart by maria.sander@example.com "+at.Format(time.RFC3339))), quiet: true})
	}
	return items
}

// framed is a value as a schema registry's serializer writes it.
func framed(id uint32, payload string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, id), payload...)
}

// customer is a value of schema 7 in config/kafka.yaml.
func customer(email string, orders int64, note string) []byte {
	text := func(b []byte, s string) []byte { return append(binary.AppendVarint(b, int64(len(s))), s...) }
	b := text(framed(7, ""), email)
	b = binary.AppendVarint(b, orders)
	b = binary.AppendVarint(b, 1) // the second branch of the union
	return append(text(b, note), 1)
}

// otlp is an ExportLogsServiceRequest.
func otlp() []byte { return otlpWith("mail to otto.otlp@example.com sent") }

func otlpWith(body string) []byte {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "mailer")
	r := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	r.SetTimestamp(1_700_000_000_000_000_001)
	r.Body().SetStr(body)
	r.Attributes().PutInt("attempt", 1)
	b, err := plogotlp.NewExportRequestFromLogs(ld).MarshalProto()
	if err != nil {
		panic(err) // of what was made here
	}
	return b
}
