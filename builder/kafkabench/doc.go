// Package kafkabench measures the Kafka mode: from a topic of a broker in another process through receiver, processor and
// exporter into another topic, beside the same without the processor and beside a plain copy loop of kafka-go. It also takes
// records through the mapping, the real processor and vault, and back.
package kafkabench
