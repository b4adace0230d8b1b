package standalone

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/keyring"
)

//go:embed vault.yaml
var template []byte

// ConfigName is the configuration's name in a directory that [Init] made.
const ConfigName = "vault.yaml"

// Init makes a vault's directory, mode 0700: its keys, and a configuration with comments. It refuses to overwrite. With
// devCA it also makes certificates for trying out: tls/ca.crt, vault, agent and revealer.
func Init(dir string, devCA bool) (err error) {
	for _, name := range []string{ConfigName, "keys", "tls"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: nothing was changed", filepath.Join(dir, name))
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	k, err := keyring.Open(filepath.Join(dir, "keys"), keyring.Options{})
	if err != nil {
		return err
	}
	if err := k.Close(); err != nil {
		return err
	}
	if devCA {
		if err := development(filepath.Join(dir, "tls")); err != nil {
			return fmt.Errorf("certificates for trying out: %w", err)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, ConfigName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(template)
	return errors.Join(err, f.Sync(), f.Close())
}

func development(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	a, err := authority.New("cloakroom development, not for production")
	if err != nil {
		return err
	}
	if err := a.WriteCA(dir); err != nil {
		return err
	}
	for name, r := range map[string]authority.Request{
		"vault":    {Name: "vault", Hosts: []string{"localhost", "127.0.0.1", "::1"}},
		"agent":    {Name: "agent", SPIFFEID: "spiffe://cloakroom.dev/agent/one"},
		"revealer": {Name: "revealer", SPIFFEID: "spiffe://cloakroom.dev/revealer/one"},
	} {
		pair, err := a.Sign(r)
		if err != nil {
			return err
		}
		if err := pair.Write(dir, name); err != nil {
			return err
		}
	}
	return nil
}
