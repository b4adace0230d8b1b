package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"filippo.io/age"

	"github.com/cloakroom/cloakroom/exporter/kafkastream/batch"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/deadletter"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/produce"
	"github.com/cloakroom/cloakroom/exporter/kafkastream/record"
)

// Outcome is what became of a letter.
type Outcome string

// The first is good, the next five are skipped letters, the others failed.
const (
	Replayed Outcome = "replayed" // in a dry run: would be

	NoRecord   Outcome = "no_record"       // it holds none: read the source topic again, at the offset it names
	OtherReads Outcome = "other_recipient" // sealed to somebody else
	Denied     Outcome = "denied"          // the vault it is sealed to lets this caller not open it
	Expired    Outcome = "expired"         // the vault's retention of it is over
	Sealed     Outcome = "sealed"          // not opened, in a dry run without identities and without a vault

	Damaged    Outcome = "damaged"    // cut off, changed, or nothing that cloakroom sealed
	Unreadable Outcome = "unreadable" // a corrupt batch in the topic of the letters
	NoTopic    Outcome = "no_topic"   // the topic it names is not there, or it names none
	TooLarge   Outcome = "too_large"  // larger than the topic takes
	Refused    Outcome = "refused"    // the broker finds the record invalid: no key for a compacted topic, a timestamp out of range
)

func (o Outcome) skipped() bool {
	return o == NoRecord || o == OtherReads || o == Denied || o == Expired || o == Sealed
}

// Report is what is told of a letter: nothing of its record.
type Report struct {
	// Letter is where the letter stands.
	Letter record.Source
	// Source is where its record stood. The topic is empty where the letter does not say so in a way that can be believed.
	Source record.Source
	// Next is where a corrupt batch ends that stood at Source; 0 for a record.
	Next int64
	// Reason is one of deadletter.Reasons; empty for what is no letter.
	Reason  string
	Outcome Outcome
	// To and ToPartition are where the record goes, or would.
	To          string
	ToPartition int32
}

// reportOf reads the headers of a letter.
func reportOf(letter batch.Record) Report {
	rep := Report{Letter: record.Source{Offset: letter.Offset}, Reason: deadletter.ReasonOther}
	if s, ok := record.SourceOf(letter.Headers); ok && produce.TopicName(s.Topic) {
		rep.Source = s
	}
	for _, h := range letter.Headers {
		switch h.Key {
		case deadletter.HeaderReason:
			rep.Reason = deadletter.Label(string(h.Value))
		case deadletter.HeaderNextOffset:
			rep.Next, _ = strconv.ParseInt(string(h.Value), 10, 64)
		}
	}
	return rep
}

func (r *replay) wanted(reason string) bool {
	return len(r.Reasons) == 0 || slices.Contains(r.Reasons, reason)
}

// open gives the record of a letter, or says why there is none. An error is that of a vault which gave no answer: it says nothing
// about the letter.
func (r *replay) open(ctx context.Context, letter batch.Record, rep *Report) (batch.Record, Outcome, error) {
	identities := r.Identities
	var unanswered error
	if r.Vault != nil {
		ask := func(ctx context.Context, at record.Source, sealed []byte) ([]byte, error) {
			key, err := r.Vault(ctx, at, sealed)
			if err != nil && !answered(err) {
				unanswered = err
			}
			return key, err
		}
		identities = append(slices.Clone(identities), deadletter.FromVault(ctx, letter, ask))
	}
	if letter.Value != nil && len(identities) == 0 {
		return batch.Record{}, Sealed, nil
	}
	rec, source, err := deadletter.Open(ctx, letter, identities...)
	var other *age.NoIdentityMatchError
	switch {
	case err == nil:
		rep.Source = source
		return rec, "", nil
	case unanswered != nil:
		return batch.Record{}, "", unanswered
	case errors.Is(err, deadletter.ErrNotSealed):
		return batch.Record{}, NoRecord, nil
	case errors.As(err, &other):
		return batch.Record{}, OtherReads, nil
	case errors.Is(err, deadletter.ErrDenied):
		return batch.Record{}, Denied, nil
	case errors.Is(err, deadletter.ErrExpired):
		return batch.Record{}, Expired, nil
	}
	return batch.Record{}, Damaged, nil
}

// answered reports whether an error is a vault's answer about a letter.
func answered(err error) bool {
	for _, answer := range []error{deadletter.ErrForeign, deadletter.ErrDenied, deadletter.ErrExpired, deadletter.ErrKey} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
