package kafkastream

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/broker"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

// Config of the receiver `kafka_stream`.
type Config struct {
	broker.Config `mapstructure:",squash"`

	// Topics to consume. This or TopicsRegex.
	Topics []string `mapstructure:"topics"`
	// TopicsRegex is a regular expression (RE2) that the whole name of a topic matches. Topics are listed again every
	// metadata_interval. Kafka's own, whose names begin with __, and the dead-letter topic are left out. Where it would match
	// topics that an exporter of this Collector writes, ExcludeTopicsRegex has to leave them out: else they are consumed again,
	// and so is what becomes of them. Package wiring refuses that where it sees it.
	TopicsRegex        string `mapstructure:"topics_regex"`
	ExcludeTopicsRegex string `mapstructure:"exclude_topics_regex"`
	// Group is the consumer group that shares the partitions.
	Group string `mapstructure:"group"`
	// Start says where a partition begins that the group has committed nothing of: earliest (default) or latest. With latest,
	// what is written to a new partition before the group notices it is passed over.
	Start Start `mapstructure:"start"`
	// OnOffsetOutOfRange says what to do where the partition does not hold the offset to go on at, because retention was
	// faster or the log was cut off: fail (default) stops this partition, earliest and latest go on with what there is.
	OnOffsetOutOfRange Choice `mapstructure:"on_offset_out_of_range"`

	// Fetch bounds what is held in memory for each partition.
	Fetch Fetch `mapstructure:"fetch"`

	// SessionTimeout is how long the group waits for a heartbeat of a member before its partitions go to others. Default 30s.
	SessionTimeout time.Duration `mapstructure:"session_timeout"`
	// HeartbeatInterval is the time between heartbeats, at most a third of session_timeout. Default 3s.
	HeartbeatInterval time.Duration `mapstructure:"heartbeat_interval"`
	// RebalanceTimeout is how long the group waits for its members to give up their partitions. Default 1m.
	RebalanceTimeout time.Duration `mapstructure:"rebalance_timeout"`
	// CommitInterval is the time between commits. Default 1s.
	CommitInterval time.Duration `mapstructure:"commit_interval"`
	// MetadataInterval is the time between looks for new topics and partitions. Default 30s.
	MetadataInterval time.Duration `mapstructure:"metadata_interval"`

	// Formats says how the values of which topics are read; the first rule that matches a topic decides.
	Formats []record.TopicRule `mapstructure:"formats"`
	// SchemaRegistry says what is done with values framed by a schema registry.
	SchemaRegistry record.SchemaRegistry `mapstructure:"schema_registry"`

	// DeadLetter is where records go that cannot be read or are refused for good.
	DeadLetter deadletter.Config `mapstructure:"dead_letter"`
	// Retry says how long to wait between attempts, which never end.
	Retry Retry `mapstructure:"retry"`
}

// Start is where a partition begins.
type Start string

// Choice is what to do about an offset out of range.
type Choice string

// The values of Start and Choice.
const (
	StartEarliest Start  = "earliest"
	StartLatest   Start  = "latest"
	Earliest      Choice = "earliest"
	Latest        Choice = "latest"
	Fail          Choice = "fail"
)

// Fetch says how much is fetched of one partition at once. Sizes are bytes, or such as 16MiB.
type Fetch struct {
	// MinBytes is what the broker waits for, at most MaxWait long. Defaults 1 and 500ms.
	MinBytes int           `mapstructure:"min_bytes"`
	MaxWait  time.Duration `mapstructure:"max_wait"`
	// MaxBytes is how many bytes of batches, as they are on the wire, one fetch asks for. Default 1MiB.
	MaxBytes int `mapstructure:"max_bytes"`
	// MaxRecordBytes bounds a single batch that is larger than MaxBytes, on the wire; decompressed it may have four times as
	// much. A larger one becomes a dead letter. Default 16MiB. Of each partition two fetches are held at a time, decompressed
	// four times MaxBytes of each at once, or one such batch.
	MaxRecordBytes int `mapstructure:"max_record_bytes"`
}

// Retry says how long to wait between attempts: InitialInterval (default 100ms) after the first, then twice as long each
// time, up to MaxInterval (default 30s). Up to half of it is left off by chance.
type Retry struct {
	InitialInterval time.Duration `mapstructure:"initial_interval"`
	MaxInterval     time.Duration `mapstructure:"max_interval"`
}

const inflation = 4

func defaultConfig() component.Config {
	return &Config{
		Config:             broker.DefaultConfig(),
		Start:              StartEarliest,
		OnOffsetOutOfRange: Fail,
		Fetch:              Fetch{MinBytes: 1, MaxBytes: 1 << 20, MaxWait: 500 * time.Millisecond, MaxRecordBytes: 16 << 20},
		SessionTimeout:     30 * time.Second,
		HeartbeatInterval:  3 * time.Second,
		RebalanceTimeout:   time.Minute,
		CommitInterval:     time.Second,
		MetadataInterval:   30 * time.Second,
		SchemaRegistry:     record.DefaultConfig().SchemaRegistry,
		DeadLetter:         deadletter.DefaultConfig(),
		Retry:              Retry{InitialInterval: 100 * time.Millisecond, MaxInterval: 30 * time.Second},
	}
}

// Unmarshal reads sizes with a unit, and then all else as usual.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	return errors.Join(
		spelling.Keys(conf, elsewhere),
		spelling.Sizes(conf, "fetch::min_bytes", "fetch::max_bytes", "fetch::max_record_bytes", "dead_letter::max_message_bytes"),
		conf.Unmarshal(c),
	)
}

// elsewhere are keys of other receivers for Kafka.
var elsewhere = map[string]string{
	"auth":               "set sasl, and tls beside it",
	"auto_offset_reset":  "set start",
	"autocommit":         "set commit_interval: what the pipeline has taken is committed, and nothing else",
	"bootstrap_servers":  "set brokers, a list of host:port",
	"default_fetch_size": "set fetch: {max_bytes: 1MiB}",
	"encoding":           "set formats, by topic, such as formats: [{topic: orders, format: json}]",
	"exclude_topics":     "set exclude_topics_regex",
	"group_id":           "set group",
	"initial_offset":     "set start",
	"max_fetch_size":     "set fetch: {max_bytes: 1MiB}",
	"min_fetch_size":     "set fetch: {min_bytes: 1}",
	"topic":              "set topics, a list of names, or topics_regex",
}

// faults collects what is wrong, each by its path in the YAML.
type faults []error

func (f *faults) add(format string, args ...any) { *f = append(*f, fmt.Errorf(format, args...)) }

// Validate reports every fault at once, each by its path in the YAML. The Collector asks DeadLetter itself.
func (c *Config) Validate() error {
	f := faults{c.Check()}
	c.validateTopics(&f)
	if c.Group == "" {
		f.add("group: must be set: the members of a group share the partitions of its topics")
	}
	if c.Start != StartEarliest && c.Start != StartLatest {
		f.add("start: unknown %q: want earliest or latest", string(c.Start))
	}
	if !slices.Contains([]Choice{Earliest, Latest, Fail}, c.OnOffsetOutOfRange) {
		f.add("on_offset_out_of_range: unknown %q: want earliest, latest or fail", string(c.OnOffsetOutOfRange))
	}
	c.Fetch.validate(&f)
	c.validateTimes(&f)
	c.validateRules(&f)
	if err := c.mapping().Validate(); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			if rest, ok := strings.CutPrefix(line, "topics["); ok {
				line = "formats[" + rest
			}
			f.add("%s", line)
		}
	}
	return errors.Join(f...)
}

func (c *Config) mapping() *record.Config {
	return &record.Config{Topics: c.Formats, SchemaRegistry: c.SchemaRegistry}
}

func (c *Config) validateTopics(f *faults) {
	if (len(c.Topics) == 0) == (c.TopicsRegex == "") {
		f.add("topics, topics_regex: set one of both")
	}
	for i, t := range c.Topics {
		switch {
		case !produce.TopicName(t):
			f.add("topics[%d]: %q: want 1 to 249 letters, digits, dots, underscores and hyphens; a regular expression goes to topics_regex", i, t)
		case slices.Contains(c.Topics[:i], t):
			f.add("topics[%d]: %s is there twice", i, t)
		case t == c.DeadLetter.Topic:
			f.add("topics[%d]: %s is where dead_letter.topic sends dead letters", i, t)
		}
	}
	if c.ExcludeTopicsRegex != "" && c.TopicsRegex == "" {
		f.add("exclude_topics_regex: goes with topics_regex")
	}
	if _, err := c.consumes(); err != nil {
		*f = append(*f, err)
	}
}

// validateRules finds rules of formats that no topic can match: what they ask for would not be done, and nobody would know.
func (c *Config) validateRules(f *faults) {
	consumes, err := c.consumes()
	if err != nil || len(c.Topics) == 0 && c.TopicsRegex == "" {
		return // which validateTopics has said
	}
	for i, r := range c.Formats {
		expr, isExpr := strings.CutPrefix(r.Topic, "^")
		matches, err := whole(expr)
		switch {
		case r.Topic == "" || isExpr && err != nil: // which the mapping says
		case !isExpr && !produce.TopicName(r.Topic):
			f.add("formats[%d].topic: %q: want the name of a topic; a regular expression begins with ^", i, r.Topic)
		case !isExpr && !consumes(r.Topic):
			f.add("formats[%d].topic: %s is none of the topics that are read: a regular expression begins with ^", i, r.Topic)
		case isExpr && len(c.Topics) > 0 && !slices.ContainsFunc(c.Topics, matches.MatchString):
			f.add("formats[%d].topic: %s matches none of topics", i, r.Topic)
		}
	}
}

// Consumes returns what tells whether a topic is one that the receiver reads, if it is there.
func (c *Config) Consumes() (func(topic string) bool, error) { return c.consumes() }

// consumes returns what tells whether a topic that is there is one to consume.
func (c *Config) consumes() (func(topic string) bool, error) {
	if len(c.Topics) > 0 {
		return func(topic string) bool { return slices.Contains(c.Topics, topic) }, nil
	}
	all, err := whole(c.TopicsRegex)
	if err != nil {
		return nil, fmt.Errorf("topics_regex: want a regular expression (RE2), such as orders\\..*: %w", err)
	}
	not, err := whole(c.ExcludeTopicsRegex)
	if err != nil {
		return nil, fmt.Errorf("exclude_topics_regex: want a regular expression (RE2), such as .*\\.clean: %w", err)
	}
	return func(topic string) bool {
		return !strings.HasPrefix(topic, "__") && topic != c.DeadLetter.Topic && all.MatchString(topic) && !not.MatchString(topic)
	}, nil
}

// whole matches what the expression matches as a whole.
func whole(expr string) (*regexp.Regexp, error) { return regexp.Compile("^(?:" + expr + ")$") }

const maxFetch = 1 << 30

func (c *Fetch) validate(f *faults) {
	for _, size := range []struct {
		name string
		n    int
	}{{"min_bytes", c.MinBytes}, {"max_bytes", c.MaxBytes}, {"max_record_bytes", c.MaxRecordBytes}} {
		if size.n < 1 || size.n > maxFetch {
			f.add("fetch.%s: %d: must be from 1 to 1GiB", size.name, size.n)
		}
	}
	if c.MaxRecordBytes < c.MaxBytes {
		f.add("fetch.max_record_bytes: %d: must not be less than fetch.max_bytes, %d", c.MaxRecordBytes, c.MaxBytes)
	}
	if c.MaxWait < time.Millisecond || c.MaxWait > 5*time.Minute {
		f.add("fetch.max_wait: %s: must be from 1ms to 5m%s", c.MaxWait, unitless(c.MaxWait))
	}
}

func (c *Config) validateTimes(f *faults) {
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"session_timeout", c.SessionTimeout},
		{"heartbeat_interval", c.HeartbeatInterval},
		{"rebalance_timeout", c.RebalanceTimeout},
		{"commit_interval", c.CommitInterval},
		{"metadata_interval", c.MetadataInterval},
		{"retry.initial_interval", c.Retry.InitialInterval},
		{"retry.max_interval", c.Retry.MaxInterval},
	} {
		if t.d < time.Millisecond || t.d > 24*time.Hour {
			f.add("%s: %s: must be from 1ms to 24h%s", t.name, t.d, unitless(t.d))
		}
	}
	if unitless(c.SessionTimeout) == "" && c.HeartbeatInterval > c.SessionTimeout/3 {
		f.add("heartbeat_interval: %s: must be at most a third of session_timeout, %s", c.HeartbeatInterval, c.SessionTimeout)
	}
	if c.Retry.MaxInterval < c.Retry.InitialInterval {
		f.add("retry.max_interval: %s: must not be less than retry.initial_interval, %s", c.Retry.MaxInterval, c.Retry.InitialInterval)
	}
}

// unitless says what a time of some nanoseconds is most likely to be.
func unitless(d time.Duration) string {
	if 0 < d && d < time.Millisecond {
		return "; a number without a unit is nanoseconds: want such as 500ms or 30s"
	}
	return ""
}

// drain is how long a batch that is with the pipeline may go on when its generation has ended. Heartbeats have ended too: it is
// within what is left of the session.
func (c *Config) drain() time.Duration {
	return (min(c.SessionTimeout, c.RebalanceTimeout) - c.HeartbeatInterval) / 2
}
