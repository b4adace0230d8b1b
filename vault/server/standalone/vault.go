// Package standalone is the vault as a process of its own, for a fleet of agents: what [server.Embedded] is, with an issuer
// and a reveal listener over mutual TLS, metrics and health. [Open] it with a [Config]; [Vault.Reload] puts another one
// in force as far as that needs no restart.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
)

// Vault is a running vault. Safe for concurrent use.
type Vault struct {
	config atomic.Pointer[Config]
	log    *zap.Logger
	source *identity.Source
	vault  *server.Embedded
	ready  atomic.Bool

	servers map[string]*http.Server
	addrs   map[string]net.Addr
	done    sync.WaitGroup
	failed  chan error
}

// Open opens the vault's directory, creating it at the first start, and listens. Close it.
func Open(ctx context.Context, c *Config, log *zap.Logger) (*Vault, error) {
	v := &Vault{log: log, servers: map[string]*http.Server{}, addrs: map[string]net.Addr{}, failed: make(chan error, 3)}
	v.config.Store(c)
	if err := v.open(ctx, c); err != nil {
		return nil, errors.Join(err, v.Close(ctx))
	}
	v.ready.Store(true)
	return v, nil
}

func (v *Vault) open(ctx context.Context, c *Config) (err error) {
	if v.source, err = source(ctx, c.Identity, v.log); err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	m := newMetrics()
	settings := server.Settings{
		Directory: c.Directory, Epoch: time.Duration(c.Epoch), Retention: time.Duration(c.Retention), Scope: v.lifeOf,
		Rules: c.rules(), GrantLife: time.Duration(c.GrantLife), Listen: true, Logger: v.log, Hooks: m.hooks(),
	}
	if p := c.Store.Pebble; p != nil {
		settings.Store = pebble.Options{MinFree: p.MinFreeMiB << 20}
	}
	if v.vault, err = server.Open(settings); err != nil {
		return err
	}
	m.observe(v.vault)
	if err := v.listen("issuer", c.Issuer, v.vault.IssuerHandler(), true); err != nil {
		return err
	}
	if c.Reveal.Listen != "" {
		if err := v.listen("reveal", c.Reveal, v.vault.RevealHandler(), true); err != nil {
			return err
		}
	}
	if c.Telemetry.Listen == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("/livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", v.readyz)
	return v.listen("telemetry", c.Telemetry, mux, false)
}

func source(ctx context.Context, c Identity, log *zap.Logger) (*identity.Source, error) {
	if s := c.SPIFFE; s != nil {
		return identity.SPIFFE(ctx, identity.SPIFFEConfig{Socket: s.Socket, TrustDomains: s.TrustDomains, Logger: log})
	}
	return identity.Files(identity.FilesConfig{CertFile: c.Files.Cert, KeyFile: c.Files.Key, CAFile: c.Files.CA, Logger: log})
}

// lifeOf is asked whenever an epoch begins.
func (v *Vault) lifeOf(scope string) (epoch, retention time.Duration) {
	c := v.config.Load()
	epoch, retention = time.Duration(c.Epoch), time.Duration(c.Retention)
	if s := c.Scopes[scope]; s != nil {
		if s.Epoch > 0 {
			epoch = time.Duration(s.Epoch)
		}
		if s.Retention > 0 {
			retention = time.Duration(s.Retention)
		}
	}
	return epoch, retention
}

func (v *Vault) readyz(w http.ResponseWriter, r *http.Request) {
	if !v.ready.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	if _, err := v.vault.Stats(r.Context()); err != nil {
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// Addr is where a listener listens: "issuer", "reveal" or "telemetry".
func (v *Vault) Addr(listener string) net.Addr { return v.addrs[listener] }

// Failed tells of a listener that ended by itself.
func (v *Vault) Failed() <-chan error { return v.failed }

// Reload puts agents, revealers, admins, classes, rates and the lives of scopes in force. What needs a restart is named
// in the log. Certificates reload by themselves.
func (v *Vault) Reload(ctx context.Context, c *Config) error {
	old := v.config.Load()
	if old.Directory != c.Directory || old.Issuer != c.Issuer || old.Reveal != c.Reveal || old.Telemetry != c.Telemetry || old.GrantLife != c.GrantLife {
		v.log.Warn("vault: directory, listeners, identity, store and grant_life change with a restart only")
	}
	// First on record: who may mint and reveal changes.
	if err := v.vault.Record(ctx, audit.ActionReloaded, audit.OutcomeOK, ""); err != nil {
		return err
	}
	v.config.Store(c)
	v.vault.SetRules(c.rules())
	return nil
}

// Close ends streams, lets calls under way finish as long as ctx allows, and closes the vault.
func (v *Vault) Close(ctx context.Context) error {
	v.ready.Store(false)
	var faults []error
	if v.vault != nil {
		v.vault.Issuer().Close(context.WithoutCancel(ctx))
	}
	for _, s := range v.servers {
		if s.Shutdown(ctx) != nil { // time is up: calls under way are cut off
			faults = append(faults, s.Close())
		}
	}
	v.done.Wait()
	if v.vault != nil {
		faults = append(faults, v.vault.Close(ctx))
	}
	if v.source != nil {
		faults = append(faults, v.source.Close())
	}
	return errors.Join(faults...)
}
