package client

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// vault issues over a real keyring, real escrow and the memory store, with faults the tests switch on. The server
// package tests the service itself; here its answers have to be steered.
type vault struct {
	keys  *keyring.Keyring
	store store.Store
	clock *clock

	mu    sync.Mutex
	order []string // of tokens as they came

	grantLife time.Duration
	limits    *vaultpb.GrantLimits
	refused   string          // a class
	remote    map[string]bool // classes that only the vault mints
	skew      time.Duration   // of the vault's clock: it is so far ahead
	unlinked  []string        // patterns of classes that may have unlinked tokens
	blind     bool            // does not say when it granted, as vaults did before
	partial   map[string]vaultpb.Refusal
	limited   atomic.Int64 // Issue calls left before RESOURCE_EXHAUSTED; 0: no limit
	issues    atomic.Int64
	issued    atomic.Int64 // values
	revoked   atomic.Bool
	streams   chan chan *vaultpb.RevocationsResponse // of every Watch that begins, when set

	grants, escrows, records atomic.Int64
	largest                  atomic.Int64 // records of one call
	down                     atomic.Bool  // UNAVAILABLE before anything is stored
	deaf                     atomic.Bool  // stores, then fails: the answer is lost
	over                     atomic.Bool  // FAILED_PRECONDITION
	hang                     atomic.Bool  // answers when the caller gives up
}

type clock struct {
	mu   sync.Mutex
	t    time.Time
	real bool // or what a test takes for it
}

func (c *clock) now() time.Time {
	if c.real {
		return time.Now()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// newVault has epochs of 24 h and grants of 1 h, on a clock that only tests move.
func newVault(t testing.TB) *vault {
	t.Helper()
	return newVaultOn(t, &clock{t: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)})
}

func newVaultOn(t testing.TB, c *clock) *vault {
	t.Helper()
	keys, err := keyring.Open(filepath.Join(t.TempDir(), "keys"), keyring.Options{EpochLength: 24 * time.Hour, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keys.Close() })
	return &vault{keys: keys, store: memory.New(), clock: c, grantLife: time.Hour}
}

func (v *vault) issuer(t testing.TB, s Settings) *Issuer {
	t.Helper()
	s.Now = v.clock.now
	i := New(v, s)
	t.Cleanup(func() { i.Close() })
	return i
}

func (v *vault) fault(ctx context.Context) error {
	switch {
	case v.hang.Load():
		<-ctx.Done()
		return connect.NewError(connect.CodeDeadlineExceeded, ctx.Err())
	case v.down.Load():
		return connect.NewError(connect.CodeUnavailable, errors.New("down"))
	}
	return ctx.Err()
}

func (v *vault) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	v.grants.Add(1)
	if err := v.fault(ctx); err != nil {
		return nil, err
	}
	if v.revoked.Load() {
		return nil, connect.NewError(connect.CodePermissionDenied, errors.New("revoked"))
	}
	e, err := v.keys.Current(r.Msg.Scope)
	if err != nil {
		return nil, err
	}
	public, err := e.EscrowPublic()
	if err != nil {
		return nil, err
	}
	recognition := v.keys.RecognitionKey()
	g := &vaultpb.GrantResponse{
		Scope: e.Scope, Kid: uint32(e.Kid), RecognitionKey: recognition[:], EscrowPublicKey: public,
		Suite:      vaultpb.Suite_SUITE_XWING_HKDF_SHA256_AES256GCM,
		EpochStart: timestamppb.New(e.Start), EpochEnd: timestamppb.New(e.End), RecordsExpire: timestamppb.New(e.Expires),
		GrantExpires: timestamppb.New(v.clock.now().Add(v.grantLife)), Limits: v.limits, Unlinked: v.unlinked,
	}
	for _, c := range r.Msg.Classes {
		if c.Name == v.refused {
			continue
		}
		if v.remote[c.Name] && r.Msg.Issue {
			g.Issue = append(g.Issue, c)
			continue
		}
		key, err := e.MintKey(c.Name, token.Kind(slices.Index(kinds[:], c.Kind)))
		if err != nil {
			return nil, err
		}
		g.MintKeys = append(g.MintKeys, &vaultpb.MintKey{Class: c, Key: key[:]})
	}
	id := keyring.RandomID()
	g.GrantId = id[:]
	if !v.blind {
		g.GrantedAt = timestamppb.New(v.clock.now())
	}
	for _, t := range []*timestamppb.Timestamp{g.GrantedAt, g.GrantExpires, g.EpochStart, g.EpochEnd} {
		if t != nil {
			t.Seconds += int64(v.skew.Seconds())
		}
	}
	return connect.NewResponse(g), nil
}

func (v *vault) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	v.escrows.Add(1)
	if err := v.fault(ctx); err != nil {
		return nil, err
	}
	if v.over.Load() {
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("over"))
	}
	var sessions []store.Session
	for _, s := range r.Msg.Sessions {
		sessions = append(sessions, store.Session{
			ID: [16]byte(s.Id), Kid: token.Kid(s.Kid), Suite: uint32(s.Suite), Enc: s.Enc, Expires: time.Unix(1<<40, 0),
		})
	}
	var records []store.Record
	for _, rec := range r.Msg.Records {
		if err := escrow.Check(rec.Sealed); err != nil {
			return nil, connect.NewError(connect.CodeInvalidArgument, err)
		}
		s := sessions[rec.Session]
		e, err := v.keys.Lookup(s.Kid)
		if err != nil {
			return nil, connect.NewError(connect.CodeFailedPrecondition, err)
		}
		records = append(records, store.Record{
			Token: rec.Token, Scope: e.Scope, Kid: s.Kid, Session: s.ID, Expires: time.Unix(rec.ExpiresUnix, 0), Sealed: rec.Sealed,
		})
	}
	if err := v.store.Put(ctx, sessions, records); err != nil {
		return nil, connect.NewError(connect.CodeUnavailable, err)
	}
	v.mu.Lock()
	for _, rec := range records {
		v.order = append(v.order, rec.Token)
	}
	v.mu.Unlock()
	v.records.Add(int64(len(records)))
	v.largest.Store(max(v.largest.Load(), int64(len(records))))
	if v.deaf.Load() {
		return nil, connect.NewError(connect.CodeUnavailable, errors.New("answer lost"))
	}
	return connect.NewResponse(&vaultpb.EscrowResponse{}), nil
}

// reveal opens what the vault stored for tok.
func (v *vault) reveal(tok string) (string, error) {
	rec, s, err := v.store.Get(context.Background(), tok)
	if err != nil {
		return "", err
	}
	e, err := v.keys.Lookup(rec.Kid)
	if err != nil {
		return "", err
	}
	header := escrow.Header{ID: s.ID, Kid: s.Kid, Suite: keyring.Suite(s.Suite), Enc: s.Enc}
	value, err := escrow.Open(e, header, rec.Sealed, tok, rec.Scope, rec.Expires.Unix())
	if err != nil || !escrow.Unlinked(rec.Sealed) {
		return string(value), err
	}
	salt := keyring.Salt(value)
	if t, err := token.Parse(tok); err != nil || !keyring.MadeUnlinked(t.Identity, salt, value[len(salt):]) {
		return "", errors.New("not the token's value")
	}
	return string(value[len(salt):]), nil
}

func durations(records, bytes, perSession uint32) *vaultpb.GrantLimits {
	return &vaultpb.GrantLimits{
		EscrowRecords: records, EscrowBytes: bytes, SessionRecords: perSession, SessionLifetime: durationpb.New(time.Minute),
	}
}

// Issue mints under the same keys as an agent would.
func (v *vault) Issue(ctx context.Context, r *connect.Request[vaultpb.IssueRequest]) (*connect.Response[vaultpb.IssueResponse], error) {
	v.issues.Add(1)
	if err := v.fault(ctx); err != nil {
		return nil, err
	}
	if v.limited.Load() > 0 && v.limited.Add(-1) == 0 {
		v.limited.Store(1)
		err := connect.NewError(connect.CodeResourceExhausted, errors.New("too fast"))
		err.Meta().Set("Retry-After", "20")
		return nil, err
	}
	e, err := v.keys.Current(r.Msg.Scope)
	if err != nil {
		return nil, err
	}
	recognizer := token.NewRecognizer(v.keys.RecognitionKey())
	a := &vaultpb.IssueResponse{Reuse: durationpb.New(e.End.Sub(v.clock.now()))}
	for _, value := range r.Msg.Values {
		v.issued.Add(1)
		if why := v.partial[string(value.Value)]; why != 0 {
			a.Tokens = append(a.Tokens, &vaultpb.IssuedToken{Refusal: why})
			continue
		}
		kind := token.Kind(slices.Index(kinds[:], value.Class.Kind))
		key, err := e.MintKey(value.Class.Name, kind)
		if err != nil {
			return nil, err
		}
		mac := keyring.NewMAC(key)
		id := mac.Identity(value.Value)
		if kind == token.Random {
			id = mac.RandomIdentity(value.Value)
		}
		t := token.Token{Class: value.Class.Name, Kid: e.Kid, Identity: id, Tag: recognizer.Tag(value.Class.Name, e.Kid, id)}
		a.Tokens = append(a.Tokens, &vaultpb.IssuedToken{Token: t.String()})
	}
	return connect.NewResponse(a), nil
}

func (v *vault) Watch(ctx context.Context, _ *vaultpb.RevocationsRequest, told func(*vaultpb.RevocationsResponse) error) error {
	if err := cmp.Or(v.fault(ctx), told(&vaultpb.RevocationsResponse{})); err != nil {
		return err
	}
	messages := make(chan *vaultpb.RevocationsResponse)
	if v.streams != nil {
		select {
		case v.streams <- messages:
		case <-ctx.Done():
		}
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-messages:
			if m == nil {
				return connect.NewError(connect.CodeUnavailable, errors.New("stream lost"))
			}
			if err := told(m); err != nil {
				return err
			}
		}
	}
}
