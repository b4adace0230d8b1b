package token

import (
	"bytes"
	"fmt"
	"testing"
)

func TestBatch(t *testing.T) {
	var b Batch
	b.State = "kept"
	for round := range 3 {
		if b.Len() != 0 {
			t.Fatalf("round %d starts with %d records", round, b.Len())
		}
		const n = 500
		for pass := range 2 { // the second pass repeats the first: all of it is dropped
			for i := range n {
				tok := sample("email", byte(i))
				tok.Identity[0], tok.Identity[1], tok.Kid = byte(i), byte(i>>8), Kid(round)
				b.Add(Class{Name: "email", Scope: "s"}, tok.Kid, tok.Identity, []byte(tok.String()), fmt.Appendf(nil, "value %d of %d", i, round))
				if pass == 1 && b.Len() != n {
					t.Fatalf("repeat %d was added", i)
				}
			}
		}
		for i := range n {
			r := b.At(i)
			p, err := Parse(string(r.Token))
			if err != nil || p.Identity != r.Identity || p.Kid != r.Kid || r.Class != (Class{Name: "email", Scope: "s"}) {
				t.Fatalf("record %d: %+v, %v", i, r, err)
			}
			if want := fmt.Sprintf("value %d of %d", i, round); string(r.Canonical) != want {
				t.Fatalf("record %d holds another value", i)
			}
		}
		first := b.At(0).Canonical
		b.Reset()
		if len(bytes.Trim(first, "\x00")) != 0 {
			t.Fatal("Reset left a value in memory")
		}
	}
	if b.State != "kept" {
		t.Fatal("Reset touched State")
	}
}

func TestBatchCountsWhatIsKnown(t *testing.T) {
	var b Batch
	for name, step := range map[string]func(){
		"a known token": func() { b.AddKnown(); b.AddKnown() },
		"a record":      func() { b.Add(Class{Name: "email"}, 0, Identity{}, []byte("t"), []byte("v")) },
	} {
		if !b.Empty() {
			t.Fatalf("%s: not empty before", name)
		}
		if step(); b.Empty() {
			t.Errorf("%s: empty", name)
		}
		if want := 2 * (1 - b.Len()); b.Known() != want {
			t.Errorf("%s: %d known, want %d", name, b.Known(), want)
		}
		b.Reset()
	}
}

func TestBatchKeepsTokensApart(t *testing.T) {
	var b Batch
	a, c := sample("email", 1), sample("email", 1)
	c.Kid++
	for _, tok := range []Token{a, c, a, c} {
		b.Add(Class{Name: "email"}, tok.Kid, tok.Identity, []byte(tok.String()), []byte("v"))
	}
	if b.Len() != 2 {
		t.Fatalf("%d records, want 2: same identity under two kids", b.Len())
	}
}

func TestBatchReleasesAHugeRequest(t *testing.T) {
	var b Batch
	b.Add(Class{Name: "email"}, 0, Identity{}, []byte("t"), make([]byte, 2*keepArena))
	b.Reset()
	if cap(b.arena) != 0 {
		t.Fatalf("%d bytes pinned", cap(b.arena))
	}
	b.Add(Class{Name: "email"}, 0, Identity{}, []byte("t"), []byte("v"))
	if b.Len() != 1 {
		t.Fatal("not usable after release")
	}
}

func TestBatchAllocatesNothingAfterWarmUp(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var b Batch
	tok := sample("email", 1)
	s := []byte(tok.String())
	if n := testing.AllocsPerRun(100, func() {
		b.Reset()
		for i := range 200 {
			tok.Identity[0] = byte(i)
			b.Add(Class{Name: "email", Scope: "s"}, tok.Kid, tok.Identity, s, s[:20])
		}
	}); n != 0 {
		t.Fatalf("%v allocations, want 0", n)
	}
}

func BenchmarkBatchAdd(b *testing.B) {
	var batch Batch
	tok := sample("email", 1)
	s := []byte(tok.String())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			batch.Reset()
		}
		tok.Identity[0], tok.Identity[1] = byte(i), byte(i>>8)
		batch.Add(Class{Name: "email", Scope: "s"}, tok.Kid, tok.Identity, s, s[:20])
	}
}

func TestStandIns(t *testing.T) {
	var b Batch
	c := Class{Name: "email", Scope: "default"}
	standIn := func(n byte) (Identity, []byte) {
		id := Identity{n, 1, 2}
		return id, Append(nil, c.Name, Kids-1, id, 0)
	}
	id1, one := standIn(1)
	id2, two := standIn(2)
	b.Pend(c, Kids-1, id1, one, []byte("a"))
	b.Pend(c, Kids-1, id2, two, []byte("b"))
	b.Pend(c, Kids-1, id1, one, []byte("a"))
	if b.Len() != 2 || b.Pends() != 3 || !b.At(0).Pending || b.Settled(one) != nil {
		t.Fatalf("%d records, %d written, %+v", b.Len(), b.Pends(), b.At(0))
	}
	tok := Append(nil, c.Name, 7, Identity{9}, 5)
	b.Settle(0, tok)
	if r := b.At(0); r.Pending || !r.Settled || string(r.Token) != string(one) || string(r.Canonical) != "a" {
		t.Errorf("%+v", r)
	}
	if string(b.Settled(one)) != string(tok) || b.Settled(two) != nil || b.Settled(tok) != nil || b.Settled([]byte("noise")) != nil {
		t.Error("settled what was not, or not what was")
	}
	for name, wrong := range map[string]func(){
		"length":      func() { b.Settle(1, tok[1:]) },
		"not pending": func() { b.Add(c, 7, Identity{8}, tok, nil); b.Settle(2, tok) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			wrong()
		}()
	}
	b.Local = true
	b.Reset()
	if b.Pends() != 0 || b.Local || b.Settled(one) != nil || b.Len() != 0 {
		t.Error("Reset left something")
	}
}

func TestStandInsAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var b Batch
	tok := Append(nil, "email", 7, Identity{9}, 5)
	if n := testing.AllocsPerRun(50, func() {
		b.Reset()
		for k := range 100 {
			var id Identity
			id[0], id[8] = byte(k), byte(k)
			var buf [MaxSize]byte
			b.Pend(Class{Name: "email"}, Kids-1, id, Append(buf[:0], "email", Kids-1, id, 0), []byte("v"))
			b.Settle(k, tok)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
