package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cloakroom/cloakroom/vault/token"
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
		if n := testing.AllocsPerRun(20, fill); n != 0 {
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
