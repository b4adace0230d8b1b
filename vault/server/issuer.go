package server

import (
	"context"
	"errors"
	"slices"
	"sync"

	"connectrpc.com/connect"
	"golang.org/x/time/rate"
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

	// maxSessions is how many escrow sessions are remembered for sure, so that the audit log names who began one once.
	maxSessions = 1 << 16
)

// Issuer grants the right to mint and takes sealed records.
type Issuer struct {
	core       *Core
	recognizer *token.Recognizer
	begun      sync.Map // token.Kid of epochs whose beginning is known to be recorded
	tally      *tally
	buckets    buckets

	mu   sync.Mutex
	own  map[token.Kid]*escrow.Session
	seen *recent[[16]byte, struct{}] // sessions that the audit log knows
}

var (
	_ vaultpbconnect.IssuerServiceHandler = (*Issuer)(nil)
)

// NewIssuer returns the issuer service over c.
func NewIssuer(c *Core) *Issuer {
	c.withDefaults()
	i := &Issuer{
		core: c, recognizer: token.NewRecognizer(c.Keys.RecognitionKey()), tally: newTally(c.Audit, c.Now),
		buckets: buckets{of: newRecent[bucketKey, *rate.Limiter](maxBuckets)},
		own:     map[token.Kid]*escrow.Session{}, seen: newRecent[[16]byte, struct{}](maxSessions),
	}
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
	may, err := i.mayMint(ctx, "grant", r.Scope)
	if err != nil {
		return nil, err
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
	id, recognition := i.core.Keys.NewGrantID(grantee(may.caller), e.Scope, e.Kid), i.core.Keys.RecognitionKey()
	now := i.core.Now()
	g := &vaultpb.GrantResponse{
		GrantId: id[:], Scope: e.Scope, Kid: uint32(e.Kid),
		RecognitionKey: recognition[:], Suite: vaultpb.Suite(keyring.XWing), EscrowPublicKey: public,
		EpochStart: timestamppb.New(e.Start), EpochEnd: timestamppb.New(e.End), RecordsExpire: timestamppb.New(e.Expires),
		GrantExpires: timestamppb.New(now.Add(i.core.GrantLife)), GrantedAt: timestamppb.New(now),
		Limits: &vaultpb.GrantLimits{
			EscrowRecords: maxEscrowRecords, EscrowBytes: maxEscrowBytes,
			SessionLifetime: durationpb.New(escrow.MaxLifetime), SessionRecords: escrow.MaxRecords,
			IssueValues: maxIssueValues,
		},
	}
	for n, c := range classes {
		rule, allowed := may.allowing(e.Scope, c.Name)
		if !allowed || may.issues(c.Name) && !r.Issue {
			continue
		}
		if may.issues(c.Name) {
			g.Issue = append(g.Issue, r.Classes[n])
			g.Limits.IssueValues = min(g.Limits.IssueValues, uint32(rule.rate().Burst))
			continue
		}
		key, err := e.MintKey(c.Name, c.Kind)
		if err != nil {
			return nil, fault(err)
		}
		g.MintKeys = append(g.MintKeys, &vaultpb.MintKey{Class: r.Classes[n], Key: key[:]})
	}
	return g, nil
}

// grantee is whom a grant is given to. This process is always the same, whoever it runs as.
func grantee(c Caller) string {
	if c.Local {
		return ""
	}
	return c.ID
}

// Tend writes what is due in the audit log. To be called about once a minute.
func (i *Issuer) Tend(ctx context.Context) { i.tally.flush(ctx, false) }

// Close ends the streams of revocations and writes what the audit log is due. Calls may go on.
func (i *Issuer) Close(ctx context.Context) {
	i.core.hub.close()
	i.tally.flush(ctx, true)
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
