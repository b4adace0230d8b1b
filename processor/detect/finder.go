package detect

import (
	"errors"
	"slices"
	"strings"
)

// Detector finds entities. It is immutable and safe for concurrent use.
type Detector struct {
	infos      []Info
	byName     map[string]Entity
	opaque     []bool
	recognize  func(string) int
	structural bool
	keys       customKeys
	patterns   *patternSet // nil: none
}

// New compiles the settings. It reports every fault of them, joined.
func New(s Settings) (*Detector, error) {
	d := &Detector{infos: Builtins(), byName: map[string]Entity{}, recognize: s.Recognize, structural: s.Structural}
	for e := 1; e < len(d.infos); e++ {
		d.byName[d.infos[e].Name] = Entity(e)
	}
	err := errors.Join(d.addPatterns(s.Patterns), d.addKeys(s.Keys))
	if err != nil {
		return nil, err
	}
	d.opaque = make([]bool, len(d.infos))
	for e, info := range d.infos {
		d.opaque[e] = info.Opaque
	}
	return d, nil
}

// Entities returns every entity of the Detector; the index is the Entity. The caller must not change it.
func (d *Detector) Entities() []Info { return d.infos }

// isCredential reports whether the entity is of that group. The pseudo entity of traces is of none.
func (d *Detector) isCredential(e Entity) bool {
	return int(e) < len(d.infos) && d.infos[e].Group == Credential
}

// Lookup returns the entity with a name.
func (d *Detector) Lookup(name string) (Entity, bool) {
	e, ok := d.byName[name]
	return e, ok
}

// Scratch is the working memory of one goroutine.
type Scratch struct {
	text      text
	resolver  resolver
	repeat    *repeat    // made by the first text that needs it
	fields    *fields    // the same
	templates *templates // the same
}

// NewScratch returns an empty Scratch.
func NewScratch() *Scratch { return &Scratch{text: text{inner: &decoded{}}} }

// Find returns the settled findings in text in ascending order, never overlapping. They are valid until the next call
// with s.
func (d *Detector) Find(s *Scratch, key Key, text string) []Finding {
	if key.structural != unstructured {
		return d.findStructural(s, key, text, scanText)
	}
	p := &s.text.places
	p.begin(text, len(d.keys) == 0)
	if p.plain && d.patterns == nil {
		switch n := len(text) - p.next; {
		case key.entity != None: // a value as a whole
		case isRecord(text):
			return d.findInFields(s, key, text)
		case n >= shortestTemplate && n <= longestTemplate && !s.templates.asleep():
			return d.findInTemplate(s, key, text)
		}
	}
	if !p.more() && key.entity == None && d.patterns == nil && !mayBeAlone(key, text) {
		return nil
	}
	return s.find(d, key, text, resumeText, scanText)
}

// findInFields is Find in a text that may be a record of fields.
func (d *Detector) findInFields(s *Scratch, key Key, text string) (found []Finding) {
	if s.fields == nil {
		s.fields = &fields{memory: new(fieldMemory)}
	}
	f, p := s.fields, &s.text.places
	isRead := !f.memory.asleep() && f.read(text, p.next > 0)
	first, scan := resumeText, scanText
	if isRead {
		f.memory.judge(len(text), f.quiet)
		p.know(f)
		first, scan, found = resumeFields, scanFields, f.values
	}
	if p.more() || len(found) > 0 && tokenAt(text, 0) >= 0 { // which may stand in a word, and wakes nothing there
		found = s.find(d, key, text, first, scan)
	}
	if isRead && f.fresh {
		f.learn(text, found)
	}
	return found
}

// Reference is Find without triggers: every verifier at every offset. It is slow, and the measure of Find.
func (d *Detector) Reference(key Key, s string) []Finding {
	if key.structural != unstructured {
		return slices.Clone(d.findStructural(NewScratch(), key, s, everywhere))
	}
	return slices.Clone(NewScratch().find(d, key, s, everywhere, everywhere))
}

// findStructural is Find under a structural key.
func (d *Detector) findStructural(s *Scratch, key Key, value string, scan func(*text)) []Finding {
	switch {
	case key.Passes(value):
		return nil
	case key.structural == trace:
		return s.find(d, key, value, scan, scan)
	}
	return d.secretsOnly(s.find(d, key, value, scan, scan))
}

func scanText(t *text) { t.scan() }

// scanFields is scanText for a record that is examined again: what is remembered of others holds there, too.
func scanFields(t *text) {
	t.places.begin(t.s, true)
	if t.fields.read(t.s, t.places.next > 0) {
		t.places.know(t.fields)
		t.out = append(t.out, t.fields.values...)
	}
	t.resume()
}

// resumeFields is resumeText in a record of which some fields are known.
func resumeFields(t *text) {
	t.out = append(t.out, t.places.fields.values...)
	t.resume()
}

func resumeText(t *text) { t.resume() }

func everywhere(t *text) {
	for i := range len(t.s) {
		t.everything(i)
	}
}

// everything runs every verifier at i.
func (t *text) everything(i int) {
	if t.inEscape(i) {
		return
	}
	t.event(i)
	if !t.wordStart(i) {
		return
	}
	end := t.wordEnd(i)
	t.mac(i)
	t.runPrefixes(prefixes, i)
	if mayBeName(t.s, i) {
		t.prose(i)
	}
	var all class
	for j := i; j < end; j++ {
		all |= classes[t.s[j]]
	}
	if all&clsUnder == 0 && end-i <= maxChars {
		t.everyShape(i)
	}
	if all == clsDigit|clsHex|clsLocal {
		t.number(i, end)
		return
	}
	if all&clsDigit != 0 && all&clsUnder != 0 {
		t.underscored(i, end)
	}
	for _, r := range rules {
		for _, w := range r.words {
			if n := end - i; all&clsDigit != 0 && w.from <= n && n <= w.to && w.fits(t.s, i, n, digitMask(t.s, i, end)) {
				w.verify(t, i, end)
			}
		}
	}
}

// inEscape reports whether an escape sequence that starts before i goes on at i.
func (t *text) inEscape(i int) bool {
	for j := max(0, i-longestEscape); j < i; j++ {
		if t.escapeAt(j) > i {
			return true
		}
	}
	return false
}

// findTokens recognizes the tokens in the text.
func (t *text) findTokens() {
	if t.d.recognize == nil {
		return
	}
	for i := tokenAt(t.s, 0); i >= 0; i = tokenAt(t.s, i) {
		n := t.d.recognize(t.s[i:])
		if n > 0 && i+n <= len(t.s) {
			t.tokens = append(t.tokens, Finding{Start: i, End: i + n, Entity: Token, Confidence: 1, KeyStart: -1, KeyEnd: -1})
			i += n
			continue
		}
		i += len("tkt_")
	}
}

// tokenAt returns where the next token may begin whose "_", which is the rarest byte of "tkt_", stands at i or behind it; -1 when there
// is none.
func tokenAt(s string, i int) int {
	for ; ; i++ {
		at := strings.IndexByte(s[i:], '_')
		if at < 0 {
			return -1
		}
		if i += at; i >= len("tkt") && s[i-len("tkt"):i] == "tkt" {
			return i - len("tkt")
		}
	}
}
