package kafkastream

import (
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/confmap"
	"gopkg.in/yaml.v3"
)

func TestConfig(t *testing.T) {
	const least = "brokers: [kafka:9092]\ngroup: g\n"
	for _, tt := range []struct {
		name, yaml string
		want       []string // none: valid
	}{
		{"topics", least + "topics: [orders, payments]", nil},
		{"a regular expression", least + `topics_regex: orders\..*`, nil},
		{"everything", least + `
topics: [orders]
client_id: c
start: latest
on_offset_out_of_range: earliest
fetch: {min_bytes: 10, max_bytes: 1000, max_wait: 1s, max_record_bytes: 2000}
session_timeout: 45s
heartbeat_interval: 5s
rebalance_timeout: 2m
commit_interval: 5s
metadata_interval: 1m
formats: [{topic: orders, format: json, tokenize_key: true}]
schema_registry: {enabled: false}
dead_letter: {topic: dead, seal_to: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}
retry: {initial_interval: 1s, max_interval: 1m}`, nil},
		{"nothing", "{}", []string{"brokers: must be set", "topics, topics_regex: set one of both", "group: must be set"}},
		{"both ways to name topics", least + "topics: [a]\ntopics_regex: b", []string{"topics, topics_regex: set one of both"}},
		{
			"names of topics", least + "topics: [a, 'a b', a, cloakroom-dead-letters, '..']",
			[]string{`topics[1]: "a b"`, "topics[2]: a is there twice", "topics[3]: cloakroom-dead-letters is where", `topics[4]: ".."`},
		},
		{"no regular expression", least + "topics_regex: 'a('", []string{"topics_regex: want a regular expression"}},
		{"an exclusion", least + "topics_regex: orders.*\nexclude_topics_regex: '.*clean'", nil},
		{"an exclusion that goes with nothing", least + "topics: [a]\nexclude_topics_regex: b", []string{"exclude_topics_regex: goes with topics_regex"}},
		{"an exclusion that is no regular expression", least + "topics_regex: a\nexclude_topics_regex: 'a('", []string{"exclude_topics_regex: want a regular expression"}},
		{"words", least + "topics: [a]\nstart: now\non_offset_out_of_range: skip", []string{`start: unknown "now"`, `on_offset_out_of_range: unknown "skip"`}},
		{
			"sizes", least + "topics: [a]\nfetch: {min_bytes: 0, max_bytes: 2000000000, max_record_bytes: 10, max_wait: 1h}",
			[]string{"fetch.min_bytes: 0", "fetch.max_bytes: 2000000000", "fetch.max_record_bytes: 10: must not be less", "fetch.max_wait: 1h0m0s"},
		},
		{"sizes with a unit", least + "topics: [a]\nfetch: {min_bytes: 1KiB, max_bytes: 16MiB, max_record_bytes: 32mb}\ndead_letter: {max_message_bytes: 8MiB}", nil},
		{
			"sizes that are none", least + "topics: [a]\nfetch: {min_bytes: much, max_bytes: 16 apples}\ndead_letter: {max_message_bytes: -1MiB}",
			[]string{`fetch.min_bytes: "much" is no size: want bytes, or a number with a unit, such as 16MiB`, `fetch.max_bytes: "16 apples"`, `dead_letter.max_message_bytes: "-1MiB"`},
		},
		{"sizes with a unit out of bounds", least + "topics: [a]\nfetch: {max_bytes: 2GiB}", []string{"fetch.max_bytes: 2147483648: must be from 1 to 1GiB"}},
		{
			"times", least + "topics: [a]\nsession_timeout: 0s\nheartbeat_interval: 10s\nrebalance_timeout: -1s\ncommit_interval: 0s\nmetadata_interval: 48h\nretry: {initial_interval: 2s, max_interval: 1s}",
			[]string{"session_timeout: 0s", "heartbeat_interval: 10s: must be at most a third", "rebalance_timeout: -1s", "commit_interval: 0s", "metadata_interval: 48h", "retry.max_interval: 1s: must not be less"},
		},
		{
			"formats", least + "topics: [a]\nformats: [{topic: a}, {topic: '^(', format: xml}]\nschema_registry: {avro: guess}",
			[]string{"formats[1].topic: ", `formats[1].format: unknown "xml"`, "schema_registry.avro"},
		},
		{
			"rules that match nothing", least + "topics: [a]\nformats: [{topic: b}, {topic: 'a.*'}, {topic: '^b.*'}, {topic: '^a?'}, {topic: a}]",
			[]string{"formats[0].topic: b is none of the topics that are read", `formats[1].topic: "a.*": want the name of a topic; a regular expression begins with ^`, "formats[2].topic: ^b.* matches none of topics"},
		},
		{"rules beside a regular expression", least + "topics_regex: 'a.*'\nformats: [{topic: ab}, {topic: '^b.*'}]", nil},
		{"a rule beside a regular expression that it is not within", least + "topics_regex: 'a.*'\nformats: [{topic: b}]", []string{"formats[0].topic: b is none of the topics"}},
		{"a regular expression as a topic", least + "topics: ['a.*']", []string{"a regular expression goes to topics_regex"}},
		{"a pattern of a shell", least + "topics_regex: '*.raw'", []string{"topics_regex: want a regular expression (RE2), such as orders\\..*: error parsing"}},
		{"times without a unit", least + "topics: [a]\nsession_timeout: 30\nfetch: {max_wait: 500}", []string{"session_timeout: 30ns: must be from 1ms to 24h; a number without a unit is nanoseconds", "fetch.max_wait: 500ns: must be from 1ms to 5m; a number"}},
		{
			"times of connections without a unit", least + "topics: [a]\ndial_timeout: 10\nschema_registry: {url: http://r, timeout: 10}",
			[]string{"dial_timeout: 10ns: must be at least 1ms; a number", "schema_registry.timeout: 10ns: must be at least 1ms; a number"},
		},
		{
			"keys of another receiver, and what else is wrong with the YAML", least + "topic: a\ngroup_id: g\nfetch: {max_bytes: many}\ntopic_regex: b",
			[]string{"topic: there is no such key here: set topics", "group_id: there is no such key here: set group", "fetch.max_bytes:", "invalid keys: topic_regex"},
		},
		{"TLS of no certificate", least + "topics: [a]\ntls: {ca_file: config_test.go}", []string{"tls: ca_file config_test.go: want files of certificates and keys in PEM"}},
		{"dead letters", least + "topics: [a]\ndead_letter: {topic: 'a b', seal_to: [me]}", []string{"dead_letter: topic", "seal_to[0]"}},
		{"of the broker's", least + "topics: [a]\ndial_timeout: -1s\nsasl: {mechanism: PLAIN, username: u, password: hunter2}", []string{"dial_timeout: -1s", "sasl.mechanism: PLAIN shows the secret"}},
		{"an unknown key", least + "topics: [a]\ntopix: b", []string{"topix"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := defaultConfig()
			var values map[string]any
			if err := yaml.Unmarshal([]byte(tt.yaml), &values); err != nil {
				t.Fatal(err)
			}
			err := confmap.NewFromStringMap(values).Unmarshal(cfg, confmap.WithForceUnmarshaler()) // as the Collector does
			if err == nil {
				err = confmap.Validate(cfg)
			}
			if len(tt.want) == 0 && err != nil {
				t.Errorf("refused: %v", err)
			}
			for _, w := range tt.want {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("nothing says %q: %v", w, err)
				}
			}
			if err != nil && strings.Contains("\n"+err.Error(), "\nconfig") {
				t.Errorf("a path that is not in the YAML: %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Count(err.Error(), "brokers: must be set") > 1) {
				t.Errorf("a password is shown, or a fault told twice: %v", err)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		name  string
		retry Retry
		want  []float64 // milliseconds, without chance
	}{
		{"doubles up to the most", Retry{100 * time.Millisecond, time.Second}, []float64{100, 200, 400, 800, 1000, 1000}},
		{"the same always", Retry{time.Second, time.Second}, []float64{1000, 1000}},
		{"a long one does not overflow", Retry{20 * time.Hour, 24 * time.Hour}, []float64{20 * 3600e3, 24 * 3600e3, 24 * 3600e3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.retry.backoff()
			for range 2 {
				for i, want := range tt.want {
					if got := float64(b.next().Microseconds()) / 1000; got > want || got < want/2-1 {
						t.Errorf("attempt %d: %v ms, want %v to %v", i, got, want/2, want)
					}
				}
				for range 100 {
					if d := b.next(); d <= 0 {
						t.Fatalf("waits %s", d)
					}
				}
				b.reset()
			}
		})
	}
}
