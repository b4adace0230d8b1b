// Command detection writes the tables of docs/detection.md between their marks:
//
//	<!-- entities: generated -->  ...  <!-- end -->
//
// The tables of entities come from the rules themselves; the figures from measuring the detector on testdata/corpus. Text
// outside the marks is left as it is. Run it from the repository's root:
//
//	go run ./builder/detection            # the entities, as make generate does
//	go run ./builder/detection -figures   # the figures too, as make detection-doc does
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cloakroom/cloakroom/builder/cloakroom/eval"
	"github.com/cloakroom/cloakroom/builder/cloakroom/scan"
	"github.com/cloakroom/cloakroom/processor/detect"
)

func main() {
	file := flag.String("doc", "docs/detection.md", "document to write")
	corpus := flag.String("corpus", "testdata/corpus", "labeled lines")
	figures := flag.Bool("figures", false, "measure and write the figures too")
	flag.Parse()
	if err := run(*file, *corpus, *figures); err != nil {
		fmt.Fprintln(os.Stderr, "detection:", err)
		os.Exit(1)
	}
}

func run(file, corpus string, figures bool) error {
	doc, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	tables := entityTables()
	if figures {
		measured, err := measure(corpus)
		if err != nil {
			return err
		}
		for name, table := range measured {
			tables[name] = table
		}
	}
	text, err := fill(string(doc), tables)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// fill replaces what stands between the marks of each table.
func fill(doc string, tables map[string]string) (string, error) {
	for name, table := range tables {
		begin := "<!-- " + name + ": generated -->\n"
		before, rest, found := strings.Cut(doc, begin)
		if !found {
			return "", fmt.Errorf("no mark %q", strings.TrimSpace(begin))
		}
		_, after, found := strings.Cut(rest, "<!-- end -->\n")
		if !found {
			return "", fmt.Errorf("no <!-- end --> after %q", strings.TrimSpace(begin))
		}
		doc = before + begin + table + "<!-- end -->\n" + after
	}
	return doc, nil
}

// entityTables are the entities by group; keys of providers, which have one rule, apart.
func entityTables() map[string]string {
	groups := map[string][]detect.Info{}
	for _, info := range detect.Builtins()[1:] {
		name := string(info.Group)
		if info.Group == detect.Credential && strings.HasPrefix(info.Rule, "A key of ") {
			name = "provider"
		}
		groups[name] = append(groups[name], info)
	}
	tables := map[string]string{}
	count := 0
	for name, infos := range groups {
		count += len(infos)
		slices.SortFunc(infos, func(a, b detect.Info) int { return strings.Compare(a.Name, b.Name) })
		var b bytes.Buffer
		if err := scan.EntityTable(&b, infos); err != nil {
			panic(err) // a buffer takes all
		}
		tables[name] = b.String()
	}
	tables["count"] = fmt.Sprintf("%d entities, %d of them keys of providers.\n", count, len(groups["provider"]))
	return tables
}

// measure judges both halves. Of heldout only sums are written: what is missed there is nobody's to look at.
func measure(corpus string) (map[string]string, error) {
	detector, err := detect.New(detect.Settings{})
	if err != nil {
		return nil, err
	}
	var sums bytes.Buffer
	fmt.Fprintln(&sums, "| half | part | labels | precision | recall | exact bounds | lines judged right | clean lines flagged |\n|---|---|---|---|---|---|---|---|")
	tables := map[string]string{}
	for _, half := range []string{"heldout", "dev"} {
		e := eval.New(eval.Settings{Detector: detector})
		pattern := filepath.Join(corpus, half, "*.jsonl")
		files, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no such files", pattern)
		}
		for _, name := range files {
			if err := judge(e, name); err != nil {
				return nil, err
			}
		}
		report := e.Report()
		for i, s := range report.Sections {
			lines, flagged := "", ""
			if i == 0 {
				lines, flagged = fmt.Sprintf("%d of %d", report.Overall.Right, report.Overall.Lines), fmt.Sprintf("%d of %d", report.Overall.Flagged, report.Overall.Clean)
			}
			fmt.Fprintf(&sums, "| %s | %s | %d | %.4f | %.4f | %.4f | %s | %s |\n", half, s.Part, s.Overall.Found+s.Overall.Missed,
				s.Overall.Precision(), s.Overall.Recall(), s.Overall.ExactRate(), lines, flagged)
		}
		if half == "dev" {
			tables["figures-by-entity"] = byEntity(&report)
		}
	}
	tables["figures"] = sums.String()
	return tables, nil
}

func judge(e *eval.Evaluator, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return eval.Read(name, file, func(l *eval.Line) error { e.Judge(l); return nil })
}

// byEntity is the table of what was found, missed and false for each entity that has a fault; the others are one row.
func byEntity(report *eval.Report) string {
	var b strings.Builder
	b.WriteString("| entity | found | missed | false | precision | recall |\n|---|---|---|---|---|---|\n")
	row := func(name string, r *eval.Row) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %.4f | %.4f |\n", name, r.Found, r.Missed, r.False, r.Precision(), r.Recall())
	}
	clean, rest := 0, eval.Row{}
	for i := range report.Sections {
		for j := range report.Sections[i].Entities {
			r := &report.Sections[i].Entities[j]
			if r.Missed+r.False > 0 {
				row("`"+r.Name+"`", r)
				continue
			}
			clean++
			rest.Found += r.Found
		}
	}
	row(fmt.Sprintf("%d others", clean), &rest)
	return b.String()
}
