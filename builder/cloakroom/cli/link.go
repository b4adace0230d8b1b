package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/cloakroom/cloakroom/builder/cloakroom/redeem"
	"github.com/cloakroom/cloakroom/vault/client/reveal"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/server/standalone"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// vaultFlags say which vault a command talks to.
type vaultFlags struct {
	vault  string
	remote remoteFlags
}

const (
	vaultVariable = "CLOAKROOM_VAULT"
	defaultVault  = "./data/vault"
	nameIt        = "name the vault's directory with --vault or $" + vaultVariable
)

func (f *vaultFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.vault, "vault", "", "`PATH` of the vault's directory or socket (default: $"+vaultVariable+", else "+defaultVault+")")
	if err := c.MarkFlagFilename("vault"); err != nil {
		panic(err) // the flag does not exist: a mistake of this package
	}
	f.remote.add(c)
}

func (f *vaultFlags) path() string { return cmp.Or(f.vault, os.Getenv(vaultVariable), defaultVault) }

// link is a connection to a vault: to the one that runs on a directory, or to one opened in this process.
type link struct {
	*reveal.Client
	// local says that the vault was opened in this process.
	local bool
	close func() error
}

// open connects to the vault that runs on the path, and when none does, runs the vault's own code on that directory in this
// process, so that what it answers is audited in the same way. A vault is never created.
func (f *vaultFlags) open(ctx context.Context) (*link, error) {
	if f.remote.endpoint != "" {
		return f.remote.open()
	}
	v, err := f.running(ctx)
	switch {
	case v != nil || err != nil:
		return v, err
	case !server.IsVault(f.path()):
		return nil, notAVault(f.path())
	}
	if config := filepath.Join(f.path(), standalone.ConfigFile); exists(config) {
		return nil, fmt.Errorf("the vault of %s does not run: start it with `cloakroom vault serve --config %s`", f.path(), config)
	}
	return openLocal(ctx, f.path())
}

// running connects to the vault that runs on the path. It is nil when none does and the path is a directory.
func (f *vaultFlags) running(ctx context.Context) (*link, error) {
	path := f.path()
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("no vault at %s (%w): %s", path, err, nameIt)
	}
	client, err := reveal.Dial(ctx, path)
	switch {
	case err == nil:
		return &link{Client: client, close: func() error { client.Close(); return nil }}, nil
	case !errors.Is(err, reveal.ErrNotRunning):
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("nothing answers on %s: is the collector running? While it is down, %s", path, nameIt)
	}
	return nil, nil
}

func openLocal(ctx context.Context, dir string) (*link, error) {
	v, err := server.Open(server.Settings{Directory: dir})
	switch {
	case errors.Is(err, server.ErrInUse):
		return nil, fmt.Errorf("%w, which does not answer on its socket: wait until it does, or until it has ended", err)
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return nil, fmt.Errorf("%w: run as the user the vault belongs to", err)
	case err != nil:
		return nil, err
	}
	return &link{
		Client: reveal.New(v.Reveal(), v.Letter(), v.Admin()), local: true,
		close: func() error { return v.Close(context.WithoutCancel(ctx)) },
	}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func notAVault(dir string) error {
	return fmt.Errorf("%s is no vault's directory: %s (token_vault: embedded: path, in the collector's configuration)", dir, nameIt)
}

// auditPath is where the audit log is: in the vault's directory, or where the vault that answers says.
func (f *vaultFlags) auditPath(ctx context.Context) (string, error) {
	path := f.path()
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		log := server.AuditPath(path)
		if _, err := os.Stat(log); err != nil && !server.IsVault(path) {
			return "", notAVault(path)
		}
		return log, nil
	}
	v, err := f.open(ctx)
	if err != nil {
		return "", err
	}
	res, err := v.Admin().Status(ctx, connect.NewRequest(&vaultpb.StatusRequest{}))
	if err != nil {
		err = vaultFault("ask where the audit log is", err)
	}
	if err := errors.Join(err, v.close()); err != nil {
		return "", err
	}
	return res.Msg.GetAudit().GetPath(), nil
}

// ask is the question a redeem.Redeemer asks.
func (l *link) ask(ctx context.Context, purpose string, tokens []string) ([]redeem.Answer, error) {
	results, err := l.Reveal(ctx, purpose, tokens)
	if err != nil {
		return nil, vaultFault("", err)
	}
	answers := make([]redeem.Answer, 0, len(results))
	for _, r := range results {
		a := redeem.Answer{Value: r.Value, Class: r.Class, Scope: r.Scope, Expires: r.Expires, Sequence: r.Audit}
		if r.Value == nil {
			a.Reason = reason(r.Outcome)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// reason says in a few words why a token has no value.
func reason(o vaultpb.Outcome) string {
	switch o {
	case vaultpb.Outcome_OUTCOME_NOT_A_TOKEN:
		return "unknown to this vault"
	case vaultpb.Outcome_OUTCOME_NOT_ESCROWED:
		return "not in escrow (one-way, or never delivered)"
	case vaultpb.Outcome_OUTCOME_EXPIRED:
		return "expired"
	case vaultpb.Outcome_OUTCOME_DENIED:
		return "denied"
	case vaultpb.Outcome_OUTCOME_MISMATCH:
		return "forged or damaged in escrow"
	case vaultpb.Outcome_OUTCOME_ERASED:
		return "erased"
	case vaultpb.Outcome_OUTCOME_FAILED:
		return "lost: its record in the store is damaged"
	}
	return "refused"
}

// vaultFault says what a failed call means to the caller. doing is what was done; empty when err says so.
func vaultFault(doing string, err error) error {
	if doing != "" {
		err = fmt.Errorf("%s: %w", doing, err)
	}
	switch connect.CodeOf(err) {
	case connect.CodePermissionDenied:
		return fmt.Errorf("%w (on the vault's machine, run as the user it runs as; over the network, its vault.yaml says who may)", err)
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		if unanswered(err) {
			return fmt.Errorf("%w (the vault cannot answer now: its log and `cloakroom vault status` may say why)", err)
		}
	case connect.CodeUnimplemented:
		if connect.IsWireError(err) {
			return err // a vault's own words
		}
		return fmt.Errorf("%w (what listens there is not the reveal listener of a vault)", err)
	}
	return err
}

// unanswered reports whether nobody took the call, or it took too long. Everything else has a reason of its own.
func unanswered(err error) bool {
	var n net.Error
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
