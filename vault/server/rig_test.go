package server_test

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/client"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/server"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/store/memory"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// rig is a vault on the memory store, with a clock that tests move, and an issuer that mints from it.
type rig struct {
	t         testing.TB
	clock     *clock
	keys      *keyring.Keyring
	store     store.Store
	audit     *audit.Log
	auditPath string
	core      *server.Core
	issuing   *server.Issuer
	reveal    *server.Reveal
	admin     *server.Admin
	issuer    *client.Issuer
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const (
	epochLength = 24 * time.Hour
	retention   = 48 * time.Hour
)

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, store: memory.New()}
	dir := t.TempDir()
	var err error
	r.keys, err = keyring.Open(filepath.Join(dir, "keys"), keyring.Options{EpochLength: epochLength, Retention: retention, Now: r.clock.Now})
	require.NoError(t, err)
	r.auditPath = filepath.Join(dir, "audit.log")
	r.audit, err = audit.Open(r.auditPath, r.keys.AuditKey())
	require.NoError(t, err)
	r.core = &server.Core{Keys: r.keys, Store: r.store, Audit: r.audit, Now: r.clock.Now}
	r.issuing, r.reveal = server.NewIssuer(r.core), server.NewReveal(r.core)
	r.admin = server.NewAdmin(r.core, server.About{Directory: dir, Keyholders: "1 of 1"})
	r.issuer = client.New(r.issuing, client.Settings{Now: r.clock.Now})
	t.Cleanup(func() {
		require.NoError(t, r.issuer.Close())
		require.NoError(t, r.audit.Close())
		require.NoError(t, r.keys.Close())
	})
	return r
}

var email = token.Class{Name: "email", Scope: "default"}

// mint mints and commits a value.
func (r *rig) mint(class token.Class, value string) string {
	r.t.Helper()
	tok := r.mintOnly(class, value, func(b *token.Batch) { require.NoError(r.t, r.issuer.Commit(r.t.Context(), b)) })
	return tok
}

func (r *rig) mintOnly(class token.Class, value string, then func(*token.Batch)) string {
	r.t.Helper()
	var b token.Batch
	tok, err := r.issuer.Mint(nil, class, []byte(value), &b)
	require.NoError(r.t, err)
	then(&b)
	return string(tok)
}

func (r *rig) ask(tokens ...string) []*vaultpb.RevealResult {
	r.t.Helper()
	res, err := r.reveal.Reveal(r.t.Context(), connect.NewRequest(&vaultpb.RevealRequest{Purpose: "INC-42", Tokens: tokens}))
	require.NoError(r.t, err)
	require.Len(r.t, res.Msg.Results, len(tokens))
	return res.Msg.Results
}

// plant seals value under a token that may be another's, as an agent that was taken over can.
func (r *rig) plant(tok, value string) {
	r.t.Helper()
	t, err := token.Parse(tok)
	require.NoError(r.t, err)
	e, err := r.keys.Lookup(t.Kid)
	require.NoError(r.t, err)
	public, err := e.EscrowPublic()
	require.NoError(r.t, err)
	s, err := escrow.NewSession(public, e.Kid, keyring.XWing, r.clock.Now(), escrow.Limits{})
	require.NoError(r.t, err)
	sealed, err := s.Seal(nil, []byte(tok), e.Scope, e.Expires.Unix(), []byte(value))
	require.NoError(r.t, err)
	require.NoError(r.t, r.escrow(s.Header(), &vaultpb.EscrowRecord{Token: tok, ExpiresUnix: e.Expires.Unix(), Sealed: sealed}))
}

func (r *rig) escrow(h escrow.Header, rec *vaultpb.EscrowRecord) error {
	_, err := r.issuing.Escrow(r.t.Context(), connect.NewRequest(&vaultpb.EscrowRequest{
		Sessions: []*vaultpb.EscrowSession{{Id: h.ID[:], Kid: uint32(h.Kid), Suite: vaultpb.Suite(h.Suite), Enc: h.Enc}},
		Records:  []*vaultpb.EscrowRecord{rec},
	}))
	return err
}

// entries are the audit log's entries of an action, as they are on disk now.
func (r *rig) entries(action string) []audit.Entry {
	r.t.Helper()
	var out []audit.Entry
	bad, err := audit.Read(context.Background(), r.auditPath, func(e audit.Entry) error {
		if e.Action == action {
			out = append(out, e)
		}
		return nil
	})
	require.NoError(r.t, err)
	require.Zero(r.t, bad)
	return out
}

func (r *rig) requireAuditWhole() {
	r.t.Helper()
	rep, err := audit.Verify(r.t.Context(), r.auditPath, r.keys.AuditKey().Public().(ed25519.PublicKey))
	require.NoError(r.t, err)
	require.True(r.t, rep.Intact(), rep.Faults)
}

func (r *rig) requireAuditWithout(secrets ...string) {
	r.t.Helper()
	b, err := os.ReadFile(r.auditPath)
	require.NoError(r.t, err)
	for _, s := range secrets {
		require.NotContains(r.t, string(b), s)
	}
}
