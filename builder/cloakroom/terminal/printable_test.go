package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAppendPrintable(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain text stays":         {"user=anna, Grüße\t日本", "user=anna, Grüße\t日本"},
		"color sequence":           {"\x1b[31mred", `\x1b[31mred`},
		"C1 control sequence":      {"\u009b31m", `\u009b31m`},
		"line ends":                {"a\r\nb", `a\r\nb`},
		"not UTF-8":                {"a\xff\xfeb", `a\xff\xfeb`},
		"replacement char is text": {"a\ufffdb", "a\ufffdb"},
		"right-to-left override":   {"abc\u202etxt.exe", `abc\u202etxt.exe`},
		"delete and null":          {"\x00\x7f", `\x00\x7f`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(AppendPrintable(nil, c.in)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func FuzzAppendPrintable(f *testing.F) {
	f.Add("plain \x1b]0;title\x07 \u202e \xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := string(AppendPrintable(nil, s))
		if !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool {
			return r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) || turnsDirection(r)
		}); i >= 0 {
			t.Fatalf("a control character at %d of %q", i, got)
		}
	})
}
