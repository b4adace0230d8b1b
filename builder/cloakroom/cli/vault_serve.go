package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloakroom/cloakroom/vault/server/standalone"
)

// stopTime is how long calls under way may take when the vault is to stop.
const stopTime = 20 * time.Second

func newVaultServe() *cobra.Command {
	var config string
	var check bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run a vault that serves many collectors",
		Long: `Runs the vault of a configuration that cloakroom vault init made: the listener of agents, the one of those who reveal,
health and metrics, and the socket in its directory that the other vault commands use.

SIGTERM and SIGINT stop it after the calls under way. SIGHUP reads the configuration again and takes who may do what,
classes, grants and scopes; one that has faults changes nothing, and the log says why. Certificates are read again when
their files are replaced.`,
		Example: `  cloakroom vault serve --config /var/lib/cloakroom/vault.yaml
  cloakroom vault serve --check --config /var/lib/cloakroom/vault.yaml    # report every fault, and exit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := standalone.Read(config)
			if err != nil {
				return err
			}
			if check {
				fmt.Fprintln(c.OutOrStdout(), config, "is sound")
				return nil
			}
			logger, err := vaultLogger(cfg.Log)
			if err != nil {
				return err
			}
			defer func() { _ = logger.Sync() }()
			return serveVault(c.Context(), config, cfg, logger)
		},
	}
	c.Flags().StringVar(&config, "config", "vault.yaml", "the vault's configuration")
	c.Flags().BoolVar(&check, "check", false, "check the configuration and exit")
	return c
}

func vaultLogger(l standalone.Log) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(l.Level)
	if err != nil {
		return nil, err
	}
	c := zap.NewProductionConfig()
	c.Level, c.Encoding, c.Sampling, c.DisableCaller = zap.NewAtomicLevelAt(level), l.Format, nil, true
	c.EncoderConfig.EncodeTime = zapcore.RFC3339TimeEncoder
	c.EncoderConfig.TimeKey = "time"
	c.DisableStacktrace = true
	return c.Build()
}

// serveVault runs the vault until ctx or a signal ends it.
func serveVault(ctx context.Context, path string, cfg *standalone.Config, logger *zap.Logger) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	v, err := standalone.Open(ctx, cfg, logger)
	if err != nil {
		return err
	}
	logger.Info("vault: open", zap.String("directory", v.Directory()), zap.String("config", path))
	for {
		select {
		case <-hup:
			reloadVault(v, path, logger)
			continue
		case <-ctx.Done():
		}
		break
	}
	stop() // a second signal ends the process the ordinary way
	logger.Info("vault: stopping")
	closing, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := v.Close(closing); err != nil {
		return fmt.Errorf("stop the vault: %w", err)
	}
	return nil
}

func reloadVault(v *standalone.Vault, path string, logger *zap.Logger) {
	cfg, err := standalone.Read(path)
	if err != nil {
		v.ReloadFailed()
		logger.Error("vault: the configuration has faults; the one in use stays", zap.Error(err))
		return
	}
	restart := v.Reload(cfg)
	logger.Info("vault: configuration read again")
	if len(restart) > 0 {
		logger.Warn("vault: parts of the configuration changed that need a restart", zap.Strings("keys", restart))
	}
}
