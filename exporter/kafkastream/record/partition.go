package record

import "encoding/binary"

// Murmur2 hashes a key as the default partitioner of Kafka's Java client does.
//
// Source: org.apache.kafka.common.utils.Utils.murmur2, after Austin Appleby's MurmurHash2.
func Murmur2(key []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := seed ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		h = h*m ^ (k^k>>r)*m
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// PartitionOf returns the partition that Java's default partitioner gives a key of this [Murmur2] in a topic of so many
// partitions, which are at least one.
func PartitionOf(hash uint32, partitions int32) int32 {
	return int32(hash&0x7fffffff) % partitions
}
