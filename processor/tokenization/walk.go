package tokenization

import (
	"math"
	"strconv"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
	"github.com/cloakroom/cloakroom/processor/rewrite"
)

// shortestNumber has the least digits of an integer that is looked at without its key naming it: fewer are no phone
// number, no card and no national id.
const shortestNumber = 1_000_000

// walk is the first step over one batch: it finds, mints and writes down edits. It is one goroutine's scratch, reused.
type walk struct {
	rewriter *rewrite.Rewriter
	detector *detect.Detector
	policy   *policy.Policy
	signal   policy.Signal
	view     *policy.View // of the resource being walked

	kafka       bool // the attributes being walked are those of a Kafka record
	dry         bool // nothing is changed, whatever is found
	scratch     *rewrite.Scratch
	keys        keyCache
	keyless     keyEntry // of texts that stand under no key: names, a severity
	body        keyEntry // of bodies, which stand under none either, and of which most never come again
	traceState  keyEntry
	number      []byte
	edits       edits
	untouchable []untouchable
	payloads    int          // original payloads of profiles to be removed
	table       *stringTable // of the profiles being walked
	err         error        // why the batch is refused; ends the walk
}

// untouchable counts values the policy would hide in places that are never altered.
type untouchable struct {
	entity detect.Entity
	why    exemption
	count  int64
}

// reset forgets the batch and keeps the memory and the keys.
func (w *walk) reset() {
	w.scratch.Reset()
	w.edits.reset()
	w.untouchable = w.untouchable[:0]
	w.payloads = 0
	w.view, w.table, w.err = nil, nil, nil
	w.kafka = false
	clear(w.number[:cap(w.number)])
}

// search takes the first step over the batch that find walks.
func (w *walk) search(find func(*walk)) {
	w.scratch.Begin()
	find(w)
	w.scratch.End()
}

// degrade forgets the batch, which is then searched again without tokens that can be revealed.
func (w *walk) degrade() {
	w.reset()
	w.scratch.Degrade()
}

// text runs one text through the rewriter, unless it is known to hold nothing.
func (w *walk) text(k *keyEntry, s string) (string, rewrite.Verdict) {
	if s == "" || k.knows(s) {
		return s, rewrite.Unchanged
	}
	return w.unknown(k, s)
}

// unknown is text for one that the key does not know. It is remembered when nothing is found in it: what is found and kept is
// counted each time, and may not be kept for another resource.
func (w *walk) unknown(k *keyEntry, s string) (string, rewrite.Verdict) {
	if w.err != nil {
		return s, rewrite.Unchanged
	}
	found := w.rewriter.Find(w.scratch, k.key, s)
	if len(found) == 0 {
		k.remember(s)
		return s, rewrite.Unchanged
	}
	out, verdict, err := w.rewriter.Text(w.scratch, w.view, rewrite.Place{Signal: w.signal, Key: k.path}, s, found)
	if err != nil { // mostly not: the garbage collector watches what is written here
		w.err = err
	}
	return out, verdict
}

// field handles a text that is no attribute and that nothing can be dropped from. When it changes, the caller hands
// set to change: a method value made before would be allocated for every text.
func (w *walk) field(s string) (out string, changed bool) {
	if s == "" { // as most are: no call
		return s, false
	}
	out, verdict := w.text(&w.keyless, s)
	return out, verdict != rewrite.Unchanged
}

func (w *walk) change(set func(string), text string) {
	w.edits.fields = append(w.edits.fields, fieldEdit{set: set, text: text})
}

// value handles one value under a key. It reports whether the policy drops it; what is inside it is then unchanged.
func (w *walk) value(k *keyEntry, v pcommon.Value) (dropped bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s := v.Str()
		out, verdict := w.text(k, s)
		return w.str(v, s, out, verdict)
	case pcommon.ValueTypeInt:
		n := v.Int()
		if !k.named && small(n) {
			return false
		}
		w.number = strconv.AppendInt(w.number[:0], n, 10)
		return w.spelled(k, v, w.number, false)
	case pcommon.ValueTypeDouble:
		d := v.Double()
		if !k.named && !longWhole(d) {
			return false
		}
		w.number = strconv.AppendFloat(w.number[:0], d, 'f', -1, 64)
		return w.spelled(k, v, w.number, false)
	case pcommon.ValueTypeBytes:
		return w.spelled(k, v, v.Bytes().AsRaw(), true)
	case pcommon.ValueTypeMap:
		if k == &w.body {
			w.attributes(v.Map(), &w.keys.body, w.place(placeBody)) // a body's keys are read like those of attributes
		} else {
			w.attributes(v.Map(), k, k)
		}
	case pcommon.ValueTypeSlice:
		w.slice(k, v.Slice())
	}
	return false
}

func small(n int64) bool { return -shortestNumber < n && n < shortestNumber }

// longWhole reports whether d is what becomes of a long integer that somebody read from JSON.
func longWhole(d float64) bool {
	const exact = 1 << 53 // beyond it a double cannot tell one integer from the next
	size := math.Abs(d)
	return size >= shortestNumber && size <= exact && d == math.Trunc(d)
}

// str notes what is to become of the text s, which is the value v.
func (w *walk) str(v pcommon.Value, s, out string, verdict rewrite.Verdict) (dropped bool) {
	switch verdict {
	case rewrite.Changed:
		w.edits.values = append(w.edits.values, valueEdit{value: v, text: out})
	case rewrite.Dropped:
		dropped = true
	default:
		return false
	}
	if w.table != nil {
		w.table.replaced(s, out)
	}
	return dropped
}

// spelled handles a value that is no string by its text, which is only read until this returns.
func (w *walk) spelled(k *keyEntry, v pcommon.Value, text []byte, bytes bool) (dropped bool) {
	out, verdict := w.text(k, unsafe.String(unsafe.SliceData(text), len(text)))
	if verdict == rewrite.Changed {
		w.edits.values = append(w.edits.values, valueEdit{value: v, text: out, bytes: bytes})
	}
	return verdict == rewrite.Dropped
}

func (w *walk) slice(k *keyEntry, s pcommon.Slice) {
	mark := len(w.edits.pending)
	for i := range s.Len() {
		if w.value(k, s.At(i)) {
			w.edits.pending = append(w.edits.pending, change{index: i, remove: true})
		}
		if w.err != nil {
			break
		}
	}
	w.edits.closeSlice(s, mark)
}

// entry is one of a map. A map is walked by groups of them: a loop over those costs less than a call for each.
type entry struct {
	name  string
	value pcommon.Value
}

// mapWalk is how far the walk of a map has come.
type mapWalk struct {
	m      pcommon.Map
	parent *keyEntry  // the key that the map is the value under; nil for that of a place
	guess  **keyEntry // of the next entry
	index  int        // of the next entry
	beside position
}

// attributes handles a map: that of a place, for which parent is nil, a body, or one that is the value under the key parent.
// The guesses begin at start.
func (w *walk) attributes(m pcommon.Map, parent, start *keyEntry) {
	if m.Len() == 0 {
		return
	}
	at := mapWalk{m: m, parent: parent, guess: &start.first}
	mark, n := len(w.edits.pending), 0
	var group [8]entry
	for name, v := range m.All() {
		if n == len(group) {
			w.entries(&at, group[:])
			n = 0
		}
		group[n] = entry{name, v}
		n++
	}
	w.entries(&at, group[:n])
	w.edits.closeMap(m, mark)
}

// entries handles a group of entries of a map, unless the batch is refused.
func (w *walk) entries(at *mapWalk, group []entry) {
	if w.err != nil {
		return
	}
	guess, view := at.guess, w.view
	for i := range group {
		g := &group[i]
		e, name := *guess, g.name
		if e == nil || len(name) != e.size || ending(name) != e.end || !e.goesOn(name) { // nearly always it is: no call
			e = w.keys.lookup(at.parent, guess, name)
		}
		guess = &e.next
		if e.exempt == kafkaRecord && w.kafka {
			if g.value.Type() != pcommon.ValueTypeInt { // an offset
				w.exemptValue(e, g.value)
			}
			continue
		}
		if e.plain != view {
			w.attribute(e, g.value, at.index+i, at.m, &at.beside)
		} else {
			if s := g.value.Str(); s == "" {
				if n := g.value.Int(); n != 0 && small(n) && !e.named {
					continue
				}
			} else if e.memo != nil && len(s) <= memoLen {
				if end := ending(s); e.seat(end, len(s)).holds(s, end) {
					e.strangers = 0
					continue
				}
			}
			w.stranger(e, g.value, at.index+i)
		}
		if w.err != nil {
			return
		}
	}
	at.guess, at.index = guess, at.index+len(group)
}

// stranger handles the i-th entry of a map, of which nothing but the value is of interest, and that is none that is known.
//
//go:noinline // registers belong to the entries that need nothing of it
func (w *walk) stranger(e *keyEntry, v pcommon.Value, i int) {
	s, dropped := v.Str(), false
	if s == "" { // or no text
		dropped = w.value(e, v)
	} else {
		out, verdict := w.unknown(e, s)
		dropped = w.str(v, s, out, verdict)
	}
	if dropped {
		w.edits.pending = append(w.edits.pending, change{index: i, remove: true})
	}
}

// attribute handles the i-th entry of the map m.
//
//go:noinline // as above
func (w *walk) attribute(e *keyEntry, v pcommon.Value, i int, m pcommon.Map, beside *position) {
	if e.exempt == kafkaRecord && !w.kafka {
		e = w.keys.borne(e)
	}
	if maybeAxis(e, v) && beside.holds(m) {
		e = w.keys.positioned(e)
	}
	if w.entry(e, v) {
		w.edits.pending = append(w.edits.pending, change{index: i, remove: true})
		return
	}
	if e.clean || e.exempt != notExempt {
		return
	}
	switch out, verdict := w.text(&w.keyless, e.leaf); verdict {
	case rewrite.Changed:
		w.edits.pending = append(w.edits.pending, change{index: i, name: out})
	case rewrite.Dropped:
		w.edits.pending = append(w.edits.pending, change{index: i, remove: true})
	}
}

// entry handles the value of an attribute: exemptions and rules about the attribute as a whole, then what is in it.
func (w *walk) entry(e *keyEntry, v pcommon.Value) (dropped bool) {
	if e.exempt != notExempt {
		w.exemptValue(e, v)
		return false
	}
	if e.view != w.view {
		e.view, e.covered = w.view, w.view.Attribute(w.signal, e.path) != nil
		e.plain = nil
		if !e.covered && e.clean && axisOf(e.leaf) == noAxis {
			e.plain = w.view
		}
	}
	if e.covered {
		if dropped, done := w.whole(e, v); done {
			return dropped
		}
	}
	return w.value(e, v)
}

// whole applies a rule about the attribute as a whole, whatever its value.
func (w *walk) whole(e *keyEntry, v pcommon.Value) (dropped, done bool) {
	out, verdict, done := w.rewriter.Attribute(w.scratch, w.view, rewrite.Place{Signal: w.signal, Key: e.path})
	switch verdict {
	case rewrite.Changed:
		w.edits.values = append(w.edits.values, valueEdit{value: v, text: out})
	case rewrite.Dropped:
		dropped = true
	default:
		return false, done
	}
	if w.table != nil && v.Type() == pcommon.ValueTypeStr {
		w.table.replaced(v.Str(), out)
	}
	return dropped, done
}

// exemptValue counts what the policy would hide in a value that is never altered: a text, or the list of texts as which
// the semantic conventions write a header.
func (w *walk) exemptValue(e *keyEntry, v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		w.exempted(e, v.Str())
	case pcommon.ValueTypeBytes:
		b := v.Bytes().AsRaw()
		w.exempted(e, unsafe.String(unsafe.SliceData(b), len(b)))
	case pcommon.ValueTypeSlice:
		for _, element := range v.Slice().All() {
			w.exemptValue(e, element)
		}
	case pcommon.ValueTypeMap:
		for _, inner := range v.Map().All() {
			w.exemptValue(e, inner)
		}
	}
}

// exempted counts what the policy would hide in a text that is never altered.
func (w *walk) exempted(e *keyEntry, s string) {
	if s == "" || e.knows(s) {
		return
	}
	found := w.detector.Find(w.keys.scratch, detect.Nameless, s)
	if len(found) == 0 {
		e.remember(s)
	}
	for i := range found {
		f := &found[i]
		if f.Entity != detect.Token && w.view.Decide(w.signal, e.path, f, s).Action != policy.Keep {
			w.countUntouchable(f.Entity, e.exempt)
		}
	}
}

func (w *walk) countUntouchable(e detect.Entity, why exemption) {
	for i := range w.untouchable {
		if u := &w.untouchable[i]; u.entity == e && u.why == why {
			u.count++
			return
		}
	}
	w.untouchable = append(w.untouchable, untouchable{entity: e, why: why, count: 1})
}

func (w *walk) place(p place) *keyEntry { return &w.keys.places[p] }

// resource makes the resource's view the current one and handles the resource itself.
func (w *walk) resource(r pcommon.Resource) {
	w.kafka, _ = kafkaResource(r.Attributes())
	w.attributes(r.Attributes(), nil, w.place(placeResource))
	w.kafka = false
	refs := entity.ResourceEntityRefs(r)
	for i := range refs.Len() {
		w.entityRef(refs.At(i))
	}
}

// entityRef handles a reference to an entity, which repeats keys of the resource's attributes.
func (w *walk) entityRef(ref entity.EntityRef) {
	if out, ok := w.field(ref.SchemaUrl()); ok {
		w.change(ref.SetSchemaUrl, out)
	}
	if out, ok := w.field(ref.Type()); ok {
		w.change(ref.SetType, out)
	}
	w.strings(ref.IdKeys())
	w.strings(ref.DescriptionKeys())
}

func (w *walk) strings(s pcommon.StringSlice) {
	for i := range s.Len() {
		if out, ok := w.field(s.At(i)); ok {
			w.change(func(text string) { s.SetAt(i, text) }, out)
		}
	}
}

func (w *walk) scope(s pcommon.InstrumentationScope) {
	if out, ok := w.field(s.Name()); ok {
		w.change(s.SetName, out)
	}
	if out, ok := w.field(s.Version()); ok {
		w.change(s.SetVersion, out)
	}
	w.attributes(s.Attributes(), nil, w.place(placeScope))
}
