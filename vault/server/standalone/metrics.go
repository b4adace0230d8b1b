package standalone

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/cloakroom/cloakroom/vault/server"
)

// metrics of a vault. No label holds a value, a token or an identity: agents are told apart by their rule's name.
type metrics struct {
	registry  *prometheus.Registry
	grants    *prometheus.CounterVec
	issued    *prometheus.CounterVec
	throttled *prometheus.CounterVec
	refused   *prometheus.CounterVec
	revealed  *prometheus.CounterVec
	escrowed  *prometheus.CounterVec
	poisoned  prometheus.Counter
	expired   prometheus.Counter
	storing   prometheus.Histogram
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "cloakroom", Subsystem: "vault", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.grants = counter("grants_total", "Grant calls, by the code of the answer.", "code")
	m.issued = counter("issued_values_total", "Values minted by the vault, by the code of the answer.", "code")
	m.throttled = counter("throttled_values_total", "Values not minted because a caller's rate was used up, by rule.", "rule")
	m.refused = counter("refused_total", "What callers were refused for lack of rights, by call.", "call")
	m.revealed = counter("reveals_total", "Tokens asked for, by outcome.", "outcome")
	m.escrowed = counter("escrowed_records_total", "Records handed in, by the code of the answer.", "code")
	m.poisoned = counter("poisoned_records_total", "Records that did not hold what their token was minted from.").WithLabelValues()
	m.expired = counter("expired_records_total", "Records deleted after their retention.").WithLabelValues()
	m.storing = prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: "cloakroom", Subsystem: "vault", Name: "store_put_seconds", Help: "How long the store took for an Escrow or Issue call.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	})
	m.registry.MustRegister(m.storing, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	return connect.CodeOf(err).String()
}

func (m *metrics) hooks() server.Hooks {
	return server.Hooks{
		Granted: func(_ context.Context, err error) { m.grants.WithLabelValues(code(err)).Inc() },
		Issued:  func(_ context.Context, n int, err error) { m.issued.WithLabelValues(code(err)).Add(float64(n)) },
		Throttled: func(_ context.Context, rule string, n int) {
			m.throttled.WithLabelValues(rule).Add(float64(n))
		},
		Refused:  func(_ context.Context, what string, n int) { m.refused.WithLabelValues(what).Add(float64(n)) },
		Revealed: func(_ context.Context, outcome string, n int) { m.revealed.WithLabelValues(outcome).Add(float64(n)) },
		Poisoned: func(context.Context) { m.poisoned.Inc() },
		Expired:  func(_ context.Context, n int) { m.expired.Add(float64(n)) },
		Escrowed: func(_ context.Context, n int, took time.Duration, err error) {
			m.escrowed.WithLabelValues(code(err)).Add(float64(n))
			m.storing.Observe(took.Seconds())
		},
	}
}

// observe adds what is asked of the vault itself.
func (m *metrics) observe(v *server.Embedded) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "cloakroom", Subsystem: "vault", Name: "revocation_streams", Help: "Agents that listen for revocations now.",
	}, func() float64 { return float64(v.Streams()) }))
}
