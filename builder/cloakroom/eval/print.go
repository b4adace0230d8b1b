package eval

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
)

// Text writes the report as tables for people.
func (r *Report) Text(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i := range r.Sections {
		s := &r.Sections[i]
		width := s.width()
		fmt.Fprintf(out, "%-*s%8s%8s%8s%11s%9s%9s%9s%9s\n", width, s.Part, "found", "missed", "false", "precision", "recall", "F1", "exact", "hidden")
		rows(out, width, s.Entities)
		rows(out, width, []Row{s.Overall})
		if len(s.Sources) > 1 {
			fmt.Fprintln(out, "by source")
			rows(out, width, s.Sources)
		}
		fmt.Fprintln(out)
	}
	r.caseTable(out)
	r.foundTable(out)
	r.notes(out)
	return out.Flush()
}

// width is that of the column of names.
func (s *Section) width() int {
	width := len(s.Part.String())
	for _, r := range slices.Concat(s.Entities, s.Sources) {
		width = max(width, len(r.Name)+2)
	}
	return width
}

func rows(w io.Writer, width int, all []Row) {
	for i := range all {
		r := &all[i]
		fmt.Fprintf(w, "  %-*s%8d%8d%8d%11s%9s%9s%9s%9s\n", width-2, r.Name, r.Found, r.Missed, r.False,
			figure(r.Precision(), r.Found+r.False), figure(r.Recall(), r.Found+r.Missed), figure(r.F1(), r.Found+r.False+r.Missed),
			figure(r.ExactRate(), r.Found-r.wholeFound), figure(r.HiddenRate(), r.Found+r.Missed-r.Whole))
	}
}

// figure is a share to four places, or a dash when there was nothing to take a share of.
func figure(v float64, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.4f", v)
}

func (r *Report) notes(w io.Writer) {
	var b strings.Builder
	b.WriteString(number(r.Lines, "line", "lines"))
	if r.Unlabeled > 0 {
		fmt.Fprintf(&b, ", of which %d without labels", r.Unlabeled)
	}
	b.WriteByte('\n')
	if len(r.Unknown) > 0 {
		labels := 0
		names := make([]string, 0, len(r.Unknown))
		for _, c := range r.Unknown {
			labels += c.Count
			names = append(names, fmt.Sprintf("%s %d", c.Entity, c.Count))
		}
		fmt.Fprintf(&b, "%s of %s this detector does not know, not judged: %s\n", number(labels, "label", "labels"), number(len(names), "entity", "entities"), strings.Join(names, ", "))
	}
	fmt.Fprint(w, b.String())
}

// figures is a Row as JSON, with what follows from its counts.
type figures struct {
	Row
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	ExactRate float64 `json:"exact_rate"`
	HidRate   float64 `json:"hidden_rate"`
}

func figuresOf(r Row) figures {
	return figures{r, r.Precision(), r.Recall(), r.F1(), r.ExactRate(), r.HiddenRate()}
}

func allFigures(rows []Row) []figures {
	out := make([]figures, 0, len(rows))
	for _, r := range rows {
		out = append(out, figuresOf(r))
	}
	return out
}

// JSON writes the report as one JSON object.
func (r *Report) JSON(w io.Writer) error {
	type section struct {
		Part     string    `json:"part"`
		Overall  figures   `json:"overall"`
		Entities []figures `json:"entities"`
		Sources  []figures `json:"sources"`
	}
	out := struct {
		Lines     int       `json:"lines"`
		Cases     Cases     `json:"cases"`
		Sources   []Cases   `json:"sources"`
		Sections  []section `json:"sections"`
		Unlabeled int       `json:"unlabeled"`
		Found     []Count   `json:"unlabeled_findings"`
		Unknown   []Count   `json:"unknown"`
	}{r.Lines, r.Overall, r.Sources, []section{}, r.Unlabeled, r.Found, r.Unknown}
	for _, s := range r.Sections {
		out.Sections = append(out.Sections, section{s.Part.String(), figuresOf(s.Overall), allFigures(s.Entities), allFigures(s.Sources)})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// around is how many bytes of text stand on each side of a fault.
const around = 40

// Text writes the fault on one line: the line's id, the entity, the bounds, the text around with the value in brackets,
// and what was found instead. Control characters are written as escapes.
func (f Fault) Text(w io.Writer, kind string) {
	where, context := "whole text", snippet(f.Line.Text, 0, 0)
	if f.End > 0 {
		where, context = fmt.Sprintf("%d-%d", f.Start, f.End), snippet(f.Line.Text, f.Start, f.End)
	}
	found := ""
	if len(f.Instead) > 0 {
		found = "  (found: " + strings.Join(f.Instead, ", ") + ")"
	}
	fmt.Fprintf(w, "%s  %s  %s  %s  %s%s\n", kind, f.Line.ID, f.Row, where, context, found)
}

func snippet(text string, start, end int) string {
	if end == 0 {
		stop := min(len(text), 4*around)
		return escape(text[:boundary(text, stop)]) + ellipsis(stop < len(text))
	}
	from, to := boundary(text, max(0, start-around)), boundary(text, min(len(text), end+around))
	return ellipsis(from > 0) + escape(text[from:start]) + "[" + escape(text[start:end]) + "]" + escape(text[end:to]) + ellipsis(to < len(text))
}

func ellipsis(cut bool) string {
	if cut {
		return "..."
	}
	return ""
}

// boundary moves i back to the start of the character it stands in.
func boundary(s string, i int) int {
	for i > 0 && i < len(s) && !utf8.RuneStart(s[i]) {
		i--
	}
	return i
}

func escape(s string) string { return string(terminal.AppendPrintable(nil, s)) }

func number(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
