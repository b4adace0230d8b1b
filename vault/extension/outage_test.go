package extension

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/cloakroom/cloakroom/vault/escrow/spool"
)

type statusHost struct {
	component.Host
	last componentstatus.Status
	n    int
}

func (h *statusHost) Report(e *componentstatus.Event) { h.last, h.n = e.Status(), h.n+1 }

// TestOutage: one line when it begins, one when it ends, and a status that tells the truth in between.
func TestOutage(t *testing.T) {
	const begins, ends = "token_vault: the vault cannot be reached, or refuses", "token_vault: the vault answers again"
	const well, ill = componentstatus.StatusOK, componentstatus.StatusRecoverableError
	refused, full := errors.New("connection refused"), errors.New("no space")
	for _, c := range []struct {
		name    string
		waiting bool
		do      func(*outage)
		status  componentstatus.Status
		events  int
		said    []string
		shipped int64
	}{
		{"a grant that fails", false, func(o *outage) { o.issuerSays(refused) }, ill, 1, []string{begins}, 0},
		{"and is had", false, func(o *outage) { o.issuerSays(refused); o.issuerSays(nil) }, well, 2, []string{begins, ends}, 0},
		{"one call of the spool that fails", true, func(o *outage) { o.retried(refused); o.shipped(1); o.drained() }, componentstatus.StatusNone, 0, nil, 0},
		{"the spool's breaker opens", true, func(o *outage) { o.retried(refused); o.breaker("open") }, ill, 1, []string{begins}, 0},
		{"and is half open", true, func(o *outage) { o.breaker("open"); o.breaker("half-open"); o.breaker("open") }, ill, 1, []string{begins}, 0},
		{"and closes", true, func(o *outage) { o.breaker("open"); o.breaker("half-open"); o.breaker("closed") }, well, 2, []string{begins}, 0},
		{"and all is shipped", true, func(o *outage) {
			o.shipped(100)
			o.breaker("open")
			o.breaker("closed")
			o.shipped(2)
			o.shipped(3)
			o.drained()
			o.shipped(1)
			o.drained()
		}, well, 2, []string{begins, ends}, 5},
		{"both notice, and the issuer first that it is over", true, func(o *outage) {
			o.issuerSays(refused)
			o.breaker("open")
			o.issuerSays(nil)
			o.drained()
			o.breaker("closed")
			o.drained()
		}, well, 2, []string{begins, ends}, 0},
		{"both notice, and the issuer has nothing to ask afterwards", true, func(o *outage) {
			o.issuerSays(refused)
			o.breaker("open")
			o.breaker("closed")
			o.drained()
		}, well, 2, []string{begins, ends}, 0},
		{"it goes away again before all is shipped", true, func(o *outage) {
			o.issuerSays(refused)
			o.issuerSays(nil)
			o.breaker("open")
			o.breaker("closed")
			o.drained()
		}, well, 4, []string{begins, ends}, 0},
		{"another reason", false, func(o *outage) { o.issuerSays(refused); o.issuerSays(full) }, ill, 1, []string{begins}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			core, logs := observer.New(zap.DebugLevel)
			h := &statusHost{Host: componenttest.NewNopHost()}
			v := &Vault{log: zap.New(core, zap.AddStacktrace(zap.ErrorLevel)), cfg: &Config{Endpoint: "vault:7443"}}
			o := v.newOutage(h)
			o.waiting = func() bool { return c.waiting }
			c.do(o)
			require.Equal(t, c.status, h.last)
			require.Equal(t, c.events, h.n)
			var said []string
			for _, l := range logs.All() {
				said = append(said, l.Message)
				require.Equal(t, "vault:7443", l.ContextMap()["endpoint"])
				require.Empty(t, l.Stack)
				if l.Message == ends {
					require.Equal(t, c.shipped, l.ContextMap()["records_shipped"])
				}
			}
			require.Equal(t, c.said, said)
		})
	}
}

func TestBreakerOpen(t *testing.T) {
	for _, c := range []struct {
		state string
		want  int64
	}{{"closed", 0}, {"open", 1}, {"half-open", 1}} {
		t.Run(c.state, func(t *testing.T) { require.Equal(t, c.want, breakerOpen(spool.Stats{Breaker: c.state})) })
	}
}
