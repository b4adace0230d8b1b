// Package policies holds the policies that ship with Cloakroom, each a commented YAML file that can be read, copied
// and overridden. A configuration names them under presets.
package policies

import (
	"embed"
	"path"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the policies in alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("policies: the embedded folder is missing: " + err.Error())
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
	}
	return names
}

// Read returns the YAML of the named policy; ok is false when there is none of that name.
func Read(name string) (yaml []byte, ok bool) {
	b, err := files.ReadFile(name + ".yaml")
	return b, err == nil
}
