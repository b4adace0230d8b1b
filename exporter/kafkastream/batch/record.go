// Package batch reads Kafka record batches as they come off the wire, writes them, and exchanges them with brokers.
//
// It is there because of what must not happen on the way from topic to topic: a null that becomes an empty value, a header
// out of order, an aborted record that is delivered, a batch that is cut short in silence, an allocation as large as a
// count on the wire says.
//
// [Fetch] and [Produce] exchange one record set with the leader of a partition over kafka-go's Transport, which keeps
// connections, metadata, TLS and SASL. [Decode] and [Encode] turn record sets into records and back. Everything here is
// safe for concurrent use as long as no two calls share a destination. No error holds bytes of a record.
//
// Sources: the Kafka protocol guide ("Record Batch", "Fetch API", "Produce API"), the message format 0 and 1 of Kafka's
// implementation guide, KIP-32 (timestamps), KIP-98 (transactions) and Kafka's DefaultRecordBatch.java, DefaultRecord.java,
// AbstractLegacyRecordBatch.java and CompletedFetch.java for what the guide leaves open.
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

// Aborted is a transaction that was rolled back: the records of the producer from FirstOffset to its abort marker.
type Aborted struct {
	ProducerID, FirstOffset int64
}
