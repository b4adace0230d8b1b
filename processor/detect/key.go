package detect

import "strings"

// Key is the meaning of an attribute key. Callers compute it once per key and keep it beside the key; the zero Key
// means that there is no key. It is a small value, comparable.
type Key struct {
	entity     Entity
	structural structural
	weak       bool // the key names other things too: only some values under it are the entity
	custom     bool
	person     bool // the key names the person as a whole
	present    bool // there is a key, whatever it names
}

// Nameless is a key that names nothing: what stands under it has a key all the same.
var Nameless = Key{present: true}

// Structural reports whether the values under the key are not meant to be personal: ids of traces, names of services and
// pods, status codes, ... [Key.Passes] says which of them need not be looked into.
func (k Key) Structural() bool { return k.structural != unstructured }

// Entity returns the entity that the key names, or None.
func (k Key) Entity() Entity { return k.entity }

// maxAttrKey is the longest attribute key that is looked up whole, in bytes. Of a longer one the last words count.
const maxAttrKey = 256

// Key returns the meaning of an attribute key. The empty one is no key.
func (d *Detector) Key(name string) Key {
	k := d.meaning(name)
	k.present = name != ""
	return k
}

func (d *Detector) meaning(name string) Key {
	if len(name) <= maxAttrKey && isTraceKey(name) {
		return Key{structural: structuralTrace(name)}
	}
	if e := d.customKey(name); e != None {
		return Key{entity: e, custom: true}
	}
	if len(name) > maxAttrKey {
		ref := lookupKey(name[len(name)-maxAttrKey:])
		if ref.entity == quiet {
			return Key{structural: trace}
		}
		return Key{entity: ref.entity, weak: ref.weak, person: ref.person}
	}
	k, known := semconvKey(name)
	if known && (k.entity != None || !d.structural) {
		return k
	}
	ref := lookupKey(name)
	if ref.entity == quiet {
		return Key{structural: structuralTrace(name)}
	}
	return Key{entity: ref.entity, weak: ref.weak, person: ref.person}
}

// keyName is a name of a key as words: "email address" stands for email_address, emailAddress, email-address,
// email.address, "Email address" and emailaddress.
type keyName struct {
	words  string
	exact  bool // the whole key; otherwise any words may stand before it: billing_email
	weak   bool
	person bool // names the person as a whole: customer: Jane Doe
}

// keys returns names that any words may precede; exactKeys names that must be the whole key; weakKeys whole keys that
// name other things too.
func keys(words ...string) []keyName      { return keyNames(false, false, words) }
func exactKeys(words ...string) []keyName { return keyNames(true, false, words) }
func weakKeys(words ...string) []keyName  { return keyNames(true, true, words) }

// personKeys are whole keys that name a person as a whole.
func personKeys(words ...string) []keyName {
	names := weakKeys(words...)
	for i := range names {
		names[i].person = true
	}
	return names
}
func looseKeys(words ...string) []keyName { return keyNames(false, true, words) }

func keyNames(exact, weak bool, words []string) []keyName {
	names := make([]keyName, len(words))
	for i, w := range words {
		names[i] = keyName{words: w, exact: exact, weak: weak}
	}
	return names
}

type keyRef struct {
	entity Entity
	exact  bool
	weak   bool
	person bool
}

// The table of key names, by a hash of their letters and digits read backwards: a key in text is read backwards from
// its separator, and every word boundary passed is a look-up.
var (
	keyTable = map[uint64]keyRef{}
	keyBits  [1 << keyHash / 64]uint64 // two bits for every hash in keyTable
	lastBits [1 << keyHash / 64]uint64 // two bits for the hash of the last word of every name
	// a bit for the last three letters of every filler
	fillerBits [1 << 15 / 64]uint64
	endBits    [1 << 15 / 64]uint64 // a bit for the last three letters that a key with a name or filler at its end may have
)

// keyHash is how many bits of a hash the bitmaps tell apart: enough that few of them are set.
const keyHash = 20

const (
	hashSeed  = 14695981039346656037
	hashPrime = 1099511628211 // FNV-1a
)

func hashByte(h uint64, c byte) uint64 { return (h ^ uint64(c)) * hashPrime }

// hashBit returns where a bitmap has the two bits of a hash, which are in one word of it.
func hashBit(h uint64) (word, bits uint64) {
	h ^= h >> 29
	return h >> 12 & (1<<keyHash/64 - 1), 1<<(h&63) | 1<<(h>>6&63)
}

func hashBackwards(s string) uint64 {
	h := uint64(hashSeed)
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != ' ' {
			h = hashByte(h, s[i])
		}
	}
	return h
}

// addEnd enters the last three letters of a key that ends in words. A last word of two letters may follow any letter.
func addEnd(words string) {
	last := words[strings.LastIndexByte(words, ' ')+1:]
	n := len(last)
	if n >= 3 {
		bit := fold3(last[n-3], last[n-2], last[n-1])
		endBits[bit>>6] |= 1 << (bit & 63)
		return
	}
	for before := range byte(32) {
		for first := range byte(32) {
			bit := fold3(before, first, last[n-1])
			if n == 1 || first == last[0]&31 {
				endBits[bit>>6] |= 1 << (bit & 63)
			}
		}
	}
}

// namesNothing reports whether no name and no filler can end the key, by its last three bytes alone. Most keys in
// telemetry are settled here.
func namesNothing(key string) bool {
	n := len(key)
	if n < 3 || !isLetter(key[n-1]) || !isLetter(key[n-2]) || !isLetter(key[n-3]) {
		return false
	}
	return noKeyEnds(key[n-3], key[n-2], key[n-1])
}

// noKeyEnds reports whether neither a name nor a filler ends in the letters a, b and c; with a zero for a, none that is
// just b and c.
func noKeyEnds(a, b, c byte) bool {
	bit := fold3(a, b, c)
	return endBits[bit>>6]&(1<<(bit&63)) == 0
}

// addKey enters a name and the hashes of its last word, and of the joined form.
func addKey(e Entity, n keyName) {
	addEnd(n.words)
	h := hashBackwards(n.words)
	if old, ok := keyTable[h]; ok && (old.entity != e || old.weak != n.weak) {
		panic("detect: key " + n.words + " names two entities")
	} else if ok {
		n.exact = n.exact && old.exact
	}
	keyTable[h] = keyRef{entity: e, exact: n.exact, weak: n.weak, person: n.person}
	w, b := hashBit(h)
	keyBits[w] |= b
	lastBits[w] |= b // the joined form is a word of its own
	last := n.words[strings.LastIndexByte(n.words, ' ')+1:]
	joined := strings.ReplaceAll(n.words, " ", "")
	addTail(joined, n.person && joined == last)
	addTail(last, n.person)
	w, b = hashBit(hashBackwards(last))
	lastBits[w] |= b
}

func init() {
	for _, f := range fillers {
		addEnd(f)
		addTail(f, false)
		n := len(f)
		bit := fold3(f[n-3], f[n-2], f[n-1])
		fillerBits[bit>>6] |= 1 << (bit & 63)
	}
	for _, k := range valueKeys {
		addEnd(k)
		addTail(k, false)
	}
	for _, n := range traceKeyNames {
		addKey(quiet, n)
	}
	addKey(None, keyName{words: "value", exact: true}) // names something only inside an object: see nestedKey
	for _, n := range cursorKeyNames {
		addKey(None, n)
	}
	for _, r := range rules {
		valueTable[r.entity] = r.value
		for _, n := range r.keys {
			addKey(r.entity, n)
			if n.exact || strings.Contains(n.words, " ") && n.weak || int(r.entity) >= len(rules)-len(providers) {
				continue
			}
			for _, p := range ownerWords {
				addJoined(r.entity, p, n)
			}
		}
	}
	for _, r := range rules {
		for _, n := range r.keys {
			for _, v := range variants(n.words) {
				addVariant(r.entity, keyName{words: v, exact: n.exact, weak: n.weak, person: n.person})
			}
		}
	}
	enterLands()
	for _, n := range otherKeyNames {
		addVariant(None, n)
	}
}

// otherKeyNames end like the name of an entity, and name what is found by its shape.
var otherKeyNames = keys("email address", "mail address")

// shortWords are how people shorten the last word of a name.
var shortWords = map[string][]string{"number": {"num", "no", "nr", "nbr"}, "address": {"addr"}}

// variants returns the spellings of a name with its last word shortened.
func variants(words string) (all []string) {
	if cut := strings.LastIndexByte(words, ' ') + 1; cut > 0 {
		for _, short := range shortWords[words[cut:]] {
			all = append(all, words[:cut]+short)
		}
	}
	return all
}

// addVariant enters a name unless a rule has it.
func addVariant(e Entity, n keyName) {
	if _, taken := keyTable[hashBackwards(n.words)]; !taken {
		addKey(e, n)
	}
}

// ownerWords are the words that often stand before a name without a boundary: useremail.
var ownerWords = []string{
	"user", "customer", "client", "account", "admin", "my", "db", "new", "old", "login", "root",
	"contact", "billing", "shipping", "home", "work", "member", "employee", "patient", "owner", "sender", "recipient",
}

func addJoined(e Entity, owner string, n keyName) {
	joined := owner + strings.ReplaceAll(n.words, " ", "")
	if _, taken := keyTable[hashBackwards(joined)]; !taken {
		addKey(e, keyName{words: joined, weak: n.weak})
	}
}

// maxKey is the longest key that is read, in bytes.
const maxKey = 64

// lookupKey returns what a whole key means.
func lookupKey(key string) keyRef {
	ref, _ := lookupSuffix(key)
	return ref
}

// lookupSuffix finds the longest name that key ends with, at a word boundary. A name that must be the whole key may
// follow a space, for the words before it may be prose. known is false when no name ends in the last word of key.
func lookupSuffix(key string) (best keyRef, known bool) {
	if namesNothing(key) {
		return best, false
	}
	if n := len(key); n > 0 && isDigit(key[n-1]) {
		if best, known = lookupFrom(key, n); best.entity != None {
			return best, known
		}
	}
	end := trimKeySuffix(key)
	if best, known = lookupFrom(key, end); best.entity == None && end+len("raw") <= len(key) && isLetter(key[len(key)-1]) {
		if whole, ok := lookupFrom(key, len(key)); ok { // the filler belongs to a name: verification value
			return whole, ok
		}
	}
	return best, known
}

// keyBytes has the lower case of letters and digits; 0: punctuation, which keys are the same without.
var keyBytes = func() (t [256]byte) {
	for c := range 256 {
		if isAlnum(byte(c)) {
			t[c] = lower(byte(c))
		}
	}
	return t
}()

// hashWord goes on with the hash of what stands behind key[:end] by the word before that, and returns where that starts; -1:
// there is none.
func hashWord(key string, end int, h uint64) (start int, _ uint64) {
	for i := end - 1; i >= 0; i-- {
		b := key[i]
		c := keyBytes[b]
		if c == 0 {
			continue
		}
		h = hashByte(h, c)
		if i == 0 || keyBytes[key[i-1]] == 0 || c != b && boundaryAt(key, i) { // most letters are small, and need no call
			return i, h
		}
	}
	return -1, h
}

// lookupFrom is lookupSuffix of key[:end].
func lookupFrom(key string, end int) (best keyRef, known bool) {
	i, h := hashWord(key, end, hashSeed)
	if w, b := hashBit(h); i < 0 || lastBits[w]&b != b {
		return best, false
	}
	for ; i >= 0; i, h = hashWord(key, i, h) {
		if w, b := hashBit(h); keyBits[w]&b != b {
			continue
		}
		if ref, ok := keyTable[h]; ok && (!ref.exact || i == 0 || key[i-1] == ' ' || isBare(key[:i])) {
			if i > 0 && endsInFlag(key[:i]) {
				return keyRef{}, true
			}
			best = ref
		}
	}
	return best, true
}

// flagWords before a name make it the name of a switch: has_password.
var flagWords = []string{"is", "has", "had", "was", "needs", "requires", "allow", "enable", "disable", "skip", "show", "hide"}

// endsInFlag reports whether the part of a key before a name ends in one of them, as a word that belongs to the key.
func endsInFlag(s string) bool {
	end := len(s)
	if c := s[end-1]; !isAlnum(c) {
		if c == ' ' {
			return false
		}
		end--
	}
	for _, w := range flagWords {
		if start := end - len(w); start >= 0 && equalFold(s[start:end], w) && (start == 0 || boundaryAt(s, start)) {
			return true
		}
	}
	return false
}

// isBare reports whether s is only punctuation.
func isBare(s string) bool {
	for i := range len(s) {
		if isAlnum(s[i]) {
			return false
		}
	}
	return true
}

// boundaryAt reports whether a word of the key starts at i: after a separator, or where letter case says so.
func boundaryAt(key string, i int) bool {
	c, before := key[i], key[i-1]
	switch {
	case !isAlnum(before):
		return true
	case isUpper(c):
		return !isUpper(before) || i+1 < len(key) && isLower(key[i+1])
	}
	return false
}

// fillers are last words that say nothing about the value.
var fillers = []string{"value", "text", "str", "string", "raw", "plain", "keyword", "field", "param", "input", "last"}

// trimKeySuffix returns the end of key without trailing digits, punctuation and one filler word: email_1, ssn.raw.
func trimKeySuffix(key string) int {
	end := len(key)
	for end > 0 && !isLetter(key[end-1]) {
		end--
	}
	if end == 0 {
		return len(key)
	}
	if end < 3 {
		return end
	}
	if bit := fold3(key[end-3], key[end-2], key[end-1]); fillerBits[bit>>6]&(1<<(bit&63)) == 0 {
		return end
	}
	for _, f := range fillers {
		start := end - len(f)
		if start > 1 && equalFold(key[start:end], f) && boundaryAt(key[:end], start) {
			for start > 0 && !isAlnum(key[start-1]) {
				start--
			}
			return start
		}
	}
	return end
}

// isNegated reports whether the first word of a key says that its value is made up: fakePassword, example_token.
func isNegated(key string) bool {
	for _, w := range [...]string{"fake", "dummy", "example", "sample", "mock", "non", "placeholder"} {
		if len(key) > len(w) && equalFold(key[:len(w)], w) && !isLower(key[len(w)]) {
			return true
		}
	}
	return false
}
