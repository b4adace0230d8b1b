package detect

import (
	"encoding/base64"
	"unsafe"
)

// Bounds of a value in base 64 that is read, in bytes.
const (
	minPacked = 24
	maxPacked = 3 << 9 // of plain text
)

// packed is the working memory for JSON in base 64.
type packed struct {
	text     text
	resolver resolver
	source   [maxPacked / 3 * 4]byte
	plain    [maxPacked]byte
}

// packedPrefixes are what JSON begins with in base 64: {" and { " and [{" and { or [ before a line end.
var packedPrefixes = []prefix{
	{"eyj", packedJSON}, {"eyi", packedJSON}, {"eya", packedJSON}, {"ewo", packedJSON}, {"w3s", packedJSON}, {"wwo", packedJSON}, {"wyi", packedJSON},
}

// isPackedStart reports whether s begins like one of them: letter case counts.
func isPackedStart(s string) bool {
	switch s[:3] {
	case "eyJ", "eyI", "eyA", "ewo", "W3s", "Wwo", "WyI":
		return true
	}
	return false
}

// packedJSON verifies JSON in base 64 at i: what is found in it makes the whole word a finding, of the entity that matters
// most. A word with a dot beside it is a part of a JWT.
func packedJSON(t *text, i int) {
	if t.inner == nil || len(t.s)-i < minPacked || !isPackedStart(t.s[i:]) || t.at(i-1) == '.' || i < t.packedRun.end && i > t.packedRun.start {
		return
	}
	end := i
	for end < len(t.s) && isPackedByte(t.s[end]) {
		end++
	}
	t.packedRun = extent{i, end}
	if end-i < minPacked || t.at(end) == '.' || end-i > maxPacked/3*4 || t.tokenTouches(i, end) {
		return
	}
	if t.packed == nil {
		t.packed = &packed{}
	}
	e := t.packed.examine(t.d, t.s[i:end])
	for n := 0; n < 2; n++ {
		if t.at(end) == '=' {
			end++
		} else if t.hasFold(end, "%3d") {
			end += len("%3d")
		}
	}
	if e != None {
		t.add(e, i, end, 0.85)
	}
}

func isPackedByte(c byte) bool { return isWord(c) || c == '+' || c == '/' || c == '-' }

// examine returns the entity that matters most among those found in s.
func (p *packed) examine(d *Detector, s string) Entity {
	n := copy(p.source[:], s)
	for i, c := range p.source[:n] {
		switch c {
		case '-':
			p.source[i] = '+'
		case '_':
			p.source[i] = '/'
		}
	}
	if n%4 == 1 {
		n--
	}
	n, err := base64.RawStdEncoding.Decode(p.plain[:], p.source[:n])
	if err != nil {
		return None
	}
	p.text.reset(d, Key{}, unsafe.String(&p.plain[0], n)) // read only until the next value is decoded
	p.text.scan()
	if len(p.text.out) == 0 {
		return None
	}
	p.resolver.opaque = d.opaque
	best := None
	for _, f := range p.resolver.settle(&p.text) {
		if best == None || weight(d.infos[f.Entity].Group) > weight(d.infos[best].Group) {
			best = f.Entity
		}
	}
	return best
}

// weight orders groups by what a leak of their values does.
func weight(g Group) int {
	switch g {
	case Credential:
		return 4
	case GovernmentID, Health:
		return 3
	case Financial:
		return 2
	case Personal:
		return 1
	}
	return 0
}
