package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/audit"
	"github.com/cloakroom/cloakroom/vault/escrow"
	"github.com/cloakroom/cloakroom/vault/keyring"
	"github.com/cloakroom/cloakroom/vault/vaultpb"
	"github.com/cloakroom/cloakroom/vault/vaultpb/vaultpbconnect"
)

// Letter opens dead letters of the Kafka mode: the keys of whole records, which it never sees.
type Letter struct {
	core *Core
}

var (
	_ vaultpbconnect.LetterServiceHandler = (*Letter)(nil)
	_ vaultpbconnect.LetterServiceClient  = (*Letter)(nil)
)

// NewLetter returns the letter service over c.
func NewLetter(c *Core) *Letter { return &Letter{c.withDefaults()} }

// maxLetters is what one call may carry: each costs a decapsulation, and no more may be asked of the vault at once.
const maxLetters = 100

// OpenLetters implements the service. When the audit log cannot be written nothing is opened.
func (s *Letter) OpenLetters(ctx context.Context, r *connect.Request[vaultpb.OpenLettersRequest]) (*connect.Response[vaultpb.OpenLettersResponse], error) {
	ev := audit.Event{Action: audit.ActionLetter, Count: len(r.Msg.Letters)}
	may, err := s.core.replayer(ctx)
	if err != nil {
		s.core.refuse(ctx, "letter", "", refusedAs(err), len(r.Msg.Letters))
		return nil, err
	}
	if err := checkPurpose(r.Msg.Purpose); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Purpose = r.Msg.Purpose
	if err := checkLetters(r.Msg.Letters); err != nil {
		return nil, s.core.deny(ctx, ev, err)
	}
	ev.Count, ev.Request = 0, requestID()
	results := make([]*vaultpb.OpenedLetter, len(r.Msg.Letters))
	events := make([]audit.Event, len(r.Msg.Letters))
	for n, l := range r.Msg.Letters {
		events[n] = by(ctx, ev)
		if results[n], err = s.open(may, l, &events[n]); err != nil {
			return nil, s.core.fail(ctx, ev, err)
		}
	}
	entries, err := s.core.Audit.AppendAll(ctx, events)
	if err != nil {
		for _, res := range results {
			clear(res.Key)
		}
		return nil, fault(fmt.Errorf("nothing is opened: %w", err))
	}
	for n, e := range entries {
		results[n].AuditSequence = e.Sequence
	}
	return connect.NewResponse(&vaultpb.OpenLettersResponse{Letters: results}), nil
}

func checkLetters(letters []*vaultpb.SealedLetter) error {
	if n := len(letters); n > maxLetters {
		return fmt.Errorf("%d letters at once, at most %d", n, maxLetters)
	}
	for n, l := range letters {
		if size := len(l.GetSealed()); size > escrow.MaxLetterKey {
			return fmt.Errorf("letters[%d].sealed: %d bytes, at most %d: only the key of a letter is asked for", n, size, escrow.MaxLetterKey)
		}
	}
	return nil
}

// open answers for one letter and completes its event. The seal is opened before the caller's rules are asked: the place in the
// event is then the sealer's word, and not just any text of the caller's. An error is the vault's own.
func (s *Letter) open(may []ReplayerRule, l *vaultpb.SealedLetter, ev *audit.Event) (*vaultpb.OpenedLetter, error) {
	refused := func(o vaultpb.LetterOutcome, why string) (*vaultpb.OpenedLetter, error) {
		ev.Outcome, ev.Reason = audit.OutcomeDenied, why
		return &vaultpb.OpenedLetter{Outcome: o}, nil
	}
	kid, err := escrow.LetterKid(l.GetSealed())
	if err != nil || !ofTopic(l.GetTopic()) {
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "not of a letter's form")
	}
	e, err := s.core.Keys.Lookup(kid)
	switch {
	case errors.Is(err, keyring.ErrUnknownKid):
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_FOREIGN, "unknown key id")
	case errors.Is(err, keyring.ErrExpired):
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_EXPIRED, "expired")
	case err != nil:
		return nil, err
	}
	ev.Kid, ev.Scope = e.Kid.String(), e.Scope
	at := escrow.Place{Topic: l.GetTopic(), Partition: l.GetPartition(), Offset: l.GetOffset()}
	key, err := escrow.OpenLetter(e, at, l.GetSealed())
	switch {
	case errors.Is(err, keyring.ErrExpired):
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_EXPIRED, "expired")
	case err != nil:
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_DAMAGED, "it does not open: changed, or of another place")
	}
	ev.Letter = fmt.Sprintf("%s/%d/%d", at.Topic, at.Partition, at.Offset)
	if !letterAllowed(may, e.Scope, at.Topic) {
		clear(key)
		return refused(vaultpb.LetterOutcome_LETTER_OUTCOME_DENIED, "no rule lets it open letters of this topic in this scope")
	}
	ev.Outcome = audit.OutcomeOK
	return &vaultpb.OpenedLetter{Outcome: vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED, Key: key}, nil
}

func letterAllowed(rules []ReplayerRule, scope, topic string) bool {
	for _, r := range rules {
		if matchAny(r.Scopes, scope) && matchAny(r.Topics, topic) {
			return true
		}
	}
	return false
}

// maxTopic is Kafka's.
const maxTopic = 249

// ofTopic reports whether s can be a topic, or is empty: of a record that came from none.
func ofTopic(s string) bool {
	return len(s) <= maxTopic && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
}
