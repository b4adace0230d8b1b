package detect

import "strings"

// valueTable holds the verifiers of values by key, by entity.
var valueTable [maxBuiltins]func(t *text, v value)

// quiet is the pseudo entity of ids that carry a trace. A quiet candidate beats everything inside it and is no finding.
const quiet = Token - 1

// keyed verifies the value under a known key.
func (t *text) keyed(v value) {
	if v.start >= v.end {
		return
	}
	if v.ref.entity == quiet {
		t.quietID(v)
		return
	}
	verify := valueTable[v.ref.entity]
	if verify == nil || v.weak() && t.tokenTouches(v.start, v.end) { // a token looks like a secret
		return
	}
	if t.s[v.start] == '[' && (!v.attr() || v.ref.entity == Username || v.ref.entity == UserID) {
		t.near = true
		if s := t.s[v.start:v.end]; !isPlaceholder(s) && !t.d.isRedaction(s) {
			t.elements(v, verify)
		}
		return
	}
	n := len(t.out)
	verify(t, v)
	t.near = t.near || len(t.out) == n
}

// attr reports whether the value is the whole attribute.
func (v value) attr() bool { return v.keyStart < 0 }

// keyedAttr verifies the whole text under its attribute key.
func (t *text) keyedAttr() {
	if t.key.entity == None || len(t.s) == 0 {
		return
	}
	v := value{end: len(t.s), keyStart: -1, keyEnd: -1, closed: true, ref: keyRef{entity: t.key.entity, weak: t.key.weak, person: t.key.person}}
	for v.end > 0 && isSpace(t.s[v.end-1]) {
		v.end--
	}
	for v.start < v.end && isSpace(t.s[v.start]) {
		v.start++
	}
	if v.end-v.start >= 2 && (t.s[v.start] == '"' || t.s[v.start] == '\'') && t.s[v.end-1] == t.s[v.start] {
		v.start, v.end = v.start+1, v.end-1
	}
	if t.key.custom {
		t.anything(v)
		return
	}
	t.keyed(v)
}

// maxElements is how many elements of a list under one key are read.
const maxElements = 256

// elements verifies the elements of a list: ["a", "b"] or [1, 2].
func (t *text) elements(v value, verify func(*text, value)) {
	if !t.lists.enter(v.start) {
		return
	}
	i := v.start + 1
	defer func() { t.lists.leave(i) }()
	for range maxElements {
		k := sepKey{start: v.keyStart, end: v.keyEnd, level: v.level}
		if v.level > 0 {
			k.quote = '"'
		}
		e := t.valueAfter(k, '=', i)
		e.ref = v.ref
		if e.start < e.end && (e.closed || !isCall(t.s[e.start:e.end])) {
			verify(t, e)
		}
		i = e.end
		if e.closed {
			for t.at(i) == '\\' {
				i++
			}
			i++
		}
		for t.at(i) == ' ' {
			i++
		}
		if t.at(i) != ',' {
			return
		}
		i++
	}
}

// isCall reports whether an unquoted element is an expression rather than a value: User(name=...
func isCall(s string) bool { return strings.ContainsAny(s, "(={") }

// emit puts a candidate that a key named.
func (t *text) emit(v value, start, end int, conf float32) {
	t.out = append(t.out, Finding{
		Start: start, End: end, Entity: v.ref.entity, Confidence: conf, Encoding: v.enc,
		KeyStart: v.keyStart, KeyEnd: v.keyEnd, ByKey: true,
	})
}

// anything makes the whole value the entity of a custom key.
func (t *text) anything(v value) {
	if s := t.s[v.start:v.end]; len(s) > 0 && !isPlaceholder(s) && !t.d.isRedaction(s) {
		t.emit(v, v.start, v.end, anyContent)
	}
}

// isRedaction reports whether s is the name of an entity in brackets, as redaction writes it.
func (d *Detector) isRedaction(s string) bool {
	if len(s) < 3 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	_, known := d.byName[s[1:len(s)-1]]
	return known
}

// quietID marks the value as an id that carries a trace, unless it can be no such id. What was judged together with a
// value around it is not read again: that one covers it, or the byte that forbids the one forbids the other.
func (t *text) quietID(v value) {
	if v.keyEnd-v.keyStart == len("b3") && !isB3(t.s[v.start:v.end]) || t.startsPair(v) {
		return
	}
	m := &t.quietIn
	if m.start <= v.start && v.start < m.end && t.isQuiet == (v.end <= m.end) {
		return
	}
	end := v.start
	for end < v.end && isTraceByte(t.s[end]) {
		end++
	}
	*m, t.isQuiet = extent{v.start, end}, end == v.end
	if t.isQuiet {
		t.emit(v, v.start, v.end, 1)
	}
}

// isB3 reports whether s can be what the header b3 carries: b3 is an octet of addresses, too.
func isB3(s string) bool {
	const longest = 128
	return len(s) >= 16 && strings.IndexByte(s[:min(len(s), longest)], ':') < 0
}

// startsPair reports whether the value is the next pair, and the key had none: trace_id= password=hunter2.
func (t *text) startsPair(v value) bool {
	if v.closed || v.attr() || t.at(v.keyEnd) != '=' || v.start == v.keyEnd+1 {
		return false
	}
	s := t.s[v.start:v.end]
	cut := strings.IndexByte(s, '=')
	return cut > 0 && (strings.Trim(s[cut:], "=") != "" || t.at(v.end) == escape)
}

// isTraceByte reports whether c may stand in an id that carries a trace.
func isTraceByte(c byte) bool {
	return isWord(c) || c == '-' || c == '=' || c == ',' || c == ':' || c == ';' || c == '/' || c == '.'
}
