package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func kid(t *testing.T, tok string) token.Kid {
	t.Helper()
	p, err := token.Parse(tok)
	if err != nil {
		t.Fatal(err)
	}
	return p.Kid
}

func TestGrantIsRenewedBeforeItEnds(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	before := i.table.Load()
	for range 5 {
		v.clock.add(49 * time.Minute) // past the latest moment of renewal, before the end of the hour
		i.renewDue()
		calls := v.grants.Load()
		mint(t, i, email, "v", &b)
		if v.grants.Load() != calls {
			t.Fatal("a mint had to wait for the vault")
		}
	}
	if v.grants.Load() != 6 {
		t.Errorf("%d grants, want 6", v.grants.Load())
	}
	if i.table.Load() != before {
		t.Error("a longer grant replaced the table, and every batch's MACs with it")
	}
}

func TestEndedGrantIsNotUsed(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	v.down.Store(true)
	v.clock.add(59 * time.Minute)
	i.renewDue()
	b.Reset()
	mint(t, i, email, "v", &b) // the vault is away, the grant is not
	v.clock.add(time.Minute)
	b.Reset()
	if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("Mint after the grant's end: %v, want ErrUnavailable", err)
	}
	v.down.Store(false)
	v.clock.add(maxPause)
	mint(t, i, email, "v", &b)
}

func TestEpochRollsOver(t *testing.T) {
	v := newVault(t)
	v.grantLife = 48 * time.Hour // only the epoch ends
	i := v.issuer(t, Settings{})
	var old, b token.Batch
	first := mint(t, i, email, "v", &old)
	v.clock.add(24 * time.Hour)
	second := mint(t, i, email, "v", &b)
	if kid(t, first) == kid(t, second) {
		t.Fatal("the epoch is over and its kid still mints")
	}
	// The batch that was in flight when the epoch ended is committed all the same, even minted further.
	third := mint(t, i, email, "w", &old)
	if kid(t, third) != kid(t, second) {
		t.Error("a batch begun in the old epoch still mints in it")
	}
	commit(t, i, &old)
	commit(t, i, &b)
	reveals(t, v, first, "v")
	reveals(t, v, second, "v")
	reveals(t, v, third, "w")
	for _, tok := range []string{first, second} {
		if i.Recognize(tok) != len(tok) {
			t.Errorf("%s is not recognized", tok)
		}
	}
}

func TestEpochRollsOverInTheBackground(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	v.grantLife = 48 * time.Hour
	var b token.Batch
	first := mint(t, i, email, "v", &b)
	v.clock.add(24 * time.Hour)
	select {
	case i.wake <- struct{}{}: // stands for the timer, which knows only the real time
	default:
	}
	deadline := time.Now().Add(10 * time.Second)
	for v.grants.Load() < 2 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	calls := v.grants.Load()
	b.Reset()
	for range 100 { // the table may follow the answer by a moment
		if second := mint(t, i, email, "v", &b); kid(t, second) != kid(t, first) && v.grants.Load() == calls && calls == 2 {
			return
		}
	}
	t.Fatalf("%d calls to the vault, want 2, the second in the background", v.grants.Load())
}

func TestEpochsInFlightAreForgotten(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var stale token.Batch
	mint(t, i, email, "v", &stale)
	for range 5 {
		var b token.Batch
		v.clock.add(25 * time.Hour)
		mint(t, i, email, "v", &b)
	}
	if n := len(*i.epochs.Load()); n > 2 {
		t.Errorf("%d epochs remembered", n)
	}
	if err := i.Commit(context.Background(), &stale); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Commit of a batch five epochs old: %v, want ErrUnavailable", err)
	}
}

func TestBadGrants(t *testing.T) {
	for name, spoil := range map[string]func(g *vaultpb.GrantResponse){
		"another scope":         func(g *vaultpb.GrantResponse) { g.Scope = "other" },
		"kid out of range":      func(g *vaultpb.GrantResponse) { g.Kid = uint32(token.Kids) },
		"unknown suite":         func(g *vaultpb.GrantResponse) { g.Suite = 7 },
		"no epoch end":          func(g *vaultpb.GrantResponse) { g.EpochEnd = nil },
		"no grant end":          func(g *vaultpb.GrantResponse) { g.GrantExpires = nil },
		"no record expiry":      func(g *vaultpb.GrantResponse) { g.RecordsExpire = nil },
		"ended":                 func(g *vaultpb.GrantResponse) { g.GrantExpires = g.EpochStart },
		"short mint key":        func(g *vaultpb.GrantResponse) { g.MintKeys[0].Key = g.MintKeys[0].Key[:31] },
		"key without class":     func(g *vaultpb.GrantResponse) { g.MintKeys[0].Class = nil },
		"no recognition key":    func(g *vaultpb.GrantResponse) { g.RecognitionKey = nil },
		"no escrow key":         func(g *vaultpb.GrantResponse) { g.EscrowPublicKey = nil },
		"another vault's key":   func(g *vaultpb.GrantResponse) { g.RecognitionKey[0]++ },
		"nothing at all (zero)": func(g *vaultpb.GrantResponse) { g.Reset() },
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			good := v.issuer(t, Settings{})
			if err := good.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			s := &spoiler{vault: v, spoil: spoil}
			i := New(s, Settings{Now: v.clock.now})
			defer i.Close()
			if name == "another vault's key" {
				s.spoil = func(*vaultpb.GrantResponse) {}
				if err := i.Start(context.Background()); err != nil {
					t.Fatal(err)
				}
				s.spoil = spoil
			}
			var b token.Batch
			if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) || b.Len() != 0 {
				t.Fatalf("Mint: %v, want ErrUnavailable", err)
			}
		})
	}
}

// spoiler changes the answers of a vault.
type spoiler struct {
	*vault
	spoil func(*vaultpb.GrantResponse)
}

func (s *spoiler) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	g, err := s.vault.Grant(ctx, r)
	if err == nil {
		s.spoil(g.Msg)
	}
	return g, err
}

// TestManyGoroutines mints and commits from many goroutines while epochs roll over and the vault comes and goes.
func TestManyGoroutines(t *testing.T) {
	v := newVault(t)
	v.limits = durations(50, 0, 500)
	i := v.issuer(t, Settings{Known: 512})
	const workers, rounds = 8, 25
	var mu sync.Mutex
	forwarded := map[string]string{}
	stop := make(chan struct{})
	var weather, wg sync.WaitGroup
	weather.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				v.clock.add(90 * time.Minute)
				v.down.Store(n%5 == 0)
			}
		}
	})
	for w := range workers {
		wg.Go(func() {
			var b token.Batch
			for done := 0; done < rounds; {
				b.Reset()
				minted := map[string]string{}
				ok := true
				for n := range 120 {
					value := fmt.Sprint("value ", (w*17+done*31+n)%700)
					out, err := i.Mint(nil, token.Class{Name: "email", Scope: fmt.Sprint("scope ", n%3)}, []byte(value), &b)
					if err != nil {
						if !errors.Is(err, token.ErrUnavailable) {
							t.Error(err)
							return
						}
						ok = false
						break
					}
					minted[string(out)] = value
				}
				if !ok || i.Commit(context.Background(), &b) != nil {
					continue // held back and sent again, as a pipeline does
				}
				mu.Lock()
				for tok, value := range minted {
					forwarded[tok] = value
				}
				mu.Unlock()
				done++
			}
		})
	}
	wg.Wait()
	close(stop)
	weather.Wait()
	live := 0
	for tok, value := range forwarded {
		if _, err := v.keys.Lookup(kid(t, tok)); err != nil {
			continue // the clock ran past its retention
		}
		live++
		rec, _, err := v.store.Get(context.Background(), tok)
		if err != nil || rec.Token != tok {
			t.Fatalf("a forwarded token of %q is not in the store: %v", value, err)
		}
		if live%50 == 0 {
			reveals(t, v, tok, value)
		}
	}
	if live == 0 {
		t.Fatal("nothing was forwarded")
	}
}
