package policy

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottlresource"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// rule is a compiled Rule.
type rule struct {
	path   string // in faults: "presets[0] (pci): rules[1]"
	label  string // in decisions: "pci: rules[1]"
	source int    // index of the list it stands in

	name      string
	when      string
	faulty    bool // a fault of its own was reported: what it matches is not known
	condition int  // index of the when-condition, or -1
	signals   uint8
	entities  []bool // by number in compiler.infos
	ranges    uint16 // by detect.Range; all when it names none
	keys      []glob
	keyed     int  // number among the rules with keys
	keysOnly  bool // keys are its only matcher: it speaks about whole attributes
	declared  int  // the entity that the whole value of the keys is, or 0

	action       Action
	kind         Kind
	keep         Part
	class, scope string

	decisions []Decision // by detect.Entity; Rule is empty where the rule cannot match
	attribute Decision   // about a whole attribute, of a rule on keys alone
	inside    Decision   // about a key inside text, of a drop rule on keys alone: only the value can go
}

const (
	allSignals = 1<<signalCount - 1
	allRanges  = math.MaxUint16
)

// ruleCompiler checks one rule. It reports every fault and always returns a rule.
type ruleCompiler struct {
	*compiler
	parser *ottl.Parser[*ottlresource.TransformContext]
	path   string
}

func (k *ruleCompiler) fault(field string, err error) { k.faults.add(k.path+"."+field, err) }

func (k *ruleCompiler) compile(src Rule) *rule {
	r := &rule{name: src.Name, when: strings.TrimSpace(src.When), class: src.Class, scope: cmp.Or(src.Scope, k.scope)}
	r.condition = k.whenOf(r.when)
	r.signals = k.signalsOf(src.Signals)
	r.keys = k.keysOf(src.Keys)
	r.keysOnly = len(src.Keys) > 0 && src.Entity == "" && len(src.Entities)+len(src.Groups)+len(src.Ranges) == 0
	r.action = k.actionOf(src.Action)
	r.entities = k.entitiesOf(src)
	r.ranges = k.rangesOf(src, r.entities)
	if src.Entity != "" {
		r.declared = k.declaredOf(src)
		r.entities[r.declared] = r.declared > 0
	}
	if len(src.Keys)+len(src.Entities)+len(src.Groups)+len(src.Ranges) == 0 && src.Entity == "" {
		k.faults.add(k.path, errors.New(`matches nothing: name entities, groups or keys (entities: ["*"] is every entity)`))
	}
	if r.keysOnly && (r.action == Tokenize || r.action == Mask) {
		k.fault("entity", fmt.Errorf(`missing: to %s the whole value of keys say what it is; to %s what is found under them name entities or groups (entities: ["*"] is every entity)`, r.action, r.action))
	}
	k.checkToken(r, src)
	k.checkKeep(r, src)
	return r
}

func (k *ruleCompiler) whenOf(when string) int {
	if when == "" {
		return -1
	}
	for i := range k.conditions {
		if k.conditions[i].text == when {
			return i
		}
	}
	parsed, err := k.parser.ParseCondition(when)
	if err != nil {
		k.fault("when", fmt.Errorf("not an OTTL condition on the resource: %w%s", err, quoteHint(when)))
		return -1
	}
	if len(k.conditions) == maxConditions {
		k.fault("when", fmt.Errorf("more than %d different conditions", maxConditions))
		return -1
	}
	k.conditions = append(k.conditions, condition{text: when, ottl: parsed})
	return len(k.conditions) - 1
}

func (k *ruleCompiler) signalsOf(names []string) uint8 {
	if len(names) == 0 {
		return allSignals
	}
	var mask uint8
	for i, name := range names {
		s := slices.Index(signalNames[:], name)
		if s < 0 {
			k.fault(fmt.Sprintf("signals[%d]", i), unknown("signal", name, signalNames[:]))
			continue
		}
		mask |= 1 << s
	}
	return mask
}

func (k *ruleCompiler) keysOf(patterns []string) []glob {
	var globs []glob
	for i, p := range patterns {
		g, err := parseGlob(p)
		if err != nil {
			k.fault(fmt.Sprintf("keys[%d]", i), fmt.Errorf("bad glob %q: %w", p, err))
			continue
		}
		globs = append(globs, g)
	}
	return globs
}

func (k *ruleCompiler) actionOf(name string) Action {
	if name == "" {
		k.fault("action", fmt.Errorf("missing (known: %s)", strings.Join(actionNames[:], ", ")))
		return Redact
	}
	a := slices.Index(actionNames[:], name)
	if a < 0 {
		k.fault("action", unknown("action", name, actionNames[:]))
		return Redact
	}
	return Action(a)
}

// entitiesOf is the set of entities the rule matches, by number: those named, within the groups named.
func (k *ruleCompiler) entitiesOf(src Rule) []bool {
	set := make([]bool, len(k.infos))
	groups := k.groupsOf(src.Groups)
	inGroups := func(e int) bool {
		return len(src.Groups) == 0 || slices.Contains(groups, k.infos[e].Group)
	}
	for i, name := range src.Entities {
		at := fmt.Sprintf("entities[%d]", i)
		e := k.index[name]
		switch {
		case name == "*":
			for e := range set {
				set[e] = e > 0 && k.infos[e].Name != redacted && inGroups(e)
			}
		case e == 0 || name == redacted:
			k.fault(at, unknown("entity", name, k.entityNames()))
		case !inGroups(e):
			k.fault(at, fmt.Errorf("contradicts groups: %s is in group %s", name, k.infos[e].Group))
		default:
			set[e] = true
		}
	}
	if len(src.Entities) > 0 || src.Entity != "" {
		return set
	}
	for e := range set {
		switch {
		case e == 0:
		case k.infos[e].Name == redacted:
			set[e] = len(src.Keys) > 0 && len(src.Groups)+len(src.Ranges) == 0
		case len(src.Ranges) > 0:
			set[e] = e == int(detect.IPAddress) && inGroups(e)
		default:
			set[e] = inGroups(e)
		}
	}
	return set
}

func (k *ruleCompiler) groupsOf(names []string) []detect.Group {
	var groups []detect.Group
	for i, name := range names {
		if !slices.Contains(detect.Groups(), detect.Group(name)) {
			k.fault(fmt.Sprintf("groups[%d]", i), unknown("group", name, groupNames()))
			continue
		}
		groups = append(groups, detect.Group(name))
	}
	return groups
}

// rangesOf is the set of address ranges. Only ip_address has one, so ranges beside other entities are a fault.
func (k *ruleCompiler) rangesOf(src Rule, entities []bool) uint16 {
	if len(src.Ranges) == 0 {
		return allRanges
	}
	var mask uint16
	for i, name := range src.Ranges {
		rng, ok := detect.ParseRange(name)
		if !ok || rng == detect.RangeNone {
			k.fault(fmt.Sprintf("ranges[%d]", i), unknown("range", name, rangeNames()))
			continue
		}
		mask |= 1 << rng
	}
	switch {
	case src.Entity != "":
		k.fault("ranges", errors.New("contradict entity: a whole value declared by its key has no range"))
	case len(src.Groups) > 0 && !slices.Contains(src.Groups, string(detect.Network)):
		k.fault("ranges", errors.New("contradict groups: ip_address is in group network"))
	case len(src.Entities) > 0:
		for e, in := range entities {
			if in && e != int(detect.IPAddress) {
				k.fault("ranges", fmt.Errorf("only ip_address has ranges, and the rule also names %s", k.infos[e].Name))
				break
			}
		}
	}
	return mask
}

// declaredOf is the entity that the rule declares its keys to hold.
func (k *ruleCompiler) declaredOf(src Rule) int {
	if len(src.Keys) == 0 {
		k.fault("entity", errors.New("needs keys: it says what the whole value of these keys is"))
	}
	if len(src.Entities)+len(src.Groups) > 0 {
		k.fault("entity", errors.New("contradicts entities and groups: with entity the whole value is matched, whatever is found in it"))
	}
	e := k.index[src.Entity]
	switch {
	case slices.Contains(reserved, src.Entity):
		k.fault("entity", fmt.Errorf("%q is reserved", src.Entity))
		return 0
	case e == 0 && !validEntity.MatchString(src.Entity):
		k.fault("entity", errors.New("a name is 1 to 64 of a-z, 0-9 and underscore, and starts with a letter"))
	case e == 0:
		k.fault("entity", fmt.Errorf("%w; a new entity needs a class", unknown("entity", src.Entity, k.entityNames())))
	}
	return e
}

// checkToken checks what only tokens have: kind, scope and class.
func (k *ruleCompiler) checkToken(r *rule, src Rule) {
	if src.Kind != "" {
		kind := slices.Index(kindNames[:], src.Kind)
		if kind < 0 {
			k.fault("kind", unknown("kind", src.Kind, kindNames[:]))
		} else {
			r.kind = Kind(kind)
		}
	}
	if src.Scope != "" && !validScope.MatchString(src.Scope) {
		k.fault("scope", errScope)
	}
	if src.Class != "" && !validClass.MatchString(src.Class) {
		k.fault("class", errClass)
	}
	if r.action != Tokenize {
		for _, f := range []struct {
			name  string
			given bool
		}{{"kind", src.Kind != ""}, {"scope", src.Scope != ""}, {"class", src.Class != "" && src.Entity == ""}} {
			if f.given && slices.Contains(actionNames[:], src.Action) {
				k.fault(f.name, fmt.Errorf("action %s has none: only tokens do", src.Action))
			}
		}
		return
	}
	if r.kind == Random && r.signals&(1<<Metrics) != 0 {
		k.fault("kind", errors.New("random on metrics makes a new time series for every data point: exclude them with signals: [traces, logs, profiles]"))
	}
}

// checkKeep checks that the part to keep is one that the action and every entity of the rule have.
func (k *ruleCompiler) checkKeep(r *rule, src Rule) {
	if src.Keep == "" {
		if r.action == Mask {
			k.fault("keep", errors.New("missing: a mask keeps last4, domain or prefix; to hide all of the value use redact"))
		}
		return
	}
	part := slices.Index(partNames[1:], src.Keep) + 1
	if part == 0 {
		k.fault("keep", unknown("part", src.Keep, partNames[1:]))
		return
	}
	r.keep = Part(part)
	switch {
	case r.action != Tokenize && r.action != Mask:
		k.fault("keep", fmt.Errorf("action %s keeps no part: only tokenize and mask do", r.action))
		return
	case r.action == Tokenize && r.keep == Prefix:
		k.fault("keep", errors.New("a token keeps last4 or domain; prefix needs action mask"))
		return
	}
	var unfit []string
	for e, in := range r.entities {
		if in && k.infos[e].Name != redacted && !k.fits(r.keep, e) {
			unfit = append(unfit, k.infos[e].Name)
		}
	}
	if len(unfit) > 4 {
		unfit = append(unfit[:4], fmt.Sprintf("%d more", len(unfit)-4))
	}
	if len(unfit) > 0 {
		k.fault("keep", fmt.Errorf("%s does not fit %s", src.Keep, strings.Join(unfit, ", ")))
	}
}

// fits reports whether the entity has such a part. Custom entities may end in digits.
func (k *compiler) fits(p Part, e int) bool {
	switch detect.Entity(e) {
	case detect.Email:
		return p == Domain
	case detect.PaymentCard:
		return p == Last4 || p == Prefix
	case detect.Phone, detect.IBAN:
		return p == Last4
	case detect.IPAddress, detect.MACAddress:
		return p == Prefix
	}
	return p == Last4 && (k.infos[e].Custom || k.infos[e].Compact)
}

// entityNames lists the entities a rule may name, those first that a person is likely to mean.
func (k *compiler) entityNames() []string {
	names := make([]string, 0, len(k.infos))
	for e := 1; e < len(k.infos); e++ {
		if k.infos[e].Name != redacted {
			names = append(names, k.infos[e].Name)
		}
	}
	return names
}

func rangeNames() []string {
	var names []string
	for r := detect.Public; r.String() != "none"; r++ {
		names = append(names, r.String())
	}
	return names
}

// resolve fills the decisions by the detector's numbers, which may differ from the compiler's for custom entities.
func (r *rule) resolve(infos, known []detect.Info) {
	number := map[string]int{}
	for e := 1; e < len(known); e++ {
		number[known[e].Name] = e
	}
	r.decisions = make([]Decision, len(infos))
	for e := 1; e < len(infos); e++ {
		n := number[infos[e].Name]
		if n == 0 || !r.entities[n] {
			continue
		}
		d := Decision{Action: r.action, Kind: r.kind, Keep: r.keep, Scope: r.scope, Class: r.class, Rule: r.label, Whole: r.keysOnly}
		if d.Class == "" {
			d.Class = infos[e].Class
		}
		r.decisions[e] = d
	}
	r.attribute = Decision{Action: r.action, Rule: r.label, Whole: true}
	r.inside = Decision{Action: Redact, Rule: r.label, Whole: true}
}
