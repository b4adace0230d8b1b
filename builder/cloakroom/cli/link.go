package cli

import (
	"context"
	"fmt"
	"slices"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/builder/cloakroom/redeem"
	"github.com/cloakroom/cloakroom/vault/token"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// link is a connection to a vault: to the one that runs on a directory, or to one opened in this process.
type link struct {
	revealer vaultpbconnect.RevealServiceClient
	admin    vaultpbconnect.AdminServiceClient
	// local says that the vault was opened in this process.
	local bool
	close func() error
}

// maxQuestions is the protocol's limit of values in a question.
const maxQuestions = 1000

func (l *link) reveal(ctx context.Context, purpose string, tokens []string) ([]redeem.Answer, error) {
	res, err := l.revealer.Reveal(ctx, connect.NewRequest(&vaultpb.RevealRequest{Purpose: purpose, Tokens: tokens}))
	if err != nil {
		return nil, vaultFault("reveal", err)
	}
	answers := make([]redeem.Answer, 0, len(tokens))
	for _, r := range res.Msg.GetResults() {
		a := redeem.Answer{Class: r.GetTokenClass(), Scope: r.GetScope(), Sequence: r.GetAuditSequence()}
		if r.GetExpires() != nil {
			a.Expires = r.GetExpires().AsTime()
		}
		if r.GetOutcome() == vaultpb.Outcome_OUTCOME_REVEALED {
			a.Value = append([]byte{}, r.GetValue()...)
		} else {
			a.Reason = reason(r.GetOutcome())
		}
		answers = append(answers, a)
	}
	return answers, nil
}

// reason says in a word or two why a token has no value.
func reason(o vaultpb.Outcome) string {
	switch o {
	case vaultpb.Outcome_OUTCOME_NOT_A_TOKEN:
		return "unknown to this vault"
	case vaultpb.Outcome_OUTCOME_NOT_ESCROWED:
		return "not in escrow (one-way, or never delivered)"
	case vaultpb.Outcome_OUTCOME_EXPIRED:
		return "expired"
	case vaultpb.Outcome_OUTCOME_DENIED:
		return "denied"
	case vaultpb.Outcome_OUTCOME_MISMATCH:
		return "forged or damaged in escrow"
	case vaultpb.Outcome_OUTCOME_ERASED:
		return "erased"
	}
	return "refused"
}

func (l *link) lookup(ctx context.Context, purpose, scope, class string, values [][]byte) ([]lookedUp, error) {
	var out []lookedUp
	first := 0
	for part := range slices.Chunk(values, maxQuestions) {
		res, err := l.revealer.Lookup(ctx, connect.NewRequest(&vaultpb.LookupRequest{
			Purpose: purpose, Scope: scope, TokenClass: class, Values: part,
		}))
		if err != nil {
			return nil, vaultFault("look up", err)
		}
		for _, r := range res.Msg.GetResults() {
			out = append(out, lookedUp{
				Value: first + int(r.GetValue()), Token: r.GetToken(), Kind: kindName(r.GetKind()), Scope: r.GetScope(),
				EpochStart: r.GetEpochStart().AsTime(), EpochEnd: r.GetEpochEnd().AsTime(), Expires: r.GetExpires().AsTime(),
				Escrowed: r.GetEscrowed(),
			})
		}
		first += len(part)
	}
	return out, nil
}

func kindName(k vaultpb.TokenKind) string {
	switch k {
	case vaultpb.TokenKind_TOKEN_KIND_RANDOM:
		return token.Random.String()
	case vaultpb.TokenKind_TOKEN_KIND_ONE_WAY:
		return token.OneWay.String()
	}
	return token.Deterministic.String()
}

// vaultFault says what a failed call means to the caller.
func vaultFault(doing string, err error) error {
	switch connect.CodeOf(err) {
	case connect.CodePermissionDenied:
		return fmt.Errorf("%s: the vault denies it: %w (run as the user the vault runs as)", doing, err)
	case connect.CodeUnavailable:
		return fmt.Errorf("%s: the vault cannot answer now: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func (l *link) auditPath(ctx context.Context) (string, error) {
	res, err := l.admin.Status(ctx, connect.NewRequest(&vaultpb.StatusRequest{}))
	if err != nil {
		return "", vaultFault("ask where the audit log is", err)
	}
	return res.Msg.GetAudit().GetPath(), nil
}
