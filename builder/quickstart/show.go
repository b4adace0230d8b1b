package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cloakroom/cloakroom/vault/token"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// shown are the lines that are printed before and after: one of each shape. The places are those of the sample.
var shown = []struct{ title, origin, place string }{
	{"e-mail address in plain text", "log file", "file email.log 1"},
	{"card number in logfmt", "log file", "file payment.logfmt.log 1"},
	{"IBAN in a gRPC error", "span status", "span 5a00c3e19b7d3c6d status"},
	{"SQL statement", "span attribute db.query.text", "span 5a00c3e19b7d09bf db.query.text"},
	{"Envoy access log", "log body, from Istio", "log 5a00c3e19b7d01f3 access"},
	{"JSON escaped inside JSON", "log file", "file storefront.json.log 3"},
	{"stack trace", "log file", "file email.log 3"},
}

// The customer that is followed: her address in three signals of one trace.
var followed = []struct{ signal, place string }{
	{"span      user.email", "span 5a00c3e19b7d03e6 user.email"},
	{"log       customer.email", "file storefront.json.log 1 customer email"},
	{"exemplar  user.email", "metric http.server.request.duration 0 exemplar 0 user.email"},
}

// purpose goes into the audit log with the reveal.
const purpose = "customer asks about order"

// show prints what became of the sample.
func show(ctx context.Context, s settings, sent *sample, got *output, out *demo.Screen) error {
	before, after := placesOfSample(sent), placesOfOutput(got)
	if err := showLines(before, after, sent.canaries, out); err != nil {
		return err
	}
	if err := showCounts(ctx, s, out); err != nil {
		return err
	}
	tok, err := showCustomer(after, out)
	if err != nil {
		return err
	}
	if err := showReveal(ctx, s, tok, out); err != nil {
		return err
	}
	out.Heading("Where it is")
	for _, what := range []struct{ name, path string }{
		{"tokenized telemetry", filepath.Join(s.data, "out", "{traces,metrics,logs}.jsonl")},
		{"vault", vault(s)},
		{"collector's log", filepath.Join(s.data, "collector.log")},
	} {
		out.Line("%-20s %s", what.name, what.path)
	}
	out.Line("%-20s OTLP/gRPC %s, OTLP/HTTP %s", "listening", s.grpc, s.http)
	out.Line("%-20s health http://%s, metrics http://%s/metrics", "", s.health, s.metrics)
	return nil
}

func showLines(before, after places, canaries []canary, out *demo.Screen) error {
	out.Heading("Before and after")
	var missing []error
	for _, line := range shown {
		was, sent := before.find(line.place)
		is, came := after.find(line.place)
		if !sent || !came {
			missing = append(missing, fmt.Errorf("%s: sent %t, came out %t", line.place, sent, came))
			continue
		}
		a, b := compare(was.value, is.value, canaries)
		a, b = window(a, b, out.Width()-len("    - "))
		out.Line("%s", out.Paint(demo.Cyan, line.title)+out.Paint(demo.Dim, " ("+line.origin+")"))
		out.Print("    " + out.Paint(demo.Red, "-") + " " + painted(out, a, demo.Yellow))
		out.Print("    " + out.Paint(demo.Green, "+") + " " + painted(out, b, demo.Green))
	}
	return errors.Join(missing...)
}

// find looks a place up; "log SPAN access" is the one log of that span, whatever its time.
func (p places) find(place string) (text, bool) {
	prefix, ok := strings.CutSuffix(place, " access")
	if !ok {
		t, found := p[place]
		return t, found
	}
	for name, t := range p {
		if strings.HasPrefix(name, prefix+" ") && strings.Count(name, " ") == 2 {
			return t, true
		}
	}
	return text{}, false
}

// nextCanary finds the first personal value in s, the longest of those that begin there.
func nextCanary(s string, canaries []canary) (start, end int) {
	start, end = -1, -1
	for _, c := range canaries {
		if at := strings.Index(s, c.value); at >= 0 && (start < 0 || at < start || at == start && at+len(c.value) > end) {
			start, end = at, at+len(c.value)
		}
	}
	return start, end
}

// showCustomer shows one customer's token in three signals of one trace, and returns it.
func showCustomer(after places, out *demo.Screen) (string, error) {
	out.Heading("One customer across signals")
	var tok, trace string
	for _, at := range followed {
		t, ok := after[at.place]
		if !ok {
			return "", fmt.Errorf("nothing came out at %q", at.place)
		}
		if _, err := token.Parse(t.value); err != nil {
			return "", fmt.Errorf("what came out at %q is no token: %w", at.place, err)
		}
		if tok == "" {
			tok, trace = t.value, t.trace
			out.Line("trace %s", trace)
		}
		if t.value != tok || t.trace != trace {
			return "", fmt.Errorf("the token at %q differs, or its trace does: %s in %s, not %s in %s", at.place, t.value, t.trace, tok, trace)
		}
		out.Line("  %-24s  %s", at.signal, out.Paint(demo.Green, t.value))
	}
	return tok, nil
}

// showReveal redeems the token as an operator would, and shows the audit record that this left.
func showReveal(ctx context.Context, s settings, tok string, out *demo.Screen) error {
	out.Heading("Revealing it, for a purpose")
	if err := runCLI(ctx, s, out, "reveal", "--purpose", purpose, tok); err != nil {
		return err
	}
	out.Heading("The audit record it left")
	return runCLI(ctx, s, out, "vault", "audit", "show", "--token", tok, "--last", "1")
}

// runCLI runs the command line tool beside the collector and prints its command and its output.
func runCLI(ctx context.Context, s settings, out *demo.Screen, args ...string) error {
	cmd := exec.CommandContext(ctx, s.cli, args...)
	cmd.Env = append(os.Environ(), "CLOAKROOM_VAULT="+vault(s))
	var shell []string
	for _, a := range args {
		if strings.Contains(a, " ") {
			a = "'" + a + "'"
		}
		shell = append(shell, a)
	}
	prompt := "$ "
	if s.data != defaultData { // where the tool would not look by itself
		prompt += "CLOAKROOM_VAULT=" + vault(s) + " "
	}
	out.Line("%s", out.Paint(demo.Dim, prompt+s.cli+" "+strings.Join(shell, " ")))
	answer, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", s.cli, args[0], err, strings.TrimSpace(string(answer)))
	}
	for l := range strings.Lines(string(answer)) {
		out.Folded(strings.TrimRight(l, "\n"))
	}
	return nil
}
