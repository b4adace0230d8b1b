// Package batch reads Kafka record batches as they come off the wire, and fetches them.
//
// Sources: the Kafka protocol guide, "Record Batch" and "Fetch API"; KIP-98 for transactions.
package batch

// Record is one Kafka record. Nil and empty are different for Key, Value and the value of each header: a nil Value is a tombstone.
// The byte slices alias the batch they were read from, which nobody writes again.
type Record struct {
	Offset int64
	// Timestamp is in milliseconds since the epoch; -1 says that there is none.
	Timestamp int64
	// Append says that Timestamp is the broker's time (LogAppendTime) and not the producer's (CreateTime).
	Append     bool
	Key, Value []byte
	// Headers keep their order and their duplicates.
	Headers []Header
}

// Header is one header of a record. Key is kept byte for byte and may be invalid UTF-8.
type Header struct {
	Key   string
	Value []byte
}
