package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cloakroom/cloakroom/builder/broker"
	"github.com/cloakroom/cloakroom/builder/demo"
)

const group = "cloakroom"

// house is everything that runs: a broker and a collector.
type house struct {
	settings  settings
	alone     *os.File // locked while the directory is this house's
	log       *os.File // the broker's
	broker    *broker.Server
	collector *demo.Process
	metrics   string // URL of the collector's
}

func (h *house) path(parts ...string) string {
	return filepath.Join(append([]string{h.settings.data}, parts...)...)
}

// claim takes the directory for this house, until it stops or is killed: what a running one has there must not be removed.
func (h *house) claim() (err error) {
	if err := os.MkdirAll(h.settings.data, 0o700); err != nil {
		return err
	}
	if h.alone, err = os.OpenFile(h.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	err = syscall.Flock(int(h.alone.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s is in use by another `make kafka`: stop that one first, or give this one a directory of its own: "+
			"bin/kafka -data DIR", h.settings.data)
	}
	return err
}

// startBroker makes the folders and starts the broker. What an earlier run left is removed: it was a demonstration's.
func (h *house) startBroker(ctx context.Context) (err error) {
	for _, part := range []string{"broker", "vault", "logs"} {
		if err := os.RemoveAll(h.path(part)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(h.path("logs"), 0o700); err != nil {
		return err
	}
	if h.log, err = os.OpenFile(h.path("logs", "broker.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	h.broker, err = broker.Start(ctx, broker.Options{
		Dir: h.path("broker"), Cache: h.settings.cache, Log: h.log, Settings: []string{"auto.create.topics.enable=false"},
	})
	return err
}

func (h *house) startCollector(ctx context.Context) error {
	addrs, err := demo.FreeAddresses(2)
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(addrs[1])
	h.metrics = "http://" + addrs[1] + "/metrics"
	env := []string{
		"CLOAKROOM_KAFKA=" + h.broker.Address(), "CLOAKROOM_TOPICS=shop\\..*raw", "CLOAKROOM_GROUP=" + group,
		"CLOAKROOM_DATA=" + h.settings.data, "CLOAKROOM_HEALTH=" + addrs[0], "CLOAKROOM_METRICS_PORT=" + port,
	}
	h.collector, err = demo.Start("the collector", h.path("logs", "collector.log"), env, h.settings.collector, "--config", h.settings.config)
	if err != nil {
		return err
	}
	return h.collector.Healthy(ctx, "http://"+addrs[0]+"/", h.settings.patience)
}

// stop ends everything that runs, the collector first.
func (h *house) stop() error {
	var faults []error
	if h.collector != nil {
		faults = append(faults, h.collector.Stop())
	}
	if h.broker != nil {
		faults = append(faults, h.broker.Stop())
	}
	if h.log != nil {
		faults = append(faults, h.log.Close())
	}
	if h.alone != nil {
		faults = append(faults, h.alone.Close()) // which unlocks it
	}
	return errors.Join(faults...)
}
