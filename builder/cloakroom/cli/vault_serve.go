package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/cloakroom/cloakroom/processor/detect"
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
their files are replaced.

A directory without keys is refused: cloakroom vault init makes them. --check loads the certificate, too, and warns of
what is allowed and looks like a mistake.`,
		Example: `  cloakroom vault serve --config /var/lib/cloakroom/vault.yaml
  cloakroom vault serve --check --config /var/lib/cloakroom/vault.yaml    # report every fault, and exit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := standalone.Read(config)
			if errors.Is(err, fs.ErrNotExist) && !c.Flags().Changed("config") {
				return usage(c, "there is no %s in this folder: name the vault's configuration with --config", config)
			}
			if err != nil {
				return err
			}
			if check {
				return checkVault(c, config, cfg)
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

// checkVault reports what is wrong with a configuration that reads well.
func checkVault(c *cobra.Command, path string, cfg *standalone.Config) error {
	warnings, err := cfg.Check()
	for _, w := range append(warnings, unknownClasses(cfg)...) {
		say("warning: %s", w)
	}
	if err != nil {
		return fmt.Errorf("%s:\n%w", path, err)
	}
	fmt.Fprintln(c.OutOrStdout(), path, "is sound")
	return nil
}

// unknownClasses are the classes in rules that no entity of ours has. They may be those of somebody's own patterns.
func unknownClasses(cfg *standalone.Config) (warnings []string) {
	look := func(key string, patterns []string) {
		for _, p := range patterns {
			known := slices.ContainsFunc(detect.Builtins()[1:], func(e detect.Info) bool {
				matched, err := path.Match(p, e.Class)
				return matched && err == nil
			})
			if !known {
				warnings = append(warnings, fmt.Sprintf("%s: %q: no built-in entity has this class; it is right only where a policy gives it to a pattern of its own", key, p))
			}
		}
	}
	for n, a := range cfg.Agents {
		look(fmt.Sprintf("agents[%d].classes", n), a.Classes)
	}
	for n, v := range cfg.Revealers {
		look(fmt.Sprintf("revealers[%d].classes", n), v.Classes)
	}
	look("classes.local", cfg.Classes.Local)
	look("classes.issue", cfg.Classes.Issue)
	return warnings
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
