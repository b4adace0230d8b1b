package policy

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func compile(t testing.TB, c Config) *Policy {
	t.Helper()
	p, err := c.Compile(nil)
	require.NoError(t, err)
	return p
}

func resource(attributes ...string) pcommon.Resource {
	res := pcommon.NewResource()
	for i := 0; i < len(attributes); i += 2 {
		res.Attributes().PutStr(attributes[i], attributes[i+1])
	}
	return res
}

func plain(c Config, t testing.TB) *View { return compile(t, c).View(context.Background(), resource()) }

func finding(e detect.Entity) *detect.Finding { return &detect.Finding{Entity: e, KeyStart: -1} }

func TestFirstMatchDecides(t *testing.T) {
	v := plain(Config{Presets: []string{"default"}, Scope: "shop", Rules: []Rule{
		{Entities: []string{"payment_card"}, Action: "tokenize", Keep: "last4", Scope: "payments"},
		{Entities: []string{"email"}, Signals: []string{"metrics"}, Action: "redact"},
		{Entities: []string{"email"}, Keys: []string{"*.contact"}, Action: "mask", Keep: "domain"},
		{Entities: []string{"phone"}, Class: "handset", Action: "tokenize", Kind: "one_way"},
		{Keys: []string{"notes"}, Action: "keep"},
	}}, t)
	inner := finding(detect.Email)
	inner.KeyStart, inner.KeyEnd = 2, 12
	tests := map[string]struct {
		sig  Signal
		key  string
		f    *detect.Finding
		text string
		want Decision
	}{
		"own rule with scope and part": {Traces, "x", finding(detect.PaymentCard), "", Decision{
			Action: Tokenize, Keep: Last4, Class: "card", Scope: "payments", Rule: "rules[0]",
		}},
		"by signal":             {Metrics, "x", finding(detect.Email), "", Decision{Action: Redact, Class: "email", Scope: "shop", Rule: "rules[1]"}},
		"by attribute key":      {Logs, "user.Contact", finding(detect.Email), "", Decision{Action: Mask, Keep: Domain, Class: "email", Scope: "shop", Rule: "rules[2]"}},
		"by key inside text":    {Logs, "", inner, `{"my.contact":"a@b.org"}`, Decision{Action: Mask, Keep: Domain, Class: "email", Scope: "shop", Rule: "rules[2]"}},
		"class and kind":        {Logs, "", finding(detect.Phone), "", Decision{Action: Tokenize, Kind: OneWay, Class: "handset", Scope: "shop", Rule: "rules[3]"}},
		"whole attribute":       {Logs, "notes", finding(detect.JWT), "", Decision{Action: Keep, Class: "jwt", Scope: "shop", Rule: "rules[4]", Whole: true}},
		"preset":                {Logs, "other", finding(detect.JWT), "", Decision{Action: Tokenize, Kind: OneWay, Class: "jwt", Scope: "shop", Rule: "default: rules[1]"}},
		"token":                 {Logs, "", finding(detect.Token), "", Decision{}},
		"private address stays": {Logs, "", &detect.Finding{Entity: detect.IPAddress, Range: detect.Private, KeyStart: -1}, "", Decision{Action: Keep, Class: "ip", Scope: "shop", Rule: "default: rules[0]"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, *v.Decide(test.sig, test.key, test.f, test.text))
		})
	}
}

func TestNamesInMetricsNeedKeys(t *testing.T) {
	v := plain(Config{Presets: []string{"default"}, Rules: []Rule{{Entities: []string{"*"}, Action: "redact"}}}, t)
	for _, e := range []detect.Entity{detect.PersonName, detect.StreetAddress} {
		guess, keyed := finding(e), finding(e)
		keyed.ByKey = true
		require.Equal(t, Keep, v.Decide(Metrics, "note", guess, "").Action)
		require.Equal(t, Redact, v.Decide(Metrics, "customer_name", keyed, "").Action)
		require.Equal(t, Redact, v.Decide(Logs, "note", guess, "").Action)
		reasons, _ := v.policy.Explain(context.Background(), Subject{Signal: Metrics, Key: "note", Resource: resource(), Finding: guess})
		require.False(t, reasons[0].Matches)
		require.Contains(t, reasons[0].Why, "only where a key names it")
	}
	require.Equal(t, Redact, v.Decide(Metrics, "note", finding(detect.Email), "").Action)
}

func TestNoRuleKeeps(t *testing.T) {
	require.Equal(t, Decision{Action: Keep}, *plain(Config{Rules: []Rule{{Entities: []string{"phone"}, Action: "redact"}}}, t).Decide(Logs, "k", finding(detect.Email), ""))
}

func TestWholeAttributes(t *testing.T) {
	v := plain(Config{Rules: []Rule{
		{Keys: []string{"user.email"}, Entity: "email", Action: "tokenize"},
		{Keys: []string{"http.route"}, Action: "keep"},
		{Groups: []string{"credential"}, Action: "redact"},
		{Keys: []string{"debug.keep"}, Action: "keep"},
		{Keys: []string{"debug.*"}, Signals: []string{"logs"}, Action: "drop"},
		{Keys: []string{"user.*"}, Action: "redact"},
	}}, t)
	action := func(sig Signal, key string) string {
		d := v.Attribute(sig, key)
		if d == nil {
			return "look inside"
		}
		return fmt.Sprintf("%s by %s", d.Action, d.Rule)
	}
	require.Equal(t, "look inside", action(Logs, "user.email"), "declared before: an exception")
	require.Equal(t, "redact by rules[5]", action(Logs, "user.name"))
	require.Equal(t, "drop by rules[4]", action(Logs, "debug.sql"))
	require.Equal(t, "look inside", action(Traces, "debug.sql"))
	require.Equal(t, "look inside", action(Logs, "debug.keep"), "an earlier rule hides credentials in it")
	require.Equal(t, "keep by rules[1]", action(Logs, "http.route"), "no earlier rule can hide anything in it")
	require.Equal(t, "look inside", action(Logs, "other"))
	require.Nil(t, plain(Config{Presets: []string{"default"}}, t).Attribute(Logs, "user.email"))

	// A key inside text cannot be dropped, only its value can go.
	f := finding(detect.Username)
	f.KeyEnd = len("debug.who")
	f.KeyStart = 0
	require.Equal(t, Redact, v.Decide(Logs, "", f, "debug.who=bob").Action)
	require.Equal(t, Redact, v.Decide(Logs, "", finding(detect.Password), "").Action)
}

func TestConditionsAreEvaluatedPerResource(t *testing.T) {
	p := compile(t, Config{Rules: []Rule{
		{When: `resource.attributes["service.name"] == "edge"`, Entities: []string{"ip_address"}, Action: "keep"},
		{When: `resource.attributes["a"]["b"] == "c"`, Entities: []string{"email"}, Action: "keep"},
		{When: `resource.attributes["a"]["b"] == "d"`, Entities: []string{"email"}, Action: "redact"},
		{Entities: star, Action: "tokenize"},
	}})
	view := func(res pcommon.Resource) *View { return p.View(context.Background(), res) }
	decide := func(v *View, e detect.Entity) Action { return v.Decide(Logs, "", finding(e), "").Action }

	edge := view(resource("service.name", "edge"))
	require.Equal(t, Keep, decide(edge, detect.IPAddress))
	require.Equal(t, Tokenize, decide(view(resource("service.name", "shop")), detect.IPAddress))
	require.Equal(t, Tokenize, decide(edge, detect.Email))
	require.Same(t, edge, view(resource("service.name", "edge", "x", "y")), "views are shared")

	// "a" is a string here, so indexing it fails: the rule that keeps does not apply, the one that hides does.
	require.Equal(t, Redact, decide(view(resource("a", "b")), detect.Email))
}

func TestViewsAreSafeForConcurrentUse(t *testing.T) {
	p := compile(t, Config{Rules: []Rule{
		{When: `resource.attributes["n"] == "1"`, Keys: []string{"user.*"}, Entities: star, Action: "redact"},
		{Keys: []string{"*.id"}, Entities: star, Action: "tokenize"},
	}})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				v := p.View(context.Background(), resource("n", fmt.Sprint(i%3)))
				want := Keep
				if i%3 == 1 {
					want = Redact
				} else if i%2 == 0 {
					want = Tokenize
				}
				key := fmt.Sprintf("user.%d-%d", g, i)
				if i%2 == 0 {
					key = fmt.Sprintf("user.%d-%d.id", g, i)
				}
				if got := v.Decide(Logs, key, finding(detect.Email), "").Action; got != want {
					t.Errorf("%s: got %s, want %s", key, got, want)
					return
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, len(*p.keys.read.Load()), maxKeys)
}

func TestDecideDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	v := plain(Config{Presets: []string{"default"}, Rules: []Rule{
		{Entities: []string{"email"}, Keys: []string{"*.contact", "enduser.*"}, Action: "redact"},
		{Keys: []string{"debug.*"}, Action: "drop"},
	}}, t)
	f := finding(detect.Email)
	inner := finding(detect.Email)
	inner.KeyStart, inner.KeyEnd = 2, 7
	text := `{"email":"a@b.org"}`
	byForm := finding(detect.Email)
	byForm.Start, byForm.End = 10, 17
	for range 3 { // the key is remembered
		v.Decide(Logs, "user.contact", f, "")
	}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		v.Decide(Logs, "user.contact", f, "")
		v.Decide(Logs, "user.contact", inner, text)
		v.Decide(Logs, "other", byForm, text)
		v.Decide(Logs, "", finding(detect.JWT), text)
		v.Attribute(Logs, "user.contact")
	}))
}

func TestActs(t *testing.T) {
	p := compile(t, Config{Presets: []string{"secrets_only"}, Rules: []Rule{
		{Entities: []string{"email"}, Action: "keep"},
		{Entities: []string{"phone"}, Keys: []string{"x"}, Action: "redact"},
	}})
	require.True(t, p.Acts(detect.JWT))
	require.True(t, p.Acts(detect.Phone))
	require.False(t, p.Acts(detect.Email))
	require.False(t, p.Acts(detect.IBAN))
	require.False(t, p.Acts(detect.Token))
}

func TestExplain(t *testing.T) {
	p := compile(t, Config{Presets: []string{"default"}, Rules: []Rule{
		{When: `resource.attributes["service.name"] == "edge"`, Entities: []string{"email"}, Action: "keep"},
		{Name: "cards", Entities: []string{"payment_card"}, Action: "redact"},
		{Entities: []string{"email"}, Keys: []string{"*.contact"}, Action: "redact"},
		{Entities: []string{"email"}, Signals: []string{"metrics"}, Action: "redact"},
		{Keys: []string{"debug.*"}, Action: "drop"},
	}})
	s := Subject{Signal: Logs, Key: "user.mail", Resource: resource("service.name", "shop"), Finding: finding(detect.Email), Text: "bob@example.com"}
	reasons, d := p.Explain(context.Background(), s)
	require.Equal(t, "default: rules[2]", d.Rule)
	why := map[string]string{}
	for _, r := range reasons {
		require.NotContains(t, r.Why, "bob")
		require.Equal(t, r.Rule == d.Rule, r.Decides)
		require.Equal(t, r.Decides, r.Matches, r.Rule)
		why[r.Rule] = r.Why
	}
	require.Equal(t, map[string]string{
		"rules[0]": "when is false for the resource", "rules[1]": "entity is email (personal)",
		"rules[2]": "no key matches: *.contact", "rules[3]": "signal is logs", "rules[4]": "no key matches: debug.*",
		"default: rules[0]": "entity is email (personal)", "default: rules[1]": "entity is email (personal)", "default: rules[2]": "entity email",
	}, why)

	s.Finding, s.Key = nil, "debug.x"
	reasons, d = p.Explain(context.Background(), s)
	require.Equal(t, Drop, d.Action)
	require.True(t, reasons[4].Decides)
}

// TestReachIsSound draws lists of rules and asserts that no rule that is reported out of reach ever decides, and that
// Decide and Explain agree.
func TestReachIsSound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string, n int) (out []string) {
		for _, i := range rng.Perm(len(from))[:rng.IntN(n+1)] {
			out = append(out, from[i])
		}
		return out
	}
	reported, compiled := 0, 0
	for range 3000 {
		var c Config
		for range 2 + rng.IntN(4) {
			c.Rules = append(c.Rules, Rule{
				Entities: append(pick([]string{"email", "jwt", "ip_address"}, 2), "phone"),
				Keys:     pick([]string{"a.*", "a.b", "*", "*.c"}, 1), Signals: pick([]string{"logs", "traces"}, 2),
				Action: []string{"keep", "redact", "tokenize"}[rng.IntN(3)],
				When:   []string{"", "", `resource.attributes["x"] == "1"`}[rng.IntN(3)],
			})
		}
		k := &compiler{scope: "s", sources: []source{{File: File{Rules: c.Rules}}}}
		k.declare()
		k.compileRules()
		require.Empty(t, k.faults.errs)
		k.checkReach()
		unreachable := len(k.faults.errs)
		p, err := k.build(nil)
		require.NoError(t, err)
		decided := map[string]bool{}
		for _, x := range []string{"1", "2"} {
			for _, e := range []detect.Entity{detect.Email, detect.JWT, detect.IPAddress, detect.Phone} {
				for _, key := range []string{"", "a.b", "a.c", "z.c", "q"} {
					for sig := range signalCount {
						s := Subject{Signal: sig, Key: key, Resource: resource("x", x), Finding: finding(e)}
						reasons, d := p.Explain(context.Background(), s)
						decided[d.Rule] = true
						first := ""
						for _, r := range reasons {
							if r.Matches && first == "" {
								first = r.Rule
							}
						}
						require.Equal(t, first, d.Rule)
					}
				}
			}
		}
		compiled++
		reported += unreachable
		for _, err := range k.faults.errs {
			for i := range c.Rules {
				path := fmt.Sprintf("rules[%d]", i)
				if err.Error()[:len(path)] == path {
					require.False(t, decided[path], "%v decides: %+v", err, c.Rules)
				}
			}
		}
	}
	require.NotZero(t, reported)
	t.Logf("%d lists, %d rules out of reach", compiled, reported)
}

func BenchmarkDecide(b *testing.B) {
	v := plain(Config{Presets: []string{"default"}, Rules: []Rule{
		{Entities: []string{"email"}, Keys: []string{"*.contact", "enduser.*"}, Action: "redact"},
	}}, b)
	f := finding(detect.Email)
	b.ReportAllocs()
	for b.Loop() {
		v.Decide(Logs, "user.mail", f, "")
	}
}

func FuzzCompile(f *testing.F) {
	f.Add("email", "personal", "a.*", "logs", "public", "", "tokenize", "random", "last4", "s", "c", `resource.attributes["x"] == 1`)
	f.Add("*", "", "", "", "", "", "keep", "", "", "", "", "")
	f.Add("", "", "k", "", "", "tenant", "redact", "", "", "", "tenant", "")
	f.Fuzz(func(t *testing.T, entity, group, key, signal, rng, declared, action, kind, keep, scope, class, when string) {
		list := func(s string) []string {
			if s == "" {
				return nil
			}
			return []string{s}
		}
		r := Rule{
			Entities: list(entity), Groups: list(group), Keys: list(key), Signals: list(signal), Ranges: list(rng), Entity: declared,
			Action: action, Kind: kind, Keep: keep, Scope: scope, Class: class, When: when,
		}
		p, err := Config{Rules: []Rule{r}}.Compile(nil)
		if err != nil {
			return
		}
		v := p.View(context.Background(), resource("x", "y"))
		for e := range p.Detector().Entities() {
			v.Decide(Logs, key, finding(detect.Entity(e)), "")
		}
	})
}
