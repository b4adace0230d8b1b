package rewrite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

// remoteIssuer is a testIssuer whose tokens of some classes come at Commit only.
type remoteIssuer struct {
	*testIssuer
	remote func(class string) bool
	known  map[string]bool // values it had before
	forget bool            // commits without settling
}

func (i *remoteIssuer) Mint(dst []byte, c token.Class, canonical []byte, b *token.Batch) ([]byte, error) {
	var own token.Batch
	out, err := i.testIssuer.Mint(nil, c, canonical, &own)
	if err != nil {
		return dst, err
	}
	if !i.remote(c.Name) {
		return i.testIssuer.Mint(dst, c, canonical, b)
	}
	if i.known[string(out)] {
		return append(dst, out...), nil
	}
	if b.Local {
		return dst, ErrUnavailable
	}
	t, _ := token.Parse(string(out))
	t.Identity[0]++ // the keyed hash of another key
	from := len(dst)
	dst = token.Append(dst, c.Name, token.Kids-1, t.Identity, 0)
	b.Pend(c, token.Kids-1, t.Identity, dst[from:], canonical)
	return dst, nil
}

func (i *remoteIssuer) Commit(_ context.Context, b *token.Batch) error {
	if i.commitErr != nil || i.forget {
		return i.commitErr
	}
	for n := range b.Len() {
		if r := b.At(n); r.Pending {
			var own token.Batch
			out, err := i.testIssuer.Mint(nil, r.Class, r.Canonical, &own)
			if err != nil {
				return err
			}
			b.Settle(n, out)
			if r.Class.Kind != token.Random {
				i.known[string(out)] = true
			}
		}
	}
	return nil
}

// remotely makes a rig's issuer keep classes to itself.
func (r *rig) remotely(remote func(class string) bool) *remoteIssuer {
	iss := &remoteIssuer{testIssuer: r.issuer, remote: remote, known: map[string]bool{}}
	r.Rewriter.issuer = iss
	return iss
}

// checkSame asserts that the outputs of a batch are the same, whoever mints.
func checkSame(t *testing.T, name string, local, remote *rig, texts []string) {
	t.Helper()
	local.s.Reset()
	remote.s.Reset()
	var want, got []string
	for _, text := range texts {
		w, wv, err := local.text("", text)
		require.NoError(t, err)
		g, gv, err := remote.text("", text)
		require.NoError(t, err)
		require.Equal(t, wv, gv)
		want, got = append(want, w), append(got, g)
	}
	for range 2 { // a commit may be repeated
		again, err := remote.Commit(context.Background(), remote.s)
		require.NoError(t, err)
		require.False(t, again)
	}
	for n := range want {
		require.Equal(t, want[n], got[n], "%s: %q", name, texts[n])
	}
}

func everyOther(class string) bool { return len(class)%2 == 0 }
func everyClass(string) bool       { return true }

func TestRemoteLaws(t *testing.T) {
	for _, which := range []func(string) bool{everyClass, everyOther} {
		local, remote := everything(t), everything(t)
		rng := rand.New(rand.NewPCG(7, 8))
		for name := range local {
			remote[name].remotely(which)
			checkSame(t, name, local[name], remote[name], lawSeeds)
			for range 200 { // batches of many outputs
				var texts []string
				for range 1 + rng.IntN(40) {
					texts = append(texts, drawJSON(rng, 0), fmt.Sprintf("user%d@example.com called +49 30 %d", rng.IntN(50), 1000000+rng.IntN(50)))
				}
				checkSame(t, name, local[name], remote[name], texts)
			}
		}
	}
}

func FuzzRemote(f *testing.F) {
	for _, s := range lawSeeds {
		f.Add(s)
	}
	local, remote := everything(f), everything(f)
	for _, r := range remote {
		r.remotely(everyOther)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name := range local {
			checkSame(t, name, local[name], remote[name], []string{text, "x@example.com " + text, text})
		}
	})
}

// TestNoStandInLeaves: a batch of which a token has not come is refused, whatever the issuer says.
func TestNoStandInLeaves(t *testing.T) {
	r := newRig(t, policy.Config{Rules: []policy.Rule{{Entities: star, Action: "tokenize"}}}, Settings{})
	iss := r.remotely(everyClass)
	iss.forget = true
	r.must(t, "bob@example.com")
	_, err := r.Commit(context.Background(), r.s)
	require.ErrorIs(t, err, ErrUnavailable)

	iss.forget = false
	r.s.Reset()
	out := r.must(t, "bob@example.com")
	r.s.standIns = nil // a place that nobody remembers
	_, err = r.Commit(context.Background(), r.s)
	require.ErrorIs(t, err, ErrUnavailable)
	require.NotContains(t, out, "bob")
}

// TestRemoteLadder: what only the vault mints is redacted while it is away, unless it was minted before.
func TestRemoteLadder(t *testing.T) {
	config := policy.Config{Rules: []policy.Rule{{Entities: star, Action: "tokenize"}}}
	for rung, want := range map[OnUnavailable]string{Wait: "", OneWay: "[email] <phone>", Redact: "[email] [phone]"} {
		t.Run(rung.String(), func(t *testing.T) {
			r := newRig(t, config, Settings{OnUnavailable: rung})
			iss := r.remotely(func(class string) bool { return class == "email" })
			iss.commitErr = fmt.Errorf("away: %w", ErrUnavailable)
			const text = "bob@example.com +49 30 1234567"
			r.must(t, text)
			again, err := r.Commit(context.Background(), r.s)
			if rung == Wait {
				require.False(t, again)
				require.ErrorIs(t, err, ErrUnavailable)
				return
			}
			require.NoError(t, err)
			require.True(t, again)
			r.s.Degrade()
			out := strings.Clone(r.must(t, text))
			require.Equal(t, want, brief(out))
			iss.commitErr = nil
			again, err = r.Commit(context.Background(), r.s)
			require.NoError(t, err)
			require.False(t, again)
		})
	}
	r := newRig(t, config, Settings{OnUnavailable: Redact})
	iss := r.remotely(everyClass)
	iss.commitErr = errors.New("refused for good")
	r.must(t, "bob@example.com")
	_, err := r.Commit(context.Background(), r.s)
	require.ErrorIs(t, err, iss.commitErr)
}
