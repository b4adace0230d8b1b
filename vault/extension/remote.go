package extension

import (
	"context"
	"errors"
	"fmt"
	"net"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// startRemote gets this Collector's identity and asks the vault for the first grant. A vault that is away does not keep
// the Collector from starting: telemetry is held back until it is there, as when it goes away later. Nor does a certificate
// that has expired, which comes to the same and is mended by new files.
func (v *Vault) startRemote(ctx context.Context, host component.Host) error {
	source, err := v.identity(ctx)
	if err != nil {
		return err
	}
	v.closers = append(v.closers, func(context.Context) error { return source.Close() })
	http, err := source.HTTP(v.server())
	if err != nil {
		return err
	}
	o := v.newOutage(host)
	remote := client.Remote(vaultpbconnect.NewIssuerServiceClient(http, "https://"+v.cfg.Endpoint))
	settings := client.Settings{Timeout: v.cfg.Timeout, Report: o.issuerSays}
	if c := v.cfg.Spool.Get(); c != nil {
		settings.Spool, err = spool.Open(spool.Settings{
			Directory: c.Directory, MaxBytes: int64(c.MaxSize), Timeout: v.cfg.Timeout, Logger: v.log, Hooks: v.telemetry.spoolHooks(o),
		})
		if err != nil {
			return fmt.Errorf("spool: %w", err)
		}
		settings.Unlinked = c.Unlinked
		o.waiting = func() bool { return settings.Spool.Stats().Depth > 0 }
		v.closers = append(v.closers, settings.Spool.Close)
	}
	v.issuer = client.New(remote, settings)
	if err := v.telemetry.observeRemote(v.issuer, settings.Spool); err != nil {
		return err
	}
	if err := v.issuer.Start(ctx); err != nil && !errors.Is(err, token.ErrUnavailable) {
		return err
	}
	self, err := source.Self()
	v.log.Info("token_vault: tokens come from a vault elsewhere", zap.String("endpoint", v.cfg.Endpoint), zap.String("identity", self.ID),
		zap.String("fingerprint", self.Fingerprint), zap.Time("certificate_expires", self.NotAfter))
	return err
}

// identity is this Collector's own.
func (v *Vault) identity(ctx context.Context) (*identity.Source, error) {
	if t := v.cfg.TLS.Get(); t != nil {
		return identity.Files(identity.FilesConfig{CertFile: t.CertFile, KeyFile: t.KeyFile, CAFile: t.CAFile, AllowExpired: true, Logger: v.log})
	}
	return identity.SPIFFE(ctx, identity.SPIFFEConfig{Socket: v.cfg.SPIFFE.Get().Socket, Logger: v.log})
}

// server is whom this Collector expects to meet.
func (v *Vault) server() identity.ServerID {
	t := v.cfg.TLS.Get()
	switch {
	case t == nil:
		return identity.ServerID{SPIFFEID: v.cfg.SPIFFE.Get().ServerID}
	case t.ServerName != "":
		return identity.ServerID{Name: t.ServerName}
	}
	name, _, _ := net.SplitHostPort(v.cfg.Endpoint) // as Validate found it
	return identity.ServerID{Name: name}
}
