package detect

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// lookalikes are makers of what telemetry is full of and what resembles ids of authorities.
var lookalikes = []func(r *rand.Rand) string{
	func(r *rand.Rand) string { return fmt.Sprintf("ts=%d", 1_500_000_000+r.Int64N(500_000_000)) },
	func(r *rand.Rand) string { return fmt.Sprintf("at %d ms", 1_500_000_000_000+r.Int64N(500_000_000_000)) },
	func(r *rand.Rand) string { return fmt.Sprintf("time_us=%d", 1_500_000_000_000_000+r.Int64N(1<<48)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("startTimeUnixNano: %d", 1_500_000_000_000_000_000+r.Int64N(1<<58))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("order %s confirmed", pick(r, digitChars, 6+r.IntN(9))) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("order_id=%s%s", pick(r, upperChars, 1+r.IntN(3)), pick(r, digitChars, 5+r.IntN(6)))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("ORD-%s-%s", pick(r, digitChars, 6), pick(r, upperChars+digitChars, 4))
	},
	func(r *rand.Rand) string { return "span " + hexID(r, 8) + " trace " + hexID(r, 16) },
	func(r *rand.Rand) string { return "commit " + hexID(r, 20)[:7+r.IntN(34)] },
	func(r *rand.Rand) string { return "id " + strings.ToUpper(hexID(r, 10)[:8+r.IntN(12)]) },
	func(r *rand.Rand) string {
		return "pod checkout-" + pick(r, podChars, 8+r.IntN(3)) + "-" + pick(r, podChars, 5) + " restarted"
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("version %d.%d.%d-rc.%d", r.IntN(30), r.IntN(100), r.IntN(1000), r.IntN(100))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("build %d.%02d.%02d-%03d.%02d", r.IntN(30), r.IntN(13), r.IntN(32), r.IntN(1000), r.IntN(100))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("release 20%02d%02d%02d-%02d%02d", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("dump-%02d%02d%02d-%02d%02d.gz", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("20%02d%02d%02d%s%03d deployed", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), pick(r, upperChars, 1), r.IntN(1000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("20%02d%02d%02dT%02d%02d%02dZ", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("offset=%d lag=%d", r.Int64N(1<<40), r.IntN(1000)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("heap %dK->%dK(%dK)", r.IntN(1<<26), r.IntN(1<<24), r.IntN(1<<27))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("used %d%s of %dM", r.IntN(100_000_000), pick(r, "KMGBkmb", 1), r.IntN(1<<20))
	},
	func(r *rand.Rand) string {
		h := hexID(r, 16)
		return "request " + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	},
	func(r *rand.Rand) string {
		h := strings.ToUpper(hexID(r, 16))
		return "{" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:] + "}"
	},
	func(r *rand.Rand) string {
		b := make([]byte, 12+r.IntN(40))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return "payload " + base64.StdEncoding.EncodeToString(b)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("%d %d %d %d", 100+r.IntN(500), r.IntN(100), r.IntN(10_000), r.IntN(1000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("took %d ms, %d rows, %d.%03d MB", r.IntN(100_000), r.IntN(1_000_000), r.IntN(1000), r.IntN(1000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("GET /v2/orders/%d/items/%d HTTP/1.1", r.IntN(1_000_000_000), r.IntN(1_000_000))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("blk_%d size %d", r.Int64(), r.IntN(1<<27)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("ticket %s-%d closed", pick(r, upperChars, 3), r.IntN(100_000))
	},
	func(r *rand.Rand) string {
		return "sku " + pick(r, upperChars, 2) + pick(r, digitChars, 6) + pick(r, upperChars, 1)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("%s %dGB disk, %dTB array", pick(r, upperChars, 1)+pick(r, digitChars, 1), r.IntN(10), r.IntN(10))
	},
	func(r *rand.Rand) string { return fmt.Sprintf("i-%s ami-%s", hexID(r, 9)[:17], hexID(r, 4)) },
	func(r *rand.Rand) string {
		return "session " + pick(r, upperChars+digitChars+strings.ToLower(upperChars), 10+r.IntN(20))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("node-%s.eu-west-%d.compute", pick(r, digitChars+"abcdef", 8), r.IntN(4))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("seq %09d of %09d", r.IntN(1_000_000_000), r.IntN(1_000_000_000))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("arn:aws:iam::%s:role/deploy-%s", pick(r, digitChars, 12), pick(r, podChars, 5))
	},
	func(r *rand.Rand) string {
		return "message " + pick(r, "123456789", 1) + pick(r, digitChars, 17) + " published"
	},
	func(r *rand.Rand) string { return "ulid 01" + pick(r, digitChars+"ABCDEFGHJKMNPQRSTVWXYZ", 24) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("batch 20%02d%02d%02d%02d%02d%02d done", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("%02d%02d%02d-%02d%02d%02d%d.log", 10+r.IntN(20), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(10))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("kernel %d.%d.%d-%d", r.IntN(10), 100+r.IntN(900), 100+r.IntN(900), r.IntN(10))
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("shard %d-%d-%d", r.IntN(100), r.IntN(100), r.IntN(100_000))
	},
	func(r *rand.Rand) string {
		return "asset " + pick(r, upperChars, 1) + pick(r, digitChars, 7+r.IntN(2)) + " " + pick(r, upperChars, 3) + pick(r, digitChars, 7)
	},
	func(r *rand.Rand) string { return "license " + pick(r, upperChars+digitChars, 5+r.IntN(11)) },
	func(r *rand.Rand) string {
		return fmt.Sprintf("region=chilecentral australiaeast koreacentral israelcentral pan=%d fin=%t leader election", r.IntN(1000), r.IntN(2) == 0)
	},
	func(r *rand.Rand) string {
		return fmt.Sprintf("health check provider=%s %d", pick(r, podChars, 4), 1_600_000_000+r.IntN(200_000_000))
	},
}

const (
	digitChars = "0123456789"
	upperChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	podChars   = "bcdfghjklmnpqrstvwxz2456789"
)

func pick(r *rand.Rand, from string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[r.IntN(len(from))]
	}
	return string(b)
}

func hexID(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(b)
}

// TestLookalikes asserts that the ids of authorities are not found in ids, times, sizes and
// versions.
func TestLookalikes(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		line := lookalikes[r.IntN(len(lookalikes))](r)
		if r.IntN(2) == 0 {
			line += " " + lookalikes[r.IntN(len(lookalikes))](r)
		}
		for _, f := range d.Find(s, Key{}, line) {
			if f.Entity >= USSSN && f.Entity < endGovernmentAfrica {
				assert.Fail(t, "found in a look-alike", "%s %q in %q", d.Entities()[f.Entity].Name, line[f.Start:f.End], line)
			}
		}
	}
}
