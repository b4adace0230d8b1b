package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/redeem"
	"github.com/cloakroom/cloakroom/vault/token"
)

type revealFlags struct {
	vaultFlags
	purposeFlag
	format, escape string
}

func newReveal() *cobra.Command {
	var f revealFlags
	c := &cobra.Command{
		Use:   "reveal [TOKENS...|-]",
		Short: "Redeem tokens: print the values they stand for, or put them into a text",
		Long: `Asks the vault for the values of tokens. With - it reads any text from standard input and writes it with every token
replaced by its value; what was read is written at once, so it works behind "kubectl logs -f".

A token that the vault gives no value for stays as it is and is reported on standard error: unknown, one-way, expired,
erased, denied. The exit code is 3 then. A part of the value that was left readable behind a token (_1234,
@example.com) is replaced together with it.

Each token revealed leaves a record in the vault's audit log, with the purpose, before its value is given out. Values
come in their canonical form: e-mail addresses in lower case, card numbers without spaces.

` + whileDown,
		Example: `  cloakroom reveal --purpose INC-42 tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds
  kubectl logs -f deploy/shop | cloakroom reveal --purpose INC-42 -
  cloakroom reveal --purpose INC-42 --format json - < spans.jsonl     # one object per token in the text`,
		RunE: func(c *cobra.Command, args []string) error { return runReveal(c, f, args) },
	}
	f.vaultFlags.add(c)
	f.purposeFlag.add(c)
	c.Flags().StringVar(&f.format, "format", "text", "text, or json: one object per token")
	c.Flags().StringVar(&f.escape, "escape", "auto", "how values are spelled in text: json as in JSON strings, none as they are, auto json in lines that begin with { or [")
	completeFlag(c, "format", "text", "json")
	completeFlag(c, "escape", "auto", "json", "none")
	return c
}

func runReveal(c *cobra.Command, f revealFlags, args []string) error {
	escape, known := escapes[f.escape]
	switch {
	case f.format != "text" && f.format != "json":
		return usage(c, "--format %q: must be text or json", f.format)
	case !known:
		return usage(c, "--escape %q: must be auto, json or none", f.escape)
	}
	if err := f.checkPurpose(c); err != nil {
		return err
	}
	text, stream, err := revealInput(c, args)
	if err != nil {
		return err
	}
	v, err := f.open(c.Context())
	if err != nil {
		return err
	}
	report := &unmetReport{}
	r := redeem.New(redeem.Settings{
		Ask: func(ctx context.Context, tokens []string) ([]redeem.Answer, error) {
			return v.ask(ctx, f.purpose, tokens)
		},
		Unmet: report.add, Escape: escape,
	})
	switch {
	case f.format == "json":
		err = revealJSON(c.Context(), r, text, stream)
	case stream != nil:
		err = r.Copy(c.Context(), os.Stdout, stream)
	default:
		err = r.Write(c.Context(), os.Stdout, []byte(text))
	}
	if err := errors.Join(err, v.close()); err != nil {
		return err
	}
	return report.outcome(r.Unmet())
}

// revealInput is the tokens of the command line, one a line, or the stream to read.
func revealInput(c *cobra.Command, args []string) (string, io.Reader, error) {
	if len(args) == 0 {
		return "", nil, usage(c, "nothing to reveal: give tokens, or - to read standard input")
	}
	if len(args) == 1 && args[0] == "-" {
		return "", interruptible(c.Context(), os.Stdin), nil
	}
	if _, err := wholeTokens(c, args); err != nil {
		return "", nil, err
	}
	return strings.Join(args, "\n") + "\n", nil, nil
}

// wholeTokens checks that every argument is a token, with or without a kept part, and gives the tokens alone.
func wholeTokens(c *cobra.Command, args []string) ([]string, error) {
	tokens := make([]string, 0, len(args))
	for i, a := range args {
		start, end := token.Next(a, 0)
		if start != 0 || token.Kept(a, end) != len(a) {
			return nil, usage(c, "number %d is no token: tokens look like tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds", i+1)
		}
		tokens = append(tokens, a[:end])
	}
	return tokens, nil
}

// escapes are the ways of --escape.
var escapes = map[string]func(dst, value []byte, object bool) []byte{
	"none": nil,
	"json": func(dst, value []byte, _ bool) []byte { return appendJSON(dst, value) },
	"auto": func(dst, value []byte, object bool) []byte {
		if object {
			return appendJSON(dst, value)
		}
		return append(dst, value...)
	},
}

// appendJSON appends value as it stands inside a JSON string.
func appendJSON(dst, value []byte) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(string(value)); err != nil {
		panic(err) // a string always has a JSON form
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return append(dst, quoted[1:len(quoted)-1]...)
}

// revealed is one token in JSON output.
type revealed struct {
	Token    string     `json:"token"`
	Outcome  string     `json:"outcome"`
	Value    *string    `json:"value,omitempty"`
	Bytes    []byte     `json:"value_base64,omitempty"` // of a value that is not UTF-8
	Class    string     `json:"class,omitempty"`
	Scope    string     `json:"scope,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Sequence uint64     `json:"audit_sequence,omitempty"`
}

func revealJSON(ctx context.Context, r *redeem.Redeemer, text string, stream io.Reader) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	each := func(tok string, a redeem.Answer) error { return enc.Encode(toRevealed(tok, a)) }
	if stream == nil {
		return r.Tokens(ctx, text, each)
	}
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadString('\n')
		if fault := r.Tokens(ctx, line, each); fault != nil {
			return fault
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
	}
}

func toRevealed(tok string, a redeem.Answer) revealed {
	out := revealed{Token: tok, Outcome: a.Reason, Class: a.Class, Scope: a.Scope, Sequence: a.Sequence}
	if !a.Expires.IsZero() {
		out.Expires = &a.Expires
	}
	if a.Value == nil {
		return out
	}
	out.Outcome = "revealed"
	if utf8.Valid(a.Value) {
		value := string(a.Value)
		out.Value = &value
	} else {
		out.Bytes = a.Value
	}
	return out
}

// unmetReport says which tokens stay, the first of them by name.
type unmetReport struct {
	tokens  int
	reasons map[string]int
	order   []string
}

// namedUnmet is how many tokens are named on standard error; a stream may hold any number.
const namedUnmet = 20

func (u *unmetReport) add(tok, reason string) {
	if u.tokens < namedUnmet {
		say("%s stays: %s", tok, reason)
	}
	if u.reasons == nil {
		u.reasons = map[string]int{}
	}
	if u.reasons[reason] == 0 {
		u.order = append(u.order, reason)
	}
	u.reasons[reason]++
	u.tokens++
}

func (u *unmetReport) outcome(places int64) error {
	if u.tokens == 0 {
		return nil
	}
	parts := make([]string, 0, len(u.order))
	for _, reason := range u.order {
		parts = append(parts, fmt.Sprintf("%d %s", u.reasons[reason], reason))
	}
	return unmet("%s in %s not revealed: %s", plural(int64(u.tokens), "token"), plural(places, "place"), strings.Join(parts, ", "))
}
