package eval

import (
	"cmp"
	"slices"

	"github.com/cloakroom/cloakroom/processor/detect"
)

// match pairs labels with findings one to one. of[i] is the finding of labels[i] or -1; by[j] the label of findings[j] or -1.
type match struct {
	of, by []int
}

// pair finds the best one-to-one matching by greed: the pair with the largest common part first, which is exact unless
// labels overlap each other. same says whether a finding's entity meets a label.
func pair(labels []Span, findings []detect.Finding, same func(Span, detect.Finding) bool) match {
	m := match{of: filled(len(labels)), by: filled(len(findings))}
	type candidate struct{ label, finding, common int }
	var candidates []candidate
	for i, l := range labels {
		for j, f := range findings {
			if same(l, f) && meets(l, f) {
				candidates = append(candidates, candidate{i, j, common(l.Start, l.End, f.Start, f.End)})
			}
		}
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.common, a.common) })
	for _, c := range candidates {
		if m.of[c.label] < 0 && m.by[c.finding] < 0 {
			m.of[c.label], m.by[c.finding] = c.finding, c.label
		}
	}
	return m
}

// meets is the rule of a found value: the common part is at least half of the label and at least half of the finding. So
// neither a finding of one octet nor one of the whole line counts as having found an address.
func meets(l Span, f detect.Finding) bool {
	c := common(l.Start, l.End, f.Start, f.End)
	return 2*c >= l.End-l.Start && 2*c >= f.End-f.Start
}

func common(a, b, c, d int) int { return max(0, min(b, d)-max(a, c)) }

// hidden says whether findings, ascending and apart, cover every byte of the label, whatever entity they name.
func hidden(l Span, findings []detect.Finding) bool {
	at := l.Start
	for _, f := range findings {
		if f.Start > at {
			break
		}
		at = max(at, f.End)
	}
	return at >= l.End
}

func filled(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = -1
	}
	return s
}
