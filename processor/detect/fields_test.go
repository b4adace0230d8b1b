package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fieldMaker makes records of fields that come again beside others: of whole examples, and of what cuts in them leave.
type fieldMaker struct {
	r    *rand.Rand
	pool []string
}

func newFieldMaker(seed uint64) *fieldMaker {
	m := &fieldMaker{r: rand.New(rand.NewPCG(seed, 17))}
	var texts []string
	for _, s := range seeds() {
		if len(s[1]) < longestField-20 {
			texts = append(texts, s[1])
		}
	}
	texts = append(texts, hostile...)
	names := []string{"id", "value", "key", "name", "email", "password", "user", "user id", "ssn", "card", "time", "level", "message", "status", "address", "phone", "a", "customer", ""}
	for range 1500 {
		v := texts[m.r.IntN(len(texts))]
		switch m.r.IntN(4) {
		case 0:
			v = v[m.r.IntN(len(v)+1):]
		case 1:
			v = v[:m.r.IntN(len(v)+1)]
		}
		name := names[m.r.IntN(len(names))]
		switch m.r.IntN(6) {
		case 0:
			m.pool = append(m.pool, v)
		case 1:
			m.pool = append(m.pool, `"`+v+`"`)
		case 2:
			m.pool = append(m.pool, `"`+name+`":`+v)
		case 3:
			m.pool = append(m.pool, `"`+name+`":{"`+names[m.r.IntN(len(names))]+`":"`+v+`"}`)
		case 4:
			m.pool = append(m.pool, `"`+name+`": "`+v+`"`)
		default:
			m.pool = append(m.pool, `"`+name+`":"`+v+`"`)
		}
	}
	for _, quiet := range []string{`"level":"info"`, `"logger":"shop.checkout"`, `"status":200`, `"region":"eu-west-1"`, `"cache":"hit"`, `"took_ms":12`, `"route":"/cart"`, `"sent":"¢"`, `"to": "¢"`, `"of":{"email":"¢"}`, `"size":¹`, `"port": ¹`} {
		for range 60 {
			m.pool = append(m.pool, quiet)
		}
	}
	for _, name := range names {
		for _, form := range []string{`"%s":¹`, `"%s": ¹`, `"%s":{"n":¹}`, `"%s":[¹]`, `"%s":"¢"`, `"%s": "¢"`, `"to":{"%s":"¢"}`, `"%s":["¢"]`, `"%s":"to ¢"`} {
			for range 4 {
				m.pool = append(m.pool, fmt.Sprintf(form, name))
			}
		}
	}
	return m
}

func (m *fieldMaker) record() string {
	comma := ","
	if m.r.IntN(4) == 0 {
		comma = ", "
	}
	var b strings.Builder
	b.WriteByte('{')
	for n := 6 + m.r.IntN(8); n > 0; n-- {
		b.WriteString(m.values(m.pool[m.r.IntN(len(m.pool))]))
		if n > 1 {
			b.WriteString(comma)
		}
	}
	b.WriteByte('}')
	return b.String()
}

// checkFields asserts that what a scratch remembers of other records changes nothing.
func checkFields(t *testing.T, d *Detector, warm *Scratch, record string, reference bool) {
	t.Helper()
	got := fmt.Sprint(slices.Clone(d.Find(warm, Key{}, record)))
	require.Equal(t, fmt.Sprint(d.Find(NewScratch(), Key{}, record)), got, "what is remembered changes the findings in %q", record)
	if reference {
		require.Equal(t, fmt.Sprint(d.Reference(Key{}, record)), got, "reference differs in %q", record)
	}
}

func TestFieldsChangeNothing(t *testing.T) {
	n := 20_000
	if raceEnabled || testing.Short() {
		n = 2000
	}
	d, warm, m, passed, values := plainDetector(t), NewScratch(), newFieldMaker(1), 0, 0
	for i := range n {
		checkFields(t, d, warm, m.record(), i%20 == 0)
		if warm.fields != nil {
			warm.fields.memory.nap = 0
			passed += len(warm.fields.quiet)
			values += len(warm.fields.values)
		}
	}
	require.Greater(t, passed, n/3, "hardly anything was passed over")
	require.Greater(t, values, n/100, "hardly any value was")
}

// FuzzFields puts the lines of the text together in other orders.
func FuzzFields(f *testing.F) {
	m := newFieldMaker(2)
	for range 50 {
		f.Add(strings.Join(m.pool[m.r.IntN(len(m.pool)-20):][:8], "\n"), uint64(1))
	}
	d := plainDetector(f)
	f.Fuzz(func(t *testing.T, lines string, seed uint64) {
		if len(lines) > 4096 {
			return
		}
		m := &fieldMaker{r: rand.New(rand.NewPCG(seed, 3)), pool: strings.Split(lines, "\n")}
		m.pool = append(m.pool, `"level":"info"`, `"logger":"shop.checkout"`, `"region":"eu-west-1"`)
		warm := NewScratch()
		for range 20 {
			checkFields(t, d, warm, m.record(), false)
			if warm.fields != nil {
				warm.fields.memory.nap = 0
			}
		}
		checkFields(t, d, warm, m.record(), true)
	})
}

func TestFieldsAreRemembered(t *testing.T) {
	const rest = `,"logger":"shop.checkout.OrderService","thread":"worker-3","http":{"method":"POST","route":"/api/orders/{id}"},"region":"eu-central-1","cache":"hit"`
	const far = `,"far":"from an escape, as blocks with one are read with more care"`
	long := strings.Repeat("a quiet word ", 20)
	for name, c := range map[string]struct {
		records []string
		passed  []string
	}{
		"all but what is another": {
			[]string{`{"n":1` + rest + rest + `}`, `{"n":2` + rest + rest + `}`},
			[]string{rest + rest + "}"},
		},
		"nothing in the first record": {[]string{`{"n":1` + rest + rest + `}`}, nil},
		"with a space behind commas": {
			[]string{strings.ReplaceAll(`{"n":1`+rest+rest+`}`, `,"`, `, "`), strings.ReplaceAll(`{"n":2`+rest+rest+`}`, `,"`, `, "`)},
			[]string{strings.ReplaceAll(rest+rest+"}", `,"`, `, "`)},
		},
		"what holds something is looked at again": {
			[]string{`{"n":1` + rest + `,"user":"jane@example.com"` + rest + `}`, `{"n":2` + rest + `,"user":"jane@example.com"` + rest + `}`},
			[]string{rest, rest + "}"},
		},
		"what has an escape is looked at again": {
			[]string{`{"n":1` + rest + far + `,"text":"one\ntwo"` + far + rest + `}`, `{"n":2` + rest + far + `,"text":"one\ntwo"` + far + rest + `}`},
			[]string{rest + far, far + rest + "}"},
		},
		"what is long is looked at again": {
			[]string{`{"n":1` + rest + `,"text":"` + long + `"` + rest + `}`, `{"n":2` + rest + `,"text":"` + long + `"` + rest + `}`},
			[]string{rest, rest + "}"},
		},
		"the last one is another inside":  {[]string{`{"n":1` + rest + far, `{"n":2` + rest + far + `,"n":3}`}, []string{rest}},
		"the first one is another inside": {[]string{`,"level":"information"` + rest + far + `}`, `{"n":4,"level":"information"` + rest + far + `}`}, []string{rest + far + `}`}},
		"too short a record":              {[]string{`{"n":1` + rest[:100] + `}`, `{"n":2` + rest[:100] + `}`}, nil},
		"no record":                       {[]string{"n 1" + rest + rest, "n 2" + rest + rest}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := plainDetector(t), NewScratch()
			var passed []string
			for _, record := range c.records {
				checkFields(t, d, s, record, true)
				if passed = nil; s.fields == nil {
					continue
				}
				for _, q := range s.fields.quiet {
					passed = append(passed, record[q.start:q.end])
				}
			}
			require.Equal(t, c.passed, passed)
		})
	}
}

// TestFieldsHideValues asserts that no value is remembered, wherever it was found by.
func TestFieldsHideValues(t *testing.T) {
	const rest = `,"logger":"shop.checkout.OrderService","thread":"worker-3","http":{"method":"POST","route":"/api/orders/{id}"},"region":"eu-central-1","cache":"hit","stage":"allocation"}`
	for name, c := range map[string]struct{ key, record string }{
		"a list under a key":       {"", `{"n":1,"password":["open sesame!","hunter secret","correct horse","battery"],"status":200` + rest},
		"the attribute's own key":  {"password", `{"n":1,"status":200,"word":"hunter2secret"` + rest},
		"a value by its own shape": {"", `{"n":1,"status":200,"word":"jane@example.com hunter2secret"` + rest},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := plainDetector(t), NewScratch()
			require.NotEmpty(t, d.Find(s, d.Key(c.key), c.record))
			if c.key != "" {
				require.Nil(t, s.fields, "a value as a whole")
				return
			}
			remembered := 0
			for i := range s.fields.memory.seats {
				m := &s.fields.memory.seats[i]
				if m.n > 0 {
					remembered++
				}
				require.NotContains(t, string(m.text[:m.n]), "hunter")
			}
			require.Greater(t, remembered, 2)
		})
	}
}

// TestFieldsArePutAside asserts that records whose fields never come again do not pay for the memory.
func TestFieldsArePutAside(t *testing.T) {
	d, s := plainDetector(t), NewScratch()
	record := func(i int) string {
		return fmt.Sprintf(`{"first":"batch-%d"`, i) + strings.Repeat(fmt.Sprintf(`,"another":"batch-%d"`, i), 12) + "}"
	}
	for i := range fieldPatience {
		require.False(t, s.fields != nil && s.fields.memory.nap > 0, "after %d", i)
		d.Find(s, Key{}, record(i))
	}
	for range fieldNap {
		require.Positive(t, s.fields.memory.nap)
		d.Find(s, Key{}, record(0))
	}
	for range 2 * fieldPatience {
		d.Find(s, Key{}, record(0))
		require.Zero(t, s.fields.memory.nap, "put aside, and all is known")
	}
	require.NotEmpty(t, s.fields.quiet)
}

// TestFieldsOfNothing reads records that are nothing but commas and quotes, as many as fit.
func TestFieldsOfNothing(t *testing.T) {
	d := plainDetector(t)
	for _, unit := range []string{`,"`, `, "`, `,"",`, `"",`} {
		for n := shortestRecord; n < shortestRecord+2*blockLen; n++ {
			checkFields(t, d, NewScratch(), "{"+strings.Repeat(unit, n)[:n-1], false)
		}
	}
}
