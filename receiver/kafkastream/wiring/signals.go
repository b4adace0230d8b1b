package wiring

import (
	"slices"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// signals are those of the pipelines that a receiver stands in.
func signals(pipelines map[string]pipe, id string) map[record.Signal]bool {
	all := map[record.Signal]bool{}
	for name, p := range pipelines {
		if slices.Contains(p.Receivers, id) {
			all[record.Signal(typeOf(name))] = true
		}
	}
	return all
}

// checkSignals finds topics, and rules of formats, of a signal that no pipeline takes. Which topics there are for a regular
// expression, and so whether all have a rule, only the cluster knows: of those without one it is looked at while running.
func (in source) checkSignals(f *faults, taken map[record.Signal]bool) {
	if in.Config == nil {
		return
	}
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
	for _, rule := range in.Formats {
		s := rule.Signal
		if s == "" {
			s = record.Logs
		}
		missing("formats", rule.Topic+" holds", s)
	}
}
