package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// sink is the far end: it remembers the order of what it took, and answers as a test says.
type sink struct {
	mu      sync.Mutex
	taken   []string
	calls   int
	answer  func(r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error)
	refused func(tok string) vaultpb.Refusal
}

func (k *sink) send(_ context.Context, r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls++
	if k.answer != nil {
		if a, err := k.answer(r); a != nil || err != nil {
			return a, err
		}
	}
	a := &vaultpb.EscrowResponse{}
	for n, rec := range r.Records {
		s := r.Sessions[rec.Session]
		if string(rec.Sealed) != sealed(rec.Token) || len(s.GrantId) != 16 || rec.ExpiresUnix != 7777777777 {
			return nil, connect.NewError(connect.CodeInternal, errors.New("not what was appended"))
		}
		if k.refused != nil {
			if why := k.refused(rec.Token); why != 0 {
				a.Refused = append(a.Refused, &vaultpb.RefusedRecord{Record: uint32(n), Refusal: why})
				continue
			}
		}
		k.taken = append(k.taken, rec.Token)
	}
	return a, nil
}

func (k *sink) set(answer func(r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answer = answer
}

func (k *sink) tokens() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.taken...)
}

func (k *sink) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.calls
}

func away(*vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
	return nil, connect.NewError(connect.CodeUnavailable, errors.New("away"))
}

func sealed(tok string) string { return strings.Repeat("sealed "+tok+" ", 3) }

func session(n int) *vaultpb.EscrowSession {
	return &vaultpb.EscrowSession{
		Id: fmt.Appendf(nil, "session %08d", n), Kid: 1, Suite: 1, Enc: bytes.Repeat([]byte{byte(n)}, 1120), GrantId: []byte("grant id of test"),
	}
}

// batch has records named prefix-0 ... in two sessions.
func batch(prefix string, n int) *vaultpb.EscrowRequest {
	r := &vaultpb.EscrowRequest{Sessions: []*vaultpb.EscrowSession{session(1), session(2)}}
	for i := range n {
		tok := fmt.Sprintf("%s-%d", prefix, i)
		r.Records = append(r.Records, &vaultpb.EscrowRecord{
			Token: tok, Session: uint32(i * 2 / max(1, n)), ExpiresUnix: 7777777777, Sealed: []byte(sealed(tok)),
		})
	}
	return r
}

func names(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s-%d", prefix, i))
	}
	return out
}

func open(t testing.TB, dir string, edit func(*Settings)) *Spool {
	t.Helper()
	s := Settings{Directory: filepath.Join(dir, "spool")}
	if edit != nil {
		edit(&s)
	}
	sp, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, sp) })
	return sp
}

// shut closes without a last attempt.
func shut(t testing.TB, s *Spool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func (s *Spool) serve(t testing.TB, k *sink) {
	t.Helper()
	s.Start(k.send)
	if err := s.Bind([]byte("recognition key.")); err != nil {
		t.Fatal(err)
	}
}

func add(t testing.TB, s *Spool, r *vaultpb.EscrowRequest) {
	t.Helper()
	if err := s.Append(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func same(t testing.TB, got, want []string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("%d records %.200v, want %d %.200v", len(got), got, len(want), want)
	}
}

func TestShipsInOrder(t *testing.T) {
	s, k := open(t, t.TempDir(), nil), &sink{}
	s.SetLimits(7, 1<<20)
	s.serve(t, k)
	var want []string
	for n := range 20 {
		add(t, s, batch(fmt.Sprint(n), 10))
		want = append(want, names(fmt.Sprint(n), 10)...)
	}
	eventually(t, "all shipped", func() bool { return s.Stats().Depth == 0 })
	same(t, k.tokens(), want)
	if st := s.Stats(); st.Appended != 200 || st.Shipped != 200 || !st.Oldest.IsZero() || st.Breaker != "closed" {
		t.Errorf("%+v", st)
	}
	eventually(t, "the file is emptied", func() bool { return s.Stats().Bytes == int64(len(fileMagic)) })
	add(t, s, batch("again", 3)) // into the emptied file, with its session
	eventually(t, "shipped again", func() bool { return len(k.tokens()) == 203 })
}

func TestSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for life := range 4 {
		s := open(t, dir, func(s *Settings) { s.MaxBytes = 1 << 20 })
		for n := range 5 {
			name := fmt.Sprintf("%d.%d", life, n)
			add(t, s, batch(name, 40))
			want = append(want, names(name, 40)...)
		}
		if s.Stats().Depth != len(want) || s.Stats().Oldest.IsZero() {
			t.Errorf("%+v", s.Stats())
		}
		shut(t, s)
	}
	s, k := open(t, dir, nil), &sink{}
	if s.Stats().Depth != len(want) {
		t.Fatalf("%d records survived, want %d", s.Stats().Depth, len(want))
	}
	s.serve(t, k)
	if err := s.Close(context.Background()); err != nil { // which ships
		t.Fatal(err)
	}
	same(t, k.tokens(), want)
	s = open(t, dir, nil)
	if st := s.Stats(); st.Depth != 0 || st.Bytes > 2*int64(len(fileMagic)) {
		t.Errorf("left behind: %+v", st)
	}
}

func TestOneProcess(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, nil)
	if _, err := Open(Settings{Directory: filepath.Join(dir, "spool")}); !errors.Is(err, ErrLocked) {
		t.Fatalf("Open twice: %v, want ErrLocked", err)
	}
}

func TestPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := open(t, dir, nil)
	add(t, s, batch("x", 1))
	err := filepath.Walk(dir, func(path string, info os.FileInfo, _ error) error {
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Settings{Directory: shared}); err == nil || !strings.Contains(err.Error(), "0700") {
		t.Errorf("Open of a directory for all: %v", err)
	}
}

func TestFullRegainsRoom(t *testing.T) {
	s, k := open(t, t.TempDir(), func(s *Settings) { s.MaxBytes = MinMaxBytes }), &sink{}
	var err error
	accepted := 0
	for ; err == nil && accepted < 1000; accepted++ {
		err = s.Append(context.Background(), batch(fmt.Sprint(accepted), 10))
	}
	accepted--
	if !errors.Is(err, ErrFull) || !errors.Is(err, token.ErrUnavailable) || accepted < 5 {
		t.Fatalf("after %d batches: %v, want ErrFull", accepted, err)
	}
	if st := s.Stats(); st.Bytes > MinMaxBytes || st.Full != 10 {
		t.Errorf("%+v", st)
	}
	s.serve(t, k)
	eventually(t, "room again", func() bool { return s.Append(context.Background(), batch("after", 10)) == nil })
	eventually(t, "all shipped", func() bool { return s.Stats().Depth == 0 })
	var want []string
	for n := range accepted {
		want = append(want, names(fmt.Sprint(n), 10)...)
	}
	same(t, k.tokens(), append(want, names("after", 10)...))
}

func TestDiskFault(t *testing.T) {
	dir := t.TempDir()
	s, k := open(t, dir, nil), &sink{}
	add(t, s, batch("before", 5))
	s.fileMu.Lock()
	s.active.Close() // whatever is written now fails
	s.fileMu.Unlock()
	if err := s.Append(context.Background(), batch("lost", 5)); !errors.Is(err, ErrFull) {
		t.Fatalf("Append: %v, want ErrFull", err)
	}
	add(t, s, batch("after", 5)) // in a new file
	s.serve(t, k)
	eventually(t, "shipped", func() bool { return s.Stats().Depth == 0 })
	same(t, k.tokens(), append(names("before", 5), names("after", 5)...))
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	why := map[string]int{}
	hooks := Hooks{Refused: func(reason string, n int) { mu.Lock(); why[reason] += n; mu.Unlock() }}
	s, k := open(t, dir, func(s *Settings) { s.Hooks = hooks }), &sink{}
	k.refused = func(tok string) vaultpb.Refusal {
		switch tok {
		case "a-1":
			return vaultpb.Refusal_REFUSAL_INVALID
		case "a-2", "a-3":
			return vaultpb.Refusal_REFUSAL_EXPIRED
		case "a-4", "a-5":
			return vaultpb.Refusal_REFUSAL_DENIED
		}
		return 0
	}
	add(t, s, batch("a", 10))
	s.serve(t, k)
	eventually(t, "shipped", func() bool { return s.Stats().Depth == 0 })
	same(t, k.tokens(), []string{"a-0", "a-6", "a-7", "a-8", "a-9"})
	st := s.Stats()
	if st.Invalid != 1 || st.Expired != 2 || st.Denied != 2 || st.Shipped != 5 {
		t.Errorf("%+v", st)
	}
	shut(t, s)
	mu.Lock()
	if fmt.Sprint(why) != "map[denied:2 expired:2 invalid:1]" {
		t.Error(why)
	}
	mu.Unlock()

	// The operator lets one of them in; the next start tries.
	k.refused = func(tok string) vaultpb.Refusal {
		if tok == "a-5" {
			return vaultpb.Refusal_REFUSAL_DENIED
		}
		return 0
	}
	s = open(t, dir, nil)
	if s.Stats().Denied != 2 {
		t.Fatalf("%+v", s.Stats())
	}
	s.serve(t, k)
	eventually(t, "one is taken", func() bool { return s.Stats().Denied == 1 })
	shut(t, s)
	k.refused = nil
	s = open(t, dir, nil)
	s.serve(t, k)
	eventually(t, "both are taken", func() bool { return s.Stats().Denied == 0 })
	same(t, k.tokens()[5:], []string{"a-4", "a-5"})
}

// TestOldVault refuses a request as a whole for one of its records: the others get through all the same.
func TestOldVault(t *testing.T) {
	for name, c := range map[string]struct {
		code    connect.Code
		invalid uint64
		denied  int
	}{"invalid": {connect.CodeInvalidArgument, 1, 0}, "epoch over": {connect.CodeFailedPrecondition, 0, 1}} {
		t.Run(name, func(t *testing.T) {
			s, k := open(t, t.TempDir(), nil), &sink{}
			k.set(func(r *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
				for _, rec := range r.Records {
					if rec.Token == "a-13" {
						return nil, connect.NewError(c.code, errors.New("records[?]: no"))
					}
				}
				return nil, nil
			})
			add(t, s, batch("a", 40))
			s.serve(t, k)
			eventually(t, "shipped", func() bool { return s.Stats().Depth == 0 })
			want := names("a", 40)
			same(t, k.tokens(), append(want[:13:13], want[14:]...))
			if st := s.Stats(); st.Invalid != c.invalid || st.Denied != c.denied || st.Breaker != "closed" || st.Retries != 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestAnotherVault(t *testing.T) {
	dir := t.TempDir()
	s, k := open(t, dir, nil), &sink{}
	k.set(away)
	s.serve(t, k)
	add(t, s, batch("a", 3))
	shut(t, s)

	s, other := open(t, dir, nil), &sink{}
	s.Start(other.send)
	err := s.Bind([]byte("another vault's."))
	if !errors.Is(err, ErrForeign) || !errors.Is(err, token.ErrUnavailable) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("Bind: %v, want ErrForeign", err)
	}
	if err := s.Append(context.Background(), batch("b", 1)); !errors.Is(err, ErrForeign) {
		t.Fatalf("Append: %v, want ErrForeign", err)
	}
	if err := s.Close(context.Background()); err != nil || other.calls != 0 {
		t.Fatalf("%v; %d calls to another vault", err, other.calls)
	}

	s, k = open(t, dir, nil), &sink{} // back at the first
	s.serve(t, k)
	eventually(t, "shipped", func() bool { return s.Stats().Depth == 0 })
	same(t, k.tokens(), names("a", 3))
	if err := s.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, nil) // and an empty one may move on
	if err := s.Bind([]byte("another vault's.")); err != nil {
		t.Fatal(err)
	}
}

func TestAppendTogether(t *testing.T) {
	var syncs int
	gate := make(chan struct{})
	s, k := open(t, t.TempDir(), func(s *Settings) {
		s.Hooks.At = func(point string) {
			if point == "before sync" {
				<-gate
				syncs++
			}
		}
	}), &sink{}
	var wg sync.WaitGroup
	for n := range 50 {
		wg.Go(func() { add(t, s, batch(fmt.Sprint(n), 4)) })
	}
	eventually(t, "others wait together", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.group != nil && s.group.records >= 100
	})
	close(gate)
	wg.Wait()
	if syncs > 25 {
		t.Errorf("%d syncs for 50 appends", syncs)
	}
	s.serve(t, k)
	eventually(t, "shipped", func() bool { return len(k.tokens()) == 200 })
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(size, " records"), func(b *testing.B) {
			s, k := open(b, b.TempDir(), nil), &sink{}
			k.answer = func(*vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) { return &vaultpb.EscrowResponse{}, nil }
			s.serve(b, k)
			r := batch("record", size)
			for b.Loop() {
				add(b, s, r)
			}
			b.ReportMetric(float64(b.N)*float64(size)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
