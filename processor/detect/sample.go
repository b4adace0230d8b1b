package detect

import (
	"strings"
	"time"
)

// sampleText is what logs look like, 1 KB without any value: what is rare in it is worth looking for, and how long a custom
// pattern takes for it is what `cloakroom policy check` says.
var sampleText = strings.Join([]string{
	`2026-11-22T02:14:07.031Z INFO  [http-nio-8080-exec-4] c.s.checkout.OrderService - placed order for cart 004711, 3 items, took 12 ms (attempt 1, cache=hit)`,
	`level=warn ts=1763777672.123 caller=ring.go:412 msg="peer joined the ring" object=shard-17 queue=default duration=84ms retries=0`,
	`2026/11/22 02:14:08 [error] 31#31: *6402 upstream timed out while reading response header, server: shop, request: "GET /cart/88 HTTP/1.1"`,
	`I1122 02:14:09.118203   1 kubelet.go:2211] "SyncLoop UPDATE" pod="shop/checkout-7d9c5b6f4-x2x9k" containers=2 phase=Running`,
	`{"time":"2026-11-22T02:14:10Z","level":"info","logger":"shop.stock","msg":"stock reserved for batch 12","order":99120,"took_ms":7,"cache":"miss"}`,
	`[2026-11-22T02:14:11.940Z] "POST /api/v1/orders/77 HTTP/2" 201 - via_upstream - "-" 0 812 11 9 "-" "curl/8.5.0" "orders:8080" outbound|8080||orders`,
	`java.lang.IllegalStateException: connection pool exhausted`,
	`	at com.shop.checkout.OrderService.place(OrderService.java:118)`,
	`	at org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)`,
}, "\n")

// PatternCost is what a custom pattern costs.
type PatternCost struct {
	Name  string
	PerKB time.Duration // of text without a match, on this machine
}

// BarePatterns measures the custom patterns that no literal keeps from being searched for in every text: those without
// two known bytes in a row that stand in every match. It takes some milliseconds for each.
func (d *Detector) BarePatterns() []PatternCost {
	if d.patterns == nil {
		return nil
	}
	costs := make([]PatternCost, 0, len(d.patterns.bare))
	for _, i := range d.patterns.bare {
		p := &d.patterns.patterns[i]
		costs = append(costs, PatternCost{p.name, measure(func() { p.re.FindAllStringSubmatchIndex(sampleText, -1) }) * 1024 / time.Duration(len(sampleText))})
	}
	return costs
}

// measure returns the least time of several that f takes: what else the machine does only adds to it.
func measure(f func()) time.Duration {
	const runs, calls = 8, 32
	f() // the first call prepares
	least := time.Duration(0)
	for range runs {
		start := time.Now()
		for range calls {
			f()
		}
		if d := time.Since(start) / calls; least == 0 || d < least {
			least = d
		}
	}
	return least
}
