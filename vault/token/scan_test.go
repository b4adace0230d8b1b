package token

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestNext(t *testing.T) {
	a, b := sample("email", 3).String(), sample("card", 5).String()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":                 {"", nil},
		"clean":                 {"GET /shop/cart_items?id=1 took_ms=12", nil},
		"whole":                 {a, []string{a}},
		"in JSON":               {`{"user":"` + a + `","card":"` + b + `"}`, []string{a, b}},
		"side by side":          {a + b, []string{a, b}},
		"after escaped newline": {`\n` + a + `\n`, []string{a}},
		"after percent escape":  {"%22" + a + "%22", []string{a}},
		"kept digits":           {a + "_1234", []string{a}},
		"kept domain":           {a + "@example.com", []string{a}},
		"too long":              {a + "b", nil},
		"digit follows":         {a + "1", nil},
		"cut":                   {a[:len(a)-1], nil},
		"prefix twice":          {"tkt_" + a, []string{a}},
		"class twice":           {"tkt_email_" + a, []string{a}},
		"underscores":           {"____" + a + "____", []string{a}},
		"false starts":          {"tkt_tkt_x_ tkt_ " + a, []string{a}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := all(c.text); strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Fatalf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestKept(t *testing.T) {
	tok := sample("email", 3).String()
	for name, c := range map[string]struct{ after, want string }{
		"nothing":               {"", ""},
		"space":                 {" 1234", ""},
		"four digits":           {"_1234", "_1234"},
		"one digit":             {"_1 x", "_1"},
		"five digits":           {"_12345", ""},
		"digits then letter":    {"_1234a", ""},
		"digits then under":     {"_1234_", "_1234"},
		"domain":                {"@example.com", "@example.com"},
		"domain ends sentence":  {"@example.com. Next", "@example.com"},
		"domain in list":        {"@mail.example.co.uk,", "@mail.example.co.uk"},
		"internationalised":     {"@bücher.example", "@bücher.example"},
		"punycode top level":    {"@example.xn--p1ai>", "@example.xn--p1ai"},
		"no dot":                {"@localhost", ""},
		"numeric top level":     {"@4111.1111", ""},
		"card dressed":          {"@4111111111111111.com", ""},
		"ssn dressed":           {"@078-05-1120.com", ""},
		"few digits":            {"@163.com", "@163.com"},
		"underscore follows":    {"@example.com_x", ""},
		"another address glued": {"@john.smith@corp.com", ""},
		"label too long":        {"@" + strings.Repeat("a", 64) + ".com", ""},
		"empty label":           {"@example..com", ""},
		"only at":               {"@", ""},
		"only underscore":       {"_", ""},
		"hyphen starts a label": {"@-a.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := tok + c.after
			if got := s[len(tok):Kept(s, len(tok))]; got != c.want {
				t.Fatalf("kept %q, want %q", got, c.want)
			}
		})
	}
}

func all(s string) (found []string) {
	for from := 0; ; {
		start, end := Next(s, from)
		if start < 0 {
			return found
		}
		found = append(found, s[start:end])
		from = end
	}
}

// grammar is the reference: the page that defines the token, as a regular expression.
var grammar = regexp.MustCompile(`^tkt_[a-z]{2,16}_[b-df-hj-np-tv-xz]{5}_[b-df-hj-np-tv-xz]{33}`)

func slowNext(s string, from int) (start, end int) {
	for i := from; i < len(s); i++ {
		m := grammar.FindStringIndex(s[i:])
		if m == nil {
			continue
		}
		if _, err := Parse(s[i : i+m[1]]); err == nil && boundary(s, i+m[1]) {
			return i, i + m[1]
		}
	}
	return -1, -1
}

func FuzzNext(f *testing.F) {
	tok := sample("email", 3).String()
	f.Add("clean text with an under_score", 0)
	f.Add("x="+tok+" y="+tok+"_1234", 3)
	f.Add("tkt_tkt_tkt_"+tok, 0)
	f.Add(tok[:len(tok)-1]+"z", 0)
	f.Fuzz(func(t *testing.T, s string, from int) {
		from = max(0, min(from, len(s)))
		start, end := Next(s, from)
		if ws, we := slowNext(s, from); start != ws || end != we {
			t.Fatalf("Next(%q, %d) = %d, %d; want %d, %d", s, from, start, end, ws, we)
		}
		if start >= 0 {
			if k := Kept(s, end); k < end || k > len(s) {
				t.Fatalf("Kept(%q, %d) = %d", s, end, k)
			}
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("email", uint32(7), []byte("some identity."), uint32(9), "before ", " after")
	f.Add("tkt", uint32(0), []byte{}, uint32(0), "tkt_", "tkt_")
	f.Add("abcdefghijklmnop", uint32(Kids-1), bytes.Repeat([]byte{0xff}, IdentitySize), ^uint32(0), "tkt_ab_bbbbb_", "_1234")
	f.Fuzz(func(t *testing.T, class string, kid uint32, id []byte, tag uint32, before, after string) {
		if !ValidClass(class) {
			return
		}
		want := Token{Class: class, Kid: Kid(kid) % Kids, Tag: tag & (1<<TagBits - 1)}
		copy(want.Identity[:], id)
		spelled := want.String()
		if got, err := Parse(spelled); err != nil || got != want {
			t.Fatalf("Parse(%s) = %+v, %v; want %+v", spelled, got, err, want)
		}
		text, at := before+spelled+after, len(before)
		// From its own start, scanning finds exactly the token when it ends at a word boundary, and never a part.
		start, end := Next(text, at)
		if boundary(text, at+len(spelled)) != (start == at && end == at+len(spelled)) {
			t.Fatalf("Next(%q, %d) = %d, %d", text, at, start, end)
		}
		// From the front, whatever stands before it never hides or cuts it.
		for from := 0; from <= at; from = end {
			if start, end = Next(text, from); start < 0 || start > at {
				if boundary(text, at+len(spelled)) {
					t.Fatalf("token at %d of %q not found", at, text)
				}
				return
			}
			if start < at && end > at {
				t.Fatalf("token at %d of %q overlapped by %d, %d", at, text, start, end)
			}
		}
	})
}

var clean = strings.Repeat("2026-11-22T10:00:00Z level=info component=checkout order_state=paid the request took 12 ms and went well\n", 100)

func TestNextAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	dirty := strings.Repeat("user "+sample("email", 3).String()+" paid\n", 10)
	if n := testing.AllocsPerRun(100, func() {
		Next(clean, 0)
		for from := 0; from >= 0; {
			_, from = Next(dirty, from)
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func BenchmarkNextClean(b *testing.B) {
	b.Run("Next", func(b *testing.B) {
		b.SetBytes(int64(len(clean)))
		for b.Loop() {
			Next(clean, 0)
		}
	})
	b.Run("Next/no underscore", func(b *testing.B) {
		s := strings.ReplaceAll(clean, "_", "-")
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			Next(s, 0)
		}
	})
	b.Run("bytes.IndexByte", func(b *testing.B) {
		s := []byte(clean)
		b.SetBytes(int64(len(s)))
		for b.Loop() {
			bytes.IndexByte(s, 0)
		}
	})
	b.Run("strings.Index", func(b *testing.B) {
		b.SetBytes(int64(len(clean)))
		for b.Loop() {
			strings.Index(clean, Prefix)
		}
	})
}
