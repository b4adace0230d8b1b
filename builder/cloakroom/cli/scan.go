package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/scan"
	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
	"github.com/cloakroom/cloakroom/processor/detect"
)

type scanFlags struct {
	format       string
	lines        bool
	failOn       []string
	key          string
	policy       string
	listEntities bool
}

func newScan() *cobra.Command {
	var f scanFlags
	c := &cobra.Command{
		Use:   "scan [FILES|-]",
		Short: "Find personal data and secrets in files; never changes them",
		Long: `Reads files, or standard input, line by line and says what it finds. Nothing is changed and nothing leaves the machine.

Formats:
  text   on a terminal the lines with findings, the values highlighted, and a summary (on standard error); otherwise one
         line per finding, file:line:column entity confidence, without the value, so that a CI log does not leak what it
         warns of (--lines shows the lines there too, --lines=false hides them on a terminal)
  json   one object per line of input, with or without findings:
         {"line":1,"findings":[{"start":0,"end":16,"entity":"email","confidence":0.99}]}
         offsets in bytes from the start of the line; with several files "file" stands before "line"; with --policy a
         finding has its "action"
  sarif  one SARIF 2.1.0 log for code scanning, without the values

Input of any size is read in bounded memory (a few megabytes), on every core, with output in the order of the input. A
line longer than 256 KiB is read in overlapping windows: a value in it of up to 32 KiB is found whole. A private key
that stands on several lines (PEM) is reported on each of them. Directories are not entered; compressed files are not
unpacked.`,
		Example: `  cloakroom scan app.log
  kubectl logs deploy/shop | cloakroom scan -
  cloakroom scan --fail-on credential --fail-on payment_card dist/*.log   # for CI: exit code 1
  cloakroom scan --format sarif fixtures/*.json > findings.sarif
  cloakroom scan --format json --key user.name names.txt
  zcat app.log.gz | cloakroom scan --policy strict -
  cloakroom scan --list-entities`,
		RunE: func(c *cobra.Command, files []string) error { return runScan(c, f, files) },
	}
	flags := c.Flags()
	flags.StringVar(&f.format, "format", "text", "text, json or sarif")
	flags.BoolVar(&f.lines, "lines", false, "with --format text: show the lines, values included (default on a terminal)")
	flags.StringSliceVar(&f.failOn, "fail-on", nil, "exit with 1 when this `ENTITY` or GROUP is found; comma-separated or repeated; all stands for any")
	flags.StringVar(&f.key, "key", "", "read every line as the value of this attribute `KEY`")
	flags.StringVar(&f.policy, "policy", "", "use patterns and keys of this policy `FILE` or preset, and leave out what it keeps")
	flags.BoolVar(&f.listEntities, "list-entities", false, "print what can be found: name, class, group, rule, source; with --format json or markdown also what is left alone")
	completeFlag(c, "format", "text", "json", "sarif")
	completeFlag(c, "fail-on", failOnNames()...)
	return c
}

func failOnNames() []string {
	names := []string{"all"}
	for _, g := range detect.Groups() {
		names = append(names, string(g))
	}
	for _, info := range detect.Builtins()[1:] {
		names = append(names, info.Name)
	}
	return names
}

func runScan(c *cobra.Command, f scanFlags, files []string) error {
	if f.listEntities && f.format == "sarif" || f.format == "markdown" && !f.listEntities {
		return usage(c, "--format %q: entities are listed as text, json or markdown, findings as text, json or sarif", f.format)
	}
	if !slices.Contains([]string{"text", "json", "sarif", "markdown"}, f.format) {
		return usage(c, "--format %q: must be text, json or sarif", f.format)
	}
	finding, err := newFinding(f.policy, f.key)
	if err != nil {
		return err
	}
	entities := finding.detector.Entities()
	if f.listEntities {
		return listEntities(os.Stdout, f.format, entities)
	}
	fails, err := failOn(f.failOn, entities)
	if err != nil {
		return usage(c, "%w", err)
	}
	inputs, err := scanInputs(c, files)
	if err != nil {
		return err
	}
	var faults atomic.Int64
	settings := scan.Settings{
		Detector: finding.detector, Decide: finding.decide, Format: scanFormat(c, f, entities, len(inputs) > 1),
		Fault: func(name string, err error) {
			faults.Add(1)
			say("%s", inputFault(name, err))
		},
	}
	if f.key != "" {
		settings.Key = finding.detector.Key(f.key)
	}
	scanner := scan.New(settings, inputs)
	stop := showProgress(inputs, files, scanner.Scanned)
	totals, err := scanner.Run(c.Context(), os.Stdout)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if f.format == "text" && (totals.Lines > 0 || int(faults.Load()) < len(inputs)) {
		printSummary(os.Stderr, entities, &totals)
	}
	if err != nil {
		return err
	}
	return scanOutcome(fails, entities, &totals, int(faults.Load()), len(inputs))
}

func scanOutcome(fails []detect.Entity, entities []detect.Info, t *scan.Totals, faults, inputs int) error {
	var names []string
	for _, e := range fails {
		if n := t.Counts[e]; n > 0 {
			names = append(names, fmt.Sprintf("%s %d", entities[e].Name, n))
		}
	}
	switch {
	case faults > 0:
		return fmt.Errorf("%d of %d inputs could not be read to the end", faults, inputs)
	case len(names) > 0:
		return found("found what --fail-on names: %s", strings.Join(names, ", "))
	}
	return nil
}

// failOn resolves names of entities and groups.
func failOn(names []string, entities []detect.Info) ([]detect.Entity, error) {
	var out []detect.Entity
	var faults []error
	for _, name := range names {
		before := len(out)
		for i, info := range entities {
			if i > 0 && (name == "all" || name == info.Name || name == string(info.Group)) {
				out = append(out, detect.Entity(i))
			}
		}
		if len(out) == before {
			faults = append(faults, fmt.Errorf("--fail-on %q: no such entity or group; --list-entities prints them", name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), errors.Join(faults...)
}

func scanFormat(c *cobra.Command, f scanFlags, entities []detect.Info, several bool) scan.Format {
	lines := f.lines
	if !c.Flags().Changed("lines") {
		lines = terminal.Is(os.Stdout)
	}
	switch {
	case f.format == "json":
		return scan.JSON{Entities: entities, WithInput: several}
	case f.format == "sarif":
		return scan.SARIF{Entities: entities, Version: c.Root().Version}
	case lines:
		return scan.Lines{Entities: entities, Colors: terminal.Colors(os.Stdout)}
	}
	return scan.Positions{Entities: entities}
}

func scanInputs(c *cobra.Command, files []string) ([]scan.Input, error) {
	if len(files) == 0 {
		if terminal.Is(os.Stdin) {
			return nil, usage(c, "nothing to scan: name files, or - for standard input")
		}
		files = []string{"-"}
	}
	inputs := make([]scan.Input, 0, len(files))
	for _, name := range files {
		in := scan.Input{Name: name, Open: func() (io.ReadCloser, error) { return openInput(name) }, Live: isLive(name)}
		if name == "-" {
			in.Name = "stdin"
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// isLive says whether an input may pause and go on: anything but a regular file.
func isLive(name string) bool {
	info, err := os.Stdin.Stat()
	if name != "-" {
		info, err = os.Stat(name)
	}
	return err == nil && !info.Mode().IsRegular()
}

func printSummary(w io.Writer, entities []detect.Info, t *scan.Totals) {
	type row struct {
		name, group string
		n           int64
	}
	var rows []row
	for i, n := range t.Counts {
		if n > 0 {
			rows = append(rows, row{entities[i].Name, string(entities[i].Group), n})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(b.n - a.n) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%d\n", r.name, r.group, r.n)
	}
	table.Flush()
	fmt.Fprintf(w, "%s in %s of %s (%s)\n", plural(t.Findings, "finding"), plural(t.LinesWith, "line"), plural(t.Lines, "line"), size(t.Bytes))
}

func listEntities(w io.Writer, format string, entities []detect.Info) error {
	switch format {
	case "markdown":
		return scan.EntityTable(w, entities[1:])
	case "json":
		type entity struct {
			Name   string       `json:"name"`
			Class  string       `json:"class"`
			Group  detect.Group `json:"group"`
			Rule   string       `json:"rule"`
			Not    string       `json:"not"`
			Source string       `json:"source"`
			Custom bool         `json:"custom"`
		}
		enc := json.NewEncoder(w)
		for _, e := range entities[1:] {
			if err := enc.Encode(entity{e.Name, e.Class, e.Group, e.Rule, e.Not, e.Source, e.Custom}); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENTITY\tCLASS\tGROUP\tRULE\tSOURCE")
	for _, e := range entities[1:] {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", e.Name, e.Class, e.Group, e.Rule, e.Source)
	}
	return table.Flush()
}
