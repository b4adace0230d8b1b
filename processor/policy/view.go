package policy

import (
	"context"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// View is a Policy for one resource: its rules whose when-condition holds there. It is immutable and safe for
// concurrent use, and shared by all resources with the same outcome.
type View struct {
	policy *Policy
	truth  truth
	// table answers Decide: by signal, then entity.
	table [signalCount][]cell
	// whole answers Attribute: by signal, the rules that matter for whole attributes. Empty when no rule is about
	// whole attributes, which is the common case.
	whole [signalCount][]*rule
}

// cell holds the rules that can match one entity in one signal, in order.
type cell struct {
	always     *Decision // decides when no candidate does: the first rule without further matchers
	candidates []candidate
}

// candidate is a rule that also looks at the address range or the key.
type candidate struct {
	rule     *rule
	decision *Decision
	ranges   uint16
}

// unmatched decides what no rule matches.
var unmatched = Decision{Action: Keep}

func newView(p *Policy, t truth) *View {
	v := &View{policy: p, truth: t}
	for s := range signalCount {
		v.table[s] = make([]cell, len(p.detector.Entities()))
		var whole []*rule
		attributes := false
		for _, r := range p.rules {
			if r.signals&(1<<s) == 0 || !t.active(r) {
				continue
			}
			v.enter(s, r)
			if r.keysOnly || r.declared > 0 || r.action != Keep {
				whole = append(whole, r)
			}
			attributes = attributes || r.keysOnly
		}
		if attributes {
			v.whole[s] = whole
		}
	}
	return v
}

// enter adds a rule to the cells of its entities that no earlier rule closed.
func (v *View) enter(s Signal, r *rule) {
	for e := range r.decisions {
		d, c := &r.decisions[e], &v.table[s][e]
		if d.Rule == "" || c.always != nil {
			continue
		}
		if len(r.keys) == 0 && r.ranges == allRanges {
			c.always = d
			continue
		}
		c.candidates = append(c.candidates, candidate{rule: r, decision: d, ranges: r.ranges})
	}
}

// Decide says what happens to a finding in text, which is the value of the attribute key ("" for none) or another
// place of the signal. It never returns nil and does not allocate.
func (v *View) Decide(sig Signal, key string, f *detect.Finding, text string) *Decision {
	if int(f.Entity) >= len(v.table[sig]) {
		return &unmatched // detect.Token
	}
	if sig == Metrics && v.policy.isGuess(f) {
		return &unmatched
	}
	c := &v.table[sig][f.Entity]
	inner, looked := "", false
	for i := range c.candidates {
		k := &c.candidates[i]
		if k.ranges&(1<<f.Range) == 0 {
			continue
		}
		r := k.rule
		if len(r.keys) == 0 {
			return k.decision
		}
		if key != "" && v.policy.keys.matches(r, key) {
			return k.decision
		}
		if !looked {
			inner, looked = innerKey(f, text), true
		}
		if inner != "" && matchAny(r.keys, inner) {
			if r.keysOnly && r.action == Drop {
				return &r.inside
			}
			return k.decision
		}
	}
	if c.always != nil {
		return c.always
	}
	return &unmatched
}

// isGuess reports whether the finding is a name or a place that no key named: in prose that is never certain, and in
// metrics a wrong one would change a series.
func (p *Policy) isGuess(f *detect.Finding) bool {
	return !f.ByKey && p.detector.Entities()[f.Entity].Named
}

// Attribute says what happens to the attribute key as a whole. Nil: its value is looked into as usual. A decision to
// keep means that nothing in the value can be matched by a rule that hides, so it need not be looked into.
func (v *View) Attribute(sig Signal, key string) *Decision {
	hides := false // an earlier rule may hide something in the value
	for _, r := range v.whole[sig] {
		if len(r.keys) > 0 && !v.policy.keys.matches(r, key) {
			continue
		}
		switch {
		case r.keysOnly && r.action != Keep:
			return &r.attribute
		case r.keysOnly && !hides:
			return &r.attribute
		case r.keysOnly, r.declared > 0:
			return nil
		}
		hides = true
	}
	return nil
}

// View returns the policy for a resource. Each condition is evaluated once; views are shared by resources for which
// the conditions come out alike.
func (p *Policy) View(ctx context.Context, res pcommon.Resource) *View {
	if len(p.conditions) == 0 {
		return p.views.plain
	}
	return p.views.get(p, evaluate(ctx, p.conditions, res))
}

// maxViews bounds the cached views: n conditions have up to 3^n outcomes, of which real resources show a few.
const maxViews = 256

// viewCache holds the views made so far, copied on write.
type viewCache struct {
	plain *View // no condition holds
	known atomic.Pointer[map[truth]*View]
	mu    sync.Mutex
}

func (c *viewCache) init(p *Policy) {
	c.plain = newView(p, truth{})
	c.known.Store(&map[truth]*View{{}: c.plain})
}

func (c *viewCache) get(p *Policy, t truth) *View {
	if v := (*c.known.Load())[t]; v != nil {
		return v
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := *c.known.Load()
	v := known[t]
	if v != nil {
		return v
	}
	v = newView(p, t)
	if len(known) < maxViews {
		grown := maps.Clone(known)
		grown[t] = v
		c.known.Store(&grown)
	}
	return v
}

// maxKeys bounds the attribute keys whose rules are remembered; the globs of further keys, and of very long ones, are
// matched each time.
const maxKeys = 1 << 13

// keyCache remembers which rules' globs match an attribute key. Readers take no lock: new keys gather in a second map
// that replaces the first once it has cost as many misses as it holds keys.
type keyCache struct {
	rules  []*rule // those with keys, by rule.keyed
	read   atomic.Pointer[map[string][]uint64]
	mu     sync.Mutex
	all    map[string][]uint64
	misses int
	full   atomic.Bool // no further key is remembered
}

func (c *keyCache) init(rules []*rule) {
	for _, r := range rules {
		if len(r.keys) > 0 {
			r.keyed = len(c.rules)
			c.rules = append(c.rules, r)
		}
	}
	c.all = map[string][]uint64{}
	c.read.Store(&map[string][]uint64{})
}

// matches reports whether a glob of r, which has keys, matches the attribute key.
func (c *keyCache) matches(r *rule, key string) bool {
	set, ok := (*c.read.Load())[key]
	if !ok {
		if len(key) > maxGlob || c.full.Load() {
			return matchAny(r.keys, key)
		}
		if set = c.miss(key); set == nil {
			return matchAny(r.keys, key)
		}
	}
	return set[r.keyed/64]&(1<<(r.keyed%64)) != 0
}

// miss looks a key up that the readers' map does not hold. Nil: there are too many keys to remember this one.
func (c *keyCache) miss(key string) []uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := c.all[key]
	if set == nil {
		if len(c.all) >= maxKeys {
			c.publish()
			c.full.Store(true)
			return nil
		}
		set = make([]uint64, (len(c.rules)+63)/64)
		for i, r := range c.rules {
			if matchAny(r.keys, key) {
				set[i/64] |= 1 << (i % 64)
			}
		}
		c.all[strings.Clone(key)] = set
	}
	if c.misses++; c.misses >= len(c.all) {
		c.publish()
	}
	return set
}

func (c *keyCache) publish() {
	read := maps.Clone(c.all)
	c.read.Store(&read)
	c.misses = 0
}
