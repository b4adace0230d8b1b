package policy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGlob(t *testing.T) {
	tests := map[string]struct {
		pattern string
		yes, no []string
	}{
		"literal":       {"user.id", []string{"user.id", "User.ID"}, []string{"user.id2", "xuser.id", "user_id", ""}},
		"star at end":   {"enduser.*", []string{"enduser.id", "enduser.", "ENDUSER.a.b"}, []string{"enduser", "xenduser.id"}},
		"star at start": {"*.email", []string{"user.email", ".email", "a.b.email"}, []string{"email", "user.email.x"}},
		"stars inside":  {"a*b*c", []string{"abc", "axbxc", "abcbc"}, []string{"ab", "acb"}},
		"one byte":      {"card.cv?", []string{"card.cvv", "card.cvc"}, []string{"card.cv", "card.cvv2"}},
		"everything":    {"*", []string{"", "a", "a.b"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := parseGlob(test.pattern)
			require.NoError(t, err)
			for _, k := range test.yes {
				require.True(t, g.match(k), k)
			}
			for _, k := range test.no {
				require.False(t, g.match(k), k)
			}
		})
	}
}

func FuzzGlobMatch(f *testing.F) {
	f.Add("user.*", "user.id")
	f.Add("*a?c*", "xxabcxx")
	f.Add("a**b", "ab")
	f.Fuzz(func(t *testing.T, pattern, key string) {
		g, err := parseGlob(pattern)
		if err != nil || !ascii(pattern) || !ascii(key) {
			t.Skip()
		}
		re := regexp.MustCompile("(?is)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$")
		require.Equal(t, re.MatchString(key), g.match(key))
	})
}

func FuzzGlobCovers(f *testing.F) {
	f.Add("user.*", "user.*.id", "user.x.id")
	f.Add("*", "a?", "ab")
	f.Add("a?c*", "abc", "abc")
	f.Add("?*", "*", "")
	f.Fuzz(func(t *testing.T, wide, narrow, key string) {
		g, err := parseGlob(wide)
		if err != nil {
			t.Skip()
		}
		o, err := parseGlob(narrow)
		if err != nil {
			t.Skip()
		}
		if g.covers(o) && o.match(key) {
			require.True(t, g.match(key), "%q covers %q", wide, narrow)
		}
		require.True(t, g.covers(g))
	})
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
