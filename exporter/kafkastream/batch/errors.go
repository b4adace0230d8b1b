package batch

import "fmt"

// Reason says why a batch cannot be read. The list is closed: a reason may become the label of a metric.
type Reason string

const (
	ReasonFrame    Reason = "frame"    // the length or the offsets of the batch make no sense
	ReasonMagic    Reason = "magic"    // a format this package does not know
	ReasonChecksum Reason = "checksum" // the bytes are not those that were sent
	ReasonCodec    Reason = "codec"    // compressed by a codec this package does not know
	ReasonInflate  Reason = "inflate"  // the compressed bytes cannot be decompressed
	ReasonLimit    Reason = "limit"    // more than Limits allow
	ReasonRecord   Reason = "record"   // the records do not fit their batch
)

// CorruptError is a batch that cannot be read. Reading may go on at NextOffset, which is above the offset that was asked
// for; where the batch's own idea of its end cannot be trusted, NextOffset is low rather than high, and reading may meet the same batch again.
type CorruptError struct {
	BaseOffset, NextOffset int64
	Reason                 Reason
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("record batch at offset %d cannot be read: %s; the next is at %d", e.BaseOffset, e.Reason, e.NextOffset)
}

// TooLargeError is a batch, or a response, of which the first piece did not fit: Need bytes have to be asked for, or allowed, to get on.
// Next is the offset behind the batch, for who would rather pass it over; 0 where it is not known.
type TooLargeError struct {
	Need int
	Next int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the next record batch needs %d bytes, more than were fetched", e.Need)
}
