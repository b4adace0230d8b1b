package wiring_test

import (
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/receiver/kafkastream/wiring"
)

// check reads YAML as the Collector does.
func check(t *testing.T, text string) error {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return wiring.NewFactory().Create(confmap.ConverterSettings{Logger: zap.NewNop()}).Convert(t.Context(), confmap.NewFromStringMap(values))
}

// want checks that an error has as many faults as there are texts, and each text once.
func want(t *testing.T, err error, texts []string) {
	t.Helper()
	var said string
	if err != nil {
		said = strings.TrimPrefix(err.Error(), "kafka_stream:\n")
	}
	if n := len(strings.FieldsFunc(said, func(r rune) bool { return r == '\n' })); n != len(texts) {
		t.Errorf("%d faults, want %d: %s", n, len(texts), said)
	}
	for _, w := range texts {
		if strings.Count(said, w) != 1 {
			t.Errorf("%q is not there once: %s", w, said)
		}
	}
}

const (
	fromKafka = "receivers: {kafka_stream: {brokers: [k:9092], group: g, topics_regex: '.*\\.raw'}, otlp: }\n"
	toKafka   = "exporters: {kafka_stream: {brokers: [k:9092]}}\n"
	oneOfLogs = "service: {pipelines: {logs: {receivers: [kafka_stream], processors: [tokenization], exporters: [kafka_stream]}}}\n"
)

func TestPromises(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		want       []string
	}{
		{"from Kafka to Kafka", fromKafka + toKafka + oneOfLogs, nil},
		{
			"sizes with a unit", "receivers: {kafka_stream: {brokers: [k:9092], group: g, topics_regex: '.*', fetch: {max_bytes: 16MiB}}}\n" + toKafka + oneOfLogs,
			[]string{"receivers::kafka_stream: topics_regex"},
		},
		{"no configuration", "{}", nil},
		{"no pipelines anyone could read", "service: {pipelines: [logs]}", nil},
		{
			"batches", fromKafka + toKafka + "service: {pipelines: {logs: {receivers: [otlp, kafka_stream], processors: [tokenization, batch, batch/late], exporters: [kafka_stream]}}}",
			[]string{"service::pipelines::logs: processors: batch says yes", "service::pipelines::logs: processors: batch/late says yes"},
		},
		{
			"batches and queues where nothing comes from Kafka",
			"receivers: {otlp: }\n" + toKafka + "service: {pipelines: {logs: {receivers: [otlp], processors: [batch], exporters: [kafka_stream, otlp_http]}}}", nil,
		},
		{
			"queues that are on by themselves, in two pipelines", fromKafka + `
exporters: {otlp_grpc: {endpoint: b}, otlphttp/2: , debug: }
service:
  pipelines:
    logs: {receivers: [kafka_stream], exporters: [otlp_grpc, otlphttp/2, debug]}
    logs/again: {receivers: [kafka_stream], exporters: [otlp_grpc]}`,
			[]string{"exporters::otlp_grpc: sending_queue: is on unless", "exporters::otlphttp/2: sending_queue: is on unless"},
		},
		{
			"queues that are on and off", fromKafka + `
exporters:
  otlp_http/off: {sending_queue: {enabled: false}}
  otlp_http/waits: {sending_queue: {wait_for_result: true}}
  otlp_http/on: {sending_queue: {enabled: true}}
  otlp_http/disk: {sending_queue: {storage: file_storage}}
  debug: {sending_queue: {}}
  debug/empty: {sending_queue: }
service: {pipelines: {logs: {receivers: [kafka_stream], exporters: [otlp_http/off, otlp_http/waits, otlp_http/on, otlp_http/disk, debug, debug/empty]}}}`,
			[]string{"exporters::otlp_http/on: sending_queue", "exporters::otlp_http/disk: sending_queue", "exporters::debug: sending_queue", "exporters::debug/empty: sending_queue"},
		},
		{
			"what stands behind connectors", fromKafka + `
exporters: {kafka_stream: {brokers: [k:9092], dead_letter: {topic: set-aside}}, otlp_http: , debug: }
connectors: {routing/a: , forward: , count: }
service:
  pipelines:
    logs: {receivers: [kafka_stream], exporters: [routing/a, count]}
    logs/a: {receivers: [routing/a], processors: [batch], exporters: [forward, kafka_stream]}
    logs/b: {receivers: [otlp, forward, routing/a], exporters: [otlp_http]}
    logs/c: {receivers: [otlp], processors: [batch], exporters: [forward]}
    metrics: {receivers: [count], processors: [batch], exporters: [otlp_http]}`,
			[]string{
				"service::pipelines::logs/a: processors: batch says yes", "exporters::otlp_http: sending_queue: is on unless",
				"exporters::kafka_stream: dead_letter.topic: set-aside, while receivers::kafka_stream has",
			},
		},
		{
			"what is counted of them, connectors in a ring, and an exporter with the name of a receiver", fromKafka + toKafka + `
connectors: {count: , forward: , forward/back: }
service:
  pipelines:
    logs: {receivers: [kafka_stream], exporters: [kafka_stream, count, forward]}
    logs/there: {receivers: [forward], exporters: [forward/back]}
    logs/back: {receivers: [forward/back], exporters: [forward]}
    metrics: {receivers: [count], processors: [batch], exporters: [otlp_http]}`, nil,
		},
		{
			"processors that hold records for a time", fromKafka + toKafka +
				"service: {pipelines: {logs: {receivers: [kafka_stream], " +
				"processors: [groupbytrace, tail_sampling/a, logdedup, interval, memory_limiter], exporters: [kafka_stream]}}}",
			[]string{
				"processors: groupbytrace says yes", "processors: tail_sampling/a says yes",
				"processors: logdedup says yes", "processors: interval says yes",
			},
		},
		{
			"everything at once", `
receivers: {kafka_stream: {brokers: [k:9092], group: g, topics_regex: '.*', formats: [{topic: a, signal: traces}], dead_letter: {topic: set-aside}}}
` + toKafka + "service: {pipelines: {logs: {receivers: [kafka_stream], processors: [batch], exporters: [kafka_stream, otlp_http]}}}",
			[]string{"batch says yes", "exporters::otlp_http: sending_queue", "dead_letter.topic: ", "formats: a holds traces", "receivers::kafka_stream: topics_regex: takes what"},
		},
		{
			"components that cannot be read are theirs to refuse",
			"receivers: {kafka_stream: {brokerz: 1}}\nexporters: {kafka_stream: 7}\n" + oneOfLogs, nil,
		},
		{
			"components with other faults are theirs to refuse, until there is something to say here",
			"receivers: {kafka_stream: {brokers: [k], group: g, topics_regex: '.*'}}\nexporters: {kafka_stream: {brokers: [k]}}\n" + oneOfLogs, nil,
		},
		{
			"all faults, also those that components would tell themselves",
			"receivers: {kafka_stream: {brokers: [k], topics_regex: '.*'}}\nexporters: {kafka_stream: {brokers: ['k:9092'], partition: any, sending_queue: {enabled: false}}}\n" +
				"service: {pipelines: {logs: {receivers: [kafka_stream], processors: [batch], exporters: [kafka_stream]}}}",
			[]string{
				"batch says yes", "receivers::kafka_stream: brokers[0]: want", "receivers::kafka_stream: group: must be set",
				`exporters::kafka_stream: partition: "any"`, "exporters::kafka_stream: sending_queue: leave it out",
			},
		},
		{"components that are not there", oneOfLogs, nil},
	} {
		t.Run(tt.name, func(t *testing.T) { want(t, check(t, tt.yaml), tt.want) })
	}
}

// TestNothingTokenizes: a pipeline from Kafka to Kafka that forgot its processor is told by the log.
func TestNothingTokenizes(t *testing.T) {
	for _, tt := range []struct {
		name, pipelines string
		want            []string
	}{
		{"with the processor", "logs: {receivers: [kafka_stream], processors: [tokenization/eu], exporters: [kafka_stream]}", nil},
		{"without it", "logs: {receivers: [kafka_stream], exporters: [kafka_stream]}", []string{"service::pipelines::logs::processors"}},
		{"clean topics to a backend", "logs: {receivers: [kafka_stream], exporters: [debug]}", nil},
		{
			"one of three without it",
			"logs: {receivers: [kafka_stream], processors: [tokenization], exporters: [kafka_stream]}, " +
				"traces: {receivers: [kafka_stream], processors: [memory_limiter], exporters: [kafka_stream]}, metrics: {receivers: [otlp], exporters: [kafka_stream]}",
			[]string{"service::pipelines::traces::processors"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var values map[string]any
			if err := yaml.Unmarshal([]byte(fromKafka+toKafka+"service: {pipelines: {"+tt.pipelines+"}}"), &values); err != nil {
				t.Fatal(err)
			}
			core, logs := observer.New(zap.WarnLevel)
			_ = wiring.NewFactory().Create(confmap.ConverterSettings{Logger: zap.New(core)}).Convert(t.Context(), confmap.NewFromStringMap(values))
			var said []string
			for _, entry := range logs.All() {
				said = append(said, entry.ContextMap()["key"].(string))
			}
			if !slices.Equal(said, tt.want) {
				t.Errorf("%v, want %v", said, tt.want)
			}
		})
	}
}

func TestDeadLetters(t *testing.T) {
	const (
		one   = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
		other = "age1usagr9l0cpuhwxx32r7rv7pf7lgrk8tr4fjfutkuf2vjtnu5lpdqzl0eq9"
	)
	for _, tt := range []struct {
		name, in, out string
		want          []string
	}{
		{"the same", "{topic: dead, seal_to: [" + one + ", " + other + "]}", "{topic: dead, seal_to: [" + other + ", " + one + "]}", nil},
		{"the default, said by one", "{topic: cloakroom-dead-letters}", "", nil},
		{"a topic for the receiver only", "{topic: dead}", "", []string{"exporters::kafka_stream: dead_letter.topic: cloakroom-dead-letters, while receivers::kafka_stream has dead"}},
		{"a topic for the exporter only", "", "{topic: dead}", []string{"exporters::kafka_stream: dead_letter.topic: dead, while receivers::kafka_stream has cloakroom-dead-letters"}},
		{"sealed by the receiver only", "{seal_to: [" + one + "]}", "", []string{"exporters::kafka_stream: dead_letter: seals to nobody, while receivers::kafka_stream seals"}},
		{"sealed by the exporter only", "", "{seal_to: [" + one + "]}", []string{"receivers::kafka_stream: dead_letter: seals to nobody, while exporters::kafka_stream seals"}},
		{"sealed to others", "{seal_to: [" + one + "]}", "{seal_to: [" + other + "]}", []string{"exporters::kafka_stream: dead_letter: seals to others"}},
		{"sealed to one vault", "{vault: token_vault}", "{vault: token_vault, scope: default}", nil},
		{"sealed to a vault by the receiver only", "{vault: token_vault}", "", []string{"exporters::kafka_stream: dead_letter: seals to nobody"}},
		{"sealed to two scopes", "{vault: token_vault}", "{vault: token_vault, scope: shop}", []string{"exporters::kafka_stream: dead_letter: seals to others"}},
		{"sealed to a vault and to a recipient", "{vault: token_vault}", "{seal_to: [" + one + "]}", []string{"exporters::kafka_stream: dead_letter: seals to others"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := "receivers: {kafka_stream: {brokers: [k:9092], group: g, topics: [a], dead_letter: " + tt.in + "}}\n" +
				"exporters: {kafka_stream: {brokers: [k:9092], dead_letter: " + tt.out + "}}\n" + oneOfLogs
			want(t, check(t, config), tt.want)
		})
	}
	t.Run("topics of two clusters", func(t *testing.T) {
		config := "receivers: {kafka_stream: {brokers: [k:9092], group: g, topics: [a], dead_letter: {topic: dead}}}\n" +
			"exporters: {kafka_stream: {brokers: [elsewhere:9092]}}\n" + oneOfLogs
		want(t, check(t, config), nil)
	})
}

func TestSignals(t *testing.T) {
	for _, tt := range []struct {
		name, topics, pipelines string
		want                    []string
	}{
		{"logs", "topics: [a, b]", "logs", nil},
		{"all", "topics_regex: '.*\\.raw', formats: [{topic: '^t.*', signal: traces}, {topic: '^m.*', signal: metrics}]", "logs, traces/a, metrics/b", nil},
		{"topics that hold logs, in a pipeline of traces", "topics: [a, b], formats: [{topic: a, signal: traces}]", "traces", []string{"topics: b holds logs, and the receiver is in no pipeline of logs"}},
		{"a rule that another one is before", "topics: [a], formats: [{topic: a}, {topic: '^a.*', signal: traces}]", "logs", nil},
		{"rules without a pipeline", "topics_regex: '.*\\.raw', formats: [{topic: '^t.*', signal: traces}, {topic: m.raw, signal: metrics}]", "logs", []string{"formats: ^t.* holds traces", "formats: m.raw holds metrics"}},
		{"no rule, in a pipeline of traces", "topics_regex: '.*\\.raw'", "traces", []string{"topics_regex: without formats, all topics hold logs"}},
		{"a rule for all there may be", "topics_regex: '.*\\.raw', formats: [{topic: '^.*', signal: traces}]", "traces", nil},
		{"formats that cannot be read", "topics: [a], formats: [{topic: a, signal: tracing}]", "traces", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := "receivers: {kafka_stream: {brokers: [k:9092], group: g, " + tt.topics + "}, otlp: }\n" + toKafka + "service:\n  pipelines:\n"
			for p := range strings.SplitSeq(tt.pipelines, ", ") {
				config += "    " + p + ": {receivers: [otlp, kafka_stream], exporters: [kafka_stream]}\n"
			}
			want(t, check(t, config), tt.want)
		})
	}
	t.Run("a receiver in no pipeline", func(t *testing.T) {
		want(t, check(t, fromKafka+"exporters: {debug: }\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}"), nil)
	})
}

func TestLoop(t *testing.T) {
	for _, tt := range []struct {
		name, in, out string
		want          string // empty: no loop
	}{
		{"topics that end otherwise", `topics_regex: '.*\.raw'`, "", ""},
		{"all topics", `topics_regex: '.*'`, "", `records of a go to a.clean, and would be read again: set exclude_topics_regex to leave those out, such as .*\.clean`},
		{"topics that begin alike", `topics_regex: 'raw\..*'`, "", "records of raw.a go to raw.a.clean"},
		{"written before the name", `topics_regex: '[a-z]+.*'`, "topic: 'clean-{topic}'", `records of a go to clean-a, and would be read again: set exclude_topics_regex to leave those out, such as clean-.*`},
		{"left out", `topics_regex: 'raw\..*', exclude_topics_regex: '.*\.clean'`, "", ""},
		{"something else left out", `topics_regex: 'raw\..*', exclude_topics_regex: '.*-clean'`, "", "raw.a.clean"},
		{"left out but for some", `topics_regex: 'raw\..*', exclude_topics_regex: '.*[a-y]\.clean'`, "", "records of raw.z go to raw.z.clean"},
		{"a list of names", `topics_regex: 'orders|payments'`, "", ""},
		{"a list of names with what is written", `topics_regex: 'orders|payments|payments\.clean'`, "", "records of payments go to payments.clean"},
		{"only by length", `topics_regex: '.{5}|.{11}'`, "", "records of aaaaa go to aaaaa.clean"},
		{"not by length", `topics_regex: '.{5}|.{12}'`, "", ""},
		{"long counts", `topics_regex: 'a{40,90}'`, "", ""},
		{"a word that ends", `topics_regex: 'raw\b.*'`, "", "records of raw go to raw.clean"},
		{"Kafka's own are not read", `topics_regex: '.*'`, "topic: '__{topic}'", ""},
		{"dead letters are not read", `topics_regex: '.*', dead_letter: {topic: dead}`, "topic: dead, dead_letter: {topic: dead}", ""},
		{"one topic for all", `topics_regex: '.*'`, "topic: out", "records of every topic go to out, and would be read again: set exclude_topics_regex to leave those out, such as out"},
		{"one topic that is not read", `topics_regex: 'in.*'`, "topic: out", ""},
		{"names", "topics: [a, b]", "", ""},
		{"names with what is written", "topics: [a, a.clean]", "", "topics: takes what exporters::kafka_stream writes, too: records of a go to a.clean, and would be read again: leave a.clean out"},
		{"names with the one topic", "topics: [a, out]", "topic: out", "records of a go to out"},
		{"another cluster", `topics_regex: '.*'`, "brokers: [elsewhere:9092]", ""},
		{"the same name in another cluster", `topics_regex: '.*'`, "brokers: [elsewhere:9092], topic: '{topic}', same_topic: true", ""},
		{"the same name in the same cluster", `topics_regex: '.*'`, "topic: '{topic}', same_topic: true", "exporters::kafka_stream: same_topic: is for another cluster, and brokers has one that receivers::kafka_stream reads"},
		{"the same name for which the exporter has words of its own", `topics_regex: '.*'`, "topic: '{topic}'", ""},
		{"no expression", `topics_regex: '('`, "", ""},
		{"no expression left out", `topics_regex: '.*', exclude_topics_regex: '('`, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.out == "" {
				tt.out = "topic: '{topic}.clean'"
			}
			if !strings.Contains(tt.out, "brokers") {
				tt.out += ", brokers: [j:9092, k:9092]"
			}
			config := "receivers: {kafka_stream: {brokers: [k:9092, l:9092], group: g, " + tt.in + "}}\nexporters: {kafka_stream: {" + tt.out + "}}\n" + oneOfLogs
			if tt.want == "" {
				want(t, check(t, config), nil)
				return
			}
			err := check(t, config)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("want %q: %v", tt.want, err)
			}
		})
	}
}
