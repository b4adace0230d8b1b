package extension

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store/pebble"
	"github.com/cloakroom/cloakroom/vault/token"
)

// Vault is the extension. Between Start and Shutdown it issues tokens: Mint, Commit and Recognize are what the
// tokenization processor asks of a vault, and are safe for concurrent use, each goroutine with its own batch.
type Vault struct {
	cfg       *Config
	log       *zap.Logger
	telemetry *instruments

	vault   *server.Embedded // nil: the vault is elsewhere
	issuer  *client.Issuer
	closers []func(context.Context) error // of what a remote vault needs, in the order of opening
	// stop makes Shutdown one, however often it is called.
	stop sync.Once
}

var _ extension.Extension = (*Vault)(nil)

func newVault(set extension.Settings, cfg *Config) (*Vault, error) {
	t, err := newInstruments(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &Vault{cfg: cfg, log: set.Logger, telemetry: t}, nil
}

// Start opens the embedded vault, or gets ready to speak to the one elsewhere, and asks for the first grant.
func (v *Vault) Start(ctx context.Context, host component.Host) error {
	var start func(context.Context, component.Host) error
	switch {
	case v.cfg.Embedded.HasValue():
		start = v.startEmbedded
	case v.cfg.Endpoint != "":
		start = v.startRemote
	default:
		return errors.New("token_vault: neither embedded nor endpoint is configured")
	}
	if err := start(ctx, host); err != nil {
		return errors.Join(fmt.Errorf("token_vault: %w", err), v.Shutdown(ctx))
	}
	return nil
}

// startEmbedded opens the vault's directory and its reveal socket.
func (v *Vault) startEmbedded(ctx context.Context, host component.Host) error {
	c := v.cfg.Embedded.Get()
	opened, err := server.Open(server.Settings{
		Directory: c.Path, Epoch: c.Epoch, Retention: c.Retention, Listen: true, Logger: v.log,
		Hooks: v.telemetry.hooks(), Store: pebble.Options{MinFree: c.MinFreeMiB << 20},
	})
	if err != nil {
		return err
	}
	v.vault = opened
	v.issuer = client.New(opened.Issuer(), client.Settings{Timeout: v.cfg.Timeout, Report: func(err error) { v.report(host, err) }})
	if err := errors.Join(v.telemetry.observe(opened), v.issuer.Start(ctx)); err != nil {
		return err
	}
	v.sayStarted()
	return nil
}

func (v *Vault) sayStarted() {
	if v.vault.Created() {
		v.log.Warn("token_vault: first start: keys were created. Whoever can read them can reveal every token; "+
			"without them no token can ever be revealed. Read about keyholders and backups in docs/security.md",
			zap.String("directory", v.vault.Directory()))
	}
	v.log.Info("token_vault: the vault is open", zap.String("directory", v.vault.Directory()), zap.String("reveal_socket", v.vault.Socket()))
}

// report tells the host when the embedded vault stops working and when it works again. One elsewhere has an [outage].
func (v *Vault) report(host component.Host, err error) {
	if err == nil {
		v.log.Info("token_vault: the vault answers again")
		componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	// What becomes of the telemetry is the processors' choice, and theirs to say.
	v.log.Error("token_vault: tokens cannot be issued now", zap.Error(err))
	componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
}

// Shutdown ends issuing and closes the vault. What was committed is on disk already.
func (v *Vault) Shutdown(ctx context.Context) error {
	var err error
	v.stop.Do(func() {
		v.telemetry.shutdown()
		if v.issuer != nil {
			err = v.issuer.Close()
		}
		if v.vault != nil {
			err = errors.Join(err, v.vault.Close(ctx))
		}
		for _, c := range slices.Backward(v.closers) {
			err = errors.Join(err, c(ctx))
		}
	})
	return err
}

var errNotStarted = fmt.Errorf("%w: token_vault is not started", token.ErrUnavailable)

// Mint appends the token for the canonical value of class to dst and records it in b. See client.Issuer.
func (v *Vault) Mint(dst []byte, class token.Class, canonical []byte, b *token.Batch) ([]byte, error) {
	if v.issuer == nil {
		return dst, errNotStarted
	}
	return v.issuer.Mint(dst, class, canonical, b)
}

// Commit makes every token minted into b durable.
func (v *Vault) Commit(ctx context.Context, b *token.Batch) error {
	if v.issuer == nil {
		return errNotStarted
	}
	return v.issuer.Commit(ctx, b)
}

// Recognize returns the length of the verified token of this vault that s starts with, or 0.
func (v *Vault) Recognize(s string) int {
	if v.issuer == nil {
		return 0
	}
	return v.issuer.Recognize(s)
}

// SealLetter seals the key of a dead letter about the record at a place, so that the vault opens it for whom its rules allow to.
// See client.Issuer. It is what the Kafka components ask of a vault.
func (v *Vault) SealLetter(scope, topic string, partition int32, offset int64, key []byte) ([]byte, error) {
	if v.issuer == nil {
		return nil, errNotStarted
	}
	return v.issuer.SealLetter(scope, escrow.Place{Topic: topic, Partition: partition, Offset: offset}, key)
}
