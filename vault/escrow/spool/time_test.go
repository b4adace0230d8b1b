package spool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// TestDeniedAreAskedHourly: an operator lets the agent in, and nobody has to do anything here.
func TestDeniedAreAskedHourly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := open(t, t.TempDir(), nil), &sink{}
		k.refused = func(string) vaultpb.Refusal { return vaultpb.Refusal_REFUSAL_DENIED }
		add(t, s, batch("a", 10))
		s.serve(t, k)
		time.Sleep(time.Minute)
		if st := s.Stats(); st.Denied != 10 || st.Depth != 0 {
			t.Fatalf("%+v", st)
		}
		calls := k.count()
		time.Sleep(30 * time.Minute)
		if k.count() != calls {
			t.Error("asked again within half an hour")
		}
		k.mu.Lock()
		k.refused = nil
		k.mu.Unlock()
		time.Sleep(time.Hour)
		if st := s.Stats(); st.Denied != 0 || st.Shipped != 10 || k.count() != calls+1 {
			t.Errorf("%+v after %d calls", st, k.count())
		}
		same(t, k.tokens(), names("a", 10))
	})
}

// TestBackOff: a vault that is away is asked ever more seldom, and found again soon after it is back.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := open(t, t.TempDir(), nil), &sink{}
		k.set(away)
		s.serve(t, k)
		for range 60 * 12 {
			add(t, s, batch("x", 1)) // new records are no reason to ask
			time.Sleep(5 * time.Second)
		}
		if k.count() < 60 || k.count() > 250 {
			t.Errorf("%d calls in an hour", k.count())
		}
		if st := s.Stats(); st.Breaker == "closed" || st.Retries != uint64(k.count()) || st.Age(time.Now()) < 59*time.Minute {
			t.Errorf("%+v", st)
		}
		k.set(nil)
		time.Sleep(time.Minute)
		if st := s.Stats(); st.Depth != 0 || st.Breaker != "closed" {
			t.Errorf("a minute after its return: %+v", st)
		}
	})
}

// TestCloseIsBounded: a vault that does not answer holds nobody up longer than the context.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, t.TempDir(), nil)
		s.Start(func(ctx context.Context, _ *vaultpb.EscrowRequest) (*vaultpb.EscrowResponse, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		add(t, s, batch("a", 3))
		if err := s.Bind([]byte("recognition key.")); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 2*time.Second || s.Stats().Depth != 3 {
			t.Errorf("closed after %v, %+v", took, s.Stats())
		}
	})
}
