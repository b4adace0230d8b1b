package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// show is what is shown, and how much of it did not hold.
type show struct {
	house  *house
	out    *demo.Screen
	faults int

	customer, card string // tokens
}

// expect says that something holds, or remembers that it does not.
func (s *show) expect(holds bool, format string, args ...any) {
	if holds {
		s.out.Done(format, args...)
		return
	}
	s.faults++
	s.out.Bad("NOT SO  "+format, args...)
}

var (
	emailToken = regexp.MustCompile(`tkt_email_[a-z]{5}_[a-z]{33}`)
	cardToken  = regexp.MustCompile(`tkt_card_[a-z]{5}_[a-z]{33}`)
)

// trace sends three parts of one trace to three agents and shows what arrived.
func (s *show) trace(ctx context.Context) error {
	s.out.Heading("One trace, three agents, one token")
	r := newRequest(time.Now())
	for _, name := range agents {
		if err := send(ctx, s.house.agents[name].grpc, r.parts[name]); err != nil {
			return s.house.agents[name].Explain(err)
		}
	}
	spans, err := s.arrived(ctx, r.id, len(agents))
	if err != nil {
		return err
	}
	tokens, joined := map[string]bool{}, true
	for n, p := range spans {
		indent := strings.Repeat("   ", n)
		s.out.Line("%s%s  %s", indent, s.out.Paint(demo.Cyan, p.service), p.span.Name())
		for key, value := range p.span.Attributes().All() {
			text := value.AsString()
			s.out.Line("%s   %-14s  %s", indent, key, emailToken.ReplaceAllStringFunc(text, func(t string) string { return s.out.Paint(demo.Green, t) }))
			for _, t := range emailToken.FindAllString(text, -1) {
				tokens[t], s.customer = true, t
			}
			if t := cardToken.FindString(text); t != "" {
				s.card = t
			}
		}
		joined = joined && (n == 0) == p.span.ParentSpanID().IsEmpty() && (n == 0 || p.span.ParentSpanID() == spans[n-1].span.SpanID())
	}
	s.expect(joined, "trace %s is whole: parents and children as they were sent", r.id)
	s.expect(len(tokens) == 1, "four mentions in three spellings by three agents: %s for the customer", demo.Count(len(tokens), "token"))
	s.expect(s.card != "", "the card was minted by the vault: no agent holds a key that guesses cards")
	return nil
}

// arrived waits until the backend has so many spans of a trace.
func (s *show) arrived(ctx context.Context, id [16]byte, n int) ([]part, error) {
	var spans []part
	err := s.house.vault.Poll(ctx, s.house.settings.patience, "not every span arrived at the backend", func() (bool, error) {
		spans = s.house.backend.spans(id)
		return len(spans) >= n, nil
	})
	if err != nil {
		return nil, err
	}
	ordered := make([]part, 0, len(spans))
	for _, name := range agents {
		for _, p := range spans {
			if p.service == name {
				ordered = append(ordered, p)
			}
		}
	}
	return ordered, nil
}

// reveal has the help desk, over the network and with its own certificate, ask what stands behind the tokens.
func (s *show) reveal(ctx context.Context) error {
	s.out.Heading("The help desk reveals what it may, with a purpose and on record")
	answer, _ := s.cli(ctx, "reveal", s.remote("helpdesk", s.customer)...)
	s.expect(strings.Contains(answer, customer), "the customer's token: the help desk may see addresses")
	answer, err := s.cli(ctx, "reveal", s.remote("helpdesk", s.card)...)
	s.expect(err != nil && !strings.Contains(answer, "4111"), "the card's token: the help desk may not see cards")
	answer, err = s.cli(ctx, "vault", "audit", "verify", "--vault", s.house.path("vault"))
	s.expect(err == nil, "the audit log is whole: %s", strings.SplitN(strings.TrimSpace(answer), "\n", 2)[0])
	return nil
}

// remote are the arguments of a reveal over the network.
func (s *show) remote(who, token string) []string {
	h := s.house
	return []string{
		"--endpoint", h.reveal, "--server-name", "vault", "--ca", h.path("certs", "ca.crt"),
		"--cert", h.path("certs", who+".crt"), "--key", h.path("certs", who+".key"), "--purpose", "INC-7 checkout of a customer fails", token,
	}
}

// cli runs the command line tool and returns what it printed.
func (s *show) cli(ctx context.Context, command string, args ...string) (string, error) {
	var shown []string
	for _, a := range args {
		if strings.ContainsAny(a, " ") {
			a = "'" + a + "'"
		}
		shown = append(shown, strings.ReplaceAll(a, s.house.settings.data, "data/fleet"))
	}
	s.out.Line("%s", s.out.Paint(demo.Dim, "$ cloakroom "+command+" "+strings.Join(shown, " ")))
	cmd := exec.CommandContext(ctx, s.house.settings.cli, append([]string{command}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		s.out.Line("  %s", line)
	}
	return out.String(), err
}

// outage takes the vault away: telemetry goes on, and what was minted meanwhile can be revealed afterwards.
func (s *show) outage(ctx context.Context) error {
	h := s.house
	s.out.Heading("The vault goes away, and comes back")
	if err := h.vault.Stop(); err != nil {
		return err
	}
	s.out.Line("the vault is stopped")
	td := ptrace.NewTraces()
	r := newRequest(time.Now())
	r.parts["storefront"].CopyTo(td)
	attributes := td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Attributes()
	attributes.PutStr("user.email", "carla.outage@example.com")
	if err := send(ctx, h.agents["storefront"].grpc, td); err != nil {
		return h.agents["storefront"].Explain(err)
	}
	var spans []part
	err := h.agents["storefront"].Poll(ctx, h.settings.patience, "the span did not arrive", func() (bool, error) {
		spans = h.backend.spans(r.id)
		return len(spans) > 0, nil
	})
	if err != nil {
		return err
	}
	value, _ := spans[0].span.Attributes().Get("user.email")
	s.expect(emailToken.MatchString(value.AsString()), "a new customer's span went through all the same: %s", value.AsString())
	if err := s.out.Wait("starting the vault again", "the vault is back", func() error { return h.startVault(ctx) }); err != nil {
		return err
	}
	revealed := func() (bool, error) {
		cmd := exec.CommandContext(ctx, h.settings.cli, append([]string{"reveal"}, s.remote("helpdesk", value.AsString())...)...)
		out, err := cmd.Output()
		return err == nil && bytes.Contains(out, []byte("carla.outage@example.com")), nil
	}
	err = s.out.Wait("waiting for the spool to be shipped", "the agent shipped its spool by itself", func() error {
		return h.vault.Poll(ctx, h.settings.patience, "the token of the outage is not revealed", revealed)
	})
	if err != nil {
		return err
	}
	s.expect(true, "the token of the outage is revealed: nothing was lost")
	return nil
}

func (s *show) describe(err error) string {
	if err == nil {
		return s.out.Paint(demo.Green, "yes")
	}
	text := strings.SplitN(err.Error(), "\n", 2)[0]
	if len(text) > 90 {
		text = text[:90] + "..."
	}
	return fmt.Sprintf("%s  %s", s.out.Paint(demo.Yellow, "no"), s.out.Paint(demo.Dim, text))
}
