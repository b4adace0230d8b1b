package tokenization

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// TestMapsOfAllSizes: whatever stands how far behind, an entry is renamed, removed and rewritten where it stands.
func TestMapsOfAllSizes(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Policy.Rules = append([]policy.Rule{{Keys: []string{"gone"}, Action: "drop"}}, c.Policy.Rules...)
	})
	for n := range 40 {
		for _, what := range []string{"gone", "mail", "jane@example.com"} {
			t.Run(fmt.Sprint(what, n), func(t *testing.T) {
				ld := logsWith("")
				m := firstRecord(ld).Attributes()
				m.Clear()
				for i := range 40 {
					if i == n {
						m.PutStr(what, "zoe@example.com")
						continue
					}
					m.PutStr(fmt.Sprint("k", i), "v")
				}
				r.logs(t, ld)
				i := 0
				for name, v := range m.All() {
					if i == n && what == "gone" {
						i++
					}
					if i == n {
						require.True(t, strings.HasPrefix(v.Str(), "tkt_email_"), "%s at %d", name, i)
						require.Equal(t, what == "mail", name == "mail", "%s at %d", name, i)
						require.Equal(t, what != "mail", strings.HasPrefix(name, "tkt_email_"), "%s at %d", name, i)
					} else {
						assert.Equal(t, fmt.Sprint("k", i, "v"), name+v.Str())
					}
					i++
				}
				if n == 39 && what == "gone" {
					i++
				}
				require.Equal(t, 40, i)
			})
		}
	}
}
