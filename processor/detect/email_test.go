package detect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlainEmail: what the masks say of an address is what is read byte by byte.
func TestPlainEmail(t *testing.T) {
	parts := []string{"jane", "j", "JANE", "customer012345", "v1", "4", "doe-x", "a_b", "é", "中", "com", "COM", "png", "service", "co", "x1", "xn--p1ai", "c", strings.Repeat("ab3", 11), strings.Repeat("abc", 9)}
	often, joins := []string{".", "@", " "}, []string{"-", "_", "+", "%", "..", "-.", ".-", "'", "\"", " ", ":", "/", "[", "\\", "\\n", "\\u00e9", "%20", "=", ";", "?", ">", "\x1b[0m", ""}
	r := rand.New(rand.NewPCG(13, 14))
	tx := NewScratch().text
	d, plain, other := plainDetector(t), 0, 0
	for range 1_000_000 {
		var b strings.Builder
		b.WriteString(strings.Repeat("x ", r.IntN(40)))
		for range 2 + r.IntN(7) {
			b.WriteString(choose(r, parts...))
			if r.IntN(4) == 0 {
				b.WriteString(choose(r, joins...))
			} else {
				b.WriteString(choose(r, often...))
			}
		}
		tx.reset(d, Nameless, b.String())
		for i := range len(tx.s) {
			if tx.s[i] != '@' {
				continue
			}
			start, end := tx.plainEmail(i, i+1)
			if start < i {
				want, level := tx.localStart(i)
				require.Equal(t, []int{want, 0}, []int{start, int(level)}, "%q at %d", tx.s, i)
			}
			if end == 0 {
				other++
				continue
			}
			plain++
			want, ok := tx.domain(i + 1)
			require.True(t, ok, "%q at %d", tx.s, i)
			require.Equal(t, want, end, "%q at %d", tx.s, i)
		}
	}
	require.Greater(t, plain, 5_000)
	require.Greater(t, other, 10_000)
}
