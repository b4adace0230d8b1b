package standalone

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/cloakroom/cloakroom/vault/identity/authority"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
)

// InitOptions is how a vault is to be.
type InitOptions struct {
	// Directory is made, mode 0700. What is there already is never overwritten: a configuration that is there is kept.
	Directory string
	// Issuer, Reveal and Telemetry are the addresses it will listen on.
	Issuer, Reveal, Telemetry string
	// DevCA also makes certificates for trying out: an authority, the vault's, an agent's, a gateway's, a revealer's.
	DevCA bool
	// Hosts are further names and addresses of the vault's certificate, beside localhost and 127.0.0.1.
	Hosts []string
}

// The files of a new vault.
const (
	ConfigFile = "vault.yaml"
	certsDir   = "certs"
	keysDir    = "keys"
)

//go:embed vault.yaml.tmpl
var configTemplate string

// Init makes a new vault: its keys, a configuration with comments, and certificates where they are asked for. It
// returns the paths of what it made. It fails, and changes nothing, when there is a vault, or what is left of one.
func Init(o InitOptions) (made []string, err error) {
	config := filepath.Join(o.Directory, ConfigFile)
	for _, path := range []string{filepath.Join(o.Directory, keysDir), server.AuditPath(o.Directory), filepath.Join(o.Directory, certsDir)} {
		if filepath.Base(path) == certsDir && !o.DevCA {
			continue
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s is there already: a vault is made once, and nothing of it is overwritten", path)
		}
	}
	if err := os.MkdirAll(o.Directory, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(o.Directory)
	if err != nil {
		return nil, err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("mode %#o of %s lets others in, and it will hold keys: make it 0700", perm, o.Directory)
	}
	if err := makeKeys(o.Directory); err != nil {
		return nil, fmt.Errorf("make the vault's keys: %w", err)
	}
	made = append(made, filepath.Join(o.Directory, keysDir))
	if o.DevCA {
		if err := certificates(filepath.Join(o.Directory, certsDir), o.Hosts); err != nil {
			return made, fmt.Errorf("make certificates: %w", err)
		}
		made = append(made, filepath.Join(o.Directory, certsDir))
	}
	if _, err := os.Lstat(config); err == nil {
		return made, nil
	}
	var text strings.Builder
	t := template.Must(template.New(ConfigFile).Parse(configTemplate))
	if err := t.Execute(&text, struct {
		InitOptions
		Path string
	}{o, config}); err != nil {
		return made, err
	}
	if err := os.WriteFile(config, []byte(text.String()), 0o600); err != nil {
		return made, err
	}
	return append(made, config), nil
}

// makeKeys opens a vault in the directory once: that makes its keys, and the audit log says so. Its store comes with the
// configuration.
func makeKeys(dir string) error {
	v, err := server.Open(server.Settings{Directory: dir, OpenStore: func(bool) (store.Store, error) { return memory.New(), nil }})
	if err != nil {
		return err
	}
	return v.Close(context.Background())
}

// certificates makes an authority for trying out, keeps none of its keys, and signs one certificate for each role.
func certificates(dir string, hosts []string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	ca, err := authority.New("Cloakroom, for trying out")
	if err != nil {
		return err
	}
	if err := ca.WriteCA(dir); err != nil {
		return err
	}
	for _, r := range []authority.Request{
		{Name: "vault", Hosts: append([]string{"vault", "localhost", "127.0.0.1"}, hosts...)},
		{Name: "agent"},
		{Name: "gateway", Hosts: append([]string{"gateway", "localhost", "127.0.0.1"}, hosts...)},
		{Name: "revealer"},
	} {
		pair, err := ca.Sign(r)
		if err != nil {
			return err
		}
		if err := pair.Write(dir, r.Name); err != nil {
			return err
		}
	}
	return nil
}
