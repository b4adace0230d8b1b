package client

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/token"
)

// agent is an issuer over a spool, in simulated time: run it in a bubble of synctest.
type agent struct {
	*vault
	*Issuer
	spool *spool.Spool
	t     *testing.T
}

func newAgent(t *testing.T, v *vault, dir string, most int64) *agent {
	t.Helper()
	sp, err := spool.Open(spool.Settings{Directory: filepath.Join(dir, "spool"), MaxBytes: most})
	if err != nil {
		t.Fatal(err)
	}
	return agentOf(t, v, Settings{Spool: sp, Unlinked: true})
}

func agentOf(t *testing.T, v *vault, s Settings) *agent {
	return &agent{vault: v, Issuer: New(v, s), spool: s.Spool, t: t}
}

func (a *agent) close() {
	a.t.Helper()
	if err := a.Close(); err != nil {
		a.t.Error(err)
	}
	if a.spool == nil {
		return
	}
	if err := a.spool.Close(context.Background()); err != nil {
		a.t.Error(err)
	}
}

func simulatedVault(t *testing.T) *vault {
	v := newVaultOn(t, &clock{real: true})
	v.grantLife = 2 * time.Hour
	return v
}

// batch mints and commits n new values, and returns their tokens.
func (a *agent) batch(name string, n int, values map[string]string) (tokens []string, err error) {
	var b token.Batch
	for k := range n {
		value := fmt.Sprint(name, ".", k, "@example.com")
		out, err := a.Mint(nil, email, []byte(value), &b)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, string(out))
		values[string(out)] = value
	}
	return tokens, a.Commit(context.Background(), &b)
}

// TestHourOfOutage: no batch is refused while the spool has room; then everything ships, in order, by itself.
func TestHourOfOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := simulatedVault(t)
		a := newAgent(t, v, t.TempDir(), 16<<20)
		defer a.close()
		values := map[string]string{}
		var want []string
		for second := range 3600 + 60 {
			v.down.Store(second >= 30 && second < 3630)
			tokens, err := a.batch(fmt.Sprint(second), 5, values)
			if err != nil {
				t.Fatalf("after %d s: %v", second, err)
			}
			want = append(want, tokens...)
			if second == 3000 {
				st := a.spool.Stats()
				if age := st.Age(time.Now()); st.Depth < 5*2900 || age < 2900*time.Second || st.Retries == 0 || st.Breaker == "closed" {
					t.Errorf("in the outage: %+v, age %v", st, age)
				}
			}
			time.Sleep(time.Second)
		}
		time.Sleep(2 * time.Minute)
		if st := a.spool.Stats(); st.Depth != 0 || st.Denied != 0 || st.Invalid != 0 || st.Full != 0 || st.Breaker != "closed" {
			t.Errorf("two minutes after the outage: %+v", st)
		}
		if got := v.order; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%d records came, want %d in order", len(got), len(want))
		}
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
		if calls := v.escrows.Load(); calls > 1200 {
			t.Errorf("%d calls: an outage is no reason to hammer", calls)
		}
	})
}

// TestRungs: with the spool full, and with the grant at its end, on_unavailable decides; both end by themselves.
func TestRungs(t *testing.T) {
	const text = "mail from bob@example.com"
	for name, full := range map[string]bool{"spool full": true, "grant ended": false} {
		for _, rung := range []rewrite.OnUnavailable{rewrite.Wait, rewrite.OneWay, rewrite.Redact} {
			t.Run(name+"/"+rung.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := simulatedVault(t)
					a := newAgent(t, v, t.TempDir(), spool.MinMaxBytes)
					defer a.close()
					values := map[string]string{}
					if _, err := a.batch("before", 1, values); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second)
					v.down.Store(true)
					if full {
						for n := 0; ; n++ {
							tokens, err := a.batch(fmt.Sprint(n), 1, values)
							if err != nil {
								if !errors.Is(err, spool.ErrFull) || n < 50 {
									t.Fatalf("batch %d: %v", n, err)
								}
								for _, tok := range tokens {
									delete(values, tok)
								}
								break
							}
						}
					} else {
						time.Sleep(2*time.Hour + time.Minute)
					}
					r, p := rewriter(t, a, rung)
					out, err := rewriteText(t, r, p, text)
					oneWayEnds := rung == rewrite.OneWay && !full // with the grant, the right to mint one-way ends, too
					switch {
					case rung == rewrite.Wait:
						if !rewrite.Unavailable(err) {
							t.Fatalf("%q, %v; want it to wait", out, err)
						}
					case err != nil:
						t.Fatal(err)
					case rung == rewrite.Redact, oneWayEnds:
						if out != "mail from [email]" {
							t.Fatal(out)
						}
					default:
						if n := a.Recognize(strings.TrimPrefix(out, "mail from ")); n == 0 || strings.Contains(out, "bob") {
							t.Fatal(out)
						}
						if _, err := v.reveal(out[len("mail from "):]); err == nil {
							t.Fatal("a one-way token reveals")
						}
					}
					v.down.Store(false)
					time.Sleep(5 * time.Minute)
					if out, err = rewriteText(t, r, p, text); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Minute)
					values[strings.TrimPrefix(out, "mail from ")] = "bob@example.com"
					for tok, value := range values {
						reveals(t, v, tok, value)
					}
				})
			})
		}
	}
}

func rewriter(t *testing.T, a *agent, rung rewrite.OnUnavailable) (*rewrite.Rewriter, *policy.Policy) {
	t.Helper()
	c := policy.Config{Scope: "default", Rules: []policy.Rule{{Entities: []string{"email"}, Action: "tokenize"}}}
	p, err := c.Compile(a.Recognize)
	if err != nil {
		t.Fatal(err)
	}
	return rewrite.New(p, a, rewrite.Settings{OnUnavailable: rung}), p
}

func rewriteText(t *testing.T, r *rewrite.Rewriter, p *policy.Policy, text string) (string, error) {
	t.Helper()
	s := r.NewScratch()
	view := p.View(context.Background(), pcommon.NewResource())
	for {
		out, _, err := r.Text(s, view, rewrite.Place{Signal: policy.Logs}, text, r.Find(s, detect.Key{}, text))
		if err != nil {
			return "", err
		}
		again, err := r.Commit(context.Background(), s)
		if !again {
			return out, err
		}
		s.Degrade()
	}
}

// TestRestartInAnOutage: another process ships what this one left, and mints on.
func TestRestartInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := simulatedVault(t)
		dir := t.TempDir()
		values := map[string]string{}
		a := newAgent(t, v, dir, 1<<20)
		if _, err := a.batch("warm", 1, values); err != nil {
			t.Fatal(err)
		}
		v.down.Store(true)
		if _, err := a.batch("first life", 100, values); err != nil {
			t.Fatal(err)
		}
		a.close()
		a = newAgent(t, v, dir, 1<<20)
		if a.spool.Stats().Depth < 100 {
			t.Errorf("%+v", a.spool.Stats())
		}
		if _, err := a.batch("without a grant", 1, map[string]string{}); !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("minted without a grant: %v", err)
		}
		time.Sleep(3 * time.Hour)
		v.down.Store(false)
		time.Sleep(2 * time.Minute) // nobody mints: it asks by itself
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
		if _, err := a.batch("second life", 10, values); err != nil {
			t.Fatal(err)
		}
		a.close()
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
	})
}
