package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func TestInnerKeyOfValuesFoundByTheirForm(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"JSON":               {`{"a":1,"my.contact":"@`, "my.contact"},
		"JSON, spaced":       {`{"my.contact" : "@`, "my.contact"},
		"JSON number":        {`{"card": @`, "card"},
		"later in a string":  {`{"note":"write to @`, "note"},
		"escaped JSON":       {`{"b":"{\"my.contact\":\"@`, "my.contact"},
		"twice escaped JSON": {`"{\\\"my.contact\\\":\\\"@`, "my.contact"},
		"logfmt":             {`level=info my.contact=@`, "my.contact"},
		"logfmt, quoted":     {`my.contact="write to @`, "my.contact"},
		"colon":              {`Contact: @`, "Contact"},
		"query":              {`/x?a=b&contact=@`, "contact"},
		"after a string":     {`{"a":"b", @`, ""},
		"behind inner quote": {`{"note":"say \"hi\" to @`, ""},
		"array":              {`{"a":["@`, ""},
		"prose":              {`write to @`, ""},
		"nothing":            {`@`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := &detect.Finding{Start: strings.IndexByte(test.text, '@'), KeyStart: -1}
			require.Equal(t, test.want, innerKey(f, test.text))
		})
	}
}

func FuzzInnerKey(f *testing.F) {
	f.Add(`{"a":"b`, 6, -1, 0)
	f.Add(`a=b`, 2, 0, 1)
	f.Fuzz(func(t *testing.T, text string, start, keyStart, keyEnd int) {
		if start < 0 || start > len(text) || keyEnd > len(text) {
			t.Skip()
		}
		key := innerKey(&detect.Finding{Start: start, KeyStart: keyStart, KeyEnd: keyEnd}, text)
		require.Contains(t, text, key)
	})
}
