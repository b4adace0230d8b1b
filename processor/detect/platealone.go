package detect

import "strings"

// plateAlone is how a country writes its license plates, for a text that is nothing but one.
type plateAlone struct {
	layouts []string
	without string // letters that its plates do not have
	folded  bool   // lower case is as good
	valid   func(c []byte) bool
}

// platesAlone are the plates of countries whose layout is hardly anything else's.
var platesAlone = []plateAlone{
	// Germany: a number begins with no zero.
	{
		layouts: []string{"L LL ddd", "L LL dddd", "L-LL-ddd", "L-LL-dddd", "LL LL ddd", "LL LL dddd", "LL-LL-ddd", "LL-LL-dddd", "LLL L ddd", "LLL L dddd", "LLL-L-dddd", "LLL LL dddd", "LLL-LL-dddd"},
		folded:  true, valid: func(c []byte) bool { return c[strings.IndexAny(string(c), "0123456789")] != '0' },
	},
	// France since 2009 and Italy since 1994.
	{layouts: []string{"LL-ddd-LL", "LL ddd LL"}, without: "IOQU"},
	// Spain since 2000.
	{layouts: []string{"dddd LLL"}, without: "AEIOUQ"},
	// Nigeria since 2011: the last two letters are no unit of time or size.
	{layouts: []string{"LLL-dddLL", "LLL dddLL"}, folded: true},
	{layouts: []string{"LLLdddLL"}},
	// Turkey: its alphabet has no Q, W and X.
	{layouts: []string{"dd LLL dd", "dd LLL ddd", "dd LLL dddd"}, without: "QWX", folded: true, valid: isTurkishProvince},
	{layouts: []string{"dd L ddd", "dd L dddd", "dd L dd", "dd LL dd", "dd LL ddd", "dd LL dddd", "ddLLLdddd"}, without: "QWX", valid: isTurkishProvince},
	// The United Kingdom since 2001.
	{layouts: []string{"LLdd LLL", "LLddLLL"}, valid: isBritishPlate},
}

func isTurkishProvince(c []byte) bool {
	province := number(c[:2])
	return province >= 1 && province <= 81
}

// measures between or after numbers make a text a date, an amount, a size or a place in a list.
var measures = wordSet(
	"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "MAI", "OKT", "DEZ",
	"AM", "PM", "UTC", "GMT", "CET", "EST", "PST", "MS", "US", "NS", "SEC", "MIN", "HRS", "DAY",
	"KB", "MB", "GB", "TB", "KIB", "MIB", "GIB", "RPM", "RPS", "FPS", "TPS", "QPS", "DPI", "PPM", "BPM",
	"USD", "EUR", "GBP", "CHF", "JPY", "TRY", "SEK", "NOK", "DKK", "PLN", "CZK",
	"OF", "IN", "TO", "BY", "AT", "ON", "OR", "VS", "AND", "FOR", "NOT", "OK", "ERR", "GET", "PUT", "TCP", "UDP", "SSH", "TLS", "DNS",
)

func wordSet(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// isPlateAlone reports whether the text is such a plate.
func isPlateAlone(t *text) bool {
	c, isLow, one := t.aloneChars()
	if !one || holdsMeasure(c) {
		return false
	}
	for i := range platesAlone {
		p := &platesAlone[i]
		if isLow && (!p.folded || len(c) == len(t.s)) || strings.ContainsAny(string(c), p.without) {
			continue
		}
		for _, layout := range p.layouts {
			if fits(layout, t.s) && (p.valid == nil || p.valid(c)) {
				return true
			}
		}
	}
	return false
}

// holdsMeasure reports whether letters between digits, or at the end, are a measure.
func holdsMeasure(c []byte) bool {
	for i := 0; i < len(c); {
		j := i
		for j < len(c) && isLetter(c[j]) {
			j++
		}
		if i > 0 && j > i && measures[string(c[i:j])] {
			return true
		}
		i = max(j, i+1)
	}
	return false
}
