package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
)

// IsVault reports whether dir holds the keys of a vault: opening one that does not would create them.
func IsVault(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, keysDir))
	return err == nil
}

// settle is how long a writer has to end what looks like damage while it is being written.
const settle = 100 * time.Millisecond

// VerifyAudit verifies the audit log of the vault in a directory, a copy of one included. It takes no lock and changes
// nothing. For a running vault [Admin.VerifyAudit] knows more: how far the log reaches.
//
// The log is checked with key. It must come from elsewhere than the log; nil is the one that follows from the directory's
// root key. Without that the error is fs.ErrNotExist.
func VerifyAudit(ctx context.Context, dir string, key ed25519.PublicKey) (*audit.Report, error) {
	if key == nil {
		var err error
		if key, err = keyring.AuditPublic(filepath.Join(dir, keysDir)); err != nil {
			return nil, err
		}
	}
	r, err := verifyOnce(ctx, dir, key)
	if err != nil || r.Intact() {
		return r, err
	}
	// Somebody may have been at work on it.
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return verifyOnce(ctx, dir, key)
}

// verifyOnce also minds what is right for a log and wrong for a vault's: the first start leaves an entry.
func verifyOnce(ctx context.Context, dir string, key ed25519.PublicKey) (*audit.Report, error) {
	r, err := audit.Verify(ctx, AuditPath(dir), key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &audit.Report{Faults: []audit.Fault{{What: "it is missing"}}}, nil
	case err != nil:
		return nil, err
	case r.Entries == 0 && r.Intact():
		r.Faults = []audit.Fault{{What: "it is empty, and a vault's first start leaves an entry"}}
	case r.Intact() && !slices.Contains([]string{audit.ActionKeys, audit.ActionRecovered}, r.First):
		r.Faults = []audit.Fault{{Line: 1, What: "not what a vault's first start leaves: the entries before it are missing"}}
	}
	return r, nil
}
