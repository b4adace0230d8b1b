package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
)

var (
	email   = token.Class{Name: "email", Scope: "default"}
	card    = token.Class{Name: "card", Scope: "payments"}
	oneWay  = token.Class{Name: "email", Scope: "default", Kind: token.OneWay}
	random  = token.Class{Name: "email", Scope: "default", Kind: token.Random}
	refused = token.Class{Name: "secret", Scope: "default"}
)

func mint(t testing.TB, i *Issuer, c token.Class, value string, b *token.Batch) string {
	t.Helper()
	out, err := i.Mint(nil, c, []byte(value), b)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func commit(t testing.TB, i *Issuer, b *token.Batch) {
	t.Helper()
	if err := i.Commit(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func reveals(t testing.TB, v *vault, tok, want string) {
	t.Helper()
	if got, err := v.reveal(tok); err != nil || got != want {
		t.Fatalf("reveal(%s) = %q, %v; want %q", tok, got, err, want)
	}
}

func TestCommittedTokensAreRevealable(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	want := map[string]string{}
	for n := range 100 {
		value := fmt.Sprintf("user%d@example.com", n)
		want[mint(t, i, email, value, &b)] = value
		want[mint(t, i, card, value, &b)] = value
		want[mint(t, i, random, value, &b)] = value
	}
	if len(want) != 300 || b.Len() != 300 {
		t.Fatalf("%d tokens, %d in the batch; want 300", len(want), b.Len())
	}
	commit(t, i, &b)
	for tok, value := range want {
		reveals(t, v, tok, value)
		if i.Recognize(tok+"_1234 ...") != len(tok)+5 {
			t.Fatalf("%s is not recognized", tok)
		}
	}
}

func TestSameValueSameTokenOnEveryAgent(t *testing.T) {
	v := newVault(t)
	a, b := v.issuer(t, Settings{}), v.issuer(t, Settings{})
	var x, y token.Batch
	for _, c := range []token.Class{email, card, oneWay} {
		if mint(t, a, c, "v", &x) != mint(t, b, c, "v", &y) {
			t.Errorf("%+v: two agents, two tokens", c)
		}
	}
	if one := mint(t, a, random, "v", &x); one == mint(t, a, random, "v", &x) {
		t.Error("random tokens are equal")
	}
	if mint(t, a, email, "v", &x) == mint(t, a, oneWay, "v", &x) {
		t.Error("a one-way token equals a redeemable one")
	}
}

func TestOneWayIsNeverEscrowed(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	tok := mint(t, i, oneWay, "v", &b)
	if b.Len() != 0 {
		t.Fatal("a one-way token is in the batch")
	}
	commit(t, i, &b)
	if _, err := v.reveal(tok); !errors.Is(err, store.ErrNotFound) || v.escrows.Load() != 0 {
		t.Fatalf("reveal: %v; %d escrow calls", err, v.escrows.Load())
	}
	if i.Recognize(tok) != len(tok) {
		t.Fatal("a one-way token is not recognized")
	}
}

func TestKnownTokensAreNotSentAgain(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	for range 3 {
		b.Reset()
		mint(t, i, email, "a", &b)
		mint(t, i, random, "a", &b) // never known: each is new
		commit(t, i, &b)
	}
	if n := v.records.Load(); n != 4 {
		t.Fatalf("%d records sent, want 4", n)
	}
	if s := i.Stats(); s.Known != 2 || s.Escrowed != 4 || s.Sessions != 1 {
		t.Fatalf("%+v", s)
	}
}

func TestLimitsOfOneCall(t *testing.T) {
	for name, c := range map[string]struct {
		records, bytes, perSession uint32
		calls, sessions            int64
	}{
		"records":           {7, 0, 0, 15, 1},
		"bytes":             {0, 10 * (1000 + 21), 0, 10, 1},
		"smaller than one":  {0, 10, 0, 100, 1},
		"session's records": {0, 0, 30, 1, 4},
		"none":              {0, 0, 0, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.limits = durations(c.records, c.bytes, c.perSession)
			i := v.issuer(t, Settings{})
			var b token.Batch
			want := map[string]string{}
			for n := range 100 {
				value := fmt.Sprintf("%01000d", n)
				want[mint(t, i, email, value, &b)] = value
			}
			commit(t, i, &b)
			if v.escrows.Load() != c.calls || i.Stats().Sessions != uint64(c.sessions) {
				t.Errorf("%d calls, %d sessions; want %d and %d", v.escrows.Load(), i.Stats().Sessions, c.calls, c.sessions)
			}
			for tok, value := range want {
				reveals(t, v, tok, value)
			}
		})
	}
}

func TestSessionEndsWithItsTime(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	for n := range 3 {
		b.Reset()
		value := fmt.Sprint(n)
		tok := mint(t, i, email, value, &b)
		commit(t, i, &b)
		reveals(t, v, tok, value)
		v.clock.add(10 * time.Minute)
	}
	if n := i.Stats().Sessions; n != 2 {
		t.Fatalf("%d sessions in 20 minutes, want 2", n)
	}
}

func TestVaultAway(t *testing.T) {
	for name, c := range map[string]struct {
		fail, heal func(v *vault)
		stored     bool // whether the vault stored what it did not acknowledge
	}{
		"down":        {func(v *vault) { v.down.Store(true) }, func(v *vault) { v.down.Store(false) }, false},
		"answer lost": {func(v *vault) { v.deaf.Store(true) }, func(v *vault) { v.deaf.Store(false) }, true},
		"hangs":       {func(v *vault) { v.hang.Store(true) }, func(v *vault) { v.hang.Store(false) }, false},
		"epoch over":  {func(v *vault) { v.over.Store(true) }, func(v *vault) { v.over.Store(false) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			var reports []bool
			var mu sync.Mutex
			i := v.issuer(t, Settings{Timeout: 50 * time.Millisecond, Report: func(err error) {
				mu.Lock()
				defer mu.Unlock()
				reports = append(reports, err == nil)
			}})
			var b token.Batch
			tok := mint(t, i, email, "secret value", &b)
			c.fail(v)
			for range 3 {
				err := i.Commit(context.Background(), &b)
				if !errors.Is(err, token.ErrUnavailable) || strings.Contains(err.Error(), "secret value") {
					t.Fatalf("Commit: %v, want ErrUnavailable without the value", err)
				}
			}
			if _, err := v.reveal(tok); (err == nil) != c.stored {
				t.Fatalf("reveal: %v", err)
			}
			c.heal(v)
			commit(t, i, &b)
			reveals(t, v, tok, "secret value")
			// And minting goes on.
			mint(t, i, email, "another", &b)
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(reports) != "[false true]" {
				t.Errorf("reports of health: %v, want one loss and one recovery", reports)
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	if err := v.store.Close(); err != nil { // any store error will do
		t.Fatal(err)
	}
	if err := i.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("Commit: %v, want ErrUnavailable", err)
	}
}

func TestMintWithoutVault(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	v.down.Store(true)
	var b token.Batch
	for range 50 {
		if out, err := i.Mint([]byte("kept"), email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) || string(out) != "kept" {
			t.Fatalf("Mint = %q, %v; want ErrUnavailable", out, err)
		}
	}
	if n := v.grants.Load(); n != 1 {
		t.Errorf("%d calls for 50 mints within a moment, want 1", n)
	}
	v.down.Store(false)
	v.clock.add(maxPause)
	mint(t, i, email, "v", &b)
}

func TestFallbackToOneWayNeedsNoVault(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	v.down.Store(true)
	mint(t, i, oneWay, "v", &b)
}

func TestRefusedClass(t *testing.T) {
	v := newVault(t)
	v.refused = "secret"
	i := v.issuer(t, Settings{})
	var b token.Batch
	for range 10 {
		if _, err := i.Mint(nil, refused, []byte("v"), &b); !errors.Is(err, ErrRefused) || errors.Is(err, token.ErrUnavailable) {
			t.Fatalf("Mint: %v, want ErrRefused", err)
		}
	}
	if n := v.grants.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	mint(t, i, email, "v", &b)
	v.refused = ""
	v.clock.add(refusal)
	mint(t, i, refused, "v", &b)
}

func TestRecognizeBeforeTheFirstMint(t *testing.T) {
	v := newVault(t)
	var b token.Batch
	tok := mint(t, v.issuer(t, Settings{}), email, "v", &b)
	v.grants.Store(0)
	i := v.issuer(t, Settings{})
	if i.Recognize("tkt_ but no token") != 0 || v.grants.Load() != 0 {
		t.Error("asked the vault about what is no token")
	}
	if i.Recognize(tok+" and more") != len(tok) || i.Recognize(" "+tok) != 0 {
		t.Error("not recognized as it should be")
	}
	forged := tok[:len(tok)-7] + "bbbbbbb"
	if i.Recognize(forged) != 0 {
		t.Error("a forged token is recognized")
	}
	if v.grants.Load() != 1 {
		t.Errorf("%d calls, want 1", v.grants.Load())
	}
}

func TestStartAndClose(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	v.down.Store(true)
	if err := i.Start(context.Background()); !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Start: %v, want ErrUnavailable", err)
	}
	v.down.Store(false)
	v.clock.add(maxPause)
	if err := i.Start(context.Background()); err != nil {
		t.Error(err)
	}
	if err := errors.Join(i.Close(), i.Close()); err != nil {
		t.Error(err)
	}
	var b token.Batch
	if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, ErrClosed) || !errors.Is(err, token.ErrUnavailable) {
		t.Errorf("Mint after Close: %v, want ErrClosed", err)
	}
}

// TestErrorsSayEachThingOnce: who commits says so; the client says what the vault said, without the name of its code.
func TestErrorsSayEachThingOnce(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	v.down.Store(true)
	if err := i.Commit(context.Background(), &b); err == nil || err.Error() != "token vault unavailable: down" {
		t.Errorf("Commit: %v", err)
	}
	want := `ask the vault for a grant of scope "payments": token vault unavailable: down`
	if _, err := i.Mint(nil, card, []byte("v"), &b); err == nil || err.Error() != want {
		t.Errorf("Mint: %v, want %s", err, want)
	}
}
