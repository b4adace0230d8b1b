package rewrite

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// trunkZero lists calling codes whose national numbers are written with one leading 0 at home and without it abroad,
// and have no other rewriting rules. A number under such a code whose national part does not start with 0 is in E.164
// once its separators are gone: no need for the metadata, which costs microseconds. A test holds this against it.
var trunkZero = map[string]bool{
	"27": true, "31": true, "32": true, "33": true, "41": true, "43": true, "44": true, "46": true, "49": true,
	"61": true, "62": true, "64": true, "81": true, "82": true, "90": true, "91": true, "92": true,
}

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
		plain = plain && !(c == '(' && i+2 < len(value) && value[i+1] == '0') // "(0)": a trunk prefix
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
	return trunkZero[digits[:2]] && digits[2] != '0'
}

// parsedPhone asks the metadata. What it does not know becomes "+" and digits.
func parsedPhone(dst []byte, from int, plus bool) []byte {
	value := string(dst[from:])
	if !plus {
		value = "+" + strings.TrimLeft(value, "0 -./()")
	}
	for range 4 { // a form that parses into another one is followed to its end
		n, err := phonenumbers.Parse(value, "ZZ")
		if err != nil {
			break
		}
		e164 := phonenumbers.Format(n, phonenumbers.E164)
		if e164 == value {
			return append(dst[:from], e164...)
		}
		value = e164
	}
	dst = filter(append(dst[:from], value...), from, digit)
	return withPlus(dst, from, true)
}
