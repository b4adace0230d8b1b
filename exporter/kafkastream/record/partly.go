package record

import "errors"

// PartlyWritten is the error of an export that has written some of its records for good. Who reads them from Kafka may leave those
// out when it hands the rest on again: between the reader and the exporter others may have taken records out, or changed them, and
// must not do so twice.
type PartlyWritten struct {
	Err error
	// Written are the records that are acknowledged, in all their parts where others have made several of one.
	Written map[Source]struct{}
	// Unwritten are the places of all others. One at which no record stood that was handed on is of a part that has lost its
	// coordinates, which may be of any of them: then Written says nothing.
	Unwritten map[Source]struct{}
}

func (e *PartlyWritten) Error() string { return e.Err.Error() }
func (e *PartlyWritten) Unwrap() error { return e.Err }

// Partly returns what is written although err says that not all is. It is nil where nobody knows, as where the error is one of several:
// another exporter may not have it.
func Partly(err error) *PartlyWritten {
	for ; err != nil; err = errors.Unwrap(err) {
		if p, is := err.(*PartlyWritten); is { //nolint:errorlint // errors.As goes into joined errors
			return p
		}
	}
	return nil
}
