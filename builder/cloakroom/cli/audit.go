package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
	"github.com/cloakroom/cloakroom/vault/audit"
)

func newVaultAudit() *cobra.Command {
	return group("audit", "Verify or show the audit log: who revealed what, when and why",
		"Verifies or shows the audit log: who revealed what, when and why.", newAuditVerify(), newAuditShow())
}

type auditShowFlags struct {
	vaultFlags
	format, token, purpose string
	actions                []string
	last                   int
	since                  time.Duration
}

func newAuditShow() *cobra.Command {
	var f auditShowFlags
	c := &cobra.Command{
		Use:   "show",
		Short: "Print entries of the audit log, oldest first",
		Long: `Prints entries of the audit log, oldest first. It is read as it stands; verify checks that it is genuine. No value is
ever in it.`,
		Example: `  cloakroom vault audit show
  cloakroom vault audit show --token tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds
  cloakroom vault audit show --last 0 --action reveal,deny --format json | jq .actor`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runAuditShow(c, f) },
	}
	f.add(c)
	flags := c.Flags()
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.IntVar(&f.last, "last", 20, "how many of the entries that fit, from the end; 0 is all")
	flags.DurationVar(&f.since, "since", 0, "only entries of this long ago or less, for example 24h")
	flags.StringSliceVar(&f.actions, "action", nil, "only these actions: reveal, lookup, forget, ...")
	flags.StringVar(&f.token, "token", "", "only entries about this token")
	flags.StringVar(&f.purpose, "purpose", "", "only entries whose purpose contains this")
	completeFlag(c, "format", "text", "json")
	return c
}

func runAuditShow(c *cobra.Command, f auditShowFlags) error {
	switch {
	case f.format != "text" && f.format != "json":
		return usage(c, "--format %q: must be text or json", f.format)
	case f.last < 0:
		return usage(c, "--last %d: must be 0 or more", f.last)
	}
	path, err := f.auditPath(c.Context())
	if err != nil {
		return err
	}
	p := &entryPrinter{flags: f, out: os.Stdout}
	bad, err := audit.Read(c.Context(), path, p.take)
	if err == nil {
		err = p.flush()
	}
	if bad > 0 {
		say("%d lines of %s are no entries: see `cloakroom vault audit verify`", bad, path)
	}
	return err
}

// entryPrinter prints the entries that fit; of those, with --last, the last ones.
type entryPrinter struct {
	flags auditShowFlags
	out   io.Writer
	kept  []audit.Entry // a ring when flags.last > 0
	next  int
}

func (p *entryPrinter) take(e audit.Entry) error {
	if !p.fits(&e) {
		return nil
	}
	switch {
	case p.flags.last == 0:
		return p.print(&e)
	case len(p.kept) < p.flags.last:
		p.kept = append(p.kept, e)
	default:
		p.kept[p.next] = e
		p.next = (p.next + 1) % len(p.kept)
	}
	return nil
}

func (p *entryPrinter) fits(e *audit.Entry) bool {
	f := &p.flags
	switch {
	case f.token != "" && e.Token != f.token,
		f.purpose != "" && !strings.Contains(e.Purpose, f.purpose),
		f.since > 0 && time.Since(e.Time) > f.since:
		return false
	}
	for _, a := range f.actions {
		if a == e.Action {
			return true
		}
	}
	return len(f.actions) == 0
}

func (p *entryPrinter) flush() error {
	for i := range p.kept {
		if err := p.print(&p.kept[(p.next+i)%len(p.kept)]); err != nil {
			return err
		}
	}
	return nil
}

func (p *entryPrinter) print(e *audit.Entry) error {
	if p.flags.format == "json" {
		return json.NewEncoder(p.out).Encode(e)
	}
	b := fmt.Appendf(nil, "%d  %s  %s  %s %s", e.Sequence, e.Time.Local().Format(time.RFC3339), e.Actor, e.Action, e.Outcome)
	for _, field := range [...]struct{ name, value string }{
		{"token", e.Token},
		{"class", e.Class},
		{"scope", e.Scope},
		{"kid", e.Kid},
		{"agent", e.Agent},
		{"letter", e.Letter},
		{"session", e.Session},
		{"reason", e.Reason},
		{"purpose", e.Purpose},
	} {
		if field.value != "" {
			b = append(b, "  "+field.name+"="...)
			b = terminal.AppendPrintable(b, field.value)
		}
	}
	if e.Count > 0 {
		b = fmt.Appendf(b, "  count=%d", e.Count)
	}
	_, err := p.out.Write(append(b, '\n'))
	return err
}
