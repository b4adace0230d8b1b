package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// nearWords are lines of telemetry that hold the words for a value of these families and something that resembles one.
var nearWords = []func(r *rand.Rand) string{
	func(r *rand.Rand) string { return fmt.Sprintf("routing shard %d", 100_000_000+r.IntN(900_000_000)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("account service took %d ms for batch %d", r.IntN(1000), 1_000_000+r.IntN(9_000_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("card service rev %s: %d rows", pick(r, digitChars+"abcdef", 8), r.IntN(1_000_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("payment worker %d-%d acked offset %d", r.IntN(90), r.IntN(90), 10_000_000+r.Int64N(90_000_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("exp=%d iat=%d", 1_700_000_000+r.IntN(1<<27), 1_700_000_000)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("plate detector v%d.%d ready in %d ms", r.IntN(9), r.IntN(90), r.IntN(10_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("vehicle tracker shard %s-%d", pick(r, podChars, 5), r.IntN(100))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("zip of %d files, %d bytes: backup-%s.zip", r.IntN(10_000), r.IntN(1<<30), pick(r, digitChars, 5))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("Age: %d\nX-Cache: HIT", r.IntN(100)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("device id %d:%d major 0x%s", r.IntN(256), r.IntN(256), hexID(r, 2))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("device_id=%s%d", []string{"sda", "nvme0n", "eth", "ttyUSB", "loop"}[r.IntN(5)], r.IntN(10))
	},
	func(r *rand.Rand) string { return "query lat=" + fmt.Sprintf("%d.%d ms", r.IntN(100), r.IntN(100)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("position %d.%d of %d", r.IntN(100), r.IntN(100), r.IntN(100_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("vat rate %d%% of %d.%02d", r.IntN(30), r.IntN(10_000), r.IntN(100))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("health insurance api %s in %d ms", pick(r, upperChars, 3), r.IntN(100_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("medical record service: %d records in %d ms", r.IntN(100_000), r.IntN(100_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("mac=hmac-sha256 key %s", hexID(r, 16))
	},
	func(r *rand.Rand) string { return "wallet service sha " + hexID(r, 20) },
	func(r *rand.Rand) string {
		return "sim " + pick(r, upperChars+digitChars, 17) + " step " + pick(r, digitChars, 15)
	},
}

// TestNearWords asserts that the words for a value alone make none of what is around them.
func TestNearWords(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		line := nearWords[r.IntN(len(nearWords))](r)
		if r.IntN(2) == 0 {
			line += " " + lookalikes[r.IntN(len(lookalikes))](r)
		}
		for _, f := range d.Find(s, Key{}, line) {
			if name := d.Entities()[f.Entity].Name; f.Entity != Secret {
				assert.Fail(t, "found", "%s %q in %q", name, line[f.Start:f.End], line)
			}
		}
	}
}

// TestExamplesDoNotAllocate asserts that no reader of a rule allocates once the working memory has grown.
func TestExamplesDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	d, s := testDetector(t), NewScratch()
	for _, family := range []func() []rule{contactRules, networkRules, financialRules, demographicRules, deviceRules, cardRules, bankRules, vatRules, vehicleRules, medicalRules} {
		for _, r := range family() {
			for _, ex := range append(r.examples.positive, r.examples.negative...) {
				key, text, _ := parseExample(ex)
				k := d.Key(key)
				d.Find(s, k, text)
				assert.Zero(t, testing.AllocsPerRun(10, func() { d.Find(s, k, text) }), "%s in %q", r.Name, text)
			}
		}
	}
}
