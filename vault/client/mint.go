package client

import (
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
)

// table says how each class is minted now. Immutable.
type table map[token.Class]*minter

// minter is the right to mint one class in one epoch. Immutable but for its epoch's deadline.
type minter struct {
	epoch *epoch
	key   keyring.Key
	// remote: the vault mints. The key is this process's own, and values are remembered by their MAC under it.
	remote bool
	head   string          // of its tokens, up to the class
	seeds  [2]maphash.Seed // see mintedKey
}

func newMinter(e *epoch, class token.Class, key keyring.Key, remote bool) *minter {
	return &minter{
		epoch: e, key: key, remote: remote, head: token.Prefix + class.Name, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// scratch is what an issuer keeps in a batch's State: MACs belong to one goroutine at a time, as batches do.
type scratch struct {
	issuer *Issuer
	table  *table // the one macs was made for
	macs   map[token.Class]*mac
	last   token.Class // the class minted last, and how: neighbors are often alike
	lastly *mac
	mints  uint
	now    int64  // Unix nanoseconds, refreshed now and then: see clockEvery
	losses uint64 // the issuer's, when the batch first relied on what is durable
}

type mac struct {
	*minter
	hash *keyring.MAC
}

// clockEvery is how many mints share one look at the clock within a batch. A batch lives for milliseconds.
const clockEvery = 256

// Mint appends the token for the canonical value of class to dst and records it in b, unless it is one-way or remembered as
// durable. In the common case it neither blocks nor allocates. A class seen first, or whose grant ended, waits for one call to the
// vault. It fails with [token.ErrUnavailable] or [ErrRefused], and then dst is returned as it was.
//
// It panics when the class is not [token.ValidClass]: policies are checked before they mint.
func (i *Issuer) Mint(dst []byte, class token.Class, canonical []byte, b *token.Batch) ([]byte, error) {
	s := i.scratchOf(b)
	if b.Empty() || s.mints%clockEvery == 0 {
		s.now = i.settings.Now().UnixNano()
	}
	s.mints++
	m := s.mac(class)
	if m == nil || s.now >= m.epoch.until.Load() {
		var err error
		if m, err = s.obtain(class); err != nil {
			return dst, err
		}
	}
	if m.remote {
		return i.mintRemote(dst, m, class, canonical, b, s.now)
	}
	if class.Kind == token.Deterministic {
		if b.Known() == 0 {
			s.losses = i.losses.Load()
		}
		if tail, ok := m.remembered(canonical); ok {
			b.AddKnown()
			return append(append(dst, m.head...), tail[:]...), nil
		}
	}
	var id token.Identity
	if class.Kind == token.Random {
		id = m.hash.RandomIdentity(canonical)
	} else {
		id = m.hash.Identity(canonical)
	}
	n, kid := len(dst), m.epoch.kid
	dst = token.Append(dst, class.Name, kid, id, i.recognizer.Load().Tag(class.Name, kid, id))
	if class.Kind != token.OneWay {
		b.Add(class, kid, id, dst[n:], canonical)
	}
	return dst, nil
}

// mintRemote appends a token that the vault minted before, or a stand-in for the one it mints at Commit.
func (i *Issuer) mintRemote(dst []byte, m *mac, class token.Class, canonical []byte, b *token.Batch, now int64) ([]byte, error) {
	var id token.Identity
	if class.Kind == token.Random {
		id = m.hash.RandomIdentity(canonical)
	} else {
		id = m.hash.Identity(canonical)
		if t, ok := i.issued().get(id, now); ok {
			i.stats.issuedKnown.Add(1)
			return token.Append(dst, class.Name, t.kid, t.identity, t.tag), nil
		}
	}
	if b.Local {
		return dst, fmt.Errorf("mint %s: %w: only the vault mints this class", class.Name, token.ErrUnavailable)
	}
	n := len(dst)
	dst = token.Append(dst, class.Name, standInKid, id, 0)
	b.Pend(class, standInKid, id, dst[n:], canonical)
	return dst, nil
}

func (i *Issuer) scratchOf(b *token.Batch) *scratch {
	if s, ok := b.State.(*scratch); ok && s.issuer == i {
		return s
	}
	s := &scratch{issuer: i, macs: map[token.Class]*mac{}, losses: i.losses.Load()}
	b.State = s
	return s
}

// mac returns the state that mints class, or nil when there is no grant for it.
func (s *scratch) mac(class token.Class) *mac {
	if t := s.issuer.table.Load(); t != s.table {
		s.adopt(t)
	}
	if s.lastly != nil && s.last == class {
		return s.lastly
	}
	m := s.macs[class]
	if m == nil {
		m = s.make(class)
	}
	s.last, s.lastly = class, m
	return m
}

func (s *scratch) make(class token.Class) *mac {
	granted := (*s.table)[class]
	if granted == nil {
		return nil
	}
	m := &mac{minter: granted, hash: keyring.NewMAC(granted.key)}
	s.macs[class] = m
	return m
}

// adopt drops the states that another table made obsolete, and with them their keys.
func (s *scratch) adopt(t *table) {
	for class, m := range s.macs {
		if (*t)[class] != m.minter {
			delete(s.macs, class)
		}
	}
	s.table, s.lastly = t, nil
}

// obtain asks the vault for class and waits for the answer.
func (s *scratch) obtain(class token.Class) (*mac, error) {
	if !token.ValidClass(class.Name) {
		panic(fmt.Sprintf("client: class of %d bytes is outside the grammar", len(class.Name)))
	}
	if s.issuer.unlinks() && s.issuer.cutOff(class.Scope) {
		if m := s.issuer.standIn(class); m != nil {
			return m, nil
		}
	}
	if err := s.issuer.obtainInTime(class); err != nil {
		if m := s.issuer.standIn(class); m != nil && errors.Is(err, token.ErrUnavailable) {
			return m, nil
		}
		return nil, err
	}
	s.now = s.issuer.settings.Now().UnixNano()
	m := s.mac(class)
	if m == nil {
		return nil, fmt.Errorf("mint %s: %w: its grant ended at once", class.Name, token.ErrUnavailable)
	}
	return m, nil
}
