package keyring

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// AuditPublic is the public half of [Keyring.AuditKey] of the keyring in dir, which may be open in another process or be
// a copy on a medium that cannot be written. It needs the root key, takes no lock and changes nothing. Modes are not
// judged: a backup may rest where there are none, and nothing secret is given out.
//
// It fails with an error that is fs.ErrNotExist when there is no root key, and with [ErrDamaged].
func AuditPublic(dir string) (ed25519.PublicKey, error) {
	path := filepath.Join(dir, rootFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxRootFile))
	defer clear(raw)
	if err != nil {
		return nil, err
	}
	key, err := parseRoot(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer key.zero()
	seed := derive(key, auditLabel)
	defer seed.zero()
	return ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey), nil
}

// maxRootFile is more than a root key file of version 1 has.
const maxRootFile = 4 << 10
