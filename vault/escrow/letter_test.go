package escrow

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

var (
	letterKey   = []byte("a key of letters")
	letterPlace = Place{Topic: "orders", Partition: 3, Offset: 42}
)

func sealedLetter(t testing.TB, e *keyring.Epoch, scope string, at Place) []byte {
	t.Helper()
	public, err := e.EscrowPublic()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := SealLetter(keyring.XWing, public, e.Kid, scope, at, letterKey)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestLetterKeysOpen(t *testing.T) {
	e := epoch(t, "default")
	for _, tt := range []struct {
		name string
		at   Place
	}{
		{"a record", letterPlace},
		{"the first of a topic", Place{Topic: "orders"}},
		{"what did not come from Kafka", Place{Partition: -1, Offset: -1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sealed := sealedLetter(t, e, "default", tt.at)
			if bytes.Contains(sealed, letterKey) || len(sealed) > MaxLetterKey {
				t.Fatalf("%d bytes, in which the key stands", len(sealed))
			}
			if kid, err := LetterKid(sealed); err != nil || kid != e.Kid {
				t.Errorf("kid %v, %v", kid, err)
			}
			got, err := OpenLetter(e, tt.at, sealed)
			if err != nil || !bytes.Equal(got, letterKey) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// TestLetterKeysOfAnotherPlace: a key moved to the letter of another record does not open, nor does one sealed for another scope.
func TestLetterKeysOfAnotherPlace(t *testing.T) {
	e := epoch(t, "default")
	sealed := sealedLetter(t, e, "default", letterPlace)
	for _, tt := range []struct {
		name string
		at   Place
	}{
		{"topic", Place{"order", 3, 42}},
		{"no topic", Place{"", 3, 42}},
		{"partition", Place{"orders", 2, 42}},
		{"offset", Place{"orders", 3, 43}},
		{"partition and offset in each other's place", Place{"orders", 42, 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := OpenLetter(e, tt.at, sealed); !errors.Is(err, ErrOpen) {
				t.Errorf("it opens, or fails otherwise: %v", err)
			}
		})
	}
	if _, err := OpenLetter(e, letterPlace, sealedLetter(t, e, "payments", letterPlace)); !errors.Is(err, ErrOpen) {
		t.Errorf("of another scope: %v", err)
	}
}

// TestLetterKeysTampered changes each part of a sealed key, and cuts it at each length.
func TestLetterKeysTampered(t *testing.T) {
	e := epoch(t, "default")
	sealed := sealedLetter(t, e, "default", letterPlace)
	for n := range sealed {
		bad := bytes.Clone(sealed)
		bad[n] ^= 1
		if _, err := OpenLetter(e, letterPlace, bad); err == nil {
			t.Fatalf("it opens with another byte at %d", n)
		}
		if n%97 == 0 || n > len(sealed)-40 {
			if _, err := OpenLetter(e, letterPlace, sealed[:n]); err == nil {
				t.Fatalf("it opens when cut at %d", n)
			}
		}
	}
	if _, err := OpenLetter(e, letterPlace, append(bytes.Clone(sealed), make([]byte, MaxLetterKey)...)); !errors.Is(err, ErrMalformed) {
		t.Errorf("longer than may be: %v", err)
	}
	if _, err := SealLetter(keyring.XWing, []byte("no key"), e.Kid, "default", letterPlace, letterKey); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("sealed to what is no key: %v", err)
	}
	if _, err := SealLetter(keyring.XWing, nil, e.Kid, "default", letterPlace, []byte("longer than a letter's key")); err == nil {
		t.Error("anything can be sealed as a letter's key")
	}
}

// TestLettersAreNoRecords: what is sealed as one does not open as the other, though the vault's key is the same. Otherwise who may
// open letters could reveal, and an agent could hand in letters as values.
func TestLettersAreNoRecords(t *testing.T) {
	e := epoch(t, "default")
	s := session(t, e, Limits{})
	record, err := s.Seal(nil, []byte(tok), "default", 99, letterKey)
	if err != nil {
		t.Fatal(err)
	}
	h := s.Header()
	asLetter := append(sealedLetter(t, e, "default", letterPlace)[:letterHeader], h.Enc...)
	asLetter = append(asLetter, record[headerSize:]...)
	if _, err := OpenLetter(e, letterPlace, asLetter); !errors.Is(err, ErrOpen) {
		t.Errorf("a record as a letter: %v", err)
	}
	sealed := sealedLetter(t, e, "default", letterPlace)
	h.Enc = sealed[letterHeader : len(sealed)-sealedKeySize]
	asRecord := append([]byte{version, 0, 0, 0, 0}, sealed[len(sealed)-sealedKeySize:]...)
	if _, err := Open(e, h, asRecord, tok, "default", 99); !errors.Is(err, ErrOpen) {
		t.Errorf("a letter as a record: %v", err)
	}
}

func TestLettersOfAnExpiredEpoch(t *testing.T) {
	k, err := keyring.Open(t.TempDir()+"/keys", keyring.Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	e, err := k.Current("default")
	if err != nil {
		t.Fatal(err)
	}
	sealed := sealedLetter(t, e, "default", letterPlace)
	if _, err := k.Expire(e.Expires); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLetter(e, letterPlace, sealed); !errors.Is(err, keyring.ErrExpired) {
		t.Errorf("want ErrExpired, got %v", err)
	}
}

// FuzzOpenLetter: whatever is handed in, it opens to the very key that was sealed for that place, or not at all.
func FuzzOpenLetter(f *testing.F) {
	e := epoch(f, "default")
	sealed := sealedLetter(f, e, "default", letterPlace)
	f.Add(sealed, "orders", int32(3), int64(42))
	f.Add(sealed, "orders", int32(3), int64(43))
	f.Add(sealed[:letterHeader+sealedKeySize+1], "orders", int32(3), int64(42))
	f.Add(sealed[:len(sealed)-1], "", int32(-1), int64(-1))
	f.Add(append([]byte{1, 2}, sealed[2:]...), "orders", int32(3), int64(42))
	f.Add(append([]byte{1, 1, 0xff, 0xff, 0xff, 0xff}, sealed[6:]...), "orders", int32(3), int64(42))
	f.Add([]byte{}, "orders", int32(3), int64(42))
	f.Fuzz(func(t *testing.T, in []byte, topic string, partition int32, offset int64) {
		at := Place{topic, partition, offset}
		got, err := OpenLetter(e, at, in)
		switch {
		case err == nil && (at != letterPlace || !bytes.Equal(in, sealed) || !bytes.Equal(got, letterKey)):
			t.Fatalf("it opens: %d bytes at %v", len(in), at.Offset)
		case err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrOpen) && !errors.Is(err, keyring.ErrSuite):
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}
