package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/terminal"
	"github.com/cloakroom/cloakroom/processor/detect"
	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
	"github.com/cloakroom/cloakroom/vault/token"
)

// valueFlags say what kind of value is meant.
type valueFlags struct {
	entity, class, scope string
}

func (f *valueFlags) add(c *cobra.Command) {
	names := make([]string, 0, len(detect.Builtins()))
	for _, info := range detect.Builtins()[1:] {
		names = append(names, info.Name)
	}
	c.Flags().StringVar(&f.entity, "entity", "", "what the values are: email, phone, ... (see scan --list-entities)")
	c.Flags().StringVar(&f.class, "class", "", "the class of their tokens, when it is not the entity's own; enough alone for custom entities")
	c.Flags().StringVar(&f.scope, "scope", "", "only tokens of this scope; every scope by default")
	completeFlag(c, "entity", names...)
}

// given says whether values are meant at all.
func (f *valueFlags) given() bool { return f.entity != "" || f.class != "" }

// canonical gives the class of the tokens and how values are brought into their canonical form.
func (f *valueFlags) canonical(c *cobra.Command) (class string, form func(string) []byte, err error) {
	plain := func(value string) []byte { return []byte(value) }
	if f.entity == "" {
		if !token.ValidClass(f.class) {
			return "", nil, usage(c, "--class %q: must be 2 to 16 lower-case letters", f.class)
		}
		return f.class, plain, nil
	}
	d, err := detect.New(detect.Settings{})
	if err != nil {
		return "", nil, err
	}
	e, ok := d.Lookup(f.entity)
	switch {
	case !ok && f.class == "":
		return "", nil, usage(c, "--entity %q: no such entity; `cloakroom scan --list-entities` prints them; for a custom one give its --class", f.entity)
	case !ok:
		return f.class, plain, nil
	}
	class = f.class
	if class == "" {
		class = d.Entities()[e].Class
	}
	scratch := detect.NewScratch()
	return class, func(value string) []byte {
		whole := detect.Finding{End: len(value), Entity: e, KeyStart: -1}
		for _, found := range d.Find(scratch, detect.Key{}, value) {
			if found.Entity == e {
				whole.Encoding, whole.Range = found.Encoding, found.Range
			}
		}
		return rewrite.Canonical(nil, e, whole, value)
	}, nil
}

type tokenFlags struct {
	vaultFlags
	purposeFlag
	valueFlags
	format string
}

func newToken() *cobra.Command {
	var f tokenFlags
	c := &cobra.Command{
		Use:   "token --entity ENTITY [VALUE...|-]",
		Short: "Find the tokens a value has, to search for it in logs and traces",
		Long: `Asks the vault which tokens a value has in the live epochs of every scope: "show me everything about this customer".
Values are brought into their canonical form first, so that any spelling will do. Tokens of kind random cannot be found
this way: each of them is new. Nor can unlinked ones, which agents of a fleet give to values of classes that the vault
mints while it is away: a value met only then has no others.

In a terminal it prints a table, in which #1 is the first value, otherwise the tokens alone, one a line, newest epoch
first. A value without a token that can be revealed (never seen, erased, or one-way, which the vault cannot tell from
never seen) makes the exit code 3; its tokens are printed all the same.

The question is audited, so it needs a purpose. Values given as arguments stay in the shell's history and are seen in
the list of processes: with - they are read from standard input, one a line.`,
		Example: `  cloakroom token --entity email --purpose INC-42 -              # then type the address
  cloakroom token --entity phone --purpose INC-42 '+49 30 901820'
  cloakroom token --entity email --purpose INC-42 - < customer | grep -F -f - telemetry.jsonl`,
		RunE: func(c *cobra.Command, args []string) error { return runToken(c, f, args) },
	}
	f.vaultFlags.add(c)
	f.purposeFlag.add(c)
	f.valueFlags.add(c)
	c.Flags().StringVar(&f.format, "format", "text", "text or json")
	completeFlag(c, "format", "text", "json")
	return c
}

func runToken(c *cobra.Command, f tokenFlags, args []string) error {
	if f.format != "text" && f.format != "json" {
		return usage(c, "--format %q: must be text or json", f.format)
	}
	if !f.given() {
		return usage(c, "--entity is needed: it says what the value is, for example --entity email")
	}
	if err := f.checkPurpose(c); err != nil {
		return err
	}
	class, canonical, err := f.canonical(c)
	if err != nil {
		return err
	}
	values, err := valueArgs(c, args)
	if err != nil {
		return err
	}
	forms := make([][]byte, 0, len(values))
	for _, v := range values {
		forms = append(forms, canonical(v))
	}
	v, err := f.open(c.Context())
	if err != nil {
		return err
	}
	found, err := v.Lookup(c.Context(), f.purpose, reveal.Query{Class: class, Scope: f.scope, Values: forms})
	if err != nil {
		err = vaultFault("", err)
	}
	if err := errors.Join(err, v.close()); err != nil {
		return err
	}
	if err := printTokens(os.Stdout, f.format, found); err != nil {
		return err
	}
	if f.unlinks(class) {
		say("values met only while the vault was away have unlinked tokens, which are not found by value")
	}
	return unmetValues(len(values), found)
}

// unlinks reports whether agents may have given values of a class unlinked tokens: those of a fleet, where only the vault
// mints the class. What its vault.yaml says of classes is not known here.
func (f *vaultFlags) unlinks(class string) bool {
	fleet := f.remote.endpoint != "" || exists(filepath.Join(f.path(), standalone.ConfigFile)) ||
		exists(filepath.Join(filepath.Dir(f.path()), standalone.ConfigFile))
	return fleet && (server.ClassModes{}).Issued(class)
}

// What is known of a value, the best last.
const (
	noTokens = iota
	neverSeen
	erased
	escrowed
)

// unmetValues says which values, by their place, have no token that can be revealed, and why.
func unmetValues(values int, found []reveal.Found) error {
	best := make([]int, values)
	for _, t := range found {
		known := neverSeen
		switch {
		case t.Escrowed:
			known = escrowed
		case t.Erased:
			known = erased
		}
		best[t.Value] = max(best[t.Value], known)
	}
	places := map[int][]string{}
	for i, known := range best {
		places[known] = append(places[known], fmt.Sprint(i+1))
	}
	var faults []string
	for known, why := range [...]string{
		noTokens:  "no tokens of value %s: the scope has no live epoch, see `cloakroom vault status`",
		neverSeen: "no token in escrow of value %s: never seen in the live epochs, or one-way",
		erased:    "no token in escrow of value %s: erased",
	} {
		if which := places[known]; len(which) > 0 {
			faults = append(faults, fmt.Sprintf(why, strings.Join(which, ", ")))
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return unmet("%s", strings.Join(faults, "; "))
}

// valueArgs is the values of the command line, or for "-" and none at all those on standard input, one a line.
func valueArgs(c *cobra.Command, args []string) ([]string, error) {
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return args, nil
	}
	if len(args) == 0 && terminal.Is(os.Stdin) {
		return nil, usage(c, "no value: give some, or - to read them from standard input")
	}
	var values []string
	lines := bufio.NewScanner(interruptible(c.Context(), os.Stdin))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
			values = append(values, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	if len(values) == 0 {
		return nil, usage(c, "standard input has no value")
	}
	return values, nil
}

// tokenOfValue is one token in JSON output.
type tokenOfValue struct {
	Value      int       `json:"value"` // which of the values, from 0
	Token      string    `json:"token"`
	Kind       string    `json:"kind"`
	Scope      string    `json:"scope"`
	EpochStart time.Time `json:"epoch_start"`
	EpochEnd   time.Time `json:"epoch_end"`
	Expires    time.Time `json:"expires"`
	Escrowed   bool      `json:"escrowed"`
	Erased     bool      `json:"erased"`
}

func printTokens(w io.Writer, format string, found []reveal.Found) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		for _, t := range found {
			out := tokenOfValue{t.Value, t.Token, t.Kind.String(), t.Scope, t.Start, t.End, t.Expires, t.Escrowed, t.Erased}
			if err := enc.Encode(out); err != nil {
				return err
			}
		}
		return nil
	}
	if !terminal.Is(w) {
		var b strings.Builder
		for _, t := range found {
			b.WriteString(t.Token + "\n")
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VALUE\tTOKEN\tKIND\tSCOPE\tEPOCH SINCE\tREVEALABLE")
	for _, t := range found {
		revealable := "no: never seen"
		switch {
		case t.Escrowed:
			revealable = "until " + t.Expires.Local().Format(time.DateTime)
		case t.Erased:
			revealable = "no: erased"
		case t.Kind == token.OneWay:
			revealable = "never: one-way"
		}
		fmt.Fprintf(table, "#%d\t%s\t%s\t%s\t%s\t%s\n", t.Value+1, t.Token, t.Kind, t.Scope, t.Start.Local().Format(time.DateOnly), revealable)
	}
	return table.Flush()
}
