package token

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the vectors from this implementation")

// TestSipHash checks vectors of the authors' reference implementation: key 00 01 .. 0f, message 00 01 .. n-1, output
// in little-endian order. The one of 15 bytes is appendix A of the paper.
func TestSipHash(t *testing.T) {
	const k0, k1 = 0x0706050403020100, 0x0f0e0d0c0b0a0908
	for n, want := range map[int]string{
		0: "310e0edd47db6f72", 1: "fd67dc93c539f874", 2: "5a4fa9d909806c0d", 3: "2d7efbd796666785",
		4: "b7877127e09427cf", 5: "8da699cd64557618", 6: "cee3fe586e46c9cb", 7: "37d1018bf50002ab",
		8: "6224939a79f5f593", 15: "e545be4961ca29a1",
	} {
		msg := make([]byte, n)
		for i := range msg {
			msg[i] = byte(i)
		}
		if got := hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, sipHash(k0, k1, msg))); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
}

// vector is one line of testdata/vectors/token.json: everything another implementation needs to check itself.
type vector struct {
	Key      string `json:"recognition_key"`
	Class    string `json:"class"`
	Kid      uint32 `json:"kid"`
	Identity string `json:"identity"`
	Tag      uint32 `json:"tag"`
	Token    string `json:"token"`
}

func TestVectors(t *testing.T) {
	path := filepath.Join("..", "..", "testdata", "vectors", "token.json")
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
		t.Run(v.Token, func(t *testing.T) {
			key, err := hex.DecodeString(v.Key)
			if err != nil {
				t.Fatal(err)
			}
			id, err := hex.DecodeString(v.Identity)
			if err != nil {
				t.Fatal(err)
			}
			r := NewRecognizer([16]byte(key))
			want := Token{Class: v.Class, Kid: Kid(v.Kid), Identity: Identity(id), Tag: v.Tag}
			if tag := r.Tag(v.Class, want.Kid, want.Identity); tag != v.Tag {
				t.Errorf("tag %d, want %d", tag, v.Tag)
			}
			if got := want.String(); got != v.Token {
				t.Errorf("Append: %s", got)
			}
			if got, err := Parse(v.Token); err != nil || got != want || !r.Verify(got) {
				t.Errorf("Parse = %+v, %v; want %+v, verified", got, err, want)
			}
		})
	}
}

func writeVectors(t *testing.T, path string) {
	var vectors []vector
	for i, class := range []string{"email", "card", "ssn", "phone", "ip", "name", "secret", "abcdefghijklmnop"} {
		var key [16]byte
		for j := range key {
			key[j] = byte(i*16 + j)
		}
		tok := sample(class, byte(i*29))
		tok.Tag = NewRecognizer(key).Tag(class, tok.Kid, tok.Identity)
		vectors = append(vectors, vector{
			hex.EncodeToString(key[:]), class, uint32(tok.Kid), hex.EncodeToString(tok.Identity[:]), tok.Tag, tok.String(),
		})
	}
	out, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMatch(t *testing.T) {
	r := NewRecognizer([16]byte{1, 2, 3})
	tok := sample("email", 3)
	tok.Tag = r.Tag(tok.Class, tok.Kid, tok.Identity)
	s := tok.String()
	other := tok
	other.Tag ^= 1
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"whole":          {s, len(s)},
		"text goes on":   {s + ", and", len(s)},
		"kept digits":    {s + "_1234", len(s) + 5},
		"kept domain":    {s + "@example.com>", len(s) + 12},
		"five digits":    {s + "_12345", len(s)},
		"next token":     {s + s, len(s)},
		"letter follows": {s + "x", 0},
		"not at start":   {" " + s, 0},
		"wrong tag":      {other.String(), 0},
		"other class":    {strings.Replace(s, "email", "phone", 1), 0},
		"other kid":      {s[:10] + "zzzzz" + s[15:], 0},
		"empty":          {"", 0},
		"other identity": {s[:18] + "bcbcbc" + s[24:], 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.Match(c.text); got != c.want {
				t.Fatalf("Match = %d, want %d", got, c.want)
			}
		})
	}
	if NewRecognizer([16]byte{1, 2, 4}).Match(s) != 0 {
		t.Error("another vault's key verified the token")
	}
}

func TestAppendAndMatchAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r, tok, dst := NewRecognizer([16]byte{1}), sample("email", 3), make([]byte, 0, MaxSize)
	tok.Tag = r.Tag(tok.Class, tok.Kid, tok.Identity)
	s := tok.String()
	if n := testing.AllocsPerRun(100, func() {
		dst = Append(dst[:0], tok.Class, tok.Kid, tok.Identity, r.Tag(tok.Class, tok.Kid, tok.Identity))
		if r.Match(s) != len(s) {
			t.Fatal("not matched")
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	r, tok, dst := NewRecognizer([16]byte{1}), sample("email", 3), make([]byte, 0, MaxSize)
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = Append(dst[:0], tok.Class, tok.Kid, tok.Identity, tok.Tag)
		}
	})
	b.Run("Tag and Append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = Append(dst[:0], tok.Class, tok.Kid, tok.Identity, r.Tag(tok.Class, tok.Kid, tok.Identity))
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	r, tok := NewRecognizer([16]byte{1}), sample("email", 3)
	tok.Tag = r.Tag(tok.Class, tok.Kid, tok.Identity)
	s := tok.String() + " and more"
	b.ReportAllocs()
	for b.Loop() {
		r.Match(s)
	}
}
