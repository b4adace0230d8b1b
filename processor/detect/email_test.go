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

// The check digits of a CNPJ are weighted sums modulo 11, as the Receita Federal says.
func TestCNPJByDefinition(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digit := func(c []byte) byte {
		sum, weight := 0, 2
		for i := len(c) - 1; i >= 0; i-- {
			sum += int(c[i]-'0') * weight
			if weight++; weight > 9 {
				weight = 2
			}
		}
		if rest := sum % 11; rest > 1 {
			return byte('0' + 11 - rest)
		}
		return '0'
	}
	r := rand.New(rand.NewPCG(15, 16))
	for range 20_000 {
		c := make([]byte, 12, 14)
		for i := range c {
			c[i] = alphabet[r.IntN(len(alphabet))]
		}
		c = append(c, digit(c))
		c = append(c, digit(c))
		require.True(t, isCNPJ(c), "%s", c)
		c[12+r.IntN(2)] = '0' + (c[12]-'0'+1+byte(r.IntN(8)))%10
		want := c[12] == digit(c[:12]) && c[13] == digit(c[:13])
		require.Equal(t, want, isCNPJ(c), "%s", c)
	}
}
