package detect

import "unsafe"

// maxEncoded is the longest percent-encoded value that is read, in bytes of plain text.
const maxEncoded = 256

// decoded is a percent-encoded value in plain, and where each of its bytes stands in the text around.
type decoded struct {
	text   text
	plain  [maxEncoded]byte
	origin [maxEncoded + 1]int
}

// encodedValue verifies the value of a query parameter whose first percent-encoded byte is at i: the plain value is
// examined like an attribute with that key, and what is found there is a finding here.
func (t *text) encodedValue(i int) {
	if t.inner == nil { // inside such a value
		return
	}
	start := i
	for start > 0 && i-start < maxEncoded && t.s[start-1] != '=' {
		switch c := t.s[start-1]; c {
		case '%', '&', '?', ' ', '"', '\n', '\'', ',', ';':
			return
		}
		start--
	}
	if t.at(start-1) != '=' {
		return
	}
	if !t.encoded.enter(start) {
		return
	}
	in := t.inner
	n := in.decode(t.s, start)
	t.encoded.leave(in.origin[n])
	key := Key{}
	k, hasKey := t.bareKey(start - 1)
	if hasKey {
		key = t.d.innerKey(t.s[k.start:k.end])
	}
	in.text.reset(t.d, key, unsafe.String(&in.plain[0], n)) // read only until the next value is decoded
	in.text.findTokens()
	in.text.keyedAttr()
	in.text.scan()
	for _, f := range in.text.out {
		keyStart, keyEnd, innerKey := f.KeyStart, f.KeyEnd, f.KeyStart >= 0
		f.Start, f.End = in.origin[f.Start], in.origin[f.End]
		f.Encoding |= Percent
		f.KeyStart, f.KeyEnd = -1, -1
		switch {
		case innerKey:
			f.KeyStart, f.KeyEnd = in.origin[keyStart], in.origin[keyEnd]
		case f.ByKey:
			f.KeyStart, f.KeyEnd = k.start, k.end
		}
		t.out = append(t.out, f)
	}
}

// decode decodes the value that starts at i, up to the end of the parameter.
func (in *decoded) decode(s string, i int) (n int) {
	for ; i < len(s) && n < maxEncoded; n++ {
		c := s[i]
		in.origin[n] = i
		switch {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			c = unhex(s[i+1])<<4 | unhex(s[i+2])
			i += 3
		case c == '+': // a blank in a form
			c = ' '
			i++
		case c == '&', c == ' ', c == '"', c == '\'', c == '\n', c == '\r', c == '\t', c == '\\', c == '#', c == '<', c == '>':
			in.origin[n] = i
			return n
		default:
			i++
		}
		in.plain[n] = c
	}
	in.origin[n] = i
	return n
}

// encodedPair verifies the value after a percent-encoded separator at i: password%3Dhunter2.
func (t *text) encodedPair(i int) {
	if k, ok := t.bareKey(i); ok {
		t.keyValue(k, '%', i+len("%3D"))
	}
}

// encodedEnd returns where a value ends that follows a percent-encoded separator and would end, as a run, at end: at the
// next separator of pairs.
func (t *text) encodedEnd(i, end int) int {
	for j := i; j < min(end, i+maxEncoded); j++ {
		if t.s[j] == '%' && (t.hasFold(j, "%26") || t.hasFold(j, "%3b") || t.hasFold(j, "%0a") || t.hasFold(j, "%20")) {
			return j
		}
	}
	return end
}

// innerKey returns the meaning of a key inside text.
func (d *Detector) innerKey(name string) Key {
	if e := d.customKey(name); e != None {
		return Key{entity: e, custom: true, present: true}
	}
	ref := lookupKey(name)
	return Key{entity: ref.entity, weak: ref.weak, person: ref.person, present: true}
}
