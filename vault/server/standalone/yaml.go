package standalone

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// The YAML package words its faults for who writes Go. These are for who writes YAML.
var (
	unknownKey = regexp.MustCompile(`^(line \d+): field (.+) not found in type \S+$`)
	wrongType  = regexp.MustCompile(`(?s)^(line \d+): cannot unmarshal .* into (\S+)$`)
)

// unknownKeys are the faults of keys that no configuration has. The text is read once more for them: what was expanded
// has no lines that anybody could find.
func unknownKeys(raw []byte) (out []string) {
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var wrong *yaml.TypeError
	if errors.As(d.Decode(&Config{}), &wrong) {
		for _, e := range wrong.Errors {
			if unknownKey.MatchString(e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// addYAML adds faults as the YAML package words them. What stands there is left out: it may be a secret.
func (f *faults) addYAML(words []string) {
	for _, w := range words {
		switch m := wrongType.FindStringSubmatch(w); {
		case m != nil:
			f.add("%s: want %s", m[1], wanted(m[2]))
		default:
			f.add("%s", unknownKey.ReplaceAllString(w, "$1: no such key: $2"))
		}
	}
}

// wanted says in words what a Go type takes.
func wanted(goType string) string {
	switch {
	case goType == "time.Duration":
		return "a duration such as 2h"
	case strings.HasPrefix(goType, "[]"):
		return "a list, such as [a, b]"
	case strings.Contains(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "string":
		return "text"
	}
	return "keys with values, such as {key: value}"
}
