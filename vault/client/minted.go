package client

import (
	"encoding/binary"
	"hash/maphash"
	"sync/atomic"

	"github.com/cloakroom/cloakroom/vault/token"
)

// minted remembers deterministic tokens of one epoch whose records are durable and that were minted again since. It forgets
// at will, and what is forgotten is minted again, the same. Values are not in it, see [mintedKey]. Bounded, 64 bytes a
// token. Safe for concurrent use, without locks.
type minted struct{ sets [][mintedWays]mintedSeat }

const (
	mintedWays = 2
	maxMinted  = 1 << 16
)

// mintedKey is the value and its class, hashed twice under random seeds that are the minter's own: that two values of an
// epoch share one has a chance of 2⁻¹²⁸. Whoever knows the seeds can try values, as with the mint key beside them.
type mintedKey [2]uint64

func (m *minter) keyOf(canonical []byte) mintedKey {
	return mintedKey{maphash.Bytes(m.seeds[0], canonical), maphash.Bytes(m.seeds[1], canonical)}
}

// remembered returns the token of a value, if it needs no record.
func (m *minter) remembered(canonical []byte) (tail mintedTail, ok bool) {
	memory := m.epoch.minted.Load()
	if memory == nil {
		return tail, false
	}
	return memory.get(m.keyOf(canonical))
}

// remember has a token remembered that was found durable after memory was loaded: a memory that was dropped meanwhile, as
// its tokens may be durable no more, is none that anybody looks into.
func (i *Issuer) remember(memory *minted, r token.Record) {
	if m := (*i.table.Load())[r.Class]; memory != nil && m != nil && m.epoch.kid == r.Kid {
		memory.put(m.keyOf(r.Canonical), mintedTail(r.Token[len(r.Token)-token.TailSize:]))
	}
}

// mintedTail is a token from behind its class.
type mintedTail [token.TailSize]byte

// mintedSeat fills one cache line. A version that is odd says that it is being written, 0 that it is empty; whoever reads
// the same one before and after has read what belongs together.
type mintedSeat struct {
	version atomic.Uint64
	key     [len(mintedKey{})]atomic.Uint64
	tail    [token.TailSize / 8]atomic.Uint64
}

// newMinted remembers n tokens, rounded up to a power of two, but no more than maxMinted.
func newMinted(n int) *minted {
	sets := 1
	for sets*mintedWays < min(n, maxMinted) {
		sets *= 2
	}
	return &minted{sets: make([][mintedWays]mintedSeat, sets)}
}

func (m *minted) set(key mintedKey) *[mintedWays]mintedSeat {
	return &m.sets[key[0]&uint64(len(m.sets)-1)]
}

// get returns what is remembered under the key.
func (m *minted) get(key mintedKey) (tail mintedTail, ok bool) {
	set := m.set(key)
	for i := range set {
		s := &set[i]
		version := s.version.Load()
		if s.key[0].Load() != key[0] || s.key[1].Load() != key[1] {
			continue
		}
		for j := range s.tail {
			binary.LittleEndian.PutUint64(tail[8*j:], s.tail[j].Load())
		}
		return tail, version != 0 && version%2 == 0 && s.version.Load() == version
	}
	return tail, false
}

// put remembers a token in place of the one of its set that was put longest ago.
func (m *minted) put(key mintedKey, tail mintedTail) {
	set := m.set(key)
	s := &set[(set[0].version.Load()+set[1].version.Load())/2%mintedWays] // each put adds 2 to one of them
	version := s.version.Load()
	if version%2 != 0 || !s.version.CompareAndSwap(version, version+1) {
		return // somebody else is writing it
	}
	for i := range key {
		s.key[i].Store(key[i])
	}
	for j := range s.tail {
		s.tail[j].Store(binary.LittleEndian.Uint64(tail[8*j:]))
	}
	s.version.Store(version + 2)
}
