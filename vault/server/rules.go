package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rules say who may do what. What no rule allows is refused. A caller has the rights of every rule that names it
// together: rules only ever allow, so their order means nothing but for the rate, which is that of the first rule that
// allows a value's class and scope. Immutable once given to [Core.SetRules].
type Rules struct {
	Agents    []AgentRule
	Revealers []RevealerRule
	Replayers []ReplayerRule
	// Admins are the identities, or patterns of such, that may run the vault through a network listener.
	Admins []string
	// Classes says which classes agents may mint themselves.
	Classes ClassModes
	// Region is where the records of a scope rest; nil: scopes have no region.
	Region func(scope string) string
}

// AgentRule lets agents mint and escrow.
//
// In ID, Classes, Scopes and Regions, * stands for any letters but a slash and ** for any letters.
type AgentRule struct {
	// Name is the rule's name in metrics.
	Name string
	// ID is a SPIFFE ID, the name of a certificate, or a pattern of such.
	ID string
	// Classes and Scopes it allows, together.
	Classes, Scopes []string
	// Regions restrict the scopes to those whose records rest there. Empty: any.
	Regions []string
	// Issue bounds the values that the vault mints for one identity.
	Issue Rate
}

// Rate is a token bucket, counted in values.
type Rate struct {
	// PerSecond is how many values a second go on for ever. 0: DefaultIssueRate's.
	PerSecond float64
	// Burst is how many may come at once, and the most one call may carry. 0: DefaultIssueRate's.
	Burst int
}

// DefaultIssueRate lets an agent begin quickly and a busy one meet two hundred new addresses a second; whoever took one
// over needs fourteen hours for ten million guesses, 58 days for all social security numbers, and is seen.
var DefaultIssueRate = Rate{PerSecond: 200, Burst: 10_000}

// maxIssueRate is more than a vault mints in a second: beyond it a rate bounds nothing.
const maxIssueRate = 1e6

// RevealerRule lets somebody reveal and look up.
type RevealerRule struct {
	// Name is the rule's name in metrics.
	Name string
	// ID, Classes and Scopes as in AgentRule.
	ID              string
	Classes, Scopes []string
}

// ReplayerRule lets somebody open dead letters of the Kafka mode. They hold whole records, of all classes: a rule about revealing
// says nothing about them.
type ReplayerRule struct {
	// ID as in AgentRule.
	ID string
	// Topics, those the records stood in, and Scopes, those the letters were sealed for, that it allows together; patterns.
	Topics, Scopes []string
}

// Validate reports every fault at once, each by its path.
func (r *Rules) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	lists := func(path, id, key, want string, things, scopes []string) {
		if id == "" {
			fault("%s.id: must be set: a SPIFFE ID, the name of a certificate, or a pattern of such", path)
		}
		if len(things) == 0 {
			fault("%s.%s: must be set: %s, or [\"*\"]", path, key, want)
		}
		if len(scopes) == 0 {
			fault("%s.scopes: must be set: names of scopes, or [\"*\"]", path)
		}
	}
	classLists := func(path, id string, classes, scopes []string) {
		lists(path, id, "classes", "classes of tokens", classes, scopes)
		for n, c := range classes {
			if strings.Trim(c, "abcdefghijklmnopqrstuvwxyz*") != "" || c == "" {
				fault("%s.classes[%d]: %q: want [a-z]{2,16}, or a pattern with *", path, n, c)
			}
		}
	}
	names := map[string]bool{}
	for n, a := range r.Agents {
		path := fmt.Sprintf("agents[%d]", n)
		classLists(path, a.ID, a.Classes, a.Scopes)
		if names[a.Name] {
			fault("%s.name: %q is there twice", path, a.Name)
		}
		names[a.Name] = true
		if !(a.Issue.PerSecond >= 0 && a.Issue.PerSecond <= maxIssueRate) { // nor is NaN
			fault("%s.issue.per_second: must be a number from 0 to %d", path, int(maxIssueRate))
		}
		if a.Issue.Burst < 0 {
			fault("%s.issue.burst: must not be negative", path)
		}
	}
	for n, v := range r.Revealers {
		classLists(fmt.Sprintf("revealers[%d]", n), v.ID, v.Classes, v.Scopes)
	}
	for n, v := range r.Replayers {
		lists(fmt.Sprintf("replayers[%d]", n), v.ID, "topics", "topics that records come from", v.Topics, v.Scopes)
	}
	for n, id := range r.Admins {
		if strings.Trim(id, "*/") == "" {
			fault("admins[%d]: %q: would let in everybody", n, id)
		}
	}
	return errors.Join(append(faults, r.Classes.Validate())...)
}

// rate is the rule's, with defaults.
func (a *AgentRule) rate() Rate {
	r := a.Issue
	if r.PerSecond == 0 {
		r.PerSecond = DefaultIssueRate.PerSecond
	}
	if r.Burst == 0 {
		r.Burst = DefaultIssueRate.Burst
	}
	return r
}

// Rules are those in force.
func (c *Core) Rules() *Rules {
	if r := c.rules.Load(); r != nil {
		return r
	}
	return &Rules{}
}

// SetRules puts rules in force for calls that begin from now on. They must be valid, and are not changed afterwards.
func (c *Core) SetRules(r *Rules) { c.rules.Store(r) }

func (r *Rules) agentsOf(id string) []*AgentRule {
	var out []*AgentRule
	for n := range r.Agents {
		if match(r.Agents[n].ID, id) {
			out = append(out, &r.Agents[n])
		}
	}
	return out
}

func (r *Rules) revealersOf(id string) []*AgentRule {
	var out []*AgentRule
	for _, v := range r.Revealers {
		if match(v.ID, id) {
			out = append(out, &AgentRule{Name: v.Name, ID: v.ID, Classes: v.Classes, Scopes: v.Scopes})
		}
	}
	return out
}

func (r *Rules) replayersOf(id string) []ReplayerRule {
	var out []ReplayerRule
	for _, v := range r.Replayers {
		if match(v.ID, id) {
			out = append(out, v)
		}
	}
	return out
}

func (r *Rules) administers(id string) bool { return matchAny(r.Admins, id) }

// rights are what one caller may do.
type rights struct {
	caller Caller
	rules  *Rules
	agent  []*AgentRule
}

// allowing is the first rule that allows a class in a scope; nil for a local caller, who needs none.
func (g *rights) allowing(scope, class string) (*AgentRule, bool) {
	if g.caller.Local {
		return nil, true
	}
	for _, a := range g.agent {
		if matchAny(a.Classes, class) && g.scopeOf(a, scope) {
			return a, true
		}
	}
	return nil, false
}

// classes are patterns of the classes allowed in a scope; none for a local caller, whose vault is always there.
func (g *rights) classes(scope string) (patterns []string) {
	for _, a := range g.agent {
		if g.scopeOf(a, scope) {
			patterns = append(patterns, a.Classes...)
		}
	}
	return patterns
}

// scope reports whether some class is allowed in a scope.
func (g *rights) scope(scope string) bool {
	return g.caller.Local || slices.ContainsFunc(g.agent, func(a *AgentRule) bool { return g.scopeOf(a, scope) })
}

func (g *rights) scopeOf(a *AgentRule, scope string) bool {
	if !matchAny(a.Scopes, scope) {
		return false
	}
	if len(a.Regions) == 0 {
		return true
	}
	return g.rules.Region != nil && matchAny(a.Regions, g.rules.Region(scope))
}

// name is what grants are bound to: the caller's, and nothing for this machine's own.
func (g *rights) name() string {
	if g.caller.Local {
		return ""
	}
	return g.caller.ID
}

// issueValues is the most values that one Issue call may carry: no bucket of the caller's holds less.
func (g *rights) issueValues() int {
	most := maxIssueValues
	for _, a := range g.agent {
		most = min(most, a.rate().Burst)
	}
	return most
}

// name is the rule's in metrics; this process has none.
func (a *AgentRule) name() string {
	if a == nil {
		return "local"
	}
	return a.Name
}

// issues reports whether only the vault mints a class for this caller.
func (g *rights) issues(class string) bool { return !g.caller.Local && g.rules.Classes.Issued(class) }

func matchAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, s) })
}

// match reports whether s is of the pattern: * stands for any letters but a slash, ** for any letters. It takes time in the length
// of both, however many stars there are.
func match(pattern, s string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == s
	}
	at, next := reach(nil, pattern, 0), []int(nil) // the places in the pattern that s leads to so far
	for i := range len(s) {
		next = next[:0]
		for _, p := range at {
			switch {
			case p == len(pattern):
			case pattern[p] != '*':
				if pattern[p] == s[i] {
					next = reach(next, pattern, p+1)
				}
			case s[i] != '/' || strings.HasPrefix(pattern[p:], "**"):
				next = reach(next, pattern, p)
			}
		}
		at, next = next, at
	}
	return slices.Contains(at, len(pattern))
}

// reach adds a place in the pattern, and those behind the stars there, which may stand for nothing.
func reach(places []int, pattern string, p int) []int {
	for !slices.Contains(places, p) {
		places = append(places, p)
		switch {
		case strings.HasPrefix(pattern[p:], "**"):
			p += 2
		case strings.HasPrefix(pattern[p:], "*"):
			p++
		}
	}
	return places
}
