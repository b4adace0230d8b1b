package rewrite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

// testIssuer mints by a plain hash. It can be away, for all tokens or for those that are escrowed.
type testIssuer struct {
	*token.Recognizer
	err       func(token.Class) error
	commitErr error
	minted    int
}

func newTestIssuer() *testIssuer {
	return &testIssuer{Recognizer: token.NewRecognizer([16]byte{1, 2, 3})}
}

func (i *testIssuer) Mint(dst []byte, c token.Class, canonical []byte, b *token.Batch) ([]byte, error) {
	if i.err != nil {
		if err := i.err(c); err != nil {
			return dst, err
		}
	}
	i.minted++
	h := sha256.New()
	fmt.Fprintf(h, "%s|%s|%d|%s", c.Name, c.Scope, c.Kind, canonical)
	if c.Kind == token.Random {
		fmt.Fprint(h, i.minted)
	}
	id := token.Identity(h.Sum(nil)[:token.IdentitySize])
	from := len(dst)
	dst = token.Append(dst, c.Name, 7, id, i.Tag(c.Name, 7, id))
	if c.Kind != token.OneWay {
		b.Add(c, 7, id, dst[from:], canonical)
	}
	return dst, nil
}

func (i *testIssuer) Commit(context.Context, *token.Batch) error { return i.commitErr }

func (i *testIssuer) Recognize(s string) int { return i.Match(s) }

// rig is a rewriter with all it needs.
type rig struct {
	policy *policy.Policy
	issuer *testIssuer
	*Rewriter
	s *Scratch
	v *policy.View
}

func newRig(t testing.TB, c policy.Config, s Settings) *rig {
	t.Helper()
	iss := newTestIssuer()
	p, err := c.Compile(iss.Recognize)
	require.NoError(t, err)
	r := &rig{policy: p, issuer: iss, Rewriter: New(p, iss, s)}
	r.s, r.v = r.NewScratch(), p.View(context.Background(), pcommon.NewResource())
	return r
}

func (r *rig) text(key, text string) (string, Verdict, error) {
	var of detect.Key
	if key != "" {
		of = r.policy.Detector().Key(key)
	}
	return r.Text(r.s, r.v, Place{Signal: policy.Logs, Key: key}, text, r.Find(r.s, of, text))
}

func (r *rig) must(t testing.TB, text string) string {
	t.Helper()
	out, _, err := r.text("", text)
	require.NoError(t, err)
	return out
}

var tokens = regexp.MustCompile(`tkt_([a-z]{2,16})_[b-z]{5}_[b-z]{33}`)

// brief writes tokens as <class>.
func brief(s string) string { return tokens.ReplaceAllString(s, "<$1>") }
