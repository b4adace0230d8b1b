package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// parseExample splits "key|text with «spans»" into its parts.
func parseExample(s string) (key, text string, spans [][2]int) {
	if i := strings.IndexByte(s, '|'); i > 0 && !strings.ContainsAny(s[:i], " =\"{:<") {
		key, s = s[:i], s[i+1:]
	}
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '«':
			spans = append(spans, [2]int{b.Len(), 0})
		case '»':
			spans[len(spans)-1][1] = b.Len()
		default:
			b.WriteRune(r)
		}
	}
	for i := range spans {
		if spans[i][1] == 0 {
			spans[i][1] = b.Len()
		}
	}
	return key, b.String(), spans
}

func TestExamples(t *testing.T) {
	d, err := New(Settings{})
	require.NoError(t, err)
	s := NewScratch()
	for e, r := range rules {
		if e == 0 {
			continue
		}
		require.NotEmpty(t, r.examples.positive, r.Name)
		require.NotEmpty(t, r.examples.negative, r.Name)
		for _, ex := range append(r.examples.positive, r.examples.negative...) {
			t.Run(r.Name+"/"+ex, func(t *testing.T) {
				key, text, want := parseExample(ex)
				var got [][2]int
				for _, f := range d.Find(s, d.Key(key), text) {
					if f.Entity == Entity(e) {
						got = append(got, [2]int{f.Start, f.End})
					}
				}
				require.Equal(t, fmt.Sprint(cut(text, want)), fmt.Sprint(cut(text, got)))
			})
		}
	}
}

func cut(text string, spans [][2]int) []string {
	var parts []string
	for _, s := range spans {
		parts = append(parts, fmt.Sprintf("%d:%s", s[0], text[s[0]:s[1]]))
	}
	return parts
}

func TestBuiltins(t *testing.T) {
	names := map[string]bool{}
	for e, info := range Builtins() {
		if e == 0 {
			require.Empty(t, info.Name)
			continue
		}
		require.Equal(t, Entity(e), rules[e].entity)
		require.True(t, isClass(info.Class), info.Name)
		require.True(t, isSnake(info.Name), info.Name)
		require.Contains(t, Groups(), info.Group, info.Name)
		require.NotEmpty(t, info.Rule, info.Name)
		require.False(t, names[info.Name], info.Name)
		names[info.Name] = true
	}
}
