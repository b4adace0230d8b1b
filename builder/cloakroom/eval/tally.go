package eval

import (
	"cmp"
	"slices"
)

// Part is a portion of the results that is summed up by itself.
type Part uint8

const (
	// Patterns are entities known by their own form: what precision and recall are promised for.
	Patterns Part = iota
	// Named are names, places and what else only a key or a cue can tell.
	Named
	// Bare are the sources that end in "-bare".
	Bare
	parts
)

// String is the heading of the part.
func (p Part) String() string {
	return [...]string{"pattern entities", "names and places", "bare numbers"}[p]
}

// Row counts the results of one entity, or of one source, in one Part.
type Row struct {
	Name string `json:"name"`
	// Found and Missed are labels, False are findings.
	Found  int `json:"found"`
	Missed int `json:"missed"`
	False  int `json:"false"`
	// Exact are the found labels with exactly their bounds; Hidden the labels that findings cover whole.
	Exact  int `json:"exact"`
	Hidden int `json:"hidden"`
	// Whole are the texts judged as a whole among Found and Missed: they have no bounds, so no Exact and no Hidden.
	Whole int `json:"whole"`

	wholeFound int
}

// Precision is found / (found + false), 1 when nothing was found at all.
func (r *Row) Precision() float64 { return share(r.Found, r.Found+r.False) }

// Recall is found / (found + missed), 1 when nothing was labeled.
func (r *Row) Recall() float64 { return share(r.Found, r.Found+r.Missed) }

// F1 is the harmonic mean of Precision and Recall.
func (r *Row) F1() float64 {
	if p, c := r.Precision(), r.Recall(); p+c > 0 {
		return 2 * p * c / (p + c)
	}
	return 0
}

// ExactRate is the share of the labels found by position that were found with exactly their bounds.
func (r *Row) ExactRate() float64 { return share(r.Exact, r.Found-r.wholeFound) }

// HiddenRate is the share of the labels by position that findings cover whole.
func (r *Row) HiddenRate() float64 { return share(r.Hidden, r.Found+r.Missed-r.Whole) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

func (r *Row) add(o *Row) {
	r.Found += o.Found
	r.Missed += o.Missed
	r.False += o.False
	r.Exact += o.Exact
	r.Hidden += o.Hidden
	r.Whole += o.Whole
	r.wholeFound += o.wholeFound
}

// Section is one Part summed up: by entity, by source, and overall (micro average).
type Section struct {
	Part     Part
	Entities []Row
	Sources  []Row
	Overall  Row
}

// Count is how often an entity came: as a label that could not be judged, or as a finding that nobody labeled.
type Count struct {
	Entity string `json:"entity"`
	Count  int    `json:"count"`
}

// Report is the outcome of an evaluation.
type Report struct {
	Lines     int
	Unlabeled int
	// Found are the findings in lines without labels, by entity.
	Found    []Count
	Sections []Section
	// Overall sums up the lines of all sources but the bare ones, Sources each source.
	Overall Cases
	Sources []Cases
	// Unknown are labels of entities the detector does not have, most frequent first.
	Unknown []Count
}

// cell is where one entity's results of one source are counted.
type cell struct {
	part           Part
	entity, source string
}

type tally struct {
	cells     map[cell]*Row
	cases     map[string]*Cases
	unknown   map[string]int
	found     map[string]int
	lines     int
	unlabeled int
}

func (t *tally) init() {
	t.cells, t.cases, t.unknown, t.found = map[cell]*Row{}, map[string]*Cases{}, map[string]int{}, map[string]int{}
}

func (t *tally) row(p Part, entity, source string) *Row {
	c := cell{p, entity, source}
	r := t.cells[c]
	if r == nil {
		r = &Row{Name: entity}
		t.cells[c] = r
	}
	return r
}

// Report sums up what was judged so far.
func (e *Evaluator) Report() Report {
	t := &e.tally
	r := Report{
		Lines: t.lines, Unlabeled: t.unlabeled, Found: counts(t.found), Unknown: counts(t.unknown), Overall: Cases{Name: "overall"},
	}
	for p := range parts {
		if s := t.section(p); len(s.Entities) > 0 {
			r.Sections = append(r.Sections, s)
		}
	}
	r.sumCases(t.cases)
	return r
}

// counts gives the counts most frequent first.
func counts(of map[string]int) []Count {
	var out []Count
	for entity, n := range of {
		out = append(out, Count{entity, n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Entity, b.Entity))
	})
	return out
}

func (t *tally) section(p Part) Section {
	s := Section{Part: p, Overall: Row{Name: "overall"}}
	entities, sources := map[string]*Row{}, map[string]*Row{}
	for c, row := range t.cells {
		if c.part != p {
			continue
		}
		into(entities, c.entity).add(row)
		into(sources, c.source).add(row)
		s.Overall.add(row)
	}
	s.Entities, s.Sources = sorted(entities), sorted(sources)
	return s
}

func into(rows map[string]*Row, name string) *Row {
	if rows[name] == nil {
		rows[name] = &Row{Name: name}
	}
	return rows[name]
}

func sorted(rows map[string]*Row) []Row {
	out := make([]Row, 0, len(rows))
	for _, r := range rows {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Patterns is the overall row of pattern entities: what thresholds are asked of. It is empty when nothing of them was
// labeled.
func (r *Report) Patterns() Row {
	for i := range r.Sections {
		if r.Sections[i].Part == Patterns {
			return r.Sections[i].Overall
		}
	}
	return Row{Name: "overall"}
}
