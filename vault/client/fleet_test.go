package client_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/token"
)

// spellings of one mail address, which are one value.
func spellings(n int) [3]string {
	plain := fmt.Sprintf("user%d@example.com", n)
	return [3]string{plain, strings.ToUpper(plain), strings.Replace(plain, "user", "UsEr", 1)}
}

// TestFleetDeterminism: three agents with spools, many values in every spelling, at once, against one vault: one token
// per value and scope, and no two scopes share one.
func TestFleetDeterminism(t *testing.T) {
	values := 100_000
	if testing.Short() {
		values = 10_000
	}
	v := embedded(t)
	classes := []token.Class{{Name: "email", Scope: "default"}, {Name: "email", Scope: "other"}}
	results := make([][]token.Identity, 3*len(classes)) // by agent and class: of every value
	kids := make([]token.Kid, len(results))
	var wg sync.WaitGroup
	for a := range 3 {
		sp, err := spool.Open(spool.Settings{Directory: filepath.Join(t.TempDir(), "spool")})
		if err != nil {
			t.Fatal(err)
		}
		i := client.New(v.Issuer(), client.Settings{Spool: sp})
		t.Cleanup(func() {
			if err := errors.Join(i.Close(), sp.Close(context.Background())); err != nil {
				t.Error(err)
			}
		})
		for c, class := range classes {
			out := make([]token.Identity, values)
			at := a*len(classes) + c
			results[at] = out
			wg.Go(func() {
				var b token.Batch
				var canon, dst []byte
				for k := range values {
					n := (k*7919 + a*31) % values // each agent in an order of its own
					for s, spelled := range spellings(n) {
						canon = rewrite.Canonical(canon[:0], detect.Email, detect.Finding{End: len(spelled)}, spelled)
						var err error
						if dst, err = i.Mint(dst[:0], class, canon, &b); err != nil {
							t.Error(err)
							return
						}
						parsed, err := token.Parse(string(dst))
						if err != nil || s > 0 && parsed.Identity != out[n] {
							t.Errorf("spelling %d of value %d has another token (%v)", s, n, err)
							return
						}
						out[n], kids[at] = parsed.Identity, parsed.Kid
					}
					if b.Len() >= 1000 {
						if err := i.Commit(context.Background(), &b); err != nil {
							t.Error(err)
							return
						}
						b.Reset()
					}
				}
			})
		}
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	seen := make(map[token.Identity]bool, 2*values)
	for n := range values {
		for c := range classes {
			id := results[c][n]
			for a := 1; a < 3; a++ {
				if results[a*len(classes)+c][n] != id || kids[a*len(classes)+c] != kids[c] {
					t.Fatalf("value %d has two tokens in scope %s", n, classes[c].Scope)
				}
			}
			if seen[id] {
				t.Fatalf("value %d shares a token in scope %s", n, classes[c].Scope)
			}
			seen[id] = true
		}
	}
}
