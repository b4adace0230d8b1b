package produce

import (
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// fault tells whether a broker finds fault with the records themselves, so that trying again does not help.
func fault(err error) (tooLarge, is bool) {
	var code kafka.Error
	if !errors.As(err, &code) {
		return false, false
	}
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidMessageSize:
		return true, true
	case kafka.InvalidRecord, kafka.InvalidTimestamp:
		return false, true
	}
	return false, false
}

// moved tells whether an error may be over once the leaders are known again: everything that was not said by the leader, and
// some of what it says.
func moved(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return true
	}
	switch code {
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.BrokerNotAvailable,
		kafka.ReplicaNotAvailable, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.KafkaStorageError, kafka.NetworkException,
		kafka.SASLAuthenticationFailed:
		return true
	}
	return false
}

// explain says what to do about an error, where there is something.
func (p *Producer) explain(topic string, partition int32, err error) error {
	err = p.conn.Explain(err)
	where := "topic " + topic
	if partition >= 0 {
		where = fmt.Sprintf("%s, partition %d", where, partition)
	}
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.UnknownTopicOrPartition:
			return fmt.Errorf("%s: not there, or this client may not see it: create it (for clean topics, with as many partitions as the source): %w", where, err)
		case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed:
			return fmt.Errorf("%s: this client may not write to it: allow it WRITE and DESCRIBE: %w", where, err)
		case kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend:
			return fmt.Errorf("%s: fewer replicas in sync than min.insync.replicas: %w", where, err)
		case kafka.UnsupportedCompressionType:
			return fmt.Errorf("%s: the brokers do not know this compression: %w", where, err)
		}
	}
	return fmt.Errorf("%s: %w", where, err)
}
