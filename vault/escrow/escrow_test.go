package escrow

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cloakroom/cloakroom/vault/keyring"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

func epoch(t testing.TB, scope string) *keyring.Epoch {
	t.Helper()
	k, err := keyring.Open(t.TempDir()+"/keys", keyring.Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	e, err := k.Current(scope)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func session(t testing.TB, e *keyring.Epoch, l Limits) *Session {
	t.Helper()
	public, err := e.EscrowPublic()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSession(public, e.Kid, keyring.XWing, start, l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const tok = "tkt_email_bdfgh_kzmrwtvxpqshdnbcjlgkfrtbwzqmvnxds"

func TestSealedValuesOpen(t *testing.T) {
	e := epoch(t, "default")
	s := session(t, e, Limits{})
	values := []string{"alice@example.com", "", string(bytes.Repeat([]byte("x"), 100_000)), "alice@example.com"}
	var sealed [][]byte
	for _, v := range values {
		out, err := s.Seal(nil, []byte(tok), "default", 99, []byte(v))
		if err != nil || len(out) != len(v)+Overhead {
			t.Fatalf("Seal: %d bytes, %v", len(out), err)
		}
		sealed = append(sealed, out)
	}
	if bytes.Equal(sealed[0], sealed[3]) {
		t.Error("the same value sealed twice looks the same")
	}
	for i := len(values) - 1; i >= 0; i-- { // any order
		got, err := Open(e, s.Header(), sealed[i], tok, "default", 99)
		if err != nil || string(got) != values[i] {
			t.Errorf("record %d: %d bytes, %v", i, len(got), err)
		}
	}
}

// TestUnlinked: salt and value come back, and no record is taken for one of the other version.
func TestUnlinked(t *testing.T) {
	e := epoch(t, "default")
	s := session(t, e, Limits{})
	for _, value := range []string{"", "4111 1111 1111 1111"} {
		_, salt := keyring.NewUnlinked([]byte(value))
		sealed, err := s.SealUnlinked(nil, []byte(tok), "default", 99, salt, []byte(value))
		if err != nil || !Unlinked(sealed) || len(sealed) != Overhead+len(salt)+len(value) {
			t.Fatalf("%d bytes, %v", len(sealed), err)
		}
		got, err := Open(e, s.Header(), sealed, tok, "default", 99)
		if err != nil || !bytes.HasPrefix(got, salt[:]) || string(got[len(salt):]) != value {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		as1 := bytes.Clone(sealed)
		as1[0] = version
		if _, err := Open(e, s.Header(), as1, tok, "default", 99); !errors.Is(err, ErrOpen) {
			t.Errorf("as version 1: %v", err)
		}
		if err := Check(sealed[:Overhead+len(salt)-1]); !errors.Is(err, ErrMalformed) {
			t.Errorf("without room for a salt: %v", err)
		}
	}
}

func TestOpensOnlyAsSealed(t *testing.T) {
	e := epoch(t, "default")
	s, foreign := session(t, e, Limits{}), session(t, e, Limits{})
	sealed, err := s.Seal(nil, []byte(tok), "default", 99, []byte("alice@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(i int, to byte) []byte {
		b := bytes.Clone(sealed)
		b[i] = to
		return b
	}
	header := func(f func(h *Header)) Header {
		h := s.Header()
		h.Enc = bytes.Clone(h.Enc)
		f(&h)
		return h
	}
	for name, c := range map[string]struct {
		epoch   *keyring.Epoch
		header  Header
		sealed  []byte
		tok     string
		scope   string
		expires int64
		want    error
	}{
		"another token":         {e, s.Header(), sealed, tok[:len(tok)-1] + "b", "default", 99, ErrOpen},
		"another scope":         {e, s.Header(), sealed, tok, "Default", 99, ErrOpen},
		"token and scope moved": {e, s.Header(), sealed, tok + "d", "efault", 99, ErrOpen},
		"a longer life":         {e, s.Header(), sealed, tok, "default", 100, ErrOpen},
		"another session":       {e, foreign.Header(), sealed, tok, "default", 99, ErrOpen},
		"another session's id":  {e, header(func(h *Header) { h.ID[0]++ }), sealed, tok, "default", 99, ErrOpen},
		"enc changed":           {e, header(func(h *Header) { h.Enc[5]++ }), sealed, tok, "default", 99, ErrOpen},
		"enc cut":               {e, header(func(h *Header) { h.Enc = h.Enc[1:] }), sealed, tok, "default", 99, ErrMalformed},
		"enc missing":           {e, header(func(h *Header) { h.Enc = nil }), sealed, tok, "default", 99, ErrMalformed},
		"another kid":           {e, header(func(h *Header) { h.Kid++ }), sealed, tok, "default", 99, ErrMalformed},
		"kid out of range":      {e, header(func(h *Header) { h.Kid = ^h.Kid }), sealed, tok, "default", 99, ErrMalformed},
		"unknown suite":         {e, header(func(h *Header) { h.Suite = 9 }), sealed, tok, "default", 99, keyring.ErrSuite},
		"another number":        {e, s.Header(), changed(4, 1), tok, "default", 99, ErrOpen},
		"number too high":       {e, s.Header(), changed(1, 1), tok, "default", 99, ErrMalformed},
		"version 2":             {e, s.Header(), changed(0, 2), tok, "default", 99, ErrOpen},
		"version 3":             {e, s.Header(), changed(0, 3), tok, "default", 99, ErrMalformed},
		"flipped":               {e, s.Header(), changed(len(sealed)-1, sealed[len(sealed)-1]^1), tok, "default", 99, ErrOpen},
		"cut":                   {e, s.Header(), sealed[:len(sealed)-1], tok, "default", 99, ErrOpen},
		"empty":                 {e, s.Header(), nil, tok, "default", 99, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Open(c.epoch, c.header, c.sealed, c.tok, c.scope, c.expires); !errors.Is(err, c.want) || got != nil {
				t.Fatalf("Open = %d bytes, %v; want %v", len(got), err, c.want)
			}
		})
	}
	t.Run("another epoch", func(t *testing.T) {
		// It has the same kid by force: what protects is the key.
		other := epoch(t, "default")
		h := s.Header()
		h.Kid = other.Kid
		if _, err := Open(other, h, sealed, tok, "default", 99); !errors.Is(err, ErrOpen) {
			t.Fatalf("%v, want ErrOpen", err)
		}
	})
}

func TestLimits(t *testing.T) {
	e := epoch(t, "default")
	s := session(t, e, Limits{Lifetime: time.Minute, Records: 3})
	for left := 3; left > 0; left-- {
		if got := s.Left(start); got != left {
			t.Fatalf("Left = %d, want %d", got, left)
		}
		if _, err := s.Seal(nil, []byte(tok), "default", 99, nil); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if out, err := s.Seal([]byte("kept"), []byte(tok), "default", 99, nil); !errors.Is(err, ErrSpent) || string(out) != "kept" {
			t.Fatalf("Seal beyond the limit = %q, %v; want ErrSpent", out, err)
		}
	}
	if s.Left(start) != 0 {
		t.Fatal("a spent session has records left")
	}
	if fresh := session(t, e, Limits{Lifetime: time.Minute}); fresh.Left(start.Add(59*time.Second)) != MaxRecords || fresh.Left(start.Add(time.Minute)) != 0 {
		t.Fatal("the lifetime is not a minute")
	}
	if greedy := session(t, e, Limits{Lifetime: time.Hour, Records: 1 << 30}); greedy.Left(start) != MaxRecords || greedy.Left(start.Add(MaxLifetime)) != 0 {
		t.Fatal("limits beyond the maximum were taken")
	}
}

func TestConcurrentSealsNeverShareANumber(t *testing.T) {
	e := epoch(t, "default")
	s := session(t, e, Limits{})
	const workers, each = 8, 200
	var mu sync.Mutex
	numbers := map[string]bool{}
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				out, err := s.Seal(nil, []byte(tok), "default", 99, []byte("v"))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				numbers[string(out[1:headerSize])] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(numbers) != workers*each {
		t.Fatalf("%d numbers for %d records", len(numbers), workers*each)
	}
}

func TestSealAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := session(t, epoch(t, "default"), Limits{})
	dst, value := make([]byte, 0, 256), []byte("alice@example.com")
	if n := testing.AllocsPerRun(1000, func() {
		var err error
		if dst, err = s.Seal(dst[:0], []byte(tok), "default", 99, value); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func FuzzOpen(f *testing.F) {
	e := epoch(f, "default")
	s := session(f, e, Limits{})
	good, err := s.Seal(nil, []byte(tok), "default", 99, []byte("alice@example.com"))
	if err != nil {
		f.Fatal(err)
	}
	o, err := OpenSession(e, s.Header())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, tok, "default", int64(99))
	f.Add([]byte{version}, "", "", int64(0))
	f.Add(append(good[:len(good):len(good)], 0), tok, "default", int64(99))
	f.Fuzz(func(t *testing.T, sealed []byte, token, scope string, expires int64) {
		got, err := o.Open(nil, sealed, token, scope, expires)
		same := bytes.Equal(sealed, good) && token == tok && scope == "default" && expires == 99
		if same != (err == nil) || same && string(got) != "alice@example.com" {
			t.Fatalf("Open = %d bytes, %v", len(got), err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	e := epoch(b, "default")
	s := session(b, e, Limits{})
	dst, name, value := make([]byte, 0, 256), []byte(tok), []byte("alice@example.com")
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = s.Seal(dst[:0], name, "default", 99, value); err != nil {
			s = session(b, e, Limits{})
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	e := epoch(b, "default")
	s := session(b, e, Limits{})
	sealed, err := s.Seal(nil, []byte(tok), "default", 99, []byte("alice@example.com"))
	if err != nil {
		b.Fatal(err)
	}
	o, err := OpenSession(e, s.Header())
	if err != nil {
		b.Fatal(err)
	}
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenSession(e, s.Header()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := o.Open(nil, sealed, tok, "default", 99); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestRetire: what is sealed while a session is retired opens, nothing is sealed afterwards, and the key is gone.
func TestRetire(t *testing.T) {
	e := epoch(t, "default")
	for range 50 {
		s := session(t, e, Limits{})
		var sealers sync.WaitGroup
		begun := make(chan struct{}, 4)
		for range 4 {
			sealers.Go(func() {
				for n := 0; ; n++ {
					sealed, err := s.Seal(nil, []byte(tok), "default", 99, []byte("alice@example.com"))
					if errors.Is(err, ErrSpent) {
						return
					}
					if n == 0 {
						begun <- struct{}{}
					}
					if got, err := Open(e, s.Header(), sealed, tok, "default", 99); err != nil || string(got) != "alice@example.com" {
						t.Errorf("%d bytes, %v", len(got), err)
						return
					}
				}
			})
		}
		<-begun
		s.Retire()
		s.Retire()
		sealers.Wait()
		if s.Left(start) != 0 {
			t.Error("a retired session has records left")
		}
	}
}
