package detect

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"github.com/stretchr/testify/require"
)

// TestPlans compares the plans with the library they are made from: for every country calling code, examples of every
// territory and kind, and numbers near them.
func TestPlans(t *testing.T) {
	if raceEnabled || testing.Short() {
		t.Skip("one goroutine, many states")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for code, territories := range territory() {
		if code == 1 {
			continue // checked by its own rules: see validInternational
		}
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			var numbers []string
			for _, m := range territories {
				for _, desc := range []*phonenumbers.PhoneNumberDesc{m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetVoip(), m.GetUan()} {
					example := desc.GetExampleNumber()
					if example == "" {
						continue
					}
					numbers = append(numbers, example, m.GetNationalPrefix()+example)
					for range 6 {
						near := []byte(example)
						near[r.IntN(len(near))] = byte('0' + r.IntN(10))
						near[r.IntN(len(near))] = byte('0' + r.IntN(10))
						numbers = append(numbers, string(near), string(near[:len(near)-1]), string(near)+"7")
					}
				}
			}
			for _, national := range numbers {
				digits := strconv.Itoa(code) + national
				number, err := phonenumbers.Parse("+"+digits, "")
				want := err == nil && phonenumbers.IsValidNumber(number)
				p, n := planOf(digits)
				require.NotNil(t, p)
				if got := p.has(digits[n:]); got != want && (!p.odd || !want) {
					t.Errorf("+%d %s: valid %v, library %v", code, national, got, want)
				}
			}
		})
	}
	p, _ := planOf("44")
	require.True(t, p.has("02079460958"), "a trunk prefix in brackets")
	p, _ = planOf("210")
	require.Nil(t, p)
}
