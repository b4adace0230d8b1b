package detect

import "testing"

// A value ends at the quote that closes it, after escaped backslashes too, and not at one that is escaped.
func TestValuesEndAtTheirQuotes(t *testing.T) {
	d, err := New(Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no backslash":              {`{"user_name":"aarcher","n":1}`, `aarcher`},
		"an escaped quote":          {`{"user_name":"aa\"rcher","n":1}`, `aa\"rcher`},
		"an escaped backslash":      {`{"user_name":"aarcher\\","n":1}`, `aarcher\\`},
		"backslash, then quote":     {`{"user_name":"aa\\\"rcher","n":1}`, `aa\\\"rcher`},
		"nothing but a backslash":   {`{"user_name":"\\","n":1}`, `\\`},
		"at the end":                {`{"user_name":"shop\\aarcher\\"}`, `shop\\aarcher\\`},
		"inside a string":           {`{"m":"{\"user_name\":\"aarcher\",\"n\":1}"}`, `aarcher`},
		"inside, escaped backslash": {`{"m":"{\"user_name\":\"aarcher\\\\\",\"n\":1}"}`, `aarcher\\\\`},
		"inside, escaped quote":     {`{"m":"{\"user_name\":\"aa\\\"rcher\",\"n\":1}"}`, `aa\\\"rcher`},
		"in single quotes":          {`user_name='aarcher\\' n='x'`, `aarcher\\`},
	} {
		t.Run(name, func(t *testing.T) {
			found := d.Find(NewScratch(), Nameless, c.text)
			if len(found) != 1 || c.text[found[0].Start:found[0].End] != c.want {
				for _, f := range found {
					t.Errorf("found %q", c.text[f.Start:f.End])
				}
				t.Errorf("want %q", c.want)
			}
		})
	}
}
