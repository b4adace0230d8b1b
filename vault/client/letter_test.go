package client

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/token"
)

// TestSealLetter: letters are sealed under a live grant, of which the first asks, and under nothing else.
func TestSealLetter(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	at, key := escrow.Place{Topic: "orders", Partition: 1, Offset: 2}, []byte("a key of letters")
	opens := func(when string) {
		t.Helper()
		sealed, err := i.SealLetter("default", at, key)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		e, err := v.keys.Current("default")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := escrow.OpenLetter(e, at, sealed); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s: it does not open: %v", when, err)
		}
	}
	fails := func(when string) {
		t.Helper()
		if sealed, err := i.SealLetter("default", at, key); !errors.Is(err, token.ErrUnavailable) || sealed != nil {
			t.Errorf("%s: sealed, or another error: %v", when, err)
		}
	}
	v.down.Store(true)
	fails("before the first grant")
	v.down.Store(false)
	v.clock.add(time.Minute)
	opens("when the vault answers")
	before := v.grants.Load()
	opens("under the grant that there is")
	if v.grants.Load() != before {
		t.Error("a letter asked for another grant")
	}
	v.down.Store(true)
	opens("while the vault is away and the grant lives")
	v.clock.add(2 * time.Hour)
	fails("when the grant has ended")
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	fails("after the end")
}
