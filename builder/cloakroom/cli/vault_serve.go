package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

// drain is how long calls under way may take after the vault was told to stop.
const drain = 20 * time.Second

func newVaultServe() *cobra.Command {
	var path string
	var check bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the vault of a fleet",
		Long: `Runs a vault for many agents: an issuer and a reveal listener over mutual TLS, metrics and health, and a socket in its
directory for the other commands. SIGTERM ends it when the calls under way have ended, SIGHUP reads the configuration
again; one with faults changes nothing.`,
		Example: `  cloakroom vault serve --config vault.yaml
  cloakroom vault serve --config vault.yaml --check`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := standalone.Load(path)
			if err != nil || check {
				return err
			}
			return serveVault(c.Context(), path, config)
		},
	}
	c.Flags().StringVar(&path, "config", standalone.ConfigName, "`PATH` of the configuration")
	c.Flags().BoolVar(&check, "check", false, "report the faults of the configuration and end")
	return c
}

func serveVault(ctx context.Context, path string, config *standalone.Config) error {
	log, err := zap.NewProduction()
	if err != nil {
		return err
	}
	defer func() { _ = log.Sync() }() // standard error cannot always be synced
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	v, err := standalone.Open(ctx, config, log)
	if err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	log.Info("vault: it runs", zap.Stringer("issuer", v.Addr("issuer")))
	for {
		select {
		case <-hup:
			next, err := standalone.Load(path)
			if err == nil {
				err = v.Reload(ctx, next)
			}
			if err != nil {
				log.Error("vault: the configuration was not reloaded, the old one is in force", zap.Error(err))
			} else {
				log.Info("vault: the configuration was reloaded")
			}
			continue
		case err = <-v.Failed():
		case <-ctx.Done():
		}
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		return errors.Join(err, v.Close(ending))
	}
}
