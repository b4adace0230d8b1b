package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"github.com/cloakroom/cloakroom/builder/demo"
)

// startCollector starts the collector with the quickstart's configuration, which reads its paths and ports from the
// environment. Everything it says goes to collector.log in the data directory.
func startCollector(s settings) (*demo.Process, error) {
	_, metricsPort, err := net.SplitHostPort(s.metrics)
	if err != nil {
		return nil, fmt.Errorf("-metrics %s: %w", s.metrics, err)
	}
	env := []string{
		"CLOAKROOM_DATA=" + s.data, "CLOAKROOM_LOGS=" + s.sample, "CLOAKROOM_GRPC=" + s.grpc,
		"CLOAKROOM_HTTP=" + s.http, "CLOAKROOM_HEALTH=" + s.health, "CLOAKROOM_METRICS_PORT=" + metricsPort,
	}
	return demo.Start("the collector", filepath.Join(s.data, "collector.log"), env, s.collector, "--config", s.config)
}

// healthy waits until the health check says that the collector is ready.
func healthy(ctx context.Context, c *demo.Process, s settings) error {
	return c.Healthy(ctx, "http://"+s.health+"/", s.patience)
}
