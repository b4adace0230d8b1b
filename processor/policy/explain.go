package policy

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Subject is what Explain explains: a finding, or with a nil Finding the attribute as a whole.
type Subject struct {
	Signal   Signal
	Key      string // of the attribute; empty: none
	Resource pcommon.Resource
	Finding  *detect.Finding
	Text     string // in which the finding stands
}

// Reason says of one rule whether it matches, and why not.
type Reason struct {
	Rule    string // by path, as in Decision.Rule
	Name    string // the rule's own
	Action  Action
	Matches bool
	Decides bool   // the first rule that matches
	Why     string // the matcher that matched last or did not match; holds no part of the text
}

// Explain says for every rule, in order, whether it matches the subject, and returns what is decided in the end: for
// an attribute as a whole nil when its value is looked into.
func (p *Policy) Explain(ctx context.Context, s Subject) ([]Reason, *Decision) {
	t := evaluate(ctx, p.conditions, s.Resource)
	view := p.views.get(p, t)
	var decision *Decision
	if s.Finding == nil {
		decision = view.Attribute(s.Signal, s.Key)
	} else {
		decision = view.Decide(s.Signal, s.Key, s.Finding, s.Text)
	}
	reasons := make([]Reason, len(p.rules))
	for i, r := range p.rules {
		why, ok := p.matches(r, t, s)
		reasons[i] = Reason{Rule: r.label, Name: r.name, Action: r.action, Matches: ok, Why: why}
		reasons[i].Decides = decision != nil && decision.Rule == r.label
	}
	return reasons, decision
}

// matches walks the matchers of a rule in the order in which a person reads them.
func (p *Policy) matches(r *rule, t truth, s Subject) (why string, ok bool) {
	if r.signals&(1<<s.Signal) == 0 {
		return fmt.Sprintf("signal is %s", s.Signal), false
	}
	if r.condition >= 0 {
		failed := t.failed&(1<<r.condition) != 0
		switch {
		case failed && r.action == Keep:
			return "when could not be evaluated, so values are not kept", false
		case !failed && !t.active(r):
			return "when is false for the resource", false
		}
	}
	if s.Finding == nil {
		return matchesAttribute(r, s.Key)
	}
	return p.matchesFinding(r, s)
}

func matchesAttribute(r *rule, key string) (why string, ok bool) {
	switch {
	case !r.keysOnly && r.declared == 0:
		return "it is about findings, not whole attributes", false
	case !matchAny(r.keys, key):
		return "no key matches: " + globList(r.keys), false
	case r.declared > 0:
		return "key matches: its whole value is a finding", true
	}
	return "key matches", true
}

func (p *Policy) matchesFinding(r *rule, s Subject) (why string, ok bool) {
	f := s.Finding
	infos := p.detector.Entities()
	if int(f.Entity) >= len(infos) {
		return "a token is never touched", false
	}
	name := infos[f.Entity].Name
	if s.Signal == Metrics && p.isGuess(f) {
		return fmt.Sprintf("in metrics a %s is touched only where a key names it", name), false
	}
	if r.decisions[f.Entity].Rule == "" {
		return fmt.Sprintf("entity is %s (%s)", name, infos[f.Entity].Group), false
	}
	why = "entity " + name
	if r.ranges != allRanges {
		if r.ranges&(1<<f.Range) == 0 {
			return fmt.Sprintf("range is %s", f.Range), false
		}
		why = fmt.Sprintf("range %s", f.Range)
	}
	if len(r.keys) == 0 {
		return why, true
	}
	if s.Key != "" && matchAny(r.keys, s.Key) {
		return "attribute key matches", true
	}
	if inner := innerKey(f, s.Text); inner != "" && matchAny(r.keys, inner) {
		return "key inside the text matches", true
	}
	return "no key matches: " + globList(r.keys), false
}

func globList(globs []glob) string {
	var names []string
	for _, g := range globs {
		names = append(names, g.pattern)
	}
	return strings.Join(names, ", ")
}
