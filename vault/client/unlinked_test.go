package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

var (
	number      = token.Class{Name: "card", Scope: "default", Kind: token.Deterministic}
	phone       = token.Class{Name: "phone", Scope: "default", Kind: token.Deterministic}
	cardRandom  = token.Class{Name: "card", Scope: "default", Kind: token.Random}
	phoneOneWay = token.Class{Name: "phone", Scope: "default", Kind: token.OneWay}
)

// tokenOf is the token of a value, committed.
func (a *agent) tokenOf(class token.Class, value string) (string, error) {
	var b token.Batch
	out, err := a.Mint(nil, class, []byte(value), &b)
	if err != nil {
		return "", err
	}
	if err := a.Commit(context.Background(), &b); err != nil {
		return "", err
	}
	if b.Pends() > 0 {
		out = b.Settled(out)
	}
	return string(out), nil
}

func unlinkingVault(t *testing.T) *vault {
	v := simulatedVault(t)
	v.remote = map[string]bool{"card": true, "phone": true}
	v.unlinked = []string{"*"}
	return v
}

// TestHourOfOutageWhereTheVaultMints: values of classes that only the vault mints, and classes never seen before, hold
// up no batch in an outage of an hour; every token reveals afterwards, and new ones link again.
func TestHourOfOutageWhereTheVaultMints(t *testing.T) {
	if testing.Short() {
		t.Skip("an hour has eighteen thousand tokens")
	}
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 16<<20)
		defer a.close()
		values, inOutage := map[string]string{}, map[string]string{}
		for second := range 3600 + 60 {
			out := second >= 30 && second < 3630
			v.down.Store(out)
			for _, want := range []struct {
				class token.Class
				value string
			}{
				{number, fmt.Sprint("4111 ", second)},   // new
				{number, fmt.Sprint("4222 ", second%7)}, // seen again and again
				{cardRandom, "4333"},
				{phone, fmt.Sprint("+49 ", second%3)}, // a class first seen in the outage
				{phoneOneWay, "+49 40"},
			} {
				if second < 40 && want.class.Name == "phone" {
					continue
				}
				before := a.Stats().Unlinked
				tok, err := a.tokenOf(want.class, want.value)
				if err != nil {
					t.Fatalf("after %d s, %v: %v", second, want.class, err)
				}
				if want.class.Kind != token.OneWay && a.Stats().Unlinked > before { // what it issues, this vault does not store
					values[tok] = want.value
				}
				if first := inOutage[want.class.Kind.String()+want.value]; out && want.class.Kind != token.Random && first != "" && first != tok {
					t.Fatalf("after %d s: one agent gave a value two tokens in an outage", second)
				}
				if out {
					inOutage[want.class.Kind.String()+want.value] = tok
				}
			}
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Minute)
		if st := a.spool.Stats(); st.Depth != 0 || st.Denied != 0 || st.Invalid != 0 {
			t.Errorf("two minutes after the outage: %+v", st)
		}
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
		other := newAgent(t, v, t.TempDir(), 16<<20)
		defer other.close()
		for _, class := range []token.Class{number, phone} {
			here, err := a.tokenOf(class, "new")
			there, err2 := other.tokenOf(class, "new")
			if here != there || err != nil || err2 != nil {
				t.Errorf("after the outage two agents have two tokens for a %s: %v, %v", class.Name, err, err2)
			}
		}
		if n := a.Stats().Unlinked; n < 3600*3 {
			t.Errorf("%d unlinked tokens", n)
		}
		if n := v.issues.Load(); n > 1500 {
			t.Errorf("%d calls to Issue: an outage is no reason to hammer", n)
		}
	})
}

// TestNoUnlinkedToken: a vault that says no, a limit, and an operator's choice are no outage.
func TestNoUnlinkedToken(t *testing.T) {
	ended := func(a *agent) { (*a.epochs.Load())[a.scope("default").epoch.kid].until.Store(0) }
	for name, c := range map[string]struct {
		vault   func(*vault)
		setting func(*Settings)
		then    func(*agent) // after the first token
		up      bool
		want    error
	}{
		"the vault is of before":      {vault: func(v *vault) { v.unlinked = nil }},
		"the class is not allowed":    {vault: func(v *vault) { v.unlinked = []string{"email", "phone*"} }},
		"the operator's choice":       {setting: func(s *Settings) { s.Unlinked = false }},
		"no spool":                    {setting: func(s *Settings) { s.Spool = nil }},
		"the rate is used up":         {vault: func(v *vault) { v.limited.Store(2) }, up: true},
		"the vault refuses the value": {vault: func(v *vault) { v.partial = map[string]vaultpb.Refusal{"4111": 3} }, up: true, want: ErrRefused},
		"the grant has ended":         {then: ended},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := unlinkingVault(t)
				if c.vault != nil {
					c.vault(v)
				}
				sp, err := spool.Open(spool.Settings{Directory: filepath.Join(t.TempDir(), "spool")})
				if err != nil {
					t.Fatal(err)
				}
				s := Settings{Spool: sp, Unlinked: true}
				if c.setting != nil {
					c.setting(&s)
				}
				a := agentOf(t, v, s)
				a.spool = sp
				defer a.close()
				if _, err := a.tokenOf(number, "before"); err != nil {
					t.Fatal(err)
				}
				v.down.Store(!c.up)
				if c.then != nil {
					c.then(a)
				}
				tok, err := a.tokenOf(number, "4111")
				if tok != "" || !errors.Is(err, cmp.Or(c.want, token.ErrUnavailable)) {
					t.Errorf("%d bytes, %v", len(tok), err)
				}
				if a.Stats().Unlinked != 0 {
					t.Error("an unlinked token")
				}
			})
		})
	}
}

// TestVaultThatHangs: the first batches wait for a second, the others not at all.
func TestVaultThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 16<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		v.hang.Store(true)
		values := map[string]string{}
		begun, slowest := time.Now(), time.Duration(0)
		for n := range 1000 {
			before := time.Now()
			for _, class := range []token.Class{number, phone} {
				value := fmt.Sprint(n)
				tok, err := a.tokenOf(class, value)
				if err != nil {
					t.Fatal(err)
				}
				values[tok] = value
			}
			slowest = max(slowest, time.Since(before))
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(begun) - 100*time.Second; slowest > 12*time.Second || took > 60*time.Second {
			t.Errorf("1,000 batches waited %v in all, one %v", took, slowest)
		}
		v.hang.Store(false)
		time.Sleep(2 * time.Minute)
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
	})
}
