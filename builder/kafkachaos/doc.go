// Package kafkachaos tests the promise of the Kafka mode: no record is lost, none is passed over, none is plain.
//
// A driver produces records of its own making into a real Apache Kafka. Several collectors of one consumer group republish
// them while collectors are killed, frozen past their session, added and taken away, the broker is restarted and the vault
// goes away, at random, from a seed that it prints. A watcher looks at the group's committed offsets all the while. Then
// everything is healed, and every topic is read and held against what was produced. `make kafka-chaos` runs it with a
// million records; CI with fewer, within three minutes.
package kafkachaos
