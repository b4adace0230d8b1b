package detect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHeader(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // what is passed over
	}{
		"RFC 3339":                {"2026-11-27T02:10:20Z started", "2026-11-27T02:10:20Z"},
		"a space, a fraction":     {"2026-11-27 02:10:20.123456789 started", "2026-11-27 02:10:20.123456789"},
		"slashes":                 {"2026/11/27 02:10:20 [error] 7#7", "2026/11/27 02:10:20"},
		"in brackets":             {`[2026-11-27T02:10:20.251Z] "GET /"`, "[2026-11-27T02:10:20.251Z"},
		"klog":                    {"I1127 02:10:20.123456   12345 main.go:7] up", "I1127 02:10:20.123456"},
		"JSON, time":              {`{"time":"2026-11-27T02:10:20Z","level":"info"}`, `{"time":"2026-11-27T02:10:20Z"`},
		"JSON, ts":                {`{"ts":"2026-11-27T02:10:20Z","level":"info"}`, `{"ts":"2026-11-27T02:10:20Z"`},
		"JSON, timestamp":         {`{"timestamp":"2026-11-27T02:10:20Z"}`, `{"timestamp":"2026-11-27T02:10:20Z"`},
		"JSON, @timestamp":        {`{"@timestamp":"2026-11-27T02:10:20.1Z"}`, `{"@timestamp":"2026-11-27T02:10:20.1Z"`},
		"logfmt, quoted":          {`time="2026-11-27T02:10:20Z" level=info`, `time="2026-11-27T02:10:20Z"`},
		"logfmt":                  {"time=2026-11-27T02:10:20Z level=info", "time=2026-11-27T02:10:20Z"},
		"logfmt, ts":              {"ts=2026-11-27T02:10:20.5Z level=info", "ts=2026-11-27T02:10:20.5Z"},
		"no more than the time":   {"2026-11-27T02:10:20Z", "2026-11-27T02:10:20Z"},
		"another key":             {`{"born":"2026-11-27T02:10:20Z"}`, ""},
		"an offset":               {"2026-11-27T02:10:20+01:00 up", "2026-11-27T02:10:20"},
		"a hyphen behind it":      {"2026-11-27T02:10:20-01 up", ""},
		"a letter for a digit":    {"2026-11-2xT02:10:20Z up", ""},
		"a colon for a digit":     {"202:-11-27T02:10:20Z up", ""},
		"hyphen and slash":        {"2026-11/27 02:10:20 up", ""},
		"slash and hyphen":        {"2026/11-27 02:10:20 up", ""},
		"a word goes on":          {"2026-11-27T02:10:20abc up", ""},
		"an address behind a dot": {"2026-11-27T02:10:20.0.0.1 up", ""},
		"another century":         {"1987-11-27T02:10:20Z up", ""},
		"no seconds":              {"2026-11-27T02:10Z, started", ""},
		"klog, a letter in a day": {"I11x7 02:10:20.123456   12345 main.go:7]", ""},
		"klog, a short fraction":  {"I1127 02:10:20.1234     12345 main.go:7]", ""},
		"klog, a word goes on":    {"I1127 02:10:20.123456x  12345 main.go:7]", ""},
		"another level":           {"A1127 02:10:20.123456   12345 main.go:7]", ""},
		"bytes of longer letters": {"2\xb0\xb2\xb6-11-27T02:10:20Z up", ""},
		"shorter than a time":     {"2026-11-27T02:10:2", ""},
		"JSON, no closing quote":  {`{"time":"2026-11-27T02:10:20Z`, `{"time":"2026-11-27T02:10:20Z`},
		"JSON, cut off":           {`{"time":"2026-11-27T02`, ""},
		"nothing":                 {"", ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.text[:header(c.text, true)]) })
	}
	require.Zero(t, header(`{"time":"2026-11-27T02:10:20Z"}`, false), "a key may have a meaning of its own")
}

// TestNothingBehindHeaders compares Find with Reference where an example of a rule stands behind a time, or behind a key that is a
// number.
func TestNothingBehindHeaders(t *testing.T) {
	before := []string{
		"2026-11-27T02:10:20Z", "2026/11/27 02:10:20.5", "[2026-11-27T02:10:20.251Z", "I1127 02:10:20.123456", "W0101 00:00:00.000000",
		`{"time":"2026-11-27T02:10:20Z`, `{"@timestamp":"2026-11-27T02:10:20Z`, `time="2026-11-27T02:10:20Z`, "ts=2026-11-27T02:10:20.5Z",
		"7#28", "(123", "x=12", "a 4", "user 12", "card-55", "é7",
	}
	between := []string{" ", ",", "] ", `"`, `","`, `" `, ":", ": ", "=", "=\"", "", "\t", "  ", ".", "+", "/", ">", "\\n"}
	plain, own, s := plainDetector(t), testDetector(t), NewScratch()
	i := 0
	for _, seed := range seeds() {
		for range 3 { // of all pairs, in turn
			text := before[i%len(before)] + between[i/len(before)%len(between)] + seed[1]
			i++
			checkPlain(t, plain, s, seed[0], text)
			require.Equal(t, own.Reference(own.Key(seed[0]), text), own.Find(s, own.Key(seed[0]), text), "%q", text)
		}
	}
}
