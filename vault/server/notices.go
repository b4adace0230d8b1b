package server

import (
	"context"
	"sync"
	"time"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
)

// notices put into the audit log what anybody may cause as often as they like: refusals. The first of a kind is written
// at once, what comes within a minute of it as one entry with its count, so that a flood of calls does not flood the log.
type notices struct {
	mu    sync.Mutex
	open  map[noticeKey]*notice
	kinds map[string]int // of open, by actor
}

type noticeKey struct{ actor, certificate, reason, scope string }

type notice struct {
	count int // since the last entry
}

const (
	noticeEvery = time.Minute
	// maxNotices bounds the kinds at once; what is beyond is counted by metrics only.
	maxNotices = 4096
	// maxKinds bounds those of one caller; beyond it their entries name no scope. Nobody hides what others are refused.
	maxKinds = 32
)

// refuse notes that a caller was refused n things, and counts it.
func (c *Core) refuse(ctx context.Context, service, scope, reason string, n int) {
	c.Hooks.Refused(ctx, service, n)
	caller := callerOf(ctx)
	if !keyring.ValidScope(scope) {
		scope = "" // it may be anything, and the log is kept
	}
	key := noticeKey{caller.ID, caller.Fingerprint, reason, scope}
	c.notices.mu.Lock()
	defer c.notices.mu.Unlock()
	if c.notices.open == nil {
		c.notices.open, c.notices.kinds = map[noticeKey]*notice{}, map[string]int{}
	}
	if c.notices.open[key] == nil && c.notices.kinds[key.actor] >= maxKinds {
		key.certificate, key.scope = "", "" // one kind for each reason, and reasons are few
	}
	if o := c.notices.open[key]; o != nil {
		o.count += n
		return
	}
	if len(c.notices.open) >= maxNotices {
		return
	}
	c.notices.open[key] = &notice{}
	c.notices.kinds[key.actor]++
	time.AfterFunc(noticeEvery, func() { c.closeNotice(key) })
	c.writeNotice(key, n)
}

// closeNotice writes what came since, and lets the next refusal of the kind be written at once.
func (c *Core) closeNotice(key noticeKey) {
	c.notices.mu.Lock()
	defer c.notices.mu.Unlock()
	if o := c.notices.open[key]; o != nil && o.count > 0 {
		c.writeNotice(key, o.count)
	}
	delete(c.notices.open, key)
	if c.notices.kinds[key.actor]--; c.notices.kinds[key.actor] <= 0 {
		delete(c.notices.kinds, key.actor)
	}
}

// writeNotice is best effort: nothing was given, and metrics count it too.
func (c *Core) writeNotice(key noticeKey, n int) {
	_, _ = c.Audit.Append(context.Background(), audit.Event{
		Actor: key.actor, Certificate: key.certificate, Action: audit.ActionRefused, Outcome: audit.OutcomeDenied,
		Reason: key.reason, Scope: key.scope, Count: n,
	})
}
