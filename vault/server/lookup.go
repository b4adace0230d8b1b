package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Lookup implements the service. Its audit records carry the newest token of each value instead of the value.
func (s *Reveal) Lookup(ctx context.Context, r *connect.Request[vaultpb.LookupRequest]) (*connect.Response[vaultpb.LookupResponse], error) {
	ev := audit.Event{Action: audit.ActionLookup, Count: len(r.Msg.Values)}
	may, err := s.core.revealer(ctx)
	if err != nil {
		// Nothing of the request is on record: nobody has looked at it.
		s.core.refuse(ctx, "reveal", "", refusedAs(err), len(r.Msg.Values))
		return nil, err
	}
	if err := checkPurpose(r.Msg.Purpose); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose = r.Msg.Purpose
	if err := checkLookup(r.Msg); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Class, ev.Scope, ev.Request = r.Msg.TokenClass, r.Msg.Scope, requestID()
	epochs := slices.DeleteFunc(s.core.epochs(r.Msg.Scope), func(e *keyring.Epoch) bool {
		_, allowed := may.allowing(e.Scope, r.Msg.TokenClass)
		return !allowed
	})
	m := s.core.newMinter()
	response := &vaultpb.LookupResponse{}
	events := make([]audit.Event, len(r.Msg.Values))
	for n, value := range r.Msg.Values {
		found, err := s.lookup(ctx, m, epochs, r.Msg.TokenClass, value)
		if err != nil {
			return nil, s.core.fail(ctx, ev, err)
		}
		for _, f := range found {
			f.Value = uint32(n)
		}
		response.Results = append(response.Results, found...)
		events[n] = by(ctx, ev)
		events[n].Outcome, events[n].Count = audit.OutcomeOK, len(found)
		if len(found) > 0 {
			events[n].Token = found[0].Token
		}
	}
	if _, err := s.core.Audit.AppendAll(ctx, events); err != nil {
		return nil, fault(fmt.Errorf("nothing is looked up: %w", err))
	}
	return connect.NewResponse(response), nil
}

func checkLookup(r *vaultpb.LookupRequest) error {
	switch {
	case !token.ValidClass(r.TokenClass):
		return errors.New("token_class: want [a-z]{2,16}")
	case r.Scope != "" && !keyring.ValidScope(r.Scope):
		return keyring.ErrScope
	case len(r.Values) > maxBatch:
		return fmt.Errorf("%d values at once, at most %d", len(r.Values), maxBatch)
	}
	return nil
}

// epochs are the live epochs of a scope, or of all scopes, newest first within each.
func (c *Core) epochs(scope string) []*keyring.Epoch {
	scopes := []string{scope}
	if scope == "" {
		scopes = c.Keys.Scopes()
	}
	var all []*keyring.Epoch
	for _, name := range scopes {
		live := c.Keys.Live(name)
		slices.Reverse(live)
		all = append(all, live...)
	}
	return all
}

// mintable are the kinds whose tokens follow from the value.
var mintable = map[vaultpb.TokenKind]token.Kind{
	vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC: token.Deterministic,
	vaultpb.TokenKind_TOKEN_KIND_ONE_WAY:       token.OneWay,
}

// lookup returns the tokens of a value, redeemable ones before one-way ones of the same epoch.
func (s *Reveal) lookup(ctx context.Context, m *minter, epochs []*keyring.Epoch, class string, value []byte) ([]*vaultpb.LookupResult, error) {
	var found []*vaultpb.LookupResult
	for _, e := range epochs {
		for _, kind := range []vaultpb.TokenKind{vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC, vaultpb.TokenKind_TOKEN_KIND_ONE_WAY} {
			tok, err := m.mint(e, class, mintable[kind], value)
			if errors.Is(err, keyring.ErrExpired) {
				continue // just now
			}
			if err != nil {
				return nil, err
			}
			r := &vaultpb.LookupResult{
				Token: tok, Kind: kind, Scope: e.Scope,
				EpochStart: timestamppb.New(e.Start), EpochEnd: timestamppb.New(e.End), Expires: timestamppb.New(e.Expires),
			}
			switch _, _, err := s.core.Store.Get(ctx, tok); {
			case err == nil:
				r.Escrowed = true
			case errors.Is(err, store.ErrErased):
				r.Erased = kind == vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC
			case !errors.Is(err, store.ErrNotFound):
				return nil, err
			}
			found = append(found, r)
		}
	}
	return found, nil
}
