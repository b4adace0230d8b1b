package server

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cloakroom/cloakroom/vault/token"
)

// ClassModes says which classes an agent mints itself, under its grant, and which the vault mints for it (Issue). A key
// to mint with is a key to guess with: whoever steals it tries all social security numbers in an hour.
//
// A class named in neither list is issued unless it is one of [LocalClasses]. That is the careful choice for classes of
// users' own patterns, of which nothing is known: it costs a call to the vault for each value an agent sees first, and a
// part of its rate. Whose pattern matches what nobody can list, such as long random ids, names the class in Local.
type ClassModes struct {
	// Issue and Local are names of classes, [a-z]{2,16}. No class is in both.
	Issue, Local []string
}

// Validate reports every fault at once, each by its path.
func (m ClassModes) Validate() error {
	var faults []error
	check := func(path string, classes []string) {
		for n, c := range classes {
			if !token.ValidClass(c) {
				faults = append(faults, fmt.Errorf("classes.%s[%d]: %q: want [a-z]{2,16}", path, n, c))
			}
		}
	}
	check("issue", m.Issue)
	check("local", m.Local)
	for _, c := range m.Issue {
		if slices.Contains(m.Local, c) {
			faults = append(faults, fmt.Errorf("classes: %q is in issue and in local", c))
		}
	}
	return errors.Join(faults...)
}

// Issued reports whether only the vault mints a class.
func (m ClassModes) Issued(class string) bool {
	switch {
	case slices.Contains(m.Local, class):
		return false
	case slices.Contains(m.Issue, class):
		return true
	}
	_, local := slices.BinarySearch(localClasses, class)
	return !local
}

// LocalClasses are the classes that agents mint themselves by default, sorted.
func LocalClasses() []string { return slices.Clone(localClasses) }
