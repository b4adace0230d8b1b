package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/cloakroom/cloakroom/config/policies"
)

// source is one list of rules: the configuration's own or a preset's.
type source struct {
	path  string // before the YAML paths in faults: "" or "presets[0] (pci): "
	label string // before the YAML paths in decisions: "" or "pci: "
	File
}

// sources returns the configuration's own rules, then those of the presets that could be read.
func (c Config) sources(faults *faults) []source {
	all := []source{{File: File{Rules: c.Rules, Patterns: c.Patterns}}}
	seen := map[string]bool{}
	for i, name := range c.Presets {
		at := fmt.Sprintf("presets[%d]", i)
		if seen[name] {
			faults.add(at, fmt.Errorf("%q is named twice", name))
			continue
		}
		seen[name] = true
		f, err := ReadFile(name)
		if err != nil {
			faults.add(at, err)
			continue
		}
		all = append(all, source{path: fmt.Sprintf("%s (%s): ", at, name), label: name + ": ", File: f})
	}
	return all
}

// ReadFile reads the built-in policy of that name or, when the name holds a slash or ends in .yaml or .yml, the policy
// file at that path. Unknown fields are errors.
func ReadFile(name string) (File, error) {
	var text []byte
	if isPath(name) {
		b, err := os.ReadFile(name)
		if err != nil {
			return File{}, fmt.Errorf("read policy file: %w", err)
		}
		text = b
	} else {
		b, ok := policies.Read(name)
		if !ok {
			known := strings.Join(policies.Names(), ", ")
			hint := ""
			if s := nearest(name, policies.Names()); s != "" {
				hint = fmt.Sprintf("did you mean %q? ", s)
			}
			return File{}, fmt.Errorf("unknown preset %q (%sknown: %s; a policy file is named by a path that ends in .yaml)", name, hint, known)
		}
		text = b
	}
	var f File
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("policy file %s: %w", name, err)
	}
	return f, nil
}

func isPath(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
