package kafkastream

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

// Config of the exporter `kafka_stream`.
type Config struct {
	// Broker says which cluster to write to, and as whom.
	Broker broker.Config `mapstructure:",squash"`
	// Produce says how batches are written.
	Produce produce.Config `mapstructure:",squash"`

	// Topic that records from Kafka go to; {topic} stands for the one they came from. Without {topic} it is the topic of other
	// telemetry as well. Default {topic}.clean.
	Topic string `mapstructure:"topic"`
	// TelemetryTopic is the topic of telemetry that did not come from Kafka; {signal} stands for logs, traces or metrics.
	// Default otlp_{signal}, unless topic is a plain name.
	TelemetryTopic string `mapstructure:"telemetry_topic"`
	// SameTopic allows topic to be {topic}: for another cluster than the one the records come from. In the same one every
	// record would come again for ever.
	SameTopic bool `mapstructure:"same_topic"`

	// Partition says which partition of the topic a record goes to. Default source.
	Partition Partition `mapstructure:"partition"`

	// Encoding of telemetry that did not come from Kafka: otlp_proto (default) or otlp_json.
	Encoding record.Format `mapstructure:"encoding"`
	// KeyByTrace makes one record of each trace, its key the trace id in hex. Each repeats its resource: a batch that would repeat
	// more than 16 MiB so has no keys. Without it, a batch is one record without a key. Default true.
	KeyByTrace bool `mapstructure:"key_by_trace"`

	// DeadLetter is where records go that the topic will never take.
	DeadLetter deadletter.Config `mapstructure:"dead_letter"`

	// SendingQueue is refused: it exists in other exporters.
	SendingQueue map[string]any `mapstructure:"sending_queue"`
}

// Partition says how the partition of a record is chosen.
type Partition string

// The ways. Where one has nothing to go by, a record from Kafka stays with the others of its source partition, and other
// telemetry goes to the partitions in turn.
const (
	// BySource keeps the number of the source partition where both topics have as many partitions, or the source topic is not
	// in this cluster and the partition is there; else it is ByOriginalKey.
	BySource Partition = "source"
	// ByOriginalKey hashes the key the record had before it was tokenized, as Java's default partitioner does.
	ByOriginalKey Partition = "key_hash"
	// ByKey hashes the key that is written.
	ByKey Partition = "key"
	// ByTrace hashes the trace id, of a traceparent header or of other telemetry.
	ByTrace Partition = "trace_id"
)

var partitionings = []Partition{BySource, ByOriginalKey, ByKey, ByTrace}

const (
	sourceTopic = "{topic}"
	anySignal   = "{signal}"
)

func defaultConfig() component.Config {
	return &Config{
		Broker: broker.DefaultConfig(), Produce: produce.DefaultConfig(),
		Topic: sourceTopic + ".clean", TelemetryTopic: "otlp_" + anySignal,
		Partition: BySource, Encoding: record.OTLPProto, KeyByTrace: true,
		DeadLetter: deadletter.DefaultConfig(),
	}
}

// Unmarshal reads sizes with a unit, and then all else as usual.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	return errors.Join(
		spelling.Keys(conf, elsewhere),
		spelling.Sizes(conf, "max_batch_bytes", "max_message_bytes", "dead_letter::max_message_bytes"),
		conf.Unmarshal(c),
	)
}

// elsewhere are keys of other exporters for Kafka.
var elsewhere = map[string]string{
	"auth":                   "set sasl, and tls beside it",
	"bootstrap_servers":      "set brokers, a list of host:port",
	"partition_traces_by_id": "set key_by_trace, which is on by default",
	"producer":               "its max_message_bytes and compression stand here by themselves, and all replicas in sync have to acknowledge",
	"required_acks":          "leave it out: all replicas in sync have to acknowledge, always",
	"retry_on_failure":       "set retry",
	"topics":                 "set topic, with {topic} for the one a record came from, such as {topic}.clean",
}

// faults collects what is wrong, each by its path in the YAML.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Validate reports every fault at once, each by its path in the YAML. The Collector asks DeadLetter itself.
func (c *Config) Validate() error {
	f := faults{c.Broker.Check(), c.Produce.Check()}
	if !produce.TopicName(strings.ReplaceAll(c.Topic, sourceTopic, "t")) {
		f.add("topic: %q: want a topic, or {topic} in one, such as {topic}.clean", c.Topic)
	}
	if c.Topic == sourceTopic && !c.SameTopic {
		f.add("topic: {topic} alone writes every record back to where it is read; for another cluster set same_topic: true")
	}
	if strings.Contains(c.Topic, sourceTopic) && !produce.TopicName(c.telemetryTopic("traces")) {
		f.add("telemetry_topic: %q: want a topic, or {signal} in one, such as otlp_{signal}", c.TelemetryTopic)
	}
	switch letters := c.DeadLetter.Topic; {
	case letters == "": // which DeadLetter says
	case c.Topic == letters:
		f.add("topic: %s is where dead_letter.topic sends dead letters: records would be among them", c.Topic)
	case strings.Contains(c.Topic, sourceTopic) && c.TelemetryTopic == letters:
		f.add("telemetry_topic: %s is where dead_letter.topic sends dead letters: records would be among them", c.TelemetryTopic)
	}
	if !slices.Contains(partitionings, c.Partition) {
		f.add("partition: %q: want one of %v", string(c.Partition), partitionings)
	}
	if c.Encoding != record.OTLPProto && c.Encoding != record.OTLPJSON {
		f.add("encoding: %q: want %s or %s", string(c.Encoding), record.OTLPProto, record.OTLPJSON)
	}
	if c.SendingQueue != nil {
		f.add("sending_queue: leave it out: there is none, as it would accept records before Kafka has them, and the receiver would commit " +
			"offsets that could still be lost. Batches wait in their source topic")
	}
	return errors.Join(f...)
}

// telemetryTopic is where telemetry goes that did not come from Kafka.
func (c *Config) telemetryTopic(signal record.Signal) string {
	if !strings.Contains(c.Topic, sourceTopic) {
		return c.Topic
	}
	return strings.ReplaceAll(c.TelemetryTopic, anySignal, string(signal))
}
