package record

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// charset turns bytes into text and back. Nil is UTF-8.
type charset struct {
	name string
	enc  encoding.Encoding
	// wide says that ASCII does not stand for itself, so that nothing can be found in bytes left as they are.
	wide bool
}

func charsetOf(name string) (*charset, error) {
	if name == "" || strings.EqualFold(name, "utf-8") {
		return nil, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("unknown %q: want a name of the WHATWG Encoding Standard, such as utf-8 or windows-1252", name)
	}
	canonical, err := htmlindex.Name(enc)
	if err != nil || canonical == "replacement" {
		return nil, fmt.Errorf("%q cannot be written", name)
	}
	if canonical == "utf-8" {
		return nil, nil
	}
	c, _ := charsets.LoadOrStore(canonical, &charset{name: canonical, enc: enc, wide: strings.HasPrefix(canonical, "utf-16")})
	return c.(*charset), nil
}

// charsets holds one of each, so that they can be compared.
var charsets sync.Map

// decode returns the text of the value; ok is false where it would not come back byte for byte.
func (c *charset) decode(value []byte) (text string, ok bool) {
	if c == nil {
		return view(value), utf8.Valid(value)
	}
	if c.wide && !c.plausible(value) {
		return "", false
	}
	decoded, err := c.enc.NewDecoder().Bytes(value)
	if err != nil {
		return "", false
	}
	again, err := c.enc.NewEncoder().Bytes(decoded)
	if err != nil || !bytes.Equal(again, value) {
		return "", false
	}
	return view(decoded), true
}

// plausible tells whether the value may be UTF-16 of this byte order. Text of the other order, or of one byte a letter, decodes
// without an error, and nothing is found in what comes out: whoever reads the bytes would find it in plain.
func (c *charset) plausible(value []byte) bool {
	little := c.name == "utf-16le"
	switch {
	case len(value) == 0:
		return true
	case bytes.HasPrefix(value, []byte{0xfe, 0xff}):
		return !little
	case bytes.HasPrefix(value, []byte{0xff, 0xfe}):
		return little
	}
	var zeros [2]int // of even and of odd bytes
	for i, b := range value {
		if b == 0 {
			zeros[i&1]++
		}
	}
	if zeros == [2]int{} {
		return !utf8.Valid(value)
	}
	if little {
		return zeros[1] >= zeros[0]
	}
	return zeros[0] >= zeros[1]
}

// encode is the way back. What the charset does not have is replaced: only another processor's text can hold it.
func (c *charset) encode(text string) []byte {
	if c == nil {
		return bytesOf(text)
	}
	encoded, err := encoding.ReplaceUnsupported(c.enc.NewEncoder()).Bytes(bytesOf(text))
	if err != nil {
		return []byte(strings.Repeat("?", utf8.RuneCountInString(text)))
	}
	return encoded
}

// view is the bytes as a string that shares them: nobody writes a fetched batch again.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

var empty = []byte{}

// bytesOf is the text as bytes that share it and are never written. They are not nil.
func bytesOf(s string) []byte {
	if s == "" {
		return empty
	}
	return unsafe.Slice(unsafe.StringData(s), len(s))
}
