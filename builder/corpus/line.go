package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
)

// piece is a stretch of a line's text. An empty entity marks text that holds no finding.
type piece struct {
	text   string
	entity string
}

// line is one example under construction: its text in pieces, so that an encoding can change the text and the labels
// still know where their values are.
type line []piece

// plain is text that holds no finding.
func plain(text string) line { return line{{text: text}} }

// labeled is a value that a detector should find.
func labeled(entity, text string) line { return line{{text: text, entity: entity}} }

// text joins the pieces.
func (l line) text() string {
	var b strings.Builder
	for _, p := range l {
		b.WriteString(p.text)
	}
	return b.String()
}

// encode applies f to every piece. f must encode character by character, so that encoding the pieces is encoding the whole.
func (l line) encode(f func(string) string) line {
	out := make(line, len(l))
	for i, p := range l {
		out[i] = piece{text: f(p.text), entity: p.entity}
	}
	return out
}

// join concatenates lines.
func join(parts ...line) line {
	var out line
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// escapeJSON writes s as the inside of a JSON string.
func escapeJSON(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // strings always encode
	}
	return strings.TrimSuffix(b.String()[1:], "\"\n")
}

// escapeSQL writes s as the inside of a single-quoted SQL literal.
func escapeSQL(s string) string { return strings.ReplaceAll(s, "'", "''") }

// escapeXML writes s as the text of an element.
func escapeXML(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// escapeQuery percent-encodes s for a URL's query.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// span is a label: UTF-8 byte offsets of a value in its line.
type span struct {
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Entity string `json:"entity"`
}

// example is one line of a corpus file.
type example struct {
	ID     string   `json:"id"`
	Source string   `json:"source"`
	Sub    string   `json:"sub"`
	Text   string   `json:"text"`
	Spans  []span   `json:"spans"`
	Scope  []string `json:"scope"`
}

// everything is the scope of each line: all entities there are.
var everything = []string{"*"}

// example labels the line. The id is a hash of the text, so it stays when other templates come or go.
func (l line) example(sub string) example {
	text := l.text()
	sum := sha256.Sum256([]byte(text))
	ex := example{
		ID:     hex.EncodeToString(sum[:6]),
		Source: "cloakroom",
		Sub:    sub,
		Text:   text,
		Spans:  []span{},
		Scope:  everything,
	}
	at := 0
	for _, p := range l {
		if p.entity != "" {
			ex.Spans = append(ex.Spans, span{Start: at, End: at + len(p.text), Entity: p.entity})
		}
		at += len(p.text)
	}
	return ex
}

// fill replaces every «name» of a template by a fresh value of that name; «v» is the value under test.
func fill(r *dice, template string, v line) line {
	var out line
	for {
		before, rest, found := strings.Cut(template, "«")
		if before != "" {
			out = append(out, piece{text: before})
		}
		if !found {
			return out
		}
		name, after, closed := strings.Cut(rest, "»")
		if !closed {
			panic("template without a closing mark: " + template)
		}
		if name == "v" {
			out = append(out, v...)
		} else {
			out = append(out, draw(r, name)...)
		}
		template = after
	}
}

// draw makes one value by the name that templates use.
func draw(r *dice, name string) line {
	if f, ok := noise[name]; ok {
		return plain(f(r))
	}
	if v, ok := values[name]; ok {
		return labeled(v.entity, v.make(r))
	}
	for _, e := range allIDs() {
		if e.entity == name {
			return labeled(name, e.spelled(r))
		}
	}
	panic("no value of the name " + name)
}

// chars draws n characters of an alphabet.
func chars(r *dice, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// Alphabets of the values.
const (
	digits  = "0123456789"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	base62  = digits + upper + lower
	hexes   = "0123456789abcdef"
	base64s = upper + lower + digits + "+/"
	base64u = upper + lower + digits + "-_"
)

func number(r *dice, n int) string {
	return chars(r, digits[1:], 1) + chars(r, digits, n-1)
}
