//go:build steps

package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No text costs more steps than this, whatever stands in it: builder/steps makes every function and loop of this package
// count. A text of the worst kind takes a third of it.
const (
	stepsPerByte = 600
	stepsPerText = 20_000
)

func countSteps(d *Detector, s *Scratch, text string) int {
	steps = 0
	d.Find(s, Key{}, text)
	return steps
}

// TestSteps checks that the steps are linear in the text: at most so many a byte, and four times the text takes four times
// as many. Sorting the findings, which is not quite linear, has the rest.
func TestSteps(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	worst, worstUnit := 0, ""
	for _, unit := range hostile {
		t.Run(fmt.Sprintf("%.20q", unit), func(t *testing.T) {
			small, large := strings.Repeat(unit, 24<<10/len(unit)), strings.Repeat(unit, 96<<10/len(unit))
			few, many := countSteps(d, s, small), countSteps(d, s, large)
			if many/len(large) > worst {
				worst, worstUnit = many/len(large), unit
			}
			require.LessOrEqual(t, few, stepsPerByte*len(small)+stepsPerText, "24 KB")
			require.LessOrEqual(t, many, stepsPerByte*len(large)+stepsPerText, "96 KB")
			require.LessOrEqual(t, many, 5*few+stepsPerText, "4 times the text")
		})
	}
	t.Logf("%d steps a byte for %q, the worst", worst, worstUnit)
}

func TestKeySteps(t *testing.T) {
	d := testDetector(t)
	count := func(n int) int {
		steps = 0
		d.Key(strings.Repeat("a.b_", n))
		return steps
	}
	require.LessOrEqual(t, count(256<<10), stepsPerByte*4*256<<10)
	require.LessOrEqual(t, count(256<<10), 65*count(4<<10))
}

// FuzzSteps looks for a text that is not linear: a unit again and again, between a head and a tail.
func FuzzSteps(f *testing.F) {
	for i, unit := range hostile {
		f.Add(unit, hostile[(i*7+3)%len(hostile)], `"`)
	}
	d, s := testDetector(f), NewScratch()
	f.Fuzz(func(t *testing.T, unit, head, tail string) {
		if unit == "" {
			return
		}
		text := head + strings.Repeat(unit, max(1, 16<<10/len(unit))) + tail
		if n := countSteps(d, s, text); n > stepsPerByte*len(text)+stepsPerText {
			t.Fatalf("%d steps for %d bytes: %.60q + %.60q... + %.60q", n, len(text), head, unit, tail)
		}
	})
}
