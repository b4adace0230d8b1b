package eval

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Cases counts whole lines: what a reader of one sees, where rows count values.
type Cases struct {
	Name string `json:"name"`
	// Lines are those that could be judged, Right those of them without any fault.
	Lines int `json:"lines"`
	Right int `json:"right"`
	// Clean are the lines in which nothing is labeled, Flagged those of them with a false finding.
	Clean   int `json:"clean"`
	Flagged int `json:"flagged"`
}

// RightShare is the share of lines judged right, 1 when there are none.
func (c *Cases) RightShare() float64 { return share(c.Right, c.Lines) }

// FlaggedShare is the share of clean lines with a false finding, 0 when there are none.
func (c *Cases) FlaggedShare() float64 {
	if c.Clean == 0 {
		return 0
	}
	return float64(c.Flagged) / float64(c.Clean)
}

func (c *Cases) add(o *Cases) {
	c.Lines += o.Lines
	c.Right += o.Right
	c.Clean += o.Clean
	c.Flagged += o.Flagged
}

// judged counts one line of a source.
func (t *tally) judged(source string, v verdict) {
	if v.unknown {
		return
	}
	c := t.cases[source]
	if c == nil {
		c = &Cases{Name: source}
		t.cases[source] = c
	}
	c.Lines++
	if v.missed+v.falsely == 0 {
		c.Right++
	}
	if v.labels == 0 {
		c.Clean++
		if v.falsely > 0 {
			c.Flagged++
		}
	}
}

func (r *Report) sumCases(bySource map[string]*Cases) {
	for source, c := range bySource {
		r.Sources = append(r.Sources, *c)
		if !isBare(source) {
			r.Overall.add(c)
		}
	}
	slices.SortFunc(r.Sources, func(a, b Cases) int { return cmp.Compare(a.Name, b.Name) })
}

// isBare says whether a source's texts are numbers without any context.
func isBare(source string) bool { return strings.HasSuffix(source, "-bare") }

func (r *Report) caseTable(w io.Writer) {
	if len(r.Sources) == 0 {
		return
	}
	width := len("cases judged right")
	for _, c := range r.Sources {
		width = max(width, len(c.Name)+2)
	}
	fmt.Fprintf(w, "%-*s%8s%8s%9s%8s%9s%9s\n", width, "cases judged right", "lines", "right", "share", "clean", "flagged", "share")
	line := func(c *Cases) {
		flagged := "-"
		if c.Clean > 0 {
			flagged = fmt.Sprintf("%.4f", c.FlaggedShare())
		}
		fmt.Fprintf(w, "  %-*s%8d%8d%9s%8d%9d%9s\n", width-2, c.Name, c.Lines, c.Right, figure(c.RightShare(), c.Lines), c.Clean, c.Flagged, flagged)
	}
	line(&r.Overall)
	if len(r.Sources) > 1 || isBare(r.Sources[0].Name) {
		fmt.Fprintln(w, "by source")
		for i := range r.Sources {
			line(&r.Sources[i])
		}
	}
	fmt.Fprintln(w)
}

// foundTable shows what was found where nothing is labeled.
func (r *Report) foundTable(w io.Writer) {
	if len(r.Found) == 0 {
		return
	}
	all := Count{Entity: "all"}
	width := len("lines without labels")
	for _, c := range r.Found {
		all.Count += c.Count
		width = max(width, len(c.Entity)+2)
	}
	fmt.Fprintf(w, "%-*s%10s%18s\n", width, "lines without labels", "findings", "per 10,000 lines")
	for _, c := range append(slices.Clone(r.Found), all) {
		fmt.Fprintf(w, "  %-*s%10d%18.1f\n", width-2, c.Entity, c.Count, 10000*float64(c.Count)/float64(r.Unlabeled))
	}
	fmt.Fprintln(w)
}
