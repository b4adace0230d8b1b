package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Admin erases, reports and verifies.
type Admin struct {
	core    *Core
	about   About
	started time.Time
}

// About is what Status tells besides what the parts know.
type About struct {
	// Directory is where the vault is.
	Directory string
	// Keyholders says in words who must come together to use the root key.
	Keyholders string
}

var (
	_ vaultpbconnect.AdminServiceHandler = (*Admin)(nil)
	_ vaultpbconnect.AdminServiceClient  = (*Admin)(nil)
)

// NewAdmin returns the admin service over c.
func NewAdmin(c *Core, about About) *Admin {
	c.withDefaults()
	return &Admin{core: c, about: about, started: c.Now()}
}

// Status implements the service.
func (s *Admin) Status(ctx context.Context, _ *connect.Request[vaultpb.StatusRequest]) (*connect.Response[vaultpb.StatusResponse], error) {
	if err := s.core.administrator(ctx); err != nil {
		s.core.refuse(ctx, "admin", "", refusedAs(err), 1)
		return nil, err
	}
	st, err := s.core.Store.Stats(ctx)
	if err != nil {
		return nil, fault(err)
	}
	out := &vaultpb.StatusResponse{
		Directory: s.about.Directory, Keyholders: s.about.Keyholders, Started: timestamppb.New(s.started),
		Records: uint64(st.Records), Tombstones: uint64(st.Tombstones), StoreBytes: uint64(st.Bytes), Audit: s.head(),
		RevokedAgents: s.core.Keys.RevokedAgents(),
	}
	for _, e := range s.core.epochs("") {
		out.Epochs = append(out.Epochs, &vaultpb.EpochStatus{
			Scope: e.Scope, Kid: e.Kid.String(), Revoked: e.Revoked(),
			Start: timestamppb.New(e.Start), End: timestamppb.New(e.End), Expires: timestamppb.New(e.Expires),
		})
	}
	return connect.NewResponse(out), nil
}

func (s *Admin) head() *vaultpb.AuditHead {
	h := s.core.Audit.Head()
	return &vaultpb.AuditHead{Path: s.core.Audit.Path(), Sequence: h.Sequence, Hash: h.Hash, PublicKey: s.core.Audit.PublicKey()}
}

// VerifyAudit implements the service.
func (s *Admin) VerifyAudit(ctx context.Context, _ *connect.Request[vaultpb.VerifyAuditRequest]) (*connect.Response[vaultpb.VerifyAuditResponse], error) {
	if err := s.core.administrator(ctx); err != nil {
		s.core.refuse(ctx, "admin", "", refusedAs(err), 1)
		return nil, err
	}
	r, err := s.core.Audit.Verify(ctx)
	if err != nil {
		return nil, fault(err)
	}
	out := &vaultpb.VerifyAuditResponse{Intact: r.Intact(), Entries: r.Entries, Signatures: r.Signatures, Head: s.head()}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, f.String())
	}
	return connect.NewResponse(out), nil
}

// Forget implements the service. That it was asked is on record before anything is erased, how it ended afterwards.
//
// A value is forgotten in its deterministic tokens. A random token can only be forgotten by itself, and a one-way token
// holds nothing to forget.
func (s *Admin) Forget(ctx context.Context, r *connect.Request[vaultpb.ForgetRequest]) (*connect.Response[vaultpb.ForgetResponse], error) {
	ev := audit.Event{Action: audit.ActionForget, Count: len(r.Msg.Tokens) + len(r.Msg.Values)}
	if err := s.core.administrator(ctx); err != nil {
		s.core.refuse(ctx, "admin", "", refusedAs(err), 1)
		return nil, err
	}
	if err := checkForget(r.Msg); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose, ev.Request = r.Msg.Purpose, requestID()
	ev = by(ctx, ev)
	var tombs []store.Tombstone
	var events []audit.Event
	for n, tok := range r.Msg.Tokens {
		t, e, err := s.core.parse(tok)
		if err != nil {
			return nil, s.core.deny(ctx, ev, fmt.Errorf("tokens[%d]: %w", n, err))
		}
		asked := ev
		asked.Token, asked.Class, asked.Scope, asked.Kid, asked.Count = tok, t.Class, e.Scope, t.Kid.String(), 0
		tombs, events = append(tombs, store.Tombstone{Token: tok, Expires: e.Expires}), append(events, asked)
	}
	m := s.core.newMinter()
	for _, v := range r.Msg.Values {
		more, err := s.core.tombstones(m, v)
		if err != nil {
			return nil, fault(err)
		}
		asked := ev
		asked.Class, asked.Scope, asked.Count = v.TokenClass, v.Scope, len(more)
		if len(more) > 0 {
			asked.Token = more[0].Token
		}
		tombs, events = append(tombs, more...), append(events, asked)
	}
	for n := range events {
		events[n].Outcome = audit.OutcomeRequested
	}
	if _, err := s.core.Audit.AppendAll(ctx, events); err != nil {
		return nil, fault(fmt.Errorf("nothing is erased: %w", err))
	}
	erased, err := s.core.Store.Delete(ctx, tombs)
	ev.Outcome, ev.Count = audit.OutcomeOK, erased
	if err != nil {
		ev.Outcome, ev.Reason = audit.OutcomeFailed, "the store could not erase; ask again"
	}
	if _, auditErr := s.core.Audit.Append(ctx, ev); auditErr != nil {
		err = errors.Join(err, auditErr)
	}
	if err != nil {
		return nil, fault(err)
	}
	return connect.NewResponse(&vaultpb.ForgetResponse{Erased: uint64(erased), Tombstones: uint64(len(tombs))}), nil
}

func checkForget(r *vaultpb.ForgetRequest) error {
	if err := checkPurpose(r.Purpose); err != nil {
		return err
	}
	if n := len(r.Tokens) + len(r.Values); n > maxBatch {
		return fmt.Errorf("%d tokens and values at once, at most %d", n, maxBatch)
	}
	for n, v := range r.Values {
		if !token.ValidClass(v.GetTokenClass()) {
			return fmt.Errorf("values[%d].token_class: want [a-z]{2,16}", n)
		}
		if v.Scope != "" && !keyring.ValidScope(v.Scope) {
			return fmt.Errorf("values[%d].scope: %w", n, keyring.ErrScope)
		}
	}
	return nil
}

// parse reads a token of a live epoch of this vault.
func (c *Core) parse(tok string) (token.Token, *keyring.Epoch, error) {
	t, err := token.Parse(tok)
	if err != nil || !token.NewRecognizer(c.Keys.RecognitionKey()).Verify(t) {
		return token.Token{}, nil, errors.New("not a token of this vault")
	}
	e, err := c.Keys.Lookup(t.Kid)
	return t, e, err
}

// tombstones are for the deterministic tokens of a value, seen or not.
func (c *Core) tombstones(m *minter, v *vaultpb.ForgetValue) ([]store.Tombstone, error) {
	var out []store.Tombstone
	for _, e := range c.epochs(v.Scope) {
		tok, err := m.mint(e, v.TokenClass, token.Deterministic, v.Value)
		if errors.Is(err, keyring.ErrExpired) {
			continue // just now
		}
		if err != nil {
			return nil, err
		}
		out = append(out, store.Tombstone{Token: tok, Expires: e.Expires})
	}
	return out, nil
}
