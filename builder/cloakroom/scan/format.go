package scan

import (
	"encoding/json"
	"strconv"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Place is a line of an input. Offset is where it starts there, in bytes; Line counts from 1.
type Place struct {
	Input  string
	Line   int64
	Offset int64
}

// Part is the text findings stand in: a line, or a window of one. The offsets of the findings count from its start.
type Part struct {
	Text string
	// At is where Text starts in the line, in bytes, and Runes the same in code points.
	At, Runes int64
	// Later says that findings of the same line came before.
	Later bool
}

// Format renders what is found, by appending. Open and Close are called once for every line, with or without findings;
// Findings between them, once for every part of the line that has some. Methods are called from several goroutines, in the
// order of the lines only within a chunk; what one call appends is not torn apart.
type Format interface {
	Head(dst []byte) []byte
	Open(dst []byte, p Place) []byte
	Findings(dst []byte, p Place, part Part, found []Found) []byte
	Close(dst []byte, p Place) []byte
	Tail(dst []byte) []byte
}

// JSON renders one object per line of input: {"line":1,"findings":[{"start":0,"end":16,"entity":"email",
// "confidence":0.99}]}, offsets in bytes from the start of the line. WithInput puts "file" first, WithAction adds "action"
// to a finding.
type JSON struct {
	Entities  []detect.Info
	WithInput bool
}

// Head implements Format.
func (JSON) Head(dst []byte) []byte { return dst }

// Tail implements Format.
func (JSON) Tail(dst []byte) []byte { return dst }

// Open implements Format.
func (j JSON) Open(dst []byte, p Place) []byte {
	dst = append(dst, '{')
	if j.WithInput {
		dst = append(dst, `"file":`...)
		dst = appendString(dst, p.Input)
		dst = append(dst, ',')
	}
	dst = append(dst, `"line":`...)
	dst = strconv.AppendInt(dst, p.Line, 10)
	return append(dst, `,"findings":[`...)
}

// Findings implements Format.
func (j JSON) Findings(dst []byte, _ Place, part Part, found []Found) []byte {
	for i := range found {
		if i > 0 || part.Later {
			dst = append(dst, ',')
		}
		dst = AppendFinding(dst, j.Entities, &found[i].Finding, part.At, found[i].Action)
	}
	return dst
}

// Close implements Format.
func (JSON) Close(dst []byte, _ Place) []byte { return append(dst, "]}\n"...) }

// AppendFinding appends one finding as a JSON object. at is added to its offsets; action is left out when empty.
func AppendFinding(dst []byte, entities []detect.Info, f *detect.Finding, at int64, action string) []byte {
	dst = append(dst, `{"start":`...)
	dst = strconv.AppendInt(dst, at+int64(f.Start), 10)
	dst = append(dst, `,"end":`...)
	dst = strconv.AppendInt(dst, at+int64(f.End), 10)
	dst = append(dst, `,"entity":`...)
	dst = appendString(dst, entities[f.Entity].Name)
	dst = append(dst, `,"confidence":`...)
	dst = strconv.AppendFloat(dst, float64(f.Confidence), 'g', -1, 32)
	if action != "" {
		dst = append(dst, `,"action":`...)
		dst = appendString(dst, action)
	}
	return append(dst, '}')
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			quoted, _ := json.Marshal(s) // a string always has a JSON form
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
