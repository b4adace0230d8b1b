package tokenization

import (
	"context"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pprofile"

	"github.com/cloakroom/cloakroom/processor/policy"
)

// profiles walks the dictionary that all profiles of a batch share, then the profiles.
func (w *walk) profiles(ctx context.Context, pd pprofile.Profiles) {
	dic := pd.Dictionary()
	resources := pd.ResourceProfiles()
	w.view = w.sharedView(ctx, resources)
	resolveReferences(dic)
	w.table = newStringTable(w, dic, resources)
	w.table.walk()
	w.attributeTable(dic)
	for i := range resources.Len() {
		rp := resources.At(i)
		w.view = w.policy.View(ctx, rp.Resource())
		w.resource(rp.Resource())
		if out, ok := w.field(rp.SchemaUrl()); ok {
			w.change(rp.SetSchemaUrl, out)
		}
		scopes := rp.ScopeProfiles()
		for j := range scopes.Len() {
			w.scopeProfiles(scopes.At(j))
			if w.err != nil {
				return
			}
		}
	}
}

// sharedView is the view for the dictionary. It belongs to no resource: where the resources of a batch disagree, it is
// judged as that of a resource without attributes.
func (w *walk) sharedView(ctx context.Context, resources pprofile.ResourceProfilesSlice) *policy.View {
	var shared *policy.View
	for i := range resources.Len() {
		view := w.policy.View(ctx, resources.At(i).Resource())
		if shared != nil && shared != view {
			return w.policy.View(ctx, pcommon.NewResource())
		}
		shared = view
	}
	if shared == nil {
		return w.policy.View(ctx, pcommon.NewResource())
	}
	return shared
}

func (w *walk) attributeTable(dic pprofile.ProfilesDictionary) {
	table := dic.AttributeTable()
	guess := &w.place(placeItem).first
	for i := range table.Len() {
		a := table.At(i)
		e := w.keys.lookup(nil, guess, w.table.at(a.KeyStrindex()))
		if e.exempt == kafkaRecord {
			e = w.keys.borne(e)
		}
		guess = &e.next
		if w.entry(e, a.Value()) {
			w.change(func(string) { pcommon.NewValueEmpty().CopyTo(a.Value()) }, "")
		}
		if w.err != nil {
			return
		}
	}
}

func (w *walk) scopeProfiles(sp pprofile.ScopeProfiles) {
	w.scope(sp.Scope())
	if out, ok := w.field(sp.SchemaUrl()); ok {
		w.change(sp.SetSchemaUrl, out)
	}
	profiles := sp.Profiles()
	for k := range profiles.Len() {
		w.profile(profiles.At(k))
	}
}

// profile handles what a profile holds beside indices into the dictionary: the payload it was converted from.
func (w *walk) profile(p pprofile.Profile) {
	if out, ok := w.field(p.OriginalPayloadFormat()); ok {
		w.change(p.SetOriginalPayloadFormat, out)
	}
	if p.OriginalPayload().Len() == 0 {
		return
	}
	payload := p.OriginalPayload().AsRaw()
	if !utf8.Valid(payload) {
		w.payloads++
		w.change(func(string) {
			p.OriginalPayload().FromRaw(nil)
			p.SetOriginalPayloadFormat("")
		}, "")
		return
	}
	if out, ok := w.field(string(payload)); ok {
		w.change(func(text string) { p.OriginalPayload().FromRaw([]byte(text)) }, out)
	}
}

// stringTable is the string table of a batch of profiles. A string is stored once and may be a function's name here
// and a value there. Every string is judged by its text alone, and a change holds wherever it is referred to. A value
// that was hidden because of its key must not survive in the table, from which it may have been read: its entry
// changes with it, unless the entry also names a function, a file, a unit or the like. The name of a function is
// no secret because somebody bears it, and a profile whose functions lost their names is none.
type stringTable struct {
	w         *walk
	dic       pprofile.ProfilesDictionary
	resources pprofile.ResourceProfilesSlice
	strings   pcommon.StringSlice
	hidden    map[int]bool     // replaced because of a key
	index     map[string][]int // built when first needed; a sender may repeat a string
	structure map[int32]bool
}

func newStringTable(w *walk, dic pprofile.ProfilesDictionary, resources pprofile.ResourceProfilesSlice) *stringTable {
	return &stringTable{w: w, dic: dic, resources: resources, strings: dic.StringTable(), hidden: map[int]bool{}}
}

// walk judges every string. Index 0 is the empty string by definition.
func (t *stringTable) walk() {
	for i := 1; i < t.strings.Len() && t.w.err == nil; i++ {
		if out, ok := t.w.field(t.strings.At(i)); ok {
			t.set(i, out)
		}
	}
}

func (t *stringTable) set(i int, text string) {
	t.w.change(func(text string) { t.strings.SetAt(i, text) }, text)
}

// at returns the string at an index that may be out of range.
func (t *stringTable) at(i int32) string {
	if i < 0 || int(i) >= t.strings.Len() {
		return ""
	}
	return t.strings.At(int(i))
}

// replaced follows the change of a value whose text may stand in the table.
func (t *stringTable) replaced(s, out string) {
	if t.index == nil {
		t.index = make(map[string][]int, t.strings.Len())
		for i := 1; i < t.strings.Len(); i++ {
			t.index[t.strings.At(i)] = append(t.index[t.strings.At(i)], i)
		}
		t.structure = structure(t.dic, t.resources)
	}
	for _, i := range t.index[s] {
		if !t.hidden[i] && !t.structure[int32(i)] {
			t.hidden[i] = true
			t.set(i, out) // after what may have been found in the text alone, and so instead of it
		}
	}
}

// structure collects the strings that name parts of a profile.
func structure(dic pprofile.ProfilesDictionary, resources pprofile.ResourceProfilesSlice) map[int32]bool {
	s := make(map[int32]bool)
	for i := range dic.FunctionTable().Len() {
		f := dic.FunctionTable().At(i)
		s[f.NameStrindex()], s[f.SystemNameStrindex()], s[f.FilenameStrindex()] = true, true, true
	}
	for i := range dic.MappingTable().Len() {
		s[dic.MappingTable().At(i).FilenameStrindex()] = true
	}
	for i := range dic.AttributeTable().Len() {
		a := dic.AttributeTable().At(i)
		s[a.KeyStrindex()], s[a.UnitStrindex()] = true, true
	}
	for i := range resources.Len() {
		scopes := resources.At(i).ScopeProfiles()
		for j := range scopes.Len() {
			profiles := scopes.At(j).Profiles()
			for k := range profiles.Len() {
				p := profiles.At(k)
				s[p.SampleType().TypeStrindex()], s[p.SampleType().UnitStrindex()] = true, true
				s[p.PeriodType().TypeStrindex()], s[p.PeriodType().UnitStrindex()] = true, true
			}
		}
	}
	return s
}
