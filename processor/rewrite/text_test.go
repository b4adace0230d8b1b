package rewrite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/vault/token"
)

var (
	defaults = policy.Config{Presets: []string{"default"}}
	star     = []string{"*"}
)

func rules(r ...policy.Rule) policy.Config { return policy.Config{Rules: r} }

func TestText(t *testing.T) {
	redact := rules(policy.Rule{Entities: star, Action: "redact"})
	mask := rules(
		policy.Rule{Entities: []string{"email"}, Action: "mask", Keep: "domain"},
		policy.Rule{Entities: []string{"payment_card"}, Signals: []string{"logs"}, Action: "mask", Keep: "prefix"},
		policy.Rule{Entities: []string{"ip_address", "mac_address"}, Action: "mask", Keep: "prefix"},
		policy.Rule{Entities: []string{"us_ssn", "phone"}, Action: "mask", Keep: "last4"},
	)
	keep := rules(
		policy.Rule{Entities: []string{"payment_card", "phone"}, Action: "tokenize", Keep: "last4"},
		policy.Rule{Entities: []string{"email"}, Action: "tokenize", Keep: "domain"},
	)
	tests := map[string]struct {
		config         policy.Config
		key, text, out string
		verdict        Verdict
	}{
		"clean":                        {defaults, "", "GET /index.html 200 in 12 ms", "GET /index.html 200 in 12 ms", Unchanged},
		"one value":                    {defaults, "", "mail to bob@example.com failed", "mail to <email> failed", Changed},
		"several values":               {defaults, "", "bob@example.com paid with 4111 1111 1111 1111 (visa card)", "<email> paid with <card> (visa card)", Changed},
		"private address stays":        {defaults, "", "10.1.2.3 asks 8.8.8.8", "10.1.2.3 asks <ip>", Changed},
		"whole value by key":           {defaults, "user.id", "u-77-x", "<userid>", Changed},
		"redact":                       {redact, "", "from bob@example.com at 8.8.8.8:53", "from [email] at [ip_address]:53", Changed},
		"redact again":                 {redact, "", `password=[password] mail=[email]`, `password=[password] mail=[email]`, Unchanged},
		"mask e-mail":                  {mask, "", "to Bob@Example.com.", "to [email]@example.com.", Changed},
		"mask card":                    {mask, "", "card 4111 1111 1111 1111", "card 411111****", Changed},
		"mask ipv4":                    {mask, "", "peer 8.8.8.8", "peer 8.8.8.*", Changed},
		"mask ipv6":                    {mask, "", "peer 2001:db8::7", "peer 2001:db8:0:*", Changed},
		"mask mac":                     {mask, "", "mac 00-1A-2B-3C-4D-5E", "mac 00:1a:2b:*", Changed},
		"mask ssn":                     {mask, "", "ssn: 536-22-8726", "ssn: ****8726", Changed},
		"token keeps last4":            {keep, "", "card 4111 1111 1111 1111 ok", "card <card>_1111 ok", Changed},
		"token keeps domain":           {keep, "", "from Bob@Example.com, again", "from <email>@example.com, again", Changed},
		"domain in a sentence":         {keep, "", "from bob@example.com.", "from <email>@example.com.", Changed},
		"domain percent-encoded":       {keep, "", "/u?e=bob%40example.com&x=1", "/u?e=<email>@example.com&x=1", Changed},
		"domain at the end of a query": {keep, "", "GET /u?m=anna%40firma.example", "GET /u?m=<email>@firma.example", Changed},
		"domain before an escape":      {keep, "", "/u?m=anna%40firma.example%20x", "/u?m=<email>@firma.example%20x", Changed},
		"no domain in an authority":    {keep, "", "https://a&email=anna%40firma.example@h/x", "https://a&email=<email>@h/x", Changed},
		"no domain beyond ASCII":       {keep, "", "/u?m=anna%40b%C3%BCro.example", "/u?m=<email>", Changed},
		"last4 in a query":             {keep, "", "/u?card=4111%201111%201111%201111&x=1", "/u?card=<card>_1111&x=1", Changed},
		"bare JSON number":             {defaults, "", `{"card": 4111111111111111}`, `{"card": "<card>"}`, Changed},
		"bare number in an array":      {defaults, "", `{"cards":[4111111111111111, 5500005555555559]}`, `{"cards":["<card>", "<card>"]}`, Changed},
		"bare number in escaped JSON": {
			defaults, "", `{"body":"{\"card\": 4111111111111111}"}`, `{"body":"{\"card\": \"<card>\"}"}`, Changed,
		},
		"JSON behind text":     {defaults, "", `INFO req {"card":4111111111111111}`, `INFO req {"card":"<card>"}`, Changed},
		"number in a string":   {defaults, "", `{"m":"card: 4111111111111111, ok"}`, `{"m":"card: <card>, ok"}`, Changed},
		"ipv6 host":            {defaults, "", "http://[2600:1f18::1]:8080/x", "http://<ip>:8080/x", Changed},
		"ipv6 peer":            {defaults, "", "[2600:1f18::1]:443", "<ip>:443", Changed},
		"redacted host":        {redact, "", "http://8.8.8.8/x", "http://ip_address/x", Changed},
		"tokens are left":      {defaults, "", tokenOf("email", "bob@example.com") + " logged in", tokenOf("email", "bob@example.com") + " logged in", Unchanged},
		"drop shows redaction": {rules(policy.Rule{Entities: []string{"email"}, Action: "drop"}), "", "to bob@example.com", "to [email]", Dropped},
		"kept value looked into": {
			rules(policy.Rule{Entities: []string{"username"}, Action: "keep"}, policy.Rule{Entities: []string{"email"}, Action: "tokenize"}),
			"user.name", "bob <bob@example.com>", "bob <<email>>", Changed,
		},
		"kept value that would be a plate alone": {
			rules(policy.Rule{Entities: []string{"username"}, Action: "keep"}, policy.Rule{Entities: star, Action: "tokenize"}),
			"username", "AB51 ABC", "AB51 ABC", Unchanged,
		},
		"kept as a whole": {
			rules(policy.Rule{Keys: []string{"note"}, Action: "keep"}, policy.Rule{Entities: star, Action: "tokenize"}),
			"note", "bob@example.com", "bob@example.com", Unchanged,
		},
		"keys alone redact inside text": {
			rules(policy.Rule{Keys: []string{"cvv", "pin*"}, Action: "redact"}), "", `{"cvv":"123","pin_code":"9876","n":"x"}`,
			`{"cvv":"[redacted]","pin_code":"[redacted]","n":"x"}`, Changed,
		},
		"keys alone, other signal": {
			rules(policy.Rule{Keys: []string{"memo"}, Signals: []string{"traces"}, Action: "redact"}, policy.Rule{Entities: star, Action: "tokenize"}),
			"", `{"memo":"call bob@example.com"}`, `{"memo":"call <email>"}`, Changed,
		},
		"keys inside text": {
			rules(policy.Rule{Entities: []string{"email"}, Keys: []string{"*.contact"}, Action: "redact"}, policy.Rule{Entities: star, Action: "tokenize"}),
			"", `{"my.contact":"bob@example.com","x":"bob@example.com"} my.contact=bob@example.com`, `{"my.contact":"[email]","x":"<email>"} my.contact=[email]`, Changed,
		},
		"declared by key": {
			rules(policy.Rule{Keys: []string{"tenant.*"}, Entity: "tenant", Class: "tenant", Action: "tokenize"}),
			"tenant.name", "ACME Ltd", "<tenant>", Changed,
		},
		"pattern": {
			policy.Config{
				Presets: []string{"default"}, Patterns: []policy.Pattern{{Name: "order_ref", Regex: "ORD-[0-9]{8}", Class: "order"}},
			}, "", "order ORD-12345678 shipped", "order <order> shipped", Changed,
		},
		"pattern takes the rest of its word": {
			policy.Config{
				Presets: []string{"default"}, Patterns: []policy.Pattern{{Name: "order_ref", Regex: "ORD-[0-9]{8}", Class: "order"}},
			}, "", "ORD-12345678abc", "<order>", Changed,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.config, Settings{})
			out, verdict, err := r.text(test.key, test.text)
			require.NoError(t, err)
			require.Equal(t, strings.NewReplacer("<<email>>", "<email>").Replace(brief(test.out)), strings.NewReplacer("<<email>>", "<email>").Replace(brief(out)))
			require.Equal(t, test.verdict, verdict)

			again, verdict, err := r.text(test.key, strings.Clone(out))
			require.NoError(t, err)
			require.Equal(t, out, again, "a second pass changes nothing")
			require.Equal(t, Unchanged, verdict)
		})
	}
}

func tokenOf(class, canonical string) string {
	b, err := newTestIssuer().Mint(nil, token.Class{Name: class, Scope: "default"}, []byte(canonical), new(token.Batch))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestSpellingsGetOneToken(t *testing.T) {
	r := newRig(t, defaults, Settings{})
	out := r.must(t, `a Bob@Example.com b {"e":"BOB@example.com"} c /x?e=bob%40example.com d bob@example.com`)
	found := tokens.FindAllString(out, -1)
	require.Len(t, found, 4, out)
	for _, f := range found {
		require.Equal(t, tokenOf("email", "bob@example.com"), f)
	}
	require.Equal(t, 1, r.s.Batch.Len())
	require.Equal(t, "bob@example.com", string(r.s.Batch.At(0).Canonical))
}

func TestAttribute(t *testing.T) {
	c := rules(
		policy.Rule{Keys: []string{"a"}, Action: "redact"}, policy.Rule{Keys: []string{"b"}, Action: "drop"}, policy.Rule{Keys: []string{"c"}, Action: "keep"},
	)
	for _, dry := range []bool{false, true} {
		r := newRig(t, c, Settings{DryRun: dry})
		got := map[string]string{}
		for _, key := range []string{"a", "b", "c", "d"} {
			out, verdict, done := r.Attribute(r.s, r.v, Place{Signal: policy.Logs, Key: key})
			got[key] = fmt.Sprint(out, verdict, done)
		}
		want := map[string]string{"a": fmt.Sprint("[redacted]", Changed, true), "b": fmt.Sprint("[redacted]", Dropped, true), "c": fmt.Sprint("", Unchanged, true), "d": fmt.Sprint("", Unchanged, false)}
		if dry {
			want["a"], want["b"] = want["c"], want["c"]
		}
		require.Equal(t, want, got)
		n := map[policy.Action]int64{}
		r.s.Counts.EachAttribute(func(_ policy.Signal, a policy.Action, c int64) { n[a] = c })
		require.Equal(t, map[policy.Action]int64{policy.Redact: 1, policy.Drop: 1, policy.Keep: 1}, n)
	}
}

func TestVaultAway(t *testing.T) {
	const text = "mail bob@example.com, phone +49 30 1234567"
	away := fmt.Errorf("ask the vault: %w", ErrUnavailable)
	config := rules(
		policy.Rule{Entities: []string{"phone"}, Action: "tokenize", Kind: "random", Signals: []string{"logs"}},
		policy.Rule{Entities: star, Action: "tokenize"},
	)
	tests := map[string]struct {
		on       OnUnavailable
		err      func(token.Class) error
		out      string
		fails    bool
		degraded int64
	}{
		"wait":                       {Wait, func(token.Class) error { return away }, "", true, 0},
		"one way":                    {OneWay, revealable(away), "mail <email>, phone [phone]", false, 2},
		"one way is away, too":       {OneWay, func(token.Class) error { return away }, "mail [email], phone [phone]", false, 2},
		"redact":                     {Redact, func(token.Class) error { return away }, "mail [email], phone [phone]", false, 2},
		"another fault never passes": {Redact, func(token.Class) error { return errors.New("broken") }, "", true, 0},
		"nor behind one way": {OneWay, func(c token.Class) error {
			return map[bool]error{true: errors.New("broken"), false: away}[c.Kind == token.OneWay]
		}, "", true, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, config, Settings{OnUnavailable: test.on})
			r.issuer.err = test.err
			out, _, err := r.text("", text)
			require.Equal(t, test.fails, err != nil)
			if err != nil {
				require.Empty(t, out)
				require.NotContains(t, err.Error(), "bob")
				require.Equal(t, errors.Is(test.err(token.Class{}), ErrUnavailable) && test.on == Wait, Unavailable(err))
			}
			require.Equal(t, test.out, brief(out))
			require.Equal(t, test.degraded, r.s.Counts.Degraded)
		})
	}
}

func revealable(err error) func(token.Class) error {
	return func(c token.Class) error {
		if c.Kind == token.OneWay {
			return nil
		}
		return err
	}
}

func TestCommitThatCannotEscrow(t *testing.T) {
	const text = "mail bob@example.com"
	away := fmt.Errorf("escrow: %w", ErrUnavailable)
	for on, want := range map[OnUnavailable]string{Wait: "", OneWay: "mail <email>", Redact: "mail [email]"} {
		t.Run(on.String(), func(t *testing.T) {
			r := newRig(t, defaults, Settings{OnUnavailable: on})
			revealable := r.must(t, text)
			r.issuer.commitErr = away
			again, err := r.Commit(context.Background(), r.s)
			if on == Wait {
				require.False(t, again)
				require.ErrorIs(t, err, ErrUnavailable)
				return
			}
			require.NoError(t, err)
			require.True(t, again)
			revealable = strings.Clone(revealable)
			r.s.Degrade()
			out := r.must(t, text)
			require.Equal(t, want, brief(out))
			require.NotEqual(t, revealable, out)
			require.Zero(t, r.s.Batch.Len(), "nothing is left to escrow")
			again, err = r.Commit(context.Background(), r.s)
			require.NoError(t, err)
			require.False(t, again)

			r.s.Reset()
			require.Equal(t, revealable, r.must(t, text), "degraded until Reset")
		})
	}
	r := newRig(t, defaults, Settings{OnUnavailable: Redact})
	r.must(t, text)
	r.issuer.commitErr = errors.New("broken")
	again, err := r.Commit(context.Background(), r.s)
	require.False(t, again, "what is no outage is no reason to degrade")
	require.Error(t, err)
}

// TestCommitOfKnownTokens: the issuer may have learned meanwhile that it has to see them once more.
func TestCommitOfKnownTokens(t *testing.T) {
	r := newRig(t, defaults, Settings{})
	r.issuer.commitErr = ErrUnavailable
	_, err := r.Commit(context.Background(), r.s)
	require.NoError(t, err, "there is nothing to commit")
	r.s.Batch.AddKnown()
	_, err = r.Commit(context.Background(), r.s)
	require.ErrorIs(t, err, ErrUnavailable)
}

func TestDryRunCountsAndChangesNothing(t *testing.T) {
	const text = `bob@example.com 10.0.0.1 password=hunter2hunter2 tkt`
	dry, real := newRig(t, defaults, Settings{DryRun: true}), newRig(t, defaults, Settings{})
	out, verdict, err := dry.text("", text)
	require.NoError(t, err)
	require.Equal(t, text, out)
	require.Equal(t, Unchanged, verdict)
	require.Zero(t, dry.issuer.minted)
	require.Zero(t, dry.s.Batch.Len())
	real.must(t, text)
	const found = "found logs email tokenize 1, found logs ip_address keep 1, found logs password tokenize 1"
	require.Equal(t, found+", minted logs email 1, minted logs password 1", counted(real.s.Counts))
	require.Equal(t, found, counted(dry.s.Counts))
}

func counted(c *Counts) string {
	var parts []string
	c.EachFound(func(s policy.Signal, e string, a policy.Action, n int64) {
		parts = append(parts, fmt.Sprintf("found %s %s %s %d", s, e, a, n))
	})
	c.EachMinted(func(s policy.Signal, e string, n int64) {
		parts = append(parts, fmt.Sprintf("minted %s %s %d", s, e, n))
	})
	c.EachLeft(func(s policy.Signal, n int64) { parts = append(parts, fmt.Sprintf("left %s %d", s, n)) })
	return strings.Join(parts, ", ")
}

func TestCounts(t *testing.T) {
	r := newRig(t, defaults, Settings{})
	r.s.Begin()
	r.must(t, r.must(t, "bob@example.com 8.8.8.8")+" alice@example.com")
	r.s.End()
	require.Equal(t, "found logs email tokenize 2, found logs ip_address tokenize 1, minted logs email 2, minted logs ip_address 1, left logs 2", counted(r.s.Counts))
	require.Equal(t, int64(3), r.s.Counts.Found())
	require.Equal(t, int64(3), r.s.Counts.Minted())
	require.Equal(t, int64(2), r.s.Counts.Left())
	require.Positive(t, r.s.Counts.Mint)
	require.Positive(t, r.s.Counts.Detect())
	r.s.Reset()
	require.Empty(t, counted(r.s.Counts))
	require.Zero(t, r.s.Counts.Mint+r.s.Counts.Detect())
}

// TestOutputsStay: outputs share memory, and none is written to by what comes after it: texts that fail half-way, texts that outgrow
// their room, and other batches.
func TestOutputsStay(t *testing.T) {
	r := newRig(t, rules(policy.Rule{Entities: []string{"payment_card"}, Action: "tokenize", Keep: "last4"}, policy.Rule{Entities: star, Action: "tokenize"}), Settings{})
	var outs, copies []string
	fail := func(i int) {
		r.issuer.err = func(c token.Class) error {
			if c.Name == "email" {
				return ErrUnavailable
			}
			return nil
		}
		_, _, err := r.text("", fmt.Sprintf("card 4111 1111 1111 1111, mail user%d@example.com", i))
		require.ErrorIs(t, err, ErrUnavailable)
		r.issuer.err = nil
	}
	for i := range 3000 {
		if i%7 == 0 {
			fail(i)
		}
		size := i % 90
		if i%250 == 0 {
			size = 5000
		}
		text := fmt.Sprintf("mail user%d@example.com %s", i, strings.Repeat("4111 1111 1111 1111, ", size%3)+strings.Repeat("x ", size))
		out := r.must(t, text)
		require.NotContains(t, out, "@")
		outs, copies = append(outs, out), append(copies, strings.Clone(out))
		if i%500 == 0 {
			r.s.Reset()
		}
	}
	require.Equal(t, copies, outs)
	require.LessOrEqual(t, cap(r.s.chunk), chunkSize)
	fail(1)
	free := r.s.chunk[len(r.s.chunk):cap(r.s.chunk)]
	require.NotContains(t, string(free), "user", "no value stays where nothing was written in the end")
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := newRig(t, defaults, Settings{})
	clean := "2026-11-22T02:12:50Z INFO request done method=GET path=/api/orders/7f3a status=200 duration=12ms bytes=5120"
	text := func(s string) func() {
		return func() {
			if _, _, err := r.text("body", s); err != nil {
				t.Fatal(err)
			}
		}
	}
	require.Zero(t, testing.AllocsPerRun(200, text(clean)))

	// A changed value costs what the issuer costs, which for the one of this test is not nothing.
	r = newRig(t, rules(policy.Rule{Entities: star, Action: "redact"}), Settings{})
	changed := text("user bob@example.com from 8.8.8.8 paid " + `{"card":4111111111111111}`)
	require.Zero(t, testing.AllocsPerRun(200, func() { r.s.Reset(); changed() }), "the output: of a chunk")
}

func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{
		"clean":   "2026-11-22T02:12:50Z INFO request done method=GET path=/api/orders/7f3a status=200 duration=12ms bytes=5120",
		"changed": "2026-11-22T02:12:50Z INFO login of bob@example.com from 8.8.8.8 done status=200 duration=12ms bytes=5120",
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, defaults, Settings{})
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.s.Reset()
				if _, _, err := r.text("", text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
