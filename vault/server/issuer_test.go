package server_test

import (
	"bytes"
	"fmt"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

func (r *rig) grant(req *vaultpb.GrantRequest) (*vaultpb.GrantResponse, error) {
	res, err := r.issuing.Grant(r.t.Context(), connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	return res.Msg, nil
}

func TestGrant(t *testing.T) {
	r := newRig(t)
	classes := []*vaultpb.MintClass{
		{Name: "email", Kind: vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC},
		{Name: "email", Kind: vaultpb.TokenKind_TOKEN_KIND_ONE_WAY},
		{Name: "phone", Kind: vaultpb.TokenKind_TOKEN_KIND_RANDOM},
	}
	a, err := r.grant(&vaultpb.GrantRequest{Scope: "default", Classes: classes})
	require.NoError(t, err)
	b, err := r.grant(&vaultpb.GrantRequest{Scope: "default", Classes: classes})
	require.NoError(t, err)
	other, err := r.grant(&vaultpb.GrantRequest{Scope: "other", Classes: classes})
	require.NoError(t, err)

	require.Equal(t, a.Kid, b.Kid)
	require.NotEqual(t, a.Kid, other.Kid)
	require.NotEqual(t, a.GrantId, b.GrantId)
	require.Len(t, a.MintKeys, 3)
	for i := range a.MintKeys {
		require.Equal(t, a.MintKeys[i].Key, b.MintKeys[i].Key)
		require.NotEqual(t, a.MintKeys[i].Key, other.MintKeys[i].Key)
		require.Len(t, a.MintKeys[i].Key, 32)
	}
	require.NotEqual(t, a.MintKeys[0].Key, a.MintKeys[1].Key, "one-way tokens are not redeemable ones")
	require.Equal(t, a.RecognitionKey, other.RecognitionKey)
	require.True(t, a.GrantExpires.AsTime().After(r.clock.Now()))
	require.Len(t, r.entries(audit.ActionEpoch), 2, "the beginning of an epoch is recorded once")
}

func TestGrantRefuses(t *testing.T) {
	r := newRig(t)
	for name, req := range map[string]*vaultpb.GrantRequest{
		"no scope":       {},
		"a bad scope":    {Scope: "a\nb"},
		"a bad class":    {Scope: "default", Classes: []*vaultpb.MintClass{{Name: "alice@example.com", Kind: 1}}},
		"no kind":        {Scope: "default", Classes: []*vaultpb.MintClass{{Name: "email"}}},
		"a nil class":    {Scope: "default", Classes: []*vaultpb.MintClass{nil}},
		"unknown suites": {Scope: "default", Suites: []vaultpb.Suite{99}},
		"too many":       {Scope: "default", Classes: make([]*vaultpb.MintClass, 2000)},
	} {
		_, err := r.grant(req)
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), name)
		require.NotContains(t, err.Error(), "alice")
	}
}

func TestEscrowRefuses(t *testing.T) {
	r := newRig(t)
	tok := r.mintOnly(email, "alice@example.com", func(*token.Batch) {})
	other := r.mintOnly(token.Class{Name: "email", Scope: "other"}, "alice@example.com", func(*token.Batch) {})
	parsed, err := token.Parse(tok)
	require.NoError(t, err)
	e, err := r.keys.Lookup(parsed.Kid)
	require.NoError(t, err)
	unsigned := parsed
	unsigned.Tag ^= 1
	sealed := append([]byte{1, 0, 0, 0, 0}, bytes.Repeat([]byte{7}, 40)...)
	good := func() *vaultpb.EscrowRequest {
		return &vaultpb.EscrowRequest{
			Sessions: []*vaultpb.EscrowSession{{Id: make([]byte, 16), Kid: uint32(e.Kid), Suite: 1, Enc: make([]byte, 1120)}},
			Records:  []*vaultpb.EscrowRecord{{Token: tok, ExpiresUnix: e.Expires.Unix(), Sealed: sealed}},
		}
	}
	for _, c := range []struct {
		name string
		harm func(*vaultpb.EscrowRequest)
		want connect.Code
	}{
		{"a short session id", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Id = []byte{1} }, connect.CodeInvalidArgument},
		{"a nil session", func(q *vaultpb.EscrowRequest) { q.Sessions[0] = nil }, connect.CodeInvalidArgument},
		{"no encapsulated key", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Enc = nil }, connect.CodeInvalidArgument},
		{"a huge encapsulated key", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Enc = make([]byte, 1<<20) }, connect.CodeInvalidArgument},
		{"an unknown suite", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Suite = 9 }, connect.CodeInvalidArgument},
		{"an unknown key id", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Kid = uint32((e.Kid + 1) % token.Kids) }, connect.CodeFailedPrecondition},
		{"an impossible key id", func(q *vaultpb.EscrowRequest) { q.Sessions[0].Kid = 1 << 31 }, connect.CodeInvalidArgument},
		{"a session that is not there", func(q *vaultpb.EscrowRequest) { q.Records[0].Session = 1 }, connect.CodeInvalidArgument},
		{"a nil record", func(q *vaultpb.EscrowRequest) { q.Records[0] = nil }, connect.CodeInvalidArgument},
		{"a value for a token", func(q *vaultpb.EscrowRequest) { q.Records[0].Token = "alice@example.com" }, connect.CodeInvalidArgument},
		{"a token of another epoch", func(q *vaultpb.EscrowRequest) { q.Records[0].Token = other }, connect.CodeInvalidArgument},
		{"a token with a wrong tag", func(q *vaultpb.EscrowRequest) { q.Records[0].Token = unsigned.String() }, connect.CodeInvalidArgument},
		{"another expiry", func(q *vaultpb.EscrowRequest) { q.Records[0].ExpiresUnix++ }, connect.CodeInvalidArgument},
		{"an unknown record version", func(q *vaultpb.EscrowRequest) { q.Records[0].Sealed = append([]byte{9}, sealed[1:]...) }, connect.CodeInvalidArgument},
		{"plaintext", func(q *vaultpb.EscrowRequest) { q.Records[0].Sealed = []byte("alice@example.com") }, connect.CodeInvalidArgument},
		{"too many records", func(q *vaultpb.EscrowRequest) { q.Records = make([]*vaultpb.EscrowRecord, 20_000) }, connect.CodeInvalidArgument},
		{"too many bytes", func(q *vaultpb.EscrowRequest) {
			q.Records[0].Sealed = append(bytes.Clone(sealed), make([]byte, 9<<20)...)
			q.Records = append(q.Records, q.Records[0])
		}, connect.CodeInvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := good()
			c.harm(q)
			_, err := r.issuing.Escrow(t.Context(), connect.NewRequest(q))
			require.Equal(t, c.want, connect.CodeOf(err), fmt.Sprint(err))
			require.NotContains(t, err.Error(), "alice")
		})
	}
	_, err = r.issuing.Escrow(t.Context(), connect.NewRequest(good()))
	require.NoError(t, err, "and without harm it is taken")
}
