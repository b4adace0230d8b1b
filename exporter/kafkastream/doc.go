// Package kafkastream is the Collector exporter `kafka_stream`: it writes the records that the receiver of that name read to
// other topics, as they were but for what was replaced, and other telemetry as OTLP.
//
//	exporters:
//	  kafka_stream:
//	    brokers: [kafka.example.org:9093]
//	    tls: {}
//	    topic: "{topic}.clean"
//
// A batch is accepted once every record of it is acknowledged by all replicas in sync, or stands in the dead letter topic; until
// then whoever sent it waits, and so does the committing of offsets. That makes it at least once. Within a partition the order
// is kept whatever fails: see package produce. There is no sending queue, which would accept what is not written yet.
package kafkastream

//go:generate mdatagen metadata.yaml
