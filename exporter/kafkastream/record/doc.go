// Package record tells Kafka records as telemetry and puts them together again, byte for byte where nothing was replaced.
//
// [Mapping.ToLogs] makes one plog.ResourceLogs of the records of a topic partition (several where records of one batch are read in
// different ways, in the order of the records), and one log record of each Kafka record:
//
//	resource    kafka.topic           string
//	            kafka.partition       int
//	            kafka.format          string  how the values were read
//	            kafka.charset         string  absent for UTF-8
//	scope       kafka_stream
//	record      timestamp             absent without one, and where telemetry cannot tell it
//	            trace_id, span_id, flags      of the last traceparent header, which stays where it is
//	            body                  string, text; bytes, what is no text; absent, a tombstone; see below for frames
//	attributes  kafka.offset          int
//	            kafka.timestamp_type  string  create, append, none
//	            kafka.timestamp       int     milliseconds, where telemetry cannot tell them
//	            kafka.key.kept        string  or bytes; absent is null. The processor does not look at it
//	            kafka.key             instead of it where keys are tokenized, and
//	            kafka.key.hash        int     [Murmur2] of the original key
//	            kafka.headers         map     name to string, bytes or, for null, nothing; names that repeat or are not UTF-8 make
//	                                          it a list of maps with one entry each, and of [name, value]
//	            kafka.headers.kept    list    position, name, value, position, name, value, ...: the headers that carry a trace,
//	                                          the source's coordinates, and what the configuration keeps
//	            kafka.frame           list    of bytes: what is no text of a value framed by a schema registry
//
// A name is the key under which the processor sees the header's value. [FromLogs] is the way back; it needs neither the
// configuration nor a schema, so that it works in another process.
//
// Values that are OTLP become ordinary telemetry of their signal, and every resource of it has the attributes above (kafka.timestamp
// always), by which the resources of one record are put together again. Attributes of the producer with these names are set aside as
// kafka.original.*. A record that holds no telemetry is an empty resource with kafka.value: null, empty or nothing.
//
// A value framed by a schema registry is taken apart by its schema: the body holds its texts, kafka.frame the rest. Of Avro, texts are
// what the schema calls string, and the keys of maps; a record is a map, an array a list, a map a list of true and of maps with one
// entry. Joined again, blocks of arrays and maps that hold text are without their sizes in bytes, and lengths are written the short way.
//
// Where a topic's format is auto, a content-type header says more: a type of JSON must hold JSON; text has its charset; octets stay bytes; a
// type whose values hold the lengths of their texts (Protobuf, Avro, MessagePack, CBOR, Thrift) is undecodable, since replacing a text in
// it would break it, and so is what a content-encoding header calls compressed. A frame goes before the header. Where the rule names a
// signal, values are OTLP.
//
// What cannot be read is [Undecodable]: it is never guessed, and never partly read.
//
// Sources: the Kafka protocol guide; the Avro 1.12 specification, "Binary encoding"; Confluent's wire format; W3C Trace Context.
package record
