package policy

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/wasilibs/go-re2"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// redacted is the pseudo entity of values that rules on keys alone cover: inside text the detector finds them by
// their key. Only rules on keys alone match it.
const redacted = "redacted"

// reserved names cannot be given to an entity.
var reserved = []string{redacted, "token", "none", "any", "all"}

// faults collects everything that is wrong with a configuration.
type faults struct{ errs []error }

func (f *faults) add(path string, err error) {
	if err != nil {
		f.errs = append(f.errs, fmt.Errorf("%s: %w", path, err))
	}
}

// compiler turns a Config into a Policy. Entities are numbered by their place in infos until the detector exists.
type compiler struct {
	faults     faults
	sources    []source
	scope      string
	infos      []detect.Info // built-ins first, so that their numbers are the detector's
	index      map[string]int
	patterns   []detect.Pattern
	rules      []*rule
	conditions []condition
}

// Compile checks the whole configuration and builds its policy. The error joins every fault, each with its YAML path:
//
//	rules[2].entities[0]: unknown entity "emial" (did you mean "email"?)
//
// recognize is detect.Settings.Recognize.
func (c Config) Compile(recognize func(string) int) (*Policy, error) {
	k := &compiler{scope: cmp.Or(c.Scope, DefaultScope)}
	if !validScope.MatchString(k.scope) {
		k.faults.add("scope", errScope)
		k.scope = "" // which one is meant is not known
	}
	k.sources = c.sources(&k.faults)
	k.checkRules(len(c.Presets))
	k.declare()
	k.compileRules()
	k.checkReach()
	if len(k.faults.errs) > 0 {
		return nil, errors.Join(k.faults.errs...)
	}
	return k.build(recognize)
}

// checkRules refuses a configuration without any rule: it would pass everything in plain, silently.
func (k *compiler) checkRules(presets int) {
	if len(k.sources) <= presets {
		return // a preset could not be read: what it holds is unknown
	}
	for _, s := range k.sources {
		if len(s.Rules) > 0 {
			return
		}
	}
	if presets == 0 {
		k.faults.add("presets", errors.New("no presets and no rules: nothing would be hidden; for example presets: [default]"))
		return
	}
	k.faults.add(k.sources[1].path+"rules", errors.New("missing: nothing would be hidden"))
}

// A scope is bound into sealed records between separators, so its form is narrow.
var (
	validScope  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	validEntity = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	validClass  = regexp.MustCompile(`^[a-z]{2,16}$`)

	errScope = errors.New("a scope is 1 to 64 of a-z, 0-9, dot, hyphen and underscore, and starts with a letter or digit")
	errClass = errors.New("a class is 2 to 16 lower-case letters: it is written into the token")
)

// declare collects the entities: the built-in ones, the patterns', those rules declare by key, and the pseudo entity.
func (k *compiler) declare() {
	k.infos = detect.Builtins()
	k.index = map[string]int{}
	for i, info := range k.infos {
		if i > 0 {
			k.index[info.Name] = i
		}
	}
	for _, s := range k.sources {
		for i, p := range s.Patterns {
			k.declarePattern(fmt.Sprintf("%spatterns[%d]", s.path, i), p)
		}
	}
	for _, s := range k.sources {
		for _, r := range s.Rules {
			if r.Entity == "" || r.Class == "" || k.index[r.Entity] != 0 || !validEntity.MatchString(r.Entity) {
				continue
			}
			k.addEntity(detect.Info{Name: r.Entity, Class: r.Class, Group: detect.Personal, Custom: true, Opaque: true})
		}
	}
	k.addEntity(detect.Info{Name: redacted, Class: redacted, Group: detect.Personal, Custom: true, Opaque: true})
}

func (k *compiler) addEntity(info detect.Info) {
	k.index[info.Name] = len(k.infos)
	k.infos = append(k.infos, info)
}

func (k *compiler) declarePattern(path string, p Pattern) {
	before := len(k.faults.errs)
	switch {
	case !validEntity.MatchString(p.Name):
		k.faults.add(path+".name", errors.New("a name is 1 to 64 of a-z, 0-9 and underscore, and starts with a letter"))
	case slices.Contains(reserved, p.Name):
		k.faults.add(path+".name", fmt.Errorf("%q is reserved", p.Name))
	case k.index[p.Name] != 0 && !k.infos[k.index[p.Name]].Custom:
		k.faults.add(path+".name", fmt.Errorf("%q is a built-in entity", p.Name))
	case k.index[p.Name] != 0:
		k.faults.add(path+".name", fmt.Errorf("duplicate pattern %q", p.Name))
	}
	if !validClass.MatchString(p.Class) {
		k.faults.add(path+".class", errClass)
	}
	group := detect.Personal
	if p.Group != "" {
		group = detect.Group(p.Group)
		if !slices.Contains(detect.Groups(), group) {
			k.faults.add(path+".group", unknown("group", p.Group, groupNames()))
		}
	}
	if p.Regex == "" {
		k.faults.add(path+".regex", errors.New("missing"))
	} else if _, err := syntax.Parse(p.Regex, syntax.Perl); err != nil { // RE2 itself writes to standard error
		k.faults.add(path+".regex", fmt.Errorf("not RE2: %w", err))
	} else if re, err := re2.Compile(p.Regex); err != nil {
		k.faults.add(path+".regex", fmt.Errorf("not RE2: %w", err))
	} else if re.MatchString("") {
		k.faults.add(path+".regex", errors.New("matches the empty string"))
	}
	if len(k.faults.errs) == before {
		k.patterns = append(k.patterns, detect.Pattern{Name: p.Name, Regex: p.Regex, Class: p.Class, Group: group})
	}
	if k.index[p.Name] == 0 && p.Name != "" { // also when faulty: rules that name it are not at fault
		k.addEntity(detect.Info{Name: p.Name, Class: p.Class, Group: group, Custom: true})
	}
}

// compileRules compiles every rule of every source, in order.
func (k *compiler) compileRules() {
	parser, err := conditionParser()
	if err != nil {
		k.faults.add("rules", err)
		return
	}
	for i, s := range k.sources {
		for j := range s.Rules {
			at := fmt.Sprintf("rules[%d]", j)
			rc := ruleCompiler{compiler: k, parser: parser, path: s.path + at}
			before := len(k.faults.errs)
			r := rc.compile(s.Rules[j])
			r.faulty = len(k.faults.errs) > before
			r.source, r.path, r.label = i, s.path+at, s.label+at
			k.rules = append(k.rules, r)
		}
	}
}

// build makes the detector and the tables. Nothing of the configuration is wrong any more, except what only the
// detector can tell.
func (k *compiler) build(recognize func(string) int) (*Policy, error) {
	settings := detect.Settings{Patterns: k.patterns, Recognize: recognize}
	for _, s := range k.sources {
		settings.Structural = settings.Structural || s.Structural
	}
	for _, r := range k.rules {
		settings.Keys = append(settings.Keys, k.keyRules(r)...)
	}
	d, err := detect.New(settings)
	if err != nil {
		return nil, fmt.Errorf("detector: %w", err)
	}
	p := &Policy{detector: d, rules: k.rules, conditions: k.conditions}
	infos := d.Entities()
	p.acts = make([]bool, len(infos))
	for _, r := range p.rules {
		r.resolve(infos, k.infos)
		for e := range r.decisions {
			p.acts[e] = p.acts[e] || r.action != Keep && r.decisions[e].Rule != ""
		}
	}
	p.keys.init(p.rules)
	p.views.init(p)
	return p, nil
}

// keyRules tells the detector whose whole values a rule speaks about.
func (k *compiler) keyRules(r *rule) []detect.KeyRule {
	e := r.declared
	if r.keysOnly && r.action != Keep {
		e = k.index[redacted]
	}
	if e == 0 {
		return nil
	}
	rules := make([]detect.KeyRule, len(r.keys))
	for i, g := range r.keys {
		rules[i] = detect.KeyRule{Glob: g.pattern, Entity: k.infos[e].Name}
		if k.infos[e].Custom {
			rules[i].Class, rules[i].Group = k.infos[e].Class, k.infos[e].Group
		}
	}
	return rules
}

func groupNames() []string {
	groups := detect.Groups()
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = string(g)
	}
	return names
}
