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
)

// shown are the lines that are printed before and after: one of each shape. The places are those of the sample.
var shown = []struct{ title, place string }{
	{"SQL in a span attribute (db.query.text)", "span 5a00c3e19b7d09bf db.query.text"},
	{"Envoy access log through Istio (log body)", "log 5a00c3e19b7d01f3 access"},
	{"JSON inside JSON (log file)", "file storefront.json.log 3"},
	{"logfmt (log file)", "file payment.logfmt.log 3"},
	{"plain text with a stack trace (log file)", "file email.log 3"},
	{"gRPC status message (span status)", "span 5a00c3e19b7d3c6d status"},
}

// The customer that is followed: her address in three signals of one trace.
var followed = []struct{ signal, place string }{
	{"span, user.email", "span 5a00c3e19b7d03e6 user.email"},
	{"log, customer.email", "file storefront.json.log 1 customer email"},
	{"exemplar, user.email", "metric http.server.request.duration 0 exemplar 0 user.email"},
}

// purpose goes into the audit log with the reveal.
const purpose = "quickstart: a customer asks about her order"

// show prints what became of the sample.
func show(ctx context.Context, s settings, sent *sample, got *output, out *screen) error {
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
	out.heading("Where it is")
	for _, what := range []struct{ name, path string }{
		{"tokenized telemetry", filepath.Join(s.data, "out", "{traces,metrics,logs}.jsonl")},
		{"vault", vault(s)},
		{"collector's log", filepath.Join(s.data, "collector.log")},
	} {
		out.line("%-20s %s", what.name, what.path)
	}
	out.line("%-20s OTLP/gRPC %s, OTLP/HTTP %s, health http://%s, metrics http://%s/metrics", "listening", s.grpc, s.http, s.health, s.metrics)
	return nil
}

func showLines(before, after places, canaries []canary, out *screen) error {
	out.heading("Before and after")
	var missing []error
	for _, line := range shown {
		was, sent := before.find(line.place)
		is, came := after.find(line.place)
		if !sent || !came {
			missing = append(missing, fmt.Errorf("%s: sent %t, came out %t", line.place, sent, came))
			continue
		}
		out.line("%s", out.paint(cyan, line.title))
		out.print(out.paint(red, "    - ") + out.excerpt(was.value, func(s string) (int, int) { return nextCanary(s, canaries) }, yellow))
		out.print(out.paint(green, "    + ") + out.excerpt(is.value, func(s string) (int, int) { return token.Next(s, 0) }, green))
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

// excerpt paints what next finds and shortens what stands between, so that a long line is taken in at a glance.
func (s *screen) excerpt(line string, next func(string) (start, end int), color string) string {
	const keep = 34 // bytes of other text beside a value
	var b strings.Builder
	first := true
	for {
		start, end := next(line)
		if start < 0 {
			b.WriteString(shorten(line, keep, 0))
			return strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", " ").Replace(strings.TrimRight(b.String(), "\n"))
		}
		before := keep
		if first {
			before = keep / 2
		}
		b.WriteString(shorten(line[:start], before, keep))
		b.WriteString(s.paint(color, line[start:end]))
		line, first = line[end:], false
	}
}

// shorten keeps the first and the last bytes of s, at rune boundaries.
func shorten(s string, head, tail int) string {
	if len(s) <= head+tail+5 {
		return s
	}
	h, t := head, len(s)-tail
	for h > 0 && s[h]&0xc0 == 0x80 {
		h--
	}
	for t < len(s) && s[t]&0xc0 == 0x80 {
		t++
	}
	return s[:h] + " ... " + s[t:]
}

// showCustomer shows one customer's token in three signals of one trace, and returns it.
func showCustomer(after places, out *screen) (string, error) {
	out.heading("One customer across signals")
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
		}
		if t.value != tok || t.trace != trace {
			return "", fmt.Errorf("the token at %q differs, or its trace does: %s in %s, not %s in %s", at.place, t.value, t.trace, tok, trace)
		}
		out.line("%-22s trace %s  %s", at.signal, t.trace, out.paint(green, t.value))
	}
	return tok, nil
}

// showReveal redeems the token as an operator would, and shows the audit record that this left.
func showReveal(ctx context.Context, s settings, tok string, out *screen) error {
	out.heading("Revealing it, for a purpose")
	if err := runCLI(ctx, s, out, 20, "reveal", "--purpose", purpose, tok); err != nil {
		return err
	}
	out.heading("The audit record it left")
	return runCLI(ctx, s, out, 6, "vault", "audit", "show")
}

// runCLI runs the command line tool beside the collector and prints its command and the last lines of its output.
func runCLI(ctx context.Context, s settings, out *screen, lines int, args ...string) error {
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
	out.line("%s", out.paint(dim, prompt+s.cli+" "+strings.Join(shell, " ")))
	answer, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", s.cli, args[0], err, strings.TrimSpace(string(answer)))
	}
	said := strings.Split(strings.TrimRight(string(answer), "\n"), "\n")
	for _, l := range said[max(0, len(said)-lines):] {
		out.line("%s", l)
	}
	return nil
}
