// Package standalone is a vault that serves many agents: the services of package server on listeners with mutual TLS,
// put together from a configuration file.
//
// [Open] opens everything a [Config] names, [Vault.Reload] takes what may change while it runs, [Vault.Close] ends it.
// Beside the network there is the socket in the vault's directory, as an embedded vault has it: whoever runs the vault
// administrates it there.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/store/postgres"
	"github.com/cloakroom/cloakroom/vault/store/regions"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Vault is a running vault.
type Vault struct {
	log     *zap.Logger
	sampled *zap.Logger // for what anybody on the network can cause
	metrics *metrics
	config  atomic.Pointer[Config]

	identity *identity.Source
	vault    *server.Embedded
	issuer   *listener
	reveal   *listener
	health   *listener
	closing  atomic.Bool

	metMu sync.Mutex
	met   map[string]bool // fingerprints of callers
}

// Open opens the vault of a configuration that was read and checked. It serves when Open returns. Close it.
func Open(ctx context.Context, c *Config, logger *zap.Logger) (*Vault, error) {
	v := &Vault{log: logger, metrics: newMetrics(), sampled: logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Minute, 10, 100)
	}))}
	v.config.Store(c)
	if err := v.open(ctx, c); err != nil {
		return nil, errors.Join(err, v.Close(ctx))
	}
	return v, nil
}

func (v *Vault) open(ctx context.Context, c *Config) (err error) {
	if c.TLS != nil {
		v.identity, err = identity.Files(identity.FilesConfig{CertFile: c.TLS.CertFile, KeyFile: c.TLS.KeyFile, CAFile: c.TLS.CAFile, Logger: v.log})
	} else if c.SPIFFE != nil {
		v.identity, err = identity.SPIFFE(ctx, identity.SPIFFEConfig{Socket: c.SPIFFE.Socket, TrustDomains: c.SPIFFE.TrustDomains, Logger: v.log})
	}
	if err != nil {
		return fmt.Errorf("the vault's identity: %w", err)
	}
	if err := c.hasKeys(); err != nil {
		return err
	}
	v.vault, err = server.Open(server.Settings{
		Directory: c.Directory, Epoch: c.Epochs.Length, Retention: c.Epochs.Retention, Listen: true, Logger: v.log,
		Hooks: v.metrics.hooks(), OpenStore: func(used bool) (store.Store, error) { return v.openStores(ctx, c, used) },
		Lives: func(scope string) (time.Duration, time.Duration) {
			s := v.config.Load().Scopes[scope]
			return s.Length, s.Retention
		},
		Rules: c.Rules(), GrantLife: c.Grants.Life,
	})
	if err != nil {
		return err
	}
	v.metrics.observe(v.vault, v.identity)
	return v.serve(c)
}

func (v *Vault) regionOf(scope string) string { return v.config.Load().Scopes[scope].Region }

// serve opens the listeners: health first, so that whoever starts the vault can ask.
func (v *Vault) serve(c *Config) (err error) {
	if v.health, err = v.listen("telemetry", c.Telemetry, nil, v.telemetry()); err != nil {
		return err
	}
	if c.Issuer.Listen != "" {
		mux := http.NewServeMux()
		mux.Handle(vaultpbconnect.NewIssuerServiceHandler(v.vault.Issuer(), handlerOptions()...))
		for _, service := range []string{vaultpbconnect.RevealServiceName, vaultpbconnect.LetterServiceName, vaultpbconnect.AdminServiceName} {
			mux.Handle("/"+service+"/", v.elsewhere("this is the vault's issuer listener, which is for agents: who reveals needs its reveal listener "+
				"(reveal.listen in its vault.yaml)"))
		}
		if v.issuer, err = v.listen("issuer", c.Issuer, v.identity.Server(), v.known(mux)); err != nil {
			return err
		}
	}
	if c.Reveal.Listen != "" {
		mux := http.NewServeMux()
		mux.Handle(vaultpbconnect.NewRevealServiceHandler(v.vault.Reveal(), handlerOptions()...))
		mux.Handle(vaultpbconnect.NewLetterServiceHandler(v.vault.Letter(), handlerOptions()...))
		path, admin := vaultpbconnect.NewAdminServiceHandler(v.vault.Admin(), handlerOptions()...)
		mux.Handle(path, v.whileAdmins(admin))
		mux.Handle("/"+vaultpbconnect.IssuerServiceName+"/", v.elsewhere("this is the vault's reveal listener, which is for those who reveal: "+
			"agents need its issuer listener (issuer.listen in its vault.yaml)"))
		if v.reveal, err = v.listen("reveal", c.Reveal, v.identity.Server(), v.known(mux)); err != nil {
			return err
		}
	}
	return nil
}

// elsewhere answers calls that came to the wrong listener: which one was met, and which is wanted.
func (v *Vault) elsewhere(why string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.writeError(w, r, connect.NewError(connect.CodeUnimplemented, errors.New(why)))
	})
}

// whileAdmins serves h while somebody may administrate over the network: a reload may change that.
func (v *Vault) whileAdmins(h http.Handler) http.Handler {
	nobody := v.elsewhere("nobody administrates this vault over the network: its vault.yaml names no admins")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(v.config.Load().Admins) == 0 {
			nobody.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// telemetry serves health and metrics.
func (v *Vault) telemetry() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		switch _, err := v.vault.Stats(ctx); {
		case v.closing.Load():
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, "the token store cannot work now", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	mux.Handle("GET /metrics", v.metrics.handler())
	return mux
}

// openStores opens the vault's store and those of its regions.
func (v *Vault) openStores(ctx context.Context, c *Config, used bool) (store.Store, error) {
	main, err := v.openStore(ctx, "store", c.Store, used)
	if err != nil || len(c.Regions) == 0 {
		return main, err
	}
	all := map[string]store.Store{"": main}
	for name, s := range c.Regions {
		if all[name], err = v.openStore(ctx, "regions."+name, s, false); err != nil {
			faults := []error{err}
			for _, opened := range all {
				if opened != nil {
					faults = append(faults, opened.Close())
				}
			}
			return nil, errors.Join(faults...)
		}
	}
	return regions.New(all, v.regionOfKid), nil
}

// regionOfKid is where the rows of a kid are.
func (v *Vault) regionOfKid(kid token.Kid) string {
	e, err := v.vault.Core().Keys.Lookup(kid)
	if err != nil {
		return ""
	}
	return v.regionOf(e.Scope)
}

func (v *Vault) openStore(ctx context.Context, key string, s Store, used bool) (store.Store, error) {
	if s.Pebble != nil {
		opened, err := pebble.Open(s.Pebble.Path, pebble.Options{MinFree: s.Pebble.MinFreeMiB << 20, MustExist: used, Logger: v.log})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		return opened, nil
	}
	url := s.Postgres.URL
	if s.Postgres.URLFile != "" {
		raw, err := os.ReadFile(s.Postgres.URLFile)
		if err != nil {
			return nil, fmt.Errorf("%s.postgres.url_file: %w", key, err)
		}
		url = strings.TrimSpace(string(raw))
	}
	opened, err := postgres.Open(ctx, postgres.Options{
		URL: url, PasswordFile: s.Postgres.PasswordFile, MaxConns: s.Postgres.MaxConnections,
		StatementTimeout: s.Postgres.StatementTimeout, Logger: v.log,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return opened, nil
}

// Reload takes from a configuration what may change while the vault runs: who may what, classes, grants, and the lives
// and regions of epochs that begin from now on. It returns the keys that differ and need a restart.
func (v *Vault) Reload(c *Config) (restart []string) {
	old := v.config.Load()
	for _, part := range []struct {
		key      string
		old, new any
	}{
		{"directory", old.Directory, c.Directory},
		{"store", old.Store, c.Store},
		{"regions", old.Regions, c.Regions},
		{"tls", old.TLS, c.TLS},
		{"spiffe", old.SPIFFE, c.SPIFFE},
		{"issuer", old.Issuer, c.Issuer},
		{"reveal", old.Reveal, c.Reveal},
		{"telemetry", old.Telemetry, c.Telemetry},
		{"epochs", old.Epochs, c.Epochs},
		{"log", old.Log, c.Log},
	} {
		if !same(part.old, part.new) {
			restart = append(restart, part.key)
		}
	}
	next := *old // what needs a restart stays as it is, so that it is still told the next time
	next.Grants, next.Classes, next.Agents, next.Revealers, next.Admins = c.Grants, c.Classes, c.Agents, c.Revealers, c.Admins
	next.Replayers = c.Replayers
	next.Scopes = maps.Clone(c.Scopes)
	for name := range mergeKeys(old.Scopes, c.Scopes) {
		if was := old.Scopes[name].Region; was != c.Scopes[name].Region {
			// Its rows are where they are, and would not be found elsewhere.
			s := next.Scopes[name]
			s.Region = was
			if next.Scopes == nil {
				next.Scopes = map[string]Scope{}
			}
			next.Scopes[name] = s
			restart = append(restart, "scopes."+name+".region (never: make a new scope)")
		}
	}
	v.config.Store(&next)
	v.vault.Core().SetRules(next.Rules())
	v.vault.Core().SetGrantLife(c.Grants.Life)
	v.metrics.reloads.WithLabelValues("ok").Inc()
	// Who may do what has changed: an auditor wants to see when. A log that cannot be written keeps nobody from it.
	ev := audit.Event{Actor: "vault", Action: audit.ActionReloaded, Outcome: audit.OutcomeOK}
	if _, err := v.vault.Core().Audit.Append(context.Background(), ev); err != nil {
		v.log.Error("vault: the reload is not in the audit log", zap.Error(err))
	}
	return restart
}

// mergeKeys are the names in either.
func mergeKeys(a, b map[string]Scope) map[string]struct{} {
	all := map[string]struct{}{}
	for _, m := range []map[string]Scope{a, b} {
		for name := range m {
			all[name] = struct{}{}
		}
	}
	return all
}

// ReloadFailed counts a configuration that could not be taken.
func (v *Vault) ReloadFailed() { v.metrics.reloads.WithLabelValues("failed").Inc() }

// Addresses are where the vault listens: issuer, reveal and telemetry; nil where it does not.
func (v *Vault) Addresses() (issuer, reveal, telemetry net.Addr) {
	of := func(l *listener) net.Addr {
		if l == nil {
			return nil
		}
		return l.addr
	}
	return of(v.issuer), of(v.reveal), of(v.health)
}

// Directory is where the vault is.
func (v *Vault) Directory() string { return v.vault.Directory() }

// Close stops listening, lets calls under way finish as long as ctx allows, and closes everything.
func (v *Vault) Close(ctx context.Context) error {
	v.closing.Store(true)
	var faults []error
	if v.vault != nil {
		v.vault.Core().EndStreams() // they would last as long as ctx
	}
	faults = append(faults, v.issuer.stop(ctx), v.reveal.stop(ctx))
	if v.vault != nil {
		faults = append(faults, v.vault.Close(ctx))
	}
	faults = append(faults, v.health.stop(ctx))
	if v.identity != nil {
		faults = append(faults, v.identity.Close())
	}
	return errors.Join(faults...)
}
