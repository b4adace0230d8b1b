package server

import (
	"context"
	"sync"
	"time"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
)

// notices bound what a caller may cause in the audit log as often as it likes. The first things of a kind are written at
// once, what comes within a minute of them as one entry with its count, so that a flood of calls does not flood the log.
type notices struct {
	mu    sync.Mutex
	open  map[noticeKey]*notice
	kinds map[string]int // of open, by actor
	ended bool
}

type noticeKey struct{ actor, certificate, action, outcome, reason, scope string }

type notice struct {
	written int // at once
	count   int // since
}

const (
	noticeEvery = time.Minute
	// maxNotices bounds the kinds at once; what is beyond is counted by metrics only.
	maxNotices = 4096
	// maxKinds bounds those of one caller; beyond it their entries name no scope. Nobody hides what others are refused.
	maxKinds = 32
	// maxSessionEntries is how many sessions of one certificate are named in the log within a minute. An agent begins a
	// few in an hour; several may share a certificate.
	maxSessionEntries = 256
)

const whyMoreSessions = "more than are named one by one within a minute"

// refuse notes that a caller was refused n things, and counts it.
func (c *Core) refuse(ctx context.Context, service, scope, reason string, n int) {
	c.Hooks.Refused(ctx, service, n)
	caller := callerOf(ctx)
	if !keyring.ValidScope(scope) {
		scope = "" // it may be anything, and the log is kept
	}
	key := noticeKey{caller.ID, caller.Fingerprint, audit.ActionRefused, audit.OutcomeDenied, reason, scope}
	if c.refusals.admit(c, key, 1, n, 1) > 0 {
		c.writeNotices(key.event(n))
	}
}

// nameable is how many of n new sessions may be named in the log now. The rest are counted in an entry that follows.
func (c *Core) nameable(ctx context.Context, n int) int {
	caller := callerOf(ctx)
	key := noticeKey{actor: caller.ID, certificate: caller.Fingerprint, action: audit.ActionSession, outcome: audit.OutcomeOK, reason: whyMoreSessions}
	return c.begun.admit(c, key, n, n, maxSessionEntries)
}

// admit asks for entries about n things, of which most may be written within a minute, and returns how many are to be
// written now. What they leave is counted.
func (s *notices) admit(c *Core, key noticeKey, entries, n, most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[key] == nil && s.kinds[key.actor] >= maxKinds {
		key.certificate, key.scope = "", "" // one kind for each reason, and reasons are few
	}
	o := s.open[key]
	if o == nil {
		if s.ended || len(s.open) >= maxNotices {
			return 0
		}
		if s.open == nil {
			s.open, s.kinds = map[noticeKey]*notice{}, map[string]int{}
		}
		o = &notice{}
		s.open[key] = o
		s.kinds[key.actor]++
		time.AfterFunc(noticeEvery, func() { c.writeNotices(s.take(key)...) })
	}
	now := min(entries, most-o.written)
	o.written += now
	if now < entries {
		o.count += n - now
	}
	return now
}

// take ends the minute of a kind, and returns the entry about what came since its first ones.
func (s *notices) take(key noticeKey) []audit.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.open[key]
	if o == nil {
		return nil
	}
	delete(s.open, key)
	if s.kinds[key.actor]--; s.kinds[key.actor] <= 0 {
		delete(s.kinds, key.actor)
	}
	if o.count == 0 {
		return nil
	}
	return []audit.Event{key.event(o.count)}
}

// end takes all kinds, and admits no more.
func (s *notices) end() (left []audit.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, o := range s.open {
		if o.count > 0 {
			left = append(left, key.event(o.count))
		}
	}
	s.open, s.kinds, s.ended = nil, nil, true
	return left
}

// flushNotices writes what was counted and not written yet: the log is about to be closed.
func (c *Core) flushNotices() { c.writeNotices(append(c.refusals.end(), c.begun.end()...)...) }

func (k noticeKey) event(n int) audit.Event {
	return audit.Event{
		Actor: k.actor, Certificate: k.certificate, Action: k.action, Outcome: k.outcome, Reason: k.reason, Scope: k.scope, Count: n,
	}
}

// writeNotices is best effort: metrics count it too. It waits for the disk, so no lock is held.
func (c *Core) writeNotices(events ...audit.Event) {
	if len(events) > 0 {
		_, _ = c.Audit.AppendAll(context.Background(), events)
	}
}
