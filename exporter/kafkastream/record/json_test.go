package record

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzValidJSON(f *testing.F) {
	for _, s := range []string{
		``, ` `, `{}`, `[]`, `[ ]`, `{"a":1}`, `{"a":[1,2,{"b":null}],"c":"\u00e9\n"}`, `[1,]`, `{"a":}`, `{"a" 1}`, `{,}`, `[,1]`, `01`, `-`, `-0.5e+10`, `1.`, `1e`, `.5`,
		`"\x"`, `"\u12g4"`, `"` + "\n" + `"`, `"open`, `"\`, `tru`, `true false`, ` null `, `[1}`, `{"a":1]`, `}`, `]`, `{"a":1,}`, `{1:2}`, "\xef\xbb\xbf{}", `"` + "\xff" + `"`,
		`+1`, `1 2`, `[[[[]]]]`, `[[[[1]]]`, `{"a":{"a":{"a":{}}}}`, `{"a":1,"a"}`, `"\ud83d"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		if got, want := validJSON(s), json.Valid(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	})
}

func TestValidJSONIsAsDeepAsTheStandardLibrarys(t *testing.T) {
	for _, depth := range []int{31, 32, 33, 9999, 10000, 10001, 1 << 20} {
		for _, inner := range []string{"", "1", "[]"} {
			s := []byte(strings.Repeat("[", depth) + inner + strings.Repeat("]", depth))
			if got, want := validJSON(s), json.Valid(s); got != want {
				t.Errorf("depth %d around %q: %v, want %v", depth, inner, got, want)
			}
		}
	}
}
