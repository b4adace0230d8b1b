package extension

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

// Config of the extension `token_vault`.
type Config struct {
	// Embedded runs the vault in this Collector.
	Embedded configoptional.Optional[Embedded] `mapstructure:"embedded"`
}

// Embedded configures a vault in this Collector.
type Embedded struct {
	// Path is the vault's directory, created at the first start with mode 0700. Whoever can read it can reveal. One
	// Collector at a time may use it.
	Path string `mapstructure:"path"`
	// Epoch is how long the same value keeps the same token. Default 720h (30 days). It holds for epochs that begin
	// from now on.
	Epoch time.Duration `mapstructure:"epoch"`
	// Retention is how long after its epoch a token can still be revealed. Then its key is destroyed. Default 2160h
	// (90 days).
	Retention time.Duration `mapstructure:"retention"`
	// MinFreeMiB is the room on the disk below which telemetry is held back rather than escrowed, so that the vault
	// can still flush and erase. Default 128.
	MinFreeMiB uint64 `mapstructure:"min_free_mib"`
}

const (
	minEpoch          = time.Second
	maxTime           = 100 * 365 * 24 * time.Hour
	defaultMinFreeMiB = 128
)

func defaultConfig() component.Config {
	return &Config{Embedded: configoptional.Default(Embedded{
		Epoch: keyring.DefaultEpochLength, Retention: keyring.DefaultRetention, MinFreeMiB: defaultMinFreeMiB,
	})}
}

// Validate reports every fault at once, each by its path in the YAML.
func (c *Config) Validate() error {
	if !c.Embedded.HasValue() {
		return errors.New("embedded: must be set, for example embedded: {path: ./data/vault}")
	}
	return c.Embedded.Get().validate()
}

func (e *Embedded) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if e.Path == "" {
		fault("embedded.path: must be set: the directory for keys, records and audit log")
	} else if info, err := os.Stat(e.Path); err == nil && !info.IsDir() {
		fault("embedded.path: %s is not a directory", e.Path)
	} else if err == nil && info.Mode().Perm()&0o077 != 0 {
		fault("embedded.path: mode %#o of %s lets others in, and it holds keys: make it 0700", info.Mode().Perm(), e.Path)
	}
	if e.Epoch < minEpoch || e.Epoch > maxTime {
		fault("embedded.epoch: %s: must be from %s to %s", e.Epoch, minEpoch, maxTime)
	}
	if e.Retention <= 0 || e.Retention > maxTime {
		fault("embedded.retention: %s: must be more than 0 and at most %s", e.Retention, maxTime)
	}
	return errors.Join(faults...)
}
