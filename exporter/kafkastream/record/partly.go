package record

import "errors"

// PartlyWritten is the error of an export that has written some of its records for good. Who reads them from Kafka may leave those
// out when it hands the rest on again. It tells what is written, not what is left, as the Collector's consumererror does: between
// the reader and the exporter others may have taken records out, or changed them, and must not do so twice.
type PartlyWritten struct {
	Err error
	// Written are the records that are acknowledged.
	Written map[Source]struct{}
}

func (e *PartlyWritten) Error() string { return e.Err.Error() }
func (e *PartlyWritten) Unwrap() error { return e.Err }

// WrittenIn returns the records that are written although err says that not all are. They are none where the error is one of
// several: another exporter may not have them.
func WrittenIn(err error) map[Source]struct{} {
	for ; err != nil; err = errors.Unwrap(err) {
		if p, is := err.(*PartlyWritten); is { //nolint:errorlint // errors.As goes into joined errors
			return p.Written
		}
	}
	return nil
}
