package client

import (
	"fmt"

	"github.com/cloakroom/cloakroom/vault/escrow"
)

// SealLetter seals the key of the dead letter about the record at a place, under the public key of a scope's current epoch: see
// [escrow.SealLetter]. It needs a live grant, as minting does, and waits for one call to the vault when there is none. It fails
// with [token.ErrUnavailable].
func (i *Issuer) SealLetter(scope string, at escrow.Place, key []byte) ([]byte, error) {
	e, err := i.granted(scope)
	if err != nil {
		return nil, err
	}
	sealed, err := escrow.SealLetter(e.suite, e.public, e.kid, scope, at, key)
	if err != nil {
		return nil, fmt.Errorf("the vault's grant of scope %q: %w", scope, err)
	}
	return sealed, nil
}

// granted is the epoch of a scope's live grant.
func (i *Issuer) granted(scope string) (*epoch, error) {
	if i.ctx.Err() != nil {
		return nil, ErrClosed
	}
	s := i.scope(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch == nil || i.settings.Now().UnixNano() >= s.epoch.until.Load() {
		if err := i.ask(i.ctx, s); err != nil {
			return nil, err
		}
	}
	return s.epoch, nil
}
