package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// textMaker makes texts of words, numbers and what stands between them.
type textMaker struct {
	r      *rand.Rand
	pieces []string
}

func newTextMaker(seed uint64) *textMaker {
	m := &textMaker{r: rand.New(rand.NewPCG(seed, 19))}
	for _, s := range seeds() {
		text := s[1]
		m.pieces = append(m.pieces, text[:min(len(text), 60)], text[m.r.IntN(len(text)+1):])
	}
	m.pieces = append(m.pieces, hostile...)
	m.pieces = append(m.pieces, lines(1000, false)...)
	for _, line := range lines(1000, false) {
		m.pieces = append(m.pieces, strings.Fields(line)...)
	}
	return m
}

func (m *textMaker) number() string {
	b := make([]byte, 1+m.r.IntN(7))
	for i := range b {
		b[i] = '0' + byte(m.r.IntN(10))
	}
	return string(b)
}

func (m *textMaker) text() string {
	var b strings.Builder
	for n := 1 + m.r.IntN(12); n > 0; n-- {
		switch m.r.IntN(8) {
		case 0:
			b.WriteString(m.pieces[m.r.IntN(len(m.pieces))])
		case 1, 2, 3:
			b.WriteString(m.number())
		case 4:
			b.WriteString([]string{"order", "took", "ms", "rue", "Main", "Street", "page", "id", "x", "A", "HTTP", "item", "cvv", "zip", "bis", "am", "level"}[m.r.IntN(17)])
		}
		b.WriteString([]string{" ", "=", "/", "-", ".", ",", ", ", ":", "\"", "(", ")", "&", "?", "#", "|", "'", "=4", "%", "+", "", "_", "\n", "[", "]", ";", "#", "&#", "<", "{", "*"}[min(m.r.IntN(44), 29)])
	}
	return b.String()
}

// other is the text with other digits where the memory, which has read it from from on, has zeros.
func (m *textMaker) other(memory *templates, from int, text string) (other string, same bool) {
	b := []byte(text)
	same = true
	for i := templateHead; i < memory.n; i++ {
		if at := from + i - templateHead; memory.text[i] == '0' && isDigit(text[at]) {
			b[at] = '0' + byte(m.r.IntN(10))
			same = false
		}
	}
	return string(b), same
}

func wakes(p *places, text string) bool {
	p.begin(text, true)
	return p.more()
}

// TestDigitsWakeNothing asserts what the memory relies on: that digits of short numbers wake nothing by which they are.
func TestDigitsWakeNothing(t *testing.T) {
	n := 200_000
	if raceEnabled || testing.Short() {
		n = 20_000
	}
	m, memory, quiet := newTextMaker(1), new(templates), 0
	var p places
	for i := range n {
		text := m.text()
		if i%3 == 0 {
			text = m.pieces[m.r.IntN(len(m.pieces))]
		}
		if len(text) < shortestTemplate || len(text) > longestTemplate || wakes(&p, text) {
			continue
		}
		p.begin(text, true)
		from := p.next
		memory.remember(memory.read(text, from))
		for range 3 {
			other, same := m.other(memory, from, text)
			if same {
				break
			}
			p.begin(other, true)
			if !memory.knows(memory.read(other, p.next)) {
				continue // it starts with a time, or has an @ in hexadecimal
			}
			quiet++
			require.False(t, wakes(&p, other), "%q wakes, and %q does not", other, text)
		}
	}
	require.Greater(t, quiet, n/20, "hardly any text has such numbers")
}

// TestZerosBeginNothing asserts that no prefix of a rule begins with, or goes on with, a number that is remembered as zeros, but for
// those that are no whole number there, and that of a key, of which more must follow.
func TestZerosBeginNothing(t *testing.T) {
	known := map[string]bool{"AGE-SECRET-KEY-1": true, "AGE-SECRET-KEY-PQ-1": true, "v1.0-": true, "1//0": true}
	for _, p := range prefixes {
		for i := 0; i < len(p.text); i++ {
			if !isDigit(p.text[i]) || i > 0 && !beforeZeros[p.text[i-1]] {
				continue
			}
			end := i + digitRun(p.text, i)
			require.False(t, !known[p.text] && (end == len(p.text) || behindZeros[p.text[end]]), "%q", p.text)
		}
	}
}

// checkTemplate asserts that what a scratch remembers of other texts changes nothing.
func checkTemplate(t *testing.T, d *Detector, warm *Scratch, text string, reference bool) {
	t.Helper()
	got := fmt.Sprint(d.Find(warm, Key{}, text))
	require.Equal(t, fmt.Sprint(d.Find(NewScratch(), Key{}, text)), got, "what is remembered changes the findings in %q", text)
	if reference {
		require.Equal(t, fmt.Sprint(d.Reference(Key{}, text)), got, "reference differs in %q", text)
	}
}

func TestTemplatesChangeNothing(t *testing.T) {
	n := 100_000
	if raceEnabled || testing.Short() {
		n = 10_000
	}
	d, warm, m, known := plainDetector(t), NewScratch(), newTextMaker(2), 0
	texts := make([]string, 200)
	var p places
	for i := range n {
		at := m.r.IntN(len(texts))
		if i < len(texts) || m.r.IntN(50) == 0 {
			for quiet := m.r.IntN(4) > 0; ; {
				if texts[at] = m.text(); !quiet || !wakes(&p, texts[at]) {
					break
				}
			}
		}
		checkTemplate(t, d, warm, m.shuffled(texts[at]), i%100 == 0)
		if warm.templates != nil {
			warm.templates.nap = 0
			known += warm.templates.hits
			warm.templates.hits = 0
		}
	}
	require.Greater(t, known, n/100, "hardly any text was known")
}

// shuffled is the text with other digits here and there.
func (m *textMaker) shuffled(text string) string {
	b := []byte(text)
	for i, c := range b {
		if isDigit(c) && m.r.IntN(2) == 0 {
			b[i] = '0' + byte(m.r.IntN(10))
		}
	}
	return string(b)
}

func FuzzTemplates(f *testing.F) {
	m := newTextMaker(3)
	for range 200 {
		text := m.text()
		f.Add(text, m.shuffled(text))
	}
	d := plainDetector(f)
	f.Fuzz(func(t *testing.T, one, digits string) {
		if len(one) > longestTemplate {
			return
		}
		other := []byte(one)
		for i := range other {
			if i < len(digits) && isDigit(other[i]) {
				other[i] = '0' + digits[i]%10
			}
		}
		warm := NewScratch()
		d.Find(warm, Key{}, one)
		checkTemplate(t, d, warm, string(other), true)
	})
}

func TestTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		before, after string
		known         bool
	}{
		"the same":                        {"order accepted by worker seven, cache=hit", "order accepted by worker seven, cache=hit", true},
		"other numbers":                   {"order 1234 accepted after 17 ms, attempt=1", "order 9876 accepted after 82 ms, attempt=2", true},
		"a URL":                           {"https://shop.example/api/orders/123456?page=3&sort=price", "https://shop.example/api/orders/654321?page=7&sort=price", true},
		"a statement":                     {"SELECT total FROM orders WHERE number = 123456 AND stage = 'paid'", "SELECT total FROM orders WHERE number = 234567 AND stage = 'paid'", true},
		"behind the time":                 {"2026-11-28T10:00:01.123Z INFO order 1234 accepted", "2026-11-29T11:10:02.456Z INFO order 9876 accepted", true},
		"behind a time that ends a digit": {"2026/11/28 10:00:01 order 1234 accepted", "2026/11/29 11:10:02 order 9876 accepted", true},
		"a name behind a time":            {"2026-11-28T10:00:01.123Z Main order accepted", "2026-11-28T10:00:01.124Z Main order accepted", false},
		"behind no time":                  {"2026/11/28 10:00:01 order 1234 accepted", " order 1234 accepted", false},
		"a fraction":                      {"compaction took 12.345 s on shard 3", "compaction took 98.765 s on shard 4", true},
		"more than a block":               {strings.Repeat("word ", 13) + "12345 orders and 7 more", strings.Repeat("word ", 13) + "67890 orders and 9 more", true},
		"across blocks":                   {strings.Repeat("word ", 12) + "a 123456 orders", strings.Repeat("word ", 12) + "a 654321 orders", true},
		"more digits":                     {"order 1234 accepted after 17 ms", "order 12345 accepted after 17 ms", false},
		"a long number":                   {"order 1234567 accepted after 17 ms", "order 7654321 accepted after 17 ms", false},
		"digits in a word":                {"order ab1 accepted after 17 ms", "order ab2 accepted after 17 ms", false},
		"another word":                    {"order 1234 accepted after 17 ms", "order 1234 rejected after 17 ms", false},
		"the begin":                       {"1234 orders accepted after 17 ms", "4321 orders accepted after 17 ms", false},
		"a date":                          {"orders of the day 2025-11-28", "orders of the day 2025-12-29", false},
		"perhaps an @":                    {"accepted after 17 ms, attempt=5", "accepted after 17 ms, attempt=4", false},
		"an @ in HTML":                    {"mail to jane&#65;acme.com was sent by the worker", "mail to jane&#64;acme.com was sent by the worker", false},
		"perhaps a house":                 {"accepted after 17 Ms, attempt=5", "accepted after 18 Ms, attempt=5", false},
		"perhaps a name":                  {"accepted after 17, Ms, attempt=5", "accepted after 18, Ms, attempt=5", false},
		"perhaps a name across blocks":    {strings.Repeat("word ", 12) + "17, Ms", strings.Repeat("word ", 12) + "18, Ms", false},
		"what may be a key in a word":     {"the_token_number4_glpat-xxxxxxxx.17 is none", "the_token_number4_glpat-xxxxxxxx.18 is none", false},
		"what wakes":                      {"mail to jane@example.com sent after 17 ms", "mail to jane@example.com sent after 17 ms", false},
		"what might be a key":             {"glpat-xxxxxxxx.17 is no token", "glpat-xxxxxxxx.18 is no token", false},
		"as short as a value":             {"order 123, 17 ms", "order 123, 17 ms", false},
		"as long as can be":               {strings.Repeat("word ", 48) + "a 12", strings.Repeat("word ", 48) + "a 34", true},
		"longer":                          {strings.Repeat("word ", 48) + "a 123", strings.Repeat("word ", 48) + "a 123", false},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := plainDetector(t), NewScratch()
			checkTemplate(t, d, s, c.before, true)
			checkTemplate(t, d, s, c.after, true)
			require.Equal(t, c.known, s.templates != nil && s.templates.hits == 1)
		})
	}
}

// TestTemplatesOfOthers asserts that a text is known only where it is searched in the same way.
func TestTemplatesOfOthers(t *testing.T) {
	const text = "hunter two is not a secret by itself"
	s := NewScratch()
	d := plainDetector(t)
	for range 2 {
		require.Empty(t, d.Find(s, Key{}, text))
	}
	require.NotEmpty(t, d.Find(s, d.Key("password"), text))
	custom, err := New(Settings{Patterns: []Pattern{{Name: "hunters", Regex: "hunter", Class: "hunt"}}})
	require.NoError(t, err)
	require.NotEmpty(t, custom.Find(s, Key{}, text))
}

// TestTemplatesThatCollide asserts that no hash is trusted.
func TestTemplatesThatCollide(t *testing.T) {
	m := new(templates)
	const one, other = "order accepted by the first worker", "order accepted by the other worker"
	m.remember(m.read(one, 0))
	hash := m.read(other, 0)
	require.False(t, m.knows(hash))
	m.read(one, 0)
	m.remember(hash)
	require.True(t, m.knows(hash))
	m.read(other, 0)
	require.False(t, m.knows(hash))
}

// TestTemplatesArePutAside asserts that texts that never come again do not pay for the memory.
func TestTemplatesArePutAside(t *testing.T) {
	d, s := plainDetector(t), NewScratch()
	text := func(i int) string { return fmt.Sprintf("the object batch-%xf never comes again", i) }
	for i := range templatePatience {
		require.False(t, s.templates != nil && s.templates.nap > 0, "after %d", i)
		d.Find(s, Key{}, text(i))
	}
	for range templateNap {
		require.Positive(t, s.templates.nap)
		d.Find(s, Key{}, text(0))
	}
	for range 2 * templatePatience {
		d.Find(s, Key{}, text(0))
		require.Zero(t, s.templates.nap, "put aside, and all is known")
	}
}
