package server

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

const (
	maxGrantClasses   = 1024
	maxEscrowSessions = 1024
	maxEscrowRecords  = 10_000
	maxEscrowBytes    = 8 << 20
	maxEnc            = 4 << 10
	maxIssueValues    = 1000
	maxIssueBytes     = 1 << 20
)

// Issuer grants the right to mint, takes sealed records, and mints what agents may not.
type Issuer struct {
	core       *Core
	recognizer *token.Recognizer
	begun      sync.Map       // token.Kid of epochs whose beginning is known to be recorded
	seen       seen[[16]byte] // escrow sessions
	granted    seen[string]   // caller, certificate and kid
	limits     limiters       // of values
	begins     limiters       // of scopes
	own        ownSessions
	sendWithin time.Duration
}

var _ vaultpbconnect.IssuerServiceHandler = (*Issuer)(nil)

// NewIssuer returns the issuer service over c.
func NewIssuer(c *Core) *Issuer {
	i := &Issuer{core: c.withDefaults(), recognizer: token.NewRecognizer(c.Keys.RecognitionKey()), sendWithin: sendWithin}
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
	if !keyring.ValidScope(r.Scope) {
		return nil, fault(keyring.ErrScope)
	}
	may, err := i.core.agent(ctx)
	if err == nil && !may.scope(r.Scope) {
		err = denied(may.caller, "%s: %q", whyScope, r.Scope)
	}
	if err != nil {
		i.core.refuse(ctx, "grant", r.Scope, refusedAs(err), 1)
		return nil, err
	}
	e, err := i.current(ctx, "grant", may, r.Scope)
	if err != nil {
		return nil, err
	}
	g, err := i.newGrant(may, e)
	if err != nil {
		return nil, err
	}
	for n, c := range classes {
		switch _, allowed := may.allowing(r.Scope, c.Name); {
		case !allowed:
		case may.issues(c.Name):
			// Who does not know Issue is given nothing: a key is what must not be given.
			if r.Issue {
				g.Issue = append(g.Issue, r.Classes[n])
			}
		default:
			key, err := e.MintKey(c.Name, c.Kind)
			if err != nil {
				return nil, fault(err)
			}
			g.MintKeys = append(g.MintKeys, &vaultpb.MintKey{Class: r.Classes[n], Key: key[:]})
		}
	}
	i.recordGrant(ctx, e)
	return g, nil
}

// recordGrant notes that an agent holds keys of an epoch when it gets the first ones with its certificate. As with
// epochs, telemetry does not wait for the log.
func (i *Issuer) recordGrant(ctx context.Context, e *keyring.Epoch) {
	caller := callerOf(ctx)
	if caller.Local {
		return
	}
	key := caller.ID + " " + caller.Fingerprint + " " + e.Kid.String()
	if !i.granted.first(key) {
		return
	}
	ev := by(ctx, audit.Event{Action: audit.ActionGrant, Outcome: audit.OutcomeOK, Scope: e.Scope, Kid: e.Kid.String()})
	if _, err := i.core.Audit.Append(ctx, ev); err != nil {
		i.granted.forget(key)
	}
}

// newGrant is a grant of an epoch, without keys yet.
func (i *Issuer) newGrant(may rights, e *keyring.Epoch) (*vaultpb.GrantResponse, error) {
	public, err := e.EscrowPublic()
	if err != nil {
		return nil, fault(err)
	}
	now, recognition := i.core.Now(), i.core.Keys.RecognitionKey()
	id := i.core.Keys.NewGrantID(may.name(), e.Scope, e.Kid)
	return &vaultpb.GrantResponse{
		GrantId: id[:], Scope: e.Scope, Kid: uint32(e.Kid),
		RecognitionKey: recognition[:], Suite: vaultpb.Suite(keyring.XWing), EscrowPublicKey: public,
		EpochStart: timestamppb.New(e.Start), EpochEnd: timestamppb.New(e.End), RecordsExpire: timestamppb.New(e.Expires),
		GrantedAt: timestamppb.New(now), GrantExpires: timestamppb.New(now.Add(i.core.lifeOfGrants())),
		Limits: &vaultpb.GrantLimits{
			EscrowRecords: maxEscrowRecords, EscrowBytes: maxEscrowBytes, IssueValues: uint32(may.issueValues()),
			SessionLifetime: durationpb.New(escrow.MaxLifetime), SessionRecords: escrow.MaxRecords,
		},
		Unlinked: may.classes(e.Scope),
	}, nil
}

// newScopes bounds the scopes that one identity may begin: each costs a key on disk and key ids for as long as records
// are kept, and a rule may allow any scope.
var newScopes = &AgentRule{Name: "new scopes", Issue: Rate{PerSecond: 1.0 / 60, Burst: 1000}}

// current is the scope's epoch. It begins one when there is none.
func (i *Issuer) current(ctx context.Context, service string, may rights, scope string) (*keyring.Epoch, error) {
	if !may.caller.Local && !i.core.Keys.Begun(scope) {
		if short, wait := i.begins.take(i.core.Now(), may.caller.ID, map[*AgentRule]int{newScopes: 1}); short != nil {
			i.core.refuse(ctx, service, scope, whyScopes, 1)
			return nil, exhausted(whyScopes, wait)
		}
	}
	e, err := i.core.Keys.Current(scope)
	if err != nil {
		return nil, grantFault(err)
	}
	i.recordEpoch(ctx, e)
	return e, nil
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
		var err error
		if out[n], err = mintClass(n, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mintClass is the n-th class of a call.
func mintClass(n int, c *vaultpb.MintClass) (token.Class, error) {
	out := token.Class{Name: c.GetName()}
	if !token.ValidClass(out.Name) {
		return token.Class{}, invalid("classes[%d]: want [a-z]{2,16}", n)
	}
	switch c.GetKind() {
	case vaultpb.TokenKind_TOKEN_KIND_DETERMINISTIC:
		out.Kind = token.Deterministic
	case vaultpb.TokenKind_TOKEN_KIND_RANDOM:
		out.Kind = token.Random
	case vaultpb.TokenKind_TOKEN_KIND_ONE_WAY:
		out.Kind = token.OneWay
	default:
		return token.Class{}, invalid("classes[%d]: unknown kind %d", n, c.GetKind())
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
