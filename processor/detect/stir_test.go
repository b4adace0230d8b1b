package detect

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestObjectsBehindKeys compares Find with Reference where an object stands behind a key that means something, or what only begins
// like one: the first of a kind wakes nothing.
func TestObjectsBehindKeys(t *testing.T) {
	d, s := plainDetector(t), NewScratch()
	forms := []string{
		`{"%s":{"first":"Zoe","id":7}}`, `{"%s": {"first":"Zoe"}}`, `{"%s":{Zoe-hunter2-x1}}`, `{"%s":{'first':'Zoe'}}`, `{"%s":{Zoe`, `{"%s":{`, `%s:{"Zoe"}`,
		`{\"%s\":{\"first\":\"Zoe\"}}`, `{"name":"%s","value":{"Zoe":"hunter2"}}`, `{"key":"%s","val":{hunter2-x1}}`,
	}
	woken := 0
	for _, r := range rules {
		for _, key := range r.keys {
			for _, form := range forms {
				text := fmt.Sprintf(form, key.words)
				found := describe(d, text, d.Find(s, Nameless, text))
				require.Equal(t, describe(d, text, d.Reference(Nameless, text)), found, text)
				if found != "" {
					woken++
				}
			}
		}
	}
	require.NotZero(t, woken)
}
