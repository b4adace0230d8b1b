// Package notice says in a log what fails for long, or happens often, at a bounded rate: at once, then once a minute for each
// cause, with how often it was since; and when it is over.
//
//	n := notice.New(log)
//	n.Failing("orders/3", "the partition waits", err)
//	n.Works("orders/3", "the partition goes on")
//	n.Event("too_large", "a record became a dead letter", zap.Int64("offset", 7))
//
// A thousand partitions that wait for one vault are one line a minute: causes are told apart by what their errors say, but for
// numbers.
package notice

import (
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Every is the least time between two lines of one cause.
const Every = time.Minute

// maxCauses bounds what is remembered. Causes beyond it share one line a minute.
const maxCauses = 128

// Log is safe for concurrent use.
type Log struct {
	log *zap.Logger

	mu      sync.Mutex
	causes  map[string]*cause
	failing map[string]*outage // by whose it is
	open    bool               // a failure was told since the line that says that nothing fails
}

// cause is what was told of one, and how often it was since.
type cause struct {
	told  time.Time
	since int
}

// outage is how long somebody has failed, and whether a line named it.
type outage struct {
	began time.Time
	named bool
}

// New returns a Log that writes to log.
func New(log *zap.Logger) *Log {
	return &Log{log: log, causes: map[string]*cause{}, failing: map[string]*outage{}}
}

// Failing says that something of whose has failed and is tried again.
func (l *Log) Failing(whose, what string, err error, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.failing[whose]
	if o == nil {
		o = &outage{began: time.Now()}
		l.failing[whose] = o
	}
	times, due := l.due(what + ": " + err.Error())
	if !due {
		return
	}
	o.named, l.open = true, true
	l.log.Warn("kafka_stream: "+what, append(fields, zap.Error(err), zap.Int("times", times),
		zap.Duration("for", time.Since(o.began).Round(time.Second)), zap.Int("failing", len(l.failing)))...)
}

// Works says that nothing of whose fails any more. It is told where a line named it, and where nothing else fails.
func (l *Log) Works(whose, what string, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.failing[whose]
	if o == nil {
		return
	}
	delete(l.failing, whose)
	over := len(l.failing) == 0
	if !o.named && (!over || !l.open) {
		return
	}
	l.open = l.open && !over
	l.log.Info("kafka_stream: "+what, append(fields,
		zap.Duration("after", time.Since(o.began).Round(time.Second)), zap.Int("failing", len(l.failing)))...)
}

// Forget is Works for what is not this process's any more: nobody knows whether it works.
func (l *Log) Forget(whose string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.failing, whose)
	l.open = l.open && len(l.failing) > 0
}

// Event says that something happened, for a reason.
func (l *Log) Event(reason, what string, fields ...zap.Field) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if times, due := l.due(what + ": " + reason); due {
		l.log.Warn("kafka_stream: "+what, append(fields, zap.Int("times", times))...)
	}
}

// due tells whether it is time for a line about a cause, and how often it was since the last one, this time included.
func (l *Log) due(text string) (times int, due bool) {
	now := time.Now()
	key := withoutNumbers(text)
	c := l.causes[key]
	if c == nil {
		if len(l.causes) >= maxCauses {
			l.tidy(now)
		}
		if len(l.causes) >= maxCauses {
			key = ""
		}
		if c = l.causes[key]; c == nil {
			c = new(cause)
			l.causes[key] = c
		}
	}
	c.since++
	if !c.told.IsZero() && now.Sub(c.told) < Every {
		return 0, false
	}
	times, c.since, c.told = c.since, 0, now
	return times, true
}

// tidy drops causes that are over.
func (l *Log) tidy(now time.Time) {
	for key, c := range l.causes {
		if now.Sub(c.told) >= 2*Every {
			delete(l.causes, key)
		}
	}
}

// withoutNumbers leaves out what differs between partitions, offsets and ports.
func withoutNumbers(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, text)
}
