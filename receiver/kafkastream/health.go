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
	stopped  bool // last is permanent. The Collector takes no other status after it, whoever has the partition by then
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
	if h.note(whom, problem) && !h.stopped {
		h.report()
	}
}

// stop tells of a problem that does not end by itself.
func (h *health) stop(whom string, problem error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(whom, problem)
	if !h.stopped {
		h.stopped = true
		h.tell(componentstatus.NewPermanentErrorEvent(problem))
	}
}

// note tells whether the problem is news.
func (h *health) note(whom string, problem error) bool {
	before := h.problems[whom]
	switch {
	case problem == nil && before == nil, problem != nil && before != nil && before.Error() == problem.Error():
		return false
	case problem == nil:
		delete(h.problems, whom)
	case h.problems == nil:
		h.problems = map[string]error{whom: problem}
	default:
		h.problems[whom] = problem
	}
	return true
}

func (h *health) report() {
	if len(h.problems) == 0 {
		h.tell(componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	var told []error
	for _, whom := range slices.Sorted(maps.Keys(h.problems)) {
		if len(told) == maxTold {
			break
		}
		told = append(told, h.problems[whom])
	}
	h.tell(componentstatus.NewRecoverableErrorEvent(errors.Join(told...)))
}

func (h *health) tell(e *componentstatus.Event) {
	h.last = e
	for _, host := range h.hosts {
		componentstatus.ReportStatus(host, e)
	}
}
