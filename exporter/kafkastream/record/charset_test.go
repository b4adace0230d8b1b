package record

import "testing"

func TestWideIsPlausible(t *testing.T) {
	for name, c := range map[string]struct {
		charset, value string
		ok             bool
	}{
		"ASCII declared as UTF-16":   {"utf-16", "mail a@example.org ", false},
		"Java's UTF-16, BOM and big": {"utf-16", "\xfe\xff\x00h\x00i", false},
		"little with BOM":            {"utf-16", "\xff\xfeh\x00i\x00", true},
		"little":                     {"utf-16le", "h\x00i\x00", true},
		"big declared as little":     {"utf-16le", "\x00h\x00i", false},
		"big":                        {"utf-16be", "\x00h\x00i", true},
		"Chinese, no zero":           {"utf-16le", "\x2d\x4e\x87\x65\x57\x5b", true},
		"empty":                      {"utf-16le", "", true},
	} {
		cs, err := charsetOf(c.charset)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := cs.decode([]byte(c.value)); ok != c.ok {
			t.Errorf("%s: %v, want %v", name, ok, c.ok)
		}
	}
}
