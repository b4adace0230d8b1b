package server

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Escrow implements the service. The answer says nothing about what is in the store already: a record that was there,
// one that was erased and a new one are all taken.
func (i *Issuer) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	if len(r.Msg.Sessions) > maxEscrowSessions || len(r.Msg.Records) > maxEscrowRecords {
		return nil, invalid("%d sessions and %d records, at most %d and %d",
			len(r.Msg.Sessions), len(r.Msg.Records), maxEscrowSessions, maxEscrowRecords)
	}
	may, err := i.core.agent(ctx)
	if err != nil {
		i.core.refuse(ctx, "escrow", "", refusedAs(err), len(r.Msg.Records))
		return nil, err
	}
	p := parcel{issuer: i, may: may}
	if err := p.parse(r.Msg); err != nil {
		return nil, err
	}
	if len(p.refused) > 0 {
		i.countRefused(ctx, p)
		if !r.Msg.Partial {
			return nil, p.first
		}
	}
	i.recordSessions(ctx, p.sessions)
	start := time.Now()
	err = i.core.Store.Put(ctx, p.sessions, p.records)
	i.core.Hooks.Escrowed(ctx, len(p.records), time.Since(start), err)
	if err != nil {
		return nil, fault(err)
	}
	return connect.NewResponse(&vaultpb.EscrowResponse{Refused: p.refused}), nil
}

func (i *Issuer) countRefused(ctx context.Context, p parcel) {
	denied := 0
	for _, r := range p.refused {
		if r.Refusal == vaultpb.Refusal_REFUSAL_DENIED {
			denied++
		}
	}
	if denied > 0 {
		i.core.refuse(ctx, "escrow", "", whyGrant, denied)
	}
}

// parcel is one request, checked as far as it can be without opening a record.
type parcel struct {
	issuer *Issuer
	may    rights

	sessions []store.Session
	records  []store.Record
	refused  []*vaultpb.RefusedRecord
	first    error // of refused, for callers that take all or nothing
}

// opened is one session of the request, or why its records are refused.
type opened struct {
	session store.Session
	epoch   *keyring.Epoch
	refusal vaultpb.Refusal
	err     error
	used    bool
}

func (p *parcel) parse(r *vaultpb.EscrowRequest) error {
	sessions := make([]opened, len(r.Sessions))
	for n, s := range r.Sessions {
		sessions[n] = p.open(n, s)
	}
	p.records = make([]store.Record, 0, len(r.Records))
	size := 0
	for n, rec := range r.Records {
		size += len(rec.GetSealed())
		if int(rec.GetSession()) >= len(sessions) {
			p.refuse(n, vaultpb.Refusal_REFUSAL_INVALID, invalid("records[%d]: no such session in the request", n))
			continue
		}
		of := &sessions[rec.GetSession()]
		if of.err != nil {
			p.refuse(n, of.refusal, of.err)
			continue
		}
		record, refusal, err := p.record(n, rec, of)
		if err != nil {
			p.refuse(n, refusal, err)
			continue
		}
		p.records = append(p.records, record)
		if !of.used { // a session without records would be kept for nothing
			of.used = true
			p.sessions = append(p.sessions, of.session)
		}
	}
	// One value alone may be longer: it has to go somewhere.
	if size > maxEscrowBytes && len(r.Records) > 1 {
		return invalid("%d bytes sealed, at most %d", size, maxEscrowBytes)
	}
	return nil
}

func (p *parcel) refuse(n int, why vaultpb.Refusal, err error) {
	p.refused = append(p.refused, &vaultpb.RefusedRecord{Record: uint32(n), Refusal: why})
	if p.first == nil {
		p.first = err
	}
}

// open checks one session. Until it expires, an epoch takes what was minted in it: records may come late, from a spool,
// also when its grants were revoked meanwhile.
func (p *parcel) open(n int, s *vaultpb.EscrowSession) opened {
	if len(s.GetId()) != 16 || len(s.GetEnc()) == 0 || len(s.GetEnc()) > maxEnc {
		return opened{refusal: vaultpb.Refusal_REFUSAL_INVALID, err: invalid("sessions[%d]: malformed", n)}
	}
	if keyring.Suite(s.Suite) != keyring.XWing {
		return opened{refusal: vaultpb.Refusal_REFUSAL_INVALID, err: invalid("sessions[%d]: unknown suite %d", n, s.Suite)}
	}
	if s.Kid >= uint32(token.Kids) {
		return opened{refusal: vaultpb.Refusal_REFUSAL_INVALID, err: invalid("sessions[%d]: key id out of range", n)}
	}
	keys := p.issuer.core.Keys
	e, err := keys.Lookup(token.Kid(s.Kid))
	switch {
	case errors.Is(err, keyring.ErrExpired):
		return opened{refusal: vaultpb.Refusal_REFUSAL_EXPIRED, err: fault(fmt.Errorf("sessions[%d]: %w", n, err))}
	case err != nil:
		// A vault put back from a backup does not know its latest keys: better set aside than thrown away.
		return opened{refusal: vaultpb.Refusal_REFUSAL_DENIED, err: fault(fmt.Errorf("sessions[%d]: %w", n, err))}
	}
	if !p.may.caller.Local && keys.CheckGrantID(s.GrantId, p.may.name(), e.Scope, e.Kid) != nil {
		return opened{refusal: vaultpb.Refusal_REFUSAL_DENIED, err: denied(p.may.caller, "sessions[%d]: %s", n, whyGrant)}
	}
	session := store.Session{ID: [16]byte(s.Id), Kid: e.Kid, Suite: uint32(s.Suite), Enc: s.Enc, Expires: e.Expires}
	return opened{session: session, epoch: e}
}

func (p *parcel) record(n int, rec *vaultpb.EscrowRecord, of *opened) (store.Record, vaultpb.Refusal, error) {
	e := of.epoch
	t, err := token.Parse(rec.GetToken())
	if err != nil || t.Kid != e.Kid || !p.issuer.recognizer.Verify(t) {
		return store.Record{}, vaultpb.Refusal_REFUSAL_INVALID, invalid("records[%d]: not a token of its session's key id", n)
	}
	if rec.ExpiresUnix != e.Expires.Unix() {
		return store.Record{}, vaultpb.Refusal_REFUSAL_INVALID, invalid("records[%d]: its expiry is not its epoch's", n)
	}
	if err := escrow.Check(rec.Sealed); err != nil {
		return store.Record{}, vaultpb.Refusal_REFUSAL_INVALID, invalid("records[%d]: %w", n, err)
	}
	if _, allowed := p.may.allowing(e.Scope, t.Class); !allowed {
		return store.Record{}, vaultpb.Refusal_REFUSAL_DENIED, denied(p.may.caller, "records[%d]: %s", n, whyGrant)
	}
	return store.Record{
		Token: rec.Token, Scope: e.Scope, Kid: e.Kid, Session: of.session.ID, Expires: e.Expires, Sealed: rec.Sealed,
	}, 0, nil
}

// seen remembers what is on record already.
type seen[K comparable] struct {
	mu   sync.Mutex
	keys map[K]struct{}
}

// maxSeen things are remembered; then all are forgotten, and those that go on are recorded once more.
const maxSeen = 1 << 16

// first reports whether a key is new.
func (s *seen[K]) first(key K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.keys[key]; known {
		return false
	}
	if s.keys == nil || len(s.keys) >= maxSeen {
		s.keys = map[K]struct{}{}
	}
	s.keys[key] = struct{}{}
	return true
}

// has reports whether a key is known.
func (s *seen[K]) has(key K) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.keys[key]
	return known
}

// forget has the next first of a key be new.
func (s *seen[K]) forget(key K) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, key)
}

// recordSessions notes who began a session when the vault sees it first, so that a record that turns out to be forged
// leads to its writer. Telemetry does not wait for it when the log cannot be written; the next call tries again.
func (i *Issuer) recordSessions(ctx context.Context, sessions []store.Session) {
	if callerOf(ctx).Local {
		return // an embedded vault has one writer
	}
	var events []audit.Event
	for _, s := range sessions {
		if i.seen.first(s.ID) {
			events = append(events, by(ctx, audit.Event{
				Action: audit.ActionSession, Outcome: audit.OutcomeOK, Kid: s.Kid.String(), Session: hex.EncodeToString(s.ID[:]),
			}))
		}
	}
	if len(events) > 0 {
		events = events[:i.core.nameable(ctx, len(events))]
	}
	if len(events) == 0 {
		return
	}
	if _, err := i.core.Audit.AppendAll(ctx, events); err != nil {
		for _, s := range sessions {
			i.seen.forget(s.ID)
		}
	}
}
