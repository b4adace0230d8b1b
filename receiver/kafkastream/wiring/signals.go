package wiring

import (
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// checkSignals finds kafka_stream receivers that read what none of their pipelines takes.
func checkSignals(f *faults, conf *confmap.Conf, pipelines map[string]pipe) {
	taken := map[string]map[record.Signal]bool{} // by receiver
	var all pipe
	for _, name := range slices.Sorted(maps.Keys(pipelines)) {
		for _, id := range pipelines[name].Receivers {
			if !isKafka(id) {
				continue
			}
			if taken["receivers::"+id] == nil {
				taken["receivers::"+id] = map[record.Signal]bool{}
				all.Receivers = append(all.Receivers, id)
			}
			taken["receivers::"+id][record.Signal(typeOf(name))] = true
		}
	}
	for _, in := range kafkaReceivers(conf, all) {
		in.checkSignals(f, taken[in.path])
	}
}

// checkSignals finds topics, and rules of formats, of a signal that no pipeline takes. Which topics there are for a regular
// expression, and so whether all have a rule, only the cluster knows: of those without one it is looked at while running.
func (in in) checkSignals(f *faults, taken map[record.Signal]bool) {
	reading := record.DefaultConfig()
	reading.Topics = in.Formats
	mapping, err := record.New(reading)
	if err != nil {
		return // in.Validate says why
	}
	missing := func(key string, holds string, s record.Signal) {
		if !taken[s] {
			f.add("%s: %s: %s %s, and the receiver is in no pipeline of %s: add one to service::pipelines, or say in formats what is held "+
				"(signal)", in.path, key, holds, s, s)
		}
	}
	for _, t := range in.Topics {
		missing("topics", t+" holds", mapping.Signal(t))
	}
	if in.TopicsRegex == "" {
		return
	}
	if len(in.Formats) == 0 {
		missing("topics_regex", "without formats, all topics hold", record.Logs)
	}
	consumes, err := in.Consumes()
	if err != nil {
		return
	}
	for _, rule := range in.Formats {
		s := rule.Signal
		if s == "" {
			s = record.Logs
		}
		if strings.HasPrefix(rule.Topic, "^") || consumes(rule.Topic) {
			missing("formats", rule.Topic+" holds", s)
		}
	}
}
