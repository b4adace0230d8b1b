package detect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample assembles a key of a form, so that no key stands in the source for a forge to find. Of a range it takes the
// least, where more says so the most.
func (f *form) sample(seed uint64, more bool) string {
	r := rand.New(rand.NewPCG(seed, uint64(len(f.prefix))))
	for {
		var b strings.Builder
		b.WriteString(f.prefix)
		for _, p := range f.parts {
			b.WriteString(p.text)
			n := p.from
			if more {
				n = min(p.to, p.from+40)
			}
			for ; p.set != nil && n > 0; n-- {
				c := byte(r.IntN(128))
				for !p.set.has(c) || c == '-' || c == '_' || c == '.' || c == '=' || c == '~' || c == '%' {
					c = byte(r.IntN(128))
				}
				b.WriteByte(c)
			}
		}
		if key := b.String(); f.isRandom(key) {
			return key
		}
	}
}

func marked(f *form, key string) string { return key[:f.secretAt()] + "«" + key[f.secretAt():] + "»" }

// filled is a key of the form with crosses instead of what is random.
func (f *form) filled() string {
	var b strings.Builder
	b.WriteString(f.prefix)
	for _, p := range f.parts {
		b.WriteString(p.text + strings.Repeat("x", p.from))
	}
	return b.String()
}

// The rows of providers get their examples here: samples of every form, and what looks like one and is none.
func init() {
	for i := range providers {
		p := &providers[i]
		r := &rules[len(rules)-len(providers)+i]
		r.examples = p.examples
		for k, f := range r.forms {
			if f.check != nil && len(p.examples.positive) > 0 {
				continue
			}
			key := f.sample(uint64(k), k%2 == 1)
			r.examples.positive = append(r.examples.positive, "sent "+marked(f, key)+" to it", "<k>"+marked(f, key)+"</k>")
			r.examples.negative = append(r.examples.negative, f.filled(), "x"+key, key[:len(f.prefix)+1])
		}
		for k, s := range p.keyed {
			if p.check != nil {
				continue
			}
			name := strings.ReplaceAll(append(p.vendors, p.names...)[0], " ", "_")
			key := p.form(s).sample(uint64(k), false)
			r.examples.positive = append(r.examples.positive, name+`_api_key: "«`+key+`»"`)
			r.examples.negative = append(r.examples.negative, "digest "+key[1:], name+"_api_key="+strings.Repeat("x", len(key)), name+"_api_key=${KEY}")
		}
	}
}

func TestProviders(t *testing.T) {
	require.GreaterOrEqual(t, len(providers), 120, "providers")
	classes := map[string]string{}
	for _, r := range rules[1:] {
		require.Empty(t, classes[r.Class], r.Name+" has the class of another")
		classes[r.Class] = r.Name
	}
	forms := 0
	for _, r := range rules {
		forms += len(r.forms)
	}
	require.GreaterOrEqual(t, forms, 200)
}

// TestProviderForms derives from every form what differs from it by little and must not be found.
func TestProviderForms(t *testing.T) {
	d, s := testDetector(t), NewScratch()
	finds := func(e Entity, text string) bool {
		for _, f := range d.Find(s, Key{}, text) {
			if f.Entity == e {
				return true
			}
		}
		return false
	}
	for e, r := range rules {
		for k, f := range r.forms {
			if f.check != nil {
				continue
			}
			key := f.sample(uint64(100+k), false)
			require.True(t, finds(Entity(e), "key "+key+", used"), "%s %s", r.Name, key)
			last := f.parts[len(f.parts)-1]
			for name, bad := range map[string]string{
				"short":     key[:len(key)-1],
				"alphabet":  key[:len(f.prefix)+1] + "!" + key[len(f.prefix)+2:],
				"crosses":   f.filled(),
				"in a word": "x" + key,
				"longer":    key + "Zx",
				"case":      strings.ToUpper(f.prefix) + key[len(f.prefix):],
			} {
				if name == "case" && bad == key || name == "longer" && last.from != last.to || anyForm(r.forms, bad) {
					continue
				}
				require.False(t, finds(Entity(e), "key "+bad+", used"), "%s %s %s: %s", r.Name, name, f.prefix, bad)
			}
		}
	}
}

// anyForm reports whether s is a key of one of the forms.
func anyForm(forms []*form, s string) bool {
	for _, f := range forms {
		if strings.HasPrefix(s, f.prefix) && f.end(s, 0) > 0 && f.isRandom(s) {
			return true
		}
	}
	return false
}
