package wiring

import (
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
)

// holding are processors that keep telemetry for a time, and have said yes to it by then.
var holding = []string{"batch", "groupbytrace", "tail_sampling", "logdedup", "interval"}

// checkBatches finds a processor behind a kafka_stream receiver that says yes to records before they are where they go.
func checkBatches(f *faults, name string, p pipe) {
	for _, id := range p.Processors {
		if slices.Contains(holding, typeOf(id)) {
			f.add("service::pipelines::%s: processors: %s says yes to records before they are where they go, and kafka_stream commits "+
				"their offsets: a kill loses them. Take it out: kafka_stream hands on whole fetches already (its key fetch)", name, id)
		}
	}
}

// queueing are exporters whose queue is on where nothing is said about it: the Collector's for OTLP, with their older names.
var queueing = []string{"otlp_grpc", "otlp_http", "otlp", "otlphttp"}

// checkQueue finds an exporter behind a kafka_stream receiver whose queue says yes to records before they are sent.
func checkQueue(f *faults, conf *confmap.Conf, id string) {
	if isKafka(id) { // which refuses a queue by itself
		return
	}
	all, err := conf.Sub("exporters")
	if err != nil {
		return
	}
	const why = "it says yes to records before they are sent, and kafka_stream commits their offsets: a stop loses them. " +
		"Set sending_queue: {enabled: false} and retry_on_failure: {max_elapsed_time: 0}: records wait in Kafka"
	key := id + "::sending_queue"
	switch {
	case !all.IsSet(key):
		if slices.Contains(queueing, typeOf(id)) {
			f.add("exporters::%s: sending_queue: is on unless it is turned off: %s", id, why)
		}
	case all.Get(key+"::enabled") != false && all.Get(key+"::wait_for_result") != true:
		f.add("exporters::%s: sending_queue: %s", id, why)
	}
}

// checkDeadLetters finds a receiver and an exporter that set records aside differently: whoever looks for what was lost, or
// replays it, knows one topic and one identity. It is an error and no warning, as what one side does not seal cannot be had
// back once the source is deleted. In two clusters the topics may differ.
func checkDeadLetters(f *faults, in source, out target) {
	a, b := in.DeadLetter, out.DeadLetter
	if a.Topic != b.Topic && sameCluster(in, out) {
		f.add("%s: dead_letter.topic: %s, while %s has %s: give both the same: either sets records aside, and a replay reads one topic",
			out.path, b.Topic, in.path, a.Topic)
	}
	openA, openB := openers(a), openers(b)
	switch {
	case slices.Equal(openA, openB):
	case len(openA) == 0 || len(openB) == 0:
		lacks, has := out.path, in.path
		if len(openA) == 0 {
			lacks, has = has, lacks
		}
		f.add("%s: dead_letter: seals to nobody, while %s seals: set the same, or what this one sets aside is kept without its record", lacks, has)
	default:
		f.add("%s: dead_letter: seals to others than %s: give both the same, so that one identity, or one vault, opens what either sets aside",
			out.path, in.path)
	}
}

// openers returns who can open what is set aside: recipients, or the scope of a vault.
func openers(c deadletter.Config) []string {
	if c.Vault != (component.ID{}) {
		return []string{c.Vault.String() + " " + c.Scope}
	}
	return slices.Sorted(slices.Values(c.SealTo))
}
