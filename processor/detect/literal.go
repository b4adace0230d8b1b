package detect

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// What a regular expression cannot match without: literals of which one stands in every match. They are looked for
// before the expression is, in lower-case ASCII, so that letter case in the expression does not matter.

const (
	maxLiterals     = 64 // alternatives of one expression
	shortestLiteral = 2  // bytes: a shorter one stands in every line
)

// spelling is what an expression, or a part of it, can match.
type spelling struct {
	all  []string // every text it matches; nil: too many
	need []string // literals of which one is in every match; nil: none
}

// requiredLiterals returns literals in lower case of which one stands in every match of the expression; nil when it
// tells none.
func requiredLiterals(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		panic("detect: expression does not parse") // compile has parsed it
	}
	if need := spell(re.Simplify()).required(); shortest(need) >= shortestLiteral {
		return need
	}
	return nil
}

// required returns the better one of what a part spells and what it needs.
func (s spelling) required() []string {
	if better(s.all, s.need) {
		return s.all
	}
	return s.need
}

// better reports whether a tells more than b: longer literals, or fewer as long.
func better(a, b []string) bool {
	if shortest(a) != shortest(b) {
		return shortest(a) > shortest(b)
	}
	return len(a) < len(b)
}

// shortest returns the length of the shortest literal, 0 when there is none.
func shortest(literals []string) int {
	if len(literals) == 0 {
		return 0
	}
	return len(slices.MinFunc(literals, func(a, b string) int { return len(a) - len(b) }))
}

func spell(re *syntax.Regexp) spelling {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return spelling{all: []string{""}}
	case syntax.OpLiteral:
		parts := make([]spelling, len(re.Rune))
		for i, r := range re.Rune {
			parts[i] = spellRune(r, re.Flags&syntax.FoldCase != 0)
		}
		return concat(parts)
	case syntax.OpCharClass:
		return spellClass(re.Rune)
	case syntax.OpCapture:
		return spell(re.Sub[0])
	case syntax.OpQuest:
		if s := spell(re.Sub[0]); s.all != nil {
			return spelling{all: union(s.all, []string{""})}
		}
	case syntax.OpPlus:
		return spelling{need: spell(re.Sub[0]).required()}
	case syntax.OpConcat:
		return concat(spellEach(re.Sub))
	case syntax.OpAlternate:
		return alternate(spellEach(re.Sub))
	}
	return spelling{}
}

func spellEach(subs []*syntax.Regexp) []spelling {
	parts := make([]spelling, len(subs))
	for i, sub := range subs {
		parts[i] = spell(sub)
	}
	return parts
}

// spellRune returns what a literal rune matches. With letter case folded, that may be letters outside ASCII: the sign
// for Kelvin is a k. U+FFFD stands for bytes that are no character, which are spelled in many ways.
func spellRune(r rune, fold bool) spelling {
	if r == unicode.ReplacementChar {
		return spelling{}
	}
	all := []string{lowered(r)}
	if fold {
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			all = union(all, []string{lowered(f)})
		}
	}
	return spelling{all: all}
}

func lowered(r rune) string {
	if r < 0x80 {
		r = rune(lower(byte(r)))
	}
	return string(r)
}

// spellClass returns what a class of few characters matches; its ranges are pairs.
func spellClass(ranges []rune) spelling {
	var all []string
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1]-ranges[i] >= maxClass {
			return spelling{}
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == unicode.ReplacementChar {
				return spelling{}
			}
			all = union(all, []string{lowered(r)})
		}
	}
	if len(all) > maxClass {
		return spelling{}
	}
	return spelling{all: all}
}

// maxClass is how many characters of a class are spelled out.
const maxClass = 8

// concat returns what parts match one after the other.
func concat(parts []spelling) spelling {
	whole, need := []string{""}, []string(nil)
	complete := true
	for _, p := range parts {
		if p.all != nil && len(p.all)*len(whole) <= maxLiterals {
			whole = product(whole, p.all)
			continue
		}
		complete = false
		if better(whole, need) {
			need = whole
		}
		if better(p.need, need) {
			need = p.need
		}
		whole = []string{""}
		if p.all != nil {
			whole = p.all
		}
	}
	if complete {
		return spelling{all: whole}
	}
	if better(whole, need) {
		need = whole
	}
	return spelling{need: need}
}

// alternate returns what one of the parts matches.
func alternate(parts []spelling) spelling {
	all, need := []string{}, []string{}
	for _, p := range parts {
		if all != nil && p.all != nil && len(all)+len(p.all) <= maxLiterals {
			all = union(all, p.all)
		} else {
			all = nil
		}
		one := p.required()
		if need != nil && shortest(one) > 0 && len(need)+len(one) <= maxLiterals {
			need = union(need, one)
		} else {
			need = nil
		}
	}
	return spelling{all: all, need: need}
}

func product(a, b []string) []string {
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x+y)
		}
	}
	return union(nil, out)
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}
