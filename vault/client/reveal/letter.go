package reveal

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect"

	"github.com/cloakroom/cloakroom/vault/vaultpb"
)

// Letter is the sealed key of a dead letter of the Kafka mode, and where its record stood.
type Letter struct {
	Sealed []byte
	// Topic is empty for a record that did not come from Kafka.
	Topic     string
	Partition int32
	Offset    int64
}

// OpenLetter asks for the key of a letter. It is nil unless the outcome is opened; an error means that the vault gave no answer.
// The purpose is mandatory and is recorded.
func (c *Client) OpenLetter(ctx context.Context, purpose string, l Letter) ([]byte, vaultpb.LetterOutcome, error) {
	res, err := c.letter.OpenLetters(ctx, connect.NewRequest(&vaultpb.OpenLettersRequest{
		Purpose: purpose, Letters: []*vaultpb.SealedLetter{{Sealed: l.Sealed, Topic: l.Topic, Partition: l.Partition, Offset: l.Offset}},
	}))
	if err != nil {
		return nil, 0, fmt.Errorf("open a dead letter: %w", err)
	}
	answer := res.Msg.Letters
	if len(answer) != 1 || answer[0].Outcome == vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED && len(answer[0].Key) == 0 {
		return nil, 0, errors.New("open a dead letter: the vault did not answer for it")
	}
	got := answer[0]
	if got.Outcome != vaultpb.LetterOutcome_LETTER_OUTCOME_OPENED {
		return nil, got.Outcome, nil
	}
	return got.Key, got.Outcome, nil
}
