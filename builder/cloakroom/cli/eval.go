package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/eval"
	"github.com/cloakroom/cloakroom/builder/cloakroom/scan"
	"github.com/cloakroom/cloakroom/processor/detect"
)

type evalFlags struct {
	format                  string
	policy                  string
	findings                string
	misses, falsely         bool
	minPrecision, minRecall float64
	minCases, maxFalseCases float64
}

func newEval() *cobra.Command {
	var f evalFlags
	c := &cobra.Command{
		Use:   "eval CORPUS.jsonl...",
		Short: "Measure precision and recall on labeled lines",
		Long: `Runs the detector over labeled lines and prints precision, recall and F1 for each entity and overall.

A corpus is JSON Lines, offsets in bytes of UTF-8; "-" reads one from standard input:
  {"id":"x1","source":"own","text":"mail a@b.example","spans":[{"start":5,"end":16,"entity":"email"}],"scope":["*"]}

` + eval.Rules,
		Example: `  cloakroom eval testdata/corpus/dev/*.jsonl
  cloakroom eval --misses --false corpus.jsonl | less
  cloakroom eval --min-precision 0.99 --min-recall 0.97 testdata/corpus/heldout/*.jsonl   # for CI: exit code 1 below
  cloakroom eval --findings found.jsonl corpus.jsonl                              # to compare two versions`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, corpora []string) error { return runEval(c, f, corpora) },
	}
	flags := c.Flags()
	flags.StringVar(&f.format, "format", "text", "of the report: text or json")
	flags.StringVar(&f.policy, "policy", "", "take custom patterns and keys from this policy `FILE` or preset")
	flags.StringVar(&f.findings, "findings", "", "write `FILE` with one {\"id\":...,\"findings\":[...]} per line, in order")
	flags.BoolVar(&f.misses, "misses", false, "list labels that were not found, with the text around them")
	flags.BoolVar(&f.falsely, "false", false, "list findings that are not labeled, with the text around them; also those in lines without labels")
	flags.Float64Var(&f.minPrecision, "min-precision", 0, "exit with 1 when the precision of pattern entities is lower")
	flags.Float64Var(&f.minRecall, "min-recall", 0, "exit with 1 when the recall of pattern entities is lower")
	flags.Float64Var(&f.minCases, "min-cases", 0, "exit with 1 when the share of lines judged right is lower")
	flags.Float64Var(&f.maxFalseCases, "max-false-cases", 1, "exit with 1 when the share of clean lines with a false finding is higher")
	completeFlag(c, "format", "text", "json")
	return c
}

func runEval(c *cobra.Command, f evalFlags, corpora []string) (err error) {
	if f.format != "text" && f.format != "json" {
		return usage(c, "--format %q: must be text or json", f.format)
	}
	finding, err := newFinding(f.policy, "")
	if err != nil {
		return err
	}
	detector := finding.detector
	out := bufio.NewWriter(os.Stdout)
	settings := eval.Settings{Detector: detector}
	if f.misses {
		settings.Missed = func(m eval.Fault) { m.Text(out, "missed") }
	}
	if f.falsely {
		settings.False = func(m eval.Fault) { m.Text(out, "false ") }
		settings.Unlabeled = func(m eval.Fault) { m.Text(out, "found ") }
	}
	e := eval.New(settings)
	judge := func(l *eval.Line) error { e.Judge(l); return nil }
	if f.findings != "" {
		file, err := os.Create(f.findings)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(file)
		defer func() { err = errors.Join(err, w.Flush(), file.Close()) }()
		judge = func(l *eval.Line) error { return writeFindings(w, detector.Entities(), l, e.Judge(l)) }
	}
	if err := readCorpora(c.Context(), corpora, judge); err != nil {
		return err
	}
	report := e.Report()
	if f.misses || f.falsely {
		fmt.Fprintln(out)
	}
	write := report.Text
	if f.format == "json" {
		write = report.JSON
	}
	if err := errors.Join(write(out), out.Flush()); err != nil {
		return err
	}
	return belowThreshold(f, &report)
}

func readCorpora(ctx context.Context, corpora []string, judge func(*eval.Line) error) error {
	for _, name := range corpora {
		in, err := openInput(name)
		if err != nil {
			return err
		}
		err = eval.Read(name, in, func(l *eval.Line) error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return judge(l)
		})
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

func writeFindings(w io.Writer, entities []detect.Info, l *eval.Line, findings []detect.Finding) error {
	id, err := json.Marshal(l.ID)
	if err != nil {
		return err
	}
	b := append([]byte(`{"id":`), id...)
	b = append(b, `,"findings":[`...)
	for i := range findings {
		if i > 0 {
			b = append(b, ',')
		}
		b = scan.AppendFinding(b, entities, &findings[i], 0, "")
	}
	_, err = w.Write(append(b, "]}\n"...))
	return err
}

func belowThreshold(f evalFlags, report *eval.Report) error {
	var faults []error
	overall, cases := report.Patterns(), &report.Overall
	if cases.Lines == 0 && (f.minCases > 0 || f.maxFalseCases < 1) {
		return found("no line could be judged: no threshold is met")
	}
	if overall.Found+overall.Missed+overall.False == 0 && f.minPrecision+f.minRecall > 0 {
		return found("nothing of pattern entities is labeled: no threshold is met")
	}
	if p := overall.Precision(); p < f.minPrecision {
		faults = append(faults, fmt.Errorf("precision %.4f is below %.4f: see --false", p, f.minPrecision))
	}
	if r := overall.Recall(); r < f.minRecall {
		faults = append(faults, fmt.Errorf("recall %.4f is below %.4f: see --misses", r, f.minRecall))
	}
	if c := cases.RightShare(); c < f.minCases {
		faults = append(faults, fmt.Errorf("the share of lines judged right %.4f is below %.4f: see --misses and --false", c, f.minCases))
	}
	if c := cases.FlaggedShare(); c > f.maxFalseCases {
		faults = append(faults, fmt.Errorf("the share of clean lines flagged %.4f is above %.4f: see --false", c, f.maxFalseCases))
	}
	if len(faults) > 0 {
		return found("%w", errors.Join(faults...))
	}
	return nil
}
