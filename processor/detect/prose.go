package detect

import "github.com/cloakroom/cloakroom/processor/detect/names"

// mayBeName reports whether the name of a person or of a street may start with the word at i. It is asked for every word
// of the text: all but words with a capital letter cost a comparison. Accented capitals are events.
func mayBeName(s string, i int) bool { return s[i]-'A' < 26 && mayBeProse(s, i) }

func mayBeProse(s string, i int) bool {
	if i+1 == len(s) || !isLower(s[i+1]) && s[i+1] < 0x80 && s[i+1] != '\'' && s[i+1] != '.' {
		return false
	}
	return names.MayStart(s, i) || mayBeStreet(s, i)
}

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
