package eval

import (
	"strings"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// Rules says how Evaluator judges, for people. It is the text that help pages print.
const Rules = `How a line is judged:
  - A labeled value is found when a finding of its entity overlaps it by at least half of the label and half of the
    finding. One finding meets one label. "exact" is the share of the found ones with exactly the label's bounds;
    "hidden" the share of all labeled values every byte of which lies in findings, whatever entity those name.
  - A finding is false when its entity is in the line's scope and it meets no label. Findings of entities outside the
    scope are not judged, nor are findings that touch an optional label of their entity.
  - "*" in a scope stands for every entity.
  - A label "secret", and "secret" in a scope, stands for every entity of the group credential.
  - Lines with "spans": null and "expect" are judged as a whole: one found or missed (true), or none or one false
    (false).
  - Labels of entities this detector does not know are counted, not judged.
  - A line is judged right when every label of it is found and no finding is false. Lines with a label of an unknown
    entity are left out, and the overall share leaves out sources that end in "-bare". A line in which nothing is
    labeled is clean, and flagged when a finding is false.
  - Names and places are summed up apart from pattern entities, and so are sources that end in "-bare", whose texts are
    digits and separators only: several entities can claim those.`

// everything in a scope stands for all entities: the whole line is labeled exhaustively.
const everything = "*"

// anySecret is the label that any entity of the group credential meets.
const anySecret = "secret"

// Fault is one missed label or one false finding, for a person to look at.
type Fault struct {
	Line *Line
	// Row is the entity it was counted for.
	Row string
	// Start and End are the label's or the finding's bounds; both 0 for a line judged as a whole.
	Start, End int
	// Instead names the entities found in place of a missed label, and the entity of a false finding where that is not
	// Row itself.
	Instead []string
}

// Settings of an Evaluator.
type Settings struct {
	Detector *detect.Detector
	// Missed and False, when set, are told of every fault, in the order of the lines.
	Missed, False func(Fault)
	// Unlabeled, when set, is told of every finding in lines without labels.
	Unlabeled func(Fault)
}

// Evaluator judges lines against a detector and counts. Its judgment is what Rules says. Not for concurrent use.
type Evaluator struct {
	detector   *detect.Detector
	scratch    *detect.Scratch
	infos      []detect.Info
	names      map[string]detect.Info
	missed     func(Fault)
	falsely    func(Fault)
	unlabeled  func(Fault)
	tally      tally
	verdict    verdict
	credential map[detect.Entity]bool
}

// New returns an Evaluator with nothing counted.
func New(s Settings) *Evaluator {
	e := &Evaluator{
		detector: s.Detector, scratch: detect.NewScratch(), infos: s.Detector.Entities(),
		names: map[string]detect.Info{}, credential: map[detect.Entity]bool{},
		missed: s.Missed, falsely: s.False, unlabeled: s.Unlabeled,
	}
	for i, info := range e.infos {
		e.names[info.Name] = info
		e.credential[detect.Entity(i)] = info.Group == detect.Credential
	}
	e.tally.init()
	return e
}

// Judge runs the detector over the line, counts, and returns the findings, recognized tokens left out. They are valid
// until the next call.
func (e *Evaluator) Judge(l *Line) []detect.Finding {
	e.tally.lines++
	var key detect.Key
	if l.Key != "" {
		key = e.detector.Key(l.Key)
	}
	findings := withoutTokens(e.detector.Find(e.scratch, key, l.Text))
	e.verdict = verdict{}
	switch l.labeling() {
	case bySpan:
		e.judgeSpans(l, findings)
	case byText:
		e.judgeText(l, findings)
	default:
		e.count(l, findings)
		return findings
	}
	e.tally.judged(l.Source, e.verdict)
	return findings
}

// verdict is what was found out about one line: whether its labels can be judged, how many there are, and the faults.
type verdict struct {
	unknown         bool
	labels          int
	missed, falsely int
}

// count takes the findings of a line without labels.
func (e *Evaluator) count(l *Line, findings []detect.Finding) {
	e.tally.unlabeled++
	for _, f := range findings {
		name := e.infos[f.Entity].Name
		e.tally.found[name]++
		if e.unlabeled != nil {
			e.unlabeled(Fault{Line: l, Row: name, Start: f.Start, End: f.End})
		}
	}
}

func withoutTokens(findings []detect.Finding) []detect.Finding {
	kept := findings[:0]
	for _, f := range findings {
		if f.Entity != detect.Token {
			kept = append(kept, f)
		}
	}
	return kept
}

func (e *Evaluator) judgeSpans(l *Line, findings []detect.Finding) {
	labels := e.known(l)
	m := pair(labels, findings, func(s Span, f detect.Finding) bool { return e.isMetBy(s.Entity, f.Entity) })
	for i, label := range labels {
		if label.Optional {
			continue
		}
		e.verdict.labels++
		row := e.row(l, label.Entity)
		if hidden(label, findings) {
			row.Hidden++
		}
		j := m.of[i]
		if j < 0 {
			row.Missed++
			e.miss(l, label, findings)
			continue
		}
		row.Found++
		if findings[j].Start == label.Start && findings[j].End == label.End {
			row.Exact++
		}
	}
	for j, f := range findings {
		name, judged := e.judgedAs(l, f.Entity)
		if judged && m.by[j] < 0 && !e.touchesOptional(labels, f) {
			e.row(l, name).False++
			e.falseFinding(l, name, f)
		}
	}
}

// known is the line's labels that this detector has an entity for. Optional ones come last, so that a finding that two
// labels fit equally goes to the one that is asked for.
func (e *Evaluator) known(l *Line) []Span {
	var asked, optional []Span
	for _, s := range l.Spans {
		switch {
		case !e.knows(s.Entity):
			e.tally.unknown[s.Entity]++
			e.verdict.unknown = e.verdict.unknown || !s.Optional
		case s.Optional:
			optional = append(optional, s)
		default:
			asked = append(asked, s)
		}
	}
	return append(asked, optional...)
}

func (e *Evaluator) judgeText(l *Line, findings []detect.Finding) {
	scope := make([]string, 0, len(l.Scope))
	for _, name := range l.Scope {
		if e.knows(name) {
			scope = append(scope, name)
		} else {
			e.tally.unknown[name]++
		}
	}
	if len(scope) == 0 {
		e.verdict.unknown = true
		return
	}
	if *l.Expect {
		e.verdict.labels++
	}
	row := e.row(l, strings.Join(scope, "|"))
	var hit *detect.Finding
	for i, f := range findings {
		if _, judged := e.judgedAs(l, f.Entity); judged {
			hit = &findings[i]
			break
		}
	}
	switch {
	case *l.Expect && hit != nil:
		row.Found++
		row.Whole++
		row.wholeFound++
	case *l.Expect:
		row.Missed++
		row.Whole++
		e.miss(l, Span{Entity: row.Name}, findings)
	case hit != nil:
		row.False++
		e.falseFinding(l, row.Name, *hit)
	}
}

func (e *Evaluator) knows(name string) bool {
	_, ok := e.names[name]
	return ok || name == anySecret || name == everything
}

func (e *Evaluator) isMetBy(label string, found detect.Entity) bool {
	return e.infos[found].Name == label || (label == anySecret && e.credential[found])
}

// judgedAs gives the row a finding counts for when it meets no label, and whether the line's scope covers it at all.
func (e *Evaluator) judgedAs(l *Line, found detect.Entity) (string, bool) {
	name, secret := e.infos[found].Name, false
	for _, s := range l.Scope {
		if s == name || s == everything {
			return name, true
		}
		secret = secret || s == anySecret
	}
	return anySecret, secret && e.credential[found]
}

func (e *Evaluator) touchesOptional(labels []Span, f detect.Finding) bool {
	for _, s := range labels {
		if s.Optional && e.isMetBy(s.Entity, f.Entity) && common(s.Start, s.End, f.Start, f.End) > 0 {
			return true
		}
	}
	return false
}

func (e *Evaluator) miss(l *Line, s Span, findings []detect.Finding) {
	e.verdict.missed++
	if e.missed == nil {
		return
	}
	var instead []string
	for _, f := range findings {
		if s.End == 0 || common(s.Start, s.End, f.Start, f.End) > 0 {
			instead = append(instead, e.infos[f.Entity].Name)
		}
	}
	e.missed(Fault{Line: l, Row: s.Entity, Start: s.Start, End: s.End, Instead: instead})
}

func (e *Evaluator) falseFinding(l *Line, row string, f detect.Finding) {
	e.verdict.falsely++
	if e.falsely == nil {
		return
	}
	fault := Fault{Line: l, Row: row, Start: f.Start, End: f.End}
	if name := e.infos[f.Entity].Name; name != row {
		fault.Instead = []string{name}
	}
	e.falsely(fault)
}

// row is where results of the entity are counted, for the line's source.
func (e *Evaluator) row(l *Line, name string) *Row {
	part := Patterns
	switch {
	case isBare(l.Source):
		part = Bare
	case e.names[name].Named:
		part = Named
	}
	return e.tally.row(part, name, l.Source)
}
