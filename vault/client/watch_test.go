package client

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// watched returns a vault, an issuer with a grant, and the stream it listens to.
func watched(t *testing.T, edit func(*vault)) (*vault, *Issuer, chan *vaultpb.RevocationsResponse) {
	t.Helper()
	v := newVault(t)
	v.streams = make(chan chan *vaultpb.RevocationsResponse)
	if edit != nil {
		edit(v)
	}
	i := v.issuer(t, Settings{})
	var b token.Batch
	mint(t, i, email, "v", &b)
	return v, i, <-v.streams
}

func (v *vault) kidOf(t *testing.T, scope string) uint32 {
	t.Helper()
	e, err := v.keys.Current(scope)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(e.Kid)
}

func TestEndedKidMintsNoMore(t *testing.T) {
	v, i, stream := watched(t, nil)
	other := v.kidOf(t, "another scope")
	ended := v.kidOf(t, "default")
	stream <- &vaultpb.RevocationsResponse{EndedKids: []uint32{other, ended}}
	stream <- &vaultpb.RevocationsResponse{} // the one before has been dealt with
	var b token.Batch
	// This vault still grants the kid it has ended: the agent does not take it.
	if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) || !strings.Contains(err.Error(), "revoked") {
		t.Fatalf("Mint: %v", err)
	}
	v.clock.add(25 * time.Hour) // a new epoch
	if tok := mint(t, i, email, "v", &b); kid(t, tok) == token.Kid(ended) {
		t.Fatal("the kid still mints")
	}
}

func TestEndedKidIsNotIssuedFromMemory(t *testing.T) {
	v, i, stream := watched(t, func(v *vault) { v.remote = map[string]bool{"email": true} })
	var b token.Batch
	settle(t, i, &b, mint(t, i, email, "v", &b))
	stream <- &vaultpb.RevocationsResponse{EndedKids: []uint32{v.kidOf(t, "default")}}
	stream <- &vaultpb.RevocationsResponse{}
	b.Reset()
	if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("Mint: %v, want ErrUnavailable", err)
	}
}

func TestRevokedAgentStopsAndIsRestored(t *testing.T) {
	v, i, stream := watched(t, nil)
	v.revoked.Store(true)
	stream <- &vaultpb.RevocationsResponse{CallerRevoked: true}
	stream <- &vaultpb.RevocationsResponse{}
	grants := v.grants.Load()
	var b token.Batch
	for range 50 {
		_, err := i.Mint(nil, email, []byte("v"), &b)
		if !errors.Is(err, token.ErrUnavailable) || !strings.Contains(err.Error(), "revoked") {
			t.Fatalf("Mint: %v, want the reason", err)
		}
		v.clock.add(500 * time.Millisecond)
	}
	if n := v.grants.Load() - grants; n > 1 {
		t.Errorf("%d calls in 25 s, want it to ask slowly", n)
	}
	v.revoked.Store(false)
	v.clock.add(2 * time.Minute)
	mint(t, i, email, "v", &b)
}

func TestRefusedRenewalEndsMinting(t *testing.T) {
	v, i, _ := watched(t, nil)
	v.revoked.Store(true)
	v.clock.add(31 * time.Minute)
	i.renewDue()
	var b token.Batch
	if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("Mint: %v, want ErrUnavailable", err)
	}
}

func TestEscrowAgain(t *testing.T) {
	v, i, stream := watched(t, nil)
	var b token.Batch
	mint(t, i, email, "v", &b)
	commit(t, i, &b)
	commit(t, i, &b)
	if v.records.Load() != 1 {
		t.Fatalf("%d records", v.records.Load())
	}
	stream <- &vaultpb.RevocationsResponse{EscrowAgainKids: []uint32{v.kidOf(t, "default")}}
	stream <- &vaultpb.RevocationsResponse{}
	commit(t, i, &b)
	if v.records.Load() != 2 {
		t.Errorf("%d records, want the known one sent again", v.records.Load())
	}
}

func TestStreamComesBackAndGrows(t *testing.T) {
	v, i, stream := watched(t, nil)
	close(stream)
	<-v.streams // reconnected
	var b token.Batch
	mint(t, i, card, "v", &b) // of another scope: it begins anew, for both
	stream = <-v.streams
	stream <- &vaultpb.RevocationsResponse{EndedKids: []uint32{v.kidOf(t, "payments")}}
	stream <- &vaultpb.RevocationsResponse{}
	if _, err := i.Mint(nil, card, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) {
		t.Fatalf("Mint: %v, want ErrUnavailable", err)
	}
	mint(t, i, email, "v", &b)
}

// oldVault knows neither the stream nor Issue.
type oldVault struct{ *vault }

func (oldVault) Watch(context.Context, *vaultpb.RevocationsRequest, func(*vaultpb.RevocationsResponse) error) error {
	return connect.NewError(connect.CodeUnimplemented, errors.New("what?"))
}

func TestVaultWithoutStream(t *testing.T) {
	v := newVault(t)
	v.blind = true
	i := New(oldVault{v}, Settings{Now: v.clock.now})
	var b token.Batch
	mint(t, i, email, "v", &b)
	commit(t, i, &b)
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestClocksDisagree: an agent counts from when the vault granted, whatever the two clocks show.
func TestClocksDisagree(t *testing.T) {
	for _, skew := range []time.Duration{0, 10 * time.Minute, -10 * time.Minute, 30 * time.Hour, -30 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			v := newVault(t)
			v.skew = skew
			i := v.issuer(t, Settings{})
			var b token.Batch
			tok := mint(t, i, email, "v", &b)
			commit(t, i, &b)
			reveals(t, v, tok, "v")
			v.down.Store(true)
			v.clock.add(59 * time.Minute)
			b.Reset()
			mint(t, i, email, "v", &b)
			v.clock.add(time.Minute)
			b.Reset()
			if _, err := i.Mint(nil, email, []byte("v"), &b); !errors.Is(err, token.ErrUnavailable) {
				t.Fatalf("Mint after the grant's hour: %v, want ErrUnavailable", err)
			}
		})
	}
}

// TestRenewalTimes: at 40 to 50 % of a grant's life, spread, never beyond the epoch's end.
func TestRenewalTimes(t *testing.T) {
	asked := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	v := newVault(t)
	g, err := v.Grant(context.Background(), connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
	if err != nil {
		t.Fatal(err)
	}
	least, most := time.Hour, time.Duration(0)
	for range 200 {
		times, err := timesOf(g.Msg, asked)
		if err != nil {
			t.Fatal(err)
		}
		d := times.renew.Sub(asked)
		least, most = min(least, d), max(most, d)
	}
	if least < 24*time.Minute || most > 30*time.Minute || most-least < 3*time.Minute {
		t.Errorf("renewed between %v and %v of an hour", least, most)
	}
	g.Msg.GrantedAt.Seconds = g.Msg.EpochEnd.Seconds - 20
	g.Msg.GrantExpires.Seconds = g.Msg.EpochEnd.Seconds + 3580
	times, err := timesOf(g.Msg, asked)
	if err != nil || times.renew.Sub(asked) != 20*time.Second || times.ends != times.epochEnds {
		t.Errorf("20 s before the epoch's end: renewed after %v, %v", times.renew.Sub(asked), err)
	}
}

func TestVaultRestartsUnnoticed(t *testing.T) {
	v := newVault(t)
	i := v.issuer(t, Settings{})
	var b token.Batch
	first := mint(t, i, email, "v", &b)
	commit(t, i, &b)
	v.down.Store(true)
	v.clock.add(30 * time.Minute)
	i.renewDue() // fails
	v.down.Store(false)
	v.clock.add(maxPause)
	i.renewDue()
	b.Reset()
	if mint(t, i, email, "v", &b) != first || i.Stats().Grants != 2 {
		t.Error("the vault's restart shows")
	}
}

// lateVault opens its stream when it is told to.
type lateVault struct {
	*vault
	open chan struct{}
}

func (v lateVault) Watch(ctx context.Context, r *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	<-v.open
	return v.vault.Watch(ctx, r, told)
}

// TestFirstStreamTellsNothing: a vault whose disk is full opens the stream, and goes on refusing to escrow.
func TestFirstStreamTellsNothing(t *testing.T) {
	v := lateVault{newVault(t), make(chan struct{})}
	v.streams = make(chan chan *vaultpb.RevocationsResponse)
	reports := make(chan error, 8)
	i := New(v, Settings{Now: v.clock.now, Report: func(err error) { reports <- err }})
	t.Cleanup(func() { _ = i.Close() })
	var b token.Batch
	mint(t, i, email, "v", &b)
	full := errors.New("no space left")
	i.report(full)
	close(v.open)
	<-v.streams // its first message was read
	if err := <-reports; !errors.Is(err, full) || len(reports) > 0 {
		t.Fatalf("reported %v and %d more", err, len(reports))
	}
}

// TestStreamTellsThatTheVaultIsBack: nothing else may be asked of the vault for as long as a grant lasts.
func TestStreamTellsThatTheVaultIsBack(t *testing.T) {
	v := newVault(t)
	v.streams = make(chan chan *vaultpb.RevocationsResponse)
	reports := make(chan error, 8)
	i := v.issuer(t, Settings{Report: func(err error) { reports <- err }})
	var b token.Batch
	mint(t, i, email, "v", &b)
	stream := <-v.streams
	stream <- &vaultpb.RevocationsResponse{}
	stream <- &vaultpb.RevocationsResponse{}
	away := errors.New("connection refused")
	i.report(away)
	stream <- &vaultpb.RevocationsResponse{} // a heartbeat says nothing about what a call was refused for
	stream <- &vaultpb.RevocationsResponse{}
	if err := <-reports; !errors.Is(err, away) || len(reports) > 0 {
		t.Fatalf("reported %v and %d more", err, len(reports))
	}
	close(stream)
	stream = <-v.streams
	if err := <-reports; err != nil {
		t.Fatalf("reported %v, want that it is back", err)
	}
	stream <- &vaultpb.RevocationsResponse{CallerRevoked: true}
	if err := <-reports; !errors.Is(err, errRevoked) {
		t.Fatalf("reported %v", err)
	}
	close(stream)
	stream = <-v.streams
	stream <- &vaultpb.RevocationsResponse{}
	if len(reports) > 0 {
		t.Fatalf("reported %v before a grant was had again", <-reports)
	}
}
