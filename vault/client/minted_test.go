package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// tailOf is what the tests below remember under a key: every part of it tells the key.
func tailOf(key mintedKey) (tail mintedTail) {
	for at := 0; at < len(tail); at += 8 {
		binary.LittleEndian.PutUint64(tail[at:], key[1]+uint64(at))
	}
	return tail
}

func TestMinted(t *testing.T) {
	m := newMinted(1000)
	if got := len(m.sets) * mintedWays; got != 1024 {
		t.Errorf("room for %d, want 1024", got)
	}
	if got := len(newMinted(1<<20).sets) * mintedWays; got != maxMinted {
		t.Errorf("room for %d, want no more than %d", got, maxMinted)
	}
	if _, ok := m.get(mintedKey{}); ok {
		t.Error("an empty seat counts as remembered")
	}
	key := func(n uint64) mintedKey { return mintedKey{n * 1024, n} } // all of them meet in one set
	for n := uint64(1); n <= 5; n++ {
		m.put(key(n), tailOf(key(n)))
	}
	for n := uint64(1); n <= 5; n++ {
		tail, ok := m.get(key(n))
		if want := n > 5-mintedWays; ok != want || ok && tail != tailOf(key(n)) {
			t.Errorf("%d remembered: %v, want %v; %x", n, ok, want, tail)
		}
	}
	if _, ok := m.get(mintedKey{key(5)[0], 4}); ok {
		t.Error("half a key is enough")
	}
}

func TestMintedSeatThatIsBeingWritten(t *testing.T) {
	m := newMinted(mintedWays)
	key := mintedKey{1, 2}
	m.put(key, tailOf(key))
	s := &m.sets[0][0]
	s.version.Add(1) // as put does before it writes
	if _, ok := m.get(key); ok {
		t.Error("read while it is being written")
	}
	m.sets[0][1].version.Store(1) // and so the seat that comes next
	m.put(mintedKey{3, 4}, mintedTail{})
	if s.key[0].Load() != key[0] || m.sets[0][1].version.Load() != 1 {
		t.Error("written by two")
	}
}

// TestMintedAtTheSameTime: what is read belongs to the key, whoever writes meanwhile.
func TestMintedAtTheSameTime(t *testing.T) {
	m := newMinted(mintedWays)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			found := 0
			for range 300_000 {
				n := rand.Uint64N(mintedWays + 1)
				key := mintedKey{n, n}
				if tail, ok := m.get(key); !ok {
					m.put(key, tailOf(key))
				} else if found++; tail != tailOf(key) {
					t.Errorf("%v: %x, want %x", key, tail, tailOf(key))
					return
				}
			}
			if found == 0 {
				t.Error("nothing was ever found")
			}
		})
	}
	done.Wait()
}

func TestMintedKeysAreTheMintersOwn(t *testing.T) {
	e := &epoch{}
	a, b := newMinter(e, email, [32]byte{}, false), newMinter(e, email, [32]byte{}, false)
	value := []byte("bird@example.com")
	if a.keyOf(value) != a.keyOf(bytes.Clone(value)) {
		t.Error("one value, two keys")
	}
	if k, l := a.keyOf(value), b.keyOf(value); k[0] == l[0] || k[1] == l[1] || k[0] == k[1] {
		t.Errorf("keys %x and %x of two minters: not seeded each", k, l)
	}
}

// TestWhatNeedsNoRecord mints a value of each kind three times, each time in a batch that is committed: the second commit
// finds it known, and the third batch does without a record.
func TestWhatNeedsNoRecord(t *testing.T) {
	for name, c := range map[string]struct {
		class          token.Class
		records, known [3]int
	}{
		"deterministic": {email, [3]int{1, 1, 0}, [3]int{0, 0, 1}},
		"one-way":       {oneWay, [3]int{}, [3]int{}},
		"random":        {random, [3]int{1, 1, 1}, [3]int{}},
		"of the vault":  {token.Class{Name: "phone", Scope: "default"}, [3]int{1, 0, 0}, [3]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.remote = map[string]bool{"phone": true}
			i := v.issuer(t, Settings{})
			var b token.Batch
			var tokens []string
			for n := range 3 {
				b.Reset()
				tok := settle(t, i, &b, mint(t, i, c.class, "v", &b))[0]
				if b.Len() != c.records[n] || b.Known() != c.known[n] {
					t.Errorf("time %d: %d records and %d known, want %d and %d", n, b.Len(), b.Known(), c.records[n], c.known[n])
				}
				if i.Recognize(tok) != len(tok) {
					t.Errorf("time %d: %s is not recognized", n, tok)
				}
				tokens = append(tokens, tok)
			}
			if same := tokens[0] == tokens[1] && tokens[1] == tokens[2]; same != (c.class.Kind != token.Random) {
				t.Errorf("tokens %v", tokens)
			}
		})
	}
}

// TestUncommittedIsNotKnown: a token goes out without a record only when the vault has acknowledged one.
func TestUncommittedIsNotKnown(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	for range 3 {
		b.Reset()
		mint(t, i, email, "v", &b)
		mint(t, i, email, "v", &b)
		if b.Len() != 1 || b.Known() != 0 {
			t.Fatalf("%d records and %d known, want a record", b.Len(), b.Known())
		}
		v.down.Store(true)
		if err := i.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) {
			t.Fatal(err)
		}
		v.down.Store(false)
	}
}

var user = token.Class{Name: "user", Scope: "default"}

// remembered returns an issuer that remembers the tokens of "v" in two classes of one scope.
func remembered(t *testing.T) (*vault, *Issuer, chan *vaultpb.RevocationsResponse, map[token.Class]string) {
	t.Helper()
	v, i, stream := watched(t, nil)
	tokens := map[token.Class]string{}
	var b token.Batch
	for range 3 {
		for _, c := range []token.Class{email, user} {
			tok := mint(t, i, c, "v", &b)
			if before := tokens[c]; before != "" && tok != before {
				t.Fatalf("%+v: %s, and later %s", c, before, tok)
			}
			tokens[c] = tok
		}
		commit(t, i, &b)
		b.Reset()
	}
	for c, tok := range tokens {
		m := (*i.table.Load())[c]
		if tail, ok := m.epoch.minted.Load().get(m.keyOf([]byte("v"))); !ok || m.head+string(tail[:]) != tok {
			t.Fatalf("%+v: %s is not remembered", c, tok)
		}
	}
	return v, i, stream, tokens
}

func TestMintedEndsWithItsEpoch(t *testing.T) {
	v, i, _, tokens := remembered(t)
	before := i.scope("default").epoch
	v.clock.add(25 * time.Hour)
	var b token.Batch
	if tok := mint(t, i, email, "v", &b); tok == tokens[email] || b.Len() != 1 {
		t.Errorf("%s in the next epoch, with %d records", tok, b.Len())
	}
	if before.minted.Load() != nil {
		t.Error("the old epoch's tokens are still remembered")
	}
}

func TestMintedEndsWithTheGrant(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*vault, *Issuer, chan *vaultpb.RevocationsResponse)
		kept bool // for a grant that only came late
	}{
		"kid revoked": {func(v *vault, _ *Issuer, stream chan *vaultpb.RevocationsResponse) {
			stream <- &vaultpb.RevocationsResponse{EndedKids: []uint32{v.kidOf(t, "default")}}
			stream <- &vaultpb.RevocationsResponse{}
		}, false},
		"agent revoked": {func(v *vault, _ *Issuer, stream chan *vaultpb.RevocationsResponse) {
			v.revoked.Store(true)
			stream <- &vaultpb.RevocationsResponse{CallerRevoked: true}
			stream <- &vaultpb.RevocationsResponse{}
		}, false},
		"renewal denied": {func(v *vault, i *Issuer, _ chan *vaultpb.RevocationsResponse) {
			v.revoked.Store(true)
			v.clock.add(31 * time.Minute)
			i.renewDue()
		}, false},
		"epoch over": {func(v *vault, i *Issuer, _ chan *vaultpb.RevocationsResponse) {
			var b token.Batch
			mint(t, i, email, "new", &b)
			v.over.Store(true)
			v.revoked.Store(true)
			_ = i.Commit(context.Background(), &b)
		}, false},
		"grant run out": {func(v *vault, _ *Issuer, _ chan *vaultpb.RevocationsResponse) {
			v.down.Store(true)
			v.clock.add(61 * time.Minute)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			v, i, stream, tokens := remembered(t)
			e := i.scope("default").epoch
			c.end(v, i, stream)
			if kept := e.minted.Load() != nil; kept != c.kept {
				t.Errorf("its tokens are still remembered: %v, want %v", kept, c.kept)
			}
			var b token.Batch
			for _, c := range []token.Class{email, oneWay} {
				if tok, err := i.Mint(nil, c, []byte("v"), &b); err == nil {
					t.Errorf("%+v: %s", c, tok)
				}
			}
			if name == "kid revoked" {
				return
			}
			v.down.Store(false)
			v.revoked.Store(false)
			v.over.Store(false)
			v.clock.add(5 * time.Minute)
			records := []int{1, 0} // it begins anew
			if c.kept {
				records = []int{0, 0}
			}
			for _, want := range records {
				b.Reset()
				if tok := mint(t, i, email, "v", &b); tok != tokens[email] || b.Len() != want {
					t.Errorf("%s with %d records, want %s with %d", tok, b.Len(), tokens[email], want)
				}
				commit(t, i, &b)
			}
		})
	}
}

func TestMintedEndsWhenRecordsAreAskedForAgain(t *testing.T) {
	v, i, stream, tokens := remembered(t)
	records := v.records.Load()
	var inFlight token.Batch
	mint(t, i, email, "v", &inFlight)
	stream <- &vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{v.kidOf(t, "default")}}
	stream <- &vaultpb.RevocationsResponse{}
	if err := i.Commit(context.Background(), &inFlight); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Commit: %v, want the batch to be minted again", err)
	}
	for n, want := range []int{1, 1, 0} {
		inFlight.Reset()
		if tok := mint(t, i, email, "v", &inFlight); tok != tokens[email] || inFlight.Len() != want {
			t.Errorf("time %d: %s with %d records, want %s with %d", n, tok, inFlight.Len(), tokens[email], want)
		}
		commit(t, i, &inFlight)
	}
	if n := v.records.Load() - records; n != 1 {
		t.Errorf("%d records sent again, want 1", n)
	}
}

func TestMintingWhatIsRememberedAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	_, i, _, _ := remembered(t)
	var b token.Batch
	dst, value := make([]byte, 0, token.MaxSize), []byte("v")
	if n := allocations(func() {
		b.Reset()
		for _, c := range []token.Class{email, user} {
			var err error
			if dst, err = i.Mint(dst[:0], c, value, &b); err != nil {
				t.Fatal(err)
			}
		}
		if err := i.Commit(context.Background(), &b); err != nil || b.Len() != 0 {
			t.Fatal(err, b.Len())
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// BenchmarkMintKnown mints and commits batches of 1,000 values out of 20,000 that the vault has already. An operation is one value.
func BenchmarkMintKnown(b *testing.B) {
	const people, batchSize = 20_000, 1000
	i := newVault(b).issuer(b, Settings{})
	values := make([][]byte, people)
	for n := range values {
		values[n] = fmt.Appendf(nil, "person.%d@example.com", n)
	}
	var batch token.Batch
	dst := make([]byte, 0, token.MaxSize)
	round := func(n int, next func() int) {
		batch.Reset()
		for range n {
			var err error
			if dst, err = i.Mint(dst[:0], email, values[next()], &batch); err != nil {
				b.Fatal(err)
			}
		}
		if err := i.Commit(context.Background(), &batch); err != nil {
			b.Fatal(err)
		}
	}
	at := -1
	inOrder := func() int { at++; return at % people }
	for range 3 * people / batchSize {
		round(batchSize, inOrder)
	}
	random := uint32(1)
	anyone := func() int { random = random*1664525 + 1013904223; return int(uint64(random) * people >> 32) }
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= batchSize {
		round(min(left, batchSize), anyone)
	}
}
