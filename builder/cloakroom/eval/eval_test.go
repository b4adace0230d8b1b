package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func TestPair(t *testing.T) {
	span := func(start, end int) Span { return Span{Start: start, End: end, Entity: "email"} }
	hit := func(start, end int) detect.Finding {
		return detect.Finding{Start: start, End: end, Entity: detect.Email}
	}
	for name, c := range map[string]struct {
		labels   []Span
		findings []detect.Finding
		want     []int // finding of each label
	}{
		"exact":                         {[]Span{span(0, 10)}, []detect.Finding{hit(0, 10)}, []int{0}},
		"half of the label":             {[]Span{span(0, 10)}, []detect.Finding{hit(0, 5)}, []int{0}},
		"less than half of the label":   {[]Span{span(0, 10)}, []detect.Finding{hit(0, 4)}, []int{-1}},
		"less than half of the finding": {[]Span{span(0, 10)}, []detect.Finding{hit(0, 21)}, []int{-1}},
		"apart":                         {[]Span{span(0, 10)}, []detect.Finding{hit(10, 20)}, []int{-1}},
		"one finding over two labels":   {[]Span{span(0, 10), span(10, 20)}, []detect.Finding{hit(0, 20)}, []int{0, -1}},
		"two findings of one label":     {[]Span{span(0, 10)}, []detect.Finding{hit(0, 5), hit(5, 10)}, []int{0}},
		"best first":                    {[]Span{span(0, 10), span(5, 15)}, []detect.Finding{hit(5, 15)}, []int{-1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			m := pair(c.labels, c.findings, func(Span, detect.Finding) bool { return true })
			if fmt.Sprint(m.of) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", m.of, c.want)
			}
			for i, j := range m.of {
				if j >= 0 && m.by[j] != i {
					t.Errorf("label %d has finding %d, which has label %d", i, j, m.by[j])
				}
			}
		})
	}
}

func TestHidden(t *testing.T) {
	findings := []detect.Finding{{Start: 0, End: 4}, {Start: 4, End: 10}, {Start: 12, End: 20}}
	for name, c := range map[string]struct {
		start, end int
		want       bool
	}{
		"within one":  {1, 3, true},
		"over a seam": {2, 9, true},
		"over a gap":  {8, 14, false},
		"before":      {10, 11, false},
		"to the end":  {12, 20, true},
		"beyond":      {15, 21, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := hidden(Span{Start: c.start, End: c.end}, findings); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// TestJudge states what each kind of line counts for. The texts hold values that the detector finds or does not find beyond
// doubt.
func TestJudge(t *testing.T) {
	yes, no := true, false
	const mail = "mail anna@example.com now"
	at := func(entity string, optional bool) []Span { return []Span{{5, 21, entity, optional}} }
	for name, c := range map[string]struct {
		line Line
		want string // part entity found/missed/false exact hidden
	}{
		"found":                         {Line{Text: mail, Spans: at("email", false), Scope: []string{"email"}}, "pattern entities email 1/0/0 1 1"},
		"other bounds":                  {Line{Text: mail, Spans: []Span{{5, 19, "email", false}}, Scope: []string{"email"}}, "pattern entities email 1/0/0 0 1"},
		"missed":                        {Line{Text: "nothing here", Spans: []Span{{0, 7, "email", false}}, Scope: []string{"email"}}, "pattern entities email 0/1/0 0 0"},
		"hidden by another entity":      {Line{Text: mail, Spans: at("iban", false), Scope: []string{"iban"}}, "pattern entities iban 0/1/0 0 1"},
		"false":                         {Line{Text: mail, Spans: []Span{}, Scope: []string{"email"}}, "pattern entities email 0/0/1 0 0"},
		"out of scope":                  {Line{Text: mail, Spans: []Span{}, Scope: []string{"iban"}}, ""},
		"optional and found":            {Line{Text: mail, Spans: at("email", true), Scope: []string{"email"}}, ""},
		"optional and not found":        {Line{Text: "nothing", Spans: []Span{{0, 7, "email", true}}, Scope: []string{"email"}}, ""},
		"touches an optional label":     {Line{Text: mail, Spans: []Span{{0, 6, "email", true}}, Scope: []string{"email"}}, ""},
		"optional of another entity":    {Line{Text: mail, Spans: at("iban", true), Scope: []string{"iban", "email"}}, "pattern entities email 0/0/1 0 0"},
		"entity nobody knows":           {Line{Text: mail, Spans: at("loyalty_number", false), Scope: []string{"loyalty_number"}}, ""},
		"names are apart":               {Line{Text: "nothing", Spans: []Span{{0, 7, "person_name", false}}, Scope: []string{"person_name"}}, "names and places person_name 0/1/0 0 0"},
		"bare sources are apart":        {Line{Source: "x-bare", Text: mail, Spans: at("email", false), Scope: []string{"email"}}, "bare numbers email 1/0/0 1 1"},
		"whole text found":              {Line{Text: mail, Expect: &yes, Scope: []string{"email"}}, "pattern entities email 1/0/0 0 0"},
		"whole text missed":             {Line{Text: "nothing", Expect: &yes, Scope: []string{"email"}}, "pattern entities email 0/1/0 0 0"},
		"whole text false":              {Line{Text: mail, Expect: &no, Scope: []string{"email"}}, "pattern entities email 0/0/1 0 0"},
		"whole text rightly clean":      {Line{Text: "nothing", Expect: &no, Scope: []string{"email"}}, "pattern entities email 0/0/0 0 0"},
		"whole text, finding elsewhere": {Line{Text: mail, Expect: &yes, Scope: []string{"secret"}}, "pattern entities secret 0/1/0 0 0"},
		"secret is any credential":      {Line{Text: keyText, Expect: &yes, Scope: []string{"secret"}}, "pattern entities secret 1/0/0 0 0"},
		"secret span by a credential":   {Line{Text: keyText, Spans: []Span{{0, len(keyText), "secret", false}}, Scope: []string{"secret"}}, "pattern entities secret 1/0/0 1 1"},
		"credential is false in secret": {Line{Text: keyText, Spans: []Span{}, Scope: []string{"secret"}}, "pattern entities secret 0/0/1 0 0"},
		"unlabeled":                     {Line{Text: mail}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Settings{Detector: detector(t)})
			e.Judge(&c.line)
			report := e.Report()
			var got []string
			for _, s := range report.Sections {
				for _, r := range s.Entities {
					got = append(got, fmt.Sprintf("%s %s %d/%d/%d %d %d", s.Part, r.Name, r.Found, r.Missed, r.False, r.Exact, r.Hidden))
				}
			}
			if got := strings.Join(got, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

const keyText = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake\n-----END EC PRIVATE KEY-----"

func detector(t *testing.T) *detect.Detector {
	t.Helper()
	d, err := detect.New(detect.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestFigures(t *testing.T) {
	r := Row{Found: 8, Missed: 2, False: 2, Exact: 4, Hidden: 9}
	if r.Precision() != 0.8 || r.Recall() != 0.8 || r.ExactRate() != 0.5 || r.HiddenRate() != 0.9 {
		t.Errorf("%v %v %v %v", r.Precision(), r.Recall(), r.ExactRate(), r.HiddenRate())
	}
	if f := r.F1(); f < 0.7999 || f > 0.8001 {
		t.Errorf("F1 %v", f)
	}
	if none := (&Row{}); none.Precision() != 1 || none.Recall() != 1 {
		t.Error("nothing labeled and nothing found is no fault")
	}
}

func TestReportSumsUp(t *testing.T) {
	e := New(Settings{Detector: detector(t)})
	e.Judge(&Line{Source: "a", Text: "anna@example.com", Spans: []Span{{0, 16, "email", false}}, Scope: []string{"email"}})
	e.Judge(&Line{Source: "b", Text: "nothing", Spans: []Span{{0, 7, "iban", false}, {0, 7, "plate", false}}, Scope: []string{"iban"}})
	e.Judge(&Line{Source: "c", Text: "anna@example.com"})
	r := e.Report()
	if r.Lines != 3 || r.Unlabeled != 1 || fmt.Sprint(r.Found) != "[{email 1}]" {
		t.Errorf("%+v", r)
	}
	if overall := r.Patterns(); overall.Found != 1 || overall.Missed != 1 || overall.Recall() != 0.5 {
		t.Errorf("overall %+v", overall)
	}
	if len(r.Sections[0].Sources) != 2 || len(r.Unknown) != 1 || r.Unknown[0] != (Count{"plate", 1}) {
		t.Errorf("%+v", r)
	}
	var text, object bytes.Buffer
	if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "1 label of 1 entity this detector does not know") {
		t.Errorf("%v: %s", err, text.String())
	}
	if err := r.JSON(&object); err != nil || !json.Valid(object.Bytes()) {
		t.Errorf("%v: %s", err, object.String())
	}
}

// TestCases states which lines count as judged right and which as flagged.
func TestCases(t *testing.T) {
	yes, no := true, false
	mail := []Span{{0, 16, "email", false}}
	for name, c := range map[string]struct {
		line Line
		want string // lines right clean flagged, of all sources but bare ones
	}{
		"found":                 {Line{Text: "anna@example.com", Spans: mail, Scope: []string{"*"}}, "1 1 0 0"},
		"missed":                {Line{Text: "nothing in here at all", Spans: mail, Scope: []string{"*"}}, "1 0 0 0"},
		"clean":                 {Line{Text: "nothing", Spans: []Span{}, Scope: []string{"*"}}, "1 1 1 0"},
		"flagged":               {Line{Text: "anna@example.com", Spans: []Span{}, Scope: []string{"*"}}, "1 0 1 1"},
		"found and false":       {Line{Text: "anna@example.com bert@example.com", Spans: mail, Scope: []string{"*"}}, "1 0 0 0"},
		"only optional":         {Line{Text: "anna@example.com", Spans: []Span{{0, 16, "email", true}}, Scope: []string{"*"}}, "1 1 1 0"},
		"label of an unknown":   {Line{Text: "anna@example.com", Spans: []Span{{0, 16, "shoe_size", false}}, Scope: []string{"*"}}, "0 0 0 0"},
		"whole text found":      {Line{Text: "anna@example.com", Expect: &yes, Scope: []string{"email"}}, "1 1 0 0"},
		"whole text flagged":    {Line{Text: "anna@example.com", Expect: &no, Scope: []string{"email"}}, "1 0 1 1"},
		"whole text of unknown": {Line{Text: "anna@example.com", Expect: &yes, Scope: []string{"shoe_size"}}, "0 0 0 0"},
		"bare":                  {Line{Source: "x-bare", Text: "anna@example.com", Spans: mail, Scope: []string{"*"}}, "0 0 0 0"},
		"unlabeled":             {Line{Text: "anna@example.com"}, "0 0 0 0"},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Settings{Detector: detector(t)})
			e.Judge(&c.line)
			all := e.Report().Overall
			if got := fmt.Sprint(all.Lines, all.Right, all.Clean, all.Flagged); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestFaultsAreTold(t *testing.T) {
	var out bytes.Buffer
	e := New(Settings{
		Detector: detector(t),
		Missed:   func(f Fault) { f.Text(&out, "missed") },
		False:    func(f Fault) { f.Text(&out, "false") },
	})
	e.Judge(&Line{ID: "x1", Text: "to\x1b anna@example.com", Spans: []Span{{4, 20, "iban", false}}, Scope: []string{"iban", "email"}})
	want := "missed  x1  iban  4-20  to\\x1b [anna@example.com]  (found: email)\n" +
		"false  x1  email  4-20  to\\x1b [anna@example.com]\n"
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		corpus, want string // want is the error, empty for none
	}{
		"good":              {`{"id":"a","text":"x","spans":[{"start":0,"end":1,"entity":"email"}],"scope":["email"]}`, ""},
		"unlabeled":         {`{"id":"a","text":"x","spans":null,"scope":[],"sub":"more"}`, ""},
		"empty lines":       {"\n{\"text\":\"x\"}\n\n", ""},
		"not JSON":          {"\n{\"text\":\"secret@example.com\"", "c:2: not a JSON object (at byte 28)"},
		"wrong type":        {`{"text":7}`, `c:1: field "text" must be a string`},
		"outside":           {`{"text":"x","spans":[{"start":0,"end":2,"entity":"email"}]}`, "c:1: spans[0]: 0-2 does not lie inside the text of 1 bytes"},
		"backwards":         {`{"text":"xyz","spans":[{"start":2,"end":1,"entity":"email"}]}`, "c:1: spans[0]: 2-1 does not lie inside the text of 3 bytes"},
		"without an entity": {`{"text":"xyz","spans":[{"start":0,"end":1}]}`, "c:1: spans[0]: no entity"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Read("c", strings.NewReader(c.corpus), func(*Line) error { return nil })
			if got := fmt.Sprint(err); got != c.want && (err != nil || c.want != "") {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
