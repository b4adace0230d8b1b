package scan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cloakroom/cloakroom/processor/detect"
)

func email(start, end int) Found {
	return Found{Finding: detect.Finding{Start: start, End: end, Entity: detect.Email, Confidence: 0.99}}
}

func TestJSON(t *testing.T) {
	withAction := email(2, 7)
	withAction.Action = "tokenize"
	for name, c := range map[string]struct {
		format JSON
		part   Part
		found  []Found
		want   string
	}{
		"as documented": {found: []Found{email(0, 16)}, want: `{"line":1,"findings":[{"start":0,"end":16,"entity":"email","confidence":0.99}]}`},
		"two":           {found: []Found{email(0, 1), email(2, 3)}, want: `{"line":1,"findings":[{"start":0,"end":1,"entity":"email","confidence":0.99},{"start":2,"end":3,"entity":"email","confidence":0.99}]}`},
		"none":          {want: `{"line":1,"findings":[]}`},
		"with action":   {found: []Found{withAction}, want: `{"line":1,"findings":[{"start":2,"end":7,"entity":"email","confidence":0.99,"action":"tokenize"}]}`},
		"with file":     {format: JSON{WithInput: true}, want: `{"file":"a\"b.log","line":1,"findings":[]}`},
		"later window":  {part: Part{At: 1 << 40, Later: true}, found: []Found{email(0, 1)}, want: `{"line":1,"findings":[,{"start":1099511627776,"end":1099511627777,"entity":"email","confidence":0.99}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			f, place := c.format, Place{Input: `a"b.log`, Line: 1}
			f.Entities = detect.Builtins()
			got := f.Open(nil, place)
			if len(c.found) > 0 {
				got = f.Findings(got, place, c.part, c.found)
			}
			if got := strings.TrimSuffix(string(f.Close(got, place)), "\n"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestLinesFormat(t *testing.T) {
	long := strings.Repeat("0123456789", 100)
	for name, c := range map[string]struct {
		colors bool
		text   string
		found  []Found
		want   string
	}{
		"plain":             {false, "to a@b.c!", []Found{email(3, 8)}, "f:1: to [a@b.c](email)!\n"},
		"colors":            {true, "to a@b.c", []Found{email(3, 8)}, "\x1b[2mf:1:\x1b[0m to \x1b[1;33ma@b.c\x1b[0m\x1b[2m(email)\x1b[0m\n"},
		"controls escaped":  {false, "\x1b[2Ja@b.c\x07", []Found{email(4, 9)}, "f:1: \\x1b[2J[a@b.c](email)\\x07\n"},
		"long start":        {false, long + "a@b.c", []Found{email(1000, 1005)}, "f:1: ..." + long[:160] + "[a@b.c](email)\n"},
		"long end":          {false, "a@b.c" + long, []Found{email(0, 5)}, "f:1: [a@b.c](email)" + long[:160] + "...\n"},
		"long between":      {false, "a@b.c" + long + "a@b.c", []Found{email(0, 5), email(1005, 1010)}, "f:1: [a@b.c](email)" + long[:160] + "..." + long[:160] + "[a@b.c](email)\n"},
		"cut by characters": {false, "a@b.c" + strings.Repeat("ü", 500), []Found{email(0, 5)}, "f:1: [a@b.c](email)" + strings.Repeat("ü", 80) + "...\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := Lines{Entities: detect.Builtins(), Colors: c.colors}
			got := string(f.Findings(nil, Place{Input: "f", Line: 1}, Part{Text: c.text}, c.found))
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestSARIF(t *testing.T) {
	f := SARIF{Entities: detect.Builtins(), Version: "1"}
	w := f.Head(nil)
	results := f.Findings(nil, Place{Input: "/logs/a b.log", Line: 7, Offset: 1000}, Part{Text: "für a@b.c"}, []Found{email(5, 10)})
	w = append(w, results[1:]...)
	w = f.Tail(w)
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct{ Rules []struct{ ID string } }
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn, EndColumn, ByteOffset, ByteLength int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(w, &log); err != nil {
		t.Fatalf("%v in %s", err, w)
	}
	run := log.Runs[0]
	if len(run.Tool.Driver.Rules) != len(f.Entities)-1 {
		t.Errorf("%d rules for %d entities", len(run.Tool.Driver.Rules), len(f.Entities)-1)
	}
	r := run.Results[0]
	if run.Tool.Driver.Rules[r.RuleIndex].ID != "email" || r.RuleID != "email" {
		t.Errorf("rule %s at %d", r.RuleID, r.RuleIndex)
	}
	place := r.Locations[0].PhysicalLocation
	if place.ArtifactLocation.URI != "file:///logs/a%20b.log" {
		t.Errorf("uri %s", place.ArtifactLocation.URI)
	}
	if g := place.Region; g.StartLine != 7 || g.StartColumn != 5 || g.EndColumn != 10 || g.ByteOffset != 1005 || g.ByteLength != 5 {
		t.Errorf("region %+v", g)
	}
}
