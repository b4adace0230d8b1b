package keyring

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// root holds the keys derived from the root key. The root key itself is not kept.
type root struct {
	wrap        Key // wraps epoch secrets
	historyKey  Key // chains the history
	grant       Key // proves grant ids
	recognition [16]byte
	audit       ed25519.PrivateKey
}

const (
	rootFile   = "root.key"
	rootHeader = "cloakroom root key v1\n"
	auditLabel = "audit key"
)

// openRoot reads the root key. It creates one only where no history exists: a new root under an old history would
// orphan every token ever issued.
func openRoot(dir string) (r *root, created bool, err error) {
	path := filepath.Join(dir, rootFile)
	if err := os.Remove(path + temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	raw, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		if used, err := hasKeys(dir); err != nil || used {
			return nil, false, cmp.Or(err, fmt.Errorf("%s is missing beside keys it wrapped: restore it from a backup: %w", rootFile, ErrDamaged))
		}
		raw, created = newRootFile(), true
		err = writePrivate(path, raw)
	}
	if err != nil {
		return nil, false, err
	}
	defer clear(raw)
	key, err := parseRoot(raw)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	defer key.zero()
	return deriveRoot(key), created, nil
}

// hasKeys reports whether dir holds a history or a wrapped secret.
func hasKeys(dir string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(dir, historyFile)); !errors.Is(err, fs.ErrNotExist) {
		return err == nil, err
	}
	return hasSecrets(dir)
}

func hasSecrets(dir string) (bool, error) {
	names, err := filepath.Glob(filepath.Join(dir, epochsDir, "*"+secretSuffix))
	return len(names) > 0, err
}

func newRootFile() []byte {
	var key Key
	defer key.zero()
	rand.Read(key[:])
	return append(base64.StdEncoding.AppendEncode([]byte(rootHeader), key[:]), '\n')
}

func parseRoot(raw []byte) (key Key, err error) {
	body, ok := bytes.CutPrefix(raw, []byte(rootHeader))
	if !ok {
		return Key{}, fmt.Errorf("not a root key file of version 1: %w", ErrDamaged)
	}
	var buf [64]byte
	defer clear(buf[:])
	body = bytes.TrimSuffix(body, []byte("\n"))
	if len(body) != base64.StdEncoding.EncodedLen(len(key)) {
		return Key{}, fmt.Errorf("key of %d characters, want %d: %w", len(body), base64.StdEncoding.EncodedLen(len(key)), ErrDamaged)
	}
	if n, err := base64.StdEncoding.Strict().Decode(buf[:], body); err != nil || n != len(key) {
		return Key{}, fmt.Errorf("key is not base64: %w", ErrDamaged)
	}
	return Key(buf[:len(key)]), nil
}

func deriveRoot(key Key) *root {
	recognition, audit := derive(key, "recognition key"), derive(key, auditLabel)
	defer audit.zero()
	return &root{
		wrap:        derive(key, "wrapping key"),
		historyKey:  derive(key, "history key"),
		grant:       derive(key, "grant key"),
		recognition: [16]byte(recognition[:16]),
		audit:       ed25519.NewKeyFromSeed(audit[:]),
	}
}
