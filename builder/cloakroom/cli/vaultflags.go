package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// vaultFlags say which vault a command talks to.
type vaultFlags struct{ vault string }

const (
	vaultVariable = "CLOAKROOM_VAULT"
	defaultVault  = "./data/vault"
)

func (f *vaultFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.vault, "vault", "", "`PATH` of the vault's directory or socket (default: $"+vaultVariable+", else "+defaultVault+")")
	completeFiles(c, "vault")
}

func (f *vaultFlags) path() string { return cmp.Or(f.vault, os.Getenv(vaultVariable), defaultVault) }

// open connects to the vault that runs on the path, and when none does, opens the one in that directory in this process. A
// vault is never created.
func (f *vaultFlags) open(ctx context.Context) (*link, error) {
	path := f.path()
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("no vault at %s (%w): name its directory with --vault or $%s", path, err, vaultVariable)
	}
	if !info.IsDir() {
		if !answers(path) {
			return nil, fmt.Errorf("nothing answers on %s: is the collector running? While it is down, give the vault's directory", path)
		}
		return dial(path), nil
	}
	if socket := socketOf(path); answers(socket) {
		return dial(socket), nil
	}
	if !isVault(path) {
		return nil, fmt.Errorf("%s is no vault's directory: name that with --vault or $%s (token_vault: embedded: path in the collector's configuration)", path, vaultVariable)
	}
	return openLocal(ctx, path)
}

// isVault says whether dir has been a vault's before: opening one that has not would create keys.
func isVault(dir string) bool {
	_, err := os.Stat(server.AuditPath(dir))
	return err == nil
}

// socketOf is where the vault in dir listens, if it does.
func socketOf(dir string) string {
	if pointer, err := os.ReadFile(filepath.Join(dir, vaultpb.SocketPointer)); err == nil {
		return strings.TrimSpace(string(pointer))
	}
	return filepath.Join(dir, vaultpb.SocketName)
}

func answers(socket string) bool {
	c, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// dial talks to the vault that listens on socket.
func dial(socket string) *link {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		DisableCompression: true,
	}
	client := &http.Client{Transport: transport}
	const base = "http://vault" // the socket decides who is asked
	return &link{
		revealer: vaultpbconnect.NewRevealServiceClient(client, base),
		admin:    vaultpbconnect.NewAdminServiceClient(client, base),
		close:    func() error { transport.CloseIdleConnections(); return nil },
	}
}

// openLocal runs the vault's own code in this process, so that what it answers is audited in the same way.
func openLocal(ctx context.Context, dir string) (*link, error) {
	v, err := server.Open(server.Settings{Directory: dir})
	switch {
	case errors.Is(err, server.ErrInUse):
		return nil, fmt.Errorf("%w: another process has it open and does not answer on its socket", err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return nil, fmt.Errorf("%w: run as the user the vault belongs to", err)
	case err != nil:
		return nil, err
	}
	return &link{
		revealer: v.Reveal(), admin: v.Admin(), local: true,
		close: func() error { return v.Close(context.WithoutCancel(ctx)) },
	}, nil
}

// auditPath is where the audit log is: in the vault's directory, or where the vault that answers says.
func (f *vaultFlags) auditPath(ctx context.Context) (string, error) {
	path := f.path()
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if !isVault(path) {
			return "", fmt.Errorf("%s is no vault's directory: name that with --vault or $%s", path, vaultVariable)
		}
		return server.AuditPath(path), nil
	}
	v, err := f.open(ctx)
	if err != nil {
		return "", err
	}
	defer v.close()
	return v.auditPath(ctx)
}
