package kafkastream

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/cloakroom/cloakroom/receiver/kafkastream/internal/metadata"
)

// NewFactory returns the factory of the receiver `kafka_stream`.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, defaultConfig,
		receiver.WithLogs(createLogs, metadata.LogsStability),
		receiver.WithTraces(createTraces, metadata.TracesStability),
		receiver.WithMetrics(createMetrics, metadata.MetricsStability),
	)
}

func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return members.join(set, cfg.(*Config), func(m *member) { m.sinks.logs = next })
}

func createTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	return members.join(set, cfg.(*Config), func(m *member) { m.sinks.traces = next })
}

func createMetrics(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Metrics) (receiver.Metrics, error) {
	return members.join(set, cfg.(*Config), func(m *member) { m.sinks.metrics = next })
}

// shared has one member of the group for each configured component. The Collector creates a component once for each signal, all with
// the same configuration.
type shared struct {
	mu       sync.Mutex
	byConfig map[*Config]*member
}

var members = shared{byConfig: map[*Config]*member{}}

func (s *shared) join(set receiver.Settings, cfg *Config, connect func(*member)) (*member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.byConfig[cfg]
	if m == nil {
		var err error
		if m, err = newMember(set, cfg, func() { s.leave(cfg) }); err != nil {
			return nil, err
		}
		s.byConfig[cfg] = m
	}
	connect(m)
	return m, nil
}

func (s *shared) leave(cfg *Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byConfig, cfg)
}
