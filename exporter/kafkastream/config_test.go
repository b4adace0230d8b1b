package kafkastream_test

import (
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/confmap"
)

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string // none: valid
	}{
		{"defaults", "brokers: [kafka:9092]", nil},
		{"everything", `
brokers: [kafka:9093]
client_id: me
tls: {insecure_skip_verify: true, reload_interval: 1h}
sasl: {mechanism: SCRAM-SHA-512, username: u, password: p}
dial_timeout: 3s
topic: out.{topic}
telemetry_topic: telemetry-{signal}
partition: key_hash
compression: zstd
max_batch_bytes: 500000
max_message_bytes: 900000
timeout: 5s
retry: {initial_interval: 1s, max_interval: 2s, max_elapsed_time: 0s}
create_topics: true
encoding: otlp_json
key_by_trace: false
dead_letter: {topic: dead, max_message_bytes: 5000, seal_to: [age1usagr9l0cpuhwxx32r7rv7pf7lgrk8tr4fjfutkuf2vjtnu5lpdqzl0eq9]}
`, nil},
		{"sizes with a unit", "brokers: [kafka:9092]\nmax_batch_bytes: 512KiB\nmax_message_bytes: 8MiB\ndead_letter: {max_message_bytes: 64MB}", nil},
		{"sizes out of bounds", "brokers: [kafka:9092]\nmax_batch_bytes: 1b\nmax_message_bytes: 2GiB", []string{"max_batch_bytes: 1:", "max_message_bytes: 2147483648:"}},
		{"one topic for all", "brokers: [kafka:9092]\ntopic: out", nil},
		{"another cluster", "brokers: [kafka:9092]\ntopic: '{topic}'\nsame_topic: true", nil},
		{"back to where it came from", "brokers: [kafka:9092]\ntopic: '{topic}'", []string{"topic: {topic} alone", "same_topic"}},
		{"every fault", `
topic: 'a b'
telemetry_topic: 'not looked at, where topic is wrong'
partition: roundrobin
encoding: json
timeout: 0s
max_batch_bytes: 5
max_message_bytes: -1
dead_letter: {topic: '', seal_to: [nobody]}
retry: {initial_interval: -1s}
sending_queue: {queue_size: 10}
`, []string{
			"brokers: must be set", `topic: "a b"`, `partition: "roundrobin"`, `encoding: "json"`, "timeout: 0s", "max_batch_bytes: 5",
			"max_message_bytes: -1", "want 1 to 249", "seal_to[0]", "initial_interval", "sending_queue: leave it out",
		}},
		{
			"records among the dead letters", "brokers: [kafka:9092]\ntopic: cloakroom-dead-letters",
			[]string{"topic: cloakroom-dead-letters is where dead_letter.topic"},
		},
		{
			"telemetry among the dead letters", "brokers: [kafka:9092]\ntelemetry_topic: dead\ndead_letter: {topic: dead}",
			[]string{"telemetry_topic: dead is where dead_letter.topic"},
		},
		{
			"times of the retry without a unit", "brokers: [kafka:9092]\nretry: {initial_interval: 5, max_interval: 30}",
			[]string{"retry.initial_interval: 5ns: must be at least 1ms; a number without a unit is nanoseconds", "retry.max_interval: 30ns"},
		},
		{
			"a retry shorter than its first pause", "brokers: [kafka:9092]\nretry: {initial_interval: 5s, max_elapsed_time: 1s}",
			[]string{"retry: 'max_elapsed_time' must not be less than 'initial_interval'"},
		},
		{"no topic for telemetry", "brokers: [kafka:9092]\ntelemetry_topic: 'a/{signal}'", []string{"telemetry_topic"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := confmap.Validate(configure(t, nil, tt.yaml))
			if count(err, "broker:")+count(err, "produce:")+count(err, "telemetry_topic") > count(fmt.Errorf("%s", tt.want), "telemetry_topic") {
				t.Errorf("a path that is not in the YAML, or what is not wrong: %v", err)
			}
			if len(tt.want) == 0 && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, w := range tt.want {
				if n := count(err, w); n != 1 {
					t.Errorf("%d times %q, want once: %v", n, w, err)
				}
			}
		})
	}
}

func count(err error, text string) int {
	if err == nil {
		return 0
	}
	return strings.Count(err.Error(), text)
}
