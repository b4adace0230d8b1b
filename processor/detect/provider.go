package detect

import (
	"slices"
	"strings"
)

// provider is a row of the tables of providers: one entity, for every kind of key that a provider gives out.
type provider struct {
	name   string // of the entity
	class  string // of its tokens; "": the name without its last word
	of     string // the provider, as people write it
	source string // where its keys are described
	forms  []string
	bits   float32 // least entropy: see form
	tailed bool    // see form
	check  func(key string) bool
	words  []wordKey
	// Keys without a prefix are found by what names them: a vendor, and key, token, secret, ... after it. They have one of
	// the forms of keyed; other values under such a name are secrets when they look like one.
	vendors []string
	keyed   []string
	names   []string // further names of keys, under which only such a value is a finding
	strict  bool     // other values under these names are no secrets
	// what the test cannot assemble from the forms
	examples examples
}

// wordKey is a key that begins with a word of letters and digits like any other. Its bounds are what end returns, given
// those of the word: the end of the key, or 0.
type wordKey struct {
	wordShape
	end func(s string, start, end int) int
}

func (w wordKey) shape(e Entity) wordShape {
	shape := w.wordShape
	shape.may = func(s string, i, n int) bool { return w.end(s, i, i+n) > 0 }
	shape.verify = func(t *text, start, end int) {
		if w.first != "" && strings.IndexByte(w.first, t.s[start]) < 0 {
			return
		}
		if end = w.end(t.s, start, end); end > 0 && !isFiller(t.s[start:end]) && entropy(t.s[start:end]) >= 2.5 {
			t.add(e, start, end, 0.98)
		}
	}
	return shape
}

// providers are all the rows, in the order of their names. An entity's number follows from its place, after those that
// have constants.
var providers = func() []provider {
	all := slices.Concat(
		cloudProviders, forgeProviders, buildProviders, packageProviders, paymentProviders, messagingProviders, modelProviders, monitoringProviders, databaseProviders, serviceProviders,
	)
	slices.SortFunc(all, func(a, b provider) int { return strings.Compare(a.name, b.name) })
	return all
}()

// keyWords are what follows a vendor in the name of a key, beside the word key alone. That names things of other kinds as well
// (segment_key): only a value of the vendor's form is a finding under it.
var keyWords = []string{
	"token", "secret", "api key", "apikey", "api token", "api secret", "access key", "access token", "auth token", "secret key", "client secret", "app key", "app secret", "api key id",
	"access key secret", "access token secret", "secret access key", "client token", "application key", "license key", "pat", "admin key", "master key", "service key", "write key",
}

// rule returns the rule of a row.
func (p *provider) rule(e Entity) rule {
	class := p.class
	if class == "" {
		class, _, _ = strings.Cut(p.name, "_")
	}
	r := rule{entity: e, Info: Info{Name: p.name, Class: class, Group: Credential, Source: p.source}}
	for _, s := range p.forms {
		r.forms = append(r.forms, p.form(s))
	}
	for _, w := range p.words {
		r.words = append(r.words, w.shape(e))
	}
	r.Not = "Other lengths and alphabets, placeholders and examples of documentation"
	if len(p.forms) == 0 {
		r.Not = "The value without its key: an id or a digest as any other"
	}
	r.Rule = "A key of " + p.of
	if len(p.forms) > 0 {
		r.Rule += ": " + strings.Join(p.forms, ", ")
	}
	if len(p.keyed) > 0 {
		r.Rule += "; by key " + strings.Join(p.keyed, ", ")
		for _, v := range p.vendors {
			r.keys = append(r.keys, keys(v+" key")...)
			for _, w := range keyWords {
				r.keys = append(r.keys, looseKeys(v+" "+w)...)
			}
		}
		r.keys = append(r.keys, keys(p.names...)...)
		r.value = p.byKey()
	}
	return r
}

func (p *provider) form(s string) *form {
	f := parseForm(s)
	f.bits, f.check, f.tailed = p.bits, p.check, p.tailed
	return f
}

// byKey returns the verifier of values under a name of the provider's keys. What has none of the forms is a secret of
// another kind, if it looks like one.
func (p *provider) byKey() func(t *text, v value) {
	var forms []*form
	for _, s := range slices.Concat(p.keyed, p.forms) {
		forms = append(forms, p.form(s))
	}
	return func(t *text, v value) {
		for _, f := range forms {
			if strings.HasPrefix(t.s[v.start:v.end], f.prefix) && f.end(t.s[:v.end], v.start) == v.end && f.isRandom(t.s[v.start:v.end]) && !isPlaceholder(t.s[v.start:v.end]) {
				t.emit(v, v.start, v.end, 0.97)
				return
			}
		}
		if !p.strict && v.weak() {
			v.ref.entity = Secret
			secretByKey(t, v)
		}
	}
}

// telegramToken is found at its colon.
var telegramToken Entity

func init() { telegramToken = entityNamed("telegram_token") }

// entityNamed returns the entity of a provider.
func entityNamed(name string) Entity {
	for e := len(rules) - len(providers); e < len(rules); e++ {
		if rules[e].Name == name {
			return Entity(e)
		}
	}
	panic("detect: no entity " + name)
}
