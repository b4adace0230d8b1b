package kafkastream

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// health tells the Collector what keeps the member, or one of its partitions, from consuming.
type health struct {
	mu       sync.Mutex
	hosts    []component.Host
	problems map[string]error
	last     *componentstatus.Event
}

// maxTold is how many problems a report names.
const maxTold = 5

// add has another of the component's instances in pipelines told too.
func (h *health) add(host component.Host) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hosts = append(h.hosts, host)
	if h.last != nil {
		componentstatus.ReportStatus(host, h.last)
	}
}

// set tells of a problem of whom, or with nil that there is none any more.
func (h *health) set(whom string, problem error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.problems[whom]
	switch {
	case problem == nil && before == nil, problem != nil && before != nil && before.Error() == problem.Error():
		return
	case problem == nil:
		delete(h.problems, whom)
	case h.problems == nil:
		h.problems = map[string]error{whom: problem}
	default:
		h.problems[whom] = problem
	}
	h.report()
}

func (h *health) report() {
	h.last = componentstatus.NewEvent(componentstatus.StatusOK)
	if len(h.problems) > 0 {
		var told []error
		for _, whom := range slices.Sorted(maps.Keys(h.problems)) {
			if len(told) == maxTold {
				break
			}
			told = append(told, h.problems[whom])
		}
		h.last = componentstatus.NewRecoverableErrorEvent(errors.Join(told...))
	}
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, h.last)
	}
}
