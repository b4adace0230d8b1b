package scan

import (
	"net/url"
	"path/filepath"
	"strconv"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// SARIF renders one SARIF 2.1.0 log (OASIS, 2020): a rule per entity, a result per finding. Columns count code points from
// 1; byteOffset counts from the start of the file. No value is in it.
type SARIF struct {
	Entities []detect.Info
	Version  string
}

// Head implements Format.
func (s SARIF) Head(dst []byte) []byte {
	dst = append(dst, `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{`+
		`"tool":{"driver":{"name":"cloakroom","version":`...)
	dst = appendString(dst, s.Version)
	dst = append(dst, `,"informationUri":"https://github.com/cloakroom/cloakroom","rules":[`...)
	for i := 1; i < len(s.Entities); i++ {
		if i > 1 {
			dst = append(dst, ',')
		}
		dst = appendRule(dst, &s.Entities[i])
	}
	return append(dst, `]}},"columnKind":"unicodeCodePoints","results":[`...)
}

func appendRule(dst []byte, info *detect.Info) []byte {
	dst = append(dst, "\n"+`{"id":`...)
	dst = appendString(dst, info.Name)
	dst = append(dst, `,"shortDescription":{"text":`...)
	dst = appendString(dst, info.Name+": "+info.Rule)
	dst = append(dst, `},"defaultConfiguration":{"level":"`...)
	dst = append(dst, level(info.Group)...)
	dst = append(dst, `"},"properties":{"tags":[`...)
	dst = appendString(dst, string(info.Group))
	return append(dst, `]}}`...)
}

// level is a result's weight: a credential opens a door today.
func level(g detect.Group) string {
	if g == detect.Credential {
		return "error"
	}
	return "warning"
}

// Open implements Format.
func (SARIF) Open(dst []byte, _ Place) []byte { return dst }

// Close implements Format.
func (SARIF) Close(dst []byte, _ Place) []byte { return dst }

// Tail implements Format.
func (SARIF) Tail(dst []byte) []byte { return append(dst, "\n]}]}\n"...) }

// Findings implements Format. Each result begins with a comma; the first of the run loses it when it is written (see
// writer.put).
func (s SARIF) Findings(dst []byte, p Place, part Part, found []Found) []byte {
	column, at := part.Runes+1, 0
	for i := range found {
		h := &found[i]
		info := &s.Entities[h.Entity]
		column += int64(utf8.RuneCountInString(part.Text[at:h.Start]))
		end := column + int64(utf8.RuneCountInString(part.Text[h.Start:h.End]))
		dst = append(dst, ",\n"+`{"ruleId":`...)
		dst = appendString(dst, info.Name)
		dst = append(dst, `,"ruleIndex":`...)
		dst = strconv.AppendInt(dst, int64(h.Entity)-1, 10)
		dst = append(dst, `,"level":"`...)
		dst = append(dst, level(info.Group)...)
		dst = append(dst, `","message":{"text":`...)
		dst = appendString(dst, "a value of "+info.Name+", found with confidence "+strconv.FormatFloat(float64(h.Confidence), 'f', 2, 32))
		dst = append(dst, `},"locations":[{"physicalLocation":{"artifactLocation":{"uri":`...)
		dst = appendString(dst, fileURI(p.Input))
		dst = append(dst, `},"region":{"startLine":`...)
		dst = strconv.AppendInt(dst, p.Line, 10)
		dst = append(dst, `,"startColumn":`...)
		dst = strconv.AppendInt(dst, column, 10)
		dst = append(dst, `,"endColumn":`...)
		dst = strconv.AppendInt(dst, end, 10)
		dst = append(dst, `,"byteOffset":`...)
		dst = strconv.AppendInt(dst, p.Offset+part.At+int64(h.Start), 10)
		dst = append(dst, `,"byteLength":`...)
		dst = strconv.AppendInt(dst, int64(h.End-h.Start), 10)
		dst = append(dst, `}}}]`...)
		if h.Action != "" {
			dst = append(dst, `,"properties":{"action":`...)
			dst = appendString(dst, h.Action)
			dst = append(dst, '}')
		}
		dst = append(dst, '}')
		column, at = end, h.End
	}
	return dst
}

// fileURI is a path as SARIF wants it: relative with slashes, or a file URI.
func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
