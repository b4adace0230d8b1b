package detect

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

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
