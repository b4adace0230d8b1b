package detect

// rule is everything the engine knows about one built-in entity. A family file holds the rules of its entities, so
// that a new entity touches one file.
type rule struct {
	entity Entity
	Info
	keys     []keyName              // keys that name it
	value    func(t *text, v value) // verifies the value under such a key; nil: never by key
	digits   []digitShape           // layouts of digit groups that wake it
	prefixes []prefix               // word starts that wake it
	forms    []*form                // keys of a provider, by the text they start with
	shapes   []shape                // layouts of letters and digits that wake it
	words    []wordShape            // words with letters and digits mixed that wake it
	alone    func(t *text) bool     // whether a text that is nothing but one value, under no key at all, is the entity; nil: never
	cues     []string               // words near a weak candidate that confirm it
	vetoes   []string               // words right before a layout that say it is something else, unless a cue is near
	examples examples
}

// examples are run by a table test: positives mark each expected span with « and », negatives hold none of the entity.
// What stands before | is the attribute key.
type examples struct{ positive, negative []string }
