package server_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// The fuzz targets send what a caller may make of a message: any bytes that read as one, and a valid one of which the
// bytes after the first replace a part. Whatever comes, the answer is a refusal of a kind that a caller can act on.

const secret = "zz-secret-of-alice@example.com"

// requireTyped requires of an error that it has a code that says whose fault it is, and that it repeats no secret.
func requireTyped(t *testing.T, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		return
	}
	switch code := connect.CodeOf(err); code {
	case connect.CodeInvalidArgument, connect.CodePermissionDenied, connect.CodeFailedPrecondition, connect.CodeResourceExhausted:
	default:
		t.Fatalf("code %s: %v", code, err)
	}
	for _, s := range append(secrets, secret) {
		if len(s) > 3 {
			require.NotContains(t, err.Error(), s)
		}
	}
}

// mutated is m with the fields that raw holds merged over it; false when raw is no message.
func mutated[M proto.Message](m M, raw []byte) (M, bool) {
	made := m.ProtoReflect().New().Interface().(M)
	if proto.Unmarshal(raw, made) != nil {
		return made, false
	}
	out := proto.Clone(m).(M)
	proto.Merge(out, made)
	return out, true
}

// variants are the messages that raw stands for: itself, it over the valid one, and the valid one's bytes with raw in
// the place of what is at its first byte.
func variants[M proto.Message](t *testing.T, valid M, raw []byte) (out []M) {
	t.Helper()
	bare := valid.ProtoReflect().New().Interface().(M)
	if proto.Unmarshal(raw, bare) == nil {
		out = append(out, bare)
	}
	if m, ok := mutated(valid, raw); ok {
		out = append(out, m)
	}
	if len(raw) > 0 {
		whole, err := proto.Marshal(valid)
		require.NoError(t, err)
		at := min(int(raw[0])*len(whole)/256, len(whole))
		copy(whole[at:], raw[1:])
		m := valid.ProtoReflect().New().Interface().(M)
		if proto.Unmarshal(whole, m) == nil {
			out = append(out, m)
		}
	}
	return out
}

// seeds are messages and pieces of such.
func seeds(f *testing.F, messages ...proto.Message) {
	for _, m := range messages {
		raw, err := proto.Marshal(m)
		require.NoError(f, err)
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	f.Add([]byte{})
	f.Add([]byte{0x80, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x0a, 0x00, 0x12, 0x00, 0x1a, 0x00, 0x22, 0x00})
}

func FuzzGrant(f *testing.F) {
	valid := &vaultpb.GrantRequest{Scope: "default", Classes: classes("email", "ssn"), Suites: []vaultpb.Suite{vaultpb.Suite_SUITE_XWING_HKDF_SHA256_AES256GCM}, Issue: true}
	seeds(f, valid, &vaultpb.GrantRequest{Scope: "pay\nments"}, &vaultpb.GrantRequest{Scope: "default", Classes: []*vaultpb.MintClass{{Name: secret, Kind: 9}, {}}},
		&vaultpb.GrantRequest{Scope: "default", Suites: []vaultpb.Suite{7}}, &vaultpb.GrantRequest{Scope: "default", Classes: classes(make([]string, 1025)...)})
	r := newFuzzed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			if strings.Contains(m.Scope, secret) {
				continue // a scope is a name, and a refusal says which
			}
			res, err := r.issuing.Grant(caller(web), connect.NewRequest(m))
			requireTyped(t, err)
			if err != nil {
				continue
			}
			require.LessOrEqual(t, len(m.Classes), 1024)
			require.Equal(t, "default", res.Msg.Scope, "the only one that a rule allows")
			for _, k := range res.Msg.MintKeys {
				require.Equal(t, "email", k.Class.Name, "ssn is not for agents to mint")
			}
			for _, c := range res.Msg.Issue {
				require.Equal(t, "ssn", c.Name)
				require.True(t, m.Issue)
			}
		}
	})
}

// caller is somebody on the network.
func caller(id string) context.Context {
	return server.WithCaller(context.Background(), server.Caller{ID: id, Fingerprint: "f0"})
}

// newFuzzed is a vault with the fleet's rules, and no bound on how much is issued.
func newFuzzed(f *testing.F) *rig {
	r := newRig(f)
	rules := *fleetRules
	rules.Agents = slices.Clone(rules.Agents)
	rules.Agents[0].Issue = server.Rate{PerSecond: 1e9, Burst: 1e9}
	r.core.SetRules(&rules)
	return r
}

func FuzzIssue(f *testing.F) {
	valid := &vaultpb.IssueRequest{Scope: "default", Values: append(values("ssn", 1, 536220101), &vaultpb.IssueValue{Class: classes("email")[0], Value: []byte(secret)})}
	long := &vaultpb.IssueValue{Class: classes("ssn")[0], Value: bytes.Repeat([]byte("x"), 600<<10)}
	seeds(f, valid, &vaultpb.IssueRequest{Scope: "payments", Values: valid.Values}, &vaultpb.IssueRequest{Scope: "default", Values: values("ssn", 1001, 0)},
		&vaultpb.IssueRequest{Scope: "default", Values: []*vaultpb.IssueValue{long, long}}, &vaultpb.IssueRequest{Scope: "elsewhere", Values: []*vaultpb.IssueValue{{}}},
		&vaultpb.IssueRequest{Scope: "default", Values: []*vaultpb.IssueValue{{Class: &vaultpb.MintClass{Name: "ssn", Kind: 3}}, {Class: &vaultpb.MintClass{Name: "email", Kind: 2}}}})
	r := newFuzzed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			if strings.Contains(m.Scope, secret) {
				continue // a scope is a name, and a refusal says which
			}
			res, err := r.issuing.Issue(caller(web), connect.NewRequest(m))
			var secrets []string
			size := 0
			for _, v := range m.Values {
				size += len(v.GetValue())
				if s := string(v.GetValue()); len(s) > 8 { // shorter ones are words of the answer by chance
					secrets = append(secrets, s)
				}
			}
			requireTyped(t, err, secrets...)
			if err != nil {
				continue
			}
			require.LessOrEqual(t, len(m.Values), 1000)
			require.True(t, size <= 1<<20 || len(m.Values) == 1)
			require.Len(t, res.Msg.Tokens, len(m.Values))
			for n, tok := range res.Msg.Tokens {
				require.Equal(t, tok.Refusal == 0, tok.Token != "")
				if tok.Token == "" {
					continue
				}
				got, err := token.Parse(tok.Token)
				require.NoError(t, err)
				require.Equal(t, m.Values[n].Class.Name, got.Class)
				require.Contains(t, []string{"email", "ssn"}, got.Class)
			}
		}
	})
}

// FuzzEscrow also requires that the answer is the same, byte for byte, whether the record of a token is there, was
// erased, or is new.
func FuzzEscrow(f *testing.F) {
	r := newFuzzed(f)
	var valid *vaultpb.EscrowRequest
	one := client.New(identified{r, web, &valid}, client.Settings{Now: r.clock.Now})
	f.Cleanup(func() { _ = one.Close() })
	var b token.Batch
	tok, err := one.Mint(nil, email, []byte(secret), &b)
	require.NoError(f, err)
	require.NoError(f, one.Commit(f.Context(), &b))
	require.Len(f, valid.Records, 1)
	valid.Partial = true
	more := func(change func(m *vaultpb.EscrowRequest)) proto.Message {
		m := proto.Clone(valid).(*vaultpb.EscrowRequest)
		change(m)
		return m
	}
	seeds(f, valid,
		more(func(m *vaultpb.EscrowRequest) { m.Records[0].Session = 1 << 31 }),
		more(func(m *vaultpb.EscrowRequest) { m.Records[0].ExpiresUnix = -1 << 63 }),
		more(func(m *vaultpb.EscrowRequest) { m.Records[0].Sealed = nil }),
		more(func(m *vaultpb.EscrowRequest) { m.Records[0].Token = secret }),
		more(func(m *vaultpb.EscrowRequest) { m.Sessions[0].GrantId[3]++ }),
		more(func(m *vaultpb.EscrowRequest) { m.Sessions[0].Kid = 1<<32 - 1 }),
		more(func(m *vaultpb.EscrowRequest) { m.Sessions[0].Id = []byte(secret) }),
		more(func(m *vaultpb.EscrowRequest) { m.Sessions[0].Suite = -1 }),
		more(func(m *vaultpb.EscrowRequest) { m.Sessions[0].Enc = bytes.Repeat([]byte{1}, 5<<10) }),
		more(func(m *vaultpb.EscrowRequest) {
			m.Partial, m.Records = false, append(m.Records, m.Records[0], &vaultpb.EscrowRecord{})
		}),
		&vaultpb.EscrowRequest{Sessions: make([]*vaultpb.EscrowSession, 1025)})
	e, err := r.keys.Current("default")
	require.NoError(f, err)
	ctx := f.Context()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			sent, err := proto.Marshal(m)
			require.NoError(t, err)
			ask := func() (*vaultpb.EscrowResponse, error) {
				again := &vaultpb.EscrowRequest{} // the store may keep what it is given
				require.NoError(t, proto.Unmarshal(sent, again))
				res, err := r.issuing.Escrow(caller(web), connect.NewRequest(again))
				if err != nil {
					return nil, err
				}
				return res.Msg, nil
			}
			first, err := ask() // new, or there since an earlier round
			requireTyped(t, err)
			if err == nil {
				require.LessOrEqual(t, len(m.Sessions), 1024)
				require.LessOrEqual(t, len(m.Records), 10_000)
				require.True(t, m.Partial || len(first.Refused) == 0)
			}
			there, errThere := ask()
			requireSame(t, first, err, there, errThere)
			tombs := []store.Tombstone{{Token: string(tok), Expires: e.Expires}}
			for _, rec := range m.Records {
				if p, err := token.Parse(rec.GetToken()); err == nil && p.Kid == e.Kid {
					tombs = append(tombs, store.Tombstone{Token: rec.Token, Expires: e.Expires})
				}
			}
			_, err2 := r.store.Delete(ctx, tombs)
			require.NoError(t, err2)
			erased, errErased := ask()
			requireSame(t, first, err, erased, errErased)
		}
	})
}

func requireSame(t *testing.T, a proto.Message, errA error, b proto.Message, errB error) {
	t.Helper()
	if errA != nil || errB != nil {
		require.Error(t, errA)
		require.Error(t, errB)
		require.Equal(t, errA.Error(), errB.Error())
		return
	}
	x, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	require.NoError(t, err)
	y, err := proto.MarshalOptions{Deterministic: true}.Marshal(b)
	require.NoError(t, err)
	require.Equal(t, x, y)
}

// FuzzReveal asks as a revealer, as an agent, and as nobody.
func FuzzReveal(f *testing.F) {
	r := newFuzzed(f)
	mine, theirs := r.mint(email, secret), r.mint(token.Class{Name: "email", Scope: "payments"}, secret)
	valid := &vaultpb.RevealRequest{Purpose: "INC-42", Tokens: []string{mine, theirs}}
	seeds(f, valid, &vaultpb.RevealRequest{Tokens: []string{mine}}, &vaultpb.RevealRequest{Purpose: "a\nb"}, &vaultpb.RevealRequest{Purpose: strings.Repeat("ü", 513)},
		&vaultpb.RevealRequest{Purpose: "x", Tokens: []string{secret, "", mine[:len(mine)-1], mine + "a"}}, &vaultpb.RevealRequest{Purpose: "x", Tokens: make([]string, 1001)})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			res, err := r.reveal.Reveal(caller("support"), connect.NewRequest(m))
			requireTyped(t, err)
			if err == nil {
				require.LessOrEqual(t, len(m.Tokens), 1000)
				require.Len(t, res.Msg.Results, len(m.Tokens))
				for n, got := range res.Msg.Results {
					if len(got.Value) > 0 || got.Outcome == vaultpb.Outcome_OUTCOME_REVEALED {
						require.Equal(t, mine, m.Tokens[n], "one token is the caller's to reveal")
						require.Equal(t, secret, string(got.Value))
					}
				}
			}
			_, err = r.reveal.Reveal(caller(web), connect.NewRequest(m))
			require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
			requireTyped(t, err)
		}
	})
}

func FuzzLookup(f *testing.F) {
	r := newFuzzed(f)
	mine := r.mint(email, secret)
	r.mint(token.Class{Name: "email", Scope: "payments"}, secret)
	valid := &vaultpb.LookupRequest{Purpose: "INC-42", TokenClass: "email", Values: [][]byte{[]byte(secret)}}
	seeds(f, valid, &vaultpb.LookupRequest{Purpose: "x", TokenClass: secret}, &vaultpb.LookupRequest{Purpose: "x", TokenClass: "email", Scope: "a\nb"},
		&vaultpb.LookupRequest{Purpose: "x", TokenClass: "email", Scope: secret}, &vaultpb.LookupRequest{Purpose: "x", TokenClass: "email", Values: make([][]byte, 1001)})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range variants(t, valid, raw) {
			res, err := r.reveal.Lookup(caller("support"), connect.NewRequest(m))
			requireTyped(t, err)
			if err == nil {
				require.LessOrEqual(t, len(m.Values), 1000)
				for _, got := range res.Msg.Results {
					require.Equal(t, "default", got.Scope, "the caller's rule knows no other")
					require.Equal(t, m.TokenClass == "email" && string(m.Values[got.Value]) == secret && got.Kind == kind, got.Token == mine)
					require.False(t, got.Escrowed && got.Token != mine)
				}
			}
			_, err = r.reveal.Lookup(caller("somebody"), connect.NewRequest(m))
			require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
			requireTyped(t, err)
		}
	})
}
