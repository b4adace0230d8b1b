package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// fakeToken returns a token as the vault mints it, with a fixed body; fakeRecognize verifies exactly those.
func fakeToken(class string) string { return "tkt_" + class + fakeTail }

const fakeTail = "_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds"

func fakeRecognize(s string) int {
	i := len("tkt_")
	for i < len(s) && isLower(s[i]) {
		i++
	}
	if n := i - len("tkt_"); n < 2 || n > 16 || !strings.HasPrefix(s[i:], fakeTail) {
		return 0
	}
	if i += len(fakeTail); i < len(s) && isWord(s[i]) {
		return 0
	}
	return i
}

// testDetector has custom patterns and keys beside the built-in rules.
func testDetector(t testing.TB) *Detector {
	d, err := New(Settings{
		Recognize: fakeRecognize,
		Patterns:  []Pattern{{Name: "order_ref", Regex: `ORD-[0-9]{8}`, Class: "order"}},
		Keys:      []KeyRule{{Glob: "x.*.id", Entity: "user_id"}, {Glob: "tenant", Entity: "tenant_name", Class: "tenant"}},
	})
	require.NoError(t, err)
	return d
}

// plainDetector has the built-in rules only. With keys of its own a Detector looks at every separator, without them at few.
func plainDetector(t testing.TB) *Detector {
	d, err := New(Settings{Recognize: fakeRecognize})
	require.NoError(t, err)
	return d
}

// rewrite replaces every finding by a token.
func rewrite(d *Detector, text string, findings []Finding) string {
	var b strings.Builder
	last := 0
	for _, f := range findings {
		if f.Entity == Token {
			continue
		}
		b.WriteString(text[last:f.Start])
		b.WriteString(fakeToken(d.Entities()[f.Entity].Class))
		last = f.End
	}
	return b.String() + text[last:]
}

// checkLaws asserts what Find promises about one text.
func checkLaws(t *testing.T, d *Detector, s *Scratch, key, text string) {
	t.Helper()
	k := d.Key(key)
	found := slices.Clone(d.Find(s, k, text))
	last := 0
	for _, f := range found {
		require.True(t, f.Start >= last && f.End > f.Start && f.End <= len(text), "span %+v in %q", f, text)
		require.False(t, f.Start < len(text) && text[f.Start]&0xC0 == 0x80 && utf8.ValidString(text), "cut rune %+v in %q", f, text)
		require.False(t, f.End < len(text) && text[f.End]&0xC0 == 0x80 && utf8.ValidString(text), "cut rune %+v in %q", f, text)
		require.True(t, f.Entity == Token || f.Entity > None && int(f.Entity) < len(d.Entities()), "entity %+v", f)
		last = f.End
	}
	fresh := d.Find(NewScratch(), k, text)
	require.Equal(t, fmt.Sprint(found), fmt.Sprint(fresh), "scratch reuse changes the findings in %q", text)
	require.Equal(t, fmt.Sprint(d.Reference(k, text)), fmt.Sprint(found), "reference differs for key %q in %q", key, text)
	again := rewrite(d, text, found)
	for _, f := range d.Find(s, k, again) {
		if f.Entity != Token {
			t.Fatalf("found again: %s %q\nin  %q\nwas %q\nfirst %s", d.Entities()[f.Entity].Name, again[f.Start:f.End], again, text, describe(d, text, found))
		}
	}
}

// checkPlain asserts the same of what a Detector without settings finds. Tokens do not count: inside a longer name they are not looked
// for where nothing else is.
func checkPlain(t *testing.T, d *Detector, s *Scratch, key, text string) {
	t.Helper()
	values := func(found []Finding) []Finding {
		return slices.DeleteFunc(slices.Clone(found), func(f Finding) bool { return f.Entity == Token })
	}
	k := d.Key(key)
	found := values(d.Find(s, k, text))
	require.Equal(t, fmt.Sprint(values(d.Reference(k, text))), fmt.Sprint(found), "reference differs for key %q in %q", key, text)
	again := rewrite(d, text, found)
	require.Empty(t, values(d.Find(s, k, again)), "found again in %q, was %q", again, text)
}

func describe(d *Detector, text string, found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		name := "token"
		if f.Entity != Token {
			name = d.Entities()[f.Entity].Name
		}
		fmt.Fprintf(&b, "%s %q, ", name, text[f.Start:f.End])
	}
	return b.String()
}

// seeds are the examples of every rule, and texts that once broke a law.
func seeds() [][2]string {
	var all [][2]string
	for _, r := range rules {
		for _, ex := range append(slices.Clone(r.examples.positive), r.examples.negative...) {
			key, text, _ := parseExample(ex)
			all = append(all, [2]string{key, text})
		}
	}
	for _, c := range structures {
		_, text, _ := parseExample(c.text)
		all = append(all, [2]string{"", text})
	}
	return all
}

func TestLawsOnExamples(t *testing.T) {
	d, plain, s := testDetector(t), plainDetector(t), NewScratch()
	all := seeds()
	for i, a := range all {
		checkLaws(t, d, s, a[0], a[1])
		checkPlain(t, plain, s, a[0], a[1])
		for _, join := range []string{" ", ",", "", "=", ":"} {
			b := all[(i*7+len(join)*31)%len(all)]
			checkLaws(t, d, s, a[0], a[1]+join+b[1])
			checkLaws(t, d, s, a[0], b[1]+join+fakeToken("email")+join+a[1])
		}
	}
}

// TestLawsAtTheEndOfBlocks puts the examples where a block ends inside of them, or right behind: the masks do not have what follows.
func TestLawsAtTheEndOfBlocks(t *testing.T) {
	d, s := plainDetector(t), NewScratch()
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 12
	if raceEnabled || testing.Short() { // the race detector takes minutes
		rounds = 1
	}
	for _, a := range seeds() {
		if a[0] != "" || len(a[1]) > 2*blockLen {
			continue
		}
		for range rounds {
			text := strings.Repeat(";", blockLen)[min(r.IntN(len(a[1])+1), blockLen):] + a[1] + choose(r, "", ".", "; and more of that")
			require.Equal(t, fmt.Sprint(d.Reference(Key{}, text)), fmt.Sprint(d.Find(s, Key{}, text)), "%q", text)
		}
	}
}

// TestLawsOnChains repeats pairs of which each hides the next one.
func TestLawsOnChains(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	for _, text := range []string{
		strings.Repeat("password=trace_id=\x1b[3x", 20), strings.Repeat("password=trace_id= ", 20),
		`DE 129 273 398,1.2.3.4 - jane [10/Oct/2026:13:55:36 +0000] "GET /"`, "Server=db;User Id=sa;Password=P@ss w0rd;Encr[user_agent=curl",
	} {
		checkLaws(t, d, s, "", text)
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s[0], s[1])
	}
	d, plain := testDetector(f), plainDetector(f)
	f.Fuzz(func(t *testing.T, key, text string) {
		if len(text) > 1<<12 || len(key) > 128 {
			return
		}
		checkLaws(t, d, NewScratch(), key, text)
		checkPlain(t, plain, NewScratch(), key, text)
	})
}

// TestLawsOnJoinedExamples puts pieces of examples side by side: what one rule judges by is another's value.
func TestLawsOnJoinedExamples(t *testing.T) {
	d, plain, s, all := testDetector(t), plainDetector(t), NewScratch(), seeds()
	joins := []string{
		" ", ",", "", "=", ":", "-", ".", "/", "@", `"`, ", ", ": ", "\n", `\n`, "%20", "&", ";", "_", "(", ")", "'", "<", ">", "+", "[", `{"`, fakeToken("ip"), "é",
	}
	r := rand.New(rand.NewPCG(1, 2))
	pick := func() string { return all[r.IntN(len(all))][1] }
	for range 4000 {
		a, b := pick(), pick()
		if r.IntN(3) == 0 && a != "" {
			a = a[:r.IntN(len(a))]
		}
		if r.IntN(3) == 0 && b != "" {
			b = b[r.IntN(len(b)):]
		}
		key := ""
		if r.IntN(4) == 0 {
			key = all[r.IntN(len(all))][0]
		}
		text := a + joins[r.IntN(len(joins))] + b
		checkLaws(t, d, s, key, text)
		checkPlain(t, plain, s, key, text)
	}
}
