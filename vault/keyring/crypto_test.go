package keyring

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/cloakroom/cloakroom/vault/token"
)

var update = flag.Bool("update", false, "rewrite the vectors from this implementation")

// vector is one line of testdata/vectors/mint.json: from an epoch's seed and a canonical value to a token.
type vector struct {
	Seed        string `json:"epoch_seed"`
	Recognition string `json:"recognition_key"`
	Class       string `json:"class"`
	Kind        string `json:"kind"`
	Canonical   string `json:"canonical"`
	MintKey     string `json:"mint_key"`
	Kid         uint32 `json:"kid"`
	Token       string `json:"token"`
}

func (v vector) mint(t *testing.T) (mintKey, tok string) {
	seed, err := hex.DecodeString(v.Seed)
	if err != nil {
		t.Fatal(err)
	}
	recognition, err := hex.DecodeString(v.Recognition)
	if err != nil {
		t.Fatal(err)
	}
	kind, err := token.ParseKind(v.Kind)
	if err != nil {
		t.Fatal(err)
	}
	e := &Epoch{secret: newSecret(Key(seed))}
	key, err := e.MintKey(v.Class, kind)
	if err != nil {
		t.Fatal(err)
	}
	id, kid := NewMAC(key).Identity([]byte(v.Canonical)), token.Kid(v.Kid)
	tag := token.NewRecognizer([16]byte(recognition)).Tag(v.Class, kid, id)
	return hex.EncodeToString(key[:]), string(token.Append(nil, v.Class, kid, id, tag))
}

func TestVectors(t *testing.T) {
	path := filepath.Join("..", "..", "testdata", "vectors", "mint.json")
	if *update {
		writeVectors(t, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		key, tok := v.mint(t)
		if key != v.MintKey || tok != v.Token {
			t.Errorf("%s %s: %s under %s, want %s under %s", v.Class, v.Kind, tok, key, v.Token, v.MintKey)
		}
	}
}

func writeVectors(t *testing.T, path string) {
	const seed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	const recognition = "202122232425262728292a2b2c2d2e2f"
	vectors := []vector{
		{Class: "email", Kind: "deterministic", Canonical: "alice@example.com", Kid: 1_234_567},
		{Class: "email", Kind: "one_way", Canonical: "alice@example.com", Kid: 1_234_567},
		{Class: "card", Kind: "deterministic", Canonical: "4111111111111111", Kid: 3_199_999},
		{Class: "phone", Kind: "deterministic", Canonical: "+442071838750", Kid: 0},
		{Class: "ip", Kind: "deterministic", Canonical: "2001:db8::1", Kid: 20},
		{Class: "name", Kind: "deterministic", Canonical: "Zoë Ångström", Kid: 42},
		{Class: "secret", Kind: "one_way", Canonical: "", Kid: 42},
	}
	for i := range vectors {
		vectors[i].Seed, vectors[i].Recognition = seed, recognition
		vectors[i].MintKey, vectors[i].Token = vectors[i].mint(t)
	}
	out, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMACIsTruncatedHMAC(t *testing.T) {
	key := Key{1, 2, 3}
	m := NewMAC(key)
	for _, value := range []string{"", "a", "alice@example.com", string(bytes.Repeat([]byte("long "), 1000)), "a"} {
		h := hmac.New(sha256.New, key[:])
		h.Write([]byte(value))
		if got, want := m.Identity([]byte(value)), h.Sum(nil)[:token.IdentitySize]; !bytes.Equal(got[:], want) {
			t.Errorf("%d bytes: %x, want %x", len(value), got, want)
		}
	}
}

func TestSessionKey(t *testing.T) {
	k := open(t, t.TempDir()+"/k", newClock())
	e, other := current(t, k, "default"), current(t, k, "payments")
	public, err := e.EscrowPublic()
	if err != nil {
		t.Fatal(err)
	}
	enc, key, err := NewSessionKey(XWing, public, []byte("info"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.OpenSessionKey(XWing, enc, []byte("info")); err != nil || got != key {
		t.Fatalf("the receiver has another key: %v", err)
	}
	if got, err := e.OpenSessionKey(XWing, enc, []byte("other")); err == nil && got == key {
		t.Error("info is not bound")
	}
	if got, err := other.OpenSessionKey(XWing, enc, []byte("info")); err == nil && got == key {
		t.Error("another epoch has the key")
	}
	if _, err := e.OpenSessionKey(XWing, enc[:100], nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("short enc: %v, want ErrDamaged", err)
	}
	if _, _, err := NewSessionKey(XWing, public[1:], nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("short public key: %v, want ErrDamaged", err)
	}
	if _, err := e.OpenSessionKey(2, enc, nil); !errors.Is(err, ErrSuite) {
		t.Errorf("suite 2: %v, want ErrSuite", err)
	}
	if _, _, err := NewSessionKey(0, public, nil); !errors.Is(err, ErrSuite) {
		t.Errorf("suite 0: %v, want ErrSuite", err)
	}
}

func TestBox(t *testing.T) {
	box, plain, aad := NewBox(Key{1}), []byte("plain"), []byte("aad")
	sealed := box.Seal(nil, 7, plain, aad)
	if len(sealed) != len(plain)+Overhead {
		t.Errorf("%d bytes, want %d", len(sealed), len(plain)+Overhead)
	}
	if got, err := box.Open(nil, 7, sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	flipped := bytes.Clone(sealed)
	flipped[0] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another number": func() ([]byte, error) { return box.Open(nil, 8, sealed, aad) },
		"another aad":    func() ([]byte, error) { return box.Open(nil, 7, sealed, plain) },
		"another key":    func() ([]byte, error) { return NewBox(Key{2}).Open(nil, 7, sealed, aad) },
		"flipped":        func() ([]byte, error) { return box.Open(nil, 7, flipped, aad) },
		"short":          func() ([]byte, error) { return box.Open(nil, 7, sealed[:3], aad) },
	} {
		if _, err := open(); !errors.Is(err, ErrOpen) {
			t.Errorf("%s: %v, want ErrOpen", name, err)
		}
	}
}

func TestMACAndBoxAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	m, box, value, dst := NewMAC(Key{1}), NewBox(Key{2}), []byte("alice@example.com"), make([]byte, 0, 256)
	number := uint64(0)
	if n := testing.AllocsPerRun(1000, func() {
		m.Identity(value)
		number++
		dst = box.Seal(dst[:0], number, value, value)
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func BenchmarkIdentity(b *testing.B) {
	m, value := NewMAC(Key{1}), []byte("alice@example.com")
	b.ReportAllocs()
	for b.Loop() {
		m.Identity(value)
	}
}

func BenchmarkNewSessionKey(b *testing.B) {
	public, err := (&Epoch{secret: newSecret(Key{1})}).EscrowPublic()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := NewSessionKey(XWing, public, nil); err != nil {
			b.Fatal(err)
		}
	}
}
