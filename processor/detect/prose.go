package detect

import "github.com/cloakroom/cloakroom/processor/detect/names"

// mayBeName reports whether the name of a person or of a street may start with the word at i, or with the accented capital
// before it. It is asked for every word of the text, and inlined: all but words with a capital letter cost two comparisons.
func mayBeName(s string, i int) bool {
	return (s[i]-'A' < 26 || s[max(i, 1)-1] >= 0x80) && mayBeProse(s, i) // the first byte of a word is below
}

func mayBeProse(s string, i int) bool { return names.MayStart(s, i) || mayBeStreet(s, i) }

// prose verifies a name or a street at the word at i.
func (t *text) prose(i int) {
	if names.MayStart(t.s, i) {
		t.nameInProse(i)
	}
	if mayBeStreet(t.s, i) {
		t.streetAndNumber(i)
	}
}

// nameInProse verifies a name in prose at the word at i.
func (t *text) nameInProse(i int) {
	from, _ := t.around(i, i, names.Reach)
	_, to := t.around(i, i, names.Ahead)
	start, end, verdict := names.At(t.s, i, from, to)
	switch verdict {
	case names.Name:
		if t.isWhole(start, end) {
			t.near = true
			return
		}
		t.add(PersonName, start, end, 0.75)
	case names.Near:
		t.near = true
	}
}

// isWhole reports whether [start, end) is all of the text: of an attribute with two words, its key would have said that they
// are a name.
func (t *text) isWhole(start, end int) bool { return start == 0 && end == len(t.s) }
