package detect

// rule is everything the engine knows about one built-in entity. A family file holds the rules of its entities, so
// that a new entity touches one file.
type rule struct {
	entity Entity
	Info
	keys     []keyName                          // keys that name it
	value    func(t *text, v value) (hit, bool) // verifies the value under such a key; nil: never by key
	digits   []digitShape                       // layouts of digit groups that wake it
	prefixes []string                           // word starts, in any letter case, that wake prefix
	prefix   func(t *text, i int) (hit, bool)   // verifies at such a word start
	words    []wordShape                        // words of letters and digits mixed that wake it
	cues     []string                           // lower-case words near a weak candidate that confirm it
	examples examples
}

// hit is a verified span. The zero confidence means the confidence of the rule's strong evidence, 1.
type hit struct {
	start, end int
	conf       float32
	rng        Range
	enc        Encoding
}

// examples are tested by a table test: positives mark each expected span with « and », negatives hold none of the
// entity. A "key|" prefix stands for the attribute key.
type examples struct{ positive, negative []string }

type (
	text       struct{}
	value      struct{}
	keyName    struct{}
	digitShape struct{}
	wordShape  struct{}
)
