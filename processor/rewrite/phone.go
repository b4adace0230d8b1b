package rewrite

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// trunkZero lists calling codes whose national numbers are written with a leading 0 at home, some with a carrier's
// digits behind it, and without it abroad. A number under such a code whose national part does not start with 0 is in
// E.164 once its separators are gone: no need for the metadata, which costs microseconds. A test holds this against it.
var trunkZero = map[string]bool{
	"27": true, "31": true, "32": true, "33": true, "41": true, "43": true, "44": true, "46": true, "49": true,
	"62": true, "64": true, "81": true, "82": true, "90": true, "91": true, "92": true,
}

// textRelay is the prefix of British text relay, which the metadata also takes for a trunk prefix.
const textRelay = "44180020"

// canonicalPhone turns dst[from:] into E.164 when it says its country (+ or 00), else into its digits: which country a
// national number belongs to is not in the number.
func canonicalPhone(dst []byte, from int) []byte {
	value := dst[from:]
	plain := true // nothing but digits and separators behind the international prefix
	digits, plus, zeros := 0, false, 0
	for i, c := range value {
		switch {
		case digit(c):
			if c == '0' && zeros == digits {
				zeros++
			}
			digits++
		case c == '+' && digits == 0 && !plus:
			plus = true
		case strings.IndexByte(" -./()", c) < 0:
			plain = false
		}
		plain = plain && (c != '(' || i+2 >= len(value) || value[i+1] != '0') // "(0)": a trunk prefix
	}
	if digits == 0 {
		return dst
	}
	international := plus || zeros == 2 && digits > 6
	if !international {
		return filter(dst, from, digit)
	}
	if !plain {
		return parsedPhone(dst, from, plus)
	}
	dst = withPlus(filter(dst, from, digit), from, plus)
	if simplePhone(view(dst[from+1:])) {
		return dst
	}
	return parsedPhone(dst, from, true)
}

// withPlus turns the digits of dst[from:] into "+" and digits; an international prefix 00 goes.
func withPlus(dst []byte, from int, plus bool) []byte {
	if !plus {
		dst = append(dst[:from], dst[from+2:]...)
	}
	dst = append(dst, 0)
	copy(dst[from+1:], dst[from:])
	dst[from] = '+'
	return dst
}

// simplePhone reports whether the digits behind the + are E.164 as they stand.
func simplePhone(digits string) bool {
	if len(digits) < 9 || len(digits) > 13 {
		return false
	}
	if digits[0] == '1' {
		return len(digits) == 11 && digits[1] >= '2'
	}
	return trunkZero[digits[:2]] && digits[2] != '0' && !strings.HasPrefix(digits, textRelay)
}

// parsedPhone asks the metadata, for the value as written and then for its digits alone. What it does not know becomes
// "+" and digits.
func parsedPhone(dst []byte, from int, plus bool) []byte {
	value := string(dst[from:])
	if !plus {
		value = "+" + strings.TrimLeft(value, "0 -./()")
	}
	if e164, ok := stableE164(value); ok {
		return append(dst[:from], e164...)
	}
	dst = withPlus(filter(append(dst[:from], value...), from, digit), from, true)
	if e164, ok := stableE164(string(dst[from:])); ok {
		return append(dst[:from], e164...)
	}
	return dst
}

// stableE164 is the E.164 form that is its own E.164 form. Numbers that are none, such as a row of zeros, may lose a
// digit each time they are parsed.
func stableE164(value string) (string, bool) {
	parse := func(s string) string {
		n, err := phonenumbers.Parse(s, "ZZ")
		if err != nil {
			return ""
		}
		return phonenumbers.Format(n, phonenumbers.E164)
	}
	e164 := parse(value)
	return e164, e164 != "" && (e164 == value || parse(e164) == e164)
}
