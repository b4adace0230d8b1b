package memory_test

import (
	"testing"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Opener{New: func(*testing.T) store.Store { return memory.New() }})
}
