package main

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/vault/token"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// piece is a stretch of a line: a value or its token, or the text between two of them.
type piece struct {
	text  string
	value bool
}

// compare cuts a line as it was sent and as it came out into pieces that correspond: the text between tokens is the same
// in both. Where no token came out, or more than values was altered, both are cut at the personal values themselves.
func compare(before, after string, canaries []canary) (was, is []piece) {
	before, after = oneLine(before), oneLine(after)
	is = split(after, func(s string) (int, int) { return token.Next(s, 0) })
	var pattern strings.Builder
	pattern.WriteString("^")
	for _, p := range is {
		if p.value {
			pattern.WriteString("(.+?)")
		} else {
			pattern.WriteString("(" + regexp.QuoteMeta(p.text) + ")")
		}
	}
	texts := regexp.MustCompile(pattern.String() + "$").FindStringSubmatch(before)
	if len(is) < 2 || texts == nil {
		next := func(s string) (int, int) { return nextCanary(s, canaries) }
		return split(before, next), split(after, next)
	}
	for i, p := range is {
		was = append(was, piece{texts[i+1], p.value})
	}
	return was, is
}

var controls = strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", " ")

// oneLine writes line ends out and drops the last one.
func oneLine(s string) string { return controls.Replace(strings.TrimRight(s, "\r\n")) }

// split cuts line at what next finds; the first piece is the text before, which may be empty.
func split(line string, next func(string) (start, end int)) []piece {
	var out []piece
	for {
		start, end := next(line)
		if start < 0 {
			return append(out, piece{text: line})
		}
		out = append(out, piece{text: line[:start]}, piece{text: line[start:end], value: true})
		line = line[end:]
	}
}

// window is the part of a pair of lines that fits into width columns, from a little before the first value on. Both
// lines begin with the same text, so that the values stand on top of each other, and the first ends where the second does.
func window(was, is []piece, width int) (before, after []piece) {
	was, is = lead(was, width/4), lead(is, width/4)
	after, last, column := clip(is, width)
	if len(was) == len(is) && last < len(was) {
		rest := was[last]
		before = append(before, was[:last]...)
		if !rest.value {
			rest.text = string([]rune(rest.text)[:column])
		}
		if before = append(before, rest); last+1 < len(was) || rest != was[last] {
			before = append(before, piece{text: "…"})
		}
		was = before
	}
	before, _, _ = clip(was, width)
	return before, after
}

// lead cuts the text before the first value down to its last columns, at a word when there is one nearby.
func lead(line []piece, columns int) []piece {
	if len(line) < 2 || utf8.RuneCountInString(line[0].text) <= columns {
		return line
	}
	text := []rune(line[0].text)
	tail := string(text[len(text)-columns+1:])
	if at := strings.IndexByte(tail, ' '); at >= 0 && at < len(tail)/2 {
		tail = strings.TrimLeft(tail[at+1:], "- ")
	}
	return append([]piece{{text: "…" + tail}}, line[1:]...)
}

// clip cuts a line down to width columns, the last of which is then an ellipsis. It also returns which piece it cut and
// how many columns of that are left; last is len(line) when everything fits.
func clip(line []piece, width int) (out []piece, last, column int) {
	total := 0
	for _, p := range line {
		total += utf8.RuneCountInString(p.text)
	}
	if total <= width {
		return line, len(line), 0
	}
	room := width - 1
	for i, p := range line {
		if n := utf8.RuneCountInString(p.text); n <= room {
			out, room = append(out, p), room-n
			continue
		}
		p.text = string([]rune(p.text)[:room])
		return append(out, p, piece{text: "…"}), i, room
	}
	return out, len(line), 0 // not reached: the pieces are longer than width together
}

// painted joins pieces, the values in color.
func painted(s *demo.Screen, line []piece, color string) string {
	var b strings.Builder
	for _, p := range line {
		if p.value {
			p.text = s.Paint(color, p.text)
		}
		b.WriteString(p.text)
	}
	return strings.TrimRight(b.String(), " ")
}
