package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The benchmarks run the detector with all its rules over texts that are generated with a fixed seed, so that figures of
// two versions are of the same bytes.

// lineMakers write the lines of servers of one kind each; who is a value, or what stands in its place in clean lines.
var lineMakers = []func(r *rand.Rand, who string) string{
	func(r *rand.Rand, who string) string { // java
		return fmt.Sprintf("2026-11-%02dT02:%02d:%02d.%03dZ %s [http-nio-8080-exec-%d] c.s.checkout.%sService - %s for %s, %d items, took %d ms (attempt %d, cache=hit)",
			1+r.IntN(28), r.IntN(60), r.IntN(60), r.IntN(1000), choose(r, "INFO ", "WARN ", "DEBUG"), r.IntN(32), choose(r, "Order", "Stock", "Mail"), choose(r, "placed order", "reserved stock", "retried job"), who, r.IntN(9), r.IntN(900), r.IntN(4))
	},
	func(r *rand.Rand, who string) string { // go, logfmt
		return fmt.Sprintf(`level=%s ts=%d.%03d caller=%s.go:%d msg="%s" object=%s shard=%d queue=%s duration=%dms retries=%d`,
			choose(r, "info", "warn", "debug"), 1763000000+r.IntN(1e6), r.IntN(1000), choose(r, "sync", "compact", "ring"), r.IntN(900), choose(r, "compaction finished", "block uploaded", "peer joined the ring"), who, r.IntN(64), choose(r, "default", "bulk", "retry"), r.IntN(5000), r.IntN(3))
	},
	func(r *rand.Rand, who string) string { // nginx, error log
		return fmt.Sprintf("2026/11/%02d 02:%02d:%02d [%s] %d#%d: *%d upstream %s while reading response header for %s, server: shop, request: \"GET /cart/%d HTTP/1.1\"",
			1+r.IntN(28), r.IntN(60), r.IntN(60), choose(r, "error", "warn", "notice"), r.IntN(90)+10, r.IntN(90)+10, r.IntN(1e6), choose(r, "timed out", "prematurely closed connection", "sent invalid header"), who, r.IntN(1e5))
	},
	func(r *rand.Rand, who string) string { // kubernetes, klog
		return fmt.Sprintf("I11%02d 02:%02d:%02d.%06d %7d %s.go:%d] \"%s\" pod=\"shop/checkout-%08x-%05x\" about %s containers=%d phase=%s",
			1+r.IntN(28), r.IntN(60), r.IntN(60), r.IntN(1e6), r.IntN(1e6), choose(r, "kubelet", "reconciler", "prober"), r.IntN(2000), choose(r, "SyncLoop UPDATE", "Observed pod startup", "Probe failed"), r.Uint32(), r.Uint32N(1<<20), who, r.IntN(5), choose(r, "Running", "Pending"))
	},
	func(r *rand.Rand, who string) string { // json
		return fmt.Sprintf(`{"time":"2026-11-%02dT02:%02d:%02dZ","level":"%s","logger":"shop.%s","msg":"%s %s","order":%d,"took_ms":%d,"cache":"%s"}`,
			1+r.IntN(28), r.IntN(60), r.IntN(60), choose(r, "info", "warn", "error"), choose(r, "cart", "stock", "mail"), choose(r, "order placed for", "stock reserved for", "mail sent to"), who, r.IntN(1e6), r.IntN(900), choose(r, "hit", "miss"))
	},
	func(r *rand.Rand, who string) string { // envoy
		return fmt.Sprintf(`[2026-11-%02dT02:%02d:%02d.%03dZ] "%s /api/v1/orders/%d HTTP/2" %d - via_upstream - "-" 0 %d %d %d "-" "%s" "orders:8080" outbound|8080||orders`,
			1+r.IntN(28), r.IntN(60), r.IntN(60), r.IntN(1000), choose(r, "GET", "POST", "PUT"), r.IntN(1e5), 200+r.IntN(4), r.IntN(9000), r.IntN(90), r.IntN(90), who)
	},
}

func choose(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// lines makes n lines of every kind in turn, cut or filled to about 140 bytes. None holds a value, or each of them does.
func lines(n int, personal bool) []string {
	r := rand.New(rand.NewPCG(7, 11))
	out := make([]string, n)
	for i := range out {
		who := choose(r, "cart", "batch", "job", "worker") + fmt.Sprintf("-%04x", r.Uint32N(1<<16))
		if personal {
			who = personalValue(r)
		}
		s := lineMakers[i%len(lineMakers)](r, who)
		for len(s) < 130 {
			s += " ok"
		}
		if at := strings.Index(s, who) + len(who); len(s) > 150 && at < 140 {
			s = s[:140]
		}
		out[i] = s
	}
	return out
}

func personalValue(r *rand.Rand) string {
	switch r.IntN(4) {
	case 0:
		return fmt.Sprintf("bird%d@birds.example.org", r.IntN(1e4))
	case 1:
		return choose(r, "4111 1111 1111 1111", "5500-0055-5555-5559", "4111-1111-1111-1111")
	case 2:
		return fmt.Sprintf("198.51.%d.%d", r.IntN(256), r.IntN(256))
	}
	return fmt.Sprintf("+1 415 555 %04d", r.IntN(1e4))
}

// benchTexts searches all texts in turn.
func benchTexts(b *testing.B, d *Detector, texts []string) {
	b.Helper()
	s := NewScratch()
	for _, text := range texts {
		d.Find(s, Key{}, text) // the scratch grows to what it needs
	}
	benchEach(b, texts, func(text string) { d.Find(s, Key{}, text) })
}

// benchEach reads all texts in turn; figures are for one text. The one in processor time holds on a busy machine, too.
func benchEach(b *testing.B, texts []string, read func(text string)) {
	b.Helper()
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	b.SetBytes(int64(size / len(texts)))
	b.ReportAllocs()
	i := 0
	before := cpuTime()
	for b.Loop() {
		read(texts[i])
		if i++; i == len(texts) {
			i = 0
		}
	}
	if spent := cpuTime() - before; spent > 0 {
		b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}

func benchDetector(b *testing.B, s Settings) *Detector {
	d, err := New(s)
	require.NoError(b, err)
	return d
}

func BenchmarkLines(b *testing.B) {
	d := benchDetector(b, Settings{})
	b.Run("clean", func(b *testing.B) { benchTexts(b, d, lines(6000, false)) })
	b.Run("a_value_in_each", func(b *testing.B) { benchTexts(b, d, lines(6000, true)) })
	for i, name := range []string{"java", "logfmt", "nginx", "klog", "json", "envoy"} {
		var texts []string
		for k, line := range lines(6000, false) {
			if k%len(lineMakers) == i {
				texts = append(texts, line)
			}
		}
		b.Run("clean_"+name, func(b *testing.B) { benchTexts(b, d, texts) })
	}
}

// BenchmarkByteScan looks every byte of the clean lines up in a table: the measure of the machine, less than any search.
func BenchmarkByteScan(b *testing.B) {
	sum := 0
	benchEach(b, lines(6000, false), func(text string) {
		for i := range len(text) {
			if classes[text[i]]&clsEvent != 0 {
				sum++
			}
		}
	})
	require.Positive(b, sum)
}

// TestBenchLines keeps the benchmarks about what their names say.
func TestBenchLines(t *testing.T) {
	d, err := New(Settings{})
	require.NoError(t, err)
	s := NewScratch()
	for i, line := range lines(600, false) {
		require.Empty(t, d.Find(s, Key{}, line), line)
		require.InDelta(t, 140, len(line), 30, "line %d: %s", i, line)
	}
	for _, line := range lines(600, true) {
		require.NotEmpty(t, d.Find(s, Key{}, line), line)
	}
	for i, record := range records(300, false) {
		require.Empty(t, d.Find(s, Key{}, record), record)
		require.InDelta(t, 512, len(record), 40, "record %d: %s", i, record)
		require.NotEmpty(t, d.Find(s, Key{}, records(300, true)[i]))
	}
	for _, body := range jsonBodies(300) {
		require.Len(t, d.Find(s, Key{}, body), 3, body)
	}
}

// jsonBodies makes n bodies of 1 KB with three values each.
func jsonBodies(n int) []string {
	r := rand.New(rand.NewPCG(3, 5))
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		fmt.Fprintf(&b, `{"event":"order.placed","order":%d,"customer":{"email":"bird%d@birds.example.org","phone":"+1 415 555 %04d"},"payment":{"method":"card","number":"%s"},"items":[`,
			r.IntN(1e6), r.IntN(1e4), 2000+r.IntN(8000), choose(r, "4111 1111 1111 1111", "5500-0055-5555-5559", "4111-1111-1111-1111"))
		for k := 0; b.Len() < 920; k++ {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"sku":"SKU-%05d","title":"%s","quantity":%d,"price":%d.%02d}`, r.IntN(1e5), choose(r, "tea pot", "blue mug", "large bowl"), 1+r.IntN(4), r.IntN(90), r.IntN(100))
		}
		fmt.Fprintf(&b, `],"currency":"EUR","stage":"allocation","warehouse":"north"}`)
		out[i] = b.String()
	}
	return out
}

func BenchmarkJSONBody(b *testing.B) {
	benchTexts(b, benchDetector(b, Settings{}), jsonBodies(2000))
}

// BenchmarkSize shows that cost grows with the size: MB/s stays.
func BenchmarkSize(b *testing.B) {
	d := benchDetector(b, Settings{})
	for _, kind := range []struct {
		name     string
		personal bool
	}{{"clean", false}, {"values", true}} {
		all := strings.Join(lines(1200, kind.personal), "\n")
		for size := 100; size <= 10_000_000; size *= 10 {
			text := strings.Repeat(all+"\n", size/len(all)+1)[:size]
			b.Run(fmt.Sprintf("%s_%dB", kind.name, size), func(b *testing.B) { benchTexts(b, d, []string{text}) })
		}
	}
}

// BenchmarkHostile runs texts that are made to be slow, 1 MB each.
func BenchmarkHostile(b *testing.B) {
	const size = 1 << 20
	d := benchDetector(b, Settings{})
	for _, h := range []struct{ name, unit string }{
		{"at_signs", "@"},
		{"addresses", "a@b."},
		{"digits", "4"},
		{"digits_and_hyphens", "1-"},
		{"digits_and_blanks", "4111 "},
		{"braces", "{"},
		{"quotes", `"\"\\\"`},
		{"keys", "a="},
		{"passwords", "password="},
		{"users", "user="},
		{"json_keys", `{"id":`},
		{"colons", "::"},
		{"percents", "%40"},
		{"names", "Dear Jane Doe "},
		{"titles", "Mr. "},
		{"high_bytes", "é"},
		{"jwt_starts", "eyJ"},
		{"pem_starts", "-----BEGIN PRIVATE KEY-----"},
	} {
		text := strings.Repeat(h.unit, size/len(h.unit))
		b.Run(h.name, func(b *testing.B) { benchTexts(b, d, []string{text}) })
	}
}

// BenchmarkNames is prose about people: every line is a candidate for a name or an address.
func BenchmarkNames(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 9))
	texts := make([]string, 300)
	for i := range texts {
		texts[i] = fmt.Sprintf("%s %s %s, %s the %s %s at %d %s Street was %s by the night shift", choose(r, "Dear", "Mr.", "customer", "patient", "user"),
			choose(r, "Jane", "Omar", "Lena", "Wei", "Priya"), choose(r, "Miller", "Haddad", "Fischer", "Chen", "Nair"), choose(r, "Hello", "Note that"), choose(r, "Order", "Return"),
			choose(r, "Service", "Request", "Desk"), 1+r.IntN(900), choose(r, "Main", "Lake", "Hill"), choose(r, "accepted", "sent back", "confirmed"))
	}
	benchTexts(b, benchDetector(b, Settings{}), texts)
}

// customPatterns are n patterns as users write them: ticket numbers, ids of customers, names of hosts, in several shapes.
func customPatterns(n int) []Pattern {
	shapes := []string{
		`\b%s-[0-9]{6,10}\b`, `(?i)\b%s[ _-]?(?:no|number|id)[:= ]+([A-Z0-9]{6,12})`, `\b(?:%[1]s|X%[1]s)/[0-9]{4}/[0-9]{5}\b`,
		`%s_[a-z]{2,8}_[0-9a-f]{12}`, `\b[A-Z]{2}%s[0-9]{8}\b`,
	}
	out := make([]Pattern, n)
	for i := range out {
		word := "Q" + string(rune('A'+i%26)) + string(rune('A'+i/26)) + "X"
		out[i] = Pattern{Name: fmt.Sprintf("custom_%d", i), Class: "custom", Regex: fmt.Sprintf(shapes[i%len(shapes)], word)}
	}
	return out
}

// BenchmarkPatterns puts custom patterns on top of all rules, on clean text.
func BenchmarkPatterns(b *testing.B) {
	for _, n := range []int{0, 10, 50} {
		d := benchDetector(b, Settings{Patterns: customPatterns(n)})
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchTexts(b, d, lines(600, false)) })
	}
}

// records makes n JSON log records of about 512 bytes, of which much is as in others: with a value in each, or none.
func records(n int, personal bool) []string {
	r := rand.New(rand.NewPCG(13, 17))
	out := make([]string, n)
	for i := range out {
		who := fmt.Sprintf("batch-%04x", r.Uint32N(1<<16))
		if personal {
			who = personalValue(r)
		}
		out[i] = fmt.Sprintf(`{"time":"2026-11-%02dT02:%02d:%02dZ","level":"%s","logger":"com.example.%s.Service","thread":"worker-%d","message":"%s","subject":"%s","took_ms":%d,"stream":"stdout",`+
			`"kubernetes":{"namespace":"shop","pod":"checkout-%s","container":"app","node":"pool-1-%s","labels":{"app":"checkout","tier":"backend","release":"stable"},"image":"registry.example/shop/checkout:1.42.0","annotations":{"team":"payments and orders","cost-center":"retail north"}},"region":"eu-central-1"}`,
			1+r.IntN(28), r.IntN(60), r.IntN(60), choose(r, "info", "warn"), choose(r, "cart", "stock", "mail"), r.IntN(16), choose(r, "order confirmed and handed over", "stock reserved", "retried the job"), who, r.IntN(900),
			choose(r, "7d4b9c6f5d-x2k8p", "7d4b9c6f5d-9wq4z", "84f6d7b5c9-m3n7t"), choose(r, "a", "b"))
	}
	return out
}

// BenchmarkRecords is of records that are all different: what they have in common is remembered.
func BenchmarkRecords(b *testing.B) {
	d := benchDetector(b, Settings{})
	for _, kind := range []struct {
		name     string
		personal bool
	}{{"clean", false}, {"a_value_in_each", true}} {
		b.Run(kind.name, func(b *testing.B) { benchTexts(b, d, records(20_000, kind.personal)) })
	}
}
