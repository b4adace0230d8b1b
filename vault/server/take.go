package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Escrow implements the service. A request that is not partial is stored as a whole or refused as a whole.
func (i *Issuer) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	may, err := i.core.agent(ctx)
	if err != nil {
		i.refuse(ctx, "escrow", refusedAs(err), 1)
		return nil, err
	}
	t := taking{issuer: i, rights: may}
	if err := t.parse(r.Msg); err != nil {
		return nil, err
	}
	if t.denied > 0 {
		i.refuse(ctx, "escrow", whyGrant, t.denied)
	}
	if t.first != nil && !r.Msg.Partial {
		return nil, t.first
	}
	i.recordSessions(ctx, may.caller, t.sessions, t.scopes)
	start := time.Now()
	if len(t.records) > 0 || len(r.Msg.Records) == 0 {
		err = i.core.Store.Put(ctx, t.sessions, t.records)
		i.core.Hooks.Escrowed(ctx, len(t.records), time.Since(start), err)
	}
	if err != nil {
		return nil, fault(err)
	}
	return connect.NewResponse(&vaultpb.EscrowResponse{Refused: t.refused}), nil
}

// recordSessions notes in the audit log who began the sessions seen first: a record that turns out poisoned leads to its
// writer. Telemetry does not wait for it: what fails now is tried again with the session's next records.
func (i *Issuer) recordSessions(ctx context.Context, caller Caller, sessions []store.Session, scopes []string) {
	if caller.Local {
		return
	}
	var events []audit.Event
	var fresh [][16]byte
	i.mu.Lock()
	for n, s := range sessions {
		if _, known := i.seen.get(s.ID); known {
			continue
		}
		i.seen.put(s.ID, struct{}{})
		fresh = append(fresh, s.ID)
		events = append(events, by(ctx, audit.Event{
			Action: audit.ActionSession, Outcome: audit.OutcomeOK, Scope: scopes[n], Kid: s.Kid.String(), Session: hex.EncodeToString(s.ID[:]),
		}))
	}
	i.mu.Unlock()
	if len(events) == 0 {
		return
	}
	if _, err := i.core.Audit.AppendAll(context.WithoutCancel(ctx), events); err != nil {
		i.mu.Lock()
		defer i.mu.Unlock()
		for _, id := range fresh {
			i.seen.forget(id)
		}
	}
}

// taking is one Escrow request on its way to the store: what is taken, and what is refused.
type taking struct {
	issuer *Issuer
	rights rights

	sessions []store.Session // with a record that is taken
	scopes   []string        // of the sessions
	records  []store.Record
	refused  []*vaultpb.RefusedRecord
	first    error // of the refusals
	denied   int
}

// offered is a session of the request.
type offered struct {
	session store.Session
	epoch   *keyring.Epoch
	refusal vaultpb.Refusal
	err     error
	taken   bool
}

// parse checks everything that can be checked without opening a record. Its error refuses the request however it is read.
func (t *taking) parse(r *vaultpb.EscrowRequest) error {
	if len(r.Sessions) > maxEscrowSessions || len(r.Records) > maxEscrowRecords {
		return invalid("%d sessions and %d records, at most %d and %d",
			len(r.Sessions), len(r.Records), maxEscrowSessions, maxEscrowRecords)
	}
	size := 0
	for _, rec := range r.Records {
		size += len(rec.GetSealed())
	}
	// One value alone may be longer: it has to go somewhere.
	if size > maxEscrowBytes && len(r.Records) > 1 {
		return invalid("%d bytes sealed, at most %d", size, maxEscrowBytes)
	}
	sessions := make([]offered, len(r.Sessions))
	for n, s := range r.Sessions {
		t.parseSession(n, s, &sessions[n])
		if sessions[n].err != nil && t.first == nil {
			t.first = sessions[n].err
		}
	}
	for n, rec := range r.Records {
		if refusal, err := t.parseRecord(n, rec, sessions); err != nil {
			t.refuse(n, refusal, err)
		}
	}
	for _, s := range sessions {
		if s.taken {
			t.sessions, t.scopes = append(t.sessions, s.session), append(t.scopes, s.epoch.Scope)
		}
	}
	return nil
}

func (t *taking) refuse(n int, why vaultpb.Refusal, err error) {
	if t.first == nil {
		t.first = err
	}
	if why == vaultpb.Refusal_REFUSAL_DENIED {
		t.denied++
	}
	t.refused = append(t.refused, &vaultpb.RefusedRecord{Record: uint32(n), Refusal: why})
}

func (t *taking) parseSession(n int, s *vaultpb.EscrowSession, out *offered) {
	refuse := func(why vaultpb.Refusal, err error) { out.refusal, out.err = why, err }
	if len(s.GetId()) != 16 || len(s.Enc) == 0 || len(s.Enc) > maxEnc {
		refuse(vaultpb.Refusal_REFUSAL_INVALID, invalid("sessions[%d]: malformed", n))
		return
	}
	if keyring.Suite(s.Suite) != keyring.XWing {
		refuse(vaultpb.Refusal_REFUSAL_INVALID, invalid("sessions[%d]: unknown suite %d", n, s.Suite))
		return
	}
	// Until it expires, an epoch takes what was minted in it: records may come late, from a spool.
	e, err := t.issuer.core.Keys.Lookup(token.Kid(s.Kid))
	if err != nil {
		why := vaultpb.Refusal_REFUSAL_INVALID
		if errors.Is(err, keyring.ErrExpired) {
			why = vaultpb.Refusal_REFUSAL_EXPIRED
		}
		refuse(why, fault(fmt.Errorf("sessions[%d]: %w", n, err)))
		return
	}
	if !t.rights.caller.Local {
		if err := t.issuer.core.Keys.CheckGrantID(s.GrantId, grantee(t.rights.caller), e.Scope, e.Kid); err != nil {
			refuse(vaultpb.Refusal_REFUSAL_DENIED, denied(t.rights.caller, "sessions[%d]: %w", n, err))
			return
		}
	}
	out.session = store.Session{ID: [16]byte(s.Id), Kid: e.Kid, Suite: uint32(s.Suite), Enc: s.Enc, Expires: e.Expires}
	out.epoch = e
}

func (t *taking) parseRecord(n int, rec *vaultpb.EscrowRecord, sessions []offered) (vaultpb.Refusal, error) {
	const bad = vaultpb.Refusal_REFUSAL_INVALID
	if int(rec.GetSession()) >= len(sessions) {
		return bad, invalid("records[%d]: no such session in the request", n)
	}
	s := &sessions[rec.GetSession()]
	if s.err != nil {
		return s.refusal, s.err
	}
	e := s.epoch
	tok, err := token.Parse(rec.GetToken())
	if err != nil || tok.Kid != e.Kid || !t.issuer.recognizer.Verify(tok) {
		return bad, invalid("records[%d]: not a token of its session's key id", n)
	}
	if rec.ExpiresUnix != e.Expires.Unix() {
		return bad, invalid("records[%d]: its expiry is not its epoch's", n)
	}
	if err := escrow.Check(rec.Sealed); err != nil {
		return bad, invalid("records[%d]: %w", n, err)
	}
	if _, allowed := t.rights.allowing(e.Scope, tok.Class); !allowed {
		return vaultpb.Refusal_REFUSAL_DENIED, denied(t.rights.caller, "records[%d]: no rule allows it class %s in scope %q", n, tok.Class, e.Scope)
	}
	s.taken = true
	t.records = append(t.records, store.Record{
		Token: rec.Token, Scope: e.Scope, Kid: e.Kid, Session: s.session.ID, Expires: e.Expires, Sealed: rec.Sealed,
	})
	return 0, nil
}
