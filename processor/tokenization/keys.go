package tokenization

import (
	"encoding/binary"
	"strings"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
)

const (
	// maxKeys bounds the keys one scratch remembers. Telemetry has a few hundred; a sender that makes up a new key
	// for every record costs itself the look-ups, not us the memory.
	maxKeys = 1024
	// maxKeyLen bounds the keys that are remembered.
	maxKeyLen = 128
	// maxPath bounds the dotted path by which a nested key is known; deeper keys go by their own name.
	maxPath = 256
	// memoLen is the longest value remembered, memos how many of them a key has.
	memoLen  = 119 // user agents and statements with placeholders are as long as that
	memoBits = 6
	memos    = 1 << memoBits // 8 KiB a key that has short values
	// patience is after how many values of which none was known before the memory is put aside, nap for how many more.
	patience = 4 * memos
	nap      = 4096
)

// keyEntry is what is known about one attribute key, or about one key at its path inside nested maps.
type keyEntry struct {
	leaf   string     // as written in the map
	size   int        // of the leaf, or -1 for one that is too long for the next two
	end    uint64     // of the leaf: see ending
	words  [3]uint64  // the others of the leaf
	path   string     // leaf, with the keys of the maps around it: what policy rules match
	key    detect.Key // what the detector makes of it
	named  bool       // the key says that the value is an entity, whatever it looks like
	clean  bool       // nothing was found in the key's own text
	forged *keyEntry  // the same key where it is none of a Kafka record
	exempt exemption  // values under it are counted and never altered

	next     *keyEntry            // the key that came after this one last time
	first    *keyEntry            // the key that came first in the map under this one
	children map[string]*keyEntry // of the map under this one

	beside *keyEntry // what this one is read by in a map that holds a position; nil until asked

	view    *policy.View // for which the next two were looked up
	covered bool         // some rule is about the attribute as a whole
	plain   *policy.View // for which it is neither that, nor is anything in the key itself, nor is it an axis of a position

	// Short values under this key in which nothing is found. Attributes repeat: a method, a route, a host. Nil until there
	// is one, and again while the memory is aside: under some keys, such as that of a request's id, no value comes twice.
	memo      *[memos]memo
	aside     *[memos]memo
	strangers uint   // values since one was known
	turn      uint32 // its highest bit says which seat is given up next
}

// memo holds a copy of a value in which nothing is found, whatever the resource: a string would pin the message it was
// cut from. It fills two cache lines.
type memo struct {
	end  uint64 // of the text: see ending
	n    uint8  // 0: unused
	text [memoLen]byte
}

// seats says by its two digits to the base of memos in which two places a value that ends so may be remembered. With one
// alone, a third of 32 values would drive each other out for ever.
func seats(end uint64, n int) uint64 {
	return (end ^ uint64(n)) * 0x9E3779B97F4A7C15 >> (64 - 2*memoBits)
}

func (m *memo) ends(end uint64, n int) bool { return m.end == end && int(m.n) == n }

// ending is the last eight bytes of s, or all of a shorter one, some of them twice; the last one is lowest, as values under one key
// mostly differ in it, and a product spreads its low bits.
func ending(s string) (end uint64) {
	if n := len(s); n >= 8 {
		return word(s, n-8)
	} else if n >= 4 {
		return half(s, 0)<<32 | half(s, n-4)
	}
	for i := range len(s) {
		end = end<<8 | uint64(s[i])
	}
	return end
}

// word is the eight bytes of s from i, which must be there: no bounds are checked, as that would cost more than all the rest of a
// comparison.
func word(s string, i int) uint64 {
	return binary.BigEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:])
}

// half is four bytes, as word is eight.
func half(s string, i int) uint64 {
	return uint64(binary.BigEndian.Uint32((*[4]byte)(unsafe.Add(unsafe.Pointer(unsafe.StringData(s)), i))[:]))
}

// holds reports whether the memo is of s, which ends so. The texts are compared word by word: a call costs more than most
// of them.
func (m *memo) holds(s string, end uint64) bool {
	if !m.ends(end, len(s)) {
		return false
	}
	for i := 0; i < len(s)-8; i += 8 {
		if binary.BigEndian.Uint64(m.text[i:]) != word(s, i) {
			return false
		}
	}
	return true
}

// seat returns where a value of n bytes that ends so is, if it is remembered.
func (e *keyEntry) seat(end uint64, n int) *memo {
	at := seats(end, n)
	if m := &e.memo[at%memos]; m.ends(end, n) {
		return m
	}
	return &e.memo[at/memos]
}

// knows reports whether s is a value in which nothing is found, as far as the memory goes.
func (e *keyEntry) knows(s string) bool {
	if s == "" || len(s) > memoLen || e.memo == nil {
		return false
	}
	end := ending(s)
	if !e.seat(end, len(s)).holds(s, end) {
		return false
	}
	e.strangers = 0
	return true
}

// remember notes a value that is not known and in which nothing was found, if it is short enough. Where both seats are
// taken, now the one and now the other is given up: so values that come no more make room, and those that repeat find
// places of their own.
func (e *keyEntry) remember(s string) {
	if len(s) > memoLen || !e.attentive() {
		return
	}
	end, n := ending(s), len(s)
	at := seats(end, n)
	m, other := &e.memo[at%memos], &e.memo[at/memos]
	if m.n != 0 && !m.ends(end, n) && (other.n == 0 || e.turn>>31 == 1) {
		m = other
	}
	e.turn += 0x9E3779B9 // has no rhythm that values could fall into
	m.end, m.n = end, uint8(copy(m.text[:], s))
}

// attentive counts a value that is not known and reports whether it is to be remembered.
func (e *keyEntry) attentive() bool {
	e.strangers++
	switch {
	case e.memo == nil && e.aside == nil:
		e.memo = new([memos]memo)
	case e.memo != nil && e.strangers == patience:
		e.memo, e.aside = nil, e.memo
	case e.memo == nil && e.strangers == patience+nap:
		e.memo, e.aside, e.strangers = e.aside, nil, 0
	}
	return e.memo != nil
}

// exemption says why the values under a key are never altered.
type exemption uint8

const (
	notExempt exemption = iota
	traceState
	requestID
	kafkaRecord
)

var exemptionNames = [...]string{traceState: "trace_state", requestID: "request_id", kafkaRecord: "kafka_record"}

// carried are the attributes from which a Kafka record is put together again. They hold what the mode's configuration keeps from
// being looked at, and where the record stood; exporter/kafkastream/record writes them. A record's key and headers that are to be
// looked at have other names.
var carried = map[string]bool{
	"kafka.charset":        true,
	"kafka.format":         true,
	"kafka.frame":          true,
	"kafka.headers.kept":   true,
	"kafka.key.hash":       true,
	"kafka.key.kept":       true,
	"kafka.offset":         true,
	"kafka.partition":      true,
	"kafka.timestamp":      true,
	"kafka.timestamp_type": true,
	"kafka.topic":          true,
	"kafka.value":          true,
}

// kafkaResource reports whether the attributes are those of a resource that exporter/kafkastream/record wrote, and whether its log
// records are Kafka records, one each: of OTLP, only the resources have attributes of ours.
func kafkaResource(m pcommon.Map) (is, each bool) {
	seen := 0
	for name, v := range m.All() {
		switch {
		case name == "kafka.topic" && v.Type() == pcommon.ValueTypeStr && v.Str() != "":
			seen |= 1
		case name == "kafka.partition" && v.Type() == pcommon.ValueTypeInt:
			seen |= 2
		case name == "kafka.format" && v.Type() == pcommon.ValueTypeStr:
			seen |= 4
			each = !strings.HasPrefix(v.Str(), "otlp_")
		}
	}
	return seen == 7, seen == 7 && each
}

// kafkaScope is the scope of log records that are Kafka records.
const kafkaScope = "kafka_stream"

// borne returns the entry of a key that is only named like an attribute of a Kafka record.
func (c *keyCache) borne(e *keyEntry) *keyEntry {
	if e.forged == nil {
		e.forged = &keyEntry{leaf: e.leaf, path: e.path, key: e.key, named: e.named, clean: e.clean}
	}
	return e.forged
}

// exemptKey recognizes the keys under which proxies pass on the ids of a request. Envoy encodes the sampling decision
// in x-request-id; the others are read by whoever continues the trace.
func exemptKey(name string) exemption {
	const longest = len("http.response.header.x-request-id")
	if len(name) < len("tracestate") || len(name) > longest {
		return notExempt
	}
	tail := name
	if i := strings.LastIndexAny(name, ".:"); i >= 0 {
		tail = name[i+1:]
	}
	switch {
	case strings.EqualFold(tail, "x-request-id"):
		return requestID
	case strings.EqualFold(tail, "tracestate"):
		return traceState
	}
	return notExempt
}

// keyCache knows the keys one scratch has met. Not for concurrent use, and so without a lock.
type keyCache struct {
	detector *detect.Detector
	scratch  *detect.Scratch
	root     keyEntry // its children are the attribute keys
	body     keyEntry // its children are the keys of bodies
	places   [placeCount]keyEntry
	count    int
}

// place tells the kinds of maps apart whose keys come in the same order from one record to the next.
type place uint8

const (
	placeResource place = iota
	placeScope
	placeItem // span, log record, data point
	placeEvent
	placeLink
	placeExemplar
	placeMetadata
	placeBody
	placeCount
)

func newKeyCache(d *detect.Detector) keyCache {
	return keyCache{detector: d, scratch: detect.NewScratch()}
}

// lookup returns the entry of the key leaf in the map under parent; nil stands for a map that is itself no value. The
// guess is the place where the entry of the key at this position of a similar map was kept.
func (c *keyCache) lookup(parent *keyEntry, guess **keyEntry, leaf string) *keyEntry {
	if e := *guess; e != nil && e.leaf == leaf {
		return e
	}
	if parent == nil {
		parent = &c.root
	}
	e := parent.children[leaf]
	if e == nil {
		if e = c.entry(parent, leaf); !e.clean || len(leaf) > maxKeyLen {
			return e // a key that may hold a personal value is not kept beyond its batch
		}
		c.add(parent, e)
	}
	*guess = e
	return e
}

// goesOn reports whether a leaf of the size and the ending of the entry's is the entry's. The walk asks for these two first: the
// compiler puts nothing as long as all three where it is called.
func (e *keyEntry) goesOn(leaf string) bool {
	n := len(leaf)
	return n <= 8 || word(leaf, 0) == e.words[0] &&
		(n <= 16 || word(leaf, 8) == e.words[1] && word(leaf, n-16) == e.words[2])
}

// spell fills in what a leaf is compared with.
func (e *keyEntry) spell() {
	n := len(e.leaf)
	if n > 32 {
		e.size = -1
		return
	}
	e.size, e.end = n, ending(e.leaf)
	if n > 8 {
		e.words[0] = word(e.leaf, 0)
	}
	if n > 16 {
		e.words[1], e.words[2] = word(e.leaf, 8), word(e.leaf, n-16)
	}
}

func (c *keyCache) add(parent, e *keyEntry) {
	e.leaf = strings.Clone(e.leaf)
	if len(e.path) == len(e.leaf) {
		e.path = e.leaf
	}
	if c.count >= maxKeys {
		c.forget()
	}
	if parent.children == nil {
		parent.children = make(map[string]*keyEntry)
	}
	parent.children[e.leaf] = e
	c.count++
}

// forget starts the cache over. Entries in use stay valid; they are merely not found again.
func (c *keyCache) forget() {
	c.root, c.body = keyEntry{}, keyEntry{}
	c.places = [placeCount]keyEntry{}
	c.count = 0
}

// entry reads a key. Values in its text are cut out of its path, and so are the tokens they become: a key means the
// same before and after it was renamed, for itself and for the keys under it.
func (c *keyCache) entry(parent *keyEntry, leaf string) *keyEntry {
	found := c.detector.Find(c.scratch, detect.Nameless, leaf)
	name, plain := leaf, leaf
	if len(found) > 0 {
		name = without(leaf, found, func(e detect.Entity) bool { return e == detect.Token })
		plain = without(leaf, found, func(detect.Entity) bool { return true })
	}
	e := &keyEntry{leaf: leaf, path: pathTo(parent.path, plain), exempt: exemptKey(leaf), clean: len(found) == 0}
	e.spell()
	if parent == &c.root && carried[leaf] {
		e.exempt = kafkaRecord
	}
	e.key = c.meaning(parent, e.path, plain)
	if e.key.Entity() == detect.None && plain != name {
		e.key = c.meaning(parent, pathTo(parent.path, name), name)
	}
	e.named = e.key.Entity() != detect.None
	return e
}

func pathTo(path, name string) string {
	if path == "" || len(path)+1+len(name) > maxPath {
		return name
	}
	return path + "." + name
}

// without cuts the findings of the entities that cut names out of the text.
func without(text string, found []detect.Finding, cut func(detect.Entity) bool) string {
	var b strings.Builder
	from := 0
	for i := range found {
		if f := &found[i]; cut(f.Entity) {
			b.WriteString(text[from:f.Start])
			from = f.End
		}
	}
	b.WriteString(text[from:])
	return b.String()
}

// meaning reads a nested key by its path, then by its own name: {"user":{"name":…}} means user.name. Everything under
// a key that names a credential is one.
func (c *keyCache) meaning(parent *keyEntry, path, name string) detect.Key {
	k := c.detector.Key(path)
	if path == name || k.Entity() != detect.None {
		return k
	}
	if own := c.detector.Key(name); own.Entity() != detect.None {
		return own
	}
	if of := parent.key.Entity(); of != detect.None && c.detector.Entities()[of].Group == "credential" {
		return parent.key
	}
	return k
}
