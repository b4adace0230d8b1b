package detect

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
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

// TestMeansNothing: behind a separator of which places say that it means nothing, the verifiers find nothing, nor anything that another
// look at the text would be for.
func TestMeansNothing(t *testing.T) {
	words := []string{"WHERE", "AND", "orders", "order", "my", "is", "has", "the", "for", "of", "value", "val", "name", "id", "string", "x", "field2", "no"}
	for _, r := range rules {
		for _, key := range r.keys {
			words = append(words, strings.Fields(key.words)...)
		}
	}
	joins := []string{" ", " ", " ", "_", "_", "", "-", ".", "  ", ", ", "\"", "{\"", ",\"", "&", "?", "(", "[", "\\n", "%20", "\\\"", "/", "é", "Z "}
	separators := []string{"=", " = ", ": ", ":", "\": ", "\":\"", "\":", "  = ", "\t= ", " =", "\" = \"", "\\\":\\\"", "]=", "==", "!= "}
	values := []string{"hunter2-x1", "'hunter2'", "Zoe Roe", "7", "jane@example.com", "4111 1111 1111 1111", "{", "true", "0x1f", "[7]", ""}
	r := rand.New(rand.NewPCG(11, 12))
	d, s, other := plainDetector(t), NewScratch(), NewScratch()
	quiet := 0
	for range 200_000 {
		var b strings.Builder
		b.WriteString(strings.Repeat("-", r.IntN(80)) + choose(r, "", "", "", `{"name":"password"`, `{"user":{"id": "u-7781"`, `var password2 string = "hunter2-x1" `, `{"key":"password","value": "hunter2-x1"`))
		for range 1 + r.IntN(3) {
			for range 1 + r.IntN(4) {
				word := choose(r, words...)
				if r.IntN(4) == 0 {
					word = strings.ToUpper(word[:1]) + word[1:]
				}
				b.WriteString(choose(r, joins...) + word)
			}
			b.WriteString(choose(r, separators...) + choose(r, values...))
		}
		text := b.String()
		eachBlock(&s.text.places, text, func(p *places) {
			for m := p.separator; m != 0 && p.escape == 0; m &= m - 1 {
				if bit := bits.TrailingZeros64(m); p.at+bit < len(text) && p.meansNothing(bit) {
					quiet++
					other.text.reset(d, Nameless, text)
					other.text.separator(p.at + bit)
					requireNothing(t, &other.text, text)
				}
			}
		})
	}
	require.Greater(t, quiet, 10_000)
}

// TestMayHoldUser is the same of URLs whose authority holds no user.
func TestMayHoldUser(t *testing.T) {
	parts := []string{"jane", "hunter2", ":", ":", "@", "@", ".", "shop.example", "8080", "/", "?q=", "#", " ", ",", "[::1]", "%40", "é", "\"", "-", "x1", "!", "~", "\t", "|"}
	r := rand.New(rand.NewPCG(13, 14))
	d, s, other := plainDetector(t), NewScratch(), NewScratch()
	quiet := 0
	for range 100_000 {
		var b strings.Builder
		b.WriteString(strings.Repeat("-", r.IntN(80)))
		for range 1 + r.IntN(2) {
			b.WriteString(choose(r, "http", "ldap", "x", "") + "://")
			for range r.IntN(8) {
				b.WriteString(choose(r, parts...))
			}
		}
		text := b.String()
		eachBlock(&s.text.places, text, func(p *places) {
			for m := p.separator; m != 0; m &= m - 1 {
				i := p.at + bits.TrailingZeros64(m)
				if strings.HasPrefix(text[min(i, len(text)):], "://") && !p.mayHoldUser(i-p.at+len("://")) {
					quiet++
					other.text.reset(d, Nameless, text)
					other.text.separator(i)
					requireNothing(t, &other.text, text)
				}
			}
		})
	}
	require.Greater(t, quiet, 10_000)
}

// eachBlock goes through the blocks of a text as more does where nothing is passed over.
func eachBlock(p *places, text string, f func(p *places)) {
	for p.begin(text, true); p.next < len(text); f(p) {
		p.at = p.next
		p.classify(text, p.at)
		p.next += blockLen
		if n := bits.LeadingZeros64(^p.word); n > 0 && n < blockLen {
			p.next -= n
			p.keepWords(blockLen - n)
		}
	}
}

// requireNothing: a verifier found nothing in the text, nor anything that another look at it would be for.
func requireNothing(t *testing.T, to *text, s string) {
	t.Helper()
	require.Empty(t, to.out, s)
	require.False(t, to.near, s)
	require.Zero(t, to.vetoes, s)
}
