package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// checkReach reports rules that can never match because earlier rules match everything they could. The proof is by
// cells: a rule is out of reach when each (signal, entity, range, key glob) it could match is matched by one earlier
// rule, whatever the resource. Rules are compared within their own list: that a user's rule goes before a preset's is
// the purpose of the order. A preset of which every rule is out of reach behind an earlier preset is a fault, too.
//
// A rule with a fault of its own proves nothing: it may match anything once it is put right. What is reported beside
// such faults would be reported without them, too.
func (k *compiler) checkReach() {
	hidesWhole := false
	for _, r := range k.rules {
		hidesWhole = hidesWhole || r.faulty || r.keysOnly && r.action != Keep
	}
	alive := make([]bool, len(k.sources))
	reported := make([]bool, len(k.sources))
	for j, r := range k.rules {
		if r.faulty {
			alive[r.source] = true
			continue
		}
		var own, presets []*rule
		for _, e := range k.rules[:j] {
			if e.faulty {
				continue
			}
			if e.source == r.source {
				own = append(own, e)
			}
			if e.source > 0 {
				presets = append(presets, e)
			}
		}
		if by := k.shadowedBy(r, own, hidesWhole); by != nil {
			k.faults.add(r.path, fmt.Errorf("never matches: %s", takenBy(by)))
			reported[r.source] = true
		}
		alive[r.source] = alive[r.source] || k.shadowedBy(r, presets, hidesWhole) == nil
	}
	for i, s := range k.sources[min(1, len(k.sources)):] {
		if len(s.Rules) > 0 && !alive[i+1] && !reported[i+1] {
			k.faults.add(strings.TrimSuffix(s.path, ": "), errors.New("none of its rules can match: the presets before it decide everything; list it before them"))
		}
	}
}

func takenBy(by []*rule) string {
	var names []string
	for _, r := range by {
		names = append(names, r.label)
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more rules", len(names)-3))
	}
	verb := "matches"
	if len(names) > 1 {
		verb = "match"
	}
	return fmt.Sprintf("%s %s everything it could", strings.Join(names, ", "), verb)
}

// shadowedBy returns the earlier rules that together match everything r could, or nil when something is left to it.
func (k *compiler) shadowedBy(r *rule, earlier []*rule, hidesWhole bool) []*rule {
	var by []*rule
	used := map[*rule]bool{}
	for s := range signalCount {
		if r.signals&(1<<s) == 0 {
			continue
		}
		for e, in := range r.entities {
			if !in || k.infos[e].Name == redacted && r.action == Keep && !hidesWhole {
				continue
			}
			for _, c := range cellsOf(r, s, e) {
				i := coveredBy(c, r, earlier)
				if i == nil {
					return nil
				}
				if !used[i] {
					used[i] = true
					by = append(by, i)
				}
			}
		}
	}
	if r.declared > 0 && sameOutcome(r, by) {
		return nil // the declaration makes the values be found, and what happens to them is what the rule says
	}
	return by
}

// space is one cell of what a rule can match.
type space struct {
	signal Signal
	entity int
	rng    detect.Range
	key    *glob // nil: any key or none
}

func cellsOf(r *rule, s Signal, e int) []space {
	ranges := []detect.Range{detect.RangeNone}
	if e == int(detect.IPAddress) && r.declared == 0 {
		ranges = ranges[:0]
		for rng := detect.RangeNone; rng == detect.RangeNone || rng.String() != "none"; rng++ {
			if r.ranges&(1<<rng) != 0 {
				ranges = append(ranges, rng)
			}
		}
	}
	var cells []space
	for _, rng := range ranges {
		if len(r.keys) == 0 {
			cells = append(cells, space{s, e, rng, nil})
		}
		for i := range r.keys {
			cells = append(cells, space{s, e, rng, &r.keys[i]})
		}
	}
	return cells
}

// coveredBy returns an earlier rule that matches the whole cell whenever r is active.
func coveredBy(c space, r *rule, earlier []*rule) *rule {
	for _, i := range earlier {
		if i.signals&(1<<c.signal) == 0 || !i.entities[c.entity] || i.ranges&(1<<c.rng) == 0 {
			continue
		}
		// With one condition both are active together, but for its failure: then only rules that hide are.
		if i.condition >= 0 && (i.condition != r.condition || i.action == Keep && r.action != Keep) {
			continue
		}
		if len(i.keys) == 0 || c.key != nil && coversAny(i.keys, *c.key) {
			return i
		}
	}
	return nil
}

func coversAny(globs []glob, key glob) bool {
	for _, g := range globs {
		if g.covers(key) {
			return true
		}
	}
	return false
}

func sameOutcome(r *rule, by []*rule) bool {
	for _, b := range by {
		if b.action != r.action || b.kind != r.kind || b.keep != r.keep || b.class != r.class {
			return false
		}
		if b.scope != r.scope && b.scope != "" && r.scope != "" { // empty where the configuration's is at fault
			return false
		}
	}
	return true
}
