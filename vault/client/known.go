package client

import (
	"encoding/binary"
	"sync"

	"github.com/cloakroom/cloakroom/vault/token"
)

// known remembers identities of one epoch whose records are durable. It forgets at will, and a forgotten one is
// escrowed again, which changes nothing. It never claims one that was not added. Safe for concurrent use.
//
// A token that the vault was told to forget may still be known here. Escrowing it again would not bring it back
// either: the vault's tombstone refuses it until the epoch is gone.
type known struct{ sets []set }

// ways identities share a set, the most recently used first. A set fills one cache line and has its own lock, so
// goroutines rarely meet.
const ways = 4

type set struct {
	mu  sync.Mutex
	ids [ways]token.Identity
}

// newKnown remembers n identities, rounded up to a power of two.
func newKnown(n int) *known {
	sets := 1
	for sets*ways < n {
		sets *= 2
	}
	return &known{sets: make([]set, sets)}
}

func (k *known) set(id *token.Identity) *set {
	// Identities are uniform already.
	return &k.sets[binary.LittleEndian.Uint64(id[:])&uint64(len(k.sets)-1)]
}

// has reports whether id was added and not forgotten since.
func (k *known) has(id token.Identity) bool {
	if id == (token.Identity{}) {
		return false // what empty places hold
	}
	s := k.set(&id)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.ids {
		if s.ids[i] == id {
			copy(s.ids[1:i+1], s.ids[:i])
			s.ids[0] = id
			return true
		}
	}
	return false
}

// add remembers id in place of the least recently used one of its set.
func (k *known) add(id token.Identity) {
	if k.has(id) {
		return
	}
	s := k.set(&id)
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(s.ids[1:], s.ids[:ways-1])
	s.ids[0] = id
}

// clear forgets everything.
func (k *known) clear() {
	for i := range k.sets {
		s := &k.sets[i]
		s.mu.Lock()
		s.ids = [ways]token.Identity{}
		s.mu.Unlock()
	}
}
