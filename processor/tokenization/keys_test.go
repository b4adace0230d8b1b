package tokenization

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// A value is taken for one that was seen only when every byte of it is the same, and so is a key.
func TestMemoryMistakesNothing(t *testing.T) {
	text := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 4)
	d := testDetector(t)
	for n := 1; n <= memoLen+1; n++ {
		c := newKeyCache(d)
		s := text[:n]
		var guess *keyEntry
		e := c.lookup(nil, &guess, s)
		is := func(leaf string) bool { // as the walk asks
			return len(leaf) == e.size && ending(leaf) == e.end && e.goesOn(leaf)
		}
		assert.False(t, e.knows(s))
		e.remember(s)
		assert.Equal(t, n <= memoLen, e.knows(strings.Clone(s)), "%d bytes", n)
		assert.Equal(t, n <= 32, is(strings.Clone(s)), "%d bytes", n)
		for i := range n {
			other := []byte(s)
			other[i]++
			assert.False(t, e.knows(string(other)), "byte %d of %d", i, n)
			assert.False(t, is(string(other)), "byte %d of %d", i, n)
			assert.NotSame(t, e, c.lookup(nil, &guess, string(other)))
		}
		for _, other := range []string{text[:n-1], text[:n+1], "x" + s} {
			assert.False(t, e.knows(other))
			assert.False(t, is(other))
		}
		assert.Same(t, e, c.lookup(nil, &guess, strings.Clone(s)))
	}
}

// What an attribute is to become does not depend on whether its key and its value were seen before, nor on what stood there last.
func TestSeenBeforeMakesNoDifference(t *testing.T) {
	type attribute struct {
		key   string
		value any
	}
	for name, test := range map[string]struct {
		batch []attribute
		want  int // values that change
	}{
		"texts that repeat":           {[]attribute{{"http.request.method", "GET"}, {"http.route", "/cart"}, {"http.request.method", "GET"}}, 0},
		"a value between":             {[]attribute{{"note", "all is well"}, {"note", "ask bob@example.org"}, {"note", "all is well"}}, 1},
		"small numbers":               {[]attribute{{"http.response.status_code", 200}, {"offset", -7}, {"attempt", 0}}, 0},
		"small under a key that says": {[]attribute{{"count", 4711}, {"user.id", 4711}, {"count", 4711}}, 1},
		"a number that is something":  {[]attribute{{"note", 4711}, {"note", 77_000_001}, {"note", 4711}, {"note", -77_000_001}}, 2},
		"a number, then a text":       {[]attribute{{"count", 12}, {"count", "ask bob@example.org"}, {"count", 12}}, 1},
		"lists and maps":              {[]attribute{{"tags", []any{"a", "bob@example.org"}}, {"more", map[string]any{"mail": "bob@example.org"}}}, 2},
		"no value":                    {[]attribute{{"none", nil}, {"none", ""}, {"none", false}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(func(c *Config) {
				c.Policy.Patterns = []policy.Pattern{{Name: "order_ref", Regex: "77[0-9]{6}", Class: "order"}}
			})
			tokenizer, err := newTokenizer(nopSettings(), cfg, policy.Logs)
			require.NoError(t, err)
			require.NoError(t, tokenizer.start(t.Context(), newRig(t, nil).host))
			w := tokenizer.newWalk()
			ld := plog.NewLogs()
			records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
			for _, a := range test.batch { // one a record: keys change places
				require.NoError(t, records.AppendEmpty().Attributes().FromRaw(map[string]any{a.key: a.value}))
			}
			for range 3 {
				w.search(func(w *walk) { w.logs(t.Context(), ld) })
				assert.Len(t, w.edits.values, test.want)
				w.reset()
			}
		})
	}
}

func TestMemoryKnowsNothingOfTheEmptyValue(t *testing.T) {
	e := &keyEntry{}
	e.remember("a")
	assert.False(t, e.knows(""))
}

// Half as many values as there are places stay remembered, whatever else was under the key before.
func TestMemoryHoldsWhatRepeats(t *testing.T) {
	e := &keyEntry{}
	for i := range patience / 2 {
		e.remember(fmt.Sprintf("gone-%d", i))
	}
	forgotten := 0
	for round := range 100 {
		for i := range memos / 2 {
			if s := fmt.Sprintf("http-nio-8080-exec-%d", i); !e.knows(s) {
				e.remember(s)
				if round >= 50 {
					forgotten++
				}
			}
		}
	}
	assert.Less(t, forgotten, 50*memos/2/10, "in 50 rounds")
}

// Where no value comes twice, few are remembered, and where they begin to repeat, that is noticed.
func TestMemoryRestsWhereNothingRepeats(t *testing.T) {
	e := &keyEntry{}
	remembered := 0
	const strangers = 10 * (patience + nap)
	for i := range strangers {
		if e.remember(fmt.Sprintf("request-%d", i)); e.memo != nil {
			remembered++
		}
	}
	assert.Less(t, remembered, strangers/10)
	known := 0
	for i := range 2 * nap {
		if s := fmt.Sprintf("http-nio-8080-exec-%d", i%8); e.knows(s) {
			known++
		} else {
			e.remember(s)
		}
	}
	assert.Greater(t, known, nap/2)
	assert.Nil(t, e.aside)
}

// Bodies that never come again neither take the places of names nor keep the memory from resting.
func TestBodiesHaveAMemoryOfTheirOwn(t *testing.T) {
	w := benchTokenizer(t).newWalk()
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range 2 * patience {
		r := records.AppendEmpty()
		r.SetSeverityText([]string{"INFO", "WARN"}[i%2])
		r.Body().SetStr(fmt.Sprintf("cart %d is empty", i))
	}
	w.search(func(w *walk) { w.logs(t.Context(), ld) })
	assert.True(t, w.keyless.knows("INFO") && w.keyless.knows("WARN"))
	assert.False(t, w.keyless.knows("cart 511 is empty"))
	assert.Nil(t, w.body.memo, "at rest")
}
