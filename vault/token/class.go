package token

import "fmt"

const (
	minClass = 2
	maxClass = 16
)

// ValidClass reports whether s can be the class of a token: [a-z]{2,16}.
func ValidClass(s string) bool { return len(s) <= maxClass && classLen(s) == len(s) && s != "" }

// classLen is the length of the class s starts with, or 0.
func classLen(s string) int {
	n := 0
	for n < len(s) && n <= maxClass && 'a' <= s[n] && s[n] <= 'z' {
		n++
	}
	if n < minClass || n > maxClass {
		return 0
	}
	return n
}

// Kind says how the identity of a token comes about and whether it can be redeemed.
type Kind uint8

const (
	// Deterministic tokens are equal for equal values of one scope and epoch. The default.
	Deterministic Kind = iota
	// Random tokens are new each time: two of them cannot be linked.
	Random
	// OneWay tokens are deterministic and never escrowed: they correlate and cannot be redeemed.
	OneWay
)

var kinds = [...]string{Deterministic: "deterministic", Random: "random", OneWay: "one_way"}

// String is the kind's name in configuration.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ParseKind reads the name of a kind. The empty name is Deterministic.
func ParseKind(s string) (Kind, error) {
	if s == "" {
		return Deterministic, nil
	}
	for k, name := range kinds {
		if s == name {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown kind %q: want deterministic, random or one_way", s)
}

// Class says how a value is minted. It is comparable and meant as a map key.
type Class struct {
	Name  string // the class written into the token, see [ValidClass]
	Scope string // the scope whose epoch the token belongs to
	Kind  Kind
}
