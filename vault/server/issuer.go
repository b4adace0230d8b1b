package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/store"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

const (
	// grantLife is how long an agent may mint before it has to ask again.
	grantLife = time.Hour

	maxGrantClasses   = 1024
	maxEscrowSessions = 1024
	maxEscrowRecords  = 10_000
	maxEscrowBytes    = 8 << 20
	maxEnc            = 4 << 10
)

// Issuer grants the right to mint and takes sealed records.
type Issuer struct {
	core       *Core
	recognizer *token.Recognizer
	begun      sync.Map // token.Kid of epochs whose beginning is known to be recorded
}

var (
	_ vaultpbconnect.IssuerServiceHandler = (*Issuer)(nil)
)

// NewIssuer returns the issuer service over c.
func NewIssuer(c *Core) *Issuer {
	i := &Issuer{core: c.withDefaults(), recognizer: token.NewRecognizer(c.Keys.RecognitionKey())}
	for _, scope := range c.Keys.Scopes() {
		for _, e := range c.Keys.Live(scope) {
			i.begun.Store(e.Kid, true)
		}
	}
	return i
}

// Grant implements the service. It begins the scope's epoch when there is none.
func (i *Issuer) Grant(ctx context.Context, r *connect.Request[vaultpb.GrantRequest]) (*connect.Response[vaultpb.GrantResponse], error) {
	g, err := i.grant(ctx, r.Msg)
	i.core.Hooks.Granted(ctx, err)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(g), nil
}

func (i *Issuer) grant(ctx context.Context, r *vaultpb.GrantRequest) (*vaultpb.GrantResponse, error) {
	classes, err := mintClasses(r.Classes)
	if err != nil {
		return nil, err
	}
	if len(r.Suites) > 0 && !slices.Contains(r.Suites, vaultpb.Suite(keyring.XWing)) {
		return nil, invalid("this vault knows none of the suites offered; it knows %s", vaultpb.Suite(keyring.XWing))
	}
	e, err := i.core.Keys.Current(r.Scope)
	if err != nil {
		return nil, grantFault(err)
	}
	i.recordEpoch(ctx, e)
	public, err := e.EscrowPublic()
	if err != nil {
		return nil, fault(err)
	}
	id, recognition := keyring.RandomID(), i.core.Keys.RecognitionKey()
	g := &vaultpb.GrantResponse{
		GrantId: id[:], Scope: e.Scope, Kid: uint32(e.Kid),
		RecognitionKey: recognition[:], Suite: vaultpb.Suite(keyring.XWing), EscrowPublicKey: public,
		EpochStart: timestamppb.New(e.Start), EpochEnd: timestamppb.New(e.End), RecordsExpire: timestamppb.New(e.Expires),
		GrantExpires: timestamppb.New(i.core.Now().Add(grantLife)),
		Limits: &vaultpb.GrantLimits{
			EscrowRecords: maxEscrowRecords, EscrowBytes: maxEscrowBytes,
			SessionLifetime: durationpb.New(escrow.MaxLifetime), SessionRecords: escrow.MaxRecords,
		},
	}
	for n, c := range classes {
		key, err := e.MintKey(c.Name, c.Kind)
		if err != nil {
			return nil, fault(err)
		}
		g.MintKeys = append(g.MintKeys, &vaultpb.MintKey{Class: r.Classes[n], Key: key[:]})
	}
	return g, nil
}

// grantFault is fault for what keeps an epoch from beginning: but for a bad scope, the disk's fault, and temporary.
func grantFault(err error) error {
	if errors.Is(err, keyring.ErrScope) {
		return fault(err)
	}
	return connect.NewError(connect.CodeUnavailable, err)
}

func mintClasses(asked []*vaultpb.MintClass) ([]token.Class, error) {
	if len(asked) > maxGrantClasses {
		return nil, invalid("%d classes asked for, at most %d", len(asked), maxGrantClasses)
	}
	out := make([]token.Class, len(asked))
	for n, c := range asked {
		if !token.ValidClass(c.GetName()) {
			return nil, invalid("classes[%d]: want [a-z]{2,16}", n)
		}
		switch c.GetKind() {
		case vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC:
			out[n].Kind = token.Deterministic
		case vaultpb.TokenKind_TOKEN_KIND_RANDOM:
			out[n].Kind = token.Random
		case vaultpb.TokenKind_TOKEN_KIND_ONE_WAY:
			out[n].Kind = token.OneWay
		default:
			return nil, invalid("classes[%d]: unknown kind %d", n, c.GetKind())
		}
		out[n].Name = c.Name
	}
	return out, nil
}

// recordEpoch notes the beginning of an epoch in the audit log. Telemetry does not wait for it: what fails now is
// tried again with the next grant.
func (i *Issuer) recordEpoch(ctx context.Context, e *keyring.Epoch) {
	if _, known := i.begun.LoadOrStore(e.Kid, true); known {
		return
	}
	_, err := i.core.Audit.Append(ctx, audit.Event{
		Actor: "vault", Action: audit.ActionEpoch, Outcome: audit.OutcomeOK, Scope: e.Scope, Kid: e.Kid.String(),
	})
	if err != nil {
		i.begun.Delete(e.Kid)
	}
}

// Escrow implements the service. A request is stored as a whole or refused as a whole.
func (i *Issuer) Escrow(ctx context.Context, r *connect.Request[vaultpb.EscrowRequest]) (*connect.Response[vaultpb.EscrowResponse], error) {
	sessions, records, err := i.parse(r.Msg)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	err = i.core.Store.Put(ctx, sessions, records)
	i.core.Hooks.Escrowed(ctx, len(records), time.Since(start), err)
	if err != nil {
		return nil, fault(err)
	}
	return connect.NewResponse(&vaultpb.EscrowResponse{}), nil
}

// parse checks everything that can be checked without opening a record.
func (i *Issuer) parse(r *vaultpb.EscrowRequest) ([]store.Session, []store.Record, error) {
	if len(r.Sessions) > maxEscrowSessions || len(r.Records) > maxEscrowRecords {
		return nil, nil, invalid("%d sessions and %d records, at most %d and %d",
			len(r.Sessions), len(r.Records), maxEscrowSessions, maxEscrowRecords)
	}
	sessions := make([]store.Session, len(r.Sessions))
	epochs := make([]*keyring.Epoch, len(r.Sessions))
	for n, s := range r.Sessions {
		var err error
		if sessions[n], epochs[n], err = i.parseSession(n, s); err != nil {
			return nil, nil, err
		}
	}
	records := make([]store.Record, len(r.Records))
	size := 0
	for n, rec := range r.Records {
		if int(rec.GetSession()) >= len(sessions) {
			return nil, nil, invalid("records[%d]: no such session in the request", n)
		}
		var err error
		if records[n], err = i.parseRecord(n, rec, epochs[rec.GetSession()]); err != nil {
			return nil, nil, err
		}
		records[n].Session = sessions[rec.GetSession()].ID
		size += len(rec.Sealed)
	}
	// One value alone may be longer: it has to go somewhere.
	if size > maxEscrowBytes && len(records) > 1 {
		return nil, nil, invalid("%d bytes sealed, at most %d", size, maxEscrowBytes)
	}
	return sessions, records, nil
}

func (i *Issuer) parseSession(n int, s *vaultpb.EscrowSession) (store.Session, *keyring.Epoch, error) {
	if len(s.GetId()) != 16 || len(s.Enc) == 0 || len(s.Enc) > maxEnc {
		return store.Session{}, nil, invalid("sessions[%d]: malformed", n)
	}
	if keyring.Suite(s.Suite) != keyring.XWing {
		return store.Session{}, nil, invalid("sessions[%d]: unknown suite %d", n, s.Suite)
	}
	// Until it expires, an epoch takes what was minted in it: records may come late, from a spool.
	e, err := i.core.Keys.Lookup(token.Kid(s.Kid))
	if err != nil {
		return store.Session{}, nil, fault(fmt.Errorf("sessions[%d]: %w", n, err))
	}
	return store.Session{ID: [16]byte(s.Id), Kid: e.Kid, Suite: uint32(s.Suite), Enc: s.Enc, Expires: e.Expires}, e, nil
}

func (i *Issuer) parseRecord(n int, rec *vaultpb.EscrowRecord, e *keyring.Epoch) (store.Record, error) {
	t, err := token.Parse(rec.GetToken())
	if err != nil || t.Kid != e.Kid || !i.recognizer.Verify(t) {
		return store.Record{}, invalid("records[%d]: not a token of its session's key id", n)
	}
	if rec.ExpiresUnix != e.Expires.Unix() {
		return store.Record{}, invalid("records[%d]: its expiry is not its epoch's", n)
	}
	if err := escrow.Check(rec.Sealed); err != nil {
		return store.Record{}, invalid("records[%d]: %w", n, err)
	}
	return store.Record{Token: rec.Token, Scope: e.Scope, Kid: e.Kid, Expires: e.Expires, Sealed: rec.Sealed}, nil
}
