package detect

import (
	"fmt"
	"testing"
)

// BenchmarkEntities is clean and other lines with as many entities as the build has: `make bench` runs it with the build tag
// subset for 10 and 50 of them, too.
func BenchmarkEntities(b *testing.B) {
	awake := 0
	for _, r := range rules {
		if r.keys != nil || r.digits != nil || r.shapes != nil || r.prefixes != nil || r.words != nil {
			awake++
		}
	}
	d := benchDetector(b, Settings{})
	b.Run(fmt.Sprintf("clean_%d", awake), func(b *testing.B) { benchTexts(b, d, lines(600, false)) })
	b.Run(fmt.Sprintf("a_value_in_each_%d", awake), func(b *testing.B) { benchTexts(b, d, lines(600, true)) })
}
