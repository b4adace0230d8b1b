package client

import (
	"encoding/binary"
	"sync"

	"github.com/cloakroom/cloakroom/vault/token"
)

// issued remembers what the vault minted, under a keyed hash of the value: no value can be read out of it. Each entry
// dies when its epoch, its reuse or its kid ends. It forgets at will, and what is forgotten is asked for again. Bounded,
// 48 bytes an entry. Safe for concurrent use.
type issued struct{ sets []issuedSet }

type issuedSet struct {
	mu      sync.Mutex
	entries [ways]issuedToken // the most recently used first
}

// issuedToken is a token without its class, which is part of what the key was made from.
type issuedToken struct {
	key      token.Identity
	identity token.Identity
	kid      token.Kid
	tag      uint32
	until    int64 // Unix nanoseconds; 0: empty
}

func newIssued(n int) *issued {
	sets := 1
	for sets*ways < n {
		sets *= 2
	}
	return &issued{sets: make([]issuedSet, sets)}
}

func (l *issued) set(key *token.Identity) *issuedSet {
	return &l.sets[binary.LittleEndian.Uint64(key[:])&uint64(len(l.sets)-1)]
}

// get returns the token that is remembered under the key.
func (l *issued) get(key token.Identity, now int64) (t issuedToken, ok bool) {
	s := l.set(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.entries {
		if e := &s.entries[i]; e.key == key && e.until > now {
			t = *e
			copy(s.entries[1:i+1], s.entries[:i])
			s.entries[0] = t
			return t, true
		}
	}
	return issuedToken{}, false
}

// put remembers a token in place of the least recently used one of its set.
func (l *issued) put(t issuedToken) {
	s := l.set(&t.key)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := ways - 1
	for i := range s.entries {
		if s.entries[i].key == t.key {
			at = i
			break
		}
	}
	copy(s.entries[1:at+1], s.entries[:at])
	s.entries[0] = t
}

// forget drops all tokens of a kid, and of every kid when all is set.
func (l *issued) forget(kid token.Kid, all bool) {
	for i := range l.sets {
		s := &l.sets[i]
		s.mu.Lock()
		for j := range s.entries {
			if all || s.entries[j].kid == kid {
				s.entries[j] = issuedToken{}
			}
		}
		s.mu.Unlock()
	}
}
