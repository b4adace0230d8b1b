package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// values is text with other numbers and addresses in the place of every ¹ and every ¢ each time.
func (m *fieldMaker) values(text string) string {
	for strings.Contains(text, "¹") {
		digits := fmt.Sprint(1 + m.r.Uint64N(1e9))
		text = strings.Replace(text, "¹", digits[:1+m.r.IntN(len(digits))], 1)
	}
	for strings.Contains(text, "¢") {
		text = strings.Replace(text, "¢", m.address(), 1)
	}
	return text
}

// address makes what is an address or nearly one.
func (m *fieldMaker) address() string {
	words := []string{
		"a", "ab", "jane", "doe", "customer0042", "x1", "v1", "v", "com", "org", "de", "io", "example", "png", "git", "hg", "sk", "key", "tkt", "api", "bearer", "password", "select", "dop", "glpat", "xoxb", "npm", "eyj",
		"ab123456c", "12", "7c", "Jane", "AKIAIOSFODNN7EXAMPLE", "technology", "local", "localhost", "gb82west12345698765432", "de89370400440532013000", "1f8k2m", "c01x00t47", "0x52908400098527886e0f7030069857d2e4169ee7",
		"3fz1", "_", "a_b", "é", "%40", `\u0040`, "+", "", "atlasv1", "3j98t1wpez73cnmqviecrnyiwrnqrhwnly", "ghp", "street", "44", "sha256", "txjtqr1fqxsts7", "7914c0f87f17f8499ff30499a90ebb41", "us12",
	}
	word := func() string {
		if m.r.IntN(3) == 0 {
			n, from := 1+m.r.IntN(20), "abcdefghijklmnopqrstuvwxyz"
			if m.r.IntN(2) == 0 {
				from += "0123456789"
			}
			b := make([]byte, n)
			for i := range b {
				b[i] = from[m.r.IntN(len(from))]
			}
			return string(b)
		}
		return words[m.r.IntN(len(words))]
	}
	var b strings.Builder
	b.WriteString(word())
	for m.r.IntN(3) == 0 {
		b.WriteString([]string{".", "-", "..", ".-", "+", "_"}[min(m.r.IntN(16), 5)])
		b.WriteString(word())
	}
	b.WriteString([]string{"@", "@", "@", "@", "@", "@@", ""}[m.r.IntN(7)])
	b.WriteString(word())
	for n := 1 + m.r.IntN(2); n > 0; n-- {
		b.WriteString([]string{".", ".", ".", "-", "..", "@"}[m.r.IntN(6)])
		b.WriteString(word())
	}
	if m.r.IntN(3) > 0 {
		b.WriteString([]string{".com", ".de", ".io"}[m.r.IntN(3)])
	}
	return b.String()
}

// TestPlainAddress asserts that what is told to be a plain address is found as one, whole and alone, wherever it stands.
func TestPlainAddress(t *testing.T) {
	n := 200_000
	if raceEnabled || testing.Short() {
		n = 20_000
	}
	d, s, m, plain := plainDetector(t), NewScratch(), newFieldMaker(4), 0
	for i := range n {
		for _, around := range [...][2]string{{`,"customer":{"email":"`, `"}`}, {`, "note": "`, `"`}} {
			text := `{"a":1` + around[0] + m.address() + around[1] + `,"b":2}`
			start, end := len(`{"a":1`)+len(around[0]), len(text)-len(`,"b":2}`)-len(around[1])
			if addressBefore(text, leastBefore, end) != start || start == end {
				continue
			}
			plain++
			want := fmt.Sprint([]Finding{addressAt(start, end)})
			require.Equal(t, want, fmt.Sprint(d.Find(s, Key{}, text)), "%q", text)
			if i%100 == 0 {
				require.Equal(t, want, fmt.Sprint(d.Reference(Key{}, text)), "reference of %q", text)
			}
		}
	}
	require.Greater(t, plain, n/20, "hardly any is plain")
}

func TestAddressBefore(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		plain bool
	}{
		"words":                        {"jane@example.com", true},
		"words with digits":            {"jane42@mail2.example.com", true},
		"dots and hyphens":             {"jane-x.doe@my-shop.co.uk", true},
		"a long one":                   {strings.Repeat("a", 40) + "@" + strings.Repeat("b", 17) + ".com", true},
		"longer than a block":          {strings.Repeat("a", 41) + "@" + strings.Repeat("b", 18) + ".com", false},
		"a capital":                    {"jane@Example.com", false},
		"a word that starts otherwise": {"jane@3com.com", false},
		"two dots":                     {"jane..doe@example.com", false},
		"an underscore":                {"jane_doe@example.com", false},
		"two @":                        {"jane@doe@example.com", false},
		"no @":                         {"jane.example.com", false},
		"nothing before the @":         {"@example.com", false},
		"no dot":                       {"jane@localhost", false},
		"a version":                    {"chart@v1.com", false},
		"a file":                       {"icon@large.png", false},
		"a number at the end":          {"jane@example.c0m", false},
		"one letter at the end":        {"jane@example.c", false},
		"what a key is":                {"key-a7c914f87f17f8499ff30499a90ebb41@example.com", false},
		"what nearly is one":           {"dop-v1-jane@example.com", true},
		"beyond ASCII":                 {"jané@example.com", false},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"message":"sent","customer":{"email":"` + c.value + `"},"b":2}`
			start := strings.Index(text, c.value)
			end := start + len(c.value)
			got := addressBefore(text, leastBefore, end)
			require.Equal(t, c.plain, got == start, "%d", got-start)
			require.True(t, c.plain || got == end)
		})
	}
}

func TestFieldsWithoutValues(t *testing.T) {
	const rest = `,"logger":"shop.checkout.OrderService","thread":"worker-3","http":{"method":"POST","route":"/api/orders/{id}"},"region":"eu-central-1","cache":"hit"`
	first := func(field string) string { return `{"n":1` + rest + field + rest + `}` }
	for name, c := range map[string]struct {
		before, after string // the field in the records before and in the one after them
		passed        bool
	}{
		"another address":                   {`,"customer":{"email":"jane@example.com"}`, `,"customer":{"email":"john.doe@mail.example.org"}`, true},
		"another address behind a space":    {`, "email": "jane@example.com"`, `, "email": "x@example.com"`, true},
		"an address that is not plain":      {`,"customer":{"email":"jane@example.com"}`, `,"customer":{"email":"Jane.Doe@example.com"}`, false},
		"first one that is not plain":       {`,"customer":{"email":"Jane.Doe@example.com"}`, `,"customer":{"email":"jane@example.com"}`, false},
		"no address":                        {`,"customer":{"email":"jane@example.com"}`, `,"customer":{"email":"jane at example.com"}`, false},
		"an address under another key":      {`,"customer":{"email":"jane@example.com"}`, `,"customer":{"maill":"jane@example.com"}`, false},
		"an address among words":            {`,"customer":{"email":"to jane@example.com"}`, `,"customer":{"email":"to john@example.com"}`, false},
		"an address behind something":       {`,"to (sales)":{"email":"jane@example.com"}`, `,"to (sales)":{"email":"john@example.com"}`, false},
		"an address beside a value":         {`,"peer 192.0.2.7":{"email":"jane@example.com"}`, `,"peer 192.0.2.7":{"email":"john@example.com"}`, false},
		"an address and another":            {`,"jane@example.com":"jane@example.com"`, `,"jane@example.com":"john@example.com"`, false},
		"an address under a key of secrets": {`,"password":"jane@example.com"`, `,"password":"john@example.com"`, false},
		"an address behind other brackets":  {`,"customer":{"email":"jane@example.com"}`, `,"customer":{"email":"jane@example.com"}}`, false},
		"a number behind brackets":          {`,"duration_ms":12}]}`, `,"duration_ms":34}]}`, true},
		"a number behind as many others":    {`,"duration_ms":12}]}`, `,"duration_ms":34]}}`, false},
		"another number":                    {`,"duration_ms":123}`, `,"duration_ms":456}`, true},
		"another number behind a space":     {`, "duration_ms": 12345`, `, "duration_ms": 12346`, true},
		"a number of more digits":           {`,"duration_ms":123}`, `,"duration_ms":1234}`, false},
		"a number with a fraction":          {`,"duration_ms":12.3}`, `,"duration_ms":12.4}`, false},
		"a long number":                     {`,"duration_ms":1234567}`, `,"duration_ms":1234568}`, false},
		"a number under a key like it":      {`,"duration_of_request_ms":123}`, `,"duration_on_request_ms":124}`, false},
		"a number between quotes":           {`,"duration_ms":"123"`, `,"duration_ms":"124"`, false},
		"a number in a list":                {`,"durations":[123]`, `,"durations":[124]`, false},
		"a number under a key of numbers":   {`,"card_cvv":123`, `,"card_cvv":124`, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, s := plainDetector(t), NewScratch()
			checkFields(t, d, s, first(c.before), true)
			checkFields(t, d, s, first(c.after), true)
			passed := 0
			for _, q := range s.fields.quiet {
				passed += q.end - q.start
			}
			want := len(first(c.after)) - len(`{"n":1`)
			if !c.passed {
				want -= len(c.after)
			}
			require.Equal(t, want, passed)
			for i := range s.fields.memory.seats {
				m := &s.fields.memory.seats[i]
				require.NotContains(t, string(m.text[:m.n]), "jane@", "a value is remembered")
			}
		})
	}
}

// TestFieldsAtTheEnds asserts that a field that is known without its value is another at an end of its text.
func TestFieldsAtTheEnds(t *testing.T) {
	const rest = `,"logger":"shop.checkout.OrderService","thread":"worker-3","http":{"method":"POST","route":"/api/orders/{id}"},"region":"eu-central-1","cache":"hit"`
	const field = `,"customer":{"email":"jane@example.com"}`
	d, s := plainDetector(t), NewScratch()
	checkFields(t, d, s, `{"n":1`+rest+field+rest+`}`, true)
	for _, known := range []int{0, 1} {
		checkFields(t, d, s, `{"n":1`+rest+rest+field, true)
		require.Len(t, s.fields.values, known)
	}
	checkFields(t, d, s, `{"n":1`+rest+rest+`,"customer":{"email":"jane@example.de"}`, true) // a byte is missing that would be read
	require.Empty(t, s.fields.values)
}

// TestFieldsBesideTokens asserts that a token is found beside an address that is known, though nothing wakes at it: it stands in a word.
func TestFieldsBesideTokens(t *testing.T) {
	const rest = `,"logger":"shop.checkout.orders","thread":"main","cache":"hit","state":"allocation","stage":"shipping","shade":"green"`
	const field, token = `,"customer":{"email":"jane@example.com"}`, `,"of":"xtkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds"`
	d, s := plainDetector(t), NewScratch()
	for _, middle := range []string{token, field, token, field, field + token} {
		text := `{"sequence":1` + rest + middle + rest + `}`
		require.Equal(t, fmt.Sprint(d.Find(NewScratch(), Key{}, text)), fmt.Sprint(d.Find(s, Key{}, text)), text)
	}
	require.Len(t, d.Find(s, Key{}, `{"sequence":1`+rest+field+token+rest+`}`), 2)
}

// TestFieldsThatCollide asserts that no hash is trusted: a field that has the one of another is not taken for it.
func TestFieldsThatCollide(t *testing.T) {
	remembered := [...]string{`,"duration_ms":123}`, `,"duration_ms":1234`, `,"duration_ms":12345`, `,"duration":1234}`, `,"duration_mx":124}`, `,"buration_ms":125}`, `,"duration_ms":"ab@c.com"`, `,"duration_ms":"long"}`, ",\"duration_ms\":\x03}", `,"duration_ms":"@"`}
	text := `{"n":1` + strings.Join(remembered[:], "") + `,"last":true}`
	for own := range remembered {
		for other := range remembered {
			t.Run(remembered[own]+" "+remembered[other], func(t *testing.T) {
				f := fields{memory: new(fieldMemory), lone: -1}
				f.cut(text)
				f.stirred = make([]uint64, 1)
				seat := func(k int) *field { // of the field, as whichever of the two it is remembered
					from, to := int(f.starts[k]), int(f.starts[k+1])
					hash := fieldHash(text[from:to], false)
					if start, end, kind := valueOf(text, from, to); kind != 0 {
						hash = valueHash(text, from, start-from, to-end, kind, false)
					}
					one, _ := f.memory.seatsOf(hash)
					one.hash = hash
					return one
				}
				was := *seat(1 + other)
				from, to := int(f.starts[1+own]), int(f.starts[2+own])
				if start, end, kind := valueOf(text, from, to); kind != 0 {
					require.True(t, f.memory.rememberWithout(text, from, start, end, to, kind, false))
				} else {
					f.memory.remember(text[from:to], false)
				}
				made := *seat(1 + own)
				*f.memory = fieldMemory{}
				*seat(1 + other) = made
				seat(1 + other).hash = was.hash
				f.known(text)
				f.knownValues(text, false)
				require.Equal(t, own == other, f.stirs(1+other))
				f.stirred[0] = 0
				f.knownByTable(text)
				f.knownValues(text, false)
				require.Equal(t, own == other, f.stirs(1+other))
			})
		}
	}
}

// TestLearnAddress asserts that a field is remembered without an address only when that is all that was found in it.
func TestLearnAddress(t *testing.T) {
	const text = `{"n":1,"level":"info","user":{"email":"jane@example.com"},"status":200,"a":"b","c":"d","e":"f"}`
	start := strings.Index(text, "jane")
	address := addressAt(start, start+len("jane@example.com"))
	other, behind := address, address
	other.Entity = Username
	behind.Start, behind.End = address.End+1, address.End+2
	before := addressAt(1, 4)
	for name, c := range map[string]struct {
		found  []Finding
		stirs  bool
		learnt bool
	}{
		"the address":              {[]Finding{address}, false, true},
		"another before its field": {[]Finding{before, address}, false, true},
		"nothing":                  {nil, false, false},
		"only another":             {[]Finding{before}, false, false},
		"another entity":           {[]Finding{other}, false, false},
		"another behind it":        {[]Finding{address, behind}, false, false},
		"something else woke":      {[]Finding{address}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := fields{memory: new(fieldMemory)}
			require.True(t, f.read(text, false))
			f.note(text, start, 1<<strings.Index(text[start:], "@"))
			if c.stirs {
				f.stir(f.lone)
			}
			f.learn(text, c.found)
			learnt := false
			for i := range f.memory.seats {
				learnt = learnt || f.memory.seats[i].n > 0 && f.memory.seats[i].text[f.memory.seats[i].cut] == kindAddress
			}
			require.Equal(t, c.learnt, learnt)
		})
	}
}

// TestNumbersThatRepeat asserts that a field whose number stays is known whole, and one whose number does not is not.
func TestNumbersThatRepeat(t *testing.T) {
	const rest = `,"logger":"shop.checkout.OrderService","thread":"worker-3","http":{"method":"POST","route":"/api/orders/{id}"},"region":"eu-central-1","cache":"hit"`
	d, s := plainDetector(t), NewScratch()
	for n := range 20 {
		checkFields(t, d, s, fmt.Sprintf(`{"n":1%s,"status":200,"duration_ms":%d%s}`, rest, 100+n, rest), false)
	}
	var whole []string
	for i := range s.fields.memory.seats {
		if m := &s.fields.memory.seats[i]; m.n > 0 && m.cut == 0 {
			whole = append(whole, string(m.text[:m.n]))
		}
	}
	require.Contains(t, whole, `,"status":200`)
	require.NotContains(t, fmt.Sprint(whole), "duration_ms")
}

func TestNotDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		var b [8]byte
		for i := range b {
			b[i] = "0123456789/:@ \x00\x80\xb0\xb9\xff"[r.IntN(19)]
		}
		got := notDigits(eight(string(b[:]), 0))
		for i, c := range b {
			require.Equal(t, !isDigit(c), got>>(8*i+7)&1 == 1, "%q", b)
		}
		require.Zero(t, got&^(0x80*ones8))
	}
}
