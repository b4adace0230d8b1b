package main

import (
	"context"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/identity"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// A power is something a thief of an agent's key would try.
type power struct {
	what  string
	may   map[string]bool // by agent; the others may not
	tries func(ctx context.Context, v vaults) error
}

// vaults are the services as somebody with a certificate reaches them.
type vaults struct {
	issuer vaultpbconnect.IssuerServiceClient
	reveal vaultpbconnect.RevealServiceClient
	token  string // of the customer
}

var powers = []power{
	{"mint addresses in scope default", map[string]bool{"storefront": true, "payments": true, "support": true}, func(ctx context.Context, v vaults) error {
		return mayMint(ctx, v, "default", "email")
	}},
	{"mint in scope payments", map[string]bool{"payments": true}, func(ctx context.Context, v vaults) error {
		return mayMint(ctx, v, "payments", "email")
	}},
	{"hold a key that guesses cards", nil, func(ctx context.Context, v vaults) error {
		return mayMint(ctx, v, "default", "card")
	}},
	{"try 5,000 card numbers at once", nil, func(ctx context.Context, v vaults) error {
		return guess(ctx, v, 5000)
	}},
	{"reveal what it wrote itself", nil, func(ctx context.Context, v vaults) error {
		_, err := v.reveal.Reveal(ctx, connect.NewRequest(&vaultpb.RevealRequest{Purpose: "curiosity", Tokens: []string{v.token}}))
		return err
	}},
}

// mayMint asks for a key.
func mayMint(ctx context.Context, v vaults, scope, class string) error {
	g, err := v.issuer.Grant(ctx, connect.NewRequest(&vaultpb.GrantRequest{
		Scope: scope, Issue: true, Classes: []*vaultpb.MintClass{{Name: class, Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC}},
	}))
	if err == nil && len(g.Msg.MintKeys) == 0 {
		return errNoKey
	}
	return err
}

type plainError string

func (e plainError) Error() string { return string(e) }

const errNoKey = plainError("the grant has no such key: the vault alone mints this class")

// guess has the vault mint values until it refuses.
func guess(ctx context.Context, v vaults, n int) error {
	const call = 100
	for first := 0; first < n; first += call {
		r := &vaultpb.IssueRequest{Scope: "default"}
		for i := range call {
			r.Values = append(r.Values, &vaultpb.IssueValue{
				Class: &vaultpb.MintClass{Name: "card", Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC}, Value: candidate(first + i),
			})
		}
		if _, err := v.issuer.Issue(ctx, connect.NewRequest(r)); err != nil {
			return err
		}
	}
	return nil
}

// candidate is the n-th card number of a dictionary.
func candidate(n int) []byte {
	digits := []byte("4000000000000000")
	for i := len(digits) - 1; n > 0; i, n = i-1, n/10 {
		digits[i] = byte('0' + n%10)
	}
	return digits
}

// powers tries, with every agent's certificate, what it may and may not.
func (s *show) powers(ctx context.Context) error {
	s.out.Heading("What each agent's key can do, and what it cannot")
	for _, p := range powers {
		s.out.Line("%s", p.what)
		for _, name := range agents {
			err := s.as("certs", name, func(v vaults) error { return p.tries(ctx, v) })
			s.out.Line("   %-10s  %s", name, s.describe(err))
			if (err == nil) != p.may[name] {
				s.expect(false, "%s: %s", name, p.what)
			}
		}
	}
	err := s.as("foreign", "storefront", func(v vaults) error { return powers[0].tries(ctx, v) })
	s.out.Line("a certificate of another authority that says storefront")
	s.out.Line("   %-10s  %s", "stranger", s.describe(err))
	s.expect(err != nil, "strangers are turned away, and agents do what their rules say and no more")
	return nil
}

// as speaks to the vault with somebody's certificate, trusting the fleet's authority.
func (s *show) as(folder, name string, do func(vaults) error) error {
	h := s.house
	source, err := identity.Files(identity.FilesConfig{
		CertFile: h.path(folder, name+".crt"), KeyFile: h.path(folder, name+".key"), CAFile: h.path("certs", "ca.crt"),
	})
	if err != nil {
		return err
	}
	defer source.Close()
	http, err := source.HTTP(identity.ServerID{Name: "vault"})
	if err != nil {
		return err
	}
	defer http.CloseIdleConnections()
	return do(vaults{
		issuer: vaultpbconnect.NewIssuerServiceClient(http, "https://"+h.issuer),
		reveal: vaultpbconnect.NewRevealServiceClient(http, "https://"+h.reveal),
		token:  s.customer,
	})
}
