package detect

import (
	"errors"
	"fmt"
	"math/bits"
	"regexp/syntax"
	"strings"

	"github.com/wasilibs/go-re2"
	"github.com/wasilibs/go-re2/experimental"
)

// customKeys are the key rules of the configuration, in order; the first match wins.
type customKeys []customKey

type customKey struct {
	glob   string // lower case
	entity Entity
}

// patternSet is the custom patterns: those of which no literal stands in the text cannot match. Of the others one set says
// which of them match, then each of those says where.
type patternSet struct {
	patterns []compiled
	literals *prefilter // nil: no pattern has a literal
	set      *experimental.Set
	// the patterns without a literal, which every text is searched for
	bare      []int
	bareSet   *experimental.Set
	bareWords []uint64 // a bit each
}

type compiled struct {
	re     *re2.Regexp
	name   string
	entity Entity
}

// fewPatterns are searched for one by one rather than by their set.
const fewPatterns = 3

// custom runs the custom patterns. Where a pattern has a capture group, the value is what its first group captured.
func (t *text) custom() {
	p := t.d.patterns
	if n := len(p.bareWords); len(t.seen) < n {
		t.seen = make([]uint64, n)
	}
	clear(t.seen)
	seen := t.seen[:len(p.bareWords)]
	n := 0
	if p.literals != nil {
		n = p.literals.mark(t.s, seen)
	}
	set, total := p.set, len(p.patterns)
	if n <= fewPatterns {
		t.marked(seen)
		if n, set = len(p.bare), p.bareSet; n == 0 {
			return
		}
		copy(seen, p.bareWords)
		if total = n; n <= fewPatterns {
			t.marked(seen)
			return
		}
	}
	for i, word := range p.bareWords {
		seen[i] |= word
	}
	matched, err := set.FindAllStringWithError(t.s, total)
	if err != nil { // no answer is not "no match": every pattern speaks for itself
		t.marked(seen)
		return
	}
	for _, i := range matched {
		if set == p.bareSet {
			i = p.bare[i]
		}
		if seen[i/64]>>(i%64)&1 != 0 {
			t.pattern(&p.patterns[i])
		}
	}
}

// marked runs the patterns whose bits are set.
func (t *text) marked(seen []uint64) {
	for i, word := range seen {
		for ; word != 0; word &= word - 1 {
			t.pattern(&t.d.patterns.patterns[i*64+bits.TrailingZeros64(word)])
		}
	}
}

// pattern puts a candidate wherever the pattern matches.
func (t *text) pattern(c *compiled) {
	for _, loc := range c.re.FindAllStringSubmatchIndex(t.s, -1) {
		start, end := loc[0], loc[1]
		if len(loc) > 2 && loc[2] >= 0 {
			start, end = loc[2], loc[3]
		}
		if start < end && wholeRunes(t.s, start, end) {
			t.add(c.entity, start, end, 0.9)
		}
	}
}

// wholeRunes reports whether neither end cuts a UTF-8 sequence.
func wholeRunes(s string, start, end int) bool {
	return (start == 0 || s[start]&0xC0 != 0x80) && (end == len(s) || s[end]&0xC0 != 0x80)
}

// customKey returns the entity of the first key rule that matches key.
func (d *Detector) customKey(key string) Entity {
	for i := range d.keys {
		if globFold(d.keys[i].glob, key) {
			return d.keys[i].entity
		}
	}
	return None
}

// globFold reports whether the lower-case glob matches all of s in any letter case. Linear space and, as only the last
// star is ever tried again, at most quadratic time in short keys.
func globFold(glob, s string) bool {
	g, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, i
			g++
		case g < len(glob) && (glob[g] == '?' || glob[g] == lower(s[i])):
			g++
			i++
		case star >= 0:
			mark++
			g, i = star+1, mark
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

func (d *Detector) addPatterns(patterns []Pattern) error {
	var errs []error
	set := &patternSet{}
	var exprs []string
	for i, p := range patterns {
		e, err := d.declare(p.Name, p.Class, p.Group, Info{Rule: "Custom pattern", Source: "configuration"})
		if err != nil {
			errs = append(errs, fmt.Errorf("patterns[%d]: %w", i, err))
		}
		re, err := compile(p.Regex)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("patterns[%d]: compiling the expression: %w", i, err))
			continue
		case re.MatchString(""):
			errs = append(errs, fmt.Errorf("patterns[%d]: the expression matches the empty text", i))
			continue
		}
		set.patterns = append(set.patterns, compiled{re: re, name: p.Name, entity: e})
		exprs = append(exprs, p.Regex)
	}
	if len(errs) > 0 || len(patterns) == 0 {
		return errors.Join(errs...)
	}
	if err := set.compile(exprs); err != nil {
		return fmt.Errorf("patterns: compiling the set: %w", err)
	}
	d.patterns = set
	return nil
}

// compile makes the literals and the sets of the patterns.
func (p *patternSet) compile(exprs []string) error {
	literals := make([][]string, len(exprs))
	p.bareWords = make([]uint64, (len(exprs)+63)/64)
	var bare []string
	total := 0
	for i, expr := range exprs {
		l := requiredLiterals(expr)
		if total += len(l); total > maxPrefilter {
			l = nil
		}
		if literals[i] = l; l == nil {
			p.bare, bare = append(p.bare, i), append(bare, expr)
			p.bareWords[i/64] |= 1 << (i % 64)
		}
	}
	p.literals = newPrefilter(literals)
	var err error
	if p.set, err = experimental.CompileSet(exprs); err == nil && len(bare) > 0 {
		p.bareSet, err = experimental.CompileSet(bare)
	}
	return err
}

// compile parses the expression first, as RE2 writes what it cannot parse to the standard error.
func compile(expr string) (*re2.Regexp, error) {
	if _, err := syntax.Parse(expr, syntax.Perl); err != nil {
		return nil, err
	}
	return re2.Compile(expr)
}

func (d *Detector) addKeys(rules []KeyRule) error {
	var errs []error
	for i, r := range rules {
		if r.Glob == "" {
			errs = append(errs, fmt.Errorf("keys[%d]: empty glob", i))
		}
		e, known := d.byName[r.Entity]
		if !known {
			var err error
			e, err = d.declare(r.Entity, r.Class, r.Group, Info{Rule: "Custom key: the whole value", Source: "configuration", Opaque: true})
			if err != nil {
				errs = append(errs, fmt.Errorf("keys[%d]: %w", i, err))
			}
		}
		d.keys = append(d.keys, customKey{glob: strings.ToLower(r.Glob), entity: e})
	}
	return errors.Join(errs...)
}

// declare adds a custom entity. The class defaults to the letters of the name, the group to personal.
func (d *Detector) declare(name, class string, group Group, info Info) (Entity, error) {
	if old, ok := d.byName[name]; ok {
		if d.infos[old].Custom {
			return old, nil
		}
		return None, fmt.Errorf("entity %q is built in", name)
	}
	if !isSnake(name) {
		return None, fmt.Errorf("entity name %q is not lower snake case", name)
	}
	if class == "" {
		class = classOf(name)
	}
	if !isClass(class) {
		return None, fmt.Errorf("class %q of entity %q is not 2 to 16 lower-case letters", class, name)
	}
	if group == "" {
		group = Personal
	}
	info.Name, info.Class, info.Group, info.Custom = name, class, group, true
	e := Entity(len(d.infos))
	d.infos = append(d.infos, info)
	d.byName[name] = e
	return e, nil
}

func isSnake(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isLower(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return name != "" && isLower(name[0])
}

func isClass(class string) bool {
	for i := range len(class) {
		if !isLower(class[i]) {
			return false
		}
	}
	return len(class) >= 2 && len(class) <= 16
}

// classOf returns the letters of a name, at most 16.
func classOf(name string) string {
	var b []byte
	for i := range len(name) {
		if isLower(name[i]) && len(b) < 16 {
			b = append(b, name[i])
		}
	}
	return string(b)
}
