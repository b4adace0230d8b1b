package detect

import "testing"

// BenchmarkEntities is clean and other lines with as many entities as the build has: `make bench` runs it with the build tag
// subset for 10 and 50 of them, too.
func BenchmarkEntities(b *testing.B) {
	d := benchDetector(b, Settings{})
	b.Run("clean", func(b *testing.B) { benchTexts(b, d, lines(600, false)) })
	b.Run("a_value_in_each", func(b *testing.B) { benchTexts(b, d, lines(600, true)) })
}
