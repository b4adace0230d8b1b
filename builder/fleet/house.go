package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cloakroom/cloakroom/builder/demo"
	"github.com/cloakroom/cloakroom/builder/postgres"
	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

// agents are the three collectors, by the service beside which each stands.
var agents = []string{"storefront", "payments", "support"}

// rules is what each agent may mint, and how much of what can be guessed: only payments in the scope of that name.
const rules = `
agents:
  - {name: storefront, id: storefront, classes: ["*"], scopes: [default], issue: {per_second: 100, burst: 2000}}
  - {name: payments, id: payments, classes: ["*"], scopes: [default, payments], issue: {per_second: 100, burst: 2000}}
  - {name: support, id: support, classes: ["*"], scopes: [default], issue: {per_second: 10, burst: 200}}
revealers:
  - {name: help desk, id: helpdesk, classes: [email, phone], scopes: [default]}
`

// house is everything that runs: a database, a vault on it, three collectors, and a backend for what they send.
type house struct {
	settings settings
	database *postgres.Server
	backend  *backend
	vault    *demo.Process
	agents   map[string]*agent

	issuer, reveal, telemetry string // addresses of the vault
}

type agent struct {
	*demo.Process
	grpc, health string // addresses
	dir          string // its data
}

func (h *house) path(parts ...string) string {
	return filepath.Join(append([]string{h.settings.data}, parts...)...)
}

// build makes folders, certificates and configuration. What an earlier run left is removed: it was a demonstration's.
func (h *house) build() error {
	for _, part := range []string{"certs", "foreign", "vault", "logs", "agents"} {
		if err := os.RemoveAll(h.path(part)); err != nil {
			return err
		}
		if err := os.MkdirAll(h.path(part), 0o700); err != nil {
			return err
		}
	}
	ports, err := demo.FreeAddresses(3)
	if err != nil {
		return err
	}
	h.issuer, h.reveal, h.telemetry = ports[0], ports[1], ports[2]
	return errors.Join(
		sign(h.path("certs"), append([]string{"vault", "helpdesk"}, agents...)),
		sign(h.path("foreign"), []string{"storefront"}),
	)
}

// sign makes an authority and certificates of it.
func sign(dir string, names []string) error {
	ca, err := authority.New("fleet demonstration")
	if err != nil {
		return err
	}
	if err := ca.WriteCA(dir); err != nil {
		return err
	}
	for _, name := range names {
		pair, err := ca.Sign(authority.Request{Name: name, Hosts: []string{name, "127.0.0.1"}, NotAfter: time.Now().Add(24 * time.Hour)})
		if err != nil {
			return err
		}
		if err := pair.Write(dir, name); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) startDatabase(ctx context.Context) (err error) {
	log, err := os.OpenFile(h.path("logs", "postgres.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	h.database, err = postgres.Start(ctx, postgres.Options{Cache: h.settings.cache, Log: log})
	return err
}

// configure writes the vault's configuration and makes its keys.
func (h *house) configure() error {
	text := fmt.Sprintf(`directory: .
store: {postgres: {url: "%s"}}
tls: {cert_file: ../certs/vault.crt, key_file: ../certs/vault.key, ca_file: ../certs/ca.crt}
issuer: {listen: "%s"}
reveal: {listen: "%s"}
telemetry: {listen: "%s"}
log: {format: console}
%s`, h.database.URL(), h.issuer, h.reveal, h.telemetry, strings.TrimLeft(rules, "\n"))
	if err := os.WriteFile(h.path("vault", "vault.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	_, err := standalone.Init(standalone.InitOptions{Directory: h.path("vault")})
	return err
}

func (h *house) startVault(ctx context.Context) (err error) {
	h.vault, err = demo.Start("the vault", h.path("logs", "vault.log"), nil, h.settings.cli, "vault", "serve", "--config", h.path("vault", "vault.yaml"))
	if err != nil {
		return err
	}
	return h.vault.Healthy(ctx, "http://"+h.telemetry+"/readyz", h.settings.patience)
}

// startAgents starts the collectors with config/agent.yaml, each with a certificate of its own.
func (h *house) startAgents(ctx context.Context) error {
	h.agents = map[string]*agent{}
	for _, name := range agents {
		ports, err := demo.FreeAddresses(4)
		if err != nil {
			return err
		}
		dir := h.path("agents", name)
		certs := filepath.Join(dir, "certs")
		if err := os.MkdirAll(certs, 0o700); err != nil {
			return err
		}
		for from, to := range map[string]string{name + ".crt": "agent.crt", name + ".key": "agent.key", "ca.crt": "ca.crt"} {
			content, err := os.ReadFile(h.path("certs", from))
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(certs, to), content, 0o600); err != nil {
				return err
			}
		}
		_, metricsPort, _ := net.SplitHostPort(ports[3])
		env := []string{
			"CLOAKROOM_VAULT_ENDPOINT=" + h.issuer, "CLOAKROOM_VAULT_NAME=vault", "CLOAKROOM_CERTS=" + certs,
			"CLOAKROOM_BACKEND=" + h.backend.addr, "CLOAKROOM_BACKEND_PLAIN=true", "CLOAKROOM_DATA=" + dir,
			"CLOAKROOM_GRPC=" + ports[0], "CLOAKROOM_HTTP=" + ports[1], "CLOAKROOM_HEALTH=" + ports[2], "CLOAKROOM_METRICS_PORT=" + metricsPort,
		}
		p, err := demo.Start("the collector of "+name, h.path("logs", name+".log"), env, h.settings.collector, "--config", h.settings.config)
		if err != nil {
			return err
		}
		h.agents[name] = &agent{Process: p, grpc: ports[0], health: ports[2], dir: dir}
	}
	for _, name := range agents {
		if err := h.agents[name].Healthy(ctx, "http://"+h.agents[name].health+"/", h.settings.patience); err != nil {
			return err
		}
	}
	return nil
}

// stop ends everything that runs, senders first.
func (h *house) stop() error {
	var faults []error
	for _, name := range agents {
		if a := h.agents[name]; a != nil {
			faults = append(faults, a.Stop())
		}
	}
	if h.vault != nil {
		faults = append(faults, h.vault.Stop())
	}
	if h.backend != nil {
		h.backend.stop()
	}
	if h.database != nil {
		faults = append(faults, h.database.Stop())
	}
	return errors.Join(faults...)
}
