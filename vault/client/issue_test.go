package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// settle commits and returns what each stand-in became.
func settle(t testing.TB, i *Issuer, b *token.Batch, minted ...string) (out []string) {
	t.Helper()
	commit(t, i, b)
	for _, tok := range minted {
		if s := b.Settled([]byte(tok)); s != nil {
			tok = string(s)
		}
		out = append(out, tok)
	}
	return out
}

func TestIssuedTokensAreThoseOfLocalMinting(t *testing.T) {
	v := newVault(t)
	local := v.issuer(t, Settings{})
	var b token.Batch
	want := map[string]string{}
	for n := range 20 {
		for _, c := range []token.Class{email, oneWay} {
			value := fmt.Sprint(n)
			want[value+c.Kind.String()] = mint(t, local, c, value, &b)
		}
	}
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	for round := range 3 {
		b.Reset()
		for n := range 20 {
			for _, c := range []token.Class{email, oneWay} {
				value := fmt.Sprint(n)
				first := mint(t, i, c, value, &b)
				if len(first) != len(want[value+c.Kind.String()]) || round > 0 && first != want[value+c.Kind.String()] {
					t.Fatalf("round %d: %s, want %s", round, first, want[value+c.Kind.String()])
				}
				if again := mint(t, i, c, value, &b); again != first {
					t.Fatal("the same value of a batch has two stand-ins")
				}
				if got := settle(t, i, &b, first)[0]; got != want[value+c.Kind.String()] {
					t.Fatalf("issued %s, locally it is %s", got, want[value+c.Kind.String()])
				}
			}
		}
	}
	if v.issued.Load() != 40 || v.escrows.Load() != 0 {
		t.Errorf("%d values issued, %d escrow calls; want 40 and 0", v.issued.Load(), v.escrows.Load())
	}
}

// TestOneBatchIsOneCall: a call does not leave with the first value of a batch.
func TestOneBatchIsOneCall(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	const rounds, values = 200, 200
	var b token.Batch
	for round := range rounds {
		b.Reset()
		for n := range values {
			mint(t, i, email, fmt.Sprint(round, n), &b)
		}
		commit(t, i, &b)
	}
	if s := i.Stats(); s.IssueCalls != rounds || s.Issued != rounds*values {
		t.Errorf("%d calls for %d values, want %d and %d", s.IssueCalls, s.Issued, rounds, rounds*values)
	}
}

func TestIssuedRandomIsNew(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	var b token.Batch
	one, two := mint(t, i, random, "v", &b), mint(t, i, random, "v", &b)
	got := settle(t, i, &b, one, two)
	b.Reset()
	got = append(got, settle(t, i, &b, mint(t, i, random, "v", &b))...)
	if got[0] == got[1] || got[1] == got[2] || got[0] == one || v.issued.Load() != 3 {
		t.Errorf("%v", got)
	}
}

func TestIssuedDiesWithItsEpoch(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	var b token.Batch
	first := settle(t, i, &b, mint(t, i, email, "v", &b))[0]
	v.clock.add(24 * time.Hour)
	b.Reset()
	second := settle(t, i, &b, mint(t, i, email, "v", &b))[0]
	if kid(t, first) == kid(t, second) {
		t.Error("a token of an epoch that is over was used again")
	}
}

func TestIssueFails(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(v *vault)
		want   error
		not    error
		within string
	}{
		"vault away":   {func(v *vault) { v.down.Store(true) }, token.ErrUnavailable, ErrRefused, "down"},
		"rate limited": {func(v *vault) { v.limited.Store(1) }, token.ErrUnavailable, ErrRefused, "too fast"},
		"refused": {func(v *vault) {
			v.partial = map[string]vaultpb.Refusal{"secret value": vaultpb.Refusal_REFUSAL_DENIED}
		}, ErrRefused, token.ErrUnavailable, "email"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.remote = map[string]bool{"email": true}
			i := v.issuer(t, Settings{})
			if err := i.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			var b token.Batch
			standIn := mint(t, i, email, "secret value", &b)
			c.spoil(v)
			err := i.Commit(context.Background(), &b)
			if !errors.Is(err, c.want) || errors.Is(err, c.not) || !strings.Contains(err.Error(), c.within) || strings.Contains(err.Error(), "secret value") {
				t.Fatalf("Commit: %v", err)
			}
			if b.Settled([]byte(standIn)) != nil {
				t.Fatal("settled all the same")
			}
		})
	}
}

func TestRateLimitIsHonored(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	var b token.Batch
	standIn := mint(t, i, email, "v", &b)
	v.limited.Store(1)
	for range 10 {
		if err := i.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if v.issues.Load() != 1 {
		t.Errorf("%d calls within the 20 s that the vault asked to wait, want 1", v.issues.Load())
	}
	v.limited.Store(0)
	v.clock.add(41 * time.Second)
	if got := settle(t, i, &b, standIn)[0]; got == standIn {
		t.Error("not settled")
	}
}

func TestLocalNeedsNoVault(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	var b token.Batch
	known := settle(t, i, &b, mint(t, i, email, "v", &b))[0]
	v.down.Store(true)
	b.Reset()
	b.Local = true
	if out, err := i.Mint([]byte("kept"), email, []byte("new"), &b); !errors.Is(err, token.ErrUnavailable) || string(out) != "kept" || b.Len() != 0 {
		t.Errorf("Mint: %q, %v, %d in the batch", out, err, b.Len())
	}
	if mint(t, i, email, "v", &b) != known || b.Len() != 0 {
		t.Error("what was issued before is durable and needs no vault")
	}
}

// TestIssueTogether: many goroutines share few calls, and each gets its own tokens.
func TestIssueTogether(t *testing.T) {
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	v.limits = &vaultpb.GrantLimits{IssueValues: 64}
	i := v.issuer(t, Settings{})
	if err := i.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	q := i.issuingOf("default")
	q.turn <- struct{}{} // a call is under way
	var wg sync.WaitGroup
	var joined sync.WaitGroup
	local := map[string]string{}
	var mu sync.Mutex
	for g := range 40 {
		joined.Add(1)
		wg.Go(func() {
			var b token.Batch
			var tokens, values []string
			for n := range 5 {
				values = append(values, fmt.Sprint(g/2, ".", n)) // each of them twice
				tokens = append(tokens, mint(t, i, email, values[n], &b))
			}
			joined.Done()
			for n, tok := range settle(t, i, &b, tokens...) {
				mu.Lock()
				if old := local[values[n]]; old != "" && old != tok {
					t.Errorf("two tokens of %s", values[n])
				}
				local[values[n]] = tok
				mu.Unlock()
			}
		})
	}
	joined.Wait()
	time.Sleep(10 * time.Millisecond)
	<-q.turn
	wg.Wait()
	if len(local) != 100 || v.issues.Load() > 20 {
		t.Errorf("%d tokens by %d calls", len(local), v.issues.Load())
	}
}

func TestIssuedHitsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	v := newVault(t)
	v.remote = map[string]bool{"email": true}
	i := v.issuer(t, Settings{})
	var b token.Batch
	value := []byte("v")
	settle(t, i, &b, mint(t, i, email, "v", &b))
	dst := make([]byte, 0, token.MaxSize)
	b.Reset()
	if n := testing.AllocsPerRun(100, func() { dst, _ = i.Mint(dst[:0], email, value, &b) }); n != 0 || b.Len() != 0 {
		t.Errorf("%v allocations, %d in the batch; want 0 and 0", n, b.Len())
	}
}

func TestIssuedIsBoundedAndHoldsNoValue(t *testing.T) {
	l := newIssued(1000)
	key := func(n int) (id token.Identity) {
		binary.LittleEndian.PutUint64(id[:], uint64(n)*0x9E3779B97F4A7C15)
		return id
	}
	for n := range 10_000 {
		l.put(issuedToken{key: key(n), kid: token.Kid(n % 2), until: 10})
	}
	if len(l.sets)*ways != 1024 {
		t.Errorf("room for %d", len(l.sets)*ways)
	}
	if _, ok := l.get(key(9999), 9); !ok {
		t.Error("the last is forgotten")
	}
	if _, ok := l.get(key(9999), 10); ok {
		t.Error("used beyond its end")
	}
	l.forget(1, false)
	if _, ok := l.get(key(9999), 0); ok {
		t.Error("used beyond the end of its kid")
	}
	if _, ok := l.get(key(9998), 0); !ok {
		t.Error("another kid went with it")
	}
}

func BenchmarkIssued(b *testing.B) {
	for name, c := range map[string]struct {
		remote bool
		fresh  int // of 100 values
	}{"local, 5% new": {false, 5}, "issue, 5% new": {true, 5}, "issue, all known": {true, 0}, "issue, all new": {true, 100}} {
		b.Run(name, func(b *testing.B) {
			v := newVault(b)
			v.remote = map[string]bool{"email": c.remote}
			i := v.issuer(b, Settings{})
			var batch token.Batch
			dst, value := make([]byte, 0, token.MaxSize), []byte("00000000@example.com")
			next := uint64(1 << 20)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%1000 == 999 {
					if err := i.Commit(context.Background(), &batch); err != nil {
						b.Fatal(err)
					}
					batch.Reset()
				}
				binary.LittleEndian.PutUint64(value, uint64(n%1000))
				if n%100 < c.fresh {
					next++
					binary.LittleEndian.PutUint64(value, next)
				}
				dst, _ = i.Mint(dst[:0], email, value, &batch)
			}
		})
	}
}
