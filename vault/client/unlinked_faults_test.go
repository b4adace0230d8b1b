package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"connectrpc.com/connect"
	"github.com/cloakroom/cloakroom/vault/escrow/spool"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// faulty is a vault whose calls can be delayed or fail by scope.
type faulty struct {
	*vault
	onIssue  func(ctx context.Context, scope string, n int) error
	onEscrow func(r *vaultpb.EscrowRequest) *vaultpb.EscrowResponse
	onGrant  func(ctx context.Context, scope string) error
}

func (f *faulty) Issue(ctx context.Context, r *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error) {
	if f.onIssue != nil {
		if err := f.onIssue(ctx, r.Msg.Scope, len(r.Msg.Values)); err != nil {
			f.issues.Add(1)
			return nil, err
		}
	}
	return f.vault.Issue(ctx, r)
}

func (f *faulty) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	if f.onGrant != nil {
		if err := f.onGrant(ctx, r.Msg.Scope); err != nil {
			return nil, err
		}
	}
	return f.vault.Grant(ctx, r)
}

func (f *faulty) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	if f.onEscrow != nil {
		if res := f.onEscrow(r.Msg); res != nil {
			return connect.NewResponse(res), nil
		}
	}
	return f.vault.Escrow(ctx, r)
}

func newFaulty(t *testing.T, most int64, prepare ...func(*vault)) (*faulty, *agent) {
	t.Helper()
	f := &faulty{vault: unlinkingVault(t)}
	for _, p := range prepare {
		p(f.vault)
	}
	sp, err := spool.Open(spool.Settings{Directory: filepath.Join(t.TempDir(), "spool"), MaxBytes: most})
	if err != nil {
		t.Fatal(err)
	}
	return f, &agent{vault: f.vault, Issuer: New(f, Settings{Spool: sp, Unlinked: true}), spool: sp, t: t}
}

func (a *agent) cards(n int, name string) (*token.Batch, []string, error) {
	b := &token.Batch{}
	var outs [][]byte
	for k := range n {
		out, err := a.Mint(nil, number, []byte(fmt.Sprint(name, " ", k)), b)
		if err != nil {
			return b, nil, err
		}
		outs = append(outs, out)
	}
	if err := a.Commit(context.Background(), b); err != nil {
		return b, nil, err
	}
	var toks []string
	for _, o := range outs {
		toks = append(toks, string(b.Settled(o)))
	}
	return b, toks, nil
}

// Values of a vault that hangs do not pile up in memory, and are not asked for when nobody wants them any more.
func TestOutageHungVaultPilesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 512<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		v.hang.Store(true)
		var wg sync.WaitGroup
		begun := time.Now()
		for g := range 4 {
			wg.Go(func() {
				for n := 0; time.Since(begun) < 60*time.Second; n++ {
					if _, _, err := a.cards(1000, fmt.Sprint(g, ".", n)); err != nil {
						t.Error(err)
						return
					}
					time.Sleep(400 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		buf := make([]byte, 64<<20)
		buf = buf[:runtime.Stack(buf, true)]
		if n := bytes.Count(buf, []byte("client.(*Issuer).fly(")); n > 4 {
			t.Errorf("after a minute of a hanging vault %d calls with the plain values of batches that are long gone wait in memory", n)
		}
		issued := v.issued.Load()
		calls := v.issues.Load()
		v.limited.Store(3) // two calls, then its rate is used up: Retry-After 20 s
		v.hang.Store(false)
		time.Sleep(15 * time.Second) // nobody mints
		if n := v.issued.Load() - issued; n > 2000 {
			t.Errorf("%d values issued for nobody", n)
		}
		if n := v.issues.Load() - calls; n > 4 {
			t.Errorf("%d calls to Issue within 15 s for nobody, though the vault said to come back in 20 s", n)
		}
		if _, err := a.tokenOf(number, "live"); err != nil {
			t.Errorf("live telemetry is held back because the rate went to values nobody waits for: %v", err)
		}
	})
}

// A region that is away does not unlink tokens of scopes whose region is there.
func TestOutageOneScopeUnlinksAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFaulty(t, 64<<20)
		defer a.close()
		eu, us := number, number
		eu.Scope, us.Scope = "eu", "us"
		for _, c := range []token.Class{eu, us} {
			if _, err := a.tokenOf(c, "before"); err != nil {
				t.Fatal(err)
			}
		}
		f.onIssue = func(_ context.Context, scope string, _ int) error {
			if scope == "eu" { // its store is away
				return connect.NewError(connect.CodeUnavailable, errors.New("store"))
			}
			return nil
		}
		wrong := 0
		for n := range 300 {
			if _, err := a.tokenOf(eu, fmt.Sprint("eu", n)); err != nil {
				t.Fatal(err)
			}
			before := a.Stats().Unlinked
			if _, err := a.tokenOf(us, fmt.Sprint("us", n)); err != nil {
				t.Fatal(err)
			}
			wrong += int(a.Stats().Unlinked - before)
			time.Sleep(100 * time.Millisecond)
		}
		if wrong > 0 {
			t.Errorf("%d of 300 values of a scope whose Issue always answers at once got unlinked tokens", wrong)
		}
	})
}

// A vault that answers each call within 0.6 s is there, however many batches queue behind one another.
func TestOutageSlowVaultIsTakenForAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFaulty(t, 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		f.onIssue = func(context.Context, string, int) error { time.Sleep(600 * time.Millisecond); return nil }
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for n := range 20 {
					time.Sleep(time.Duration(g*130) * time.Millisecond)
					if _, err := a.tokenOf(number, fmt.Sprint(g, " ", n)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		time.Sleep(5 * time.Second)
		if n := a.Stats().Unlinked; n > 0 {
			t.Errorf("%d of 80 values have unlinked tokens though every call was answered in 0.6 s", n)
		}
	})
}

// A batch of 8,192 new values and a vault that takes 150 ms a call: what was answered is used.
func TestOutageLargeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFaulty(t, 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		f.onIssue = func(context.Context, string, int) error { time.Sleep(150 * time.Millisecond); return nil }
		issued := f.issued.Load()
		if _, _, err := a.cards(8192, "big"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		if n := a.Stats().Unlinked; n > 0 {
			t.Errorf("%d of 8,192 values unlinked, %d of them had been issued within 150 ms each 1,000", n, f.issued.Load()-issued)
		}
	})
}

// A batch that cannot be unlinked as a whole leaves no records of tokens that nobody has in the spool, however often it is tried.
func TestOutageRetriesFillTheSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFaulty(t, 1<<20, func(v *vault) { v.unlinked, v.limits = []string{"card"}, durations(100, 1<<20, 0) })
		defer a.close()
		for _, c := range []token.Class{number, phone} {
			if _, err := a.tokenOf(c, "before"); err != nil {
				t.Fatal(err)
			}
		}
		f.down.Store(true)
		var b token.Batch
		for k := range 250 {
			a.Mint(nil, number, []byte(fmt.Sprint(k)), &b)
		}
		a.Mint(nil, phone, []byte("+49"), &b) // of which it may make none
		for range 20 {
			if err := a.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		}
		if n := a.Stats().Spooled; n > 0 {
			t.Errorf("20 retries of one batch of 251 values left %d records in the spool and no token", n)
		}
	})
}

// The same where the spool is full for the last part.
func TestOutageRetriesWhileFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, a := newFaulty(t, 1<<20, func(v *vault) { v.limits = durations(1000, 1<<20, 0) })
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		f.down.Store(true)
		var b token.Batch
		big := strings.Repeat("x", 100<<10)
		for k := range 3000 {
			a.Mint(nil, number, []byte(fmt.Sprint(k)), &b)
		}
		for k := range 9 {
			a.Mint(nil, number, []byte(fmt.Sprint(big, k)), &b)
		}
		var after []uint64
		for range 4 {
			err := a.Commit(context.Background(), &b)
			after = append(after, a.Stats().Spooled)
			if err == nil {
				break
			}
		}
		if last := after[len(after)-1]; last > 3009 {
			t.Errorf("a batch of 3,009 values spooled, after each try: %v", after)
		}
	})
}

// One agent gives a value one token, also in batches at once.
func TestOutageConcurrentSameValue(t *testing.T) {
	v := unlinkingVault(t)
	a := newAgent(t, v, t.TempDir(), 64<<20)
	defer a.close()
	if _, err := a.tokenOf(number, "before"); err != nil {
		t.Fatal(err)
	}
	v.down.Store(true)
	two := 0
	for n := range 50 {
		var wg sync.WaitGroup
		toks := make([]string, 4)
		for g := range toks {
			wg.Go(func() { toks[g], _ = a.tokenOf(number, fmt.Sprint("same ", n)) })
		}
		wg.Wait()
		for _, tok := range toks[1:] {
			if tok != toks[0] {
				two++
				break
			}
		}
	}
	if two > 0 {
		t.Errorf("%d of 50 values got more than one token of one agent", two)
	}
}

// When the vault threw a record away and asks for it again, its value gets another token: the salt is gone.
func TestOutageEscrowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		v.streams = make(chan chan *vaultpb.RevocationsResponse)
		a := newAgent(t, v, t.TempDir(), 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		stream := <-v.streams
		v.down.Store(true)
		tok, err := a.tokenOf(number, "4111")
		if err != nil {
			t.Fatal(err)
		}
		kid := uint32(a.scope("default").epoch.kid)
		stream <- &vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{kid}}
		time.Sleep(10 * time.Millisecond)
		spooled := a.Stats().Spooled
		again, err := a.tokenOf(number, "4111")
		if err != nil {
			t.Fatal(err)
		}
		if again == tok && a.Stats().Spooled == spooled {
			t.Error("the same token once more, and no record: what the vault threw away never comes back, and the token goes on being handed out")
		}
	})
}

// A commit at or after Close begins no session.
func TestOutageCommitAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 64<<20)
		var b token.Batch
		if _, err := a.Mint(nil, email, []byte("a@example.com"), &b); err != nil {
			t.Fatal(err)
		}
		a.close()
		if err := a.Commit(context.Background(), &b); !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
		for _, e := range *a.epochs.Load() {
			if s := e.session.Load(); s != nil && s.Left(time.Now()) > 0 {
				t.Error("a session lives in a closed issuer")
			}
		}
		time.Sleep(20 * time.Minute)
	})
}

// A batch with a class the agent has no key for does not wait for Grant's whole timeout.
func TestOutageGrantHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	v := unlinkingVault(t)
	sp, err := spool.Open(spool.Settings{Directory: filepath.Join(t.TempDir(), "spool")})
	if err != nil {
		t.Fatal(err)
	}
	a := agentOf(t, v, Settings{Spool: sp, Unlinked: true, Timeout: 3 * time.Second})
	defer a.close()
	if _, err := a.tokenOf(number, "before"); err != nil {
		t.Fatal(err)
	}
	v.hang.Store(true)
	late, n, slowest := 0, 0, time.Duration(0)
	for begun := time.Now(); time.Since(begun) < 6*time.Second; n++ {
		before := time.Now()
		if _, err := a.tokenOf(phone, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
		took := time.Since(before)
		if slowest = max(slowest, took); took > 1500*time.Millisecond {
			late++
		}
		time.Sleep(100 * time.Millisecond)
	}
	if late > 0 {
		t.Errorf("%d batches of %d waited up to %v; no class waits for more than a second", late, n, slowest)
	}
}

// After the outage nothing in the agent's memory confirms a guess.
func TestOutageGuessFromMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		v.down.Store(true)
		tok, err := a.tokenOf(number, "4111111111111111")
		if err != nil {
			t.Fatal(err)
		}
		v.down.Store(false)
		time.Sleep(6 * time.Hour) // the outage is long over, the record shipped, the grant renewed
		// The thief's view: the process's memory.
		mac := keyring.NewMAC(a.remoteKeys[number])
		parsed, _ := token.Parse(tok)
		for _, guess := range []string{"4000000000000000", "4111111111111111"} {
			key := mac.Identity([]byte(guess))
			sets := a.Issuer.unlinked().sets
			for n := range sets {
				s := &sets[n]
				for _, e := range s.entries {
					if e.key == key && e.identity == parsed.Identity {
						t.Errorf("6 h after the outage a guess is confirmed offline: %s is %s", tok, guess)
					}
				}
			}
		}
	})
}

// Callers whose context would end before patience does.
func TestOutageShortDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		v.hang.Store(true)
		failed := 0
		for n := range 200 {
			var b token.Batch
			if _, err := a.Mint(nil, number, []byte(fmt.Sprint(n)), &b); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 900*time.Millisecond)
			if a.Commit(ctx, &b) != nil {
				failed++
			}
			cancel()
			time.Sleep(100 * time.Millisecond)
		}
		if failed > 10 {
			t.Errorf("%d of 200 batches with a deadline of 0.9 s failed in an outage that hangs", failed)
		}
	})
}

// Everything at once, for the race detector; every token that left reveals.
func TestOutageChaos(t *testing.T) {
	v := unlinkingVault(t)
	v.streams = make(chan chan *vaultpb.RevocationsResponse, 10)
	v.limits = durations(50, 1<<20, 20)
	a := newAgent(t, v, t.TempDir(), 64<<20)
	if _, err := a.tokenOf(number, "before"); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg, chaos sync.WaitGroup
	chaos.Go(func() {
		stream := <-v.streams
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			v.down.Store(n%3 != 0)
			select {
			case stream <- &vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{uint32(n % 4)}, CallerRevoked: n == 40}:
			case s := <-v.streams:
				stream = s
			default:
			}
		}
	})
	var mu sync.Mutex
	values := map[string]string{}
	for g := range 6 {
		wg.Go(func() {
			for n := range 60 {
				for _, class := range []token.Class{number, cardRandom, phone, email} {
					value := fmt.Sprint("v", g%2, " ", n)
					before := a.Stats().Unlinked
					tok, err := a.tokenOf(class, value)
					if err == nil && (class == email || a.Stats().Unlinked > before) {
						mu.Lock()
						if was := values[tok]; was != "" && was != value {
							t.Errorf("%s stands for two values", tok)
						}
						values[tok] = value
						mu.Unlock()
					} else if err != nil && (strings.Contains(err.Error(), value) || !errors.Is(err, token.ErrUnavailable)) {
						t.Error(err)
					}
				}
			}
		})
	}
	time.Sleep(300 * time.Millisecond)
	wg.Wait()
	close(stop)
	chaos.Wait()
	v.down.Store(false)
	// Close against Commit
	for g := range 4 {
		wg.Go(func() {
			for n := range 200 {
				if tok, err := a.tokenOf(email, fmt.Sprint(g, n)); err == nil {
					mu.Lock()
					values[tok] = fmt.Sprint(g, n)
					mu.Unlock()
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	a.close()
	wg.Wait()
	missing := 0
	recognizer := token.NewRecognizer(v.keys.RecognitionKey())
	for tok, value := range values {
		p, err := token.Parse(tok)
		if err != nil || !recognizer.Verify(p) || p.Kid == standInKid {
			t.Fatalf("%q is no token", tok)
		}
		got, err := v.reveal(tok)
		if err == nil && got != value {
			t.Errorf("wrong value")
		}
		if err != nil {
			missing++
			e, _ := v.keys.Lookup(p.Kid)
			linked := false
			for _, kind := range []token.Kind{token.Deterministic, token.Random} {
				key, _ := e.MintKey(p.Class, kind)
				m := keyring.NewMAC(key)
				linked = linked || m.Identity([]byte(value)) == p.Identity || m.MadeRandom(p.Identity, []byte(value))
			}
			if !linked {
				t.Errorf("an unlinked token whose record is nowhere: %s", tok)
			}
		}
	}
	t.Logf("%d tokens, %d not in the vault (issued by it ones are not stored by this rig), unlinked %d", len(values), missing, a.Stats().Unlinked)
}

// The epoch ends in an outage: nothing is made under the old one, and what was made reveals.
func TestOutageHoldsEpochEndsInOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := unlinkingVault(t)
		a := newAgent(t, v, t.TempDir(), 64<<20)
		defer a.close()
		if _, err := a.tokenOf(number, "before"); err != nil {
			t.Fatal(err)
		}
		s := a.scope("default")
		s.mu.Lock()
		ends := s.epoch.ends
		s.mu.Unlock()
		time.Sleep(time.Until(ends) - 10*time.Minute)
		v.down.Store(true)
		values := map[string]string{}
		for n := range 10 {
			tok, err := a.tokenOf(number, fmt.Sprint(n))
			if err != nil {
				t.Fatal(err)
			}
			values[tok] = fmt.Sprint(n)
		}
		var b token.Batch
		if _, err := a.Mint(nil, number, []byte("across"), &b); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Minute)
		if err := a.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) || b.At(0).Settled {
			t.Errorf("across the end of the epoch: %v", err)
		}
		if tok, err := a.tokenOf(number, "3"); !errors.Is(err, token.ErrUnavailable) {
			t.Errorf("%q %v", tok, err)
		}
		v.down.Store(false)
		time.Sleep(2 * time.Minute)
		if err := a.Commit(context.Background(), &b); err != nil {
			t.Error(err)
		}
		for tok, value := range values {
			reveals(t, v, tok, value)
		}
	})
}

// The kid is revoked between Mint and Commit, Issue away.
func TestOutageHoldsRevokedInOutage(t *testing.T) {
	for _, caller := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			v := unlinkingVault(t)
			v.streams = make(chan chan *vaultpb.RevocationsResponse, 10)
			a := newAgent(t, v, t.TempDir(), 64<<20)
			defer a.close()
			if _, err := a.tokenOf(number, "before"); err != nil {
				t.Fatal(err)
			}
			stream := <-v.streams
			v.down.Store(true)
			tok, err := a.tokenOf(number, "1")
			if err != nil {
				t.Fatal(err)
			}
			var b token.Batch
			if _, err := a.Mint(nil, number, []byte("1"), &b); err != nil {
				t.Fatal(err)
			}
			m := &vaultpb.RevocationsResponse{CallerRevoked: caller}
			if !caller {
				m.EndedKids = []uint32{uint32(a.scope("default").epoch.kid)}
			}
			stream <- m
			time.Sleep(time.Millisecond)
			if err := a.Commit(context.Background(), &b); !errors.Is(err, token.ErrUnavailable) || b.At(0).Settled {
				t.Errorf("%v", err)
			}
			v.down.Store(false)
			time.Sleep(2 * time.Minute)
			reveals(t, v, tok, "1")
		})
	}
}

// Sessions that end at once: does sealing still come through?
func TestOutageTinySessions(t *testing.T) {
	v := unlinkingVault(t)
	v.limits = durations(0, 0, 0)
	v.limits.SessionLifetime = durationpb.New(50 * time.Microsecond)
	a := newAgent(t, v, t.TempDir(), 64<<20)
	defer a.close()
	begun := time.Now()
	var b token.Batch
	for n := range 2000 {
		if _, err := a.Mint(nil, email, []byte(fmt.Sprint(n, "@x.org")), &b); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Commit(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	t.Logf("2,000 records: %v, %d sessions", time.Since(begun), a.Stats().Sessions)
}
