package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
	"github.com/cloakroom/cloakroom/config/policies"
	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/policy"
)

const policyFileHelp = `FILE is a policy file (rules and patterns in YAML), the configuration of a collector that has a tokenization processor,
or the name of a preset: `

func newPolicy() *cobra.Command {
	return group("policy", "Check a policy, or explain what it does with a value",
		"Checks and explains policies.\n\n"+policyFileHelp+strings.Join(policies.Names(), ", ")+".", newPolicyCheck(), newPolicyExplain())
}

func newPolicyCheck() *cobra.Command {
	var processor string
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Report every fault of a policy, by its place in the YAML",
		Long: `Reports every fault of a policy at once: unknown entities, faulty globs, expressions and conditions, random tokens on
metrics, rules that can never match. Exit code 1 when there is one. Warns of patterns without fixed text, which
search every text, and measures what that costs on a sample of log lines.

` + policyFileHelp + strings.Join(policies.Names(), ", ") + `.

References like ${env:NAME} are not resolved; use ` + "`otelcol-cloakroom validate`" + ` for those.`,
		Example: `  cloakroom policy check policies/shop.yaml
  cloakroom policy check --processor tokenization/edge collector.yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completePolicy,
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := readPolicy(args[0], processor)
			if err != nil {
				var e *exit
				if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.As(err, &e) {
					return err
				}
				return found("%w", err)
			}
			say("%s: no faults", args[0])
			for _, c := range p.Detector().BarePatterns() {
				say("warning: pattern %s searches every text, %s per KB on this machine: no two characters in a row stand in all its matches, so that nothing can be looked for first",
					c.Name, perKB(c.PerKB))
			}
			return nil
		},
	}
	c.Flags().StringVar(&processor, "processor", "", "`ID` of the processor, when the configuration has several")
	return c
}

// perKB writes a time to three digits or so.
func perKB(d time.Duration) string {
	if d < 10*time.Microsecond {
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	}
	return fmt.Sprintf("%d µs", d.Microseconds())
}

type explainFlags struct {
	key, service, signal, processor string
	resource                        map[string]string
}

func newPolicyExplain() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain FILE TEXT",
		Short: "Say which rule does what with a text, and why not the others",
		Long: `Finds in TEXT as the processor would and says for every finding which rule decides, and of every other rule why it
does not. "-" reads TEXT from standard input, so that it does not land in the shell's history.

` + policyFileHelp + strings.Join(policies.Names(), ", ") + ".",
		Example: `  cloakroom policy explain default --key http.client_ip 10.0.0.7
  cloakroom policy explain --service edge collector.yaml 'login of anna@example.com'
  xclip -o | cloakroom policy explain --signal traces strict -`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: completePolicy,
		RunE:              func(c *cobra.Command, args []string) error { return runExplain(c, f, args[0], args[1]) },
	}
	flags := c.Flags()
	flags.StringVar(&f.key, "key", "", "attribute `KEY` whose value TEXT is; none: the body of a log record or a name")
	flags.StringVar(&f.service, "service", "", "the resource's service.name")
	flags.StringToStringVar(&f.resource, "resource", nil, "further attributes of the resource, `KEY=VALUE`")
	flags.StringVar(&f.signal, "signal", "logs", "traces, logs, metrics or profiles")
	flags.StringVar(&f.processor, "processor", "", "`ID` of the processor, when the configuration has several")
	completeFlag(c, "signal", signalNames()...)
	return c
}

func completePolicy(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return policies.Names(), cobra.ShellCompDirectiveDefault
}

var signals = []policy.Signal{policy.Traces, policy.Logs, policy.Metrics, policy.Profiles}

func signalNames() []string {
	names := make([]string, 0, len(signals))
	for _, s := range signals {
		names = append(names, s.String())
	}
	return names
}

func runExplain(c *cobra.Command, f explainFlags, file, text string) error {
	subject := policy.Subject{Key: f.key, Resource: pcommon.NewResource()}
	known := false
	for _, s := range signals {
		if s.String() == f.signal {
			subject.Signal, known = s, true
		}
	}
	if !known {
		return usage(c, "--signal %q: must be one of %s", f.signal, strings.Join(signalNames(), ", "))
	}
	if f.service != "" {
		subject.Resource.Attributes().PutStr("service.name", f.service)
	}
	for k, v := range f.resource {
		subject.Resource.Attributes().PutStr(k, v)
	}
	if text == "-" {
		all, err := io.ReadAll(os.Stdin)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		text = strings.TrimSuffix(string(all), "\n")
	}
	p, err := readPolicy(file, f.processor)
	if err != nil {
		return err
	}
	subject.Text = text
	e := &explanation{Writer: bufio.NewWriter(os.Stdout), command: c, policy: p, subject: subject, colors: terminal.Colors(os.Stdout)}
	e.explain()
	return e.Flush()
}

// explanation writes what a policy does with one text.
type explanation struct {
	*bufio.Writer
	command *cobra.Command
	policy  *policy.Policy
	subject policy.Subject
	colors  bool
}

func (e *explanation) explain() {
	detector := e.policy.Detector()
	var key detect.Key
	if e.subject.Key != "" {
		key = detector.Key(e.subject.Key)
		if e.attribute(key) {
			return
		}
	}
	findings := detector.Find(detect.NewScratch(), key, e.subject.Text)
	if len(findings) == 0 {
		fmt.Fprintln(e, "nothing found: the text stays as it is")
	}
	for i := range findings {
		if findings[i].Entity == detect.Token {
			fmt.Fprintf(e, "%d-%d: a token: never touched\n", findings[i].Start, findings[i].End)
			continue
		}
		e.finding(&findings[i], detector.Entities())
	}
}

// attribute explains what happens to the attribute as a whole, and says whether that settles it.
func (e *explanation) attribute(key detect.Key) (settled bool) {
	subject := e.subject
	reasons, decision := e.policy.Explain(e.command.Context(), subject)
	if decision == nil {
		passes := key.Passes(e.subject.Text)
		if passes {
			fmt.Fprintf(e, "attribute %s: describes structure, and the value looks like it, so it is not looked into\n", e.subject.Key)
		}
		return passes
	}
	fmt.Fprintf(e, "attribute %s as a whole: %s\n", e.subject.Key, e.bold(describe(decision)))
	e.reasons(reasons)
	return true
}

func (e *explanation) finding(f *detect.Finding, entities []detect.Info) {
	subject := e.subject
	subject.Finding = f
	reasons, decision := e.policy.Explain(e.command.Context(), subject)
	by := ""
	switch {
	case f.KeyStart >= 0 && f.ByKey:
		by = fmt.Sprintf(", named by the key %s inside the text", subject.Text[f.KeyStart:f.KeyEnd])
	case f.ByKey:
		by = ", named by its attribute key"
	}
	if f.Range != detect.RangeNone {
		by += ", " + f.Range.String()
	}
	fmt.Fprintf(e, "%d-%d: %s (confidence %.2f%s): %s\n", f.Start, f.End, entities[f.Entity].Name, f.Confidence, by, e.bold(describe(decision)))
	e.reasons(reasons)
}

// describe says a decision in a few words.
func describe(d *policy.Decision) string {
	var b strings.Builder
	b.WriteString(d.Action.String())
	if d.Action == policy.Tokenize {
		fmt.Fprintf(&b, " as a %s token tkt_%s_... in scope %s", d.Kind, d.Class, d.Scope)
	}
	if d.Keep != policy.KeepNone {
		fmt.Fprintf(&b, ", keeps %s", d.Keep)
	}
	if d.Rule == "" {
		b.WriteString(" (no rule matches)")
	}
	return b.String()
}

func (e *explanation) reasons(reasons []policy.Reason) {
	table := tabwriter.NewWriter(e, 0, 0, 2, ' ', 0)
	for _, r := range reasons {
		mark, verdict := " ", "no: "+r.Why
		switch {
		case r.Decides:
			mark, verdict = ">", "decides: "+r.Why
		case r.Matches:
			verdict = "matches too, but comes later: " + r.Why
		}
		name := ""
		if r.Name != "" {
			name = " (" + r.Name + ")"
		}
		fmt.Fprintf(table, "  %s %s%s\t%s\t%s\n", mark, r.Rule, name, r.Action, verdict)
	}
	table.Flush()
}

func (e *explanation) bold(s string) string {
	if e.colors {
		return "\x1b[1m" + s + "\x1b[0m"
	}
	return s
}
