package keyring

import (
	"testing"

	"github.com/cloakroom/cloakroom/vault/token"
)

func TestUnlinked(t *testing.T) {
	value := []byte("4111111111111111")
	id, salt := NewUnlinked(value)
	if !MadeUnlinked(id, salt, value) {
		t.Fatal("an identity is not that of its value")
	}
	if again, _ := NewUnlinked(value); again == id {
		t.Error("two tokens of a value link")
	}
	other, otherID := salt, id
	other[0]++
	otherID[token.IdentitySize-1]++
	for name, made := range map[string]bool{
		"another value":        MadeUnlinked(id, salt, []byte("4111111111111112")),
		"a longer value":       MadeUnlinked(id, salt, append([]byte{0}, value...)),
		"another salt":         MadeUnlinked(id, other, value),
		"another identity":     MadeUnlinked(otherID, salt, value),
		"salt moved into text": MadeUnlinked(id, Salt{}, append(salt[:], value...)),
	} {
		if made {
			t.Errorf("%s passes", name)
		}
	}
}
