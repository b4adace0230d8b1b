package server_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// openRuled is an embedded vault with the fleet's rules.
func openRuled(t *testing.T) (v *server.Embedded, log string) {
	dir := filepath.Join(t.TempDir(), "vault")
	v, err := server.Open(server.Settings{Directory: dir, Rules: fleetRules})
	require.NoError(t, err)
	t.Cleanup(func() { _ = v.Close(t.Context()) })
	return v, server.AuditPath(dir)
}

func actionsOf(t *testing.T, log string, actions ...string) (out []audit.Entry) {
	_, err := audit.Read(t.Context(), log, func(e audit.Entry) error {
		for _, a := range actions {
			if e.Action == a {
				out = append(out, e)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

// TestRefusalsAreOnRecordAtTheEnd: what was counted since the first refusal is written before the log is closed.
func TestRefusalsAreOnRecordAtTheEnd(t *testing.T) {
	v, log := openRuled(t)
	ctx := server.WithCaller(t.Context(), server.Caller{ID: "nobody"})
	for range 4 {
		_, err := v.Issuer().Grant(ctx, connect.NewRequest(&vaultpb.GrantRequest{Scope: "default"}))
		require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	}
	require.Len(t, actionsOf(t, log, audit.ActionRefused), 1)
	require.NoError(t, v.Close(t.Context()))
	got := actionsOf(t, log, audit.ActionRefused, audit.ActionStopped)
	require.Len(t, got, 3)
	require.Equal(t, []int{1, 3}, []int{got[0].Count, got[1].Count})
	require.Equal(t, audit.ActionStopped, got[2].Action)
}

// TestSessionsFloodNoLog: an agent that begins sessions all the time gets so many entries, and one about the rest.
func TestSessionsFloodNoLog(t *testing.T) {
	v, log := openRuled(t)
	ctx := server.WithCaller(t.Context(), server.Caller{ID: web, Fingerprint: "f0"})
	g, err := v.Issuer().Grant(ctx, connect.NewRequest(&vaultpb.GrantRequest{Scope: "default", Classes: classes("email")}))
	require.NoError(t, err)
	// One record, sealed once and handed in again in every session: sessions without records are not kept.
	s, err := escrow.NewSession(g.Msg.EscrowPublicKey, token.Kid(g.Msg.Kid), keyring.XWing, time.Now(), escrow.Limits{})
	require.NoError(t, err)
	id := keyring.NewMAC(keyring.Key(g.Msg.MintKeys[0].Key)).Identity([]byte("a@example.com"))
	tag := token.NewRecognizer([16]byte(g.Msg.RecognitionKey)).Tag("email", token.Kid(g.Msg.Kid), id)
	tok := token.Token{Class: "email", Kid: token.Kid(g.Msg.Kid), Identity: id, Tag: tag}.String()
	expires := g.Msg.RecordsExpire.AsTime().Unix()
	sealed, err := s.Seal(nil, []byte(tok), "default", expires, []byte("a@example.com"))
	require.NoError(t, err)
	for call := range 3 {
		r := &vaultpb.EscrowRequest{}
		for n := range 1000 {
			r.Records = append(r.Records, &vaultpb.EscrowRecord{Token: tok, Session: uint32(n), ExpiresUnix: expires, Sealed: sealed})
			id := make([]byte, 16)
			binary.BigEndian.PutUint32(id, uint32(call*1000+n))
			r.Sessions = append(r.Sessions, &vaultpb.EscrowSession{Id: id, Kid: g.Msg.Kid, Suite: g.Msg.Suite, Enc: []byte{1}, GrantId: g.Msg.GrantId})
		}
		_, err = v.Issuer().Escrow(ctx, connect.NewRequest(r))
		require.NoError(t, err)
	}
	require.Len(t, actionsOf(t, log, audit.ActionSession), 256)
	require.NoError(t, v.Close(t.Context()))
	got := actionsOf(t, log, audit.ActionSession)
	require.Len(t, got, 257)
	require.Equal(t, 3000-256, got[256].Count)
	require.Equal(t, "f0", got[256].Certificate)
	require.Empty(t, got[256].Session)
}

// TestRefusedIssueTakesNothing: a call that one of its rules has not enough for costs the others nothing.
func TestRefusedIssueTakesNothing(t *testing.T) {
	r := newRig(t)
	rules := &server.Rules{Agents: []server.AgentRule{
		{Name: "mail", ID: web, Classes: []string{"email"}, Scopes: []string{"default"}, Issue: server.Rate{PerSecond: 1, Burst: 10}},
		{Name: "numbers", ID: web, Classes: []string{"ssn"}, Scopes: []string{"default"}, Issue: server.Rate{PerSecond: 1, Burst: 5}},
	}}
	require.NoError(t, rules.Validate())
	r.core.SetRules(rules)
	issue := func(mail, numbers int) error {
		_, err := r.issuing.Issue(r.as(web), connect.NewRequest(&vaultpb.IssueRequest{
			Scope: "default", Values: append(values("email", mail, 0), values("ssn", numbers, 0)...),
		}))
		return err
	}
	for range 16 { // whichever rule is looked at first
		err := issue(7, 6)
		require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err))
	}
	require.NoError(t, issue(10, 5))
	err := issue(1, 0)
	require.Equal(t, connect.CodeResourceExhausted, connect.CodeOf(err))
	var e *connect.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "1.000", e.Meta().Get("Retry-After"))
}

// TestReaderThatHoldsStill: whoever opens a stream and gives no room for an answer does not keep its handler.
func TestReaderThatHoldsStill(t *testing.T) {
	r := newFleet(t)
	r.issuing.SetSendWithin(100 * time.Millisecond)
	_, handler := vaultpbconnect.NewIssuerServiceHandler(r.issuing)
	ended := make(chan struct{})
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		defer close(ended)
		handler.ServeHTTP(w, q.WithContext(server.WithController(q.Context(), http.NewResponseController(w))))
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()

	c, err := tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte(http2.ClientPreface))
	require.NoError(t, err)
	f := http2.NewFramer(c, c)
	require.NoError(t, f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0}))
	var block bytes.Buffer
	h := hpack.NewEncoder(&block)
	for _, field := range [][2]string{
		{":method", "POST"},
		{":scheme", "https"},
		{":authority", "vault"},
		{":path", vaultpbconnect.IssuerServiceRevocationsProcedure},
		{"content-type", "application/connect+proto"},
		{"connect-protocol-version", "1"},
	} {
		require.NoError(t, h.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}))
	}
	require.NoError(t, f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}))
	require.NoError(t, f.WriteData(1, true, make([]byte, 5))) // an empty message in its envelope
	within(t, ended)
	require.Zero(t, r.core.Streams())
}

// TestStreamThatIsRead outlives the time one message may take.
func TestStreamThatIsRead(t *testing.T) {
	r := newFleet(t)
	r.issuing.SetSendWithin(50 * time.Millisecond)
	_, handler := vaultpbconnect.NewIssuerServiceHandler(r.issuing)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		handler.ServeHTTP(w, q.WithContext(server.WithController(q.Context(), http.NewResponseController(w))))
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	out, err := vaultpbconnect.NewIssuerServiceClient(s.Client(), s.URL).Revocations(t.Context(), connect.NewRequest(&vaultpb.RevocationsRequest{Scopes: []string{"default"}}))
	require.NoError(t, err)
	defer out.Close()
	require.True(t, out.Receive(), out.Err())
	time.Sleep(200 * time.Millisecond) // idle for longer than a message may take
	e, err := r.keys.Current("default")
	require.NoError(t, err)
	_, err = r.admin.Revoke(t.Context(), connect.NewRequest(&vaultpb.RevokeRequest{Purpose: "INC-42", What: &vaultpb.RevokeRequest_Kid{Kid: e.Kid.String()}}))
	require.NoError(t, err)
	require.True(t, out.Receive(), out.Err())
	require.Equal(t, []uint32{uint32(e.Kid)}, out.Msg().EndedKids)
}
