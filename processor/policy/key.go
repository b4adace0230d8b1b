package policy

import (
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// innerKey is the key inside text under which the finding stands, or "". The detector tells it when the key named the
// value; for a value that was found by its form, the text before it is read.
func innerKey(f *detect.Finding, text string) string {
	if f.KeyStart >= 0 && f.KeyEnd > f.KeyStart {
		return text[f.KeyStart:f.KeyEnd]
	}
	if f.KeyStart >= 0 || f.Start > len(text) {
		return ""
	}
	return keyBefore(text[max(0, f.Start-lookBack):f.Start])
}

// lookBack bounds the text before a finding in which its key is looked for.
const lookBack = 512

// keyBefore returns the key of the value that text ends in:
//
//	"key":"value   "key": value   key=value   key="value   key: value   \"key\":\"value
//
// A quoted value may have begun earlier: in {"note":"write to bob@example.com"} the key of the address is note. Where
// a quote does not open a value, nothing is guessed.
func keyBefore(text string) string {
	if key := keyOf(text); key != "" {
		return key
	}
	if q := strings.LastIndexByte(text, '"'); q >= 0 {
		return keyOf(strings.TrimRight(text[:q], `\`))
	}
	return ""
}

// keyOf returns the key that text, which ends where a value begins, ends in.
func keyOf(text string) string {
	text = strings.TrimRight(text, " \t")
	if text == "" || text[len(text)-1] != ':' && text[len(text)-1] != '=' {
		return ""
	}
	text = strings.TrimRight(text[:len(text)-1], " \t")
	if n := len(text); n > 0 && text[n-1] == '"' {
		text = strings.TrimRight(text[:n-1], `\`)
		return text[strings.LastIndexByte(text, '"')+1:]
	}
	from := len(text)
	for from > 0 && keyByte(text[from-1]) {
		from--
	}
	return text[from:]
}

func keyByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == '-' || c == '.' || c == '/'
}
