package detect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A text is examined once more only where a finding may be what forbade a candidate and nothing else did: a number that is
// not valid, or has no cue, is none whatever stands beside it.
func TestExaminedAgain(t *testing.T) {
	d, s := plainDetector(t), NewScratch()
	const found = " from jane@acme.example"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"the name of a pod, without a cue":     {`"pod":"checkout-7d4b9c6f5d-x2k8p"`, false},
		"a part of an identifier":              {"order-4111-1111-1111-1112-x", false},
		"a card, beside a hyphen and a letter": {"x-4111-1111-1111-1111", true},
		"a number without its cue":             {"x-111222333", false},
		"a number with its cue":                {"bsn x-111222333", true},
		"a card, far from what is found":       {"x-4111-1111-1111-1111" + strings.Repeat(" ", vetoReach), false},
		"more of them than are kept":           {strings.Repeat("x-4111-1111-1111-1111\n", maxVetoed+1) + strings.Repeat(" ", vetoReach), true},
		"letters and digits with their check":  {"dni x-12345678Z", true},
		"letters and digits without it":        {"dni x-12345678A", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEmpty(t, d.Find(s, Key{}, c.text+found))
			require.Equal(t, c.want, s.text.near)
		})
	}
}
