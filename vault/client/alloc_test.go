package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func TestKnown(t *testing.T) {
	k := newKnown(1000)
	identity := func(n int) (id token.Identity) {
		binary.BigEndian.PutUint64(id[6:], uint64(n)) // the tail: all of them meet in one set
		return id
	}
	if k.has(token.Identity{}) {
		t.Error("an empty place counts as known")
	}
	for n := 1; n <= ways; n++ {
		k.add(identity(n))
	}
	if !k.has(identity(1)) {
		t.Error("forgotten although there was room")
	}
	k.add(identity(ways + 1)) // takes the place of 2, the least recently used
	for n, want := range map[int]bool{1: true, 2: false, 3: true, 4: true, 5: true} {
		if k.has(identity(n)) != want {
			t.Errorf("%d known: %v, want %v", n, !want, want)
		}
	}
	if got := len(newKnown(1000).sets) * ways; got != 1024 {
		t.Errorf("room for %d, want 1024", got)
	}
}

// allocations of f: the least of three counts, as goroutines that other tests left behind count, too.
func allocations(f func()) float64 {
	least := testing.AllocsPerRun(20, f)
	for range 2 {
		least = min(least, testing.AllocsPerRun(20, f))
	}
	return least
}

func TestMintAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	i := newVault(t).issuer(t, Settings{})
	var b token.Batch
	dst, value := make([]byte, 0, token.MaxSize), []byte("user000@example.com")
	for _, c := range []token.Class{email, card, oneWay, random} {
		fill := func() {
			b.Reset()
			for n := range 200 {
				value[4], value[5], value[6] = '0'+byte(n/100), '0'+byte(n/10%10), '0'+byte(n%10)
				var err error
				if dst, err = i.Mint(dst[:0], c, value, &b); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := allocations(fill); n != 0 {
			t.Errorf("%+v: %v allocations for 200 mints, want 0", c, n)
		}
		tok := string(dst)
		if n := testing.AllocsPerRun(20, func() { i.Recognize(tok) }); n != 0 {
			t.Errorf("Recognize: %v allocations, want 0", n)
		}
	}
}

func TestCommitOfKnownTokensAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	i := newVault(t).issuer(t, Settings{})
	var b token.Batch
	for n := range 100 {
		mint(t, i, email, fmt.Sprint(n), &b)
	}
	commit(t, i, &b)
	if n := testing.AllocsPerRun(20, func() {
		if err := i.Commit(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func BenchmarkMint(b *testing.B) {
	for name, class := range map[string]token.Class{"deterministic": email, "one_way": oneWay, "random": random} {
		b.Run(name, func(b *testing.B) {
			i := newVault(b).issuer(b, Settings{})
			var batch token.Batch
			dst, value := make([]byte, 0, token.MaxSize), []byte("00000000@example.com")
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%1000 == 0 {
					batch.Reset()
				}
				binary.LittleEndian.PutUint64(value, uint64(n))
				dst, _ = i.Mint(dst[:0], class, value, &batch)
			}
		})
	}
}

func BenchmarkMintParallel(b *testing.B) {
	i := newVault(b).issuer(b, Settings{})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var batch token.Batch
		dst, value := make([]byte, 0, token.MaxSize), []byte("00000000@example.com")
		for n := 0; pb.Next(); n++ {
			if n%1000 == 0 {
				batch.Reset()
			}
			binary.LittleEndian.PutUint64(value, uint64(n))
			dst, _ = i.Mint(dst[:0], email, value, &batch)
		}
	})
}

// BenchmarkCommit commits batches of 1,000 records to a vault in this process, on the memory store.
func BenchmarkCommit(b *testing.B) {
	for name, fresh := range map[string]bool{"1000 new": true, "1000 known": false} {
		b.Run(name, func(b *testing.B) {
			i := newVault(b).issuer(b, Settings{})
			var batch token.Batch
			value := []byte("00000000@example.com")
			dst := make([]byte, 0, token.MaxSize)
			n := uint64(0)
			fill := func() {
				batch.Reset()
				for range 1000 {
					binary.LittleEndian.PutUint64(value, n)
					dst, _ = i.Mint(dst[:0], email, value, &batch)
					n++
				}
			}
			fill()
			b.ReportAllocs()
			for b.Loop() {
				if fresh {
					b.StopTimer()
					fill()
					b.StartTimer()
				}
				if err := i.Commit(context.Background(), &batch); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// swallow is a vault that keeps nothing.
type swallow struct{ *vault }

func (swallow) Escrow(context.Context, *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	return connect.NewResponse(&vaultpb.EscrowResponse{}), nil
}

// TestMemoryPerMillionTokens bounds what an agent holds after it has seen a million values.
func TestMemoryPerMillionTokens(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has its own memory")
	}
	const budget = 40 << 20
	used := memoryPerMillion(t)
	t.Logf("%.1f MB", float64(used)/1e6)
	if used > budget {
		t.Errorf("%d bytes for a million tokens, want at most %d", used, budget)
	}
}

// BenchmarkMemoryPerMillionTokens reports the same.
func BenchmarkMemoryPerMillionTokens(b *testing.B) {
	var used int64
	for b.Loop() {
		used = memoryPerMillion(b)
	}
	b.ReportMetric(float64(used)/1e6/(float64(million)/1e6), "MB/million")
}

const million = 1 << 20

// memoryPerMillion is how many bytes of the heap an issuer has taken after million values.
func memoryPerMillion(t testing.TB) int64 {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	v := newVault(t)
	before := heap()
	i := New(swallow{v}, Settings{Known: million, Now: v.clock.now})
	defer i.Close()
	var b token.Batch
	dst, value := make([]byte, 0, token.MaxSize), []byte("00000000@example.com")
	for n := range million {
		binary.LittleEndian.PutUint64(value, uint64(n))
		dst, _ = i.Mint(dst[:0], email, value, &b)
		if b.Len() == 1000 {
			commit(t, i, &b)
			b.Reset()
		}
	}
	return heap() - before
}

// BenchmarkMintSeal is all an agent does about a new value but for handing it in.
func BenchmarkMintSeal(b *testing.B) {
	i := newVault(b).issuer(b, Settings{})
	var batch token.Batch
	dst, value, sealed := make([]byte, 0, token.MaxSize), []byte("00000000@example.com"), make([]byte, 0, 1<<17)
	mint(b, i, email, "warm", &batch)
	e := i.scope("default").epoch
	now := i.settings.Now()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%1000 == 0 {
			batch.Reset()
			sealed = sealed[:0]
		}
		binary.LittleEndian.PutUint64(value, uint64(n))
		dst, _ = i.Mint(dst[:0], email, value, &batch)
		s, err := e.current(now, &i.stats.sessions)
		if err != nil {
			b.Fatal(err)
		}
		if sealed, err = s.Seal(sealed, dst, e.scope, e.expires, value); err != nil {
			continue // spent
		}
	}
}
