package produce

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configretry"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/spelling"
)

// Config says how records are written. A component embeds it with `mapstructure:",squash"`, and asks Check in its own Validate: a
// Validate of this would be found by the Collector, which would put the name of the Go field into the path.
type Config struct {
	// Compression is none, gzip, snappy, lz4 or zstd. Default none.
	Compression batch.Codec `mapstructure:"compression"`
	// MaxBatchBytes is what the records of one request take before compression. A larger record goes alone. Default 1,000,000.
	MaxBatchBytes int `mapstructure:"max_batch_bytes"`
	// MaxMessageBytes is the largest batch that is sent, compressed: at most what max.message.bytes of the topics allows. A
	// record that is larger by itself is a dead letter. Default 1,000,000.
	MaxMessageBytes int `mapstructure:"max_message_bytes"`
	// Timeout is how long the brokers may take until all replicas in sync have a batch. Default 10s.
	Timeout time.Duration `mapstructure:"timeout"`
	// Retry says how long a batch is tried again, one after the other in each partition, before its telemetry is refused and
	// whoever sent it has to send it again. By default after 100ms, up to 5s, for 5 minutes.
	Retry Retry `mapstructure:"retry"`
	// CreateTopics lets the brokers create topics that are not there, if they are set up to do so. The number of partitions is
	// then theirs. Default false.
	CreateTopics bool `mapstructure:"create_topics"`
}

// Retry is the Collector's configuration of pauses, without the Validate of it: Check asks that, which knows the path in the YAML.
type Retry configretry.BackOffConfig

const (
	defaultMaxBytes = 1_000_000 // a broker takes 1,048,588 unless told otherwise
	minMaxBytes     = 1 << 10
	maxMaxBytes     = 1 << 30
	defaultTimeout  = 10 * time.Second
)

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.Multiplier = 100*time.Millisecond, 5*time.Second, 2
	return Config{MaxBatchBytes: defaultMaxBytes, MaxMessageBytes: defaultMaxBytes, Timeout: defaultTimeout, Retry: Retry(retry)}
}

// Check reports every fault at once, each by its path in the YAML.
func (c *Config) Check() error {
	var faults []error
	for _, f := range []struct {
		key   string
		value int
	}{{"max_batch_bytes", c.MaxBatchBytes}, {"max_message_bytes", c.MaxMessageBytes}} {
		if f.value < minMaxBytes || f.value > maxMaxBytes {
			faults = append(faults, fmt.Errorf("%s: %d: must be from %d to %d", f.key, f.value, minMaxBytes, maxMaxBytes))
		}
	}
	faults = append(faults, spelling.Time("timeout", c.Timeout))
	retry := configretry.BackOffConfig(c.Retry)
	if err := retry.Validate(); err != nil {
		faults = append(faults, fmt.Errorf("retry: %w", err))
	}
	for _, t := range []struct {
		key   string
		value time.Duration
	}{{"initial_interval", c.Retry.InitialInterval}, {"max_interval", c.Retry.MaxInterval}, {"max_elapsed_time", c.Retry.MaxElapsedTime}} {
		if t.value > 0 { // else it is off, or Validate says so
			faults = append(faults, spelling.Time("retry."+t.key, t.value))
		}
	}
	return errors.Join(faults...)
}

// TopicName tells whether a topic may have this name.
func TopicName(name string) bool {
	odd := func(r rune) bool {
		letter := 'a' <= r|0x20 && r|0x20 <= 'z'
		return !letter && (r < '0' || '9' < r) && r != '.' && r != '_' && r != '-'
	}
	return name != "" && len(name) <= 249 && name != "." && name != ".." && !strings.ContainsFunc(name, odd)
}
