// Package kafkastream is the receiver `kafka_stream`: it consumes Kafka topics as a member of a consumer group and hands
// their records to the pipeline, each partition in order and at least once.
//
//	receivers:
//	  kafka_stream:
//	    brokers: [kafka:9092]
//	    topics: [orders]
//	    group: cloakroom
//
// One component is one member of the group, in however many pipelines it stands. For each partition that the group assigns to
// it, one batch is with the pipeline and one fetched ahead. An offset is committed after the pipeline has taken everything before
// it, through the generation it was fetched in, so that a member that lost its partitions cannot commit.
//
// A pipeline that fails makes the partition wait and try again, while heartbeats go on; what the exporter kafka_stream says it has
// written all the same is not handed on again. What the pipeline refuses for good is narrowed down to single records, which become
// dead letters, as do records that cannot be decoded and batches that cannot be read. While dead letters cannot be written, the
// partition waits as well.
//
// Records of transactions that were rolled back are not delivered, and those of open ones not before they end.
package kafkastream

//go:generate mdatagen metadata.yaml
