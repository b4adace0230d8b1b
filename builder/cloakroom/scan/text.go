package scan

import (
	"strconv"

	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
	"github.com/cloakroom/cloakroom/processor/detect"
)

// Positions renders one line per finding, without the value: file:line:column entity confidence. The column counts bytes
// from 1.
type Positions struct {
	Entities []detect.Info
}

// Head implements Format.
func (Positions) Head(dst []byte) []byte { return dst }

// Open implements Format.
func (Positions) Open(dst []byte, _ Place) []byte { return dst }

// Close implements Format.
func (Positions) Close(dst []byte, _ Place) []byte { return dst }

// Tail implements Format.
func (Positions) Tail(dst []byte) []byte { return dst }

// Findings implements Format.
func (f Positions) Findings(dst []byte, p Place, part Part, found []Found) []byte {
	for i := range found {
		h := &found[i]
		dst = appendPlace(dst, p)
		dst = strconv.AppendInt(dst, part.At+int64(h.Start)+1, 10)
		dst = append(dst, ": "...)
		dst = append(dst, f.Entities[h.Entity].Name...)
		dst = append(dst, ' ')
		dst = strconv.AppendFloat(dst, float64(h.Confidence), 'f', 2, 32)
		if h.Action != "" {
			dst = append(dst, ' ')
			dst = append(dst, h.Action...)
		}
		dst = append(dst, '\n')
	}
	return dst
}

func appendPlace(dst []byte, p Place) []byte {
	dst = terminal.AppendPrintable(dst, p.Input)
	dst = append(dst, ':')
	dst = strconv.AppendInt(dst, p.Line, 10)
	return append(dst, ':')
}

// Lines renders the lines with findings, each finding set off and followed by its entity. Of a long line it shows what is
// around the findings.
type Lines struct {
	Entities []detect.Info
	Colors   bool
}

// Head implements Format.
func (Lines) Head(dst []byte) []byte { return dst }

// Open implements Format.
func (Lines) Open(dst []byte, _ Place) []byte { return dst }

// Close implements Format.
func (Lines) Close(dst []byte, _ Place) []byte { return dst }

// Tail implements Format.
func (Lines) Tail(dst []byte) []byte { return dst }

// A gap of more than two surroundings between findings, or between a finding and an end of the line, is left out.
const surrounding = 160

// Findings implements Format.
func (f Lines) Findings(dst []byte, p Place, part Part, found []Found) []byte {
	dst = f.color(dst, dim)
	dst = appendPlace(dst, p)
	dst = f.color(dst, plain)
	dst = append(dst, ' ')
	at := 0
	for i := range found {
		h := &found[i]
		dst = appendGap(dst, part.Text[at:h.Start], at > 0, true)
		dst = f.value(dst, part.Text[h.Start:h.End], h)
		at = h.End
	}
	dst = appendGap(dst, part.Text[at:], true, false)
	return append(dst, '\n')
}

// appendGap appends text between findings, without its middle when that is far from both. after and before say whether a
// finding stands on that side.
func appendGap(dst []byte, text string, after, before bool) []byte {
	if len(text) <= 2*surrounding {
		return terminal.AppendPrintable(dst, text)
	}
	if after {
		dst = terminal.AppendPrintable(dst, text[:runeStart([]byte(text[:surrounding+4]), surrounding)])
	}
	dst = append(dst, "..."...)
	if before {
		cut := text[len(text)-surrounding-4:]
		dst = terminal.AppendPrintable(dst, cut[runeStart([]byte(cut), 4):])
	}
	return dst
}

func (f Lines) value(dst []byte, value string, h *Found) []byte {
	info := &f.Entities[h.Entity]
	if !f.Colors {
		dst = append(dst, '[')
		dst = terminal.AppendPrintable(dst, value)
		dst = append(dst, "]("...)
		dst = appendLabel(dst, info, h)
		return append(dst, ')')
	}
	dst = append(dst, hue(info.Group)...)
	dst = terminal.AppendPrintable(dst, value)
	dst = append(dst, plain+dim+"("...)
	dst = appendLabel(dst, info, h)
	return append(dst, ")"+plain...)
}

func appendLabel(dst []byte, info *detect.Info, h *Found) []byte {
	dst = append(dst, info.Name...)
	if h.Action != "" {
		dst = append(dst, ": "...)
		dst = append(dst, h.Action...)
	}
	return dst
}

// Sequences of ECMA-48 (select graphic rendition).
const (
	plain = "\x1b[0m"
	dim   = "\x1b[2m"
)

func (f Lines) color(dst []byte, sequence string) []byte {
	if f.Colors {
		return append(dst, sequence...)
	}
	return dst
}

// hue is the color of a group: what harms at once is red.
func hue(g detect.Group) string {
	switch g {
	case detect.Credential:
		return "\x1b[1;31m"
	case detect.Financial, detect.GovernmentID, detect.Health:
		return "\x1b[1;35m"
	case detect.Network:
		return "\x1b[1;36m"
	}
	return "\x1b[1;33m"
}
