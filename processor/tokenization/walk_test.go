package tokenization

import (
	"fmt"
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
				var left []string
				for i := range 40 {
					key, value := fmt.Sprint("k", i), "v"
					if i == n {
						key, value = what, "zoe@example.com"
					}
					m.PutStr(key, value)
					if key != "gone" {
						left = append(left, key)
					}
				}
				r.logs(t, ld)
				require.Equal(t, len(left), m.Len())
				i := 0
				for name, v := range m.All() {
					switch key := left[i]; key {
					case "mail":
						assert.Equal(t, key, name)
						assert.Regexp(t, "^tkt_email_", v.Str())
					case "jane@example.com":
						assert.Regexp(t, "^tkt_email_", name)
						assert.Regexp(t, "^tkt_email_", v.Str())
					default:
						assert.Equal(t, key+"v", name+v.Str())
					}
					i++
				}
			})
		}
	}
}
