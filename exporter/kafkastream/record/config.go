package record

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Format says how the value of a Kafka record is read.
type Format string

// The formats.
const (
	Auto      Format = "auto"       // text where it is valid in its charset, else bytes; a content-type header chooses another
	Text      Format = "text"       // text, whatever the headers say
	JSON      Format = "json"       // text that is valid JSON; anything else is undecodable
	Logfmt    Format = "logfmt"     // text
	OTLPProto Format = "otlp_proto" // an Export{Logs,Trace,Metrics}ServiceRequest
	OTLPJSON  Format = "otlp_json"  // the same in OTLP's JSON
	Raw       Format = "raw"        // bytes; never seen as framed by a schema registry
)

var formats = []Format{Auto, Text, JSON, Logfmt, OTLPProto, OTLPJSON, Raw}

func (f Format) otlp() bool { return f == OTLPProto || f == OTLPJSON }

// Signal is the OpenTelemetry signal that a topic holds.
type Signal string

// The signals.
const (
	Logs    Signal = "logs"
	Traces  Signal = "traces"
	Metrics Signal = "metrics"
)

var signals = []Signal{Logs, Traces, Metrics}

// Config says how records of which topic are told as telemetry.
//
//	mapping:
//	  topics:
//	    - {topic: orders, format: json, tokenize_key: true}
//	    - {topic: ^otlp\..*, signal: traces, format: otlp_proto}
//	  schema_registry:
//	    url: https://registry:8081
type Config struct {
	// Topics are rules by topic; the first that matches a topic decides. A topic that none matches is read as Auto.
	Topics []TopicRule `mapstructure:"topics"`
	// SchemaRegistry says what is done with values framed by a schema registry.
	SchemaRegistry SchemaRegistry `mapstructure:"schema_registry"`
}

// TopicRule says how records of the topics it matches are told.
type TopicRule struct {
	// Topic is the name of a topic or, with ^ at its start, a regular expression (RE2) that the whole name matches.
	Topic string `mapstructure:"topic"`
	// Format of the values; empty is auto.
	Format Format `mapstructure:"format"`
	// Signal says that the values are OTLP of this signal; with format auto, each value is JSON if it starts with { and
	// protobuf otherwise.
	Signal Signal `mapstructure:"signal"`
	// Charset of the values by its name in the WHATWG Encoding Standard; empty is utf-8.
	Charset string `mapstructure:"charset"`
	// IgnoreContentType keeps a content-type header from choosing the format and charset where format is auto.
	IgnoreContentType bool `mapstructure:"ignore_content_type"`
	// TokenizeKey hands record keys to the processor. The partition of the original key is kept.
	TokenizeKey bool `mapstructure:"tokenize_key"`
	// KeepHeaders carries all headers past the processor. Those that carry a trace are always kept.
	KeepHeaders bool `mapstructure:"keep_headers"`
	// KeepBaggage carries the baggage header past the processor.
	KeepBaggage bool `mapstructure:"keep_baggage"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{SchemaRegistry: defaultRegistry()} }

// Validate reports every fault at once, each by its YAML path.
func (c *Config) Validate() error {
	var faults []error
	for i := range c.Topics {
		for _, fault := range c.Topics[i].faults() {
			faults = append(faults, fmt.Errorf("topics[%d].%w", i, fault))
		}
	}
	for _, fault := range c.SchemaRegistry.faults() {
		faults = append(faults, fmt.Errorf("schema_registry.%w", fault))
	}
	return errors.Join(faults...)
}

func (r *TopicRule) faults() (faults []error) {
	if r.Topic == "" {
		faults = append(faults, errors.New("topic: required: a name, or a regular expression that starts with ^"))
	}
	if _, err := topicMatcher(r.Topic); err != nil {
		faults = append(faults, fmt.Errorf("topic: %w", err))
	}
	if r.Format != "" && !slices.Contains(formats, r.Format) {
		faults = append(faults, unknown("format", r.Format, formats))
	}
	if r.Signal != "" && !slices.Contains(signals, r.Signal) {
		faults = append(faults, unknown("signal", r.Signal, signals))
	}
	if r.Signal != "" && r.Format != "" && r.Format != Auto && !r.Format.otlp() {
		faults = append(faults, fmt.Errorf("signal: only with format otlp_proto, otlp_json or auto, not %s", r.Format))
	}
	if _, err := charsetOf(r.Charset); err != nil {
		faults = append(faults, fmt.Errorf("charset: %w", err))
	}
	if r.Charset != "" && (r.Format.otlp() || r.Format == Raw || r.Signal != "") {
		faults = append(faults, errors.New("charset: only for text"))
	}
	return faults
}

func unknown[T ~string](key string, got T, want []T) error {
	names := make([]string, len(want))
	for i, w := range want {
		names[i] = string(w)
	}
	return fmt.Errorf("%s: unknown %q: want %s", key, string(got), strings.Join(names, ", "))
}

// topicMatcher returns what tells the topics that the pattern stands for.
func topicMatcher(pattern string) (func(topic string) bool, error) {
	if !strings.HasPrefix(pattern, "^") {
		return func(topic string) bool { return topic == pattern }, nil
	}
	if _, err := regexp.Compile(pattern); err != nil { // which shows the pattern as it was written
		return nil, err
	}
	return regexp.MustCompile("^(?:" + pattern + ")$").MatchString, nil
}
