package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var words = []string{
	"amber", "basket", "cobalt", "delta", "ember", "falcon", "granite", "harbor", "indigo", "juniper", "kestrel", "lantern", "meadow", "nectar", "orchid", "pebble",
}

// summer is a clock two hours ahead of UTC.
var summer = time.FixedZone("CEST", 2*60*60)

// noise is what telemetry is full of and holds no finding: ids, times, versions, digests, sizes.
var noise = map[string]func(r *dice) string{
	"iso":      func(r *dice) string { return instant(r).Format("2006-01-02T15:04:05.000Z") },
	"isozone":  func(r *dice) string { return instant(r).In(summer).Format("2006-01-02T15:04:05.000000Z07:00") },
	"stamp":    func(r *dice) string { return instant(r).Format("2006-01-02 15:04:05,000") },
	"date":     func(r *dice) string { return instant(r).Format("2006-01-02") },
	"clock":    func(r *dice) string { return instant(r).Format("15:04:05.000000") },
	"syslog":   func(r *dice) string { return instant(r).Format("Jan _2 15:04:05") },
	"clf":      func(r *dice) string { return instant(r).Format("02/Jan/2006:15:04:05 +0000") },
	"imf":      func(r *dice) string { return instant(r).Format(time.RFC1123) },
	"bigstamp": func(r *dice) string { return instant(r).Format("20060102150405") },
	"month":    func(r *dice) string { return fmt.Sprintf("%02d", 1+r.IntN(12)) },
	"epoch":    func(r *dice) string { return strconv.FormatInt(instant(r).Unix(), 10) },
	"epochms":  func(r *dice) string { return strconv.FormatInt(instant(r).UnixMilli(), 10) },
	"epochus":  func(r *dice) string { return strconv.FormatInt(instant(r).UnixMicro(), 10) },
	"epochns":  func(r *dice) string { return strconv.FormatInt(instant(r).UnixNano(), 10) },
	"epochf":   func(r *dice) string { return fmt.Sprintf("%d.%06d", instant(r).Unix(), r.IntN(1e6)) },

	"trace":       func(r *dice) string { return chars(r, hexes, 32) },
	"span":        func(r *dice) string { return chars(r, hexes, 16) },
	"tracedec":    func(r *dice) string { return number(r, 18+r.IntN(2)) },
	"traceparent": func(r *dice) string { return "00-" + chars(r, hexes, 32) + "-" + chars(r, hexes, 16) + "-01" },
	"b3":          func(r *dice) string { return chars(r, hexes, 32) + "-" + chars(r, hexes, 16) + "-1" },
	"spandec":     func(r *dice) string { return chars(r, digits, 16) }, // a span id without a letter
	"xray":        func(r *dice) string { return "1-" + chars(r, hexes, 8) + "-" + chars(r, hexes, 24) },
	"uuid":        uuid,
	"uuid7":       uuid7,
	"ulid":        func(r *dice) string { return "01J" + chars(r, digits+"ABCDEFGHJKMNPQRSTVWXYZ", 23) },
	"ksuid":       func(r *dice) string { return "2" + chars(r, base62, 26) },
	"objectid":    func(r *dice) string { return "66" + chars(r, hexes, 22) },

	"sha1":     func(r *dice) string { return chars(r, hexes, 40) },
	"shortsha": func(r *dice) string { return chars(r, hexes, 7+r.IntN(4)) },
	"md5":      func(r *dice) string { return chars(r, hexes, 32) },
	"sha256":   func(r *dice) string { return chars(r, hexes, 64) },
	"etag":     func(r *dice) string { return `"` + chars(r, hexes, 8) + "-" + chars(r, hexes, 13) + `"` },
	"addr":     func(r *dice) string { return "0x00007f" + chars(r, hexes, 10) },
	"ptr":      func(r *dice) string { return "0xc000" + chars(r, hexes, 6) },
	"javahash": func(r *dice) string { return chars(r, hexes, 8) },
	"keyprint": func(r *dice) string { return chars(r, base64s, 43) },
	"print20":  func(r *dice) string { return strings.ToUpper(blocks(chars(r, hexes, 40), 2, ":")) },
	"print32":  func(r *dice) string { return strings.ToUpper(blocks(chars(r, hexes, 64), 2, ":")) },

	"semver": func(r *dice) string { return fmt.Sprintf("%d.%d.%d", r.IntN(20), r.IntN(40), r.IntN(60)) },
	"pre": func(r *dice) string {
		return fmt.Sprintf("%d.%d.%d-rc.%d", r.IntN(9), r.IntN(40), r.IntN(9), r.IntN(9))
	},
	"dotted4": func(r *dice) string {
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(30), r.IntN(20), r.IntN(9), r.IntN(40))
	},
	"chrome": chrome,
	"build":  func(r *dice) string { return "20260" + number(r, 1) + chars(r, digits, 2) + "." + number(r, 4) },
	"kernel": func(r *dice) string {
		return fmt.Sprintf("6.%d.%d-%d-generic", r.IntN(12), r.IntN(20), 20+r.IntN(50))
	},

	"blk":     func(r *dice) string { return pick(r, []string{"blk_", "blk_-"}) + number(r, 18+r.IntN(2)) },
	"order":   func(r *dice) string { return orderNumber(r, 13+r.IntN(7)) },
	"order16": func(r *dice) string { return orderNumber(r, 16) },
	"seq":     func(r *dice) string { return number(r, 9) },
	"seq10":   func(r *dice) string { return number(r, 10) },
	"seq11":   func(r *dice) string { return number(r, 11) },
	"seq12":   func(r *dice) string { return number(r, 12) },
	"offset":  func(r *dice) string { return number(r, 8+r.IntN(8)) },
	"bytes":   func(r *dice) string { return number(r, 3+r.IntN(7)) },
	"ms":      func(r *dice) string { return number(r, 1+r.IntN(4)) },
	"dur":     func(r *dice) string { return fmt.Sprintf("%d.%06dms", r.IntN(900), r.IntN(1e6)) },
	"float":   func(r *dice) string { return fmt.Sprintf("%.*f", 5+r.IntN(10), r.Float64()) },
	"port":    func(r *dice) string { return number(r, 4) },
	"n":       func(r *dice) string { return number(r, 1+r.IntN(2)) },
	"line":    func(r *dice) string { return number(r, 2+r.IntN(2)) },
	"status": func(r *dice) string {
		return pick(r, []string{"200", "201", "204", "301", "400", "401", "404", "409", "500", "503"})
	},

	"svc": func(r *dice) string {
		return pick(r, []string{"checkout", "payment", "storefront", "email", "inventory", "shipping", "cart"})
	},
	"pod": func(r *dice) string {
		return service(r) + "-" + chars(r, digits+"bcdf", 9) + "-" + chars(r, lower+digits, 5)
	},
	"node": func(r *dice) string {
		return "gke-prod-pool-" + chars(r, hexes, 8) + "-" + chars(r, lower+digits, 4)
	},
	"thread": func(r *dice) string {
		return pick(r, []string{"http-nio-8080-exec-", "pool-7-thread-", "ForkJoinPool-1-worker-"}) + number(r, 1)
	},
	"class": func(r *dice) string {
		return pick(r, []string{"c.e.shop.CheckoutService", "org.apache.kafka.clients.NetworkClient", "com.example.shop.OrderMapper", "o.s.web.servlet.DispatcherServlet"})
	},
	"topic": func(r *dice) string {
		return pick(r, []string{"orders", "payments.v2", "shop.events", "__consumer_offsets"})
	},
	"word": func(r *dice) string { return choose(r, words) },
	"zone": func(r *dice) string { return pick(r, []string{"europe-west1-b", "us-east-1a", "eu-central-1c"}) },
	"path": func(r *dice) string {
		return pick(r, []string{"/api/v1/orders", "/cart/items", "/healthz", "/products/4711", "/static/app.js"})
	},
	"ua": func(r *dice) string {
		return pick(r, []string{
			"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + chrome(r) + " Safari/537.36",
			"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
			"curl/8.5.0", "kube-probe/1.29", "okhttp/4.12.0", "python-requests/2.31.0", "grpc-java-netty/1.62.2",
		})
	},
}

// instant is a moment of 2026.
func instant(r *dice) time.Time {
	return time.Unix(1767225600+r.Int64N(31e6), r.Int64N(1e9)).UTC()
}

func service(r *dice) string {
	return pick(r, []string{"checkout", "payment", "storefront", "email", "inventory", "shipping", "cart"})
}

// chrome is a browser version that reads as an IPv4 address.
func chrome(r *dice) string { return fmt.Sprintf("%d.0.0.0", 110+r.IntN(30)) }
