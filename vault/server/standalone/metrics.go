package standalone

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/server"
)

// metrics of a vault. No label holds anything a value, a token or a caller's identity could be told from: callers appear
// by the name of the rule they fall under.
type metrics struct {
	registry   *prometheus.Registry
	handshakes *prometheus.CounterVec
	grants     *prometheus.CounterVec
	escrowed   prometheus.Counter
	refused    prometheus.Counter
	commits    *prometheus.HistogramVec
	reveals    *prometheus.CounterVec
	expired    prometheus.Counter
	issued     *prometheus.CounterVec
	limited    *prometheus.CounterVec
	denied     *prometheus.CounterVec
	poisoned   prometheus.Counter
	reloads    *prometheus.CounterVec
}

const namespace = "cloakroom_vault"

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.handshakes = counter("handshakes_failed_total", "Connections turned away before they could speak, by listener.", "listener")
	m.grants = counter("grants_total", "Grant calls, by result.", "result")
	m.escrowed = counter("records_escrowed_total", "Sealed records made durable. A record that was there already counts.").WithLabelValues()
	m.refused = counter("escrows_failed_total", "Escrow calls that the store refused.").WithLabelValues()
	m.reveals = counter("reveals_total", "Tokens somebody asked to reveal, by outcome.", "outcome")
	m.expired = counter("records_expired_total", "Records deleted because their retention was over.").WithLabelValues()
	m.issued = counter("tokens_issued_total", "Tokens the vault minted for agents, by the name of their rule.", "rule")
	m.limited = counter("issue_limited_total", "Values not issued because their agent's rate was used up, by the name of its rule.", "rule")
	m.denied = counter("denied_total", "Calls and records whose caller may not make them, by service.", "service")
	m.poisoned = counter("records_poisoned_total", "Records that did not hold what their token was minted from, found at a reveal.").WithLabelValues()
	m.reloads = counter("reloads_total", "Reloads of the configuration, by result.", "result")
	m.commits = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "escrow_duration_seconds", Help: "Time the store took for one Escrow call.",
		Buckets: []float64{.0003, .001, .003, .01, .03, .1, .3, 1, 3, 10, 30},
	}, nil)
	m.registry.MustRegister(m.commits, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// hooks have the services count.
func (m *metrics) hooks() server.Hooks {
	return server.Hooks{
		Granted: func(_ context.Context, err error) { m.grants.WithLabelValues(result(err)).Inc() },
		Escrowed: func(_ context.Context, records int, took time.Duration, err error) {
			m.commits.WithLabelValues().Observe(took.Seconds())
			if err != nil {
				m.refused.Inc()
				return
			}
			m.escrowed.Add(float64(records))
		},
		Revealed: func(_ context.Context, outcome string, tokens int) {
			m.reveals.WithLabelValues(outcome).Add(float64(tokens))
		},
		Expired:  func(_ context.Context, records int) { m.expired.Add(float64(records)) },
		Issued:   func(_ context.Context, rule string, n int) { m.issued.WithLabelValues(rule).Add(float64(n)) },
		Limited:  func(_ context.Context, rule string, n int) { m.limited.WithLabelValues(rule).Add(float64(n)) },
		Refused:  func(_ context.Context, service string, n int) { m.denied.WithLabelValues(service).Add(float64(n)) },
		Poisoned: func(context.Context, string) { m.poisoned.Inc() },
	}
}

func result(err error) string {
	if err != nil {
		return "failed"
	}
	return "ok"
}

// observe registers the gauges that look into the vault when somebody asks.
func (m *metrics) observe(v *server.Embedded, id *identity.Source) {
	m.registry.MustRegister(&gauges{v, id})
}

type gauges struct {
	vault    *server.Embedded
	identity *identity.Source // nil: no listener needs one
}

var (
	recordsDesc    = prometheus.NewDesc(namespace+"_records", "Records in the store.", nil, nil)
	tombstonesDesc = prometheus.NewDesc(namespace+"_tombstones", "Tombstones in the store, left by erasure until their epochs end.", nil, nil)
	bytesDesc      = prometheus.NewDesc(namespace+"_store_bytes", "Room the store takes.", nil, nil)
	streamsDesc    = prometheus.NewDesc(namespace+"_agents_listening", "Agents that listen for revocations.", nil, nil)
	expiryDesc     = prometheus.NewDesc(namespace+"_certificate_expiry_timestamp_seconds", "When the vault's own certificate expires.", nil, nil)
	auditDesc      = prometheus.NewDesc(namespace+"_audit_entries", "Sequence of the newest entry of the audit log.", nil, nil)
)

// Describe implements prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{recordsDesc, tombstonesDesc, bytesDesc, streamsDesc, expiryDesc, auditDesc} {
		out <- d
	}
}

// Collect implements prometheus.Collector. While the store is away its gauges are missing.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	out <- prometheus.MustNewConstMetric(auditDesc, prometheus.GaugeValue, float64(g.vault.AuditHead().Sequence))
	out <- prometheus.MustNewConstMetric(streamsDesc, prometheus.GaugeValue, float64(g.vault.Core().Streams()))
	if g.identity != nil {
		if self, err := g.identity.Self(); err == nil {
			out <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, float64(self.NotAfter.Unix()))
		}
	}
	st, err := g.vault.Stats(ctx)
	if err != nil {
		return
	}
	out <- prometheus.MustNewConstMetric(recordsDesc, prometheus.GaugeValue, float64(st.Records))
	out <- prometheus.MustNewConstMetric(tombstonesDesc, prometheus.GaugeValue, float64(st.Tombstones))
	out <- prometheus.MustNewConstMetric(bytesDesc, prometheus.GaugeValue, float64(st.Bytes))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
