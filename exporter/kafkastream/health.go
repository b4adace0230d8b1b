package kafkastream

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/notice"
)

// health tells the host and the log when writing begins to fail, that it goes on failing, and when all of it works again.
type health struct {
	host    component.Host
	notices *notice.Log
	stale   time.Duration // after which nobody writes any more what failed
	count   atomic.Int32  // of failing

	mu      sync.Mutex
	failing map[lane]time.Time // when it failed last
	away    bool               // no broker answers
	bad     bool               // as the host was told
}

// leastStale is longer than who sends a batch again waits.
const leastStale = 2 * time.Minute

func newHealth(host component.Host, notices *notice.Log, cfg *Config) *health {
	stale := max(leastStale, 2*(cfg.Produce.Timeout+cfg.Produce.Retry.MaxInterval))
	return &health{host: host, notices: notices, stale: stale, failing: map[lane]time.Time{}}
}

func (l lane) String() string { return l.topic + "/" + strconv.Itoa(int(l.partition)) }

func (l lane) fields() []zap.Field {
	return []zap.Field{zap.String("topic", l.topic), zap.Int32("partition", l.partition)}
}

func (h *health) fails(l lane, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failing[l] = time.Now()
	h.notices.Failing(l.String(), "records cannot be written now, and wait", err, l.fields()...)
	h.report(err)
}

// works is called for each acknowledged batch.
func (h *health) works(l lane) {
	if h.count.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range []lane{l, {l.topic, -1}} {
		delete(h.failing, l)
		h.notices.Works(l.String(), "records are written again", l.fields()...)
	}
	h.report(nil)
}

// forget is for what nobody writes here any more: its source partition is another collector's.
func (h *health) forget(l lane) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.failing, l)
	h.notices.Forget(l.String())
	h.report(nil)
}

// reached is told every so often whether a broker answers.
func (h *health) reached(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tidy()
	if h.away = err != nil; h.away {
		h.notices.Failing("brokers", "Kafka cannot be reached", err)
	} else {
		h.notices.Works("brokers", "Kafka is reached again")
	}
	h.report(err)
}

// number is how many partitions fail.
func (h *health) number() int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tidy()
	h.report(nil)
	return h.count.Load()
}

// tidy drops what nobody has tried to write for long.
func (h *health) tidy() {
	for l, last := range h.failing {
		if time.Since(last) > h.stale {
			delete(h.failing, l)
			h.notices.Forget(l.String())
		}
	}
}

func (h *health) report(err error) {
	h.count.Store(int32(len(h.failing)))
	switch bad := h.away || len(h.failing) > 0; {
	case bad && !h.bad && err != nil:
		h.bad = true
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(err))
	case !bad && h.bad:
		h.bad = false
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
