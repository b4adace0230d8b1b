package tokenization

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"

	"github.com/cloakroom/cloakroom/processor/rewrite"
	"github.com/cloakroom/cloakroom/vault/token"
)

// memoryVault issues tokens from a hash and escrows them in a map. It stands where a test wants to look into the
// escrow or make it fail at a moment of its choice; embedded_test.go runs the real vault.
type memoryVault struct {
	component.StartFunc
	component.ShutdownFunc

	recognizer *token.Recognizer
	down       atomic.Bool // commits fail
	mintless   atomic.Bool // minting fails
	remote     atomic.Bool // tokens come with Commit, as where only the vault may mint
	commits    atomic.Int64

	mu      sync.Mutex
	escrow  map[string]string // token to canonical value
	refuses int               // the next so many commits fail
}

var _ rewrite.Issuer = (*memoryVault)(nil)

func newMemoryVault() *memoryVault {
	return &memoryVault{
		recognizer: token.NewRecognizer([16]byte{1, 2, 3}),
		escrow:     map[string]string{},
	}
}

func (v *memoryVault) Mint(dst []byte, class token.Class, canonical []byte, b *token.Batch) ([]byte, error) {
	if v.mintless.Load() {
		return dst, rewrite.ErrUnavailable
	}
	id := v.identity(class, canonical)
	const kid = token.Kid(4711)
	at := len(dst)
	if v.remote.Load() {
		if b.Local {
			return dst, rewrite.ErrUnavailable
		}
		id[0]++ // the keyed hash of another key
		dst = token.Append(dst, class.Name, token.Kids-1, id, 0)
		b.Pend(class, token.Kids-1, id, dst[at:], canonical)
		return dst, nil
	}
	dst = token.Append(dst, class.Name, kid, id, v.recognizer.Tag(class.Name, kid, id))
	if class.Kind != token.OneWay {
		b.Add(class, kid, id, dst[at:], canonical)
	}
	return dst, nil
}

func (v *memoryVault) identity(class token.Class, canonical []byte) token.Identity {
	var buf [256]byte
	seed := append(buf[:0], class.Name...)
	seed = append(seed, 0)
	seed = append(seed, class.Scope...)
	seed = append(seed, 0, byte(class.Kind))
	seed = append(seed, canonical...)
	sum := sha256.Sum256(seed)
	return token.Identity(sum[:token.IdentitySize])
}

func (v *memoryVault) Commit(_ context.Context, b *token.Batch) error {
	v.commits.Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down.Load() || v.refuses > 0 {
		v.refuses = max(0, v.refuses-1)
		return fmt.Errorf("commit tokens: %w: disk full", rewrite.ErrUnavailable)
	}
	for i := range b.Len() {
		r := b.At(i)
		if r.Pending {
			id := v.identity(r.Class, r.Canonical)
			r.Token = token.Append(nil, r.Class.Name, 4711, id, v.recognizer.Tag(r.Class.Name, 4711, id))
			b.Settle(i, r.Token)
		}
		if r.Class.Kind == token.OneWay {
			continue
		}
		v.escrow[string(r.Token)] = string(r.Canonical)
	}
	return nil
}

func (v *memoryVault) Recognize(s string) int { return v.recognizer.Match(s) }

// reveals is the number of escrowed tokens.
func (v *memoryVault) reveals() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.escrow)
}

// holds reports whether the token is escrowed.
func (v *memoryVault) holds(tok string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, ok := v.escrow[tok]
	return ok
}
