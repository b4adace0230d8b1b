package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequiredLiterals(t *testing.T) {
	for expr, want := range map[string]string{
		`ORD-[0-9]{8}`:                    "ord-",
		`(?i)order`:                       "order",
		`(?i)ask`:                         "ask as\u212a a\u017fk a\u017f\u212a",
		`a|b`:                             "",
		`foo|bar[0-9]`:                    "foo bar",
		`foo|.*`:                          "",
		`(abc)+x`:                         "abc",
		`\bEMP\d+-HQ\b`:                   "emp",
		`x?yz`:                            "xyz yz",
		`(?:jan|feb)-[0-9]{2}`:            "jan- feb-",
		`[AB]-12`:                         "a-12 b-12",
		`[A-Z]{2}[0-9]{8}`:                "",
		`(?:x.*y|)q`:                      "",
		`pre(?:[0-9]+|fix)tail`:           "tail",
		`[0-9]{3}-[0-9]{2}`:               "",
		`émile@`:                          "émile@",
		`(?i)é!`:                          "É! é!",
		`(?:abc|abd)[^x](?:longer|other)`: "longer other",
		`key=\x{FFFD}ab`:                  "key=",
	} {
		require.Equal(t, want, strings.Join(requiredLiterals(expr), " "), expr)
	}
}

func TestPrefilterMarksWhatStandsThere(t *testing.T) {
	p := newPrefilter([][]string{{"abc"}, {"bcd", "xyz!"}, nil, {"aa"}, {"0123456789abcdefgh"}})
	for text, want := range map[string][]int{
		"":                              nil,
		"a":                             nil,
		"ABC":                           {0},
		"zabcd":                         {0, 1},
		"xyz":                           nil,
		"xyz! and aaa":                  {1, 3},
		"..0123456789ABCDEFGH":          {0, 1, 4},
		"..0123456789ABCDEFG":           {0, 1},
		strings.Repeat("ab", 100):       nil,
		strings.Repeat("-", 99) + "bCd": {1},
	} {
		seen := make([]uint64, 1)
		n := p.mark(text, seen)
		var got []int
		for i := range 5 {
			if seen[0]>>i&1 != 0 {
				got = append(got, i)
			}
		}
		require.Equal(t, want, got, text)
		require.Equal(t, len(want), n)
	}
}

func TestManyPatterns(t *testing.T) {
	for _, n := range []int{1, 3, 4, 50, 200} {
		patterns := make([]Pattern, 0, n+5)
		var text, want string
		for i := range n {
			patterns = append(patterns, Pattern{Name: fmt.Sprintf("p%d", i), Class: "px", Regex: fmt.Sprintf(`ref%dx[a-f]{4}`, i)})
			text += fmt.Sprintf("ref%dxbead ", i)
			want += fmt.Sprintf("p%d %q, ", i, fmt.Sprintf("ref%dxbead", i))
		}
		for i := range 5 { // more without literals than are searched for one by one
			patterns = append(patterns, Pattern{Name: fmt.Sprintf("bare%d", i), Class: "bare", Regex: fmt.Sprintf(`[;!][g-k]{%d}[;!]`, i+2)})
		}
		d, err := New(Settings{Patterns: patterns})
		require.NoError(t, err)
		require.Equal(t, want, describe(d, text, d.Find(NewScratch(), Key{}, text)))
		bare := ";ghi! nothing else;ghijk;"
		require.Equal(t, `bare1 ";ghi!", bare3 ";ghijk;", `, describe(d, bare, d.Find(NewScratch(), Key{}, bare)))
		require.Equal(t, want+`bare1 ";ghi!", `, describe(d, text+";ghi!", d.Find(NewScratch(), Key{}, text+";ghi!")))
	}
}

func TestPatternsDoNotAllocateOnCleanText(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	d, err := New(Settings{Patterns: customPatterns(50)})
	require.NoError(t, err)
	s := NewScratch()
	require.Empty(t, d.patterns.bare, "the benchmark's patterns have literals")
	d.Find(s, Key{}, cleanLine)
	require.Zero(t, testing.AllocsPerRun(100, func() { d.Find(s, Key{}, cleanLine) }))
}

// FuzzPatterns checks that the literals lose no match of the expression.
func FuzzPatterns(f *testing.F) {
	for _, seed := range [][2]string{
		{`ORD-[0-9]{8}`, "ORD-12345678"},
		{`(?i)ask`, "a\u017f\u212a"},
		{`foo|bar[0-9]`, "bar7"},
		{`[AB]-12`, "b A-12"},
		{`(?:abc)+x?`, "abcabc"},
		{`(?i)[k-l]é+z`, "KÉz"},
		{`x*(?:yy|z{2,3})$`, "xxzz"},
		{`(?s)a.b`, "a\nb"},
		{`\x{FFFD}ab`, "\xffab"},
		{`\Q.*\E[[:alpha:]]`, ".*q"},
		{`(?:(?:ab|cd)(?:ef|gh)?)+`, "cdgh"},
		{`(?i:s)t`, "ſt"},
		{`\pL{2}\b`, "ab"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 100 {
			return
		}
		d, err := New(Settings{Patterns: []Pattern{{Name: "fuzzed", Regex: expr}}})
		if err != nil {
			return
		}
		p := d.patterns
		if p.literals == nil || !p.patterns[0].re.MatchString(text) {
			return
		}
		if p.literals.mark(text, make([]uint64, 1)) == 0 {
			t.Fatalf("%q matches %q, which has none of its literals %q", expr, text, requiredLiterals(expr))
		}
	})
}

// FuzzPrefilter checks the search against a search for each literal.
func FuzzPrefilter(f *testing.F) {
	f.Add("abc bcd", "xabcdx")
	f.Add("aa -1", "bAA-1")
	f.Fuzz(func(t *testing.T, literals, text string) {
		words := slices.DeleteFunc(strings.Fields(asciiLower(literals)), func(w string) bool { return len(w) < shortestLiteral })
		if len(words) == 0 || len(words) > 64 {
			return
		}
		sets := make([][]string, len(words))
		for i, w := range words {
			sets[i] = []string{w}
		}
		seen := make([]uint64, 1)
		newPrefilter(sets).mark(text, seen)
		for i, w := range words {
			require.Equal(t, strings.Contains(asciiLower(text), w), seen[0]>>i&1 != 0, w)
		}
	})
}

func asciiLower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}
