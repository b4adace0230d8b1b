package keyring_test

import (
	"testing"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

func TestRandomIdentity(t *testing.T) {
	m, other := keyring.NewMAC(keyring.Key{1}), keyring.NewMAC(keyring.Key{2})
	value := []byte("alice@example.com")
	a, b := m.RandomIdentity(value), m.RandomIdentity(value)
	if a == b || [7]byte(a[:]) == [7]byte(b[:]) || [7]byte(a[7:]) == [7]byte(b[7:]) {
		t.Fatalf("two identities of one value are alike: %x, %x", a, b)
	}
	for name, c := range map[string]struct {
		mac   *keyring.MAC
		value string
		flip  int
		want  bool
	}{
		"the same value and key": {m, "alice@example.com", -1, true},
		"another value":          {m, "bob@example.com", -1, false},
		"no value":               {m, "", -1, false},
		"another key":            {other, "alice@example.com", -1, false},
		"another random half":    {m, "alice@example.com", 0, false},
		"another MAC half":       {m, "alice@example.com", 13, false},
	} {
		id := a
		if c.flip >= 0 {
			id[c.flip] ^= 1
		}
		if got := c.mac.MadeRandom(id, []byte(c.value)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if m.MadeRandom(m.Identity(value), value) {
		t.Error("a deterministic identity passes for a random one")
	}
}
