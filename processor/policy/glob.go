package policy

import (
	"errors"
	"strings"
)

// glob matches whole keys: * is any run of bytes, ? is one byte, everything else itself; ASCII letters match in
// either case.
type glob struct {
	pattern string // lower case, runs of * collapsed
	literal bool   // holds neither * nor ?
}

const maxGlob = 256

func parseGlob(s string) (glob, error) {
	switch {
	case s == "":
		return glob{}, errors.New("empty")
	case strings.TrimSpace(s) != s:
		return glob{}, errors.New("has white space around it")
	case len(s) > maxGlob:
		return glob{}, errors.New("longer than 256 bytes")
	case strings.ContainsAny(s, "[]{}\\"):
		return glob{}, errors.New("only * and ? are special: brackets, braces and backslashes have no meaning here")
	}
	s = strings.ToLower(s)
	for strings.Contains(s, "**") {
		s = strings.ReplaceAll(s, "**", "*")
	}
	return glob{pattern: s, literal: !strings.ContainsAny(s, "*?")}, nil
}

// match reports whether the whole key matches. Linear for a literal; else the usual backtracking to the last star.
func (g glob) match(key string) bool {
	if g.literal && len(g.pattern) != len(key) {
		return false
	}
	return g.accepts(key, false)
}

// covers reports whether every key that other matches is matched by g, too. It may answer false where a cleverer
// proof exists, never true where there is none: other's wildcards are read as letters that only g's wildcards accept
// (its * only a *).
func (g glob) covers(other glob) bool {
	return g.accepts(other.pattern, true)
}

// accepts matches text; where it is a pattern itself, its stars are no letter that ? or a letter stands for.
func (g glob) accepts(text string, pattern bool) bool {
	p, star, resume := 0, -1, 0
	for i := 0; i < len(text); {
		c := lower(text[i])
		switch {
		case p < len(g.pattern) && g.pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(g.pattern) && (!pattern || c != '*') && (g.pattern[p] == '?' || g.pattern[p] == c):
			p, i = p+1, i+1
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	for p < len(g.pattern) && g.pattern[p] == '*' {
		p++
	}
	return p == len(g.pattern)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func matchAny(globs []glob, key string) bool {
	for i := range globs {
		if globs[i].match(key) {
			return true
		}
	}
	return false
}
