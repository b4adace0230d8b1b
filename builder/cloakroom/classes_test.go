package main

import (
	"slices"
	"testing"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/vault/server"
)

// TestClassMap compares what agents may mint by themselves with what the detector knows: of everything that is no secret,
// only what people choose freely or what is drawn from many random bits.
func TestClassMap(t *testing.T) {
	free := []string{"email", "name", "user", "address", "adid", "wallet"}
	known := map[string]bool{}
	for _, e := range detect.Builtins()[1:] {
		known[e.Class] = true
		local := e.Group == detect.Credential && e.Class != "password" || slices.Contains(free, e.Class)
		if issued := (server.ClassModes{}).Issued(e.Class); issued == local {
			t.Errorf("%s: class %s: issued by the vault: %v, want %v", e.Name, e.Class, issued, !local)
		}
	}
	if !slices.IsSorted(server.LocalClasses()) {
		t.Error("the local classes are not sorted")
	}
	for _, c := range server.LocalClasses() {
		if !known[c] {
			t.Errorf("class %s is local and no entity has it", c)
		}
	}
	if !(server.ClassModes{}).Issued("customone") || (server.ClassModes{Local: []string{"customone"}}).Issued("customone") || !(server.ClassModes{Issue: []string{"email"}}).Issued("email") {
		t.Error("what nobody knows is issued, unless configured")
	}
}
