package server

import (
	"context"
	"sync"
	"time"

	"github.com/cloakroom/cloakroom/vault/audit"
)

// tally writes refusals of agents into the audit log: the first at once, and what follows within a minute as one entry.
// An agent that tries a million values would otherwise fill the disk that reveals depend on. Safe for concurrent use.
type tally struct {
	log *audit.Log
	now func() time.Time

	mu      sync.Mutex
	refused map[refusedKey]*refusedCount
}

type refusedKey struct {
	caller Caller
	what   string // the call
	why    string
}

type refusedCount struct {
	since time.Time // of the entry written last
	count int       // not written yet
}

const (
	tallyEvery = time.Minute
	// maxTallied callers at once are told apart; more are counted together.
	maxTallied = 10_000
)

func newTally(log *audit.Log, now func() time.Time) *tally {
	return &tally{log: log, now: now, refused: map[refusedKey]*refusedCount{}}
}

// refuse counts n refusals of the caller's. What cannot be written now is kept and comes with the next entry.
func (t *tally) refuse(ctx context.Context, what, why string, n int) {
	k := refusedKey{callerOf(ctx), what, why}
	t.mu.Lock()
	c := t.refused[k]
	if c == nil && len(t.refused) >= maxTallied {
		k.caller = Caller{ID: "others"}
		c = t.refused[k]
	}
	if c == nil {
		c = &refusedCount{}
		t.refused[k] = c
	}
	c.count += n
	due := t.due(c, t.now())
	t.mu.Unlock()
	t.write(ctx, k, c, due)
}

// due takes what is to be written now. t.mu is held.
func (t *tally) due(c *refusedCount, now time.Time) int {
	if c.count == 0 || now.Sub(c.since) < tallyEvery {
		return 0
	}
	n := c.count
	c.since, c.count = now, 0
	return n
}

func (t *tally) write(ctx context.Context, k refusedKey, c *refusedCount, n int) {
	if n == 0 {
		return
	}
	_, err := t.log.Append(context.WithoutCancel(ctx), audit.Event{
		Actor: k.caller.ID, Certificate: k.caller.Fingerprint, Action: audit.ActionRefused, Outcome: audit.OutcomeDenied,
		Reason: k.what + ": " + k.why, Count: n,
	})
	if err != nil {
		t.mu.Lock()
		c.count += n
		t.mu.Unlock()
	}
}

// flush writes what a minute has passed for, or everything, and forgets who is quiet.
func (t *tally) flush(ctx context.Context, everything bool) {
	now := t.now()
	type entry struct {
		key   refusedKey
		count *refusedCount
		n     int
	}
	var entries []entry
	t.mu.Lock()
	for k, c := range t.refused {
		if everything {
			c.since = time.Time{}
		}
		if n := t.due(c, now); n > 0 {
			entries = append(entries, entry{k, c, n})
		} else if now.Sub(c.since) >= tallyEvery {
			delete(t.refused, k)
		}
	}
	t.mu.Unlock()
	for _, e := range entries {
		t.write(ctx, e.key, e.count, e.n)
	}
}
