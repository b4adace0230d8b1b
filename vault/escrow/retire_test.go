package escrow

import (
	"errors"
	"sync"
	"testing"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

// Retire by many at once, against Seal, SealUnlinked at the limit, Left: nothing panics, what is sealed opens.
func TestRetireByMany(t *testing.T) {
	e := epoch(t, "default")
	for n := range 300 {
		s := session(t, e, Limits{Records: uint32(1 + n%40)})
		o, err := OpenSession(e, s.Header())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				if g > 4 {
					for range n % 17 {
						s.Left(start)
					}
					s.Retire()
					return
				}
				for range 30 {
					var sealed []byte
					var err error
					if g%2 == 0 {
						sealed, err = s.Seal(nil, []byte(tok), "default", 99, []byte("v"))
					} else {
						sealed, err = s.SealUnlinked(nil, []byte(tok), "default", 99, keyring.Salt{1}, []byte("v"))
					}
					if errors.Is(err, ErrSpent) {
						continue
					}
					if _, err := o.Open(nil, sealed, tok, "default", 99); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
}
