package token

import (
	"errors"
	"strings"
	"testing"
)

func sample(class string, seed byte) Token {
	t := Token{Class: class, Kid: Kid(seed) * 12_345 % Kids, Tag: uint32(seed) * 4_194_301 & (1<<TagBits - 1)}
	for i := range t.Identity {
		t.Identity[i] = seed*31 + byte(i)*17
	}
	return t
}

func TestRoundTrip(t *testing.T) {
	var ones Identity
	for i := range ones {
		ones[i] = 0xff
	}
	for name, want := range map[string]Token{
		"zero":           {Class: "ab"},
		"largest":        {Class: "abcdefghijklmnop", Kid: Kids - 1, Identity: ones, Tag: 1<<TagBits - 1},
		"ordinary":       sample("email", 7),
		"class is tkt":   sample("tkt", 9),
		"consonants":     sample("bcdfg", 11),
		"only last bits": {Class: "phone", Kid: 1, Identity: Identity{6: 1, 13: 1}, Tag: 1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(want.String())
			if err != nil || got != want {
				t.Fatalf("Parse(%s) = %+v, %v; want %+v", want, got, err, want)
			}
		})
	}
}

func TestParseMalformed(t *testing.T) {
	good := sample("email", 3).String()
	for name, s := range map[string]string{
		"empty":             "",
		"prefix only":       Prefix,
		"one letter class":  strings.Replace(good, "email", "e", 1),
		"17 letter class":   strings.Replace(good, "email", "abcdefghijklmnopq", 1),
		"upper case":        strings.ToUpper(good),
		"digit in class":    strings.Replace(good, "email", "ema1l", 1),
		"vowel in kid":      good[:10] + "a" + good[11:],
		"vowel in body":     good[:len(good)-1] + "a",
		"short":             good[:len(good)-1],
		"long":              good + "b",
		"kept part":         good + "_1234",
		"space before":      " " + good,
		"identity too high": good[:16] + strings.Repeat("z", 13) + good[29:],
		"tag too high":      good[:len(good)-7] + "zzzzzzz",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Parse(s); !errors.Is(err, ErrMalformed) {
				t.Fatalf("Parse = %+v, %v; want ErrMalformed", got, err)
			}
		})
	}
}

func TestKid(t *testing.T) {
	for _, k := range []Kid{0, 1, 19, 20, 123_456, Kids - 1} {
		if got, err := ParseKid(k.String()); err != nil || got != k {
			t.Errorf("ParseKid(%s) = %d, %v; want %d", k, got, err, k)
		}
	}
	for _, s := range []string{"", "bbbb", "bbbbbb", "bbbba", "BBBBB"} {
		if _, err := ParseKid(s); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseKid(%q) = %v, want ErrMalformed", s, err)
		}
	}
}
